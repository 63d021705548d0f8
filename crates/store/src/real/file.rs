//! An open regular file of the real file system.
//!
//! Guarantees: reads and writes are whole or an error; a write past the process's limit of file sizes is refused before
//! the system would send its deadly signal. Past memory means O_DIRECT where the file system takes it (open(2)): whole
//! blocks go between our memory and the medium, the edges of a write still through the system's memory. Where it does not
//! take it, pages are dropped instead; where there is no medium behind the memory (tmpfs), that is said.

use crate::aligned::{ALIGN, Aligned, is_aligned};
use crate::disk::{self, Stat};
use rustix::fs::{self, Advice, Mode, OFlags, Timespec, Timestamps};
use rustix::io::{self as calls, Errno, retry_on_intr};
use std::io;
use std::num::NonZeroU64;
use std::os::fd::OwnedFd;
use wire::planted;

const TMPFS: fs::FsWord = 0x0102_1994;
const RAMFS: fs::FsWord = 0x8584_58f6_u32 as fs::FsWord;
/// Bytes written through memory after which the system is asked to begin putting them on the medium, so that the sync at the
/// end is short.
const WRITEBACK_BYTES: u64 = 8 << 20;
/// What is read or written past memory lies here if it does not lie right already, bytes.
const BOUNCE_BYTES: usize = 1 << 20;

pub struct RealFile {
    file: OwnedFd,
    file_bytes_max: Option<u64>,
    /// What it was like when it was opened; none where it was made.
    opened: Option<Stat>,
    /// What was written through memory since the last start of writeback: first byte and end.
    fresh: Option<(u64, u64)>,
    /// Past memory.
    direct: bool,
    bounce: Option<Aligned>,
}

impl RealFile {
    pub fn new(file: OwnedFd, file_bytes_max: Option<u64>, opened: Option<Stat>) -> Self {
        Self { file, file_bytes_max, opened, fresh: None, direct: false, bounce: None }
    }

    fn has_medium(&self) -> io::Result<bool> {
        Ok(!matches!(retry_on_intr(|| fs::fstatfs(&self.file))?.f_type, TMPFS | RAMFS))
    }

    fn within_limit(&self, end: Option<u64>) -> io::Result<()> {
        let limit = self.file_bytes_max.unwrap_or(i64::MAX as u64);
        if end.is_some_and(|end| end <= limit) { Ok(()) } else { Err(Errno::FBIG.into()) }
    }

    fn set_direct(&self, on: bool) -> Result<(), Errno> {
        let flags = fs::fcntl_getfl(&self.file)?;
        fs::fcntl_setfl(&self.file, if on { flags | OFlags::DIRECT } else { flags - OFlags::DIRECT })
    }

    fn read_all(&self, buffer: &mut [u8], offset: u64) -> Result<usize, Errno> {
        let mut filled = 0;
        while filled < buffer.len() {
            let read = retry_on_intr(|| calls::pread(&self.file, &mut buffer[filled..], offset + filled as u64))?;
            filled += read;
            // Past memory, what is no whole number of blocks is the end, and could not be continued.
            if read == 0 || self.direct && !read.is_multiple_of(ALIGN) || planted::is("reads-cut-short") {
                break;
            }
        }
        Ok(filled)
    }

    /// Reads whole blocks around what is wanted.
    fn read_bounced(&mut self, buffer: &mut [u8], offset: u64) -> Result<usize, Errno> {
        let mut bounce = self.bounce.take().unwrap_or_else(|| Aligned::new(BOUNCE_BYTES));
        let mut filled = 0;
        while filled < buffer.len() {
            let at = offset + filled as u64;
            let skip = (at % ALIGN as u64) as usize;
            let wanted = (skip + buffer.len() - filled).next_multiple_of(ALIGN).min(BOUNCE_BYTES);
            let read = self.read_all(&mut bounce[..wanted], at - skip as u64)?;
            let usable = read.saturating_sub(skip).min(buffer.len() - filled);
            buffer[filled..filled + usable].copy_from_slice(&bounce[skip..skip + usable]);
            filled += usable;
            if read < wanted {
                break;
            }
        }
        self.bounce = Some(bounce);
        Ok(filled)
    }

    fn write_all(&self, bytes: &[u8], offset: u64) -> Result<(), Errno> {
        let mut written = 0;
        while written < bytes.len() {
            match retry_on_intr(|| calls::pwrite(&self.file, &bytes[written..], offset + written as u64))? {
                0 => return Err(Errno::IO),
                more => written += more,
            }
        }
        Ok(())
    }

    /// Writes whole blocks past memory.
    fn write_blocks(&mut self, bytes: &[u8], offset: u64) -> Result<(), Errno> {
        if is_aligned(bytes, offset) {
            return self.write_all(bytes, offset);
        }
        let mut bounce = self.bounce.take().unwrap_or_else(|| Aligned::new(BOUNCE_BYTES));
        for (place, piece) in bytes.chunks(BOUNCE_BYTES).enumerate() {
            bounce[..piece.len()].copy_from_slice(piece);
            self.write_all(&bounce[..piece.len()], offset + (place * BOUNCE_BYTES) as u64)?;
        }
        self.bounce = Some(bounce);
        Ok(())
    }

    fn write_through_memory(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        if bytes.is_empty() {
            return Ok(());
        }
        if self.direct {
            self.set_direct(false)?;
        }
        self.write_all(bytes, offset)?;
        if self.direct {
            self.set_direct(true)?;
        }
        let end = offset + bytes.len() as u64;
        self.fresh = Some(self.fresh.map_or((offset, end), |(from, to)| (from.min(offset), to.max(end))));
        Ok(())
    }
}

impl disk::File for RealFile {
    fn read_at(&mut self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        if !self.direct {
            return Ok(self.read_all(buffer, offset)?);
        }
        let lies_right = is_aligned(buffer, offset) && buffer.len().is_multiple_of(ALIGN);
        let read = if lies_right { self.read_all(buffer, offset) } else { self.read_bounced(buffer, offset) };
        match read {
            Err(Errno::INVAL) => {
                // The file system took the flag and does not take the call.
                self.set_direct(false)?;
                self.direct = false;
                Ok(self.read_all(buffer, offset)?)
            }
            other => Ok(other?),
        }
    }

    fn write_all_at(&mut self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.within_limit(offset.checked_add(bytes.len() as u64))?;
        let head = (offset.next_multiple_of(ALIGN as u64) - offset) as usize;
        if !self.direct || bytes.len() < head + ALIGN {
            return self.write_through_memory(bytes, offset);
        }
        let (head, rest) = bytes.split_at(head);
        let (blocks, tail) = rest.split_at(rest.len() / ALIGN * ALIGN);
        let (blocks_at, tail_at) = (offset + head.len() as u64, offset + (head.len() + blocks.len()) as u64);
        self.write_through_memory(head, offset)?;
        match self.write_blocks(blocks, blocks_at) {
            Err(Errno::INVAL) => {
                self.set_direct(false)?;
                self.direct = false;
                self.write_through_memory(blocks, blocks_at)?;
            }
            other => other?,
        }
        self.write_through_memory(tail, tail_at)
    }

    fn stat(&self) -> io::Result<Stat> {
        super::stat::of_open(&self.file)
    }

    fn stat_when_opened(&self) -> io::Result<Stat> {
        self.opened.map_or_else(|| self.stat(), Ok)
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
        let synced = retry_on_intr(|| fs::fsync(&self.file));
        if planted::is("failed-sync-ignored") { Ok(()) } else { Ok(synced?) }
    }

    fn drop_cache(&mut self) -> io::Result<bool> {
        Ok(self.has_medium()? && retry_on_intr(|| fs::fadvise(&self.file, 0, None, Advice::DontNeed)).is_ok())
    }

    fn past_memory(&mut self) -> io::Result<bool> {
        // Some file systems take the flag and go through memory all the same: what is there must not be what is read.
        let dropped = self.drop_cache()?;
        self.direct = self.direct || self.has_medium()? && self.set_direct(true).is_ok();
        Ok(self.direct || dropped)
    }

    fn start_writeback(&mut self) -> io::Result<()> {
        // The advice starts the writing of dirty pages in its range and does not wait for it; pages that are still
        // being written stay in memory.
        if let Some((from, to)) = self.fresh.take_if(|(from, to)| *to - *from >= WRITEBACK_BYTES) {
            let _hint = fs::fadvise(&self.file, from, NonZeroU64::new(to - from), Advice::DontNeed);
        }
        Ok(())
    }
}
