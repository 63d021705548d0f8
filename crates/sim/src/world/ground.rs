//! Files as people, couriers and the weather touch them: through the same door as the program, when nothing is armed.

use crate::model::archive::Leaf;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use store::disk::{Dir, Disk, Kind, Rename};

/// The folder of a replica tree that is the program's own.
pub const DOT: &[u8] = b".gapferry";

fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// A directory tree that a person named.
pub struct Ground<'d> {
    disk: &'d dyn Disk,
    root: PathBuf,
}

impl<'d> Ground<'d> {
    /// Below this root.
    pub fn at(disk: &'d dyn Disk, root: &Path) -> Self {
        Self { disk, root: root.into() }
    }

    fn dir(&self, path: &str, make: bool) -> io::Result<Dir> {
        let root = if make { self.disk.make_root(&self.root)? } else { self.disk.root(&self.root)? };
        self.disk.dir(&root, path.as_bytes(), make)
    }

    /// Names in a folder, sorted; none where there is no folder.
    pub fn names(&self, path: &str) -> Vec<(String, Kind)> {
        let listed = self.dir(path, false).and_then(|dir| self.disk.list(&dir)).unwrap_or_default();
        let mut names: Vec<_> = listed.into_iter().map(|entry| (String::from_utf8_lossy(&entry.name).into_owned(), entry.kind)).collect();
        names.sort_by(|one, two| one.0.cmp(&two.0));
        names
    }

    /// A whole file.
    pub fn read(&self, path: &str) -> io::Result<Vec<u8>> {
        let (parent, name) = split(path);
        read_in(self.disk, &self.dir(parent, false)?, name.as_bytes()).map(|(content, ..)| content)
    }

    /// The last so many bytes of a file.
    pub fn read_end(&self, path: &str, bytes: u64) -> io::Result<Vec<u8>> {
        let (parent, name) = split(path);
        let mut file = self.disk.open(&self.dir(parent, false)?, name.as_bytes())?;
        let size = file.stat()?.size;
        let mut content = vec![0; usize::try_from(size.min(bytes)).map_err(io::Error::other)?];
        let at = size - content.len() as u64;
        let read = file.read_at(&mut content, at)?;
        content.truncate(read);
        Ok(content)
    }

    /// What a file is.
    pub fn leaf(&self, path: &str) -> io::Result<Leaf> {
        let (parent, name) = split(path);
        let (content, modified, executable) = read_in(self.disk, &self.dir(parent, false)?, name.as_bytes())?;
        Ok(Leaf::of(&content, modified, executable))
    }

    /// Writes a file, in place or as a new one under the old name.
    pub fn write(&self, path: &str, content: &[u8], in_place: bool) -> io::Result<Leaf> {
        let (parent, name) = split(path);
        let dir = self.dir(parent, true)?;
        let existing = self.disk.open_write(&dir, name.as_bytes()).ok();
        match existing {
            Some(mut file) if in_place => {
                file.write_all_at(content, 0)?;
                file.set_size(content.len() as u64)?;
            }
            existing => {
                let mode = existing.map_or(0o644, |file| file.stat().map_or(0o644, |stat| stat.mode));
                let fresh = format!("{name}.new");
                let mut file = self.disk.create(&dir, fresh.as_bytes(), mode)?;
                file.write_all_at(content, 0)?;
                drop(file);
                self.disk.rename((&dir, fresh.as_bytes()), (&dir, name.as_bytes()), Rename::Replace)?;
            }
        }
        self.leaf(path)
    }

    /// Sets the modification time.
    pub fn touch(&self, path: &str, modified: i64) -> io::Result<Leaf> {
        let (parent, name) = split(path);
        self.disk.open_write(&self.dir(parent, false)?, name.as_bytes())?.set_modified(modified)?;
        self.leaf(path)
    }

    /// Turns the executable bit.
    pub fn chmod(&self, path: &str) -> io::Result<Leaf> {
        let (parent, name) = split(path);
        let mut file = self.disk.open_write(&self.dir(parent, false)?, name.as_bytes())?;
        let mode = file.stat()?.mode;
        file.set_mode(mode ^ 0o100)?;
        drop(file);
        self.leaf(path)
    }

    /// Gives a file or folder another name.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let ((from_parent, from_name), (to_parent, to_name)) = (split(from), split(to));
        let (from_dir, to_dir) = (self.dir(from_parent, false)?, self.dir(to_parent, true)?);
        self.disk.rename((&from_dir, from_name.as_bytes()), (&to_dir, to_name.as_bytes()), Rename::New)?;
        self.prune(from_parent);
        Ok(())
    }

    /// Removes a file and nothing else.
    pub fn remove_here(&self, name: &str) {
        let removed = self.dir("", false).and_then(|dir| self.disk.remove(&dir, name.as_bytes()));
        removed.expect("what was listed can be removed");
    }

    /// Puts these bytes under a name, whatever was there.
    pub fn overwrite(&self, name: &str, bytes: &[u8]) {
        let written = self.dir("", true).and_then(|dir| {
            if let Ok(mut file) = self.disk.open_write(&dir, name.as_bytes()) {
                file.set_size(0)?;
                return file.write_all_at(bytes, 0);
            }
            self.disk.create(&dir, name.as_bytes(), 0o644)?.write_all_at(bytes, 0)
        });
        written.expect("the weather can write");
    }

    /// Removes a file, and folders that are empty then.
    pub fn remove(&self, path: &str) -> io::Result<()> {
        let (parent, name) = split(path);
        self.disk.remove(&self.dir(parent, false)?, name.as_bytes())?;
        self.prune(parent);
        Ok(())
    }

    fn prune(&self, mut folder: &str) {
        while !folder.is_empty() {
            let (parent, name) = split(folder);
            let removed = self.dir(parent, false).and_then(|dir| self.disk.remove_dir(&dir, name.as_bytes()));
            if removed.is_err() {
                return;
            }
            folder = parent;
        }
    }

    /// Removes everything below a folder.
    pub fn clear(&self, path: &str) -> io::Result<()> {
        for (name, kind) in self.names(path) {
            let below = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            if kind == Kind::Dir {
                self.clear(&below)?;
                self.disk.remove_dir(&self.dir(path, false)?, name.as_bytes())?;
            } else {
                self.disk.remove(&self.dir(path, false)?, name.as_bytes())?;
            }
        }
        Ok(())
    }

    /// Every regular file below the root, the program's own folder left out.
    pub fn tree(&self) -> BTreeMap<String, Leaf> {
        let mut found = BTreeMap::new();
        if let Ok(root) = self.disk.root(&self.root) {
            self.gather(&root, "", &mut found);
        }
        found
    }

    fn gather(&self, dir: &Dir, prefix: &str, found: &mut BTreeMap<String, Leaf>) {
        for entry in self.disk.list(dir).unwrap_or_default() {
            if prefix.is_empty() && entry.name == DOT {
                continue;
            }
            let path = format!("{prefix}{}", String::from_utf8_lossy(&entry.name));
            if entry.kind == Kind::Dir {
                if let Ok(below) = self.disk.dir(dir, &entry.name, false) {
                    self.gather(&below, &format!("{path}/"), found);
                }
            } else if let Ok((content, modified, executable)) = read_in(self.disk, dir, &entry.name) {
                found.insert(path, Leaf::of(&content, modified, executable));
            }
        }
    }

    /// Makes the root.
    pub fn make(&self) {
        self.disk.make_root(&self.root).expect("a folder can be made");
    }

    /// Makes everything on the volume of the root durable; a root that is not there has nothing to lose.
    pub fn settle(&self) {
        if let Ok(root) = self.disk.root(&self.root) {
            self.disk.sync_all(&root).expect("nothing is armed");
        }
    }

    /// Every file below the root, whole.
    pub fn contents(&self) -> BTreeMap<Vec<u8>, Vec<u8>> {
        self.names("").into_iter().filter_map(|(name, _)| Some((name.clone().into_bytes(), self.read(&name).ok()?))).collect()
    }
}

fn read_in(disk: &dyn Disk, dir: &Dir, name: &[u8]) -> io::Result<(Vec<u8>, i64, bool)> {
    let mut file = disk.open(dir, name)?;
    let stat = file.stat()?;
    let mut content = vec![0; usize::try_from(stat.size).map_err(io::Error::other)?];
    let read = file.read_at(&mut content, 0)?;
    content.truncate(read);
    Ok((content, stat.modified, stat.executable()))
}
