//! Pages of what happens on a replica: apply, history, restore, scrub.

use driver::report::{ApplyReport, AsOf, Discrepancy, HistoryReport, Problem, ReceiptReport, RestoreReport, ScrubReport};

use super::{Show, name, number};
use crate::advice;
use crate::page::{Page, bytes, moment};

impl Show for ApplyReport {
    fn show(&self, page: &mut Page) {
        if self.packages.is_empty() {
            page.say("apply.none", &[]);
        } else {
            page.say(if self.dry_run { "apply.would" } else { "apply.title" }, &[]);
        }
        let word = |word: &str| page.texts.word("result", word);
        let rows: Vec<Vec<String>> = self
            .packages
            .iter()
            .map(|package| {
                let counts = [package.written, package.removed, package.unchanged, package.failed].map(number);
                let mut row = vec![package.route.clone(), number(package.sequence), word(package.result)];
                row.extend(counts);
                row.extend([bytes(package.bytes), package.package.clone()]);
                row
            })
            .collect();
        let headings = [
            "heading.route",
            ">heading.sequence",
            "heading.result",
            ">heading.written",
            ">heading.removed",
            ">heading.unchanged",
            ">heading.failed",
            ">heading.bytes",
            "heading.package",
        ];
        page.table(&headings, &rows);
        let repaired = self.repaired.iter().map(|repaired| format!("{}  {}  {}", repaired.route, repaired.sequence, repaired.package));
        page.list("apply.repaired", self.repaired.len() as u64, repaired);
        page.list("apply.kept-aside", self.kept_aside.len() as u64, self.kept_aside.iter().map(name));
        page.list("apply.escaped", self.escaped.len() as u64, self.escaped.iter().map(name));
        if self.scrubbed.items > 0 {
            page.say("scrub.share", &[("items", &number(self.scrubbed.items)), ("bytes", &bytes(self.scrubbed.bytes))]);
        }
        damaged(&self.scrubbed.damaged, page);
        receipts(&self.receipts, "receipt.there", page);
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}

fn damaged(damaged: &[Discrepancy], page: &mut Page) {
    let word = |word: &str| page.texts.word("outcome", word);
    let rows: Vec<String> = damaged.iter().map(|differs| format!("{}  {}", name(&differs.item), word(differs.outcome))).collect();
    page.list("scrub.damaged", rows.len() as u64, rows.into_iter());
}

fn receipts(receipts: &[ReceiptReport], not_written: &str, page: &mut Page) {
    for receipt in receipts {
        let key = if receipt.written { "receipt.written" } else { not_written };
        let form = page.texts.word("form", receipt.form);
        let values = [
            ("route", receipt.route.as_str()),
            ("number", &number(receipt.number)),
            ("form", &form),
            ("answers", &number(receipt.answers)),
            ("file", &receipt.file),
        ];
        page.say(key, &values);
    }
}

impl Show for HistoryReport {
    const ASKED: bool = true;
    fn show(&self, page: &mut Page) {
        if self.entries.is_empty() {
            page.say("history.none", &[]);
        }
        let row = |entry: &driver::report::HistoryEntry| {
            vec![
                entry.route.clone(),
                number(entry.version),
                moment(entry.replaced_at),
                if entry.purged { String::new() } else { bytes(entry.bytes) },
                entry.digest.chars().take(16).collect(),
                name(&entry.item),
            ]
        };
        let headings = ["heading.route", ">heading.version", "heading.replaced", ">heading.bytes", "heading.digest", "heading.item"];
        page.table(&headings, &self.entries.iter().map(row).collect::<Vec<_>>());
        let gone: Vec<String> =
            self.entries.iter().filter(|entry| !entry.kept && !entry.purged).map(|entry| format!("{}  {}", number(entry.version), name(&entry.item))).collect();
        page.list("history.not-kept", gone.len() as u64, gone.into_iter());
        let purged: Vec<String> =
            self.entries.iter().filter(|entry| entry.purged).map(|entry| format!("{}  {}", number(entry.version), name(&entry.item))).collect();
        page.list("history.purged", purged.len() as u64, purged.into_iter());
        if self.restored > 0 {
            page.say("history.restored", &[("count", &number(self.restored))]);
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}

impl Show for RestoreReport {
    fn show(&self, page: &mut Page) {
        let AsOf { time, sequence, .. } = self.as_of;
        let values = [
            ("route", self.route.as_str()),
            ("time", &moment(time)),
            ("sequence", &number(sequence)),
            ("items", &number(self.items)),
            ("bytes", &bytes(self.bytes)),
        ];
        page.say("restore.route", &values);
        let key = if self.dry_run { "restore.would" } else { "restore.restored" };
        page.say(key, &[("folder", &self.folder), ("count", &number(self.restored)), ("bytes", &bytes(self.restored_bytes))]);
        if self.there > 0 {
            page.say(if self.dry_run { "restore.looks-there" } else { "restore.there" }, &[("count", &number(self.there))]);
        }
    }

    fn attention(&self, page: &mut Page) {
        for (key, count) in [("restore.missing", self.missing), ("restore.occupied", self.occupied), ("restore.refused", self.refused)] {
            if count > 0 {
                page.say(key, &[("count", &number(count))]);
            }
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}

impl Show for ScrubReport {
    fn show(&self, page: &mut Page) {
        page.say("scrub.read", &[("items", &number(self.items)), ("bytes", &bytes(self.bytes))]);
        if self.resumed > 0 {
            page.say("scrub.resumed", &[("items", &number(self.resumed))]);
        }
        if self.set_aside > 0 {
            page.say("scrub.set-aside", &[("items", &number(self.set_aside))]);
        }
        if self.attributes > 0 {
            page.say("scrub.attributes", &[("items", &number(self.attributes))]);
        }
        // Made a moment ago: where it was not written it waits in the home.
        receipts(&self.receipts, "receipt.waits", page);
    }

    fn attention(&self, page: &mut Page) {
        damaged(&self.damaged, page);
        page.list("scrub.extra", self.extra_total, self.extra.iter().map(|extra| name(&extra.path)));
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }

    fn exit(&self) -> u8 {
        if self.damaged.is_empty() { advice::WELL } else { advice::PERSON }
    }
}
