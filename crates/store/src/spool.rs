//! Small files that are whole or not there.
//!
//! Guarantee: a name that [`write_whole`] gave stands for all of the bytes, durable, or for what it stood for before;
//! what was interrupted ends in `.part` and is replaced by the next writing. It does not read back past the cache.

use crate::disk::{Dir, Disk, Rename};
use std::io;
use wire::planted;

/// What the name of an incomplete file ends in.
pub const PART: &[u8] = b".part";

/// Writes a file readable by its owner alone (mode 0600): `.part`, sync, rename, sync of the directory.
/// Replaces what has the name.
pub fn write_whole(disk: &dyn Disk, dir: &Dir, name: &[u8], bytes: &[u8]) -> io::Result<()> {
    write_whole_with_mode(disk, dir, name, bytes, 0o600)
}

/// Like [`write_whole`] with these permission bits (the process's mask applies).
pub fn write_whole_with_mode(disk: &dyn Disk, dir: &Dir, name: &[u8], bytes: &[u8], mode: u32) -> io::Result<()> {
    let part = [name, PART].concat();
    remove_if_there(disk, dir, &part)?;
    let mut file = disk.create(dir, &part, mode)?;
    file.write_all_at(bytes, 0)?;
    if !planted::is("spool-file-not-synced") {
        file.sync()?;
    }
    disk.rename((dir, &part), (dir, name), Rename::Replace)?;
    if planted::is("spool-name-not-synced") { Ok(()) } else { disk.sync_dir(dir) }
}

/// Reads a whole file of at most `limit` bytes; a larger one is an error of kind `FileTooLarge`.
pub fn read_whole(disk: &dyn Disk, dir: &Dir, name: &[u8], limit: u64) -> io::Result<Vec<u8>> {
    let mut file = disk.open(dir, name)?;
    let size = file.stat()?.size;
    let length = usize::try_from(size).ok().filter(|_| size <= limit).ok_or(io::ErrorKind::FileTooLarge)?;
    let mut bytes = vec![0; length];
    let read = file.read_at(&mut bytes, 0)?;
    // It may have been cut meanwhile.
    bytes.truncate(read);
    Ok(bytes)
}

/// Removes a file; that it is not there is no error.
pub fn remove_if_there(disk: &dyn Disk, dir: &Dir, name: &[u8]) -> io::Result<()> {
    match disk.remove(dir, name) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::real::RealDisk;

    #[test]
    fn whole_files_come_and_are_replaced() {
        let scratch = tempfile::tempdir().unwrap();
        let disk = RealDisk::new();
        let dir = disk.root(scratch.path()).unwrap();
        for bytes in [&b""[..], b"one", b"a longer second", b"3"] {
            write_whole(&disk, &dir, b"file", bytes).unwrap();
            assert_eq!(read_whole(&disk, &dir, b"file", 64).unwrap(), bytes);
            assert_eq!(disk.list(&dir).unwrap().len(), 1, "nothing else is left");
        }
        assert_eq!(disk.stat(&dir, b"file").unwrap().mode & 0o077, 0);
    }

    #[test]
    fn a_part_left_over_is_no_obstacle() {
        let scratch = tempfile::tempdir().unwrap();
        let disk = RealDisk::new();
        let dir = disk.root(scratch.path()).unwrap();
        disk.create(&dir, b"file.part", 0o600).unwrap().write_all_at(b"half of something longer", 0).unwrap();
        write_whole(&disk, &dir, b"file", b"whole").unwrap();
        assert_eq!(read_whole(&disk, &dir, b"file", 5).unwrap(), b"whole");
        assert_eq!(disk.stat(&dir, b"file.part").unwrap_err().kind(), io::ErrorKind::NotFound);
    }

    #[test]
    fn the_limit_holds_at_n_and_not_at_n_plus_1() {
        let scratch = tempfile::tempdir().unwrap();
        let disk = RealDisk::new();
        let dir = disk.root(scratch.path()).unwrap();
        write_whole(&disk, &dir, b"file", &[7; 100]).unwrap();
        assert_eq!(read_whole(&disk, &dir, b"file", 100).unwrap().len(), 100);
        assert_eq!(read_whole(&disk, &dir, b"file", 99).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(read_whole(&disk, &dir, b"none", 99).unwrap_err().kind(), io::ErrorKind::NotFound);
    }
}
