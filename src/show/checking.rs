//! The page of `check`.

use driver::report::{CheckReport, Problem};
use rights::rules::Rule;

use super::{Show, number};
use crate::advice;
use crate::language::Language;
use crate::page::Page;

impl Show for CheckReport {
    fn show(&self, page: &mut Page) {
        page.say("check.title", &[("archive", &self.archive), ("records", &number(self.records)), ("today", &self.today)]);
        for (key, count) in [("check.left-out", self.left_out), ("check.doubtful", self.doubtful), ("check.unread", self.unread)] {
            if count > 0 {
                page.say(key, &[("count", &number(count))]);
            }
        }
        page.say(if self.findings == 0 { "check.none" } else { "check.found" }, &[]);
        let row = |(id, count): (&String, &u64)| {
            let rule = Rule::named(id);
            let says = rule.map_or("", |rule| if page.texts.language == Language::Chinese { rule.zh() } else { rule.says() });
            let severity = rule.map(|rule| page.texts.word("severity", rule.severity().name())).unwrap_or_default();
            vec![id.clone(), number(*count), severity, says.to_owned()]
        };
        let rows: Vec<Vec<String>> = self.rules.iter().map(row).collect();
        page.table(&["heading.rule", ">heading.found", "heading.severity", "heading.says"], &rows);
        if !self.not_set.is_empty() {
            page.say("check.not-set", &[("names", &self.not_set.join(", "))]);
        }
        let counts = [("raised", self.raised), ("changed", self.changed), ("standing", self.standing), ("closed", self.closed), ("over", self.over)];
        if counts.iter().any(|(_, count)| *count > 0) {
            let counts = counts.map(|(name, count)| (name, number(count)));
            let values: Vec<(&str, &str)> = counts.iter().map(|(name, count)| (*name, count.as_str())).collect();
            page.say(if self.dry_run { "check.would" } else { "check.written" }, &values);
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }

    /// A finding whose alert a person has closed needs nobody.
    fn exit(&self) -> u8 {
        if self.findings > self.closed || self.left_out + self.unread > 0 { advice::PERSON } else { advice::WELL }
    }
}
