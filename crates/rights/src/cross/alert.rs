//! From a finding to an alert (E26), a record like any other, and what becomes of an alert when the checks are made again.

use super::{Fact, Finding, Parameters};
use crate::kind::Sens;
use crate::record::Record;
use crate::scalar::{Date, INTEGER_MAX};
use crate::tree::Tree;
use serde_json::{Map, Value, json};
use unicode_normalization::is_nfc;

/// Most subjects that one alert names.
pub const SUBJECTS_MAX: usize = 100;
/// Days until an alert is overdue.
const DUE_DAYS: i32 = 30;
/// Facts that tell apart what one rule finds of the same records.
const TELLS_APART: &[&str] = &["due_no", "year"];
/// Facts that are others every day though nothing changed.
const OF_THE_DAY: &[&str] = &["days", "days_left"];

/// Longest role that an alert names, characters.
const ROLE_CHARACTERS_MAX: usize = 50;

/// Whether an alert may be for a role of this name: 1 to 50 characters, in normal form C.
pub fn is_role(text: &str) -> bool {
    (1..=ROLE_CHARACTERS_MAX).contains(&text.chars().count()) && is_nfc(text)
}

/// What an alert says that no record does.
#[derive(Clone, Copy, Debug)]
pub struct Raised<'a> {
    /// When it is raised or changed: RFC 3339.
    pub at: &'a str,
    /// The day.
    pub today: Date,
    /// Who records it.
    pub by: &'a str,
    /// The role that looks into it, in the region of its first subject ([`is_role`]).
    pub role: &'a str,
}

impl Finding {
    /// The alert. `occurrence` is 0, or how many alerts of the same finding were closed and over before.
    pub fn alert(&self, occurrence: u32, raised: &Raised<'_>) -> Record<'static> {
        let rid = self.rid(occurrence);
        let subjects: Vec<&String> = self.subjects.iter().take(SUBJECTS_MAX).collect();
        let mut value = json!({
            "rid": rid, "alert_id": rid, "kind": "alert", "version": 1, "region": self.region, "state": "open", "sens": self.sens.name(),
            "valid_from": raised.today.to_string(), "recorded_at": raised.at, "recorded_by": raised.by,
            "rule_id": self.rule.id(), "severity": self.severity.name(), "subjects": subjects, "facts": facts(&self.facts),
            "message_zh": self.message(), "raised_at": raised.at, "due": raised.today.after(DUE_DAYS).to_string(),
            "assignee": { "role": raised.role, "region": self.region },
        });
        if !self.org_rid.is_empty() {
            value["org_rid"] = json!(self.org_rid);
        }
        Record::of(value).expect("an alert follows its own table: tests raise one of each rule")
    }

    /// The id of its alert: a UUID of version 7 with the time of the first subject's, and in place of its random part the digest of what makes it
    /// this finding and no other: rule, subjects, which facts there are, and those that tell apart. Numbers may change meanwhile.
    pub fn rid(&self, occurrence: u32) -> String {
        let mut hasher = blake3::Hasher::new();
        hasher.update(self.rule.id().as_bytes());
        self.subjects.iter().for_each(|subject| {
            hasher.update(subject.as_bytes());
        });
        for (name, _, value) in &self.facts {
            hasher.update(name.as_bytes());
            if TELLS_APART.contains(name) {
                hasher.update(&value.to_le_bytes());
            }
        }
        hasher.update(&occurrence.to_le_bytes());
        let digest = hasher.finalize();
        let random = digest.as_bytes()[..10].iter().fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
        let time = self.subjects.first().map_or(0, |subject| time_of(subject)) << 80;
        let bits = time | 0x7 << 76 | (random >> 68 & 0xfff) << 64 | 0b10 << 62 | random & 0x3fff_ffff_ffff_ffff;
        let hex = format!("{bits:032x}");
        format!("alert-{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
    }

    fn message(&self) -> String {
        let numbers: Vec<String> = self.facts.iter().map(|(_, zh, value)| format!("{zh} {value}")).collect();
        if numbers.is_empty() { self.rule.zh().to_owned() } else { format!("{}：{}", self.rule.zh(), numbers.join("，")) }
    }
}

fn facts(facts: &[Fact]) -> Map<String, Value> {
    facts.iter().map(|(name, _, value)| ((*name).to_owned(), json!(value))).collect()
}

/// The 48 bits of time in the UUID of a `rid`.
fn time_of(rid: &str) -> u128 {
    let digits = rid.split_once('-').map_or("", |(_, uuid)| uuid).bytes().filter(|byte| *byte != b'-').take(12);
    digits.fold(0, |time, digit| time << 4 | u128::from(char::from(digit).to_digit(16).unwrap_or_default()))
}

/// Whether a person is done with it.
pub fn is_closed(alert: &Record) -> bool {
    alert.state() == "closed"
}

/// Whether what it tells was no longer found when the checks were made last.
pub fn is_over(alert: &Record) -> bool {
    !alert.text("valid_to").is_empty()
}

/// The next version of an alert whose finding is found again; none when nothing is to be said. What a person closed stays closed. What was over
/// holds again; new numbers are written down while nobody works on it; and what is past its day is overdue.
pub fn found_again(alert: &Record, finding: &Finding, raised: &Raised<'_>) -> Option<Record<'static>> {
    if is_closed(alert) || is_last(alert) {
        return None;
    }
    let mut fields = alert.fields().to_map();
    let mut changed = fields.remove("valid_to").is_some();
    let now = facts(&finding.facts);
    if alert.state() == "open" && !fields.get("facts").and_then(Value::as_object).is_some_and(|before| say_the_same(before, &now)) {
        fields.insert("facts".into(), Value::Object(now));
        fields.insert("message_zh".into(), json!(finding.message()));
        changed = true;
    }
    if Sens::parse(alert.text("sens")).is_some_and(|sens| sens < finding.sens) {
        fields.insert("sens".into(), json!(finding.sens.name()));
        changed = true;
    }
    let is_due = alert.date("due").is_some_and(|due| due < raised.today);
    if is_due && alert.state() != "overdue" && alert.kind().cycle.allows(alert.state(), "overdue", false) {
        fields.insert("state".into(), json!("overdue"));
        changed = true;
    }
    changed.then(|| next(alert, fields, raised))
}

/// Whether facts are the same but for what is another one every day.
fn say_the_same(before: &Map<String, Value>, now: &Map<String, Value>) -> bool {
    before.len() == now.len() && now.iter().all(|(name, value)| OF_THE_DAY.contains(&name.as_str()) || before.get(name) == Some(value))
}

/// The next version of an alert whose finding is not found any more; none when that was said already. Its state is for people to move.
pub fn not_found(alert: &Record, raised: &Raised<'_>) -> Option<Record<'static>> {
    let until = alert.date("valid_from").map_or(raised.today, |from| from.max(raised.today));
    let mut fields = alert.fields().to_map();
    fields.insert("valid_to".into(), json!(until.to_string()));
    (!is_over(alert) && !is_last(alert)).then(|| next(alert, fields, raised))
}

/// Whether no version can follow: another one could not be read again.
fn is_last(alert: &Record) -> bool {
    alert.version() >= INTEGER_MAX
}

fn next(alert: &Record, mut fields: Map<String, Value>, raised: &Raised<'_>) -> Record<'static> {
    fields.insert("version".into(), json!(alert.version() + 1));
    fields.insert("recorded_at".into(), json!(raised.at));
    fields.insert("recorded_by".into(), json!(raised.by));
    Record::of(Value::Object(fields)).expect("a right alert with one more version is one")
}

impl Parameters {
    /// What is not set, so that it is not checked.
    pub fn not_set(&self) -> Vec<&'static str> {
        let all = [
            ("standard_areas", self.standard_areas.is_empty()),
            ("rule_year", self.rule_year.is_none()),
            ("boundaries", self.boundaries.is_empty()),
            ("dividend_day", self.dividend_day.is_none()),
            ("price_index", self.price_index.is_empty()),
            ("exchange_threshold", self.exchange_threshold.is_none()),
        ];
        all.into_iter().filter(|(_, missing)| *missing).map(|(name, _)| name).collect()
    }

    /// Whether checks with these parameters would find what this alert tells, if it still were so.
    pub fn look_at(&self, alert: &Record) -> bool {
        let fact = |name: &str| alert.fields().get("facts").and_then(|facts| facts.get(name)).and_then(Tree::as_i64);
        let region: u64 = alert.text("region").parse().unwrap_or_default();
        let county = region / 1_000_000;
        match alert.text("rule_id") {
            "X14" => self.standard_areas.iter().any(|standard| standard.county == county),
            "X15" => self.rule_year.is_some(),
            "X18" => fact("outside").is_none() || self.boundaries.iter().any(|(of, _)| *of == region),
            "X24" => self.dividend_year().is_some_and(|year| fact("year") == Some(i64::from(year))),
            "X27" => fact("year").is_none_or(|year| year == i64::from(self.inventory_year)),
            "X29" => fact("price_index").is_none() || self.price_index.iter().any(|(of, _)| *of == county),
            "X30" => self.exchange_threshold.is_some(),
            _ => true,
        }
    }
}
