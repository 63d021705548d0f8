//! The index: keys to places in the ledger, in a sled database. A view of the ledger and nothing else.
//!
//! Guarantees: a database that is not byte for byte what the last clean closing left (deleted, cut, altered, replaced by
//! an older copy, or left open by a killed process) is never given to sled, which panics on such files; it is set
//! aside, an empty index takes its place, and the caller is told to refill it from the ledger. A panic or error of sled
//! while in use is a typed error, and the next opening starts anew. The cursor moves in the same batch as the rows
//! it speaks of. Not guaranteed: that rows survive the process unless [`Index::close`] has returned.
//!
//! sled opens its files itself, so [`SledIndexes`] lies in the real file system whatever [`crate::disk::Disk`] the rest
//! uses; who passes another disk passes other [`Indexes`] with it.

mod mark;

use crate::disk::{Disk, Rename};
use crate::ledger::{Head, Known, Position};
use crate::real::RealDisk;
use mark::{Mark, Marked};
use std::fmt;
use std::io;
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use wire::Digest;

/// Operations in one batch of the database, the cursor included.
pub const BATCH_OPERATIONS_MAX: usize = 500;
/// Memory that sled may keep pages in.
const CACHE_BYTES: u64 = 8 << 20;
/// First byte of the key of a row, and the key of the cursor, which sorts before them.
const ROW: u8 = 1;
const CURSOR: &[u8] = &[0];
/// How long closing waits for sled's threads to let go of the file.
const RELEASE_ATTEMPTS_MAX: u32 = 5_000;
const RELEASE_WAIT: Duration = Duration::from_millis(1);

/// Why the index is empty now, though there was one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Repair {
    /// The process that used it last was killed, or stopped at an error.
    NotClosed,
    /// It was closed, and is gone.
    Gone,
    /// It is there, but nothing says how it was closed.
    Unmarked,
    /// This file of it is not as it was when it was closed.
    Altered {
        /// The file, relative to the index.
        file: String,
    },
    /// It is as it was, and sled does not open it.
    Refused {
        /// What sled said.
        says: String,
    },
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotClosed => write!(f, "the index was not closed when it was used last"),
            Self::Gone => write!(f, "the index is gone"),
            Self::Unmarked => write!(f, "the mark of the index is gone"),
            Self::Altered { file } => write!(f, "the index was altered or damaged: {file}"),
            Self::Refused { says } => write!(f, "the index cannot be opened: {says}"),
        }
    }
}

/// Why the index cannot be used. The way on is always the same: drop it, open it again, refill it.
#[derive(Debug, thiserror::Error)]
pub enum IndexError {
    /// The disk failed.
    #[error("the index cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// sled reported an error.
    #[error("the index failed: {0}")]
    Failed(String),
    /// sled panicked.
    #[error("the index broke down: {0}")]
    Panicked(String),
    /// It failed or broke down before.
    #[error("the index failed before")]
    Broken,
}

/// Opens indexes: sled's, or in a world without a real file system others in their place.
pub trait Indexes: Send + Sync {
    /// Opens the index in `dir`, which the file `mark` vouches for; makes it when there is none. With `Some(repair)` it
    /// is empty and its cursor at the start: refill it from the ledger, and say so.
    ///
    /// # Errors
    /// When not even a new one can be made.
    fn open(&self, dir: &Path, mark: &Path) -> Result<(Box<dyn Index>, Option<Repair>), IndexError>;
    /// An empty index in the place of whatever is there.
    ///
    /// # Errors
    /// As [`Indexes::open`].
    fn fresh(&self, dir: &Path, mark: &Path) -> Result<Box<dyn Index>, IndexError>;
}

/// An open index. After an error it is of no more use.
pub trait Index: Send + Sync {
    /// Up to where the index follows the ledger. At the start for an empty index.
    ///
    /// # Errors
    /// `Failed`, `Panicked`, `Broken`.
    fn cursor(&self) -> Result<Known, IndexError>;
    /// Sets rows and then, with the last of them, the cursor. Interrupted, some rows are set and the cursor is not.
    ///
    /// # Errors
    /// `Failed`, `Panicked`, `Broken`.
    fn put_batch(&self, rows: &[(Vec<u8>, Position)], cursor: Known) -> Result<(), IndexError>;
    /// The place that was set for a key.
    ///
    /// # Errors
    /// `Failed`, `Panicked`, `Broken`.
    fn get(&self, key: &[u8]) -> Result<Option<Position>, IndexError>;
    /// Makes all of it durable, closes it, and marks it as whole. An index that is dropped instead is refilled next time.
    ///
    /// # Errors
    /// `Io`, `Failed`, `Panicked`, `Broken`.
    fn close(self: Box<Self>) -> Result<(), IndexError>;
}

/// Indexes in sled databases.
#[derive(Clone, Copy, Debug, Default)]
pub struct SledIndexes;

impl Indexes for SledIndexes {
    fn open(&self, dir: &Path, mark: &Path) -> Result<(Box<dyn Index>, Option<Repair>), IndexError> {
        SledIndex::open(dir, mark).map(|(index, repair)| (Box::new(index) as Box<dyn Index>, repair))
    }

    fn fresh(&self, dir: &Path, mark: &Path) -> Result<Box<dyn Index>, IndexError> {
        SledIndex::fresh(dir, mark).map(|index| Box::new(index) as Box<dyn Index>)
    }
}

/// A database that is let go of quietly: sled flushes it once more then, and panics where that fails.
struct Database(Option<sled::Db>);

impl Deref for Database {
    type Target = sled::Db;
    fn deref(&self) -> &sled::Db {
        self.0.as_ref().expect("it is taken out only when it is let go of")
    }
}

impl Drop for Database {
    fn drop(&mut self) {
        // What was to be durable was flushed before, or its failure told; what is open again is read back from the ledger.
        let database = self.0.take();
        drop(catch(|| {
            drop(database);
            Ok(())
        }));
    }
}

/// An index in a sled database.
pub struct SledIndex {
    database: Database,
    place: Place,
    broken: AtomicBool,
}

/// Where the index and its mark lie.
struct Place {
    disk: RealDisk,
    dir: PathBuf,
    mark: Mark,
}

impl SledIndex {
    /// Opens the index in `dir`, which the file `mark` vouches for; makes it when there is none. With `Some(repair)` it
    /// is empty and its cursor at the start: refill it from the ledger, and say so. What was altered is kept as
    /// `<dir>.damaged` until the next time.
    ///
    /// # Errors
    /// `Io`, and `Failed` or `Panicked` when sled cannot even make a new one.
    pub fn open(dir: &Path, mark: &Path) -> Result<(Self, Option<Repair>), IndexError> {
        let place = Place::new(dir, mark)?;
        let repair = match place.mark.compare(&place.disk, dir) {
            Marked::New => None,
            Marked::Closed => {
                place.mark.write_open(&place.disk)?;
                match open_database(dir).and_then(|database| readable_cursor(&database).map(|()| database)) {
                    Ok(database) => return Ok((Self { database, place, broken: AtomicBool::new(false) }, None)),
                    Err(error) => Some(Repair::Refused { says: error.to_string() }),
                }
            }
            Marked::Repair(repair) => Some(repair),
        };
        if let Some(repair) = &repair {
            tracing::warn!(%repair, "the index is made anew");
        }
        // Nobody wants to look at what a kill left.
        let keep = !matches!(repair, Some(Repair::NotClosed));
        Ok((Self::make(place, keep)?, repair))
    }

    /// An empty index in the place of whatever is there.
    ///
    /// # Errors
    /// As [`SledIndex::open`].
    pub fn fresh(dir: &Path, mark: &Path) -> Result<Self, IndexError> {
        Self::make(Place::new(dir, mark)?, false)
    }

    fn make(place: Place, keep: bool) -> Result<Self, IndexError> {
        // From here until it is closed the mark vouches for nothing.
        place.mark.write_open(&place.disk)?;
        place.set_aside(keep)?;
        let database = open_database(&place.dir)?;
        Ok(Self { database, place, broken: AtomicBool::new(false) })
    }

    /// Calls sled; after an error or panic never again.
    fn guard<T>(&self, act: impl FnOnce(&sled::Db) -> sled::Result<T>) -> Result<T, IndexError> {
        if self.broken.load(Ordering::Acquire) {
            return Err(IndexError::Broken);
        }
        catch(|| act(&self.database)).inspect_err(|_| self.broken.store(true, Ordering::Release))
    }

    fn position(&self, bytes: &[u8]) -> Result<Position, IndexError> {
        bytes.try_into().map(Position::from_bytes).map_err(|_| self.foreign())
    }

    fn foreign(&self) -> IndexError {
        self.broken.store(true, Ordering::Release);
        foreign()
    }
}

impl Index for SledIndex {
    fn cursor(&self) -> Result<Known, IndexError> {
        let value = self.guard(|database| database.get(CURSOR))?;
        match value {
            None => Ok(Known::default()),
            Some(bytes) => decode_cursor(&bytes).ok_or_else(|| self.foreign()),
        }
    }

    fn put_batch(&self, rows: &[(Vec<u8>, Position)], cursor: Known) -> Result<(), IndexError> {
        let mut pieces = rows.chunks(BATCH_OPERATIONS_MAX - 1).peekable();
        loop {
            let mut batch = sled::Batch::default();
            for (key, position) in pieces.next().unwrap_or_default() {
                batch.insert([&[ROW], &key[..]].concat(), &position.to_bytes());
            }
            let last = pieces.peek().is_none();
            if last {
                batch.insert(CURSOR, encode_cursor(&cursor));
            }
            self.guard(|database| database.apply_batch(batch))?;
            if last {
                return Ok(());
            }
        }
    }

    fn get(&self, key: &[u8]) -> Result<Option<Position>, IndexError> {
        match self.guard(|database| database.get([&[ROW], key].concat()))? {
            None => Ok(None),
            Some(bytes) => self.position(&bytes).map(Some),
        }
    }

    fn close(self: Box<Self>) -> Result<(), IndexError> {
        self.guard(|database| database.flush())?;
        let Self { mut database, place, .. } = *self;
        let taken = database.0.take();
        catch(|| {
            drop(taken);
            Ok(())
        })?;
        // sled's threads may still be cutting the file; they hold its lock until they are done.
        let dir = place.disk.root(&place.dir)?;
        let mut attempts = 0;
        let lock = loop {
            match place.disk.lock(&dir, b"db", crate::disk::Hold::Alone)? {
                Some(lock) => break lock,
                None if attempts < RELEASE_ATTEMPTS_MAX => attempts += 1,
                None => return Err(IndexError::Failed("its threads do not end".into())),
            }
            std::thread::sleep(RELEASE_WAIT);
        };
        place.mark.write_closed(&place.disk, &place.dir)?;
        drop(lock);
        Ok(())
    }
}

fn foreign() -> IndexError {
    IndexError::Failed("it holds what was never put there".into())
}

fn catch<T>(act: impl FnOnce() -> sled::Result<T>) -> Result<T, IndexError> {
    match catch_unwind(AssertUnwindSafe(act)) {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(IndexError::Failed(error.to_string())),
        Err(panic) => {
            let says = panic.downcast_ref::<String>().cloned().or_else(|| panic.downcast_ref::<&str>().map(|says| (*says).into()));
            Err(IndexError::Panicked(says.unwrap_or_else(|| "without a word".into())))
        }
    }
}

fn open_database(dir: &Path) -> Result<Database, IndexError> {
    let config = sled::Config::new().path(dir).cache_capacity(CACHE_BYTES).flush_every_ms(None);
    catch(|| config.open()).map(|database| Database(Some(database)))
}

fn readable_cursor(database: &sled::Db) -> Result<(), IndexError> {
    match catch(|| database.get(CURSOR))? {
        Some(bytes) if decode_cursor(&bytes).is_none() => Err(foreign()),
        _ => Ok(()),
    }
}

/// Place (16 bytes), records (8), digest (32).
fn encode_cursor(cursor: &Known) -> Vec<u8> {
    [&cursor.position.to_bytes()[..], &cursor.head.number.to_le_bytes(), &cursor.head.digest.0].concat()
}

fn decode_cursor(bytes: &[u8]) -> Option<Known> {
    let (position, rest) = bytes.split_first_chunk()?;
    let (number, digest) = rest.split_first_chunk()?;
    let head = Head { number: u64::from_le_bytes(*number), digest: Digest(digest.try_into().ok()?) };
    Some(Known { position: Position::from_bytes(*position), head })
}

impl Place {
    fn new(dir: &Path, mark: &Path) -> io::Result<Self> {
        let disk = RealDisk::new();
        Ok(Self { mark: Mark::new(&disk, mark)?, disk, dir: dir.to_path_buf() })
    }

    /// Takes what is there out of the way.
    fn set_aside(&self, keep: bool) -> io::Result<()> {
        let (Some(parent), Some(name)) = (self.dir.parent(), self.dir.file_name()) else {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "the index needs a directory of its own"));
        };
        let parent_dir = self.disk.make_root(parent)?;
        let name = name.as_encoded_bytes();
        let aside = [name, b".damaged"].concat();
        match self.disk.stat(&parent_dir, name) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            other => other?,
        };
        mark::remove_tree(&self.disk, &parent_dir, &aside)?;
        // First the name, in one step, then the rest: what is half removed must not look like an index.
        self.disk.rename((&parent_dir, name), (&parent_dir, &aside), Rename::New)?;
        if !keep {
            mark::remove_tree(&self.disk, &parent_dir, &aside)?;
        }
        self.disk.sync_dir(&parent_dir)
    }
}

#[cfg(test)]
mod tests;
