//! The real disk, but one file of it reads as if it had been edited.

use std::fs;
use std::io;
use std::os::unix::fs::FileExt;
use std::path::Path;
use store::disk::{Dir, Disk, File, Hold, Lock, Rename, Stat};
use store::real::RealDisk;

/// What is done to a segment: so many bytes removed at a place, others inserted.
pub struct Edit {
    /// Name of its file.
    pub segment: Vec<u8>,
    /// The place.
    pub at: u64,
    /// Bytes removed there; more than there are: all to the end.
    pub removed: u64,
    /// Bytes in their place.
    pub inserted: Vec<u8>,
}

/// Bytes of a file.
pub fn bytes(file: &Path, from: u64, to: u64) -> Vec<u8> {
    let mut bytes = vec![0; usize::try_from(to - from).unwrap()];
    fs::File::open(file).unwrap().read_exact_at(&mut bytes, from).unwrap();
    bytes
}

/// The name of a file as a path takes it.
pub fn file_name(name: &[u8]) -> &str {
    std::str::from_utf8(name).unwrap()
}

impl Edit {
    /// Whether the file reads as before, as when a byte is inserted beside an equal one at the very end.
    pub fn changes_nothing(&self, folder: &Path) -> bool {
        let file = folder.join(file_name(&self.segment));
        let size = fs::metadata(&file).unwrap().len();
        let removed = self.removed.min(size - self.at);
        removed == self.inserted.len() as u64 && bytes(&file, self.at, self.at + removed) == self.inserted
    }
}

/// The disk.
pub struct EditedDisk {
    real: RealDisk,
    edit: std::sync::Arc<Edit>,
}

impl EditedDisk {
    pub fn new(edit: Edit) -> Self {
        Self { real: RealDisk::new(), edit: std::sync::Arc::new(edit) }
    }
}

/// The file.
struct Edited {
    real: Box<dyn File>,
    edit: std::sync::Arc<Edit>,
}

impl Edited {
    /// Size of the file as it is, and the bytes that go.
    fn sizes(&self) -> io::Result<(u64, u64)> {
        let size = self.real.stat()?.size;
        Ok((size, self.edit.removed.min(size - self.edit.at)))
    }
}

impl File for Edited {
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let (_, removed) = self.sizes()?;
        let (at, inserted) = (self.edit.at, self.edit.inserted.clone());
        let behind = at + inserted.len() as u64;
        let mut done = 0;
        while done < buffer.len() {
            let place = offset + done as u64;
            let rest = &mut buffer[done..];
            let read = if place < at {
                let many = rest.len().min((at - place) as usize);
                self.real.read_at(&mut rest[..many], place)?
            } else if place < behind {
                let from = &inserted[(place - at) as usize..];
                let many = rest.len().min(from.len());
                rest[..many].copy_from_slice(&from[..many]);
                many
            } else {
                self.real.read_at(rest, place - behind + at + removed)?
            };
            if read == 0 {
                break;
            }
            done += read;
        }
        Ok(done)
    }
    fn stat(&self) -> io::Result<Stat> {
        let (size, removed) = self.sizes()?;
        Ok(Stat { size: size - removed + self.edit.inserted.len() as u64, ..self.real.stat()? })
    }
    fn write_all_at(&mut self, _: &[u8], _: u64) -> io::Result<()> {
        unreachable!("reading only")
    }
    fn set_size(&mut self, _: u64) -> io::Result<()> {
        unreachable!("reading only")
    }
    fn set_modified(&mut self, _: i64) -> io::Result<()> {
        unreachable!("reading only")
    }
    fn set_mode(&mut self, _: u32) -> io::Result<()> {
        unreachable!("reading only")
    }
    fn sync(&mut self) -> io::Result<()> {
        unreachable!("reading only")
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

impl Disk for EditedDisk {
    store::hand_on!(Disk to real: root make_root dir list stat space walk);

    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        let real = self.real.open(dir, name)?;
        Ok(if name == self.edit.segment { Box::new(Edited { real, edit: self.edit.clone() }) } else { real })
    }
    fn open_write(&self, _: &Dir, _: &[u8]) -> io::Result<Box<dyn File>> {
        unreachable!("reading only")
    }
    fn create(&self, _: &Dir, _: &[u8], _: u32) -> io::Result<Box<dyn File>> {
        unreachable!("reading only")
    }
    fn rename(&self, _: (&Dir, &[u8]), _: (&Dir, &[u8]), _: Rename) -> io::Result<()> {
        unreachable!("reading only")
    }
    fn remove(&self, _: &Dir, _: &[u8]) -> io::Result<()> {
        unreachable!("reading only")
    }
    fn remove_dir(&self, _: &Dir, _: &[u8]) -> io::Result<()> {
        unreachable!("reading only")
    }
    fn sync_dir(&self, _: &Dir) -> io::Result<()> {
        unreachable!("reading only")
    }
    fn sync_all(&self, _: &Dir) -> io::Result<()> {
        unreachable!("reading only")
    }
    fn lock(&self, _: &Dir, _: &[u8], _: Hold) -> io::Result<Option<Lock>> {
        unreachable!("reading only")
    }
}
