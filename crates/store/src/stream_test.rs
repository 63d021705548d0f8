//! Streams against plain reading and writing, at every kind of offset and length.

use super::*;
use crate::disk::{Dir, Disk, Kind, Stat};
use crate::real::RealDisk;

fn ground() -> (tempfile::TempDir, RealDisk, Dir) {
    let scratch = tempfile::tempdir().unwrap();
    let disk = RealDisk::new();
    let dir = disk.root(scratch.path()).unwrap();
    (scratch, disk, dir)
}

fn pattern(bytes: usize) -> Vec<u8> {
    (0..bytes).map(|at| (at % 251) as u8).collect()
}

const LENGTHS: [usize; 9] = [0, 1, ALIGN - 1, ALIGN, ALIGN + 1, STEP_BYTES - 1, STEP_BYTES, STEP_BYTES + 1, 5 * STEP_BYTES + 77];

#[test]
fn ahead_gives_what_is_there() {
    let (scratch, disk, dir) = ground();
    for length in LENGTHS {
        let content = pattern(length);
        std::fs::write(scratch.path().join("file"), &content).unwrap();
        for from in [0, 1, 100, ALIGN, ALIGN + 5, STEP_BYTES + 3, length, length + 1, length + STEP_BYTES] {
            for past_memory in [false, true] {
                let mut file = disk.open(&dir, b"file").unwrap();
                if past_memory {
                    file.past_memory().unwrap();
                }
                let mut read = Vec::new();
                read_ahead(&mut *file, from as u64, |ahead| ahead.read_to_end(&mut read)).unwrap().unwrap();
                assert!(read == content[from.min(length)..], "{length} from {from}, past memory {past_memory}");
            }
        }
    }
}

#[test]
fn ahead_may_be_left_early() {
    let (scratch, disk, dir) = ground();
    std::fs::write(scratch.path().join("file"), pattern(STEP_BYTES * 6)).unwrap();
    let mut file = disk.open(&dir, b"file").unwrap();
    let mut few = [0; 10];
    read_ahead(&mut *file, 7, |ahead| ahead.read_exact(&mut few)).unwrap().unwrap();
    assert_eq!(few, pattern(17)[7..]);
}

#[test]
fn behind_writes_what_it_was_given() {
    let (scratch, disk, dir) = ground();
    for length in LENGTHS {
        for from in [0usize, 1, ALIGN, ALIGN + 9] {
            for (piece, past_memory) in [(1_000_003, true), (STEP_BYTES, true), (65_552, false)] {
                let content = pattern(length);
                let mut file = disk.create(&dir, b"file", 0o644).unwrap();
                if past_memory {
                    file.past_memory().unwrap();
                }
                let mut behind = Behind::new(file).unwrap();
                for (place, bytes) in content.chunks(piece).enumerate() {
                    behind.write_all_at(bytes, (from + place * piece) as u64).unwrap();
                }
                // Like a header, which is known last.
                behind.write_all_at(&vec![9; from], 0).unwrap();
                let mut file = behind.finish().unwrap();
                file.sync().unwrap();
                let written = std::fs::read(scratch.path().join("file")).unwrap();
                assert!(written == [vec![9; from], content].concat(), "{length} at {from} by {piece}");
                disk.remove(&dir, b"file").unwrap();
            }
        }
    }
}

/// A file that cannot be read or written from an offset on.
struct Failing(u64);

impl File for Failing {
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if offset < self.0 { Ok(buffer.len()) } else { Err(io::ErrorKind::InvalidData.into()) }
    }
    fn write_all_at(&mut self, _: &[u8], offset: u64) -> io::Result<()> {
        if offset < self.0 { Ok(()) } else { Err(io::ErrorKind::StorageFull.into()) }
    }
    fn stat(&self) -> io::Result<Stat> {
        Ok(Stat { kind: Kind::File, size: self.0, modified: 0, changed: 0, inode: 0, device: 0, mode: 0o644 })
    }
    fn set_size(&mut self, _: u64) -> io::Result<()> {
        unreachable!("not asked")
    }
    fn set_modified(&mut self, _: i64) -> io::Result<()> {
        unreachable!("not asked")
    }
    fn set_mode(&mut self, _: u32) -> io::Result<()> {
        unreachable!("not asked")
    }
    fn sync(&mut self) -> io::Result<()> {
        unreachable!("not asked")
    }
    fn drop_cache(&mut self) -> io::Result<bool> {
        unreachable!("not asked")
    }
    fn past_memory(&mut self) -> io::Result<bool> {
        unreachable!("not asked")
    }
    fn start_writeback(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn what_reading_meets_is_told_in_its_place() {
    for limit in [0, 3 * STEP_BYTES as u64] {
        let mut read = Vec::new();
        let error = read_ahead(&mut Failing(limit), 0, |ahead| ahead.read_to_end(&mut read)).unwrap().unwrap_err();
        assert_eq!((error.kind(), read.len() as u64), (io::ErrorKind::InvalidData, limit));
    }
}

#[test]
fn what_writing_meets_is_told_at_the_latest_at_the_end() {
    for steps in [0, 1, 2, 3, 4, 20] {
        for finished in [true, false] {
            let mut behind = Behind::new(Box::new(Failing(STEP_BYTES as u64))).unwrap();
            let bytes = pattern(STEP_BYTES);
            let early = (0..steps).map(|step| behind.write_all_at(&bytes, step * STEP_BYTES as u64)).find_map(Result::err);
            assert!(early.is_none_or(|error| error.kind() == io::ErrorKind::BrokenPipe));
            let error = if finished { behind.finish().err() } else { behind.end(Box::new(|_| Ok(()))).and_then(Ending::wait).err() };
            assert_eq!(error.map(|error| error.kind()), (steps > 1).then_some(io::ErrorKind::StorageFull), "{steps}, finished {finished}");
        }
    }
}

#[test]
fn the_last_step_comes_last() {
    let (scratch, disk, dir) = ground();
    let mut behind = Behind::new(disk.create(&dir, b"file", 0o644).unwrap()).unwrap();
    behind.write_all_at(&pattern(STEP_BYTES + 100), 0).unwrap();
    behind.end(Box::new(|file| file.set_size(7))).unwrap().wait().unwrap();
    assert_eq!(std::fs::read(scratch.path().join("file")).unwrap(), pattern(7));
    let error = Behind::new(disk.create(&dir, b"other", 0o644).unwrap()).unwrap().end(Box::new(|_| Err(io::ErrorKind::Other.into())));
    assert_eq!(error.unwrap().wait().unwrap_err().kind(), io::ErrorKind::Other);
}
