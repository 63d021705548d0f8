//! One record, after its checks: a value of this type has every field that its kind asks for, in the form that its kind asks for.
//! What may still be doubtful is an identifier that fails its check; it stays the text it is, and is told.

use crate::check;
use crate::fault::{self, Fault};
use crate::json;
use crate::kind::{Kind, Type};
use crate::scalar::{Date, decimal};
use crate::tree::{Branches, Tree};
use serde_json::Value;

/// One record.
#[derive(Clone, Debug)]
pub struct Record<'t> {
    kind: &'static Kind,
    fields: Branches<'t>,
    doubts: Vec<Fault>,
}

impl<'t> Record<'t> {
    /// Reads a record. An error gives every fault that was found, those that only doubt too.
    pub fn read(bytes: &'t [u8]) -> Result<Self, Vec<Fault>> {
        Self::of_tree(json::read_tree(bytes).map_err(|fault| vec![fault])?)
    }

    /// Checks a value that [`json::read`] gave.
    pub fn of(value: Value) -> Result<Record<'static>, Vec<Fault>> {
        Record::of_tree(Tree::from(&value).into_owned())
    }

    /// Checks a value that [`json::read_tree`] gave.
    pub fn of_tree(value: Tree<'t>) -> Result<Self, Vec<Fault>> {
        let (kind, faults) = check::check(&value);
        match (kind, value) {
            (Some(kind), Tree::Object(fields)) if faults.iter().all(|fault| !fault.clause.refuses) => Ok(Self { kind, fields, doubts: faults }),
            _ => Err(faults),
        }
    }

    /// A value that [`json::read_tree`] gave from bytes that were read as a record before: what is doubtful of it is not told again.
    pub fn again(value: Tree<'t>) -> Option<Self> {
        let Tree::Object(fields) = value else { return None };
        let kind = Kind::named(fields.get("kind")?.as_str()?)?;
        Some(Self { kind, fields, doubts: Vec::new() })
    }

    /// One that borrows nothing.
    pub fn into_owned(self) -> Record<'static> {
        Record { kind: self.kind, fields: self.fields.into_owned(), doubts: self.doubts }
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
    pub fn fields(&self) -> &Branches<'t> {
        &self.fields
    }

    /// Its canonical bytes.
    pub fn canonical(&self) -> Vec<u8> {
        json::canonical_of(self.fields.iter())
    }

    /// A field that is text; empty when it is not there.
    pub fn text(&self, name: &str) -> &str {
        self.fields.text(name)
    }

    /// A field that is an integer.
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.fields.get(name).and_then(Tree::as_i64)
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
    pub fn list(&self, name: &str) -> &[Tree<'t>] {
        self.fields.get(name).and_then(Tree::as_list).unwrap_or_default()
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
    pub fn following(&self, before: &Record<'_>, corrected: bool) -> Vec<Fault> {
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
