//! What the breaker and the search for damage at rest keep in records (spec/breaker.md).

use serde::{Deserialize, Serialize};

/// Where the root of an archive lay when it was scanned: another folder of the same name is told by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    /// Number of its file system.
    pub device: u64,
    /// Its inode there.
    pub inode: u64,
    /// When it was made, ns since 1970, mixed with what its file system calls itself where that is a whole second or not told; 0 where neither is.
    pub mark: u64,
}

impl Place {
    /// Whether it is the same folder. Devices get other numbers, and give theirs to others; an inode made at the same moment is one.
    pub fn is_same(&self, other: &Self) -> bool {
        (self.inode, self.mark) == (other.inode, other.mark) && (self.mark != 0 || self.device == other.device)
    }
}

/// What the beginning of a document looks like (spec/breaker.md).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Shape {
    /// Not known: it was not read whole, or is too short to tell.
    #[default]
    Unknown,
    /// Bytes that are not evenly spread, as in texts, tables and most pictures that are not compressed.
    Plain,
    /// It begins as a known format does.
    Known,
    /// Evenly spread bytes of no known format, as in what is encrypted.
    Opaque,
}

/// Changes that wait for people to agree.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Items that are deleted or whose content differs, renames not counted.
    pub changes: u64,
    /// Deletions among them.
    pub removals: u64,
    /// Items that look as if they had been encrypted.
    pub suspicious: u64,
}

/// What a breaker stopped a route for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Cause {
    /// Too much is deleted or changed at once.
    AtOnce,
    /// Too much was deleted little by little.
    Shrinking,
    /// Too much looks as if it had been encrypted.
    Suspicious,
}
