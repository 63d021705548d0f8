//! Records as the people of these worlds write them: three kinds of the payload (spec/rights.md), some with documents. In every field
//! that a route may withhold, and in every document, stands a token that stands nowhere else.

use serde_json::{Value, json};
use std::collections::BTreeMap;

/// What every token begins with.
const TOKEN: &[u8] = b"qzk";
/// Digits behind it.
const DIGITS: usize = 16;

/// The text of a token.
pub fn token(number: u64) -> String {
    format!("qzk{number:016x}")
}

/// All tokens in these bytes.
pub fn tokens_in(bytes: &[u8]) -> Vec<u64> {
    let length = TOKEN.len() + DIGITS;
    let number = |digits: &[u8]| u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok();
    bytes.windows(length).filter(|window| window.starts_with(TOKEN)).filter_map(|window| number(&window[TOKEN.len()..])).collect()
}

/// What kind of thing a record is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A region: nothing in it is personal.
    Region,
    /// How somebody became a member.
    Event,
    /// A member.
    Member,
}

impl Kind {
    /// All of them.
    pub const ALL: [Kind; 3] = [Kind::Region, Kind::Event, Kind::Member];

    /// Its name.
    pub fn word(self) -> &'static str {
        ["admin_region", "membership_event", "member"][self as usize]
    }

    /// The state that most of its records have, and another one.
    pub fn states(self) -> [&'static str; 2] {
        if self == Kind::Member { ["confirmed", "pending"] } else { ["current", "history"] }
    }
}

/// A document that a record lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Document {
    /// Its role, and its id.
    pub role: &'static str,
    /// The token in it.
    pub token: u64,
    /// Its size.
    pub bytes: u64,
    /// BLAKE3 of its content, hex.
    pub digest: String,
}

impl Document {
    /// With this content.
    pub fn of(role: &'static str, token: u64, content: &[u8]) -> Self {
        Self { role, token, bytes: content.len() as u64, digest: blake3::hash(content).to_string() }
    }

    /// The name of its file.
    pub fn file_name(&self) -> String {
        format!("{}.txt", self.role)
    }
}

/// A record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its kind.
    pub kind: Kind,
    /// What its `rid` ends with.
    pub number: u64,
    /// Its version.
    pub version: u64,
    /// Whether it is in the state that most are in.
    pub usual: bool,
    /// Whether it is of the region that most are of.
    pub inside: bool,
    /// Whether it is raised to Secret.
    pub secret: bool,
    /// Its business transaction, and how many records that has.
    pub transaction: Option<(u64, u64)>,
    /// Its tokens: this number and the seven behind it.
    pub token: u64,
    /// Its documents.
    pub documents: Vec<Document>,
}

/// A text with a token for each of some fields.
const NAME: u64 = 1;
const REMARK: u64 = 2;
const CLERK: u64 = 3;
const BASIS: u64 = 4;

fn rid(kind: &str, number: u64) -> String {
    format!("{kind}-01900000-0000-7000-8000-{number:012x}")
}

impl Record {
    /// Its fields, those of the business transaction and the documents left out.
    pub fn fields(&self) -> BTreeMap<&'static str, Value> {
        let text = |field: u64| token(self.token + field);
        let (state, region) = (self.kind.states()[usize::from(!self.usual)], if self.inside { "320412103012" } else { "320999103012" });
        let sens = match (self.secret, self.kind) {
            (true, _) => "Secret",
            (false, Kind::Region) => "Public",
            (false, _) => "Personal",
        };
        let mut fields = BTreeMap::from([
            ("rid", json!(rid(self.kind.word(), self.number))),
            ("kind", json!(self.kind.word())),
            ("version", json!(self.version)),
            ("region", json!(region)),
            ("state", json!(state)),
            ("sens", json!(sens)),
            ("valid_from", json!("2026-01-01")),
            ("recorded_at", json!("2026-01-01T09:30:00+08:00")),
            ("recorded_by", json!(text(CLERK))),
            ("legal_basis", json!(text(BASIS))),
        ]);
        if self.kind != Kind::Region {
            fields.insert("org_rid", json!(rid("organisation", 1)));
        }
        fields.extend(match self.kind {
            Kind::Region => vec![("code", json!(region)), ("name", json!(text(NAME))), ("level", json!("village"))],
            Kind::Event => {
                vec![("member_rid", json!(rid("member", self.number))), ("event", json!("birth")), ("event_date", json!("2026-01-01"))]
            }
            Kind::Member => vec![
                ("household_rid", json!(rid("household", self.number))),
                ("name", json!(format!("王{}", text(NAME)))),
                ("gender", json!("1")),
                ("relation", json!("01")),
                ("id_type", json!("1")),
                ("id_no", json!("320412198001010015")),
                ("birth_date", json!("1980-01-01")),
                ("hukou_region", json!(region)),
                ("member_state", json!(state)),
                ("minor_flag", json!(false)),
                ("remark", json!(text(REMARK))),
            ],
        });
        fields
    }

    /// What it says of its business transaction; `size` leaves with no route that has a template.
    pub fn told_of_transaction(&self, size: bool) -> Option<Value> {
        let (number, records) = self.transaction?;
        let mut told = json!({ "txn_id": format!("txn-{number}"), "business_code": "105" });
        if size {
            told["size"] = json!(records);
        }
        Some(told)
    }

    /// The record as people write it, in canonical form.
    pub fn text(&self) -> String {
        let mut fields = self.fields();
        fields.extend(self.told_of_transaction(true).map(|told| ("txn", told)));
        if !self.documents.is_empty() {
            fields.insert("documents", listed(&self.documents.iter().collect::<Vec<_>>()));
        }
        canonical_of(fields)
    }
}

/// How a record lists documents.
pub fn listed(documents: &[&Document]) -> Value {
    let one = |(document, seq): (&&Document, u64)| {
        json!({
            "document_id": document.role, "role": document.role, "seq": seq, "file_name": document.file_name(), "media_type": "text/plain",
            "size": document.bytes, "digest": { "alg": "blake3", "hex": document.digest }, "format_id": "txt", "sens": "Internal",
            "redaction": "none",
        })
    };
    documents.iter().zip(1..).map(one).collect()
}

/// The canonical form of an object (spec/rights.md, Form); its keys are ASCII.
pub fn canonical_of(fields: BTreeMap<&'static str, Value>) -> String {
    let mut out = String::new();
    canonical(&Value::Object(fields.into_iter().map(|(key, value)| (key.to_owned(), value)).collect()), &mut out);
    out
}

fn canonical(value: &Value, out: &mut String) {
    let between = |out: &mut String, place: usize| out.extend((place > 0).then_some(','));
    match value {
        Value::Object(fields) => {
            out.push('{');
            for (place, (key, value)) in fields.iter().collect::<BTreeMap<_, _>>().into_iter().enumerate() {
                between(out, place);
                *out += &format!("{:?}:", key);
                canonical(value, out);
            }
            out.push('}');
        }
        Value::Array(values) => {
            out.push('[');
            for (place, value) in values.iter().enumerate() {
                between(out, place);
                canonical(value, out);
            }
            out.push(']');
        }
        plain => *out += &plain.to_string(),
    }
}
