//! Pages of what happens on a source: capture, pack, reconcile.

use driver::report::{ArchiveCapture, CaptureReport, PackReport, PackageReport, ParityReport, Problem, ReconcileReport};

use super::{Show, name, number};
use crate::advice;
use crate::page::{Page, bytes};

impl Show for ParityReport {
    fn show(&self, page: &mut Page) {
        let values = [
            ("route", self.route.clone()),
            ("index", number(self.index)),
            ("count", number(self.count)),
            ("packages", number(self.packages)),
            ("media", number(self.media)),
            ("bytes", bytes(self.bytes)),
            ("file", self.file.clone()),
        ];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        page.say(if self.dry_run { "parity.would" } else { "parity.written" }, &values);
        if !self.dry_run {
            page.say(if self.index < self.count { "parity.next" } else { "parity.whole" }, &values);
        }
        if self.media < self.count {
            page.say("parity.crowded", &values);
        }
    }
}

impl Show for CaptureReport {
    fn show(&self, page: &mut Page) {
        let row = |archive: &ArchiveCapture| {
            let counts = [archive.items, archive.added, archive.modified, archive.deleted, archive.reread + archive.scrubbed, archive.left_out_total];
            let mut row = vec![archive.archive.clone(), bytes(archive.bytes)];
            row.extend(counts.map(number));
            row
        };
        let headings = [
            "heading.archive",
            ">heading.bytes",
            ">heading.items",
            ">heading.added",
            ">heading.modified",
            ">heading.deleted",
            ">heading.reread",
            ">heading.left-out",
        ];
        match (self.archives.is_empty(), self.problems.is_empty()) {
            (false, _) => page.say("capture.title", &[]),
            (true, true) => page.say("capture.none", &[]),
            // Why nothing could be captured is said with the problems.
            (true, false) => {}
        }
        page.table(&headings, &self.archives.iter().map(row).collect::<Vec<_>>());
        for archive in &self.archives {
            let changed = archive.added + archive.modified + archive.deleted;
            let word = |word: &str| page.texts.word("change", word);
            let changes: Vec<String> = archive.changes.iter().map(|change| format!("{}  {}", word(change.change), name(&change.item))).collect();
            page.list("capture.changes", changed, changes.into_iter());
            let word = |word: &str| page.texts.word("left-out", word);
            let left_out: Vec<String> = archive.left_out.iter().map(|left| format!("{}  {}", name(&left.path), word(left.why))).collect();
            page.list("capture.left-out", archive.left_out_total, left_out.into_iter());
            page.list("capture.rotten", archive.rotten.len() as u64, archive.rotten.iter().map(name));
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}

impl Show for PackReport {
    fn show(&self, page: &mut Page) {
        self.captured.show(page);
        page.gap();
        if self.packages.is_empty() {
            let held_back = !self.waiting.is_empty() || !self.problems.is_empty();
            page.say(if held_back { "pack.held-back" } else { "pack.none" }, &[]);
        } else {
            page.say(if self.dry_run { "pack.would" } else { "pack.title" }, &[]);
            packages(&self.packages, page);
        }
        if self.urgent > 0 {
            page.say("pack.urgent", &[("count", &number(self.urgent))]);
        }
        let because = |word: &str| page.texts.word("because", word);
        let planned: Vec<String> =
            self.planned.iter().map(|item| format!("{}  {}  {}  {}", name(&item.item), item.mark, bytes(item.bytes), because(item.because))).collect();
        let all = self.packages.iter().filter(|package| self.dry_run && !package.inventory).map(|package| package.items).sum();
        page.list("pack.planned", all, planned.into_iter());
    }

    fn problems(&self) -> Vec<&Problem> {
        self.captured.problems.iter().chain(&self.problems).collect()
    }

    fn exit(&self) -> u8 {
        if self.waiting.iter().any(|waiting| waiting.items > 0) { advice::PERSON } else { advice::WELL }
    }
}

fn packages(packages: &[PackageReport], page: &mut Page) {
    let row = |package: &PackageReport| {
        let mut row = vec![package.route.clone(), number(package.sequence), number(package.items), number(package.removals)];
        row.extend([bytes(package.document_bytes), bytes(package.file_bytes)]);
        row.push(match (package.acknowledgement, package.inventory) {
            (true, _) => page.texts.text("pack.acknowledgement"),
            (_, true) => page.texts.text("pack.inventory"),
            _ => package.package.clone(),
        });
        row
    };
    let rows: Vec<Vec<String>> = packages.iter().map(row).collect();
    let headings = ["heading.route", ">heading.sequence", ">heading.items", ">heading.removals", ">heading.content", ">heading.file", "heading.package"];
    page.table(&headings, &rows);
}

impl Show for ReconcileReport {
    fn show(&self, page: &mut Page) {
        if self.receipts.is_empty() {
            page.say("reconcile.none", &[]);
        } else {
            page.say("reconcile.title", &[]);
        }
        let word = |word: &str| page.texts.word("result", word);
        let rows: Vec<Vec<String>> = self
            .receipts
            .iter()
            .map(|receipt| {
                let counts = [receipt.answers, receipt.proven, receipt.failed, receipt.missing].map(number);
                let mut row = vec![receipt.route.clone(), number(receipt.number), word(receipt.result)];
                row.extend(counts);
                row
            })
            .collect();
        let headings =
            ["heading.route", ">heading.number", "heading.result", ">heading.answers", ">heading.proven", ">heading.failed", ">heading.lost-packages"];
        page.table(&headings, &rows);
        let word = |word: &str| page.texts.word("outcome", word);
        let differs: Vec<String> = self.discrepancies.iter().map(|differs| format!("{}  {}", name(&differs.item), word(differs.outcome))).collect();
        for receipt in self.receipts.iter().filter(|receipt| receipt.extra > 0) {
            page.say("reconcile.extra", &[("route", &receipt.route), ("count", &number(receipt.extra))]);
        }
        page.list("reconcile.discrepancies", differs.len() as u64, differs.into_iter());
        let not_held: u64 = self.receipts.iter().map(|receipt| receipt.not_held).sum();
        if not_held > 0 {
            page.say("reconcile.not-held", &[("count", &number(not_held))]);
        }
        if self.removed > 0 {
            page.say("reconcile.removed", &[("count", &number(self.removed))]);
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}
