//! The digest of a whole file: one thread reads ahead while the other hashes.
//!
//! Guarantee: at most two buffers of [`READ_BYTES`] whatever the size of the file. Where the bytes come from, the medium or
//! memory, is the caller's business (`File::drop_cache`).

use std::io;
use std::sync::mpsc;
use std::thread;
use store::disk::File;
use wire::Digest;

/// Bytes of one reading.
pub const READ_BYTES: usize = 4 << 20;

/// BLAKE3-256 of the file from offset `from` to its end, and how many bytes that were. `progress` is called with the bytes
/// of each step.
pub fn digest_file(file: &mut dyn File, from: u64, progress: &mut dyn FnMut(u64)) -> io::Result<(Digest, u64)> {
    digest_in_steps(file, from, READ_BYTES, progress)
}

fn digest_in_steps(file: &mut dyn File, from: u64, step: usize, progress: &mut dyn FnMut(u64)) -> io::Result<(Digest, u64)> {
    let mut hasher = blake3::Hasher::new();
    let mut bytes = 0;
    let mut take = |piece: &[u8]| {
        hasher.update(piece);
        bytes += piece.len() as u64;
        progress(piece.len() as u64);
    };
    let mut first = vec![0; step];
    let read = file.read_at(&mut first, from)?;
    take(&first[..read]);
    if read == step {
        read_ahead(file, from, first, &mut take)?;
    }
    Ok((Digest(*hasher.finalize().as_bytes()), bytes))
}

/// The rest of the file, after the first buffer.
fn read_ahead(file: &mut dyn File, from: u64, first: Vec<u8>, take: &mut dyn FnMut(&[u8])) -> io::Result<()> {
    let step = first.len();
    let (full_to, full_from) = mpsc::sync_channel::<io::Result<(Vec<u8>, usize)>>(1);
    let (empty_to, empty_from) = mpsc::sync_channel(2);
    for buffer in [first, vec![0; step]] {
        empty_to.send(buffer).expect("the other end is in this function");
    }
    thread::scope(|scope| {
        let reader = move || {
            let mut offset = from + step as u64;
            while let Ok(mut buffer) = empty_from.recv() {
                let read = file.read_at(&mut buffer, offset);
                let last = !matches!(read, Ok(read) if read == step);
                offset += step as u64;
                if full_to.send(read.map(|read| (buffer, read))).is_err() || last {
                    return;
                }
            }
        };
        thread::Builder::new().spawn_scoped(scope, reader)?;
        for full in full_from {
            let (buffer, read) = full?;
            take(&buffer[..read]);
            // After its last reading the other thread wants no more.
            let _ended = empty_to.send(buffer);
        }
        Ok(())
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use store::disk::Disk;
    use store::real::RealDisk;

    #[test]
    fn every_length_around_a_step() {
        let scratch = tempfile::tempdir().unwrap();
        let disk = RealDisk::new();
        let dir = disk.root(scratch.path()).unwrap();
        for length in [0usize, 1, 15, 16, 17, 31, 32, 33, 1000] {
            let content: Vec<u8> = (0..length).map(|at| at as u8).collect();
            std::fs::write(scratch.path().join("file"), &content).unwrap();
            let mut seen = 0;
            let mut file = disk.open(&dir, b"file").unwrap();
            let (digest, bytes) = digest_in_steps(&mut *file, 0, 16, &mut |more| seen += more).unwrap();
            assert_eq!(digest.0, *blake3::hash(&content).as_bytes(), "{length}");
            assert_eq!((bytes, seen), (length as u64, length as u64));
            assert_eq!(digest_file(&mut *file, 0, &mut |_| ()).unwrap(), (digest, bytes));
        }
    }

    #[test]
    fn an_error_in_the_middle_is_an_error() {
        struct Failing;
        impl File for Failing {
            fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
                if offset < 64 { Ok(buffer.len()) } else { Err(io::ErrorKind::InvalidData.into()) }
            }
            fn write_all_at(&mut self, _: &[u8], _: u64) -> io::Result<()> {
                unreachable!("only read")
            }
            fn stat(&self) -> io::Result<store::disk::Stat> {
                unreachable!("only read")
            }
            fn set_size(&mut self, _: u64) -> io::Result<()> {
                unreachable!("only read")
            }
            fn set_modified(&mut self, _: i64) -> io::Result<()> {
                unreachable!("only read")
            }
            fn set_mode(&mut self, _: u32) -> io::Result<()> {
                unreachable!("only read")
            }
            fn sync(&mut self) -> io::Result<()> {
                unreachable!("only read")
            }
            fn drop_cache(&mut self) -> io::Result<bool> {
                unreachable!("only read")
            }
            fn start_writeback(&mut self) -> io::Result<()> {
                unreachable!("only read")
            }
        }
        assert_eq!(digest_in_steps(&mut Failing, 0, 16, &mut |_| ()).unwrap_err().kind(), io::ErrorKind::InvalidData);
    }
}
