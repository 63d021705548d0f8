//! What earlier versions on a replica, restoring from it, and a home's backup and restoring, report.

use serde::Serialize;
use wire::ItemId;

use super::Problem;

/// A moment in the life of a replica.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AsOf {
    /// Records of its ledger up to then.
    pub records: u64,
    /// What the last of them says of the time, seconds since 1970; for the present, the time now.
    pub time: i64,
    /// Sequence of the package that was applied last; 0 for none.
    pub sequence: u64,
}

/// `restore`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RestoreReport {
    /// The route.
    pub route: String,
    /// Where to.
    pub folder: String,
    /// The moment.
    pub as_of: AsOf,
    /// Items that were held then and are meant.
    pub items: u64,
    /// Bytes of their documents.
    pub bytes: u64,
    /// Documents restored (in a dry run: to be restored).
    pub restored: u64,
    /// Their bytes.
    pub restored_bytes: u64,
    /// Documents that were there already.
    pub there: u64,
    /// Documents whose name something else has.
    pub occupied: u64,
    /// Documents that this replica does not have any more.
    pub missing: u64,
    /// Documents that the system did not let be written or read.
    pub refused: u64,
    /// Whether nothing was written because it was a dry run.
    pub dry_run: bool,
    /// What needs attention, at most `LISTED_MAX`.
    pub problems: Vec<Problem>,
}

/// `home backup`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct BackupReport {
    /// The folder.
    pub folder: String,
    /// Name of the zone whose home it is.
    pub zone: String,
    /// The generation written (in a dry run: to be written; verifying: the newest).
    pub generation: u64,
    /// Files of the home in it.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Bytes of them that were written.
    pub written_bytes: u64,
    /// Bytes of them that an earlier generation had written.
    pub shared_bytes: u64,
    /// Generations that are there.
    pub generations: Vec<u64>,
    /// Generations that were removed.
    pub removed: Vec<u64>,
    /// Records of the ledger in it.
    pub ledger_records: u64,
    /// Digest of the last of them, hex.
    pub ledger_head: String,
    /// Whether every byte of every generation was checked and is right.
    pub verified: bool,
    /// Whether nothing was written because it was a dry run.
    pub dry_run: bool,
    /// What needs attention.
    pub problems: Vec<Problem>,
}

/// `home restore`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HomeRestoreReport {
    /// The home.
    pub home: String,
    /// Zone name.
    pub zone: String,
    /// `source` or `replica`.
    pub role: &'static str,
    /// The generation it was made from.
    pub generation: u64,
    /// When that was made, seconds since 1970.
    pub time: i64,
    /// Records of the ledger in it.
    pub ledger_records: u64,
    /// Files of the home.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Its routes: each is taken up again with `rebase` on the other side.
    pub routes: Vec<String>,
    /// The new life of its ledger, hex; none in a dry run.
    pub incarnation: Option<String>,
    /// Whether nothing was written because it was a dry run.
    pub dry_run: bool,
}

/// An earlier version on the replica.
#[derive(Clone, Debug, Serialize)]
pub struct HistoryEntry {
    /// The route.
    pub route: String,
    /// The item.
    pub item: ItemId,
    /// Its version.
    pub version: u64,
    /// Digest of the document, hex; empty of what was purged.
    pub digest: String,
    /// Bytes; 0 of what was purged.
    pub bytes: u64,
    /// When it was replaced or removed, seconds since 1970.
    pub replaced_at: i64,
    /// Mark of what took its place: `delete` and `withdraw` left nothing.
    pub replaced_by: &'static str,
    /// False when its content is not there: somebody had removed the file on the replica before it was replaced, or it was purged.
    pub kept: bool,
    /// Its content was erased because the source asked for that.
    pub purged: bool,
}

/// `history`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct HistoryReport {
    /// The entries, by item, newest version first.
    pub entries: Vec<HistoryEntry>,
    /// How many were restored.
    pub restored: u64,
    /// What needs attention.
    pub problems: Vec<Problem>,
}
