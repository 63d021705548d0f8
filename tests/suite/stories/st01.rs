//! ST01, first sync, small: a new route under RT1 with 1,240 items; one run crosses, is applied, and its receipt proves all of it. (Without
//! sheet and slip, which are not printed yet; that a second person approves is said by the reason only.)

use super::{carry, medium, text};
use crate::stand::{Setting, Side, Stand, tree};
use crate::templates::member;
use serde_json::json;
use std::fs;
use std::path::Path;
use std::process::Command;

#[test]
fn st01_a_first_sync_of_1240_items() {
    let stand = Stand::with(Setting { records: true, ..Setting::default() });
    stand.without_breaker();
    for number in 1..=1240 {
        let mut record = member(number, "320412103012", "confirmed");
        record["gender"] = json!(if number % 2 == 0 { "1" } else { "2" });
        stand.write(format!("member/{number:04}/record.json"), record.to_string());
    }
    stand.expect(Side::Source, &["capture"], 0);
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/templates/RT1.toml");
    let planned = stand.expect(Side::Source, &["template", "activate", text(&template), "--route", "outward", "--reason", "approved by the second person"], 0);
    assert_eq!((&planned["changed"], &planned["withdrawn"]), (&json!(1240), &json!(0)), "{planned}");
    let stick = medium(&stand, "POOL-O-0042");
    carry(&stand, Side::Source, &stick, 0);
    let applied = carry(&stand, Side::Replica, &stick, 0);
    assert_eq!(applied["applied"]["packages"][0]["written"], 1240, "{}", applied["applied"]["packages"]);
    let reconciled = carry(&stand, Side::Source, &stick, 0);
    assert_eq!(reconciled["reconciled"]["receipts"][0]["proven"], 1240, "{}", reconciled["reconciled"]);
    assert_eq!(stand.counts(), (1240, 1240));
    // Item by item: what is done was answered with the digest that the source expects of what it sent.
    let states = stand.expect(Side::Source, &["items", "--state", "done"], 0);
    assert_eq!(states["items"].as_array().map(Vec::len), Some(1240));
    // And an independent program finds in the replica what the template makes of the archive.
    if Command::new("python3").args(["-c", "import tomllib"]).output().is_ok_and(|output| output.status.success()) {
        let check = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/check/template.py");
        let mut compare = Command::new("python3");
        compare.arg(check).arg("compare").arg("--template").arg(&template).arg("--archive").arg(&stand.archive).arg("--replica").arg(&stand.replica);
        let output = compare.args(["--today", "2026-06-30"]).output().expect("python3 can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout).lines().take(20).collect::<Vec<_>>().join("\n"));
    }
    assert_eq!(tree(&stand.replica).len(), 1240);
    // Captured again, nothing is to be sent.
    let captured = stand.expect(Side::Source, &["capture"], 0);
    let changed = ["added", "modified", "deleted"].map(|field| captured["archives"][0][field].clone());
    assert_eq!(changed, [json!(0), json!(0), json!(0)]);
    assert_eq!(stand.route(Side::Source)["items"]["pending"], 0);
    let planned = stand.expect(Side::Source, &["pack", "--to", text(&stick), "--dry-run"], 0);
    assert_eq!(planned["planned"], json!([]));
    assert!(fs::read(stand.replica.join("member/0001/record.json")).expect("it is there").windows(8).any(|part| part == b"********"), "masked");
}
