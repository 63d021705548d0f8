//! What a replica knows of one item.

use core::cmp::Ordering;
use serde::{Deserialize, Serialize};
use wire::digest;
use wire::manifest::Document;
use wire::record::StagedRow;
use wire::{Digest, ItemId, planted};

use crate::order::Named;

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
    /// A package since the route last began anew has brought it or said the same.
    pub confirmed: bool,
    /// Sequence of the newest package that brought it or said the same; 0 when none did of the life of the source that is followed.
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

impl Named for Item {
    fn id(&self) -> &ItemId {
        &self.id
    }
}

impl Item {
    /// One that a package names for the first time: no version of it ever was.
    pub(super) fn met(id: ItemId) -> Self {
        Self {
            id,
            version: 0,
            removed: false,
            digest: Digest::ZERO,
            size: 0,
            modified: 0,
            executable: false,
            disk: None,
            former: false,
            confirmed: false,
            sequence: 0,
            row: 0,
            damaged: 0,
            read_at: 0,
            read_in: 0,
        }
    }
    /// Whether the replica holds it (right or not).
    pub fn held(&self) -> bool {
        self.version > 0 && !self.removed
    }
    /// Whether it counts in the state digest.
    pub(super) fn counts(&self) -> bool {
        self.held() && self.damaged == 0 && self.is_confirmed()
    }
    /// Whether a package since the route last began anew has brought or confirmed it: only then can it be answered for.
    pub fn is_confirmed(&self) -> bool {
        self.confirmed
    }
    /// The projected digest.
    pub fn projection(&self) -> Digest {
        digest::projection(&self.digest, self.size, self.modified, self.executable)
    }
    /// How a row of the package `sequence` stands to what is held or removed here: whatever this life of the source says is newer
    /// than what another one said; then the higher version is; and where one version is said in two ways the later package.
    pub fn order(&self, version: u64, says: Option<Says>, sequence: u64) -> Ordering {
        if self.former || planted::is("older-version-applied") {
            return Ordering::Greater;
        }
        let same = says == (!self.removed).then_some(Says(self.digest, self.size, self.modified, self.executable));
        match version.cmp(&self.version) {
            Ordering::Equal if same => Ordering::Equal,
            Ordering::Equal if sequence <= self.sequence && !planted::is("earlier-package-of-one-version-wins") => Ordering::Less,
            Ordering::Equal => Ordering::Greater,
            other => other,
        }
    }
    /// The path at which it lies below the replica's root.
    pub fn path(&self) -> &ItemId {
        self.disk.as_ref().unwrap_or(&self.id)
    }
}

/// What a row says is there: content, size, modification time, whether it may be executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Says(Digest, u64, i64, bool);

impl From<&Document> for Says {
    fn from(document: &Document) -> Self {
        Self(document.digest, document.size, document.modified, document.executable)
    }
}

impl From<&StagedRow> for Says {
    fn from(row: &StagedRow) -> Self {
        Self(row.digest, row.size, row.modified, row.executable)
    }
}
