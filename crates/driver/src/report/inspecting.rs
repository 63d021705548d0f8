//! What `inspect` reports.

use serde::Serialize;

use super::Problem;

/// `inspect`: what can be said of a file, key by key.
#[derive(Clone, Debug, Default, Serialize)]
pub struct InspectReport {
    /// `package`, `receipt`, `label`, `card`.
    pub kind: &'static str,
    /// The file.
    pub file: String,
    /// Whether it opened with the key of this home.
    pub opened: bool,
    /// Everything else, in order.
    pub facts: serde_json::Map<String, serde_json::Value>,
    /// What needs attention (for a refused file its clause).
    pub problems: Vec<Problem>,
}
