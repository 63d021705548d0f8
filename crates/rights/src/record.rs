//! One record, after its checks: a value of this type has every field that its kind asks for, in the form that its kind asks for.
//! What may still be doubtful is an identifier that fails its check; it stays the text it is, and is told.

use crate::check;
use crate::fault::{self, Fault};
use crate::json;
use crate::kind::{Kind, Type};
use crate::scalar::{Date, decimal};
use serde_json::{Map, Value};

/// One record.
#[derive(Clone, Debug)]
pub struct Record {
    kind: &'static Kind,
    fields: Map<String, Value>,
    doubts: Vec<Fault>,
}

impl Record {
    /// Reads a record. An error gives every fault that was found, those that only doubt too.
    pub fn read(bytes: &[u8]) -> Result<Self, Vec<Fault>> {
        Self::of(json::read(bytes).map_err(|fault| vec![fault])?)
    }

    /// Checks a value that [`json::read`] gave.
    pub fn of(value: Value) -> Result<Self, Vec<Fault>> {
        let (kind, faults) = check::check(&value);
        match (kind, value) {
            (Some(kind), Value::Object(fields)) if faults.iter().all(|fault| !fault.clause.refuses) => Ok(Self { kind, fields, doubts: faults }),
            _ => Err(faults),
        }
    }

    /// A value that [`json::read`] gave from bytes that were read as a record before: what is doubtful of it is not told again.
    pub fn again(value: Value) -> Option<Self> {
        let Value::Object(fields) = value else { return None };
        let kind = Kind::named(fields.get("kind")?.as_str()?)?;
        Some(Self { kind, fields, doubts: Vec::new() })
    }

    /// Its kind.
    pub fn kind(&self) -> &'static Kind {
        self.kind
    }

    /// What is doubtful of it.
    pub fn doubts(&self) -> &[Fault] {
        &self.doubts
    }

    /// The fields.
    pub fn fields(&self) -> &Map<String, Value> {
        &self.fields
    }

    /// Its canonical bytes.
    pub fn canonical(&self) -> Vec<u8> {
        json::canonical_object(&self.fields)
    }

    /// A field that is text; empty when it is not there.
    pub fn text(&self, name: &str) -> &str {
        self.fields.get(name).and_then(Value::as_str).unwrap_or_default()
    }

    /// A field that is an integer.
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.fields.get(name).and_then(Value::as_i64)
    }

    /// A field that is a day.
    pub fn date(&self, name: &str) -> Option<Date> {
        Date::parse(self.text(name))
    }

    /// A field that is a decimal, in units of its last place.
    pub fn units(&self, name: &str) -> Option<i64> {
        let places = match self.kind.field(name)?.kind {
            Type::Decimal(places) | Type::Signed(places) => places,
            _ => return None,
        };
        decimal(self.text(name), places)
    }

    /// A field that is a list; empty when it is not there.
    pub fn list(&self, name: &str) -> &[Value] {
        self.fields.get(name).and_then(Value::as_array).map_or(&[], Vec::as_slice)
    }

    /// Its `rid`.
    pub fn rid(&self) -> &str {
        self.text("rid")
    }

    /// Its state.
    pub fn state(&self) -> &str {
        self.text("state")
    }

    /// Its version.
    pub fn version(&self) -> i64 {
        self.integer("version").unwrap_or_default()
    }

    /// What is wrong with it as the version after `before`. `corrected`: it is a correction (更正) that names its resolution.
    pub fn following(&self, before: &Self, corrected: bool) -> Vec<Fault> {
        let mut faults = Vec::new();
        if self.rid() != before.rid() {
            faults.push(Fault::new(&fault::VERSION, "rid"));
        }
        if self.version() != before.version() + 1 {
            faults.push(Fault::new(&fault::VERSION, "version"));
        }
        if !self.kind.cycle.allows(before.state(), self.state(), corrected) {
            faults.push(Fault::new(&fault::MOVE, "state"));
        }
        faults
    }
}
