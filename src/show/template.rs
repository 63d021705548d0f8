//! Pages of templates: what is wrong with one, what it would do, and the one that is in use.

use driver::report::Problem;
use driver::templates::report::{KindOutlook, TemplateCheckReport, TemplatePlan, TemplateShown};

use super::{Show, name, number};
use crate::page::Page;

impl Show for TemplateCheckReport {
    fn show(&self, page: &mut Page) {
        for file in &self.files {
            let values = [("file", file.file.as_str()), ("template", file.id.as_str())];
            let sentence = if file.usable { "template.usable" } else { "template.unusable" };
            page.say(if file.id.is_empty() { "template.unread" } else { sentence }, &values);
            let waived: Vec<String> =
                file.findings.iter().filter(|finding| finding.waived).map(|finding| format!("{}  {}", finding.rule, finding.subject)).collect();
            page.list("template.waived", waived.len() as u64, waived.into_iter());
        }
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}

impl Show for TemplatePlan {
    fn show(&self, page: &mut Page) {
        let row = |kind: &KindOutlook| {
            let mut row = vec![kind.kind.clone()];
            row.extend([kind.records, kind.carried, kind.documents, kind.added, kind.changed, kind.withdrawn].map(number));
            row
        };
        let headings =
            ["heading.kind", ">heading.records", ">heading.carried", ">heading.documents", ">heading.added", ">heading.modified", ">heading.withdrawn"];
        let values = [("route", self.route.clone()), ("template", self.template.clone()), ("version", number(self.version))];
        let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
        page.say(if self.activated { "template.activated" } else { "template.would" }, &values);
        if !self.captured {
            page.say("template.uncaptured", &values);
        }
        page.table(&headings, &self.kinds.iter().map(row).collect::<Vec<_>>());
        let counts = [("added", self.added), ("changed", self.changed), ("withdrawn", self.withdrawn), ("unchanged", self.unchanged)];
        let counts: Vec<(&str, String)> = counts.map(|(name, count)| (name, number(count))).into();
        page.say("template.plan", &counts.iter().map(|(name, value)| (*name, value.as_str())).collect::<Vec<_>>());
        if self.changed > 0 {
            page.say("template.history", &[("route", &self.route)]);
        }
        for (title, fields) in [("template.withheld", false), ("template.masked", true)] {
            let of = |kind: &KindOutlook| if fields { kind.masked.clone() } else { kind.withheld.clone() };
            let lines: Vec<String> =
                self.kinds.iter().filter(|kind| !of(kind).is_empty()).map(|kind| format!("{}: {}", kind.kind, of(kind).join(" "))).collect();
            page.list(title, lines.len() as u64, lines.into_iter());
        }
        page.list("template.unstripped", self.unstripped_total, self.unstripped.iter().map(name));
        let samples: Vec<String> =
            self.samples.iter().flat_map(|sample| [name(&sample.item), format!("- {}", sample.before), format!("+ {}", sample.after)]).collect();
        page.list("template.samples", self.samples.len() as u64, samples.into_iter());
    }

    fn problems(&self) -> Vec<&Problem> {
        self.problems.iter().collect()
    }
}

impl Show for TemplateShown {
    const ASKED: bool = true;

    fn show(&self, page: &mut Page) {
        let values = [("route", self.route.as_str()), ("template", self.template.as_str()), ("version", &number(self.version))];
        page.say(if self.template.is_empty() { "template.none" } else { "template.shown" }, &values);
        page.line(&self.text);
    }
}
