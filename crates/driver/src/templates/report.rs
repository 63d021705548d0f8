//! What is said of templates.

use serde::Serialize;
use serde_json::Value;
use wire::ItemId;

use crate::report::Problem;

/// `template check`, of one file.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TemplateFile {
    /// The file.
    pub file: String,
    /// `route.id`; empty where the file cannot be read that far.
    pub id: String,
    /// Digest of the text, hex.
    pub digest: String,
    /// Whether it may be used as it is.
    pub usable: bool,
    /// What the lint found.
    pub findings: Vec<TemplateFinding>,
}

/// What the lint found.
#[derive(Clone, Debug, Serialize)]
pub struct TemplateFinding {
    /// The rule.
    pub rule: &'static str,
    /// `error` or `warning`.
    pub level: &'static str,
    /// The line; 0 where it is about something that is not there.
    pub line: usize,
    /// What it is about.
    pub subject: String,
    /// Whether somebody takes it on in the template.
    pub waived: bool,
}

/// `template check`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TemplateCheckReport {
    /// The files.
    pub files: Vec<TemplateFile>,
    /// What keeps them from being used.
    pub problems: Vec<Problem>,
}

/// What a template would do to the records of one kind.
#[derive(Clone, Debug, Default, Serialize)]
pub struct KindOutlook {
    /// The kind.
    pub kind: String,
    /// Records of it in the archive.
    pub records: u64,
    /// Records that the route would carry.
    pub carried: u64,
    /// Documents of them that would go.
    pub documents: u64,
    /// Records that it would carry and does not now.
    pub added: u64,
    /// Records whose projection would be another one.
    pub changed: u64,
    /// Records that it carries now and would not.
    pub withdrawn: u64,
    /// Fields that are there and would not go as they are.
    pub withheld: Vec<String>,
    /// Fields that would go under a mask.
    pub masked: Vec<String>,
}

/// A record before and after.
#[derive(Clone, Debug, Serialize)]
pub struct TemplateSample {
    /// The item.
    pub item: ItemId,
    /// The record as it is.
    pub before: Value,
    /// What the replica would hold; null for nothing.
    pub after: Value,
}

/// `template preview` and `template activate`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TemplatePlan {
    /// The route.
    pub route: String,
    /// The template.
    pub template: String,
    /// Counter of the templates of the route that it has or would have.
    pub version: u64,
    /// The id of the one that is active now; empty for none.
    pub before: String,
    /// Whether any of the archive was captured: else the plan speaks of nothing.
    pub captured: bool,
    /// By kind.
    pub kinds: Vec<KindOutlook>,
    /// Records that it would carry and does not now.
    pub added: u64,
    /// Records whose projection would be another one.
    pub changed: u64,
    /// Records that it carries now and would not.
    pub withdrawn: u64,
    /// Records that it carries now, and would as they are. What neither carries is in none of these counts.
    pub unchanged: u64,
    /// Documents that it would carry and that cannot be stripped: the first 1,000.
    pub unstripped: Vec<ItemId>,
    /// How many there are.
    pub unstripped_total: u64,
    /// Five records before and after.
    pub samples: Vec<TemplateSample>,
    /// Whether it took effect.
    pub activated: bool,
    /// What needs attention.
    pub problems: Vec<Problem>,
}

/// `template show`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct TemplateShown {
    /// The route.
    pub route: String,
    /// The template; empty for none.
    pub template: String,
    /// Counter of the templates of the route.
    pub version: u64,
    /// Digest of the text, hex.
    pub digest: String,
    /// Its text.
    pub text: String,
}
