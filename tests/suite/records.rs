//! Archives of records from the command line: an invented county is made and goes on, is checked, and an alert goes out and is closed by
//! hand.

use crate::stand::{Ran, Random, binary, tree};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

fn gapferry(arguments: &[&str], folder: &Path) -> Ran {
    let mut command = Command::new(binary());
    command.args(arguments).arg("--json").current_dir(folder).env_remove("GAPFERRY_HOME").env("LC_ALL", "C");
    command.output().expect("the binary can be run").into()
}

pub fn expect(arguments: &[&str], folder: &Path, exit: i32) -> Value {
    let ran = gapferry(arguments, folder);
    assert_eq!(ran.exit, Some(exit), "{arguments:?}: {}{}", ran.object, ran.stderr);
    ran.object
}

/// The first record of a kind, and where it lies.
pub fn first(archive: &Path, kind: &str) -> (std::path::PathBuf, Value) {
    let mut paths: Vec<_> = tree(&archive.join(kind)).into_keys().map(|path| String::from_utf8(path).expect("a path")).collect();
    paths.retain(|path| path.ends_with("/record.json"));
    let path = archive.join(kind).join(paths.first().unwrap_or_else(|| panic!("no {kind}")));
    let record = serde_json::from_slice(&fs::read(&path).expect("a record")).expect("JSON");
    (path, record)
}

const CHECK: &[&str] = &["check", "--dir", "county/archive", "--rules", "county/rules.toml"];

#[test]
fn a_county_is_the_same_each_time_and_goes_on() {
    let seed = Random::new("county").next().to_string();
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    let make = |into: &str| expect(&["demo", "--into", into, "--county", "60", "--seed", &seed], folder, 0);
    let (made, again) = (make("county"), make("again"));
    assert_eq!(made["records"], again["records"]);
    let contents = |name: &str| tree(&folder.join(name)).into_iter().map(|(path, leaf)| (path, leaf.0)).collect::<Vec<_>>();
    assert!(contents("county") == contents("again"), "the same seed gives the same bytes");
    assert_eq!(expect(CHECK, folder, 0)["records"], made["records"]);
    // Four villages with three pairs of households each.
    for (steps, exit, done) in [("5", 0, 5), ("100", 0, 7), ("1", 2, 0)] {
        let stepped = expect(&["demo", "--into", "county", "--step", steps], folder, exit);
        assert_eq!(stepped["steps"].as_u64().unwrap_or(0), done, "{stepped}");
        assert_eq!(expect(CHECK, folder, 0)["findings"], 0);
    }
    for wrong in [
        &["demo", "--county", "3"][..],
        &["demo", "--into", "county", "--county", "3"],
        &["demo", "--into", "new"],
        &["demo", "--into", "new", "--county", "0"],
        &["demo", "--into", "new", "--county", "3", "--years", "11"],
        &["demo", "--into", "county", "--step", "1", "--plant"],
    ] {
        assert_eq!(expect(wrong, folder, 2)["error"]["code"], "USE-01", "{wrong:?}");
    }
}

#[test]
fn what_is_planted_is_found_and_nothing_else() {
    let seed = Random::new("planted").next().to_string();
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    let made = expect(&["demo", "--into", "county", "--county", "200", "--plant", "--seed", &seed], folder, 0);
    let planted: Value = serde_json::from_slice(&fs::read(folder.join("county/planted.json")).expect("a list")).expect("JSON");
    let pair = |entry: &Value| {
        let mut subjects: Vec<String> = entry["subjects"].as_array().expect("a list").iter().map(|rid| rid.as_str().expect("a rid").to_owned()).collect();
        subjects.sort();
        (entry["rule"].as_str().expect("a rule").to_owned(), subjects)
    };
    let planted: BTreeSet<_> = planted.as_array().expect("a list").iter().map(pair).collect();
    assert_eq!(made["planted"].as_u64(), Some(planted.len() as u64));
    let checked = expect(CHECK, folder, 1);
    let found: BTreeSet<_> = checked["alerts"].as_array().expect("a list").iter().map(pair).collect();
    assert_eq!(found, planted);
    let again = expect(CHECK, folder, 1);
    assert_eq!((&again["raised"], &again["changed"], &again["over"], &again["standing"]), (&json!(0), &json!(0), &json!(0), &checked["raised"]));
}
