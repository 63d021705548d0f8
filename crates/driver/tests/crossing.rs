//! Crossings over the driver's functions on a real file system: first sync, change sync, and everything that goes wrong with
//! packages, receipts and media.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod stand;

use stand::{Stand, tree};
use std::fs;

#[test]
fn first_sync_and_changes() {
    let stand = Stand::new();
    stand.write("a.txt", b"alpha");
    stand.write("d/b.txt", b"beta");
    stand.write("d/empty", b"");
    stand.write("d/big.bin", &stand::random(1, 3 << 20));
    stand.write("地契/张 三.json", "{\"地\":1}".as_bytes());
    stand.round();
    stand.expect_equal();
    assert_eq!(stand.counts(), (5, 5), "total and done");

    let mut big = stand::random(1, 3 << 20);
    big.splice(1_000_000..1_000_000, [7; 4096]);
    stand.write("d/big.bin", &big);
    stand.write("a.txt", b"alpha two");
    fs::rename(stand.source.join("d/b.txt"), stand.source.join("c.txt")).unwrap();
    fs::remove_file(stand.source.join("d/empty")).unwrap();
    stand.carry_source();
    assert!(stand.medium_bytes() < 700_000, "a delta travels, not the document: {}", stand.medium_bytes());
    stand.carry_replica();
    stand.carry_source();
    stand.expect_equal();
    assert_eq!(stand.counts(), (4, 4));
}

#[test]
fn twice_in_a_row_writes_nothing() {
    let stand = Stand::new();
    for n in 0..50 {
        stand.write(&format!("f{n}"), format!("content {n}").as_bytes());
    }
    for step in ["source", "replica", "source", "replica", "source"] {
        stand.carry(step);
        let before = tree(&stand.medium);
        stand.carry(step);
        assert_eq!(tree(&stand.medium), before, "{step}");
    }
    stand.expect_equal();
    assert_eq!(stand.counts(), (50, 50));
}

#[test]
fn a_file_becomes_a_folder_and_back() {
    let stand = Stand::new();
    stand.write("x", b"file");
    stand.write("y/z", b"in folder");
    stand.round();
    fs::remove_file(stand.source.join("x")).unwrap();
    stand.write("x/inner", b"now a folder");
    fs::remove_dir_all(stand.source.join("y")).unwrap();
    stand.write("y", b"now a file");
    stand.round();
    stand.expect_equal();
    assert_eq!(stand.counts(), (2, 2));
}

#[test]
fn lost_damaged_doubled_late() {
    let stand = Stand::new();
    for n in 0..20 {
        stand.write(&format!("f{n:02}"), format!("content {n}").repeat(100).as_bytes());
    }
    stand.carry_source();
    let late = stand.take_packages();
    stand.write("f00", b"changed once");
    stand.carry_source();
    stand.damage_packages();
    assert!(stand.carry_replica_codes().iter().any(|code| code.starts_with("ENV-")), "refused");
    assert!(tree(&stand.replica).is_empty(), "nothing visible changed");
    stand.carry_source();
    stand.put_packages(&late);
    stand.round();
    stand.put_packages(&late);
    stand.round();
    stand.expect_equal();
    assert_eq!(stand.counts(), (20, 20));
}

#[test]
fn receipts_lost_and_late() {
    let stand = Stand::new();
    stand.write("a", b"one");
    stand.carry_source();
    stand.carry_replica();
    let receipt = stand.take(".gfr");
    stand.carry_source();
    assert_eq!(stand.counts(), (1, 0), "no receipt, nothing done");
    stand.write("b", b"two");
    stand.carry_source();
    stand.carry_replica();
    stand.carry_source();
    assert_eq!(stand.counts(), (2, 2), "the next receipt covers what the lost one did");
    stand.put_packages(&receipt);
    stand.carry_source();
    assert_eq!(stand.counts(), (2, 2));
}

#[test]
fn a_medium_smaller_than_the_archive() {
    let stand = Stand::with_medium(2 << 20);
    for n in 0..40 {
        stand.write(&format!("d{}/f{n}", n % 4), &stand::random(n, 200_000));
    }
    stand.write("huge.bin", &stand::random(99, 8 << 20));
    for round in 0.. {
        assert!(round < 40, "it does not converge: {:?}", stand.counts());
        stand.carry_source();
        assert!(stand.medium_bytes() <= 2 << 20, "{}", stand.medium_bytes());
        stand.carry_replica();
        assert!(stand.medium_bytes() <= 2 << 20, "with the receipt: {}", stand.medium_bytes());
        stand.carry_source();
        if stand.counts() == (41, 41) {
            break;
        }
    }
    stand.expect_equal();
}

#[test]
fn a_local_change_is_kept_aside() {
    let stand = Stand::new();
    stand.write("a", b"one");
    stand.write("b", b"one");
    stand.round();
    fs::write(stand.replica.join("a"), b"edited by hand").unwrap();
    fs::write(stand.replica.join("new"), b"put there by hand").unwrap();
    stand.write("a", b"two");
    fs::remove_file(stand.source.join("b")).unwrap();
    stand.write("new", b"from the source");
    stand.carry_source();
    let codes = stand.carry_replica_codes();
    assert_eq!(codes.iter().filter(|code| **code == "RPL-03").count(), 2, "{codes:?}");
    stand.carry_source();
    stand.expect_equal();
    let kept: Vec<Vec<u8>> = fs::read_dir(stand.replica.join(".gapferry/kept")).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect();
    assert!(kept.contains(&b"edited by hand".to_vec()) && kept.contains(&b"put there by hand".to_vec()));
}

#[test]
fn an_emptied_source_is_no_deletion_and_a_mass_change_stops() {
    let stand = Stand::new();
    for n in 0..150 {
        stand.write(&format!("f{n}"), format!("content {n}").as_bytes());
    }
    stand.round();
    let aside = stand.root.join("aside");
    fs::rename(&stand.source, &aside).unwrap();
    assert!(stand.carry_source_codes().contains(&"SRC-01"), "missing");
    fs::create_dir(&stand.source).unwrap();
    assert!(stand.carry_source_codes().contains(&"SRC-02"), "emptied");
    fs::remove_dir(&stand.source).unwrap();
    fs::rename(&aside, &stand.source).unwrap();
    for n in 0..101 {
        fs::remove_file(stand.source.join(format!("f{n}"))).unwrap();
    }
    assert!(stand.carry_source_codes().contains(&"SRC-03"), "the breaker");
    assert!(stand.carry_source_codes().contains(&"SRC-03"), "stays");
    stand.release_source();
    assert!(!stand.carry_source_codes().contains(&"SRC-03"));
    assert!(stand.carry_replica_codes().contains(&"RPL-01"), "and again on the replica");
    assert_eq!(tree(&stand.replica).len(), 150);
    stand.release_replica();
    stand.round();
    stand.expect_equal();
}

#[test]
fn names_of_every_kind() {
    use std::os::unix::ffi::OsStrExt;
    let stand = Stand::new();
    let long = "x".repeat(255);
    for name in [
        &b"-dash"[..],
        b" space ",
        b"\xff\xfe",
        b"new\nline",
        b"...",
        b"a\\b",
        "é".as_bytes(),
        "e\u{301}".as_bytes(),
        long.as_bytes(),
        b".gapferry2/x",
        b"UPPER",
        b"upper",
    ] {
        stand.write_path(std::ffi::OsStr::from_bytes(name), b"content");
    }
    stand.write(".gapferry/ledger", b"a name of ours");
    stand.round();
    let mut expected = tree(&stand.source);
    let ours = expected.remove(&b".gapferry/ledger"[..]).unwrap();
    let mut there = tree(&stand.replica);
    let escaped = there.remove(&b"%2egapferry/ledger"[..]).expect("our own folder's name is escaped");
    assert_eq!(escaped, ours);
    assert_eq!(there, expected);
    assert_eq!(stand.counts(), (13, 13));
}

#[test]
fn attributes_arrive_without_content() {
    use std::os::unix::fs::PermissionsExt;
    let stand = Stand::new();
    stand.write("tool", &stand::random(5, 300_000));
    stand.round();
    fs::set_permissions(stand.source.join("tool"), fs::Permissions::from_mode(0o755)).unwrap();
    stand.carry_source();
    assert!(stand.medium_bytes() < 50_000, "{}", stand.medium_bytes());
    stand.carry_replica();
    stand.carry_source();
    assert_eq!(fs::metadata(stand.replica.join("tool")).unwrap().permissions().mode() & 0o111, 0o111);
    stand.expect_equal();
    assert_eq!(stand.counts(), (1, 1));
}

#[test]
fn corrupted_on_the_replica_is_put_right_by_a_resend() {
    let stand = Stand::new();
    stand.write("a", b"right");
    stand.round();
    fs::write(stand.replica.join("a"), b"wrong").unwrap();
    stand.resend("a");
    stand.round();
    stand.expect_equal();
    assert_eq!(stand.counts(), (1, 1));
}
