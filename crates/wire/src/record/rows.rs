//! The rows of the records: what each says of one item, document or package.

use super::Shape;
use crate::id::{Bytes, Digest, ItemId, MediumId, TransactionId};
use crate::manifest::{Mark, Part};
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// What the file system says of a document at the source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileStat {
    /// Bytes.
    pub size: u64,
    /// mtime, ns since 1970.
    pub modified: i64,
    /// ctime, ns since 1970.
    pub changed: i64,
    /// Inode.
    pub inode: u64,
    /// Whether it may be executed.
    pub executable: bool,
}

impl FileStat {
    /// Whether it is the same file with the same claim about its content, whatever its name and rights.
    pub fn is_same_content(&self, other: &Self) -> bool {
        (self.size, self.modified, self.inode) == (other.size, other.modified, other.inode)
    }
}

/// A captured change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct CapturedRow {
    /// Number of the item in its archive.
    pub item: u32,
    /// Its id, when the ledger meets it for the first time.
    pub id: Option<ItemId>,
    /// The version that this change makes.
    pub version: u64,
    /// What the file system says; none when it is gone.
    pub stat: Option<FileStat>,
}

/// A document that was read, outside a package.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReadRow {
    /// Number of the item.
    pub item: u32,
    /// The version that was read.
    pub version: u64,
    /// Digest of its content.
    pub digest: Digest,
    /// It had changed within the clock tick of the file system, so it is read again next time.
    pub young: bool,
    /// What its beginning looks like.
    pub shape: Shape,
}

/// An item as it was packed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PackedRow {
    /// Number of the item in its archive.
    pub item: u32,
    /// Its version.
    pub version: u64,
    /// Its change mark.
    pub mark: Mark,
    /// Digest of its document; zero when it is removed.
    pub digest: Digest,
    /// Size of its document, bytes.
    pub bytes: u64,
    /// What the ledger compares: digest of the projection; zero when it is removed.
    pub projected: Digest,
    /// What the receipt must say.
    pub expected: Digest,
    /// The part, if it is not whole.
    pub part: Option<Part>,
    /// See `ReadRow::young`.
    pub young: bool,
    /// See `ReadRow::shape`.
    pub shape: Shape,
    /// Digest of what was read, where a projection of it was packed.
    pub read: Option<Digest>,
}

/// What a record file of an archive says of itself, or what is wrong with it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DescribedRow {
    /// Number of the item: the record, or a document of it.
    pub item: u32,
    /// The version that was read.
    pub version: u64,
    /// First 8 bytes of the digest of its `rid`; zero for a document, or a record without one.
    pub rid: u64,
    /// Its business transaction, as 16 bytes of the digest of its `txn_id`; a document has that of its record.
    pub transaction: Option<[u8; 16]>,
    /// Code of what is wrong with the record; empty when nothing is. Nothing of the record travels then.
    pub fault: String,
}

/// Whether a route carries an item at a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct JudgedRow {
    /// Number of the item in its archive.
    pub item: u32,
    /// Its version.
    pub version: u64,
    /// What the template of the route makes of it.
    pub verdict: Verdict,
}

/// What the template of a route makes of an item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Verdict {
    /// The route does not carry it: what the replica holds of it is to be withdrawn.
    Out,
    /// The route carries it, and it is to travel.
    In,
    /// The route carries it, and what is proven at the replica is its projection already.
    Same,
}

impl PackedRow {
    /// Whether the item is gone afterwards.
    pub fn removes(&self) -> bool {
        self.mark.removes() || self.mark == Mark::Purge && self.digest == Digest::ZERO
    }
}

/// One chunk of a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Chunk {
    /// First 16 bytes of its digest; the whole document's digest is what counts.
    pub digest: [u8; 16],
    /// Bytes.
    pub length: u32,
}

/// The chunks of a document that was packed, for the delta of its next version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChunkList {
    /// Digest of the document.
    pub document: Digest,
    /// Chunker: 1 = FastCDC 2020, 16/64/256 KiB, normalisation level 1.
    pub chunker: u16,
    /// Its chunks in order.
    pub chunks: Vec<Chunk>,
}

/// Where a package was put.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Carried {
    /// On a medium.
    Medium(MediumId),
    /// Into the gateway folder of its route.
    Gateway,
}

/// What a receipt settled about one item.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SettledRow {
    /// Number of the item.
    pub item: u32,
    /// Version that was packed.
    pub version: u64,
    /// Projected digest that was packed.
    pub projected: Digest,
    /// Content digest that was packed.
    pub digest: Digest,
    /// Size of the content, bytes.
    pub bytes: u64,
    /// Number of the outcome; a proving outcome whose digest differs is recorded as `Corrupt`.
    pub outcome: u16,
    /// The part that was answered, if it was one: its offset and length.
    pub part: Option<(u64, u64)>,
    /// Whether the item is removed by it.
    pub removed: bool,
    /// Sequence of the package, where it was a purge that is answered: a proving outcome says that nothing older was found.
    pub purged: Option<u64>,
}

/// What is to be done with a row of a package on the replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Step {
    /// Switch the staged file in.
    Write,
    /// The content is there already; set its attributes.
    Attributes,
    /// Remove.
    Remove,
    /// Keep a part; the document is not whole yet.
    Hold,
    /// Nothing, with this outcome.
    Nothing(u16),
    /// What lies there already is right: take it up.
    Adopt,
    /// Remove what an inventory does not name. Stands behind the rows of the package and is answered by none.
    Drop,
}

/// A row of the apply record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct StagedRow {
    /// Number of the item in its route.
    pub item: u32,
    /// Its id, when the ledger meets it for the first time.
    pub id: Option<ItemId>,
    /// Its version.
    pub version: u64,
    /// Its change mark.
    pub mark: Mark,
    /// The business transaction that it belongs to.
    pub transaction: Option<TransactionId>,
    /// What is to be done.
    pub step: Step,
    /// Digest of the document; zero when removed.
    pub digest: Digest,
    /// Its size, bytes.
    pub size: u64,
    /// Its mtime, ns since 1970.
    pub modified: i64,
    /// Whether it may be executed.
    pub executable: bool,
    /// The part, if it is one.
    pub part: Option<Part>,
}

impl StagedRow {
    /// Whether the item is gone afterwards.
    pub fn removes(&self) -> bool {
        self.mark.removes() || self.mark == Mark::Purge && self.digest == Digest::ZERO
    }
}

/// What differed from the plan when a row was switched in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AppliedRow {
    /// Place in the package.
    pub row: u32,
    /// Number of the outcome.
    pub outcome: u16,
    /// The path on disk, where it is not the id.
    pub disk: Option<Bytes>,
    /// Where a local change was kept, below the dot folder.
    pub kept: Option<Bytes>,
}
