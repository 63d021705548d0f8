//! Dry runs under a template, from outside: what is shown is what a run then packs (spec/cli.md).

use crate::layout::limited;
use crate::stand::{Random, Setting, Side, Stand};
use crate::templates::{activate_on, member, template};
use serde_json::{Value, json};
use std::collections::BTreeSet;

const HERE: &str = "320412103012";

fn stand() -> Stand {
    let stand = Stand::with(Setting { records: true, ..Setting::default() });
    stand.without_breaker();
    stand
}

fn put(stand: &Stand, number: u64, record: &Value) {
    stand.write(format!("member/{number}/record.json"), record.to_string());
}

fn foreseen(stand: &Stand) -> (i32, Vec<String>, Value) {
    let ran = stand.run(Side::Source, &["pack", "--to", stand.medium.to_str().expect("UTF-8"), "--dry-run"]);
    (ran.exit.expect("it ended"), ran.codes(), ran.object)
}

/// Items and removals of all packages.
fn counts(packages: &Value) -> [u64; 2] {
    let packages = packages.as_array().expect("packages");
    ["items", "removals"].map(|field| packages.iter().map(|package| package[field].as_u64().expect("a count")).sum())
}

fn planned(report: &Value) -> BTreeSet<(String, String)> {
    let word = |item: &Value, field: &str| item[field].as_str().expect("a word").to_owned();
    report["planned"].as_array().expect("items").iter().map(|item| (word(item, "item"), word(item, "mark"))).collect()
}

#[test]
fn a_dry_run_lists_what_the_template_lets_through_and_what_it_withdraws() {
    let stand = stand();
    (1..=4).for_each(|number| put(&stand, number, &member(number, HERE, "confirmed")));
    put(&stand, 5, &member(5, HERE, "pending"));
    activate_on(&stand, &template(&stand, "members", "state = 'confirmed'", r#"fields = ["name"]"#), "outward");
    let (exit, _, report) = foreseen(&stand);
    assert_eq!((exit, counts(&report["packages"]), planned(&report).len()), (0, [4, 0], 4), "{report}");
    stand.round();
    stand.round();
    // One leaves the selection, one changes in what is shown, one in what is not, one is new and kept back.
    put(&stand, 1, &member(1, HERE, "pending"));
    let mut renamed = member(2, HERE, "confirmed");
    renamed["name"] = json!("孙三丙");
    put(&stand, 2, &renamed);
    put(&stand, 6, &member(6, HERE, "pending"));
    let (exit, _, report) = foreseen(&stand);
    let named = |number: u64, mark: &str| (format!("member/{number}/record.json"), mark.to_owned());
    let expected = BTreeSet::from([named(1, "withdraw"), named(2, "document")]);
    assert_eq!((exit, planned(&report), counts(&report["packages"])), (0, expected, [2, 1]), "{report}");
    // It recorded nothing of it.
    assert_eq!((foreseen(&stand).2["planned"].clone(), foreseen(&stand).0), (report["planned"].clone(), 0));
    // What another template shows otherwise travels again, what it shows as before does not.
    let narrow = template(&stand, "narrow", "state = 'confirmed' and name = '孙三丙'", r#"fields = ["name"]"#);
    activate_on(&stand, &narrow, "outward");
    let (_, _, report) = foreseen(&stand);
    let expected = BTreeSet::from([named(1, "withdraw"), named(2, "document"), named(3, "withdraw"), named(4, "withdraw")]);
    assert_eq!((planned(&report), counts(&report["packages"])), (expected, [4, 3]), "{report}");
    let carried = stand.carry(Side::Source);
    assert_eq!(counts(&carried["packed"]["packages"]), [4, 3], "{carried}");
    stand.carry(Side::Replica);
    // What is withdrawn is proven as much as what is shown.
    assert_eq!(stand.carry(Side::Source)["reconciled"]["receipts"][0]["proven"], 4);
}

/// TX2: what a route does not carry of a transaction takes no room in its package.
#[test]
fn a_transaction_is_as_large_as_what_the_route_carries_of_it() {
    let stand = stand();
    for number in 1..=2u64 {
        let mut record = member(number, HERE, "confirmed");
        record["txn"] = json!({ "txn_id": "t1", "size": 2, "business_code": "105" });
        record["documents"] = json!([{
            "document_id": "d1", "role": "scan", "seq": 1, "file_name": "scan.jpg", "media_type": "image/jpeg", "format_id": "jpg", "size": 3 << 20,
            "digest": { "alg": "blake3", "hex": "0".repeat(64) }, "redaction": "none", "sens": "Internal",
        }]);
        put(&stand, number, &record);
        stand.write(format!("member/{number}/scan.jpg"), Random::of(number).bytes(3 << 20));
    }
    limited(&stand, 1_000_000);
    activate_on(&stand, &template(&stand, "scans", "true", "fields = [\"name\"]\n[documents]\ninclude = [\"scan\"]"), "outward");
    let (exit, codes, report) = foreseen(&stand);
    assert_eq!((exit, codes, planned(&report).len()), (1, vec!["SRC-13".to_owned(); 4], 0), "{report}");
    let carried = stand.run(Side::Source, &["carry", stand.medium.to_str().expect("UTF-8")]);
    assert_eq!((carried.exit, carried.codes()), (Some(1), vec!["SRC-13".to_owned(); 4]), "{}", carried.object);
    activate_on(&stand, &template(&stand, "names", "true", "fields = [\"name\"]"), "outward");
    let (exit, codes, report) = foreseen(&stand);
    assert_eq!((exit, codes, counts(&report["packages"])), (0, Vec::new(), [2, 0]), "{report}");
    let carried = stand.carry(Side::Source);
    assert_eq!(counts(&carried["packed"]["packages"]), [2, 0], "{carried}");
    stand.carry(Side::Replica);
    stand.carry(Side::Source);
    assert_eq!(stand.counts(), (2, 2));
}

/// A document whose record changed is there already, and counts nothing.
#[test]
fn what_is_there_is_not_counted() {
    let stand = stand();
    let scan = stand.archive.join("member/1/scan.jpg");
    put(&stand, 1, &member(1, HERE, "confirmed"));
    stand.write("member/1/scan.jpg", Random::of(1).bytes(3 << 20));
    // What was written just now is read again.
    let file = std::fs::File::options().write(true).open(scan).expect("it is there");
    file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000)).expect("it can be set");
    stand.round();
    stand.round();
    put(&stand, 1, &member(1, HERE, "pending"));
    let packages = |report: &Value| report["packages"].clone();
    let bytes = |packages: &Value, field: &str| packages[0][field].as_u64().expect("a count");
    let foreseen = packages(&foreseen(&stand).2);
    assert_eq!((counts(&foreseen), bytes(&foreseen, "document_bytes") < 10_000), ([2, 0], true), "{foreseen}");
    let packed = packages(&stand.carry(Side::Source)["packed"]);
    assert_eq!((counts(&packed), bytes(&packed, "file_bytes") < 100_000), ([2, 0], true), "{packed}");
}
