//! What every operation reports: plain values that the binary prints for people or as one JSON object.
//!
//! The field names are those of `spec/cli.md`. Nothing here is formatted for a language; problems carry a stable code and
//! the binary adds advice and the exit code.

mod certificates;
mod checking;
mod inspecting;
mod keeping;
mod keys;
mod parity;
mod purging;
mod scrubbing;
mod setting_up;

pub use certificates::{
    CertificateCodeReport, CertificateNewest, CertificateReport, CertificateSignReport, CertificateSigner, CertificatesReport, SignedCertificate,
};
pub use checking::{AlertLine, CheckReport};
pub use inspecting::InspectReport;
pub use keeping::{AsOf, BackupReport, HistoryEntry, HistoryReport, HomeRestoreReport, RestoreReport};
pub use keys::{KeysReport, KeysRevokedReport, RouteKeysReport};
pub use parity::{ParityReport, RepairedPackage};
pub use purging::{HoldingPackage, PurgeReport, PurgedItem, RoutePurge};
pub use scrubbing::{ExtraFile, ScrubReport, ScrubShare};
pub use setting_up::{CardReport, InitReport, SetupReport, TrustReport};

use serde::Serialize;
use wire::ItemId;

/// Something that needs attention: the stable code, what it is about, what was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// Stable code, as in `spec/codes.md`.
    pub code: &'static str,
    /// The route, item, file or medium it is about.
    pub subject: String,
    /// What was seen, in English.
    pub detail: String,
}

/// Why an operation could not be carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure(pub Problem);

impl Failure {
    /// A failure with this code.
    pub fn new(code: &'static str, subject: impl Into<String>, detail: impl Into<String>) -> Self {
        Self(Problem { code, subject: subject.into(), detail: detail.into() })
    }
    /// Input or output failed at `subject`.
    pub fn io(subject: impl Into<String>, error: &std::io::Error) -> Self {
        Self::new("IO-01", subject, error.to_string())
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}: {}", self.0.code, self.0.subject, self.0.detail)
    }
}
impl std::error::Error for Failure {}

/// One name that capture left out.
#[derive(Clone, Debug, Serialize)]
pub struct LeftOut {
    /// The path below the root.
    pub path: ItemId,
    /// `link`, `device`, `mount`, `unreadable`, `unstable`, `too-long`.
    pub why: &'static str,
}

/// What capture saw of one archive.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ArchiveCapture {
    /// The archive.
    pub archive: String,
    /// Items it holds now.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
    /// New items.
    pub added: u64,
    /// Items that changed.
    pub modified: u64,
    /// Items that are gone.
    pub deleted: u64,
    /// Documents that were re-read (`--deep`, or changed within the clock tick).
    pub reread: u64,
    /// Documents that were re-read because that was due.
    pub scrubbed: u64,
    /// Documents that were last read longer ago than the period of the scrub, and still were not.
    pub overdue: u64,
    /// Items whose content differs though the file system shows no change.
    pub rotten: Vec<ItemId>,
    /// The items that were added, modified or deleted, at most `LISTED_MAX` of each.
    pub changes: Vec<Change>,
    /// What was left out and why, at most `LISTED_MAX`.
    pub left_out: Vec<LeftOut>,
    /// How many were left out in all.
    pub left_out_total: u64,
    /// Part of it could not be looked into, and may hold what no ledger knows.
    #[serde(skip)]
    pub hidden: bool,
}

/// Longest list in a report that a person reads; totals are always exact.
pub const LISTED_MAX: usize = 1000;

/// One change.
#[derive(Clone, Debug, Serialize)]
pub struct Change {
    /// The item.
    pub item: ItemId,
    /// `added`, `modified`, `deleted`.
    pub change: &'static str,
}

/// `capture`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CaptureReport {
    /// Per archive.
    pub archives: Vec<ArchiveCapture>,
    /// What needs attention.
    pub problems: Vec<Problem>,
}

/// A package that was written (or would be, in a dry run).
#[derive(Clone, Debug, Serialize)]
pub struct PackageReport {
    /// The route.
    pub route: String,
    /// Its sequence; 0 in a dry run.
    pub sequence: u64,
    /// Its id, hex; empty in a dry run.
    pub package: String,
    /// Items it brings.
    pub items: u64,
    /// Of these, removals.
    pub removals: u64,
    /// Bytes of their documents.
    pub document_bytes: u64,
    /// Bytes of the file; an upper estimate in a dry run.
    pub file_bytes: u64,
    /// True for a package without items, which only acknowledges receipts.
    pub acknowledgement: bool,
    /// True for a package that brings no content and asks what the replica holds.
    pub inventory: bool,
}

/// What waits because it did not fit.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Waiting {
    /// The route.
    pub route: String,
    /// Items that wait for another medium.
    pub items: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// `pack`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PackReport {
    /// What capture saw first.
    pub captured: CaptureReport,
    /// Packages written.
    pub packages: Vec<PackageReport>,
    /// Records among those packed (or that would be) that must not wait, by the template of their route.
    pub urgent: u64,
    /// What waits for another medium.
    pub waiting: Vec<Waiting>,
    /// Whether nothing was written because it was a dry run.
    pub dry_run: bool,
    /// In a dry run, the items that would be packed, at most `LISTED_MAX`.
    pub planned: Vec<PlannedItem>,
    /// What needs attention.
    pub problems: Vec<Problem>,
}

/// One item of a dry run.
#[derive(Clone, Debug, Serialize)]
pub struct PlannedItem {
    /// The route.
    pub route: String,
    /// The item.
    pub item: ItemId,
    /// `add`, `record`, `document`, `delete`, ...
    pub mark: &'static str,
    /// Its version.
    pub version: u64,
    /// Bytes of its document.
    pub bytes: u64,
    /// Why it travels: `new`, `due`, `unproven`.
    pub because: &'static str,
}

/// What was done with one package on the replica.
#[derive(Clone, Debug, Serialize)]
pub struct AppliedPackage {
    /// The route; empty when the package was refused before it was known.
    pub route: String,
    /// Its sequence.
    pub sequence: u64,
    /// Its id, hex.
    pub package: String,
    /// `applied`, `replayed`, `acknowledgement`, `refused`, `stopped`, `planned` (dry run).
    pub result: &'static str,
    /// Items switched in.
    pub written: u64,
    /// Items removed.
    pub removed: u64,
    /// Items of which nothing older is to be left.
    pub purged: u64,
    /// Of those removed, how many are still at the source, but no longer for this replica.
    pub withdrawn: u64,
    /// Items that needed nothing.
    pub unchanged: u64,
    /// Items that failed.
    pub failed: u64,
    /// Bytes of documents written.
    pub bytes: u64,
}

/// A receipt that was written.
#[derive(Clone, Debug, Serialize)]
pub struct ReceiptReport {
    /// The route.
    pub route: String,
    /// Its number.
    pub number: u64,
    /// `full`, `digest` or `scrub`.
    pub form: &'static str,
    /// Packages it answers.
    pub answers: u64,
    /// The file's name.
    pub file: String,
    /// False when the medium held it already.
    pub written: bool,
}

/// `apply`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ApplyReport {
    /// Per package.
    pub packages: Vec<AppliedPackage>,
    /// Receipts for the way back.
    pub receipts: Vec<ReceiptReport>,
    /// Packages that were rebuilt from parity.
    pub repaired: Vec<RepairedPackage>,
    /// Local changes that were kept aside, below the replica's dot folder.
    pub kept_aside: Vec<ItemId>,
    /// Items under an escaped name, at most `LISTED_MAX`.
    pub escaped: Vec<ItemId>,
    /// What was re-read by the way.
    pub scrubbed: ScrubShare,
    /// Whether nothing was changed because it was a dry run.
    pub dry_run: bool,
    /// What needs attention.
    pub problems: Vec<Problem>,
}

/// A receipt that was taken in.
#[derive(Clone, Debug, Serialize)]
pub struct TakenReceipt {
    /// The route.
    pub route: String,
    /// Its number.
    pub number: u64,
    /// `taken`, `replayed`, `refused`, `stopped`.
    pub result: &'static str,
    /// Packages it answered.
    pub answers: u64,
    /// Items proven by it.
    pub proven: u64,
    /// Items that it shows to be wrong and that travel again.
    pub failed: u64,
    /// Items that the replica was asked for and does not hold: they travel.
    pub not_held: u64,
    /// Packages that it shows to be missing.
    pub missing: u64,
    /// Files on the replica that no item accounts for, as it says.
    pub extra: u64,
}

/// A discrepancy that a receipt showed.
#[derive(Clone, Debug, Serialize)]
pub struct Discrepancy {
    /// The route.
    pub route: String,
    /// The item.
    pub item: ItemId,
    /// `corrupt`, `missing`, `base-missing`, ...: the word of the outcome.
    pub outcome: &'static str,
}

/// `reconcile`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ReconcileReport {
    /// Per receipt.
    pub receipts: Vec<TakenReceipt>,
    /// What differed, at most `LISTED_MAX`.
    pub discrepancies: Vec<Discrepancy>,
    /// Files of ours removed from the medium because they have served.
    pub removed: u64,
    /// What needs attention.
    pub problems: Vec<Problem>,
}

/// `carry`: what was right here and now with this medium.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CarryReport {
    /// `source` or `replica`.
    pub role: &'static str,
    /// Source: receipts taken in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reconciled: Option<ReconcileReport>,
    /// Source: packages written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub packed: Option<PackReport>,
    /// Replica: packages applied, receipts written.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub applied: Option<ApplyReport>,
    /// What to do with the medium now: `take-to-replica`, `take-to-source`, `nothing`, `needs-person`.
    pub next: &'static str,
    /// Zones it goes to next.
    pub zones: Vec<String>,
    /// Files on the medium that are not ours, left alone; at most `LISTED_MAX`.
    pub foreign: Vec<ItemId>,
    /// How many there are.
    pub foreign_total: u64,
}

/// Items of a route by state; disjoint, adding up to `total`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// All.
    pub total: u64,
    /// To be sent.
    pub pending: u64,
    /// In a sealed package, not answered yet.
    pub packed: u64,
    /// Proven at the newest captured version.
    pub done: u64,
    /// A receipt says it is wrong; travels again.
    pub failed: u64,
    /// Proven at an older version than the newest captured.
    pub stale: u64,
    /// Given up by a person.
    pub cancelled: u64,
}

/// A route in `status`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RouteStatus {
    /// Its name.
    pub route: String,
    /// The zone on the other side.
    pub other_zone: String,
    /// Source: its archive. Replica: its tree.
    pub place: String,
    /// Its packages (source) or receipts (replica) go into a gateway folder, by the daemon: nobody carries them.
    pub gateway: bool,
    /// Items by state; on a replica, `done` are those attested, `failed` those not right.
    pub items: Counts,
    /// Bytes of the items' documents.
    pub bytes: u64,
    /// Last sequence packed (source) or highest seen (replica).
    pub sequence: u64,
    /// Number of the last receipt taken in (source) or made (replica).
    pub receipt: u64,
    /// Seconds since the oldest change was captured that is in no package yet.
    pub oldest_unpacked_seconds: Option<u64>,
    /// Seconds since the oldest change was captured that is not proven yet.
    pub oldest_unproven_seconds: Option<u64>,
    /// Records that are not proven and must not wait, by the template (source).
    pub urgent: u64,
    /// Packages on the way.
    pub packages_unanswered: u64,
    /// Why the route stands still, if it does: a code.
    pub stopped: Option<String>,
    /// Who has agreed so far that it goes on, where several people must.
    pub agreed: Vec<String>,
    /// Items under an escaped name (replica).
    pub escaped: u64,
    /// Seconds since the other side was last heard of; none where nothing is expected without somebody carrying it.
    pub silent_seconds: Option<u64>,
    /// Replica: seconds since the item that was read back longest ago was.
    pub oldest_read_seconds: Option<u64>,
    /// Files on the replica that no item accounts for: when they were last looked for (replica), as the newest receipt says (source).
    pub extra: u64,
    /// Where its keys stand.
    pub keys: RouteKeysReport,
    /// Items that no receipt (source) or package (replica) has confirmed since the route began anew.
    pub unconfirmed: u64,
    /// Source: items of which nothing older is to be left at the replica, and that is not proven yet.
    pub purging: u64,
    /// Source: who has agreed so far to a purge that needs several people.
    pub purge_agreed: Vec<String>,
    /// What to do next: `pack`, `carry`, `wait-for-receipt`, `release-breaker`, `trust-card`, `rebase`, `needs-person`, `nothing`.
    pub next: &'static str,
}

/// `status`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct StatusReport {
    /// Zone name.
    pub zone: String,
    /// `source` or `replica`.
    pub role: &'static str,
    /// Newest generation of this zone's keys.
    pub generation: u32,
    /// Per route.
    pub routes: Vec<RouteStatus>,
    /// Records in the ledger.
    pub ledger_records: u64,
    /// Its head, hex.
    pub ledger_head: String,
    /// Its incarnation, hex: what two people compare when a route stopped at a fork.
    pub incarnation: String,
    /// What needs attention.
    pub problems: Vec<Problem>,
}

/// An item in `items`.
#[derive(Clone, Debug, Serialize)]
pub struct ItemReport {
    /// The route.
    pub route: String,
    /// The item.
    pub item: ItemId,
    /// Its state.
    pub state: &'static str,
    /// Its newest change mark.
    pub mark: &'static str,
    /// Newest captured version (source) or held version (replica).
    pub version: u64,
    /// Version last packed; 0 for never.
    pub packed_version: u64,
    /// Sequence it was last packed in; 0 for never.
    pub packed_sequence: u64,
    /// Version proven; 0 for none.
    pub proven_version: u64,
    /// Digest of its document, hex; empty while it was never read.
    pub digest: String,
    /// Bytes of its document.
    pub bytes: u64,
    /// How often it was packed.
    pub attempts: u32,
    /// Last discrepancy, the word of its outcome; empty for none.
    pub discrepancy: &'static str,
    /// Where it lies if not under its own name (replica).
    #[serde(skip_serializing_if = "Option::is_none")]
    pub disk: Option<ItemId>,
}

/// `items`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ItemsReport {
    /// The items.
    pub items: Vec<ItemReport>,
}

/// `resend`, `cancel`, `breaker release`.
#[derive(Clone, Debug, Serialize)]
pub struct ActReport {
    /// `resend`, `cancel`, `breaker-release`.
    pub act: &'static str,
    /// The route.
    pub route: String,
    /// Items it touched (for a breaker: changes agreed to).
    pub items: u64,
    /// Who has agreed so far, where several people must (`breaker release`).
    pub agreed: Vec<String>,
    /// How many others must agree before the route goes on.
    pub missing: u64,
    /// Items that are not there in a tree which people say is new: the next receipt tells the source (`breaker release` on a replica).
    pub absent: u64,
    /// Whether nothing was done because of `--dry-run` (`breaker release`).
    pub dry_run: bool,
    /// What needs attention.
    pub problems: Vec<Problem>,
}

/// `rebase`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RebaseReport {
    /// `source` or `replica`.
    pub role: &'static str,
    /// The route.
    pub route: String,
    /// What is done: `new-life` (this ledger begins a new life), `ask` (the replica is asked what it holds), `follow` (what the
    /// source says from now on is followed), `refuse` (what stopped the route is refused, and it goes on as before).
    pub way: &'static str,
    /// The life of the other side that is followed, or refused, where one stopped the route, hex.
    pub life: Option<String>,
    /// The routes that begin anew; with a new life all of this home.
    pub routes: Vec<String>,
    /// This ledger's incarnation afterwards, hex.
    pub incarnation: String,
    /// Items that are to be confirmed by receipt.
    pub confirm_items: u64,
    /// Their bytes.
    pub confirm_bytes: u64,
    /// Source: items among them of which it is known that the replica does not hold them as they are; the receipt may name more.
    pub send_items: u64,
    /// Their bytes.
    pub send_bytes: u64,
    /// Who has agreed so far, where several people must.
    pub agreed: Vec<String>,
    /// How many others must agree before anything begins anew.
    pub missing: u64,
    /// Whether nothing was done because of `--dry-run`.
    pub dry_run: bool,
    /// What needs attention.
    pub problems: Vec<Problem>,
}

/// `ledger verify`, `ledger rebuild`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct LedgerReport {
    /// Records verified (or folded into the index): all, or those of the chain before the first bad one that nobody contradicts.
    pub records: u64,
    /// Segments in which they lie.
    pub segments: u64,
    /// Bytes.
    pub bytes: u64,
    /// Head behind the last of them, hex.
    pub head: String,
    /// The first bad record, if there is one.
    pub first_bad: Option<u64>,
    /// What needs attention.
    pub problems: Vec<Problem>,
}
