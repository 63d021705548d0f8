//! ST24, split of a household (分户): nine records of one business change together, travel in one package and are switched together, also where
//! the power fails between two of them. (A reader that looks all the while: `readers`.)

use super::{medium, text};
use crate::kill_others::kill;
use crate::stand::{Random, Setting, Side, Stand};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Duration;

const RECORDS: [&str; 9] = ["household 1", "household 2", "member 1", "member 2", "member 3", "member 4", "contract 1", "contract 2", "contract 3"];

fn put(stand: &Stand, business: u64) {
    for (number, name) in RECORDS.iter().enumerate() {
        let txn = json!({ "txn_id": format!("t{business}"), "size": RECORDS.len(), "business_code": "105" });
        let record = json!({ "rid": format!("minutes-{number}"), "kind": "minutes", "title": business.to_string(), "txn": txn });
        stand.write(format!("{name}/record.json"), record.to_string());
    }
}

/// Of which business what lies there is.
fn seen(replica: &Path) -> BTreeSet<String> {
    let title = |name: &&str| {
        let record: Value = serde_json::from_slice(&fs::read(replica.join(name).join("record.json")).ok()?).expect("JSON");
        record["title"].as_str().map(str::to_owned)
    };
    RECORDS.iter().filter_map(title).collect()
}

#[test]
fn st24_a_household_is_split() {
    let mut random = Random::new("st24");
    let stand = Stand::with(Setting { records: true, ..Setting::default() });
    stand.without_breaker();
    put(&stand, 0);
    stand.round();
    for business in 1..=6 {
        put(&stand, business);
        let stick = medium(&stand, "stick");
        let packed = stand.expect(Side::Source, &["carry", text(&stick)], 0);
        let items: Vec<u64> = packed["packed"]["packages"]
            .as_array()
            .expect("packages")
            .iter()
            .filter_map(|package| package["items"].as_u64())
            .filter(|items| *items > 0)
            .collect();
        assert_eq!(items, [9], "one package: {packed}");
        kill(&mut stand.command(Side::Replica, &["carry", text(&stick)]), random.moment(Duration::from_millis(60)));
        // Half of it may lie there only while the marker says so.
        let marked = stand.replica.join(".gapferry/switching").exists();
        let now = seen(&stand.replica);
        assert!(now.len() == 1 || marked, "business {business}: a mixture, and nothing says so: {now:?}");
        stand.expect(Side::Replica, &["carry", text(&stick)], 0);
        assert_eq!(seen(&stand.replica), [business.to_string()].into());
        assert!(!stand.replica.join(".gapferry/switching").exists());
        stand.expect(Side::Source, &["carry", text(&stick)], 0);
    }
    assert_eq!(stand.counts(), (9, 9));
}
