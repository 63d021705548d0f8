//! What must not wait (`schedule.urgent` of a template): a revoke goes ahead of a backlog and wins on the replica, with the template for
//! the internet that ships.

use crate::certificates::{change, county, record, text};
use crate::stand::{Side, Stand};
use serde_json::{Value, json};
use std::fs;
use std::path::Path;

/// The template for the internet, for the zone of a stand.
fn public(stand: &Stand) -> Vec<String> {
    let shipped = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/templates/RT2.toml")).expect("it ships");
    let file = stand.folder("RT2.toml");
    fs::write(&file, shipped.replace("replica = \"internet\"", "replica = \"outside\"")).expect("it can be written");
    stand.expect(Side::Source, &["capture"], 0);
    let ran = stand.run(Side::Source, &["template", "activate", text(&file), "--route", "outward", "--reason", "approved"]);
    assert_eq!((ran.exit, &ran.object["activated"]), (Some(i32::from(!ran.codes().is_empty())), &json!(true)), "{ran:#?}");
    ran.codes()
}

#[test]
fn a_revoke_goes_ahead_of_a_backlog_and_wins() {
    let (stand, _scratch, records) = county("110", true);
    stand.without_breaker();
    stand.expect(Side::Source, &["certificate", "sign"], 0);
    assert_eq!(public(&stand), Vec::<String>::new());
    for _ in 0..2 {
        stand.round();
    }
    assert_eq!(stand.route(Side::Source)["urgent"], 0);
    let effective: Vec<&String> = records.iter().filter(|path| record(&stand.archive.join(path))["state"] == "effective").collect();
    // In the order of names it would be the last.
    let (revoked, others) = effective.split_last().expect("some are in force");
    assert!(others.len() >= 200, "{} others", others.len());
    let outside = stand.replica.join(revoked);
    let proven = stand.expect(Side::Replica, &["certificate", "verify", text(&outside)], 0);
    assert_eq!((&proven["certificates"][0]["proven"], &proven["certificates"][0]["state"]), (&json!(true), &json!("effective")), "{proven}");
    let kept = stand.folder("kept.json");
    fs::copy(&outside, &kept).expect("a copy");

    for path in &others[..200] {
        change(&stand.archive.join(path), &[("issuer", "某区农业农村局（新址）")]);
    }
    change(&stand.archive.join(revoked), &[("state", "revoked"), ("revoked_on", "2026-11-20"), ("revoke_reason", "right_ended")]);
    assert_eq!(stand.expect(Side::Source, &["certificate", "sign"], 0)["signed"], 201);
    let medium = text(&stand.medium);
    let pack = ["pack", "--to", medium, "--medium-size", "160KiB"];
    let planned = stand.run(Side::Source, &[&pack[..], &["--dry-run"]].concat());
    assert_eq!((planned.exit, &planned.object["urgent"]), (Some(1), &json!(1)), "{}", planned.object);
    assert_eq!(planned.object["planned"][0]["item"], json!(revoked), "{}", planned.object["planned"][0]);
    assert_eq!(stand.route(Side::Source)["urgent"], 1);
    let packed = stand.run(Side::Source, &pack);
    let items: Vec<u64> = packed.object["packages"].as_array().expect("packages").iter().filter_map(|package| package["items"].as_u64()).collect();
    assert_eq!((packed.exit, &packed.object["urgent"], items.first()), (Some(1), &json!(1), Some(&1)), "{}", packed.object);
    let waiting = packed.object["waiting"][0]["items"].as_u64().expect("much waits for another medium");
    // Of those each waits as a record and its file.
    assert!(waiting > 200 && items.iter().sum::<u64>() + waiting / 2 == 201, "{items:?} {waiting}");

    stand.carry(Side::Replica);
    for (file, codes) in [(&kept, &["CRT-09", "CRT-08"][..]), (&outside, &["CRT-08"])] {
        let ran = stand.run(Side::Replica, &["certificate", "verify", text(file)]);
        assert_eq!((ran.exit, ran.codes()), (Some(3), codes.iter().map(|code| (*code).to_owned()).collect()), "{ran:#?}");
        let told = &ran.object["certificates"][0];
        assert_eq!((&told["proven"], &told["state"]), (&json!(true), &json!("revoked")), "{told}");
    }
    assert_eq!(stand.route(Side::Source)["urgent"], 1, "nobody has proven it yet");
    stand.carry(Side::Source);
    assert_eq!(stand.route(Side::Source)["urgent"], 0);
    stand.carry(Side::Replica);
    stand.carry(Side::Source);
    let (total, done) = stand.counts();
    assert_eq!(total, done);
    // Whatever else a person picks, a revoke does not stay behind.
    change(&stand.archive.join(others[0]), &[("state", "revoked"), ("revoked_on", "2026-11-20"), ("revoke_reason", "right_ended")]);
    change(&stand.archive.join(others[1]), &[("issuer", "某区农业农村局")]);
    change(&stand.archive.join(others[2]), &[("issuer", "某区农业农村局")]);
    stand.expect(Side::Source, &["certificate", "sign"], 0);
    let pick = ["pack", "--to", medium, "--item", others[1]];
    let planned = stand.run(Side::Source, &[&pick[..], &["--dry-run"]].concat());
    let planned_items = planned.object["planned"].as_array().expect("planned").iter().map(|planned| &planned["item"]);
    let names: Vec<&Value> = planned_items.filter(|item| item.as_str().is_some_and(|item| item.ends_with("record.json"))).collect();
    assert_eq!((names, &planned.object["urgent"]), (vec![&json!(others[0]), &json!(others[1])], &json!(1)));
    let picked = stand.run(Side::Source, &pick);
    assert_eq!((&picked.object["packages"][0]["items"], &picked.object["urgent"]), (&json!(2), &json!(1)), "{}", picked.object);
}

/// Outside nobody can check a certificate that goes without a proof: who changed one and did not sign it again is told.
#[test]
fn a_certificate_that_is_not_signed_is_named_before_it_goes() {
    let (stand, _scratch, records) = county("8", true);
    stand.without_breaker();
    let check = ["check", "--archive", "cards", "--dry-run"];
    let told = |arguments: &[&str]| {
        let ran = stand.run(Side::Source, arguments);
        (ran.exit, ran.codes())
    };
    assert_eq!(told(&check), (Some(0), Vec::new()), "nobody shows a certificate yet");
    assert_eq!(public(&stand), ["SRC-15"], "they were captured before anybody showed them");
    assert_eq!(told(&check), (Some(1), vec!["SRC-15".to_owned(); records.len()]));
    stand.expect(Side::Source, &["certificate", "sign"], 0);
    assert_eq!(told(&check), (Some(0), Vec::new()));
    stand.round();
    let path = stand.archive.join(&records[0]);
    change(&path, &[("issuer", "某区农业农村局（新址）")]);
    let carried = stand.run(Side::Source, &["carry", "medium"]);
    assert_eq!((carried.exit, carried.codes()), (Some(1), vec!["SRC-15".to_owned()]), "{}", carried.object);
    assert_eq!(told(&check), (Some(1), vec!["SRC-15".to_owned()]));
    stand.expect(Side::Source, &["certificate", "sign"], 0);
    assert_eq!(told(&check), (Some(0), Vec::new()));
    stand.round();
    stand.expect(Side::Replica, &["certificate", "verify", text(&stand.replica.join(&records[0]))], 0);
}
