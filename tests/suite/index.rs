//! The index lost, cut, altered or replaced by an older copy: the next command repairs it, says so on stderr, and ends as it
//! would have without (P5). A command that only reads may leave the repair to the next one that changes something.

use crate::stand::{Random, Side, Stand, copy, tree};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// What happens to an index.
type Harm = fn(&Path, &Path, &mut Random);

fn files(index: &Path) -> Vec<PathBuf> {
    let files: Vec<PathBuf> = tree(index).into_keys().map(|name| index.join(String::from_utf8(name).expect("its names are plain"))).collect();
    assert!(!files.is_empty(), "the index has files");
    files
}

fn each(index: &Path, change: impl FnMut(&mut Vec<u8>)) {
    let mut change = change;
    for file in files(index) {
        let mut content = fs::read(&file).expect("it can be read");
        change(&mut content);
        fs::write(&file, content).expect("it can be written");
    }
}

const HARMS: &[(&str, Harm)] = &[
    ("deleted", |index, _, _| fs::remove_dir_all(index).expect("it can be removed")),
    ("its files deleted", |index, _, _| files(index).iter().for_each(|file| fs::remove_file(file).expect("it can be removed"))),
    ("emptied", |index, _, _| each(index, Vec::clear)),
    ("cut in half", |index, _, _| each(index, |content| content.truncate(content.len() / 2))),
    ("one bit flipped", |index, _, random| {
        each(index, |content| {
            if !content.is_empty() {
                let at = random.below(content.len() as u64) as usize;
                content[at] ^= 1 << random.below(8);
            }
        });
    }),
    ("filled with noise", |index, _, random| each(index, |content| *content = random.bytes(content.len()))),
    ("replaced by an older copy", |index, older, _| {
        fs::remove_dir_all(index).expect("it can be removed");
        copy(older, index);
    }),
    ("replaced by a file", |index, _, _| {
        fs::remove_dir_all(index).expect("it can be removed");
        fs::write(index, "not a folder").expect("it can be written");
    }),
];

/// The commands that change something, each of which may be the next one.
fn changing(side: Side) -> Vec<Vec<&'static str>> {
    let mut commands = match side {
        Side::Source => vec![
            vec!["capture"],
            vec!["capture", "--deep"],
            vec!["pack", "--to", "medium"],
            vec!["pack", "--to", "medium", "--dry-run"],
            vec!["reconcile", "--from", "medium"],
            vec!["resend", "--route", "outward", "--item", "a", "--reason", "again"],
            vec!["cancel", "--route", "outward", "--item", "c", "--reason", "not needed"],
            vec!["purge", "--route", "outward", "--item", "a", "--reason", "wrong", "--yes"],
            vec!["purge", "--route", "outward", "--item", "a", "--reason", "wrong", "--dry-run"],
            vec!["archive", "add", "cards", "archive"],
            vec!["route", "add", "outward", "--archive", "cards", "--to", "outside"],
        ],
        Side::Replica => vec![
            vec!["apply", "--from", "medium"],
            vec!["apply", "--from", "medium", "--dry-run"],
            vec!["scrub"],
            vec!["route", "accept", "outward", "--from", "inside", "--into", "replica"],
        ],
    };
    commands.extend([vec!["carry", "medium"], vec!["run", "--once"], vec!["ledger", "rebuild"]]);
    commands
}

/// A stand in the middle of its work: something is proven, something packed, something new. And copies of its indexes from before.
fn stand() -> Stand {
    let stand = Stand::new();
    for name in ["a", "b", "c"] {
        stand.write(name, format!("content of {name}"));
    }
    stand.round();
    for side in [Side::Source, Side::Replica] {
        copy(&stand.home(side).join("index"), &stand.folder(&format!("older {side:?}")));
    }
    stand.write("a", "changed");
    stand.carry(Side::Source);
    stand.carry(Side::Replica);
    stand.write("d", "new");
    stand
}

/// Carries until everything is proven; the cancelled item aside.
fn converge(stand: &Stand) {
    for side in [Side::Source, Side::Replica, Side::Source, Side::Replica, Side::Source] {
        let ran = stand.run(side, &["carry", "medium"]);
        assert_eq!(ran.exit, Some(0), "{ran:#?}");
        assert!(!ran.stderr.contains("index"), "it is repaired once: {}", ran.stderr);
    }
    assert_eq!(tree(&stand.archive), tree(&stand.replica));
    stand.expect_whole();
    let items = &stand.route(Side::Source)["items"];
    assert_eq!(items["total"].as_u64(), Some(4), "{items}");
    assert_eq!(items["done"].as_u64().zip(items["cancelled"].as_u64()).map(|(done, cancelled)| done + cancelled), Some(4), "{items}");
}

#[test]
fn every_command_repairs_it_and_says_so() {
    let mut random = Random::new("every_command_repairs_it_and_says_so");
    let stand = stand();
    let pristine = stand.keep();
    let mut tried = 0;
    for side in [Side::Source, Side::Replica] {
        for (place, line) in changing(side).into_iter().enumerate() {
            // Each command meets two of the harms; all of them are met many times.
            for turn in [place, place + HARMS.len() / 2] {
                let (name, harm) = HARMS[turn % HARMS.len()];
                stand.restore(&pristine);
                let without = stand.run(side, &line);
                stand.restore(&pristine);
                harm(&stand.home(side).join("index"), &stand.folder(&format!("older {side:?}")), &mut random);
                let with = stand.run(side, &line);
                assert_eq!((with.exit, with.codes()), (without.exit, without.codes()), "{line:?}, {name}: {with:#?}");
                assert_eq!(keys(&with.object), keys(&without.object), "{line:?}, {name}");
                // Who asks for a new index gets it, and has nothing to repair.
                let repaired = line != ["ledger", "rebuild"];
                assert_eq!(with.stderr.contains("index was repaired"), repaired, "{line:?}, {name}: {:?}", with.stderr);
                converge(&stand);
                tried += 1;
            }
        }
    }
    println!("{tried} repairs");
    assert!(tried >= 2 * HARMS.len());
}

/// What a report says that is the same in each run: its fields, and all numbers, words and lists but ids.
fn keys(report: &Value) -> Value {
    const DIFFERENT: &[&str] = &["package", "file", "file_bytes", "head", "bytes", "records", "subject", "home"];
    match report {
        Value::Object(fields) => fields
            .iter()
            .filter(|(name, _)| !DIFFERENT.contains(&name.as_str()) && !name.ends_with("_seconds") && !name.ends_with("_at"))
            .map(|(name, value)| (name.clone(), keys(value)))
            .collect(),
        Value::Array(values) => values.iter().map(keys).collect(),
        other => other.clone(),
    }
}

#[test]
fn reading_is_right_all_the_same() {
    let mut random = Random::new("reading_is_right_all_the_same");
    let stand = stand();
    let pristine = stand.keep();
    for side in [Side::Source, Side::Replica] {
        let lines: Vec<Vec<&str>> = vec![vec!["status"], vec!["items"], vec!["card"], vec!["ledger", "verify"], vec!["ledger", "show"]];
        for (place, line) in lines.iter().enumerate() {
            let said = still(stand.expect(side, line, 0));
            for turn in [place, place + 3] {
                let (name, harm) = HARMS[turn % HARMS.len()];
                harm(&stand.home(side).join("index"), &stand.folder(&format!("older {side:?}")), &mut random);
                let read = stand.run(side, line);
                assert_eq!((read.exit, &still(read.object)), (Some(0), &said), "{line:?}, {name}");
                let next = stand.run(side, &["carry", "medium"]);
                assert_eq!(next.exit, Some(0), "{line:?}, {name}: {next:#?}");
                let times = (read.stderr + &next.stderr).matches("index was repaired").count();
                assert_eq!(times, 1, "{line:?}, {name}: one of the two repairs it and says so");
                stand.restore(&pristine);
            }
        }
    }
}

/// A report without what the clock changes.
fn still(mut report: Value) -> Value {
    for route in report["routes"].as_array_mut().into_iter().flatten().filter_map(Value::as_object_mut) {
        route.retain(|name, _| !name.ends_with("_seconds"));
    }
    report
}
