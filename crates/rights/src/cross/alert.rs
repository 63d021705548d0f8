//! From a finding to an alert (E26), a record like any other.

use super::Finding;
use crate::record::Record;
use crate::scalar::Date;
use serde_json::{Map, Value, json};

/// Most subjects that one alert names.
pub const SUBJECTS_MAX: usize = 100;
/// Days until an alert is overdue.
const DUE_DAYS: i32 = 30;

/// What an alert says that no record does.
#[derive(Clone, Copy, Debug)]
pub struct Raised<'a> {
    /// When it is raised: RFC 3339, and the milliseconds since 1970 that it is.
    pub at: &'a str,
    /// The same moment in milliseconds since 1970-01-01T00:00:00Z.
    pub milliseconds: u64,
    /// The day.
    pub today: Date,
    /// Who records it.
    pub by: &'a str,
    /// The role that looks into it, in the region of its first subject.
    pub role: &'a str,
}

impl Finding {
    /// The alert. Its id is made of the moment, the rule and the subjects: the same check at the same moment gives the same bytes.
    pub fn alert(&self, raised: &Raised<'_>) -> Record {
        let rid = self.rid(raised.milliseconds);
        let facts: Map<String, Value> = self.facts.iter().map(|(name, _, value)| ((*name).to_owned(), json!(value))).collect();
        let numbers: Vec<String> = self.facts.iter().map(|(_, zh, value)| format!("{zh} {value}")).collect();
        let message = if numbers.is_empty() { self.rule.zh().to_owned() } else { format!("{}：{}", self.rule.zh(), numbers.join("，")) };
        let subjects: Vec<&String> = self.subjects.iter().take(SUBJECTS_MAX).collect();
        let mut value = json!({
            "rid": rid, "alert_id": rid, "kind": "alert", "version": 1, "region": self.region, "state": "open", "sens": "Personal",
            "valid_from": raised.today.to_string(), "recorded_at": raised.at, "recorded_by": raised.by,
            "rule_id": self.rule.id(), "severity": self.severity.name(), "subjects": subjects, "facts": facts, "message_zh": message,
            "raised_at": raised.at, "due": raised.today.after(DUE_DAYS).to_string(),
            "assignee": { "role": raised.role, "region": self.region },
        });
        if !self.org_rid.is_empty() {
            value["org_rid"] = json!(self.org_rid);
        }
        Record::of(value).expect("an alert follows its own table: tests raise one of each rule")
    }

    /// A UUID of version 7 in time, and in place of its random part the digest of what the alert says.
    fn rid(&self, milliseconds: u64) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.rule.id().as_bytes());
        self.subjects.iter().for_each(|subject| {
            hasher.update(subject.as_bytes());
        });
        self.facts.iter().for_each(|(name, _, value)| {
            hasher.update(name.as_bytes()).update(&value.to_le_bytes());
        });
        let digest = hasher.finalize();
        let random = digest.as_bytes()[..10].iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        let time = u128::from(milliseconds & 0xffff_ffff_ffff) << 80;
        let bits = time | 0x7 << 76 | (random >> 68 & 0xfff) << 64 | 0b10 << 62 | random & 0x3fff_ffff_ffff_ffff;
        let hex = format!("{bits:032x}");
        format!("alert-{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }
}
