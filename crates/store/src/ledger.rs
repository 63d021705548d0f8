//! The ledger: append-only segments of records, each chained to the one before (spec/ledger.md). The bodies are opaque.
//!
//! Guarantees: when [`Ledger::commit`] has returned, everything appended is on stable storage. After a crash or a power
//! loss at any moment [`Ledger::open`] gives a whole number of records, all that were committed among them: a torn tail
//! is cut, a torn middle is [`Damage`] and nothing is changed. After a failed write or sync the ledger refuses further
//! use: reading it again is the way back, never repeating the call. One writer at a time is the caller's duty (the lock
//! of the home); readers beside it need no lock and never change anything.
//!
//! What lies in its directory: segments; `checkpoint` (opaque here); `snapshot` (a view); `group` (announces a write of several records).

mod fault;
mod files;
mod group;
mod place;
mod reading;
mod scan;
mod segment;
mod snapshot;

pub use fault::{Damage, LedgerError};
pub use place::{Known, Position};
pub use reading::{Reading, Record, Records, Verified};
pub use scan::Torn;
pub use snapshot::{SNAPSHOT_BYTES_MAX, Snapshot};
pub use wire::manifest::Head;

use crate::disk::{Disk, File, Rename};
use crate::frame::{self, DIGEST_BYTES, HEADER_BYTES, SEGMENT_HEAD, SEGMENT_HEAD_BYTES};
use crate::spool;
use files::Files;
use group::Group;
use std::io;
use std::ops::Deref;
use std::path::Path;
use std::sync::Arc;
use wire::{limits, planted};

/// A segment that has reached this length gets no further record.
pub const SEGMENT_BYTES_MAX: u64 = 64 << 20;
/// Records that were appended and not committed are held in memory up to this; then they are committed.
pub const PENDING_BYTES_MAX: usize = 2 << 20;
/// Bytes of a checkpoint.
pub const CHECKPOINT_BYTES_MAX: u64 = 64 << 10;
const CHECKPOINT: &[u8] = b"checkpoint";

/// What opening found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The end of the chain.
    pub head: Head,
    /// Where the next record goes.
    pub end: Position,
    /// What lay behind the last whole record. Opened for writing it has been cut off; opened for reading it was passed over.
    pub torn: Option<Torn>,
    /// Whether the known place was there, and only what lies behind it was read. When not, all was read, and what
    /// was kept with the place (a snapshot) does not belong to this ledger.
    pub known: bool,
    /// Records that were read and checked.
    pub records: u64,
}

/// The ledger, open for writing. Reads as [`Reading`] what is committed.
pub struct Ledger {
    reading: Reading,
    file: Box<dyn File>,
    group: Option<Box<dyn File>>,
    /// Encoded records that are not yet written.
    pending: Vec<u8>,
    pending_records: u64,
    /// The end of the chain with what is pending.
    head: Head,
    segment_bytes_max: u64,
    poisoned: bool,
}

impl Deref for Ledger {
    type Target = Reading;
    fn deref(&self) -> &Reading {
        &self.reading
    }
}

impl Ledger {
    /// Makes an empty ledger in `dir`, which is made if missing. Durable when it returns.
    ///
    /// # Errors
    /// `Exists` when a ledger is there.
    pub fn create(disk: Arc<dyn Disk>, dir: &Path) -> Result<Self, LedgerError> {
        let dir = disk.make_root(dir)?;
        let mut files = Files::find(disk, dir)?;
        if !files.segments.is_empty() {
            return Err(LedgerError::Exists);
        }
        let file = make_segment(&mut files, 0)?;
        // The directories above are new as well.
        if !planted::is("new-ledger-not-synced") {
            files.disk.sync_all(&files.dir)?;
        }
        Ok(Self::new(Reading::new(files, Head::default(), Position::START), file))
    }

    /// Opens a ledger for writing and checks the chain: from `known` on when the place is there (of a snapshot of this
    /// ledger), else all of it. `durable` is the head that a verified checkpoint names.
    ///
    /// # Errors
    /// `Missing`; `Damage`, LDG-07 when the chain ends before `durable` or has another record there.
    pub fn open(disk: Arc<dyn Disk>, dir: &Path, known: Option<Known>, durable: Option<Head>) -> Result<(Self, Opened), LedgerError> {
        let files = Files::find_existing(disk, dir)?;
        files.remove_parts()?;
        let Some(&last) = files.segments.last() else {
            return Err(scan::none(durable));
        };
        let mut file = files.disk.open_write(&files.dir, &frame::segment_name(last))?;
        // What a killed process left is whole in memory but perhaps not on the medium, and what failed to reach the
        // medium may look whole in memory: first down, then read from there.
        file.sync()?;
        file.drop_cache()?;
        files.disk.sync_dir(&files.dir)?;
        let (mut opened, reading) = Self::check(files, known, durable)?;
        let files = &reading.files;
        if let Some(torn) = opened.torn {
            tracing::warn!(segment = torn.segment, offset = torn.offset, bytes = torn.bytes, "the torn tail of the ledger is cut");
            if !planted::is("torn-tail-kept") {
                file.set_size(torn.offset)?;
            }
            file.sync()?;
        }
        // An announcement whose group is not whole would excuse what comes after in its place.
        if Group::read(files)?.is_some_and(|group| group.end() > opened.head.number) {
            spool::remove_if_there(&*files.disk, &files.dir, group::NAME)?;
            files.disk.sync_dir(&files.dir)?;
        }
        opened.end = reading.end();
        Ok((Self::new(reading, file), opened))
    }

    /// Opens a ledger for reading, without lock, beside a writer. A torn tail is passed over.
    /// Read the checkpoint before calling this, lest a writer be ahead of what is seen.
    ///
    /// # Errors
    /// As [`Ledger::open`].
    pub fn open_reading(disk: Arc<dyn Disk>, dir: &Path, known: Option<Known>, durable: Option<Head>) -> Result<(Reading, Opened), LedgerError> {
        let (opened, reading) = Self::check(Files::find_existing(disk, dir)?, known, durable)?;
        Ok((reading, opened))
    }

    /// What is right at the beginning of a ledger that is damaged: its first records, at most so many, without those from the first on
    /// that does not continue the chain.
    ///
    /// # Errors
    /// `Missing`; `Io`.
    pub fn beginning(disk: Arc<dyn Disk>, dir: &Path, records: u64) -> Result<Verified, LedgerError> {
        Ok(reading::beginning(Files::find_existing(disk, dir)?, records))
    }

    fn check(files: Files, known: Option<Known>, durable: Option<Head>) -> Result<(Opened, Reading), LedgerError> {
        let known = match known {
            // Behind the checkpoint the place cannot vouch for the chain before it.
            Some(known) if durable.is_none_or(|durable| durable.number >= known.head.number) => files.holds(&known)?.then_some(known),
            _ => None,
        };
        let scanned = scan::scan(&files, known.unwrap_or_default(), durable, &mut |_| {})?;
        let opened = Opened { head: scanned.head, end: scanned.end, torn: scanned.torn, known: known.is_some(), records: scanned.records };
        Ok((opened, Reading::new(files, scanned.head, scanned.end)))
    }

    fn new(reading: Reading, file: Box<dyn File>) -> Self {
        let head = reading.head();
        Self { reading, file, group: None, pending: Vec::new(), pending_records: 0, head, segment_bytes_max: SEGMENT_BYTES_MAX, poisoned: false }
    }

    /// The end of the chain with what was appended and not yet committed. [`Reading::head`] is what is committed.
    pub fn head_appended(&self) -> Head {
        self.head
    }

    /// Appends a record; `time` in seconds since 1970. It lies where the answer says and is durable after the next
    /// [`Ledger::commit`]; it may become durable before.
    ///
    /// # Errors
    /// `TooLarge` for a body above [`limits::RECORD_BYTES_MAX`]; `Poisoned`; `Io`, and the ledger is poisoned.
    pub fn append(&mut self, time: i64, kind: u16, body: &[u8]) -> Result<Position, LedgerError> {
        self.append_with(time, kind, &mut |out| out.extend_from_slice(body))
    }

    /// As [`Ledger::append`]; `fill` appends the body to what waits to be written, so that a large one is there only once.
    ///
    /// # Errors
    /// As [`Ledger::append`].
    pub fn append_with(&mut self, time: i64, kind: u16, fill: &mut dyn FnMut(&mut Vec<u8>)) -> Result<Position, LedgerError> {
        if self.poisoned {
            return Err(LedgerError::Poisoned);
        }
        if self.end_appended().offset >= self.segment_bytes_max {
            self.commit()?;
            self.or_poison(Self::rotate)?;
        }
        let position = self.end_appended();
        let before = self.pending.len();
        let digest = self.reading.chain().write_with(&mut self.pending, self.head.number, time, self.head.digest, kind, fill);
        let body_bytes = self.pending.len() - before - HEADER_BYTES - DIGEST_BYTES;
        if body_bytes > limits::RECORD_BYTES_MAX {
            self.pending.truncate(before);
            return Err(LedgerError::TooLarge { bytes: body_bytes as u64 });
        }
        self.head = Head { number: self.head.number + 1, digest };
        self.pending_records += 1;
        if self.pending.len() >= PENDING_BYTES_MAX {
            self.commit()?;
        }
        Ok(position)
    }

    /// Everything appended is on stable storage when this returns.
    ///
    /// # Errors
    /// `Poisoned`; `Io`, and the ledger is poisoned.
    pub fn commit(&mut self) -> Result<(), LedgerError> {
        if self.poisoned {
            return Err(LedgerError::Poisoned);
        }
        if self.pending_records == 0 {
            return Ok(());
        }
        self.or_poison(|ledger| {
            let end = ledger.reading.end();
            if ledger.pending_records > 1 && !planted::is("group-not-announced") {
                ledger.announce(Group { segment: end.segment, offset: end.offset, first: ledger.reading.head().number, records: ledger.pending_records })?;
            }
            ledger.file.write_all_at(&ledger.pending, end.offset)?;
            if planted::is("ledger-not-synced") { Ok(()) } else { ledger.file.sync() }
        })?;
        self.reading.extend(self.head, self.end_appended());
        self.pending.clear();
        self.pending.shrink_to(PENDING_BYTES_MAX);
        self.pending_records = 0;
        Ok(())
    }

    /// Keeps the checkpoint: opaque here, at most [`CHECKPOINT_BYTES_MAX`] bytes. Commit first what it speaks of.
    ///
    /// # Errors
    /// `Poisoned`; `Io`, and the ledger is poisoned.
    pub fn write_checkpoint(&mut self, bytes: &[u8]) -> Result<(), LedgerError> {
        assert!(bytes.len() as u64 <= CHECKPOINT_BYTES_MAX, "a checkpoint is a head and a signature");
        if self.poisoned {
            return Err(LedgerError::Poisoned);
        }
        self.or_poison(|ledger| spool::write_whole(&*ledger.files.disk, &ledger.files.dir, CHECKPOINT, bytes))
    }

    /// The checkpoint in the ledger directory `dir`, if there is one.
    ///
    /// # Errors
    /// `Io`.
    pub fn read_checkpoint(disk: &dyn Disk, dir: &Path) -> Result<Option<Vec<u8>>, LedgerError> {
        let read = disk.root(dir).and_then(|dir| spool::read_whole(disk, &dir, CHECKPOINT, CHECKPOINT_BYTES_MAX));
        match read {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Keeps a view of the ledger up to `position`, where the chain's end was `head` (so that opening can start there).
    /// `fill` writes the body, which has this `form`; only with the same `key` it is read again. Replaces the one before. A failure does not touch the ledger.
    ///
    /// # Errors
    /// `Io`, that of `fill` included.
    pub fn write_snapshot(
        &self,
        key: &[u8; 32],
        form: u32,
        known: Known,
        fill: &mut dyn FnMut(&mut dyn io::Write) -> io::Result<()>,
    ) -> Result<(), LedgerError> {
        Ok(snapshot::write(&*self.files.disk, &self.files.dir, key, form, known, fill)?)
    }

    /// The snapshot in the ledger directory `dir`. None as well when its body is of another form, it was written with another key, is damaged, or cannot be read:
    /// it is only a view.
    pub fn read_snapshot(disk: &dyn Disk, dir: &Path, key: &[u8; 32], form: u32) -> Option<Snapshot> {
        snapshot::read(disk, &disk.root(dir).ok()?, key, form)
    }

    /// Where the next appended record goes.
    fn end_appended(&self) -> Position {
        let end = self.reading.end();
        Position { offset: end.offset + self.pending.len() as u64, ..end }
    }

    fn or_poison<T>(&mut self, act: impl FnOnce(&mut Self) -> io::Result<T>) -> Result<T, LedgerError> {
        act(self).map_err(|error| {
            self.poisoned = !planted::is("poison-ignored");
            error.into()
        })
    }

    /// The next segment starts; nothing is pending.
    fn rotate(&mut self) -> io::Result<()> {
        let first = self.head.number;
        self.file = make_segment(&mut self.reading.files, first)?;
        self.reading.extend(self.head, Position { segment: first, offset: SEGMENT_HEAD_BYTES });
        Ok(())
    }

    fn announce(&mut self, group: Group) -> io::Result<()> {
        let file = match &mut self.group {
            Some(file) => file,
            none => none.insert(Group::file(&self.reading.files)?),
        };
        file.write_all_at(&group.encode(), 0)?;
        file.sync()
    }

    /// Segments that are full early.
    #[cfg(test)]
    fn with_segment_bytes_max(mut self, bytes: u64) -> Self {
        self.segment_bytes_max = bytes;
        self
    }
}

/// Makes the segment that starts with record `first`; it has its head, and its name, when it is there at all.
fn make_segment(files: &mut Files, first: u64) -> io::Result<Box<dyn File>> {
    let (disk, dir) = (&files.disk, &files.dir);
    let name = frame::segment_name(first);
    let part = [&name, spool::PART].concat();
    spool::remove_if_there(&**disk, dir, &part)?;
    let mut file = disk.create(dir, &part, 0o600)?;
    file.write_all_at(&SEGMENT_HEAD, 0)?;
    file.sync()?;
    disk.rename((dir, &part), (dir, &name), Rename::New)?;
    if !planted::is("segment-name-not-synced") {
        disk.sync_dir(dir)?;
    }
    files.segments.push(first);
    Ok(file)
}

#[cfg(test)]
mod tests;
