//! What can be wrong with a ledger.

use super::Position;
use std::fmt;
use std::io;
use wire::Rejection;

/// The first record that is not what it must be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Damage {
    /// Number that the record must have. (For a record looked up alone: the number it gives itself.)
    pub number: u64,
    /// The clause that is broken, LDG-01 to LDG-07.
    pub clause: Rejection,
    /// The segment in which it lies, by the number of its first record.
    pub segment: u64,
    /// Where it starts in the segment's file, bytes.
    pub offset: u64,
}

impl Damage {
    /// The stable code of the broken clause.
    pub fn code(&self) -> &'static str {
        self.clause.code()
    }
}

impl fmt::Display for Damage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "record {} of the ledger (segment {:016x}, byte {}): {}", self.number, self.segment, self.offset, self.clause)
    }
}

impl std::error::Error for Damage {}

/// Why the ledger did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The disk failed.
    #[error("the ledger cannot be read or written: {0}")]
    Io(#[from] io::Error),
    /// The records are not what was written.
    #[error(transparent)]
    Damage(#[from] Damage),
    /// There is no ledger.
    #[error("there is no ledger here")]
    Missing,
    /// There is one already.
    #[error("there is a ledger here already")]
    Exists,
    /// A write or sync failed before; what is on the disk is known only by opening again.
    #[error("a write to the ledger failed before; it must be opened again")]
    Poisoned,
    /// A body above its limit.
    #[error("a record of {bytes} bytes is larger than a ledger takes")]
    TooLarge {
        /// Bytes of the body.
        bytes: u64,
    },
    /// No committed record starts there.
    #[error("no record of the ledger starts at byte {} of segment {:016x}", .0.offset, .0.segment)]
    NoRecord(Position),
}

impl LedgerError {
    /// The damage, if that is what it is.
    pub fn damage(&self) -> Option<&Damage> {
        match self {
            Self::Damage(damage) => Some(damage),
            _ => None,
        }
    }
}
