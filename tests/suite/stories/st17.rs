//! ST17, replica edited by hand: the next reading finds it, the receipt names it, a person sees it, and what was sent is there again by carrying.

use super::item;
use crate::stand::{Side, Stand, tree};
use serde_json::json;
use std::fs;

#[test]
fn st17_a_replica_is_edited_by_hand() {
    let stand = Stand::new();
    for number in 0..10 {
        stand.write(format!("share-{number}.json"), format!("{{\"shares\":{number}}}"));
    }
    stand.round();
    let edited = stand.replica.join("share-4.json");
    let written = fs::metadata(&edited).and_then(|metadata| metadata.modified()).expect("a time");
    fs::write(&edited, "{\"shares\":9}").expect("by hand");
    fs::OpenOptions::new().write(true).open(&edited).and_then(|file| file.set_modified(written)).expect("and hidden");
    let read = stand.run(Side::Replica, &["scrub"]);
    let named: Vec<&str> = read.object["damaged"].as_array().expect("a list").iter().filter_map(|one| one["item"].as_str()).collect();
    assert_eq!((read.exit, named), (Some(1), vec!["share-4.json"]), "{read:#?}");
    stand.run(Side::Replica, &["carry", "medium"]);
    // The source is told, and shows it as failed until it is proven again: it is not healed in silence.
    let told = stand.run(Side::Source, &["carry", "medium"]);
    let discrepancies = &told.object["reconciled"]["discrepancies"];
    assert_eq!((discrepancies.as_array().map(Vec::len), &discrepancies[0]["item"]), (Some(1), &json!("share-4.json")), "{told:#?}");
    assert_eq!(stand.counts(), (10, 9));
    stand.run(Side::Replica, &["carry", "medium"]);
    assert_eq!(fs::read(&edited).expect("there"), b"{\"shares\":4}");
    let aside = tree(&stand.replica.join(".gapferry")).into_values().filter(|leaf| leaf.0 == b"{\"shares\":9}").count();
    assert_eq!(aside, 1, "what somebody wrote is kept aside");
    stand.carry(Side::Source);
    assert_eq!(item(&stand, Side::Source, "share-4.json")["state"], "done");
    stand.expect_true();
}
