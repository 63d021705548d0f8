//! The stories by which people judge whether it works, each told at the command line from its beginning to its end and named by its number.
//! What a story asks of paper, of a console or of approvals is left out where the program has none, and said at its head.

mod st01;
mod st02;
mod st04;
mod st05;
mod st06;
mod st07;
mod st09;
mod st10;
mod st11;
mod st12;
mod st13;
mod st16;
mod st17;
mod st18;
mod st19;
mod st21;
mod st24;

use crate::stand::{Side, Stand, copy};
use serde_json::{Value, json};
use std::fs;
use std::path::{Path, PathBuf};

/// A path as an argument.
fn text(path: &Path) -> &str {
    path.to_str().expect("paths of tests are UTF-8")
}

/// A medium of this name, made where it is not there.
fn medium(stand: &Stand, name: &str) -> PathBuf {
    let medium = stand.folder(name);
    fs::create_dir_all(&medium).expect("a folder");
    medium
}

/// `carry` of this medium, with the exit that is expected.
fn carry(stand: &Stand, side: Side, medium: &Path, exit: i32) -> Value {
    stand.expect(side, &["carry", text(medium)], exit)
}

/// What a side knows of one item.
fn item(stand: &Stand, side: Side, name: &str) -> Value {
    let told = stand.expect(side, &["items", name], 0);
    told["items"].as_array().and_then(|items| items.first()).cloned().unwrap_or(Value::Null)
}

/// Packages of ours on a medium.
fn packages(medium: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(medium.join("gapferry")).expect("a medium").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.extension().is_some_and(|ending| ending == "gfp")).collect()
}

/// A record of a business system.
fn record(name: &str, fields: &[(&str, &str)]) -> String {
    let mut record = json!({ "rid": format!("minutes-{name}"), "kind": "minutes" });
    fields.iter().for_each(|(field, value)| record[*field] = json!(value));
    record.to_string()
}

/// A medium as it is now, kept aside.
fn kept(stand: &Stand, medium: &Path, name: &str) -> PathBuf {
    let kept = stand.folder(name);
    copy(medium, &kept);
    kept
}
