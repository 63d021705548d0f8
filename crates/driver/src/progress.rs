//! How long work shows how far it is: stages with items and bytes. Counting is cheap and never blocks.

/// What is being done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Looking for changes.
    Capture,
    /// Reading, compressing, sealing.
    Pack,
    /// Reading the written package back from the medium.
    ReadBack,
    /// Checking what lies on the medium.
    Check,
    /// Verifying and unpacking beside the replica.
    Stage,
    /// Switching in.
    Apply,
    /// Reading the replica back.
    Attest,
    /// Taking receipts in.
    Reconcile,
    /// Verifying or folding the ledger.
    Ledger,
    /// Re-reading the whole replica.
    Scrub,
    /// Reading and checking records.
    Records,
    /// The cross-checks over all records.
    CrossChecks,
    /// Writing an invented county.
    County,
    /// Copying documents out of the replica.
    Restore,
    /// Writing or checking a backup of the home.
    Backup,
    /// Signing certificates.
    Sign,
}

/// Receives progress. All methods may be called from several threads.
pub trait Progress: Send + Sync {
    /// A stage begins; totals are given where they are known.
    fn begin(&self, stage: Stage, items: Option<u64>, bytes: Option<u64>);
    /// So much more is done.
    fn advance(&self, items: u64, bytes: u64);
    /// The stage ends.
    fn end(&self);
    /// Something a person should know at once, which is no problem: `code` is a text of the binary, with its details.
    fn notice(&self, code: &'static str, detail: &str);
}

/// Shows nothing.
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _: Stage, _: Option<u64>, _: Option<u64>) {}
    fn advance(&self, _: u64, _: u64) {}
    fn end(&self) {}
    fn notice(&self, _: &'static str, _: &str) {}
}
