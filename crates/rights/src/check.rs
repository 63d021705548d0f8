//! The check of a record against the table of its kind: every fault is named by its field.
//!
//! Faults come in the order of the table, those of unknown fields behind; a record gives at most [`FAULTS_MAX`].

use crate::fault::{self, Clause, Fault, shown};
use crate::geometry::Geometry;
use crate::identifier::{CadastralUnit, Identifier, RecordId, RegionCode, Uscc};
use crate::kind::{Field, Kind, Need, Sens, Type, code_value};
use crate::kinds;
use crate::scalar::{Date, Time, decimal};
use crate::tree::{Branches, Tree};
use std::collections::BTreeMap;
use std::fmt;
use unicode_normalization::is_nfc;

/// Most faults that are told of one record.
pub const FAULTS_MAX: usize = 100;
/// Most keys of an object of facts.
pub const FACTS_MAX: usize = 32;
/// Longest file name, characters.
pub const FILE_NAME_CHARACTERS_MAX: usize = 255;
/// Beginning and end, where both are days or moments.
const ORDERED: &[(&str, &str)] =
    &[("valid_from", "valid_to"), ("from", "to"), ("publicity_from", "publicity_to"), ("term_from", "term_to"), ("open_at", "close_at")];
/// Kind, field, and the field that it begins with.
const BEGINS_WITH: &[(&str, &str, &str)] = &[
    ("land_contract", "contractor", "issuer"),
    ("land_contract", "code", "contractor"),
    ("contracted_parcel", "contractor", "issuer"),
    ("contracted_parcel", "parcel_code", "issuer"),
    ("contracted_parcel", "contract_code", "contractor"),
    ("contracted_parcel", "cert_code", "contract_code"),
];

/// The kind of a record, where it names one, and everything that is wrong with it.
pub fn check(value: &Tree<'_>) -> (Option<&'static Kind>, Vec<Fault>) {
    let named = value.as_object().and_then(|fields| Some((fields, Kind::named(fields.get("kind")?.as_str()?)?)));
    let Some((fields, kind)) = named else {
        return (None, vec![Fault::new(&fault::KIND, if value.as_object().is_some() { "kind" } else { "" })]);
    };
    let mut checking = Checking { state: fields.text("state"), documents: documents(fields), faults: Vec::new() };
    checking.object(&[kinds::HEADER, kind.fields], fields, &Path::Record);
    checking.header(kind, fields);
    checking.together(kind, fields);
    checking.faults.truncate(FAULTS_MAX);
    (Some(kind), checking.faults)
}

/// A day or moment, in milliseconds.
fn moment(fields: &Branches<'_>, name: &str) -> Option<i64> {
    let text = fields.get(name)?.as_str()?;
    Date::parse(text).map(|date| i64::from(date.days()) * 86_400_000).or_else(|| Time::parse(text).map(Time::milliseconds))
}

/// The documents by id, and whether each is none that something was blacked out of.
fn documents<'f>(fields: &'f Branches<'_>) -> BTreeMap<&'f str, bool> {
    let documents = fields.get("documents").and_then(Tree::as_list).into_iter().flatten();
    let is_original = |document: &Tree<'_>| document.get("redaction").and_then(Tree::as_str) == Some("none");
    documents.filter_map(|document| Some((document.get("document_id")?.as_str()?, is_original(document)))).collect()
}

/// Where in a record: a step, and what it is a step from. Written out only when there is something to tell.
#[derive(Clone, Copy)]
enum Path<'p> {
    Record,
    Field(&'p Path<'p>, &'p str),
    Place(&'p Path<'p>, usize),
}

impl fmt::Display for Path<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record => Ok(()),
            Self::Field(Self::Record, name) => f.write_str(&shown(name)),
            Self::Field(above, name) => write!(f, "{above}.{}", shown(name)),
            Self::Place(above, place) => write!(f, "{above}[{place}]"),
        }
    }
}

struct Checking<'r> {
    state: &'r str,
    documents: BTreeMap<&'r str, bool>,
    faults: Vec<Fault>,
}

impl Checking<'_> {
    fn tell(&mut self, clause: &'static Clause, path: &Path<'_>) {
        self.faults.push(Fault::new(clause, path.to_string()));
    }

    fn require(&mut self, right: bool, clause: &'static Clause, path: &Path<'_>) {
        if !right {
            self.tell(clause, path);
        }
    }

    /// An object of the fields of these tables.
    fn object(&mut self, tables: &[&[Field]], object: &Branches<'_>, path: &Path<'_>) {
        let fields = || tables.iter().copied().flatten();
        let mut known = 0;
        for field in fields() {
            let path = Path::Field(path, field.name);
            let value = object.get(field.name);
            known += usize::from(value.is_some());
            match value {
                Some(value) if field.many => self.list(field, value, &path),
                Some(value) => self.value(field.kind, value, &path),
                None if matches!(field.need, Need::Always) => self.tell(&fault::MISSING, &path),
                None if needed(field.need, object) => self.tell(&fault::MISSING_HERE, &path),
                None => {}
            }
        }
        if known < object.len() {
            for key in object.iter().map(|(key, _)| key).filter(|key| fields().all(|field| field.name != *key)).take(FAULTS_MAX) {
                self.tell(&fault::UNKNOWN_FIELD, &Path::Field(path, key));
            }
        }
        for (from, to) in ORDERED {
            let is_moment = |name: &str| fields().any(|field| field.name == name && matches!(field.kind, Type::Date | Type::Time));
            if let Some(end) = moment(object, to)
                && moment(object, from).is_some_and(|begin| begin > end)
                && is_moment(from)
            {
                self.tell(&fault::ORDER, &Path::Field(path, to));
            }
        }
    }

    fn list(&mut self, field: &Field, value: &Tree<'_>, path: &Path<'_>) {
        let Some(values) = value.as_list() else { return self.tell(&fault::WRONG_TYPE, path) };
        if values.is_empty() && matches!(field.need, Need::Always) {
            self.tell(&fault::MISSING, path);
        }
        for (place, value) in values.iter().enumerate() {
            if self.faults.len() > FAULTS_MAX {
                return;
            }
            self.value(field.kind, value, &Path::Place(path, place));
        }
    }

    fn value(&mut self, kind: Type, value: &Tree<'_>, path: &Path<'_>) {
        match (kind, value) {
            (Type::Money, Tree::Number(_)) => {}
            (Type::Count, Tree::Number(count)) => self.require(*count >= 0, &fault::WRONG_TYPE, path),
            (Type::Bool, Tree::Bool(_)) => {}
            (Type::Object(fields), Tree::Object(object)) => self.object(&[fields], object, path),
            (Type::FieldsOf(name), Tree::Object(object)) => self.fields_of(name, object, path),
            (Type::Rows, Tree::Object(object)) => self.rows(object, path),
            (Type::Numbers, Tree::Object(object)) => {
                if object.len() > FACTS_MAX {
                    self.faults.push(Fault::limited(&fault::LENGTH, path.to_string(), FACTS_MAX as u64));
                }
                for (key, value) in object.iter().take(FACTS_MAX) {
                    self.require(value.as_i64().is_some(), &fault::WRONG_TYPE, &Path::Field(path, key));
                }
            }
            (Type::Digest, Tree::Object(object)) => self.digest(object, path),
            (Type::Money | Type::Count | Type::Bool | Type::Object(_) | Type::FieldsOf(_) | Type::Rows | Type::Numbers | Type::Digest, _) => {
                self.tell(&fault::WRONG_TYPE, path)
            }
            (_, Tree::Text(text)) => self.text(kind, text, path),
            _ => self.tell(&fault::WRONG_TYPE, path),
        }
    }

    fn text(&mut self, kind: Type, text: &str, path: &Path<'_>) {
        match kind {
            Type::Text(characters_max) => self.plain(text, characters_max, path),
            Type::FileName => {
                self.plain(text, FILE_NAME_CHARACTERS_MAX, path);
                let a_path = text.contains(['/', '\\']) || text.chars().any(char::is_control) || text == "." || text == "..";
                self.require(!a_path, &fault::NOT_LISTED, path);
            }
            Type::Digits(least, most) => {
                let right = (least..=most).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
                self.require(right, &fault::NOT_LISTED, path);
            }
            Type::Code(entries) => self.require(entries.iter().any(|entry| code_value(entry) == text), &fault::NOT_LISTED, path),
            Type::Sens => self.require(Sens::parse(text).is_some(), &fault::NOT_LISTED, path),
            Type::State => self.require(text == self.state, &fault::NOT_LISTED, path),
            Type::RuleId => self.require(crate::rules::Rule::named(text).is_some(), &fault::NOT_LISTED, path),
            Type::Decimal(places) => self.require(decimal(text, places).is_some_and(|units| units >= 0), &fault::DECIMAL, path),
            Type::Signed(places) => self.require(decimal(text, places).is_some(), &fault::DECIMAL, path),
            Type::Date => self.require(Date::parse(text).is_some(), &fault::DATE, path),
            Type::Time => self.require(Time::parse(text).is_some(), &fault::DATE, path),
            Type::Id(identifier @ (Identifier::RecordId | Identifier::DocumentId)) => {
                self.require(identifier.check(text).is_ok(), &fault::REFERENCE, path);
            }
            Type::Id(identifier) => {
                self.plain(text, 50, path);
                self.require(identifier.check(text).is_ok(), &fault::IDENTIFIER, path);
            }
            Type::Region(length) => {
                let right = RegionCode::parse(text).is_ok() && (length == 0 || text.len() == length);
                self.plain(text, 50, path);
                self.require(right, &fault::IDENTIFIER, path);
            }
            Type::Ref(kinds) => {
                let kind = RecordId::parse(text).ok().filter(|rid| Kind::named(rid.kind()).is_some());
                let right = kind.is_some_and(|rid| kinds.is_empty() || kinds.contains(&rid.kind()));
                self.require(right, &fault::REFERENCE, path);
            }
            Type::Doc => self.require(self.documents.contains_key(text), &fault::DOCUMENTS, path),
            Type::Redaction => {
                let of = text.strip_prefix("redacted_copy_of(").and_then(|rest| rest.strip_suffix(')'));
                self.require(text == "none" || of.is_some(), &fault::NOT_LISTED, path);
                // A copy of itself, or of another copy, would travel where only copies do, whatever it shows.
                self.require(of.is_none_or(|id| self.documents.get(id) == Some(&true)), &fault::DOCUMENTS, path);
            }
            Type::Wkt => self.require(Geometry::parse(text).is_some(), &fault::GEOMETRY, path),
            Type::Bytes => {
                let right = |byte: u8| byte.is_ascii_alphanumeric() || b"+/".contains(&byte);
                let body = text.trim_end_matches('=');
                let padded = text.len().is_multiple_of(4) && text.len() - body.len() <= 2 && !body.is_empty();
                self.require(padded && body.bytes().all(right), &fault::NOT_LISTED, path);
            }
            Type::Money | Type::Count | Type::Bool | Type::Object(_) | Type::FieldsOf(_) | Type::Rows | Type::Numbers | Type::Digest => {}
        }
    }

    fn plain(&mut self, text: &str, characters_max: usize, path: &Path<'_>) {
        // Characters are never more than bytes.
        if text.is_empty() || text.len() > characters_max && text.chars().count() > characters_max {
            self.faults.push(Fault::limited(&fault::LENGTH, path.to_string(), characters_max as u64));
        }
        self.require(text.chars().all(is_always_normal) || is_nfc(text), &fault::NOT_NORMAL, path);
    }

    fn digest(&mut self, object: &Branches<'_>, path: &Path<'_>) {
        self.object(&[kinds::DIGEST], object, path);
        let hex = object.text("hex");
        let right = hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        self.require(right || hex.is_empty(), &fault::NOT_LISTED, &Path::Field(path, "hex"));
    }

    /// Some fields of a record of another kind.
    fn fields_of(&mut self, name: &str, object: &Branches<'_>, path: &Path<'_>) {
        let kind = Kind::named(name);
        for (key, value) in object.iter() {
            let path = Path::Field(path, key);
            match kind.and_then(|kind| kind.field(key)) {
                Some(field) if field.many => self.list(&field, value, &path),
                Some(field) => self.value(field.kind, value, &path),
                None => self.tell(&fault::UNKNOWN_FIELD, &path),
            }
        }
    }

    /// What a certificate shows: kind → objects of fields of that kind.
    fn rows(&mut self, object: &Branches<'_>, path: &Path<'_>) {
        for (name, rows) in object.iter() {
            let path = Path::Field(path, name);
            let (Some(kind), Some(rows)) = (Kind::named(name), rows.as_list()) else {
                self.tell(&fault::KIND, &path);
                continue;
            };
            for (place, row) in rows.iter().enumerate() {
                let path = Path::Place(&path, place);
                match row.as_object() {
                    Some(row) => {
                        let rid = row.text("rid");
                        self.require(rid.split_once('-').is_some_and(|(name, _)| name == kind.name), &fault::REFERENCE, &Path::Field(&path, "rid"));
                        self.fields_of(kind.name, row, &path);
                    }
                    None => self.tell(&fault::WRONG_TYPE, &path),
                }
            }
        }
    }

    /// What holds of the header beyond the types of its fields.
    fn header(&mut self, kind: &Kind, fields: &Branches<'_>) {
        let rid = fields.text("rid");
        if Identifier::RecordId.check(rid).is_ok() {
            self.require(rid.split_once('-').is_some_and(|(name, _)| name == kind.name), &fault::REFERENCE, &Path::Field(&Path::Record, "rid"));
        }
        if fields.get("state").is_some_and(|state| state.as_str().is_some()) {
            self.require(kind.cycle.knows(self.state), &fault::STATE, &Path::Field(&Path::Record, "state"));
        }
        if let Some(version) = fields.get("version").and_then(Tree::as_i64) {
            self.require(version >= 1, &fault::VERSION, &Path::Field(&Path::Record, "version"));
        }
        let documents = fields.get("documents").and_then(Tree::as_list).unwrap_or_default();
        self.require(self.documents.len() == documents.len(), &fault::DOCUMENTS, &Path::Field(&Path::Record, "documents"));
        for (place, document) in documents.iter().enumerate() {
            let list = Path::Field(&Path::Record, "documents");
            let one = Path::Place(&list, place);
            let in_order = document.get("seq").and_then(Tree::as_i64).is_none_or(|seq| u64::try_from(seq) == Ok(place as u64 + 1));
            self.require(in_order, &fault::DOCUMENTS, &Path::Field(&one, "seq"));
            let algorithm = document.get("digest").and_then(|digest| digest.get("alg")).and_then(Tree::as_str);
            self.require(algorithm.is_none_or(|name| name == "blake3"), &fault::NOT_LISTED, &Path::Field(&Path::Field(&one, "digest"), "alg"));
        }
    }

    /// What identifiers of one record must say of one another.
    fn together(&mut self, kind: &Kind, fields: &Branches<'_>) {
        for (_, field, start) in BEGINS_WITH.iter().filter(|(name, ..)| *name == kind.name) {
            let (value, start) = (fields.text(field), fields.text(start));
            self.require(value.is_empty() || start.is_empty() || value.starts_with(start), &fault::DISAGREE, &Path::Field(&Path::Record, field));
        }
        if kind.name == "organisation" {
            let level = Uscc::parse(fields.text("uscc")).ok().and_then(|uscc| uscc.level());
            self.require(level.is_none_or(|level| level == fields.text("level")), &fault::DISAGREE, &Path::Field(&Path::Record, "uscc"));
        }
        if kind.name == "homestead_use" {
            let unit = CadastralUnit::parse(fields.text("unit_no")).ok();
            self.require(unit.is_none_or(|unit| unit.zongdi().feature() == "JC"), &fault::DISAGREE, &Path::Field(&Path::Record, "unit_no"));
        }
    }
}

/// Characters that are in normal form whatever stands beside them, those that records are written in: looked up first, for the tables are slow.
fn is_always_normal(character: char) -> bool {
    matches!(character, '\0'..='\u{2ff}' | '\u{3000}'..='\u{3029}' | '\u{4e00}'..='\u{9fff}' | '\u{ff01}'..='\u{ff5e}')
}

/// Whether the other fields of the object ask for a field.
fn needed(need: Need, object: &Branches<'_>) -> bool {
    match need {
        Need::Always => true,
        Need::Never | Need::Business => false,
        Need::When(other, values) => values.contains(&object.text(other)),
        Need::Unless(other, values) => !values.contains(&object.text(other)),
        Need::With(other) => object.get(other).is_some_and(|value| value.as_list().is_none_or(|values| !values.is_empty())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_always_normal_is_normal_beside_everything() {
        let always: Vec<char> = ('\0'..=char::MAX).filter(|character| is_always_normal(*character)).collect();
        assert!(always.len() > 20_000);
        for character in always {
            assert!(is_nfc(&character.to_string()), "{character:?}");
            // None of them joins what stands before it.
            assert!(["a", "e\u{304}", "中", "が", "ᄀ"].iter().all(|before| is_nfc(&format!("{before}{character}")) == is_nfc(before)), "{character:?}");
        }
    }
}
