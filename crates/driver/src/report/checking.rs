//! What `check` reports.

use serde::Serialize;
use serde_json::{Map, Value};
use std::collections::BTreeMap;

use super::Problem;

/// `check`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct CheckReport {
    /// The archive, or the folder.
    pub archive: String,
    /// The day that it was made for.
    pub today: String,
    /// Right records.
    pub records: u64,
    /// The same, by kind.
    pub kinds: BTreeMap<&'static str, u64>,
    /// Files that were left out because of a fault.
    pub left_out: u64,
    /// Records that are kept although something of them is doubtful.
    pub doubtful: u64,
    /// Files and folders that could not be read.
    pub unread: u64,
    /// What the rules found.
    pub findings: u64,
    /// The same, by rule.
    pub rules: BTreeMap<String, u64>,
    /// Parameters that are not set, so that they are not checked.
    pub not_set: Vec<&'static str>,
    /// Findings that are new.
    pub raised: u64,
    /// Findings whose alert got another version.
    pub changed: u64,
    /// Findings whose alert stays as it is.
    pub standing: u64,
    /// Findings whose alert a person has closed.
    pub closed: u64,
    /// Alerts whose finding is gone.
    pub over: u64,
    /// The first of them.
    pub alerts: Vec<AlertLine>,
    /// Whether nothing was written because of `--dry-run`.
    pub dry_run: bool,
    /// What is wrong with records, and what could not be read.
    pub problems: Vec<Problem>,
}

/// One alert.
#[derive(Clone, Debug, Serialize)]
pub struct AlertLine {
    /// Its `rid`.
    pub alert: String,
    /// X01 to X34.
    pub rule: String,
    /// `info`, `warn` or `high`.
    pub severity: String,
    /// Its region.
    pub region: String,
    /// `raised`, `changed`, `standing`, `closed` or `over`.
    pub change: &'static str,
    /// The records that it is about.
    pub subjects: Vec<String>,
    /// Its numbers.
    pub facts: Map<String, Value>,
}
