//! One segment, read through a buffer of fixed size whatever the size of its records.
//!
//! Guarantee: nothing beyond the size that the file had when it was opened is looked at, so that a writer beside it is
//! never seen in the middle of a record that was not there yet.

use crate::disk::File;
use crate::frame::{Chain, DIGEST_BYTES, HEADER_BYTES, Header, RECORD_BYTES_MIN, SEGMENT_HEAD, SEGMENT_HEAD_BYTES, check_digest};
use std::io;
use std::ops::Range;
use wire::clause::{self, Clause};
use wire::manifest::Head;
use wire::{Digest, limits, planted};

/// For reading on and on.
pub const STREAM_BYTES: usize = 1 << 20;
/// For one record.
pub const LOOKUP_BYTES: usize = 16 << 10;

pub struct Segment {
    file: Box<dyn File>,
    size: u64,
    buffer: Vec<u8>,
    /// Where in the file the buffer starts, and how much of it is filled.
    start: u64,
    filled: usize,
}

/// A record that was checked.
pub struct Checked {
    pub header: Header,
    pub digest: Digest,
}

impl Segment {
    pub fn new(file: Box<dyn File>, buffer_bytes: usize) -> io::Result<Self> {
        let size = file.stat()?.size;
        // No more than there is to read: most ledgers are short.
        let buffer_bytes = buffer_bytes.min(usize::try_from(size).unwrap_or(usize::MAX));
        Ok(Self { file, size, buffer: vec![0; buffer_bytes], start: 0, filled: 0 })
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// The bytes from `offset`; shorter only where the file ends. `length` is at most the size of the buffer.
    pub fn slice(&mut self, offset: u64, length: usize) -> io::Result<&[u8]> {
        let length = length.min(usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX));
        let held = offset.checked_sub(self.start).is_some_and(|skip| skip + length as u64 <= self.filled as u64);
        if !held {
            let wanted = self.buffer.len().min(usize::try_from(self.size.saturating_sub(offset)).unwrap_or(usize::MAX));
            self.filled = self.file.read_at(&mut self.buffer[..wanted], offset)?;
            self.start = offset;
        }
        let skip = (offset - self.start) as usize;
        Ok(&self.buffer[skip..self.filled.min(skip + length)])
    }

    pub fn head_is_right(&mut self) -> io::Result<bool> {
        Ok(self.slice(0, SEGMENT_HEAD_BYTES as usize)? == SEGMENT_HEAD)
    }

    /// Checks the record at `offset`: alone, or as the continuation of the chain up to `before`. Its body goes to `body`.
    pub fn check(&mut self, chain: &Chain, offset: u64, before: Option<&Head>, mut body: Option<&mut Vec<u8>>) -> io::Result<Result<Checked, &'static Clause>> {
        let left = self.size.saturating_sub(offset);
        let Some(header) = self.slice(offset, HEADER_BYTES)?.first_chunk::<HEADER_BYTES>().map(Header::decode) else {
            return Ok(Err(&clause::LDG_LENGTH));
        };
        if header.body_bytes as usize > limits::RECORD_BYTES_MAX || header.record_bytes() > left {
            return Ok(Err(&clause::LDG_LENGTH));
        }
        if let Some(before) = before {
            if header.number != before.number {
                return Ok(Err(&clause::LDG_NUMBER));
            }
            if header.previous != before.digest && !planted::is("chain-unchecked") {
                return Ok(Err(&clause::LDG_PREVIOUS));
            }
        }
        let mut hasher = chain.hasher();
        let (mut at, body_at) = (offset, offset + HEADER_BYTES as u64);
        let end = offset + header.record_bytes() - DIGEST_BYTES as u64;
        if let Some(body) = &mut body {
            body.clear();
            body.reserve_exact(header.body_bytes as usize);
        }
        let most = self.buffer.len();
        while at < end {
            let piece = self.slice(at, most.min((end - at) as usize))?;
            if piece.is_empty() {
                // It was cut while we read.
                return Ok(Err(&clause::LDG_LENGTH));
            }
            hasher.update(piece);
            if let Some(body) = &mut body {
                let skip = (body_at.saturating_sub(at) as usize).min(piece.len());
                body.extend_from_slice(&piece[skip..]);
            }
            at += piece.len() as u64;
        }
        let Some(digest) = self.slice(end, DIGEST_BYTES)?.first_chunk().copied().map(Digest) else {
            return Ok(Err(&clause::LDG_LENGTH));
        };
        Ok(check_digest(&hasher, &digest, &header).map(|()| Checked { header, digest }))
    }

    /// Whether a record that agrees with its digest starts at `offset`, of whatever version.
    pub fn is_whole(&mut self, chain: &Chain, offset: u64) -> io::Result<bool> {
        Ok(match self.check(chain, offset, None, None)? {
            Ok(_) => true,
            Err(clause) => clause.code == clause::LDG_BODY.code,
        })
    }

    /// Whether a whole record with a number in `numbers` starts anywhere from `from` on.
    pub fn holds_any(&mut self, chain: &Chain, from: u64, numbers: &Range<u64>) -> io::Result<bool> {
        // Its own window: checking a candidate moves the buffer.
        let mut window = vec![0; STREAM_BYTES];
        let mut offset = from;
        while offset + RECORD_BYTES_MIN <= self.size {
            let read = self.file.read_at(&mut window, offset)?;
            let candidates = read.saturating_sub(HEADER_BYTES - 1);
            for skip in 0..candidates {
                let Some(fixed) = window[skip..].first_chunk::<HEADER_BYTES>() else { break };
                // Versions to come are small numbers, too.
                if fixed[6] == 0 || fixed[7] != 0 {
                    continue;
                }
                let header = Header::decode(fixed);
                if !numbers.contains(&header.number) {
                    continue;
                }
                let at = offset + skip as u64;
                let fits = header.body_bytes as usize <= limits::RECORD_BYTES_MAX && at + header.record_bytes() <= self.size;
                if fits && self.is_whole(chain, at)? {
                    return Ok(true);
                }
            }
            if candidates == 0 {
                break;
            }
            offset += candidates as u64;
        }
        Ok(false)
    }
}
