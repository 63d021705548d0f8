//! Every command that changes something leaves a record of who, on which machine, what, and how it ended; one that changes
//! nothing leaves none.

use crate::stand::{Setting, Side, Stand};
use serde_json::Value;
use std::fs;
use std::process::Command;

/// What a shell says.
fn said(program: &str, argument: &str) -> String {
    let output = Command::new(program).arg(argument).output().expect("it can be run");
    String::from_utf8(output.stdout).expect("a name").trim().to_owned()
}

fn check(record: &Value, line: &[&str]) {
    assert_eq!(record["kind"], "Acted", "{line:?}: {record}");
    let body = &record["body"];
    assert_eq!(body["who"], said("id", "-un").as_str(), "{line:?}");
    assert_eq!(body["host"], said("uname", "-n").as_str(), "{line:?}");
    let command = body["command"].as_str().expect("a command");
    assert!(command.starts_with("gapferry ") && line.iter().all(|word| command.contains(word)), "{line:?}: {command}");
    assert!(body["result"].as_str().is_some_and(|result| !result.is_empty()), "{line:?}: {body}");
}

/// Runs a command; gives its record, if it left new records at all.
fn acted(stand: &Stand, side: Side, line: &[&str], exit: &[i32]) -> Option<Value> {
    let before = stand.records(side).len();
    let ran = stand.run(side, line);
    assert!(ran.exit.is_some_and(|code| exit.contains(&code)), "{line:?}: {ran:#?}");
    let records = stand.records(side);
    assert_eq!(
        records.iter().skip(before).filter(|record| record["kind"] == "Acted").count(),
        usize::from(records.len() > before),
        "{line:?}: one record per command: {records:#?}"
    );
    (records.len() > before).then(|| records[records.len() - 1].clone())
}

#[test]
fn every_change_has_somebody_who_made_it() {
    let stand = Stand::with(Setting::default());
    for number in 0..150 {
        stand.write(format!("card {number}"), format!("content {number}"));
    }
    let mut seen = 0;
    let mut changes = |side, line: &[&str], exit: &[i32]| {
        let record = acted(&stand, side, line, exit).unwrap_or_else(|| panic!("{line:?} left no record"));
        check(&record, line);
        seen += 1;
        record
    };
    use Side::{Replica, Source};
    // What set the stand up.
    for (side, words) in [(Source, &["trust", "archive add", "route add"][..]), (Replica, &["trust", "route accept"])] {
        let acts: Vec<Value> = stand.records(side).into_iter().filter(|record| record["kind"] == "Acted").collect();
        assert_eq!(acts.len(), words.len());
        acts.iter().zip(words).for_each(|(act, words)| check(act, &words.split(' ').collect::<Vec<_>>()));
    }
    changes(Source, &["capture"], &[0]);
    changes(Source, &["pack", "--to", "medium"], &[0]);
    changes(Replica, &["apply", "--from", "medium"], &[0]);
    changes(Source, &["reconcile", "--from", "medium"], &[0]);
    stand.write("card 1", "changed");
    changes(Source, &["carry", "medium"], &[0]);
    changes(Replica, &["carry", "medium"], &[0]);
    changes(Source, &["carry", "medium"], &[0]);
    let reason = "the stick was lost";
    let record = changes(Source, &["resend", "--route", "outward", "--item", "card 2", "--reason", reason], &[0]);
    assert_eq!(record["body"]["reason"], reason);
    let record = changes(Source, &["cancel", "--route", "outward", "--item", "card 2", "--reason", reason], &[0]);
    assert_eq!(record["body"]["reason"], reason);
    let record = changes(Source, &["purge", "--route", "outward", "--item", "card 2", "--reason", reason, "--yes"], &[0]);
    assert_eq!(record["body"]["reason"], reason);
    for number in 0..120 {
        fs::remove_file(stand.archive.join(format!("card {number}"))).expect("it can be removed");
    }
    changes(Source, &["carry", "medium"], &[5]);
    let record = changes(Source, &["breaker", "release", "outward", "--reason", "a village moved"], &[0]);
    assert_eq!(record["body"]["reason"], "a village moved");
    changes(Source, &["carry", "medium"], &[0]);
    changes(Replica, &["carry", "medium"], &[5]);
    changes(Replica, &["breaker", "release", "outward", "--reason", "they told us"], &[0]);
    changes(Replica, &["carry", "medium"], &[0]);
    changes(Source, &["carry", "medium"], &[0]);
    changes(Replica, &["scrub"], &[0]);
    // A command that fails after it changed something: what is replaced has nowhere to go.
    stand.write("card 140", "changed again");
    changes(Source, &["carry", "medium"], &[0]);
    let (history, away) = (stand.replica.join(".gapferry/history"), stand.replica.join(".gapferry/away"));
    fs::rename(&history, &away).expect("there is a history");
    fs::write(&history, "in its way").expect("its name is free");
    let record = changes(Replica, &["apply", "--from", "medium"], &[4]);
    assert!(record["body"]["result"].as_str().is_some_and(|result| result.contains("fail")), "it says how it ended: {record}");
    fs::remove_file(&history).and_then(|()| fs::rename(&away, &history)).expect("it comes back");
    changes(Replica, &["apply", "--from", "medium"], &[0]);
    changes(Source, &["carry", "medium"], &[0]);
    println!("{seen} acts");
}

#[test]
fn what_changes_nothing_leaves_nothing() {
    let stand = Stand::new();
    stand.write("a", "content");
    stand.round();
    stand.carry(Side::Replica);
    // What was young when it was read is read once more when it is not.
    stand.carry(Side::Source);
    use Side::{Replica, Source};
    let idle: &[(Side, &[&str])] = &[
        (Source, &["status"]),
        (Source, &["items"]),
        (Source, &["card"]),
        (Source, &["ledger", "verify"]),
        (Source, &["ledger", "show"]),
        (Source, &["ledger", "rebuild"]),
        (Source, &["inspect", "outside.card"]),
        (Source, &["archive", "add", "cards", "archive"]),
        (Source, &["route", "add", "outward", "--archive", "cards", "--to", "outside"]),
        (Source, &["pack", "--to", "medium", "--dry-run"]),
        (Source, &["init", "--zone", "inside", "--role", "source"]),
        (Replica, &["status"]),
        (Replica, &["items"]),
        (Replica, &["history"]),
        (Replica, &["ledger", "verify"]),
        (Replica, &["apply", "--from", "medium", "--dry-run"]),
        (Replica, &["route", "accept", "outward", "--from", "inside", "--into", "replica"]),
    ];
    for (side, line) in idle {
        let record = acted(&stand, *side, line, &[0]);
        assert_eq!(record, None, "{line:?}");
    }
}
