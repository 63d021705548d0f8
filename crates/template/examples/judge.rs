//! Prints what a replica must hold of a folder of records, one JSON line for each record that travels, for `tests/check/template.py` to compare:
//!
//! ```sh
//! cargo run -p template --example judge -- TEMPLATE FOLDER TODAY REGION KEY
//! ```
//!
//! FOLDER holds records in files `*.json` at any depth; KEY is 64 hex digits. What cannot be read as a record is left out and named on stderr. A line is
//! `{"documents":[[id, stripped]],"record":"canonical JSON","rid":...}`.

use rights::record::Record;
use rights::scalar::Date;
use serde_json::json;
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::path::Path;
use template::{Context, Referenced, Template, Verdict};

struct Archive {
    records: BTreeMap<String, Record<'static>>,
    today: Date,
    region: Option<String>,
    key: [u8; 32],
    referenced: Referenced,
}

impl Context for Archive {
    fn today(&self) -> Date {
        self.today
    }
    fn replica_region(&self) -> Option<&str> {
        self.region.as_deref()
    }
    fn record(&self, rid: &str) -> Option<Cow<'_, Record<'static>>> {
        self.records.get(rid).map(Cow::Borrowed)
    }
    fn referenced(&self) -> &Referenced {
        &self.referenced
    }
    fn route_key(&self) -> &[u8; 32] {
        &self.key
    }
}

fn read(folder: &Path, into: &mut BTreeMap<String, Record<'static>>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let path = entry?.path();
        if path.is_dir() {
            read(&path, into)?;
        } else if path.extension().is_some_and(|ending| ending == "json") {
            match Record::read(&std::fs::read(&path)?) {
                Ok(record) => drop(into.insert(record.rid().to_owned(), record.into_owned())),
                Err(faults) => eprintln!("{}: {}", path.display(), faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")),
            }
        }
    }
    Ok(())
}

fn key(hex: &str) -> Option<[u8; 32]> {
    let bytes: Option<Vec<u8>> = (0..64).step_by(2).map(|place| u8::from_str_radix(hex.get(place..place + 2)?, 16).ok()).collect();
    bytes?.try_into().ok()
}

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [template, folder, today, region, hex] = arguments.as_slice() else { return Err("TEMPLATE FOLDER TODAY REGION KEY".into()) };
    let faults = |faults: Vec<template::Fault>| faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n");
    let template = Template::parse(&std::fs::read_to_string(template)?).map_err(faults)?;
    let mut records = BTreeMap::new();
    read(Path::new(folder), &mut records)?;
    let region = Some(region.clone()).filter(|region| region != "-");
    let (today, key) = (Date::parse(today).ok_or("TODAY")?, key(hex).ok_or("KEY")?);
    let mut archive = Archive { records, today, region, key, referenced: Referenced::default() };
    if template.gathers() {
        let mut gathering = template.gathering();
        archive.records.values().for_each(|record| gathering.take(record, &archive));
        archive.referenced = gathering.settle();
    }
    for (rid, record) in &archive.records {
        if let Verdict::Carried(carried) = template.judge(record, &archive) {
            let documents: Vec<_> = carried.documents.iter().map(|document| json!([document.id, document.strip.is_some()])).collect();
            println!("{}", json!({ "documents": documents, "record": String::from_utf8(carried.record)?, "rid": rid }));
        }
    }
    Ok(())
}
