//! A file system in memory that can only be read: a home whose files are given as bytes is opened thousands of times a second.
//! What would change it fails, so that whatever is done over it changed nothing.

use std::any::Any;
use std::collections::BTreeMap;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::sync::{Arc, RwLock};
use store::disk::{Dir, Disk, Entry, File, Hold, Kind, Lock, Met, Rename, Space, Stat};

/// Files by path, `/`-joined, from the root.
#[derive(Default)]
pub struct Memory(RwLock<BTreeMap<Vec<u8>, Arc<Vec<u8>>>>);

struct Opened(Arc<Vec<u8>>);

fn stat_of(kind: Kind, size: u64) -> Stat {
    Stat { kind, size, modified: 0, changed: 0, inode: 1, device: 1, mode: 0o600 }
}

fn refused<T>() -> io::Result<T> {
    Err(ErrorKind::ReadOnlyFilesystem.into())
}

impl Memory {
    /// Every file below a folder of the real file system.
    #[allow(dead_code, reason = "each test that stands on it uses its own part")]
    pub fn of(root: &Path) -> Self {
        use std::os::unix::ffi::OsStrExt;
        let memory = Self::default();
        let mut todo = vec![root.to_path_buf()];
        while let Some(folder) = todo.pop() {
            for entry in std::fs::read_dir(folder).expect("the folder can be listed") {
                let path = entry.expect("the folder can be listed").path();
                if path.is_dir() {
                    todo.push(path);
                } else {
                    memory.put(path.as_os_str().as_bytes(), std::fs::read(&path).expect("the file can be read"));
                }
            }
        }
        memory
    }

    /// Puts a file there, in the place of what had its path.
    pub fn put(&self, path: &[u8], bytes: Vec<u8>) {
        self.0.write().expect("no thread panics here").insert(path.to_vec(), Arc::new(bytes));
    }

    /// The bytes of a file.
    #[allow(dead_code, reason = "each test that stands on it uses its own part")]
    pub fn get(&self, path: &[u8]) -> Option<Vec<u8>> {
        self.0.read().expect("no thread panics here").get(path).map(|bytes| bytes.to_vec())
    }

    fn path(dir: &Dir) -> &[u8] {
        dir.0.downcast_ref::<Vec<u8>>().expect("a handle of this disk")
    }

    fn find(&self, path: &[u8]) -> io::Result<Option<Arc<Vec<u8>>>> {
        let files = self.0.read().expect("no thread panics here");
        if let Some(bytes) = files.get(path) {
            return Ok(Some(bytes.clone()));
        }
        let below = [path, b"/"].concat();
        let is_dir = files.range(below.clone()..).next().is_some_and(|(found, _)| found.starts_with(&below));
        if is_dir { Ok(None) } else { Err(ErrorKind::NotFound.into()) }
    }

    fn dir_at(&self, path: Vec<u8>) -> io::Result<Dir> {
        match self.find(&path)? {
            None => Ok(Dir(Arc::new(path) as Arc<dyn Any + Send + Sync>)),
            Some(_) => Err(ErrorKind::NotADirectory.into()),
        }
    }
}

impl File for Opened {
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let from = usize::try_from(offset).unwrap_or(usize::MAX).min(self.0.len());
        let read = buffer.len().min(self.0.len() - from);
        buffer[..read].copy_from_slice(&self.0[from..from + read]);
        Ok(read)
    }
    fn write_all_at(&mut self, _: &[u8], _: u64) -> io::Result<()> {
        refused()
    }
    fn stat(&self) -> io::Result<Stat> {
        Ok(stat_of(Kind::File, self.0.len() as u64))
    }
    fn set_size(&mut self, _: u64) -> io::Result<()> {
        refused()
    }
    fn set_modified(&mut self, _: i64) -> io::Result<()> {
        refused()
    }
    fn set_mode(&mut self, _: u32) -> io::Result<()> {
        refused()
    }
    fn sync(&mut self) -> io::Result<()> {
        Ok(())
    }
    fn drop_cache(&mut self) -> io::Result<bool> {
        Ok(false)
    }
    fn past_memory(&mut self) -> io::Result<bool> {
        Ok(false)
    }
    fn start_writeback(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Disk for Memory {
    fn root(&self, path: &Path) -> io::Result<Dir> {
        use std::os::unix::ffi::OsStrExt;
        self.dir_at(path.as_os_str().as_bytes().to_vec())
    }
    fn make_root(&self, path: &Path) -> io::Result<Dir> {
        self.root(path)
    }
    fn dir(&self, base: &Dir, path: &[u8], _: bool) -> io::Result<Dir> {
        if path.is_empty() { Ok(base.clone()) } else { self.dir_at([Self::path(base), b"/", path].concat()) }
    }
    fn list(&self, dir: &Dir) -> io::Result<Vec<Entry>> {
        let below = [Self::path(dir), b"/"].concat();
        let files = self.0.read().expect("no thread panics here");
        let mut entries: Vec<Entry> = Vec::new();
        for (path, _) in files.range(below.clone()..).take_while(|(path, _)| path.starts_with(&below)) {
            let rest = &path[below.len()..];
            let name = rest.split(|byte| *byte == b'/').next().unwrap_or_default();
            let kind = if name.len() == rest.len() { Kind::File } else { Kind::Dir };
            if entries.last().is_none_or(|last| last.name != name) {
                entries.push(Entry { name: name.to_vec(), kind });
            }
        }
        Ok(entries)
    }
    fn stat(&self, dir: &Dir, name: &[u8]) -> io::Result<Stat> {
        let found = self.find(&[Self::path(dir), b"/", name].concat())?;
        Ok(found.map_or(stat_of(Kind::Dir, 0), |bytes| stat_of(Kind::File, bytes.len() as u64)))
    }
    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        let bytes = self.find(&[Self::path(dir), b"/", name].concat())?.ok_or(ErrorKind::InvalidInput)?;
        Ok(Box::new(Opened(bytes)))
    }
    fn open_write(&self, _: &Dir, _: &[u8]) -> io::Result<Box<dyn File>> {
        refused()
    }
    fn create(&self, _: &Dir, _: &[u8], _: u32) -> io::Result<Box<dyn File>> {
        refused()
    }
    fn rename(&self, _: (&Dir, &[u8]), _: (&Dir, &[u8]), _: Rename) -> io::Result<()> {
        refused()
    }
    fn remove(&self, _: &Dir, _: &[u8]) -> io::Result<()> {
        refused()
    }
    fn remove_dir(&self, _: &Dir, _: &[u8]) -> io::Result<()> {
        refused()
    }
    fn sync_dir(&self, _: &Dir) -> io::Result<()> {
        refused()
    }
    fn sync_all(&self, _: &Dir) -> io::Result<()> {
        refused()
    }
    fn space(&self, _: &Dir) -> io::Result<Space> {
        Ok(Space { free: 1 << 40, total: 1 << 40, file_bytes_max: None })
    }
    fn walk(&self, _: &Path, _: &mut dyn FnMut(Met)) -> io::Result<()> {
        refused()
    }
    fn lock(&self, _: &Dir, _: &[u8], _: Hold) -> io::Result<Option<Lock>> {
        refused()
    }
}
