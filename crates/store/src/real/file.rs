//! An open regular file of the real file system.
//!
//! Guarantees: reads and writes are whole or an error; a write past the process's limit of file sizes is refused before
//! the system would send its deadly signal. `drop_cache` is honest where there is no medium behind the memory (tmpfs).

use crate::disk::{self, Stat};
use rustix::fs::{self, Advice, Mode, Timespec, Timestamps};
use rustix::io::{self as calls, Errno, retry_on_intr};
use std::io;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;

const TMPFS: fs::FsWord = 0x0102_1994;
const RAMFS: fs::FsWord = 0x8584_58f6_u32 as fs::FsWord;

pub struct RealFile {
    file: OwnedFd,
    file_bytes_max: Option<u64>,
    /// What was written since the last start of writeback: first byte and end.
    fresh: Option<(u64, u64)>,
}

impl RealFile {
    pub fn new(file: OwnedFd, file_bytes_max: Option<u64>) -> Self {
        Self { file, file_bytes_max, fresh: None }
    }

    fn within_limit(&self, end: Option<u64>) -> io::Result<()> {
        let limit = self.file_bytes_max.unwrap_or(i64::MAX as u64);
        if end.is_some_and(|end| end <= limit) { Ok(()) } else { Err(Errno::FBIG.into()) }
    }
}

impl disk::File for RealFile {
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut filled = 0;
        while filled < buffer.len() {
            match retry_on_intr(|| calls::pread(&self.file, &mut buffer[filled..], offset + filled as u64))? {
                0 => break,
                read => filled += read,
            }
        }
        Ok(filled)
    }

    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        let end = offset.checked_add(bytes.len() as u64);
        self.within_limit(end)?;
        let mut written = 0;
        while written < bytes.len() {
            match retry_on_intr(|| calls::pwrite(&self.file, &bytes[written..], offset + written as u64))? {
                0 => return Err(io::ErrorKind::WriteZero.into()),
                more => written += more,
            }
        }
        let end = offset + written as u64;
        self.fresh = Some(self.fresh.map_or((offset, end), |(from, to)| (from.min(offset), to.max(end))));
        Ok(())
    }

    fn stat(&self) -> io::Result<Stat> {
        super::stat::of_open(&self.file)
    }

    fn set_size(&mut self, size: u64) -> io::Result<()> {
        self.within_limit(Some(size))?;
        Ok(retry_on_intr(|| fs::ftruncate(&self.file, size))?)
    }

    fn set_modified(&mut self, modified: i64) -> io::Result<()> {
        let time = Timespec { tv_sec: modified.div_euclid(1_000_000_000), tv_nsec: modified.rem_euclid(1_000_000_000) };
        Ok(retry_on_intr(|| fs::futimens(&self.file, &Timestamps { last_access: time, last_modification: time }))?)
    }

    fn set_mode(&mut self, mode: u32) -> io::Result<()> {
        Ok(retry_on_intr(|| fs::fchmod(&self.file, Mode::from_raw_mode(mode)))?)
    }

    fn sync(&mut self) -> io::Result<()> {
        Ok(retry_on_intr(|| fs::fsync(&self.file))?)
    }

    fn drop_cache(&mut self) -> io::Result<bool> {
        let system = retry_on_intr(|| fs::fstatfs(&self.file))?.f_type;
        if matches!(system, TMPFS | RAMFS) {
            return Ok(false);
        }
        Ok(retry_on_intr(|| fs::fadvise(&self.file, 0, None, Advice::DontNeed)).is_ok())
    }

    fn start_writeback(&mut self) -> io::Result<()> {
        // The advice starts the writing of dirty pages in its range and does not wait for it; pages that are still
        // being written stay in memory.
        if let Some((from, to)) = self.fresh.take() {
            let _hint = fs::fadvise(&self.file, from, NonZeroU64::new(to - from), Advice::DontNeed);
        }
        Ok(())
    }
}
