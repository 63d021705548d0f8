//! ST05, two edits before the receipt: the next package carries the newest version alone, and what is proven of an older one is never shown
//! as done; in whatever order the two packages come.

use super::{carry, item, kept, medium, record};
use crate::stand::{Setting, Side, Stand};
use serde_json::json;
use std::fs;

const NAME: &str = "m/record.json";

fn save(stand: &Stand, version: u64) {
    stand.write(NAME, record("m", &[("title", &format!("version {version}"))]));
    stand.expect(Side::Source, &["capture"], 0);
}

fn shown(stand: &Stand) -> String {
    fs::read_to_string(stand.replica.join(NAME)).expect("it is there")
}

/// A member whose versions up to 4 are proven, with version 5 on its way.
fn at_version_5() -> (Stand, std::path::PathBuf) {
    let stand = Stand::with(Setting { records: true, ..Setting::default() });
    stand.without_breaker();
    for version in 1..=4 {
        save(&stand, version);
    }
    stand.round();
    stand.carry(Side::Replica);
    save(&stand, 5);
    let first = medium(&stand, "package-101");
    let packed = carry(&stand, Side::Source, &first, 0);
    assert_eq!((&packed["packed"]["packages"][0]["items"], &item(&stand, Side::Source, NAME)["version"]), (&json!(1), &json!(5)));
    (stand, first)
}

#[test]
fn st05_two_edits_before_the_receipt() {
    let (stand, first) = at_version_5();
    carry(&stand, Side::Replica, &first, 0);
    save(&stand, 6);
    save(&stand, 7);
    let second = medium(&stand, "package-102");
    let packed = carry(&stand, Side::Source, &second, 0);
    assert_eq!(packed["packed"]["packages"][0]["items"], 1, "one row, version 7");
    // Now the receipt for 101 arrives.
    stand.expect(Side::Source, &["reconcile", "--from", first.to_str().expect("UTF-8")], 0);
    let told = item(&stand, Side::Source, NAME);
    assert_eq!((&told["version"], &told["proven_version"], &told["packed_version"]), (&json!(7), &json!(5), &json!(7)), "{told}");
    assert_eq!(told["state"], "packed", "confirmed 5, to be confirmed 7: {told}");
    assert_eq!(stand.counts(), (1, 0), "never done");
    carry(&stand, Side::Replica, &second, 0);
    carry(&stand, Side::Source, &second, 0);
    assert!(shown(&stand).contains("version 7"));
    assert_eq!((stand.counts(), &item(&stand, Side::Source, NAME)["proven_version"]), ((1, 1), &json!(7)));
}

#[test]
fn st05_the_later_package_comes_first() {
    let (stand, first) = at_version_5();
    let late = kept(&stand, &first, "comes-late");
    save(&stand, 6);
    save(&stand, 7);
    let second = medium(&stand, "package-102");
    carry(&stand, Side::Source, &second, 0);
    let applied = carry(&stand, Side::Replica, &second, 0);
    assert!(applied["applied"]["receipts"][0]["written"] == true && shown(&stand).contains("version 7"), "version 7 applies at once: {applied}");
    let home = carry(&stand, Side::Source, &second, 0);
    assert_eq!(home["reconciled"]["receipts"][0]["missing"], 1, "the receipt shows that 101 is missing: {}", home["reconciled"]);
    assert_eq!(stand.counts(), (1, 1));
    // 101 comes later, and changes nothing.
    let applied = carry(&stand, Side::Replica, &late, 0);
    assert_eq!(applied["applied"]["packages"][0]["written"], 0, "{applied}");
    assert!(shown(&stand).contains("version 7"));
    let home = carry(&stand, Side::Source, &late, 0);
    assert_eq!(home["reconciled"]["receipts"][0]["result"], "taken", "both receipts reconcile: {}", home["reconciled"]);
    assert_eq!((stand.counts(), stand.route(Side::Source)["packages_unanswered"].as_u64()), ((1, 1), Some(0)));
    stand.expect_whole();
}
