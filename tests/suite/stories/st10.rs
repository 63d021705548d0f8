//! ST10, new replica later: after years of changes a second route begins from the same archive. It gets what is there now and nothing of what
//! was before; the other route notices nothing of it.

use super::{medium, text};
use crate::stand::{Ran, Setting, Side, Stand, binary, tree};
use crate::templates::{activate_on, member, template};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

/// A command of the new replica.
fn exchange(stand: &Stand, arguments: &[&str]) -> Value {
    let mut command = Command::new(binary());
    command.args(arguments).arg("--json").arg("--home").arg(stand.folder("home-exchange")).current_dir(&stand.root).env_remove("GAPFERRY_HOME");
    let ran: Ran = command.output().expect("the binary can be run").into();
    assert_eq!(ran.exit, Some(0), "{arguments:?}: {ran:#?}");
    ran.object
}

#[test]
fn st10_a_new_replica_disturbs_nobody() {
    let stand = Stand::with(Setting { records: true, ..Setting::default() });
    stand.without_breaker();
    for year in 1..=3 {
        for number in 1..=30 {
            let mut record = member(number, "320412103012", "confirmed");
            (record["version"], record["name"]) = (json!(year), json!(format!("张第{year}年")));
            stand.write(format!("member/{number:02}/record.json"), record.to_string());
        }
        stand.round();
    }
    assert_eq!(stand.counts(), (30, 30));
    let other = |stand: &Stand| ["sequence", "receipt", "items"].map(|field| stand.route(Side::Source)[field].clone());
    let before = other(&stand);

    exchange(&stand, &["init", "--zone", "exchange", "--role", "replica"]);
    let theirs = exchange(&stand, &["card"]);
    fs::write(stand.folder("exchange.card"), theirs["card"].as_str().expect("a card")).expect("written");
    stand.expect(Side::Source, &["trust", "exchange.card", "--fingerprint", theirs["fingerprint"].as_str().expect("a fingerprint")], 0);
    let ours = stand.expect(Side::Source, &["card"], 0);
    exchange(&stand, &["trust", "inside.card", "--fingerprint", ours["fingerprint"].as_str().expect("a fingerprint")]);
    stand.expect(Side::Source, &["route", "add", "push", "--archive", "cards", "--to", "exchange"], 0);
    let into = stand.folder("replica-exchange");
    exchange(&stand, &["route", "accept", "push", "--from", "inside", "--into", text(&into)]);
    let file = template(&stand, "push", "gender = '1'", "fields = [\"name\", \"gender\"]\nmask = { name = \"name1\" }");
    let theirs = fs::read_to_string(&file).expect("a template").replace("replica = \"outside\"", "replica = \"exchange\"");
    fs::write(&file, theirs).expect("written");
    let planned = activate_on(&stand, &file, "push");
    assert_eq!((&planned["added"], &planned["withdrawn"]), (&json!(0), &json!(0)), "{planned}");

    // What it will be is said before anything is written.
    let stick = medium(&stand, "stick-exchange");
    let foreseen = stand.expect(Side::Source, &["pack", "--to", text(&stick), "--route", "push", "--dry-run"], 0);
    assert_eq!((foreseen["planned"].as_array().map(Vec::len), fs::read_dir(&stick).expect("a medium").count()), (Some(30), 0), "{foreseen}");
    for _ in 0..2 {
        stand.expect(Side::Source, &["carry", text(&stick), "--route", "push"], 0);
        exchange(&stand, &["carry", text(&stick)]);
    }
    stand.expect(Side::Source, &["carry", text(&stick), "--route", "push"], 0);
    let routes = stand.expect(Side::Source, &["status"], 0)["routes"].clone();
    let push = routes.as_array().expect("routes").iter().find(|route| route["route"] == "push").expect("the new one");
    assert_eq!((&push["items"]["total"], &push["items"]["done"]), (&json!(30), &json!(30)), "{push}");
    let outward = routes.as_array().expect("routes").iter().find(|route| route["route"] == "outward").expect("the old one");
    assert_eq!(["sequence", "receipt", "items"].map(|field| outward[field].clone()), before, "the other route has noticed nothing");
    // Current versions only, and of those what the template says.
    let held = tree(&into);
    assert_eq!(held.len(), 30);
    for (path, (content, ..)) in held {
        let record: Value = serde_json::from_slice(&content).expect("JSON");
        assert_eq!((&record["version"], &record["name"]), (&json!(3), &json!("张***")), "{}", String::from_utf8_lossy(&path));
    }
    assert!(!into.join(".gapferry/history").exists() || tree(&into.join(".gapferry/history")).is_empty(), "no history");
}
