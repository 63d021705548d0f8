//! What the tests stand on: an archive of records as a context, and a right record of each kind.
#![allow(dead_code, reason = "each test uses a part of it")]

#[path = "../../../rights/tests/sample/mod.rs"]
pub mod sample;

use rights::record::Record;
use rights::scalar::Date;
use serde_json::Value;
use std::borrow::Cow;
use std::cell::Cell;
use std::collections::BTreeMap;
use template::{Context, Referenced, Template};

/// An archive, a day, a region and a key.
pub struct Archive {
    pub records: BTreeMap<String, Record<'static>>,
    pub today: Date,
    pub region: Option<String>,
    pub referenced: Referenced,
    pub key: [u8; 32],
    pub unstrippable: Vec<String>,
    /// `rid` of what is there and cannot be read.
    pub unreadable: Option<String>,
    pub asked_in_vain: Cell<bool>,
}

impl Default for Archive {
    fn default() -> Self {
        let today = Date::parse("2026-11-21").expect("a day");
        let key = std::array::from_fn(|place| place as u8);
        Self {
            records: BTreeMap::new(),
            today,
            region: Some("320412".to_owned()),
            referenced: Referenced::default(),
            key,
            unstrippable: Vec::new(),
            unreadable: None,
            asked_in_vain: Cell::new(false),
        }
    }
}

impl Archive {
    pub fn of(values: impl IntoIterator<Item = Value>) -> Self {
        let records = values.into_iter().map(record).map(|record| (record.rid().to_owned(), record));
        Self { records: records.collect(), ..Self::default() }
    }

    /// Goes over all records, as a template that gathers asks for.
    pub fn gather(&mut self, template: &Template) {
        let mut gathering = template.gathering();
        for record in self.records.values() {
            self.asked_in_vain.set(false);
            gathering.take(record, self);
        }
        self.referenced = gathering.settle();
    }
}

impl Context for Archive {
    fn today(&self) -> Date {
        self.today
    }
    fn replica_region(&self) -> Option<&str> {
        self.region.as_deref()
    }
    fn record(&self, rid: &str) -> Option<Cow<'_, Record<'static>>> {
        self.asked_in_vain.set(self.asked_in_vain.get() || self.unreadable.as_deref() == Some(rid));
        self.records.get(rid).map(Cow::Borrowed)
    }
    fn could_not_tell(&self) -> bool {
        self.asked_in_vain.get()
    }
    fn referenced(&self) -> &Referenced {
        &self.referenced
    }
    fn route_key(&self) -> &[u8; 32] {
        &self.key
    }
    fn cannot_strip(&self, _: &str, document_id: &str) -> bool {
        self.unstrippable.iter().any(|id| id == document_id)
    }
}

pub fn record(value: Value) -> Record<'static> {
    Record::of(value).unwrap_or_else(|faults| panic!("a right record: {faults:?}"))
}

/// The text of a template that ships.
pub fn shipped(name: &str) -> String {
    let path = format!("{}/../../deploy/templates/{name}.toml", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}
