//! Archives of records from the command line: an invented county is made and goes on, is checked, and an alert goes out and is closed by
//! hand.

use crate::stand::{Ran, Random, Setting, Side, Stand, binary, tree};
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

fn expect(arguments: &[&str], folder: &Path, exit: i32) -> Value {
    let ran = gapferry(arguments, folder);
    assert_eq!(ran.exit, Some(exit), "{arguments:?}: {}{}", ran.object, ran.stderr);
    ran.object
}

/// The first record of a kind, and where it lies.
fn first(archive: &Path, kind: &str) -> (std::path::PathBuf, Value) {
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

/// ST19, its part inside: what a person does with an alert whose finding is right to be so.
#[test]
fn an_alert_goes_out_and_is_closed_by_hand() {
    let scratch = tempfile::tempdir().expect("a folder");
    let folder = scratch.path();
    expect(&["demo", "--into", "county", "--county", "12"], folder, 0);
    let archive = folder.join("county/archive");
    // A second homestead of the same household in the same village.
    let (path, mut record) = first(&archive, "homestead_use");
    let rid = record["rid"].as_str().expect("a rid").to_owned();
    let second = format!("{}ffffff", &rid[..rid.len() - 6]);
    record["rid"] = json!(second);
    record["unit_no"] = json!(format!("{}JC99999F00010001", record["region"].as_str().expect("a region")));
    let new = path.parent().and_then(Path::parent).expect("two folders").join(&second);
    fs::create_dir(&new).expect("a folder");
    fs::write(new.join("record.json"), record.to_string()).expect("written");

    let stand = Stand::with(Setting { archive: Some(archive.clone()), ..Setting::default() });
    stand.without_breaker();
    let rules = folder.join("county/rules.toml");
    let check = |exit| stand.expect(Side::Source, &["check", "--archive", "cards", "--rules", rules.to_str().expect("a path")], exit);
    let found = check(1);
    assert_eq!((&found["rules"], &found["raised"]), (&json!({ "X13": 1 }), &json!(1)));
    stand.round();
    let (alert_path, mut alert) = first(&archive, "alerts");
    let outside = stand.replica.join(alert_path.strip_prefix(&archive).expect("below it"));
    assert_eq!(fs::read(&outside).expect("it went out"), fs::read(&alert_path).expect("there"));
    assert_eq!((&alert["rule_id"], &alert["state"]), (&json!("X13"), &json!("open")));

    // The answer of the town staff comes by telephone and is entered here, state by state as the life cycle allows.
    for (version, state) in [(2, "verifying"), (3, "false_positive"), (4, "closed")] {
        alert["version"] = json!(version);
        alert["state"] = json!(state);
        if state == "false_positive" {
            alert["answer"] = json!("误报: 继承");
            alert["answered_by"] = json!("镇级经办");
            alert["answered_at"] = json!("2026-07-01T10:00:00+08:00");
        }
        fs::write(&alert_path, alert.to_string()).expect("written");
        let checked = check(i32::from(state != "closed"));
        assert_eq!((&checked["findings"], &checked["raised"], &checked["left_out"]), (&json!(1), &json!(0), &json!(0)), "{checked}");
    }
    stand.round();
    let closed: Value = serde_json::from_slice(&fs::read(&outside).expect("there")).expect("JSON");
    assert_eq!((&closed["state"], &closed["answer"]), (&json!("closed"), &json!("误报: 继承")));
    stand.expect_true();

    // What is no record is named, and nobody waits for it.
    fs::write(archive.join("broken.json"), b"{").expect("written");
    let ran = stand.run(Side::Source, &["check", "--archive", "cards", "--rules", rules.to_str().expect("a path")]);
    assert_eq!((ran.exit, ran.codes()), (Some(1), vec!["REC-03".to_owned()]));
    assert_eq!(stand.run(Side::Source, &["check", "--archive", "other"]).codes(), ["USE-01"]);
}
