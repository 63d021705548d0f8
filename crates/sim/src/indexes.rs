//! Indexes in memory, in the place of sled's, which lie in the real file system.
//!
//! Guarantees what [`Indexes`] asks: an index that was not closed by its process is empty when it is opened next, and says so;
//! one that is lost, older than it was, or damaged is noticed like sled's. It can be told to be any of these. What a killed
//! process does to it afterwards counts for nothing.

use crate::disk::SimDisk;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use store::index::{Index, IndexError, Indexes, Repair};
use store::ledger::{Known, Position};

#[derive(Clone, Default)]
struct Rows {
    rows: BTreeMap<Vec<u8>, Position>,
    cursor: Known,
}

/// What lies at a path.
#[derive(Clone)]
enum Kept {
    /// Closed, and as it was closed.
    Closed(Arc<Rows>),
    /// Open, or left open.
    Open,
    /// Something is wrong with it.
    Wrong(Repair),
}

#[derive(Clone, Default)]
struct State {
    kept: BTreeMap<PathBuf, Kept>,
    /// As it was when it was opened last.
    older: BTreeMap<PathBuf, Arc<Rows>>,
}

/// All indexes of a world.
#[derive(Clone)]
pub struct MemoryIndexes {
    state: Arc<Mutex<State>>,
    disk: SimDisk,
}

/// Indexes at one moment; cheap to keep.
#[derive(Clone)]
pub struct IndexImage(Arc<State>);

impl IndexImage {
    /// Which of them are not as a closing left them.
    pub fn unsound(&self) -> Vec<&Path> {
        self.0.kept.iter().filter(|(_, kept)| !matches!(kept, Kept::Closed(_))).map(|(dir, _)| dir.as_path()).collect()
    }

    /// As they are when the processes that had them open are dead and one more, which had `dir` open, too.
    #[must_use]
    pub fn left_open(&self, dir: &Path) -> Self {
        let mut state = State::clone(&self.0);
        state.kept.insert(dir.into(), Kept::Open);
        Self(Arc::new(state))
    }
}

impl MemoryIndexes {
    /// No index yet; they live and die with the processes of `disk`.
    pub fn new(disk: &SimDisk) -> Self {
        Self { state: Arc::default(), disk: disk.clone() }
    }

    /// The rows and the cursor of the index at `dir`, if it is closed.
    pub fn rows(&self, dir: &Path) -> Option<(BTreeMap<Vec<u8>, Position>, Known)> {
        match self.lock().kept.get(dir) {
            Some(Kept::Closed(rows)) => Some((rows.rows.clone(), rows.cursor)),
            _ => None,
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All of them as they are; those that are open count as left open.
    pub fn snapshot(&self) -> IndexImage {
        IndexImage(Arc::new(self.lock().clone()))
    }

    /// Puts an image back.
    pub fn restore(&self, image: &IndexImage) {
        *self.lock() = State::clone(&image.0);
    }

    /// The index at `dir` is gone; its mark says that it was closed.
    pub fn lose(&self, dir: &Path) {
        self.spoil(dir, Repair::Gone);
    }

    /// There never was an index at `dir`.
    pub fn forget(&self, dir: &Path) {
        let mut state = self.lock();
        state.kept.remove(dir);
        state.older.remove(dir);
    }

    /// A byte of the index at `dir` is not what it was.
    pub fn damage(&self, dir: &Path) {
        self.spoil(dir, Repair::Altered { file: "db".into() });
    }

    /// The mark of the index at `dir` is gone.
    pub fn unmark(&self, dir: &Path) {
        self.spoil(dir, Repair::Unmarked);
    }

    /// An older copy takes the place of the index at `dir`, with its mark, as a home that was restored brings it: it is
    /// sound and does not follow the ledger to its end. Says whether there was an older one.
    pub fn age(&self, dir: &Path) -> bool {
        let mut state = self.lock();
        let Some(older) = state.older.get(dir).cloned() else { return false };
        state.kept.insert(dir.into(), Kept::Closed(older));
        true
    }

    fn spoil(&self, dir: &Path, repair: Repair) {
        let mut state = self.lock();
        if let Some(kept @ (Kept::Closed(_) | Kept::Wrong(_))) = state.kept.get_mut(dir) {
            *kept = Kept::Wrong(repair);
        }
    }

    fn make(&self, dir: &Path, rows: Rows) -> Result<Box<dyn Index>, IndexError> {
        self.lock().kept.insert(dir.into(), Kept::Open);
        Ok(Box::new(MemoryIndex { of: self.clone(), dir: dir.into(), rows: Mutex::new(rows) }))
    }

    fn alive(&self) -> Result<(), IndexError> {
        if self.disk.is_halted() { Err(IndexError::Io(io::Error::other("the simulated process was killed"))) } else { Ok(()) }
    }
}

impl Indexes for MemoryIndexes {
    fn open(&self, dir: &Path, _mark: &Path) -> Result<(Box<dyn Index>, Option<Repair>), IndexError> {
        self.alive()?;
        let kept = self.lock().kept.get(dir).cloned();
        let (rows, repair) = match kept {
            None => (Rows::default(), None),
            Some(Kept::Closed(rows)) => {
                self.lock().older.insert(dir.into(), rows.clone());
                (Rows::clone(&rows), None)
            }
            Some(Kept::Open) => (Rows::default(), Some(Repair::NotClosed)),
            Some(Kept::Wrong(repair)) => (Rows::default(), Some(repair)),
        };
        Ok((self.make(dir, rows)?, repair))
    }

    fn fresh(&self, dir: &Path, _mark: &Path) -> Result<Box<dyn Index>, IndexError> {
        self.alive()?;
        self.make(dir, Rows::default())
    }
}

struct MemoryIndex {
    of: MemoryIndexes,
    dir: PathBuf,
    rows: Mutex<Rows>,
}

impl MemoryIndex {
    fn rows(&self) -> MutexGuard<'_, Rows> {
        self.rows.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Index for MemoryIndex {
    fn cursor(&self) -> Result<Known, IndexError> {
        Ok(self.rows().cursor)
    }

    fn put_batch(&self, rows: &[(Vec<u8>, Position)], cursor: Known) -> Result<(), IndexError> {
        self.of.alive()?;
        let mut all = self.rows();
        all.rows.extend(rows.iter().cloned());
        all.cursor = cursor;
        Ok(())
    }

    fn get(&self, key: &[u8]) -> Result<Option<Position>, IndexError> {
        Ok(self.rows().rows.get(key).copied())
    }

    fn close(self: Box<Self>) -> Result<(), IndexError> {
        self.of.alive()?;
        let rows = Arc::new(self.rows().clone());
        self.of.lock().kept.insert(self.dir.clone(), Kept::Closed(rows));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_closed_is_empty_and_says_so() {
        let disk = SimDisk::new();
        let indexes = MemoryIndexes::new(&disk);
        let (dir, mark) = (Path::new("/home/index"), Path::new("/home/mark"));
        let open = || indexes.open(dir, mark).unwrap();
        let row = |index: &dyn Index| index.get(b"key").unwrap().is_some();
        let (index, repair) = open();
        assert_eq!(repair, None);
        index.put_batch(&[(b"key".to_vec(), Position::from_bytes([1; 16]))], Known::default()).unwrap();
        index.close().unwrap();
        let (index, repair) = open();
        assert_eq!((row(&*index), repair), (true, None));
        drop(index);
        let (index, repair) = open();
        assert_eq!((row(&*index), repair), (false, Some(Repair::NotClosed)));
        disk.halt();
        assert!(index.close().is_err(), "the dead close nothing");
        disk.kill();
        assert_eq!(open().1, Some(Repair::NotClosed));
        open().0.close().unwrap();
        indexes.damage(dir);
        assert_eq!(open().1, Some(Repair::Altered { file: "db".into() }));
    }
}
