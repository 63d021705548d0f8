//! What re-reading a replica reports.

use serde::Serialize;
use wire::ItemId;

use super::{Discrepancy, Problem, ReceiptReport};

/// A file in a replica tree that no item accounts for.
#[derive(Clone, Debug, Serialize)]
pub struct ExtraFile {
    /// The route.
    pub route: String,
    /// Its path below the root of the tree.
    pub path: ItemId,
}

/// What a command re-read by the way, because it was due.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ScrubShare {
    /// Items re-read.
    pub items: u64,
    /// Bytes re-read.
    pub bytes: u64,
    /// What is not right, at most `LISTED_MAX`.
    pub damaged: Vec<Discrepancy>,
    /// Files that no item accounts for, where they were looked for.
    pub extra: u64,
}

/// `scrub`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ScrubReport {
    /// Items re-read.
    pub items: u64,
    /// Bytes re-read.
    pub bytes: u64,
    /// Documents whose modification time or executable bit somebody had changed, and which have them again.
    pub attributes: u64,
    /// Items that this scrub did not read because an interrupted one that it goes on with had.
    pub resumed: u64,
    /// What is not right, at most `LISTED_MAX`.
    pub damaged: Vec<Discrepancy>,
    /// Files that no item accounts for and that still lie there, at most `LISTED_MAX`.
    pub extra: Vec<ExtraFile>,
    /// How many there are.
    pub extra_total: u64,
    /// Such files that were moved below the dot folder.
    pub set_aside: u64,
    /// Receipts for the way back.
    pub receipts: Vec<ReceiptReport>,
    /// What needs attention.
    pub problems: Vec<Problem>,
}
