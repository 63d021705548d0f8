//! ST09, replica restored from a backup: eight packages are lost with it; its next receipt tells of another life, exactly what they brought
//! travels again, and nothing else.

use crate::rebase::come_back;
use crate::stand::{Random, Side, Stand, copy};
use serde_json::json;
use std::fs;

#[test]
fn st09_a_replica_comes_back_from_a_backup() {
    let mut random = Random::new("st09");
    let stand = Stand::new();
    stand.without_breaker();
    for number in 0..40 {
        stand.write(format!("card-{number:02}"), random.bytes(10_000));
    }
    stand.round();
    let kept = ["home-replica", "replica"];
    kept.iter().for_each(|folder| copy(&stand.folder(folder), &stand.folder(&format!("backup-{folder}"))));
    for number in 0..8 {
        stand.write(format!("card-{number:02}"), random.bytes(500));
        stand.round();
    }
    stand.expect_true();
    let before = stand.route(Side::Source)["sequence"].as_u64().expect("a sequence");
    for folder in kept {
        fs::remove_dir_all(stand.folder(folder)).expect("the disk is gone");
        copy(&stand.folder(&format!("backup-{folder}")), &stand.folder(folder));
    }
    // Who puts it back says so; otherwise the first crossing finds it out.
    let life = stand.expect(Side::Replica, &["rebase", "outward", "--new-life", "--reason", "restored from the backup"], 0)["incarnation"].clone();
    let took = come_back(&stand);
    assert_eq!(took.stops, [(Side::Source, "FRK-04".to_owned())], "the next receipt shows another life: {took:?}");
    assert_eq!((took.content, took.asked), (8 * 500, 40), "one catch-up, no full resend: {took:?}");
    let route = stand.route(Side::Source);
    assert!(route["sequence"].as_u64() > Some(before), "no number is used twice: {route}");
    assert_eq!(stand.expect(Side::Replica, &["status"], 0)["incarnation"], life);
    assert_eq!((stand.counts(), &route["items"]["pending"]), ((40, 40), &json!(0)));
    stand.expect_true();
    stand.expect_whole();
}
