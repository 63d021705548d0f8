//! ST11, replica disk replaced: an empty disk, the same identity. A person says that it is new; everything that is to be there travels again,
//! what was purged does not come back, and numbering goes on.

use crate::stand::{Side, Stand};
use serde_json::json;
use std::fs;

#[test]
fn st11_a_replica_gets_a_new_disk() {
    let stand = Stand::new();
    stand.without_breaker();
    for number in 0..12 {
        stand.write(format!("card-{number:02}"), format!("card {number}, as it is now"));
    }
    stand.write("card-00", "the number 320412198001010015, which was wrong");
    stand.round();
    stand.write("card-00", "card 0, corrected");
    stand.round();
    stand.expect(Side::Source, &["purge", "--route", "outward", "--item", "card-00", "--reason", "更正", "--yes"], 0);
    stand.round();
    assert!(stand.holding("320412198001010015").is_empty());
    let before = stand.route(Side::Source)["sequence"].as_u64().expect("a sequence");

    fs::remove_dir_all(&stand.replica).expect("the disk is gone");
    fs::create_dir(&stand.replica).expect("a new one");
    stand.write("card-05", "card 5, changed since");
    stand.carry(Side::Source);
    let stopped = stand.run(Side::Replica, &["carry", "medium"]);
    assert_eq!((stopped.exit, stopped.codes().contains(&"RPL-05".to_owned())), (Some(5), true), "{stopped:#?}");
    assert!(fs::read_dir(&stand.replica).expect("a folder").count() <= 1, "nothing is written where a disk may not be mounted");
    stand.expect(Side::Replica, &["breaker", "release", "outward", "--reason", "a new disk"], 0);
    let read = stand.run(Side::Replica, &["scrub"]);
    assert_eq!(read.object["damaged"].as_array().map(Vec::len), Some(12), "{read:#?}");
    for _ in 0..2 {
        stand.run(Side::Replica, &["carry", "medium"]);
        stand.run(Side::Source, &["carry", "medium"]);
    }
    stand.carry(Side::Replica);
    stand.carry(Side::Source);
    stand.expect_true();
    let route = stand.route(Side::Source);
    assert!(route["sequence"].as_u64() > Some(before) && route["stopped"].is_null(), "{route}");
    assert_eq!(stand.route(Side::Replica)["items"]["done"], json!(12));
    assert!(stand.holding("320412198001010015").is_empty(), "what was purged does not come back");
}
