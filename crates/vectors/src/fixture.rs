//! Collects the files of the fixtures and writes one `index.json` per page: which file, which code, read by whom and how.

use serde_json::{Map, Value, json};
use std::collections::BTreeMap;

/// A file of the fixtures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct File {
    /// Path below `fixtures/`, components joined by `/`.
    pub path: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
}

/// The fixtures being collected.
#[derive(Default)]
pub(crate) struct Collection {
    files: BTreeMap<String, Vec<u8>>,
    index: BTreeMap<&'static str, Vec<Value>>,
}

/// One fixture: a file, or a folder of files when `parts` are given.
pub(crate) struct Fixture {
    pub(crate) page: &'static str,
    /// `00` for a good one, else the code of the clause it breaks.
    pub(crate) code: &'static str,
    pub(crate) what: String,
    pub(crate) extension: &'static str,
    pub(crate) says: String,
    /// How it is read: the fields that go into the index.
    pub(crate) reading: Value,
    pub(crate) bytes: Contents,
}

/// A file or a folder.
pub(crate) enum Contents {
    File(Vec<u8>),
    Folder(Vec<(String, Vec<u8>)>),
}

impl Collection {
    /// Adds a fixture; a good one comes with what it holds.
    pub(crate) fn add(&mut self, fixture: Fixture, expected: Option<&Value>) {
        let good = fixture.code == "00";
        assert_eq!(good, expected.is_some(), "good fixtures, and only those, say what they hold: {}", fixture.what);
        let stem = format!("{}/{}_{}", if good { "good" } else { "bad" }, fixture.code, fixture.what);
        let name = format!("{stem}.{}", fixture.extension);
        let mut entry = Map::new();
        entry.insert("file".into(), name.clone().into());
        entry.insert("code".into(), if good { Value::Null } else { fixture.code.into() });
        entry.insert("says".into(), fixture.says.into());
        if let Value::Object(reading) = fixture.reading {
            entry.extend(reading);
        }
        if let Some(expected) = expected {
            entry.insert("holds".into(), format!("{stem}.json").into());
            self.file(&format!("{}/{stem}.json", fixture.page), pretty(expected));
        }
        self.index.entry(fixture.page).or_default().push(Value::Object(entry));
        match fixture.bytes {
            Contents::File(bytes) => self.file(&format!("{}/{name}", fixture.page), bytes),
            Contents::Folder(parts) => {
                for (part, bytes) in parts {
                    self.file(&format!("{}/{name}/{part}", fixture.page), bytes);
                }
            }
        }
    }

    /// Adds a file that is no fixture by itself.
    pub(crate) fn file(&mut self, path: &str, bytes: Vec<u8>) {
        let before = self.files.insert(path.into(), bytes);
        assert!(before.is_none(), "{path} is built twice");
    }

    /// All files, ascending by path.
    pub(crate) fn finish(mut self) -> Vec<File> {
        for (page, mut entries) in std::mem::take(&mut self.index) {
            entries.sort_by_key(|entry| entry["file"].as_str().map(str::to_owned));
            self.file(&format!("{page}/index.json"), pretty(&json!({"fixtures": entries})));
        }
        self.files.into_iter().map(|(path, bytes)| File { path, bytes }).collect()
    }
}

fn pretty(value: &Value) -> Vec<u8> {
    let mut text = serde_json::to_string_pretty(value).expect("a JSON value can be written");
    text.push('\n');
    text.into_bytes()
}
