//! What a replica knows of one item.

use serde::{Deserialize, Serialize};
use wire::digest;
use wire::manifest::Document;
use wire::{Digest, ItemId};

/// An item on the replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Item {
    /// Its id.
    pub id: ItemId,
    /// Version held or removed; 0 when none ever was.
    pub version: u64,
    /// It was removed at this version: a tombstone.
    pub removed: bool,
    /// Digest of its document.
    pub digest: Digest,
    /// Size of its document, bytes.
    pub size: u64,
    /// Its mtime, ns since 1970.
    pub modified: i64,
    /// Whether it may be executed.
    pub executable: bool,
    /// Where it lies if not under its id.
    pub disk: Option<ItemId>,
    /// Its version is of a life of the source that is over: whatever this life says is newer.
    pub former: bool,
    /// Sequence of the package that brought or confirmed it; 0 when none did since the route began anew.
    pub sequence: u64,
    /// Its place in that package.
    pub row: u32,
    /// Number of the outcome that says it is not right now; 0 when it is.
    pub damaged: u16,
    /// When it was last read back, s since 1970.
    pub read_at: i64,
    /// Which reading of the route that was.
    pub read_in: u64,
}

impl Item {
    /// Whether the replica holds it (right or not).
    pub fn held(&self) -> bool {
        self.version > 0 && !self.removed
    }
    /// Whether it is what a package says of it: this document, or none.
    pub fn is(&self, document: Option<&Document>) -> bool {
        let same = |document: &Document| {
            let said = (document.digest, document.size, document.modified, document.executable);
            said == (self.digest, self.size, self.modified, self.executable)
        };
        document.map_or(self.removed, |document| !self.removed && same(document))
    }
    /// Whether it counts in the state digest.
    pub(super) fn counts(&self) -> bool {
        self.held() && self.damaged == 0 && self.is_confirmed()
    }
    /// Whether a package since the route last began anew has brought or confirmed it: only then can it be answered for.
    pub fn is_confirmed(&self) -> bool {
        self.sequence > 0
    }
    /// The projected digest.
    pub fn projection(&self) -> Digest {
        digest::projection(&self.digest, self.size, self.modified, self.executable)
    }
    /// The path at which it lies below the replica's root.
    pub fn path(&self) -> &ItemId {
        self.disk.as_ref().unwrap_or(&self.id)
    }
}
