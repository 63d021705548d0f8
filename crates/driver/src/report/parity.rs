//! What parity reports, on either side.

use serde::Serialize;

/// `parity`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct ParityReport {
    /// The route.
    pub route: String,
    /// The run, hex.
    pub run: String,
    /// Which of its parity files this is, from 1.
    pub index: u64,
    /// How many there are.
    pub count: u64,
    /// Packages of the run.
    pub packages: u64,
    /// How many media of the run may be lost, whichever: fewer than `count` where one holds several packages.
    pub media: u64,
    /// Bytes of parity in the file.
    pub bytes: u64,
    /// The file's name; empty in a dry run.
    pub file: String,
    /// Whether nothing was written because it was a dry run.
    pub dry_run: bool,
}

/// A package that was rebuilt on the replica.
#[derive(Clone, Debug, Serialize)]
pub struct RepairedPackage {
    /// The route.
    pub route: String,
    /// Its sequence.
    pub sequence: u64,
    /// Its id, hex.
    pub package: String,
    /// The run, hex.
    pub run: String,
}
