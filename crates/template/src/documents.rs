//! Which documents of a record travel, and which of them stripped.

use crate::context::Context;
use crate::draft::{Draft, Purpose};
use crate::node::Node;
use crate::quantity;
use crate::strip::{self, Format, Strip};
use rights::kind::{Sens, Show, Type, Zone};
use rights::kinds;
use rights::record::Record;
use rights::tree::{Branches, Tree};

/// Which documents are meant: those of a role, or those that a field names and their redacted copies, narrowed by a qualifier.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Selector {
    /// A role of a document, or a field that holds documents.
    pub name: String,
    /// What stands behind the colon.
    pub qualifier: Option<String>,
}

/// A document that travels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its `document_id`.
    pub id: String,
    /// Its `file_name`.
    pub file_name: String,
    /// Its `media_type`.
    pub media_type: String,
    /// Its size in the archive, bytes.
    pub size: u64,
    /// What [`strip`](crate::strip::strip) is to take out of it first; none when it goes as it is.
    pub strip: Option<Strip>,
}

/// Why a document does not travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// No selector includes it, or one excludes it.
    NotIncluded,
    /// Its class is beyond the route.
    Class,
    /// A field that names it is not shown in the zone.
    Column,
    /// It is larger than `max_file`.
    Size,
    /// It cannot be stripped.
    CannotStrip,
    /// Its file may be that of another document, which does not travel.
    Unclear,
}

impl Kept {
    /// A word for programs.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotIncluded => "not-included",
            Self::Class => "class",
            Self::Column => "column",
            Self::Size => "size",
            Self::CannotStrip => "cannot-strip",
            Self::Unclear => "unclear",
        }
    }
}

/// The section `[documents]`.
#[derive(Clone, Debug, Default)]
pub struct Rules {
    include: Vec<Selector>,
    exclude: Vec<Selector>,
    /// What the template asks to be taken out of every document.
    strip: Strip,
    /// Photos travel without EXIF, asked or not: on every route but a backup.
    bare_photos: bool,
    bytes_max: Option<u64>,
}

impl Rules {
    /// Whether something is taken out of every document.
    pub(crate) fn strips(&self) -> bool {
        self.strip.exif || self.strip.pdf_metadata
    }

    /// Whether something is taken out of a document, should it travel.
    pub(crate) fn strips_of(&self, record: &Record, id: &str) -> bool {
        Listed::of(record).any(|listed| listed.id() == id && self.strip_of(record, &listed).is_some())
    }

    /// What is taken out of a document; none when it goes as it is.
    fn strip_of(&self, record: &Record, listed: &Listed<'_>) -> Option<Strip> {
        let strip = Strip { exif: self.strip.exif || self.bare_photos && listed.is_photo(record), ..self.strip };
        (strip.exif || strip.pdf_metadata).then_some(strip)
    }
}

impl Selector {
    /// `role`, `field` or either with `:qualifier`, which is 1 to 32 of `0-9 a-z _ -`.
    pub fn parse(text: &str) -> Option<Self> {
        let (name, qualifier) = text.split_once(':').map_or((text, None), |(name, qualifier)| (name, Some(qualifier)));
        let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
        let right = qualifier.is_none_or(|text| (1..=32).contains(&text.len()) && text.bytes().all(allowed));
        let known = is_role(name) || !fields_named(name).is_empty();
        (right && known).then(|| Self { name: name.to_owned(), qualifier: qualifier.map(str::to_owned) })
    }

    fn means(&self, record: &Record, document: &Listed<'_>) -> bool {
        let named = is_role(&self.name) && document.text("role") == self.name;
        (named || document.is_held_by(record, &self.name)) && self.qualifier.as_ref().is_none_or(|qualifier| document.qualifies(qualifier))
    }
}

/// Whether it is a role of a document.
fn is_role(name: &str) -> bool {
    let role = kinds::DOCUMENT.iter().find(|field| field.name == "role").map(|field| field.kind);
    matches!(role, Some(Type::Code(entries)) if entries.iter().any(|entry| rights::kind::code_value(entry) == name))
}

/// The fields of that name that hold documents, of any kind.
pub(crate) fn fields_named(name: &str) -> Vec<rights::kind::Field> {
    kinds::ALL.iter().filter_map(|kind| kind.field(name)).filter(|field| matches!(field.kind, Type::Doc)).collect()
}

/// The ids in a field that holds one document or a list of them.
fn ids<'v>(value: Option<&'v Tree<'_>>) -> Vec<&'v str> {
    match value {
        Some(Tree::List(values)) => values.iter().filter_map(Tree::as_str).collect(),
        value => value.and_then(Tree::as_str).into_iter().collect(),
    }
}

/// A document as its record lists it.
#[derive(Clone, Copy)]
pub(crate) struct Listed<'r>(pub(crate) &'r Branches<'r>);

impl<'r> Listed<'r> {
    pub(crate) fn of(record: &'r Record<'_>) -> impl Iterator<Item = Self> {
        record.list("documents").iter().filter_map(Tree::as_object).map(Self)
    }

    pub(crate) fn text(&self, name: &str) -> &'r str {
        self.0.text(name)
    }

    pub(crate) fn id(&self) -> &'r str {
        self.text("document_id")
    }

    /// The document that it is a redacted copy of.
    pub(crate) fn copy_of(&self) -> Option<&'r str> {
        self.text("redaction").strip_prefix("redacted_copy_of(")?.strip_suffix(')')
    }

    fn size(&self) -> u64 {
        self.0.get("size").and_then(Tree::as_u64).unwrap_or(u64::MAX)
    }

    /// Whether a field of its record holds it, or what it is a redacted copy of.
    fn is_held_by(&self, record: &Record, field: &str) -> bool {
        record.kind().field(field).is_some_and(|field| matches!(field.kind, Type::Doc)) && {
            let held = ids(record.fields().get(field));
            held.contains(&self.id()) || self.copy_of().is_some_and(|of| held.contains(&of))
        }
    }

    /// Whether it is a photo, by its role or because its record says so.
    fn is_photo(&self, record: &Record) -> bool {
        self.text("role") == "photo" || self.is_held_by(record, "photos")
    }

    /// `redacted`: it is a redacted copy. Otherwise its format, the ending of its file name, or the beginning of its id up to a dot, dash
    /// or low line.
    fn qualifies(&self, qualifier: &str) -> bool {
        let same = |text: &str| text.eq_ignore_ascii_case(qualifier);
        let begins = || {
            let behind = self.id().get(..qualifier.len()).filter(|first| same(first)).map(|first| &self.id()[first.len()..]);
            behind.is_some_and(|behind| behind.is_empty() || behind.starts_with(['.', '-', '_']))
        };
        let ending = || self.text("file_name").rsplit_once('.').is_some_and(|(_, ending)| same(ending));
        (qualifier == "redacted" && self.copy_of().is_some()) || same(self.text("format_id")) || ending() || begins()
    }
}

impl Rules {
    /// The rules of a draft; nothing is included when it has no such section.
    pub(crate) fn of(draft: &Draft) -> Self {
        let selectors =
            |key: &str| draft.given("documents", key).map_or(&[][..], Node::elements).iter().filter_map(Node::text).filter_map(Selector::parse).collect();
        let asked: Vec<&str> = draft.given("documents", "strip").map_or(&[][..], Node::elements).iter().filter_map(Node::text).collect();
        let strip = Strip { exif: asked.contains(&"exif"), pdf_metadata: asked.contains(&"pdf_metadata") };
        Self {
            include: selectors("include"),
            exclude: selectors("exclude"),
            strip,
            bare_photos: draft.purpose != Purpose::Backup,
            bytes_max: draft.text("documents", "max_file").and_then(quantity::size_bytes),
        }
    }

    /// How a document travels, or why it does not.
    pub(crate) fn judge(&self, record: &Record, listed: Listed<'_>, draft: &Draft, context: &dyn Context) -> Result<Document, Kept> {
        let meant = |selectors: &[Selector]| selectors.iter().any(|selector| selector.means(record, &listed));
        if !meant(&self.include) || meant(&self.exclude) {
            return Err(Kept::NotIncluded);
        }
        let sens = Sens::parse(listed.text("sens")).unwrap_or(Sens::Secret);
        if !sens.fits(draft.sens_max) || (sens == Sens::Secret && draft.purpose != Purpose::Backup) {
            return Err(Kept::Class);
        }
        if draft.purpose.zone().is_some_and(|zone| !columns_allow(record, &listed, zone)) {
            return Err(Kept::Column);
        }
        if self.bytes_max.is_some_and(|most| listed.size() > most) {
            return Err(Kept::Size);
        }
        let unknown = || Format::declared(listed.text("media_type")).is_none() || listed.size() > strip::STRIP_BYTES_MAX;
        let strip = self.strip_of(record, &listed);
        if strip.is_some() && (unknown() || context.cannot_strip(record.rid(), listed.id())) {
            return Err(Kept::CannotStrip);
        }
        if context.is_unclear(record.rid(), listed.id()) {
            return Err(Kept::Unclear);
        }
        Ok(as_it_is(&listed, strip))
    }
}

/// The documents that a record lists, each by its `document_id` and its `file_name`.
pub fn listed<'r>(record: &'r Record<'_>) -> impl Iterator<Item = (&'r str, &'r str)> {
    Listed::of(record).map(|listed| (listed.id(), listed.text("file_name")))
}

/// A document that travels.
pub(crate) fn as_it_is(listed: &Listed<'_>, strip: Option<Strip>) -> Document {
    let text = |name: &str| listed.text(name).to_owned();
    Document { id: text("document_id"), file_name: text("file_name"), media_type: text("media_type"), size: listed.size(), strip }
}

/// Whether every field that names the document may be shown in the zone; where only its redacted copy may, it must be one.
fn columns_allow(record: &Record, listed: &Listed<'_>, zone: Zone) -> bool {
    let naming = record.kind().all_fields().filter(|field| matches!(field.kind, Type::Doc) && ids(record.fields().get(field.name)).contains(&listed.id()));
    let (copy, sale) = (listed.copy_of().is_some(), record.text("mode") == "sale");
    naming.into_iter().all(|field| match field.shown(zone) {
        Show::Full => true,
        Show::Redacted => copy,
        Show::OnSale => copy && sale,
        Show::Absent | Show::Masked(_) | Show::Subject(_) | Show::Summed | Show::Fieldwise => false,
    })
}
