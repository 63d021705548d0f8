//! What comes back, and what has gone back: damaged and lost receipts, a replica disk that is not mounted, a home that was
//! restored and went on. Carrying alone heals it, or it stops with the right reason.

use crate::stand::{Side, Stand, copy};
use serde_json::Value;
use std::fs;
use std::path::PathBuf;

/// Files on the medium that end like this.
fn on_medium(stand: &Stand, ending: &str) -> Vec<PathBuf> {
    let entries = fs::read_dir(stand.medium.join("gapferry")).expect("a folder").map(|entry| entry.expect("an entry").path());
    entries.filter(|path| path.extension().is_some_and(|found| found == ending)).collect()
}

fn spoil(path: &PathBuf) {
    let mut bytes = fs::read(path).expect("readable");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(path, bytes).expect("written");
}

fn with_two() -> Stand {
    let stand = Stand::new();
    stand.write("a", b"one");
    stand.write("b", b"two");
    stand
}

#[test]
fn a_damaged_receipt_is_put_there_again() {
    for emptied in [false, true] {
        let stand = with_two();
        stand.carry(Side::Source);
        stand.carry(Side::Replica);
        for receipt in on_medium(&stand, "gfr") {
            if emptied { fs::write(&receipt, b"").expect("written") } else { spoil(&receipt) }
        }
        let ran = stand.run(Side::Source, &["carry", stand.medium.to_str().expect("UTF-8")]);
        assert_eq!(ran.exit, Some(3), "{ran:#?}");
        assert_eq!(stand.carry(Side::Replica)["applied"]["receipts"][0]["written"], true);
        stand.carry(Side::Source);
        assert_eq!(stand.counts(), (2, 2));
    }
}

#[test]
fn a_receipt_that_was_damaged_in_the_spool_is_made_anew() {
    let stand = with_two();
    stand.carry(Side::Source);
    stand.carry(Side::Replica);
    on_medium(&stand, "gfr").iter().for_each(|receipt| fs::remove_file(receipt).expect("removed"));
    let out = stand.home(Side::Replica).join("spool/out");
    fs::read_dir(out).expect("a folder").for_each(|entry| spoil(&entry.expect("an entry").path()));
    stand.carry(Side::Replica);
    stand.carry(Side::Source);
    assert_eq!(stand.counts(), (2, 2));
}

#[test]
fn a_lost_scrub_is_told_again() {
    let stand = with_two();
    stand.round();
    stand.round();
    fs::write(stand.replica.join("a"), b"rot").expect("written");
    fs::remove_file(stand.replica.join("b")).expect("removed");
    stand.expect(Side::Replica, &["scrub", "--to", stand.medium.to_str().expect("UTF-8")], 1);
    on_medium(&stand, "gfr").iter().for_each(|receipt| fs::remove_file(receipt).expect("lost"));
    stand.carry(Side::Source);
    stand.carry(Side::Replica);
    stand.carry(Side::Source);
    assert_eq!(stand.counts(), (2, 0), "the source knows");
    // What lies there instead of `a` is kept aside, and that is said.
    stand.expect(Side::Replica, &["carry", stand.medium.to_str().expect("UTF-8")], 1);
    stand.carry(Side::Source);
    assert_eq!(stand.counts(), (2, 2));
    stand.expect_true();
    stand.expect_whole();
}

#[test]
fn settled_pairs_write_nothing_more() {
    let stand = with_two();
    stand.round();
    stand.expect(Side::Replica, &["scrub", "--to", stand.medium.to_str().expect("UTF-8")], 0);
    (0..3).for_each(|_| stand.round());
    let report = stand.carry(Side::Replica);
    assert_eq!(report["applied"]["receipts"].as_array().map(Vec::len), Some(0), "{report}");
    let report = stand.carry(Side::Source);
    assert_eq!(report["packed"]["packages"].as_array().map(Vec::len), Some(0), "{report}");
}

#[test]
fn a_replica_disk_that_is_not_mounted() {
    let stand = with_two();
    let away = stand.folder("away");
    stand.round();
    fs::rename(&stand.replica, &away).expect("unmounted");
    stand.write("a", b"changed");
    stand.carry(Side::Source);
    let carry = ["carry", stand.medium.to_str().expect("UTF-8")];
    for mount_point in [false, true] {
        if mount_point {
            fs::create_dir(&stand.replica).expect("an empty mount point");
        }
        let ran = stand.run(Side::Replica, &carry);
        assert_eq!((ran.exit, ran.codes().contains(&"RPL-05".to_owned())), (Some(5), true), "{ran:#?}");
        assert_eq!(ran.object["next"], "needs-person");
        assert_eq!(stand.run(Side::Replica, &["scrub"]).exit, Some(5));
    }
    fs::remove_dir(&stand.replica).expect("empty still");
    fs::rename(&away, &stand.replica).expect("mounted");
    stand.round();
    assert_eq!(stand.counts(), (2, 2));
    stand.expect_whole();
    // The disk is broken, and a new one takes its place.
    fs::remove_dir_all(&stand.replica).expect("gone");
    fs::create_dir(&stand.replica).expect("a new disk");
    assert_eq!(stand.run(Side::Replica, &carry).exit, Some(5));
    stand.expect(Side::Replica, &["breaker", "release", "outward", "--reason", "the disk was replaced"], 0);
    stand.carry(Side::Replica);
    stand.round();
    assert_eq!(stand.counts(), (2, 2));
    stand.expect_whole();
}

#[test]
fn a_replica_home_that_went_back_and_on_is_recognised() {
    let stand = with_two();
    stand.round();
    stand.round();
    let (home, old) = (stand.home(Side::Replica), stand.folder("old"));
    copy(&home, &old);
    stand.write("a", b"changed");
    stand.round();
    stand.round();
    fs::remove_dir_all(&home).expect("lost");
    copy(&old, &home);
    // It makes as many records and receipts as the source has seen, and more.
    (0..8).for_each(|_| drop(stand.run(Side::Replica, &["scrub"])));
    stand.write("b", b"changed as well");
    let mut codes = Vec::new();
    for _ in 0..3 {
        for side in [Side::Source, Side::Replica] {
            codes.extend(stand.run(side, &["carry", stand.medium.to_str().expect("UTF-8")]).codes());
        }
    }
    assert!(codes.iter().any(|code| code == "FRK-02"), "{codes:?}");
    assert_eq!(stand.route(Side::Source)["stopped"].as_str().or(stand.route(Side::Replica)["stopped"].as_str()), Some("FRK-02"));
}

#[test]
fn a_package_given_up_as_lost_that_comes_back_damaged_goes() {
    let stand = with_two();
    stand.carry(Side::Source);
    let package = on_medium(&stand, "gfp").remove(0);
    let elsewhere = stand.folder("elsewhere.gfp");
    fs::rename(&package, &elsewhere).expect("lost");
    stand.carry(Side::Source);
    spoil(&elsewhere);
    fs::rename(&elsewhere, &package).expect("found");
    let ran = stand.run(Side::Replica, &["carry", stand.medium.to_str().expect("UTF-8")]);
    assert_eq!((ran.exit, &ran.object["zones"]), (Some(3), &Value::from(vec!["inside"])), "{ran:#?}");
    stand.carry(Side::Source);
    assert!(!package.exists(), "the source has taken it off");
    stand.carry(Side::Replica);
    assert_eq!(stand.counts(), (2, 2));
    assert_eq!(stand.route(Side::Source)["packages_unanswered"], 0);
}

#[test]
fn a_late_deletion_leaves_the_folder_that_took_the_files_place() {
    let stand = Stand::new();
    let (first, second) = (stand.folder("first"), stand.folder("second"));
    let on = |side, medium: &PathBuf, more: &[&str]| stand.run(side, &[&["carry", medium.to_str().expect("UTF-8")], more].concat());
    stand.write("a", b"a file");
    stand.round();
    stand.carry(Side::Replica);
    // The deletion goes on one medium, what takes its place on another, which arrives first.
    fs::remove_file(stand.archive.join("a")).expect("removed");
    fs::create_dir_all(&first).expect("a medium");
    fs::create_dir_all(&second).expect("a medium");
    on(Side::Source, &first, &[]);
    stand.write("a/x", b"a file below");
    stand.expect(Side::Source, &["pack", "--to", second.to_str().expect("UTF-8"), "--item", "a/x"], 0);
    on(Side::Replica, &second, &[]);
    on(Side::Replica, &first, &[]);
    on(Side::Source, &second, &[]);
    on(Side::Source, &first, &[]);
    assert_eq!(fs::read(stand.replica.join("a/x")).ok(), Some(b"a file below".to_vec()));
    (0..2).for_each(|_| stand.round());
    stand.expect_true();
    stand.expect_whole();
}

/// What was sealed to keys that a person replaces is not waited for.
#[test]
fn what_is_under_way_to_keys_that_are_replaced_travels_again() {
    let stand = Stand::new();
    stand.write("a", "content");
    stand.carry(Side::Source);
    let sequence = |stand: &Stand| stand.expect(Side::Source, &["items"], 0)["items"][0]["packed_sequence"].as_u64();
    assert_eq!(sequence(&stand), Some(1));
    stand.expect(Side::Replica, &["keys", "rotate", "--at-once", "--reason", "test"], 0);
    let card = stand.expect(Side::Replica, &["card"], 0);
    let (file, fingerprint) = (stand.folder("new.card"), card["fingerprint"].as_str().expect("a fingerprint"));
    std::fs::write(&file, card["card"].as_str().expect("a card")).expect("a card can be written");
    stand.expect(Side::Source, &["trust", file.to_str().expect("UTF-8"), "--fingerprint", fingerprint, "--replaces", "outside"], 0);
    assert_eq!(stand.expect(Side::Source, &["items"], 0)["items"][0]["state"], "pending");
    stand.carry(Side::Source);
    assert_eq!(sequence(&stand), Some(2));
    stand.carry(Side::Replica);
    stand.carry(Side::Source);
    stand.expect_true();
}

/// What is of a life that is over stays on its medium, and nobody has to carry it to and fro for that.
///
/// FAULTS C07
#[test]
fn a_medium_with_packages_of_a_life_that_is_over_comes_to_rest() {
    let stand = with_two();
    stand.round();
    stand.round();
    let saved = stand.folder("saved");
    copy(&stand.home(Side::Source), &saved);
    stand.write("c", b"three");
    stand.carry(Side::Source);
    let old = stand.folder("old");
    fs::create_dir(&old).expect("made");
    for package in on_medium(&stand, "gfp") {
        fs::copy(&package, old.join(package.file_name().expect("a name"))).expect("copied");
    }
    stand.carry(Side::Replica);
    stand.carry(Side::Source);
    fs::remove_dir_all(stand.home(Side::Source)).expect("removed");
    copy(&saved, &stand.home(Side::Source));
    stand.expect(Side::Source, &["rebase", "outward", "--new-life", "--reason", "put back"], 0);
    let carry = |side: Side| stand.run(side, &["carry", stand.medium.to_str().expect("UTF-8")]);
    for _ in 0..4 {
        carry(Side::Source);
        if carry(Side::Replica).codes().contains(&"FRK-04".to_owned()) {
            stand.expect(Side::Replica, &["rebase", "outward", "--reason", "put back"], 0);
        }
    }
    carry(Side::Source);
    assert_eq!(stand.counts(), (3, 3));
    for package in fs::read_dir(&old).expect("a folder").map(|entry| entry.expect("an entry").path()) {
        fs::copy(&package, stand.medium.join("gapferry").join(package.file_name().expect("a name"))).expect("copied");
    }
    let mut next = Value::Null;
    for _ in 0..3 {
        let ran = carry(Side::Replica);
        assert!(ran.codes().iter().all(|code| code == "FRK-06"), "{ran:#?}");
        next = ran.object["next"].clone();
        carry(Side::Source);
    }
    assert_eq!(next, "nothing");
}
