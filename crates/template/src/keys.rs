//! Every key that a template may have, with the form of its value and, where this version does not carry it out, the name of the
//! feature. The page of the specification has the same table; a test holds both together.

use crate::feature::Feature;
use crate::quantity;

/// The form of a value.
#[derive(Clone, Copy, Debug)]
pub enum Form {
    /// 1 to 64 letters, digits, dots, dashes and low lines.
    Name,
    /// Text of 1 to so many characters.
    Text(usize),
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// A list of texts.
    Texts,
    /// A list of some of these words, none twice.
    SomeOf(&'static [&'static str]),
    /// true or false.
    Bool,
    /// A whole number of 1 or more.
    Count,
    /// A number from 0 to 1.
    Share,
    /// A size.
    Size,
    /// A duration of fixed length.
    Duration,
    /// A duration, with months and years as well.
    AnyDuration,
    /// A predicate.
    Predicate,
    /// `*`, or a list of kinds.
    Kinds,
    /// A list of fields, or `all@N` less some of them.
    Fields,
    /// A list of names of fields of any kind.
    Names,
    /// Masks by field.
    Masks,
    /// A list of selectors of documents.
    Selectors,
    /// A table with these keys.
    Table(&'static [Key]),
}

/// When a key or value is refused for a feature that is missing.
#[derive(Clone, Copy, Debug)]
pub enum Status {
    /// Carried out.
    Built,
    /// Refused whenever it is there.
    Missing(Feature),
    /// Refused unless the value is one of these.
    Only(&'static [&'static str], Feature),
}

/// One key.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// Its name.
    pub name: &'static str,
    /// What its value looks like.
    pub form: Form,
    /// Whether it must be there.
    pub needed: bool,
    /// Whether it is carried out.
    pub status: Status,
}

/// One section.
#[derive(Clone, Copy, Debug)]
pub struct Section {
    /// Its name.
    pub name: &'static str,
    /// Whether it is a list of tables.
    pub many: bool,
    /// Whether it must be there.
    pub needed: bool,
    /// Its keys.
    pub keys: &'static [Key],
}

const fn key(name: &'static str, form: Form) -> Key {
    Key { name, form, needed: false, status: Status::Built }
}

const fn must(name: &'static str, form: Form) -> Key {
    Key { needed: true, ..key(name, form) }
}

const fn later(name: &'static str, form: Form, feature: Feature) -> Key {
    Key { status: Status::Missing(feature), ..key(name, form) }
}

const fn only(name: &'static str, form: Form, values: &'static [&'static str], feature: Feature) -> Key {
    Key { status: Status::Only(values, feature), ..key(name, form) }
}

const TEXT: Form = Form::Text(200);

/// All sections.
pub static SECTIONS: &[Section] = &[
    Section {
        name: "route",
        many: false,
        needed: true,
        keys: &[
            must("id", Form::Name),
            must("name_zh", TEXT),
            must("name_en", TEXT),
            must("source", Form::Name),
            must("replica", Form::Name),
            later("via", Form::Texts, Feature::Relay),
            must("purpose", Form::OneOf(&["use", "backup", "exchange", "public"])),
            only("kind", Form::SomeOf(&["first", "change"]), &["first", "change"], Feature::OneKindOfSync),
            must("sens_max", Form::OneOf(&["Public", "Internal", "Personal", "Secret"])),
            must("owner_role", Form::Text(50)),
            only("approvers", Form::Count, &["1"], Feature::Approvers),
            only("freshness_banner", Form::Bool, &["false"], Feature::FreshnessBanner),
        ],
    },
    Section {
        name: "schedule",
        many: false,
        needed: false,
        keys: &[
            key("mode", Form::OneOf(&["auto", "manual", "manual+auto"])),
            later("cron", TEXT, Feature::Timetable),
            key("trigger", Form::Predicate),
            key("max_delay", Form::Duration),
            key("urgent", Form::Table(&[must("where", Form::Predicate), must("max_delay", Form::Duration)])),
            later("full_every", Form::AnyDuration, Feature::FullAgain),
            later("max_items", Form::Count, Feature::RunSize),
            later("min_items", Form::Count, Feature::RunSize),
        ],
    },
    Section {
        name: "select",
        many: true,
        needed: true,
        keys: &[must("kinds", Form::Kinds), must("where", Form::Predicate), key("closure", Form::OneOf(&["referenced"]))],
    },
    Section {
        name: "project",
        many: false,
        needed: true,
        keys: &[key("mode", Form::OneOf(&["identity"])), later("include_system", Form::Texts, Feature::SystemContent)],
    },
    Section {
        name: "documents",
        many: false,
        needed: false,
        keys: &[
            must("include", Form::Selectors),
            key("exclude", Form::Selectors),
            key("strip", Form::SomeOf(&["exif", "pdf_metadata"])),
            later("watermark", TEXT, Feature::Watermark),
            key("max_file", Form::Size),
        ],
    },
    Section {
        name: "package",
        many: false,
        needed: false,
        keys: &[
            only("form", Form::OneOf(&["sealed", "folder", "xml"]), &["sealed"], Feature::OtherForms),
            later("layout", TEXT, Feature::OtherForms),
            later("eep_inline_max", Form::Size, Feature::OtherForms),
            only("digest", Form::Texts, &["blake3"], Feature::SecondDigests),
            later(
                "encrypt",
                Form::Table(&[key("to", Form::Texts), key("suite", TEXT), key("mode", Form::OneOf(&["seal"])), key("note", TEXT)]),
                Feature::NamedKeys,
            ),
            later("sign", TEXT, Feature::NamedKeys),
            later("parity", Form::Table(&[must("scheme", TEXT), must("data", Form::Count), must("parity", Form::Count)]), Feature::ParityByTemplate),
            key("compress", Form::OneOf(&["zstd"])),
            key("package_max", Form::Size),
        ],
    },
    Section {
        name: "media",
        many: false,
        needed: false,
        keys: &[
            later("types", Form::SomeOf(&["usb", "disk", "dvd-r", "bd-r", "tape", "gateway", "diode", "link"]), Feature::Media),
            later("pool", Form::Name, Feature::Media),
            later("return", Form::OneOf(&["same", "pool"]), Feature::Media),
            later("reuse", Form::Bool, Feature::Media),
            later("wipe_after_confirm", Form::Bool, Feature::Media),
            later("destroy_after", Form::AnyDuration, Feature::Media),
            later("rotation", TEXT, Feature::Media),
            later("copies", Form::Count, Feature::Media),
            later("worm", Form::Bool, Feature::Media),
            later("store_at", TEXT, Feature::Media),
            later("label", TEXT, Feature::Media),
        ],
    },
    Section {
        name: "verify",
        many: false,
        needed: false,
        keys: &[
            key("deadline", Form::Duration),
            key("receipt", Form::OneOf(&["full", "digest"])),
            only("sample_reread", Form::Share, &["1"], Feature::SampledReading),
            later("report", Form::SomeOf(&["auth", "comp", "use", "safe"]), Feature::FourNature),
            only("on_mismatch", Form::OneOf(&["resend-item", "resend-package", "stop-route"]), &["resend-item"], Feature::Mismatch),
            key("breaker", Form::Share),
            later("restore_drill", Form::AnyDuration, Feature::Drills),
            later("media_check_every", Form::AnyDuration, Feature::Drills),
        ],
    },
    Section { name: "waive", many: true, needed: false, keys: &[must("id", Form::Name), must("subject", TEXT), must("by", TEXT), must("reason", TEXT)] },
];

/// The keys of `[project.<kind>]`.
pub static PROJECTION: &[Key] = &[
    key("fields", Form::Fields),
    key("public", Form::Names),
    later("self", Form::Names, Feature::SubjectSeal),
    key("mask", Form::Masks),
    key("drop", Form::Names),
    key("where", Form::Predicate),
    later("subject_key", TEXT, Feature::SubjectSeal),
];

impl Form {
    /// Whether a text has the form of one of those that are written as texts.
    pub fn takes(self, text: &str) -> bool {
        match self {
            Self::Name => (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte)),
            Self::Text(characters_max) => !text.is_empty() && text.chars().count() <= characters_max,
            Self::OneOf(words) | Self::SomeOf(words) => words.contains(&text),
            Self::Size => quantity::size_bytes(text).is_some(),
            Self::Duration => quantity::duration_seconds(text).is_some(),
            Self::AnyDuration => quantity::is_duration(text),
            _ => true,
        }
    }
}
