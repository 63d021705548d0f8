//! Faults on demand: what fails, when, and whether it did.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What is asked of the disk.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Op {
    /// A new file.
    Create,
    /// Bytes into a file.
    Write,
    /// A file's size.
    SetSize,
    /// A file's time.
    SetModified,
    /// A file's permission bits.
    SetMode,
    /// A rename of any kind.
    Rename,
    /// A file's removal.
    Remove,
    /// A new directory.
    MakeDir,
    /// A directory's removal.
    RemoveDir,
    /// Durability of a file.
    Sync,
    /// Durability of a directory's names.
    SyncDir,
    /// Durability of everything on a volume.
    SyncAll,
    /// Opening a file.
    Open,
    /// Reading bytes.
    Read,
    /// Listing a directory.
    List,
    /// Asking for attributes.
    Stat,
}

impl Op {
    /// Whether it changes something or makes something durable: what a cut is counted by.
    pub fn mutates(self) -> bool {
        !matches!(self, Self::Open | Self::Read | Self::List | Self::Stat)
    }
}

/// What happens instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// EIO, nothing done.
    Eio,
    /// ENOSPC; of a write the first half is done.
    Full,
    /// EROFS, nothing done.
    ReadOnly,
    /// A sync (or anything else) that fails with EIO and loses what was pending of the file, directory or volume. The next
    /// sync succeeds, and means nothing for what was lost: so does a kernel that marks the pages clean.
    Poison,
    /// The process is killed before the call is carried out: this and every later call fail, until [`super::SimDisk::kill`] or a crash
    /// begins the next life.
    Halt,
    /// A write is carried out with one bit flipped.
    Flip,
}

/// Which paths a rule is about.
pub type Which = Box<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// When a fault happens.
pub struct Rule {
    /// These operations; none for every mutating one.
    pub ops: Vec<Op>,
    /// Only below paths (absolute, as they were when opened) that this says yes to.
    pub path: Option<Which>,
    /// So many matching calls go well first.
    pub skip: u64,
    /// So many matching calls fail then.
    pub times: u64,
    /// What happens.
    pub fault: Fault,
}

impl Rule {
    /// The call after `skip` mutating ones, once.
    pub fn nth(skip: u64, fault: Fault) -> Self {
        Self { ops: Vec::new(), path: None, skip, times: 1, fault }
    }

    /// Only these operations.
    #[must_use]
    pub fn on(mut self, ops: &[Op]) -> Self {
        self.ops = ops.to_vec();
        self
    }

    /// Only these paths.
    #[must_use]
    pub fn at(mut self, which: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Self {
        self.path = Some(Box::new(which));
        self
    }

    /// So often.
    #[must_use]
    pub fn times(mut self, times: u64) -> Self {
        self.times = times;
        self
    }

    fn takes(&self, op: Op, path: &[u8]) -> bool {
        let kind = if self.ops.is_empty() { op.mutates() } else { self.ops.contains(&op) };
        kind && self.path.as_ref().is_none_or(|which| which(path))
    }
}

/// A planned fault.
#[derive(Clone, Debug)]
pub struct Planned(Arc<AtomicU64>);

impl Planned {
    /// How often it happened.
    pub fn fired(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// The rules in force.
#[derive(Default)]
pub struct Faults(Vec<(Rule, Arc<AtomicU64>)>);

impl Faults {
    pub fn plan(&mut self, rule: Rule) -> Planned {
        let fired = Arc::<AtomicU64>::default();
        self.0.push((rule, fired.clone()));
        Planned(fired)
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    /// The fault of this call, if it has one.
    pub fn strike(&mut self, op: Op, path: &[u8]) -> Option<Fault> {
        let mut strikes = None;
        for (rule, fired) in &mut self.0 {
            if rule.times == 0 || !rule.takes(op, path) {
                continue;
            }
            if rule.skip > 0 {
                rule.skip -= 1;
            } else if strikes.is_none() {
                rule.times -= 1;
                fired.fetch_add(1, Ordering::Relaxed);
                strikes = Some(rule.fault);
            }
        }
        strikes
    }
}

pub fn eio() -> io::Error {
    io::Error::from_raw_os_error(5)
}

pub fn read_only() -> io::Error {
    io::Error::from_raw_os_error(30)
}

pub fn full() -> io::Error {
    io::Error::from_raw_os_error(28)
}

/// What a process that is dead gets for an answer.
pub fn halted() -> io::Error {
    io::Error::other("the simulated process was killed")
}

// Errors are the system's own numbers, as the real disk gives them: some callers look at those.

pub fn not_found() -> io::Error {
    io::Error::from_raw_os_error(2)
}

pub fn busy() -> io::Error {
    io::Error::from_raw_os_error(16)
}

pub fn exists() -> io::Error {
    io::Error::from_raw_os_error(17)
}

pub fn not_a_directory() -> io::Error {
    io::Error::from_raw_os_error(20)
}

pub fn is_a_directory() -> io::Error {
    io::Error::from_raw_os_error(21)
}

pub fn too_large() -> io::Error {
    io::Error::from_raw_os_error(27)
}

pub fn not_empty() -> io::Error {
    io::Error::from_raw_os_error(39)
}
