//! One village: its records and documents while they are made.

use rights::json::canonical;
use serde_json::{Map, Value, json};
use std::collections::HashMap;

use crate::code::{self, COUNTY};
use crate::name;
use crate::random::Random;
use crate::{County, VILLAGES, assets, certificate, homestead, land, people, region, share};

/// A file of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Below the root of the archive.
    pub path: String,
    /// Its content.
    pub bytes: Vec<u8>,
    /// Whether it is a record.
    pub record: bool,
}

/// A household while its village is made.
#[derive(Clone, Debug)]
pub(crate) struct Household {
    /// Numbers and names of its active members, the head first.
    pub members: Vec<(u64, String)>,
    pub account: String,
    /// Numbers of its parcels, with their areas in dm².
    pub parcels: Vec<(u64, i64)>,
}

/// A village while it is made.
pub(crate) struct Village {
    pub number: u64,
    pub seed: u64,
    pub years: u32,
    pub random: Random,
    /// 12 digits.
    pub region: String,
    pub name: String,
    /// 14 digits.
    pub issuer: String,
    pub households: Vec<Household>,
    pub records: Vec<Value>,
    /// Where each record is.
    places: HashMap<String, usize>,
    documents: Vec<File>,
}

/// The code of a village.
pub(crate) fn region_of(village: u64) -> String {
    format!("{COUNTY}{:03}{:03}", 101 + village / VILLAGES, 1 + village % VILLAGES)
}

impl Village {
    /// A village of the county in which nothing is wrong.
    pub(crate) fn made(county: &County, number: u64) -> Self {
        let region = region_of(number);
        let mut village = Self {
            number,
            seed: county.seed,
            years: county.years,
            random: Random::new(county.seed, number),
            issuer: format!("{region}01"),
            region,
            name: format!("{}村", name::place(number)),
            households: Vec::new(),
            records: Vec::new(),
            places: HashMap::new(),
            documents: Vec::new(),
        };
        if number == 0 {
            region::county(county, &mut village);
        }
        region::village(county, &mut village);
        people::make(county, &mut village);
        land::make(&mut village);
        homestead::make(county, &mut village);
        share::make(&mut village);
        assets::make(&mut village);
        certificate::make(&mut village);
        village
    }

    pub(crate) fn rid(&self, kind: &str, number: u64) -> String {
        code::rid(self.seed, kind, self.number, number)
    }

    pub(crate) fn organisation(&self) -> String {
        self.rid("organisation", 0)
    }

    /// Whether its households have contracted land; some villages have become part of a town.
    pub(crate) fn has_land(&self) -> bool {
        self.number % 18 != 17
    }

    /// The contractor code of a household, or of one that came later.
    pub(crate) fn contractor(&self, number: u64) -> String {
        format!("{}{:04}", self.issuer, number + 1)
    }

    /// Puts a record in. What is null in the fields is left out.
    pub(crate) fn put(&mut self, kind: &str, number: u64, state: &str, sens: &str, fields: Value) -> String {
        let rid = self.rid(kind, number);
        let mut record = json!({
            "kind": kind, "rid": rid, "version": 1, "region": self.region, "org_rid": self.organisation(), "state": state, "sens": sens,
            "valid_from": "2020-01-01", "recorded_at": "2026-01-05T09:30:00+08:00", "recorded_by": format!("op-{}", 1 + number % 7),
        });
        change(&mut record, fields);
        self.put_record(record)
    }

    pub(crate) fn put_record(&mut self, record: Value) -> String {
        let rid = record["rid"].as_str().unwrap_or_default().to_owned();
        self.places.insert(rid.clone(), self.records.len());
        self.records.push(record);
        rid
    }

    /// A record by its `rid`.
    pub(crate) fn get(&self, rid: &str) -> Option<&Value> {
        self.places.get(rid).map(|place| &self.records[*place])
    }

    /// Changes fields of a record; null takes one away.
    pub(crate) fn set(&mut self, rid: &str, fields: Value) {
        if let Some(place) = self.places.get(rid) {
            change(&mut self.records[*place], fields);
        }
    }

    /// Takes a record away.
    pub(crate) fn remove(&mut self, rid: &str) {
        if let Some(place) = self.places.remove(rid) {
            self.records[place] = Value::Null;
        }
    }

    /// A document of a record that is there, under the name that it has on disk. Gives its `document_id`.
    pub(crate) fn attach(&mut self, rid: &str, name: &str, role: &str, sens: &str, bytes: Vec<u8>) -> String {
        let extension = name.rsplit_once('.').map_or("", |(_, extension)| extension);
        let media_type = match extension {
            "jpg" => "image/jpeg",
            "pdf" => "application/pdf",
            _ => "application/octet-stream",
        };
        let Some(record) = self.places.get(rid).and_then(|place| self.records.get_mut(*place)) else { return String::new() };
        let folder = folder_of(record);
        let Some(fields) = record.as_object_mut() else { return String::new() };
        if !fields.contains_key("documents") {
            fields.insert("documents".into(), json!([]));
        }
        let Some(documents) = fields.get_mut("documents").and_then(Value::as_array_mut) else { return String::new() };
        let id = format!("d{}", documents.len() + 1);
        let mut document = json!({
            "document_id": id, "role": role, "seq": documents.len() + 1, "file_name": name, "media_type": media_type, "size": bytes.len(),
            "digest": { "alg": "blake3", "hex": blake3::hash(&bytes).to_hex().as_str() }, "format_id": extension, "sens": sens, "redaction": "none",
        });
        if role == "scan" {
            document["scan"] = json!({ "dpi": 300, "colour": "灰度", "compression": "JPEG" });
        }
        documents.push(document);
        self.documents.push(File { path: format!("{folder}/{name}"), bytes, record: false });
        id
    }

    /// The files of its records, and of their documents where they are asked for.
    pub(crate) fn into_files(self, documents: bool) -> Vec<File> {
        let records = self.records.iter().filter(|record| !record.is_null()).map(file_of);
        let mut files: Vec<File> = records.collect();
        if documents {
            files.extend(self.documents);
        }
        files
    }
}

/// The file of a record.
pub(crate) fn file_of(record: &Value) -> File {
    File { path: format!("{}/record.json", folder_of(record)), bytes: canonical(record), record: true }
}

fn folder_of(record: &Value) -> String {
    let text = |name: &str| record[name].as_str().unwrap_or_default();
    format!("{}/{}/{}", text("kind"), text("region"), text("rid"))
}

/// Changes fields of a record; null takes one away.
pub(crate) fn change(record: &mut Value, fields: Value) {
    let (Some(record), Value::Object(fields)) = (record.as_object_mut(), fields) else { return };
    for (name, value) in fields {
        put_or_remove(record, name, value);
    }
}

fn put_or_remove(record: &mut Map<String, Value>, name: String, value: Value) {
    if value.is_null() {
        record.remove(&name);
    } else {
        record.insert(name, value);
    }
}

/// An area in m², from dm².
pub(crate) fn square_metres(area: i64) -> String {
    format!("{}.{:02}", area / 100, area % 100)
}

/// The same in mu.
pub(crate) fn mu(area: i64) -> String {
    let units = (area * 15 + 50) / 100;
    format!("{}.{:04}", units / 10_000, units % 10_000)
}
