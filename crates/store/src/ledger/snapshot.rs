//! A view of the ledger up to a place, kept so that the next opening need not read everything: file `snapshot`,
//!
//! ```text
//!  0 "GFSNAPSH" | 8 u32 1 | 12 u32 form of the body | 16 u64 segment | 24 u64 offset | 32 u64 records | 40 digest of the last of them
//! 72 body, opaque here
//!  + digest = BLAKE3 keyed hash of everything before it, under the caller's key
//! ```
//!
//! Guarantee: what reads back is what was written in this form, or nothing. Whether it belongs to the ledger beside it shows when
//! that is opened with its place. Who can write here and has no key cannot make one.

use super::{Head, Known, Position};
use crate::disk::{Dir, Disk, File, Rename};
use crate::spool;
use std::io::{self, BufRead, BufReader, BufWriter, ErrorKind, Read, Write};
use wire::Digest;

/// Bytes of a snapshot file. A larger one is not read.
pub const SNAPSHOT_BYTES_MAX: u64 = wire::codec::OWN_BYTES_MAX as u64;
const NAME: &[u8] = b"snapshot";
const PART: &[u8] = b"snapshot.part";
const MAGIC: &[u8; 12] = b"GFSNAPSH\x01\0\0\0";
/// Bytes that are read at once.
const STEP_BYTES: usize = 1 << 18;
const HEADER_BYTES: usize = 72;
const DIGEST_BYTES: usize = 32;

/// A view of the ledger up to a place.
pub struct Snapshot {
    /// The place: pass it to [`super::Ledger::open`], and use the body only if it is found there.
    pub known: Known,
    body: Body,
}

impl Snapshot {
    /// What the caller kept, from its beginning. It was digested once already, whole; it lies in memory a piece at a time.
    pub fn body(self) -> impl BufRead {
        BufReader::with_capacity(step_of(self.body.end - self.body.at), self.body)
    }
}

/// What lies between the header and the digest.
struct Body {
    file: Box<dyn File>,
    at: u64,
    end: u64,
}

impl Read for Body {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let length = usize::try_from(self.end - self.at).map_or(into.len(), |left| left.min(into.len()));
        let read = self.file.read_at(&mut into[..length], self.at)?;
        self.at += read as u64;
        Ok(read)
    }
}

/// Bytes of `left` that are read at once: most snapshots are short.
fn step_of(left: u64) -> usize {
    usize::try_from(left).map_or(STEP_BYTES, |left| left.min(STEP_BYTES))
}

fn encode(form: u32, known: &Known) -> Vec<u8> {
    let mut bytes = MAGIC.to_vec();
    bytes.extend_from_slice(&form.to_le_bytes());
    bytes.extend_from_slice(&known.position.to_bytes());
    bytes.extend_from_slice(&known.head.number.to_le_bytes());
    bytes.extend_from_slice(&known.head.digest.0);
    bytes
}

fn decode(form: u32, bytes: &[u8; HEADER_BYTES]) -> Option<Known> {
    let position = Position::from_bytes(bytes[16..].first_chunk().copied()?);
    let head = Head { number: u64::from_le_bytes(bytes[32..].first_chunk().copied()?), digest: Digest(bytes[40..].first_chunk().copied()?) };
    let known = Known { position, head };
    (encode(form, &known) == bytes).then_some(known)
}

/// Counts and digests what goes by.
struct Digesting {
    file: Box<dyn File>,
    hasher: blake3::Hasher,
    written: u64,
}

impl Write for Digesting {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.written + (bytes.len() + DIGEST_BYTES) as u64 > SNAPSHOT_BYTES_MAX {
            return Err(ErrorKind::FileTooLarge.into());
        }
        self.file.write_all_at(bytes, self.written)?;
        self.hasher.update(bytes);
        self.written += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

pub fn write(disk: &dyn Disk, dir: &Dir, key: &[u8; 32], form: u32, known: Known, fill: &mut dyn FnMut(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    spool::remove_if_there(disk, dir, PART)?;
    let file = disk.create(dir, PART, 0o600)?;
    let written = (|| {
        let mut out = BufWriter::with_capacity(1 << 20, Digesting { file, hasher: blake3::Hasher::new_keyed(key), written: 0 });
        out.write_all(&encode(form, &known))?;
        fill(&mut out)?;
        let mut whole = out.into_inner().map_err(io::IntoInnerError::into_error)?;
        whole.file.write_all_at(whole.hasher.finalize().as_bytes(), whole.written)?;
        whole.file.sync()?;
        disk.rename((dir, PART), (dir, NAME), Rename::Replace)?;
        disk.sync_dir(dir)
    })();
    if written.is_err() {
        let _the_first_error_counts = disk.remove(dir, PART);
    }
    written
}

pub fn read(disk: &dyn Disk, dir: &Dir, key: &[u8; 32], form: u32) -> Option<Snapshot> {
    let refuse = |why: &dyn std::fmt::Display| {
        tracing::warn!(%why, "the snapshot is not used; the ledger is read from the start");
        None
    };
    match try_read(disk, dir, key, form) {
        Ok(Some(snapshot)) => Some(snapshot),
        Ok(None) => refuse(&"it is damaged, of another form, or not of this home"),
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        Err(error) => refuse(&error),
    }
}

fn try_read(disk: &dyn Disk, dir: &Dir, key: &[u8; 32], form: u32) -> io::Result<Option<Snapshot>> {
    let mut file = disk.open(dir, NAME)?;
    let size = file.stat()?.size;
    if size > SNAPSHOT_BYTES_MAX {
        return Err(ErrorKind::FileTooLarge.into());
    }
    let mut header = [0; HEADER_BYTES];
    file.read_at(&mut header, 0)?;
    let (Some(known), Some(length)) = (decode(form, &header), (size as usize).checked_sub(HEADER_BYTES + DIGEST_BYTES)) else {
        return Ok(None);
    };
    let mut digest = [0; DIGEST_BYTES];
    let end = (HEADER_BYTES + length) as u64;
    let whole = file.read_at(&mut digest, end)? == DIGEST_BYTES;
    let (mut hasher, mut piece) = (blake3::Hasher::new_keyed(key), vec![0; step_of(length as u64)]);
    hasher.update(&header);
    let mut body = Body { file, at: HEADER_BYTES as u64, end };
    loop {
        match body.read(&mut piece)? {
            0 => break,
            read => hasher.update(&piece[..read]),
        };
    }
    let right = whole && body.at == end && *hasher.finalize().as_bytes() == digest;
    body.at = HEADER_BYTES as u64;
    Ok(right.then_some(Snapshot { known, body }))
}
