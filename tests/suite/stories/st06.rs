//! ST06, deleted asset: the next package carries a tombstone; the replica lists the card no longer; an older package does not bring it back; the
//! ledger keeps its digest. (What a page on the internet says of it is for that page; its certificate is revoked as in `urgent`.)

use super::{carry, item, kept, medium, record};
use crate::stand::{Setting, Side, Stand};
use serde_json::{Value, json};
use std::fs;

const CARD: &str = "00002121234/record.json";

#[test]
fn st06_a_deleted_asset_stays_deleted() {
    let stand = Stand::with(Setting { records: true, ..Setting::default() });
    stand.without_breaker();
    stand.write(CARD, record("00002121234", &[("title", "工作间"), ("state", "in use")]));
    stand.write("00002121235/record.json", record("00002121235", &[("title", "another card")]));
    let stick = medium(&stand, "stick");
    carry(&stand, Side::Source, &stick, 0);
    let older = kept(&stand, &stick, "older");
    carry(&stand, Side::Replica, &stick, 0);
    carry(&stand, Side::Source, &stick, 0);
    let digest = item(&stand, Side::Replica, CARD)["digest"].as_str().expect("a digest").to_owned();
    assert_eq!(digest.len(), 64);
    // The disposal is approved: the card leaves the archive.
    fs::remove_dir_all(stand.archive.join("00002121234")).expect("it can be removed");
    let packed = carry(&stand, Side::Source, &stick, 0);
    let package = &packed["packed"]["packages"][0];
    assert_eq!((&package["items"], &package["removals"]), (&json!(1), &json!(1)), "{packed}");
    let applied = carry(&stand, Side::Replica, &stick, 0);
    let removed = applied["applied"]["packages"].as_array().expect("packages").iter().filter_map(|package| package["removed"].as_u64()).sum::<u64>();
    assert_eq!(removed, 1, "{applied}");
    assert_eq!((item(&stand, Side::Replica, CARD), stand.replica.join(CARD).exists()), (Value::Null, false), "no longer listed");
    carry(&stand, Side::Source, &stick, 0);
    assert_eq!(stand.counts(), (1, 1));
    // An older package comes again, on a replica that has forgotten nothing.
    let replayed = stand.run(Side::Replica, &["carry", older.to_str().expect("UTF-8")]);
    assert_eq!(replayed.exit, Some(0), "{replayed:#?}");
    assert!(!stand.replica.join(CARD).exists(), "it does not come back");
    assert_eq!(item(&stand, Side::Replica, CARD), Value::Null);
    // Both ledgers know for ever what it was.
    for side in [Side::Source, Side::Replica] {
        let ledger = stand.records(side);
        assert!(ledger.iter().any(|record| record.to_string().contains(&digest)), "{side:?} has forgotten {digest}");
    }
    stand.expect_whole();
}
