//! Pages of the ledger and of single files: `ledger verify`, `ledger rebuild`, `ledger show`, `inspect`.

use driver::report::{InspectReport, LedgerReport, Problem};
use serde_json::Value;

use super::{Show, number};
use crate::advice;
use crate::page::{Page, bytes, moment};

/// Longest body of a record on one line, characters. `--json` shows all of it.
const BODY_CHARACTERS_MAX: usize = 160;

impl Show for LedgerReport {
    fn show(&self, page: &mut Page) {
        let (records, segments, bytes) = (number(self.records), number(self.segments), bytes(self.bytes));
        let read = [("records", &*records), ("segments", &*segments), ("bytes", &*bytes), ("head", &*self.head)];
        match (self.first_bad, self.records) {
            (None, _) => {
                page.say("ledger.read", &read);
                page.say("ledger.whole", &[]);
            }
            (Some(_), 0) => page.say("ledger.nothing-right", &[]),
            (Some(_), _) => page.say("ledger.right", &read),
        }
    }

    fn attention(&self, page: &mut Page) {
        if let Some(record) = self.first_bad {
            page.say("ledger.bad", &[("record", &number(record))]);
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }

    fn exit(&self) -> u8 {
        if self.first_bad.is_some() { advice::STOPPED } else { advice::WELL }
    }
}

impl Show for InspectReport {
    const ASKED: bool = true;

    fn show(&self, page: &mut Page) {
        let kind = page.texts.word("kind", self.kind);
        page.say("inspect.title", &[("file", &self.file), ("kind", &kind)]);
        if self.kind != "card" {
            page.say(if self.opened { "inspect.opened" } else { "inspect.closed" }, &[]);
        }
        for (fact, value) in &self.facts {
            facts(fact, value, page);
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}

/// One fact on one line; a list with one row per line.
fn facts(fact: &str, value: &Value, page: &mut Page) {
    match value {
        Value::Array(rows) if rows.iter().any(|row| row.is_object()) => {
            page.line(&format!("  {fact}: {}", rows.len()));
            for row in rows {
                page.line(&format!("    {}", plain(row)));
            }
        }
        _ => page.line(&format!("  {fact}: {}", plain(value))),
    }
}

/// A record of the ledger on one line: number, time, kind, body.
pub fn record_line(record: &Value) -> String {
    let mut rest = record.clone();
    let Some(fields) = rest.as_object_mut() else { return plain(record) };
    let mut take = |name: &str| fields.shift_remove(name);
    let number = take("number").map(|number| plain(&number)).unwrap_or_default();
    let time = take("time").and_then(|time| time.as_i64()).map(moment).unwrap_or_default();
    let kind = take("kind").map(|kind| plain(&kind)).unwrap_or_default();
    let body = take("body");
    let (_, _) = (take("previous"), take("digest"));
    let body = plain(&body.unwrap_or(rest));
    let shown: String = body.chars().take(BODY_CHARACTERS_MAX).collect();
    let more = if shown.len() < body.len() { " …" } else { "" };
    format!("{number:>6}  {time}  {kind:<16} {shown}{more}")
}

/// A value without quotes and braces, as far as one line can be.
fn plain(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Null => "-".into(),
        Value::Array(values) if values.len() > 8 => format!("[{}]", values.len()),
        Value::Array(values) => format!("[{}]", values.iter().map(plain).collect::<Vec<_>>().join(", ")),
        Value::Object(fields) => fields.iter().map(|(name, value)| format!("{name}={}", plain(value))).collect::<Vec<_>>().join(" "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_fit_a_line() {
        let record = serde_json::json!({
            "number": 7, "time": 0, "kind": "Captured", "previous": "00", "digest": "11",
            "body": { "archive": "cards", "rows": (0..100).collect::<Vec<u32>>(), "reason": "x".repeat(500) },
        });
        let line = record_line(&record);
        assert!(line.starts_with("     7  1970-01-01 00:00  Captured "), "{line}");
        assert!(line.contains("archive=cards rows=[100]") && line.ends_with('…'));
        assert!(line.chars().count() < 210);
        assert!(!line.contains("previous"));
    }
}
