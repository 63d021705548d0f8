//! The lint: what is unwise or forbidden in a template though it can be read. It works on drafts, so that it speaks of features that are
//! refused as well; a rule about such a key speaks when the key is there.
//!
//! An error keeps a template from being used. A warning has to be waived, by name and with a reason. Rule L20 is the faults of
//! [`Draft::parse`] and has no finding here.

mod route;
mod shown;

use crate::draft::Draft;
use rights::kind::Sens;

/// How grave a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Keeps the template from being used.
    Error,
    /// Has to be waived.
    Warning,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// The rule, `L01` to `L21`.
    pub id: &'static str,
    /// How grave.
    pub level: Level,
    /// Line, from 1; 0 when it is about something that is not there.
    pub line: usize,
    /// What it is about: a key, or `<kind>.<field>`; for rule L12 with the id of the other route.
    pub subject: String,
    /// Whether a waiver of the template takes it on.
    pub waived: bool,
}

/// The rules that only warn.
pub const WARNINGS: [&str; 3] = ["L13", "L14", "L21"];
/// All rules.
pub const RULES: [&str; 21] =
    ["L01", "L02", "L03", "L04", "L05", "L06", "L07", "L08", "L09", "L10", "L11", "L12", "L13", "L14", "L15", "L16", "L17", "L18", "L19", "L20", "L21"];

/// Every finding, by rule. `others`: the templates of the other routes.
pub fn lint(draft: &Draft, others: &[&Draft]) -> Vec<Finding> {
    let mut linting = Linting { draft, findings: Vec::new() };
    linting.shown();
    linting.route();
    linting.linkage(others);
    linting.waivers();
    let mut findings = linting.findings;
    findings.sort_by(|left, right| (left.id, left.line, &left.subject).cmp(&(right.id, right.line, &right.subject)));
    findings.dedup();
    findings
}

/// Whether a template with these findings may be used: no error, and every warning waived.
pub fn may_be_used(findings: &[Finding]) -> bool {
    findings.iter().all(|finding| finding.waived)
}

struct Linting<'d> {
    draft: &'d Draft,
    findings: Vec<Finding>,
}

impl Linting<'_> {
    fn find(&mut self, id: &'static str, line: usize, subject: impl Into<String>) {
        let subject = subject.into();
        let warns = WARNINGS.contains(&id);
        // A waiver in stock would be one of L21: nobody could see that it is for nothing.
        let waived = warns && id != "L21" && self.draft.waivers.iter().any(|waiver| waiver.id == id && waiver.subject == subject);
        self.findings.push(Finding { id, level: if warns { Level::Warning } else { Level::Error }, line, subject, waived });
    }

    /// L21: a waiver that waives nothing. What it was for is gone, or it was never a warning.
    fn waivers(&mut self) {
        let found: Vec<(usize, String)> = self
            .draft
            .waivers
            .iter()
            .filter(|waiver| !self.findings.iter().any(|finding| finding.waived && finding.id == waiver.id && finding.subject == waiver.subject))
            .map(|waiver| (waiver.line, format!("{} {}", waiver.id, waiver.subject)))
            .collect();
        found.into_iter().for_each(|(line, subject)| self.find("L21", line, subject));
    }
}

/// Whether a class counts as Personal or more.
fn is_personal(sens: Sens) -> bool {
    sens >= Sens::Personal
}
