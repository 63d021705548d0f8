//! Whole and damaged ledgers.

use super::*;
use crate::status::scene::Scene;
use std::fs;
use std::path::PathBuf;

fn segment(home: &Path) -> PathBuf {
    home.join("ledger").join(format!("{:016x}.seg", 0))
}

/// Where each record begins in the segment's file.
fn places(bytes: &[u8]) -> Vec<usize> {
    let (mut places, mut at) = (Vec::new(), 16);
    while at < bytes.len() {
        places.push(at);
        at += 88 + u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
    }
    places
}

fn shown(scene: &Scene, home: &Path, from: u64) -> Vec<Value> {
    let mut records = Vec::new();
    ledger_show(&scene.world, home, from, &mut |record| records.push(record)).unwrap();
    records
}

#[test]
fn a_whole_ledger_is_verified_and_shown() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    for home in [scene.source(), scene.replica()] {
        let report = ledger_verify(&scene.world, &home).unwrap();
        assert_eq!((report.first_bad, report.problems.len()), (None, 0));
        let status = crate::status(&scene.world, &home).unwrap();
        assert_eq!((report.records, &report.head), (status.ledger_records, &status.ledger_head));
        assert_eq!(report.bytes, fs::metadata(segment(&home)).unwrap().len() - 16);

        let all = shown(&scene, &home, 0);
        assert_eq!(all.len() as u64, report.records);
        assert_eq!((&all[0]["number"], &all[0]["kind"], &all[0]["previous"]), (&json!(0), &json!("Born"), &json!("0".repeat(64))));
        assert!(all.windows(2).all(|pair| pair[1]["previous"] == pair[0]["digest"]), "a chain");
        assert_eq!(all.last().unwrap()["digest"], json!(report.head));
        assert!(all.iter().all(|record| record["body"].get("event").is_none() && record["body"].get("nonce").is_none()));
        assert!(all.iter().any(|record| record["kind"] == "Acted" && record["body"]["who"] == "tester"));
        let kind = if home == scene.source() { "Packed" } else { "Begun" };
        assert!(all.iter().any(|record| record["kind"] == kind && record["body"]["sequence"] == 1));
        assert_eq!(shown(&scene, &home, report.records - 2), all[all.len() - 2..]);
        assert!(shown(&scene, &home, report.records).is_empty());
    }
}

#[test]
fn the_first_bad_record_is_named() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    let home = scene.source();
    let good = fs::read(segment(&home)).unwrap();
    let places = places(&good);
    for (number, offset, code) in [(0, 60, "LDG-05"), (3, 70, "LDG-05"), (5, 8, "LDG-03"), (5, 24, "LDG-04"), (4, 3, "LDG-02")] {
        let mut bad = good.clone();
        bad[places[number] + offset] ^= 1;
        fs::write(segment(&home), &bad).unwrap();
        let report = ledger_verify(&scene.world, &home).unwrap();
        assert_eq!(
            (report.first_bad, report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>()),
            (Some(number as u64), vec![code]),
            "{number} {offset}"
        );
        assert_eq!(crate::status(&scene.world, &home).unwrap_err().0.code, code);
        assert!(ledger_rebuild(&scene.world, &home).is_err());
        assert_eq!(fs::read(segment(&home)).unwrap(), bad, "nothing was changed");
    }
    // Cut behind a whole record: only the signed checkpoint knows better.
    fs::write(segment(&home), &good[..places[4]]).unwrap();
    let report = ledger_verify(&scene.world, &home).unwrap();
    assert_eq!((report.first_bad, report.problems[0].code), (Some(4), "LDG-07"));
    fs::write(segment(&home), &good).unwrap();
    assert_eq!(ledger_verify(&scene.world, &home).unwrap().first_bad, None);
}

#[test]
fn the_index_is_rebuilt() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    let home = scene.source();
    let before = crate::status(&scene.world, &home).unwrap();
    scene.notices();
    let report = ledger_rebuild(&scene.world, &home).unwrap();
    assert_eq!((report.records, report.first_bad), (before.ledger_records, None));
    scene.round();
    assert_eq!(scene.notices(), [""; 0]);
    let held = Home::open(&scene.world, &home, Access::Change).unwrap();
    assert_eq!(ledger_rebuild(&scene.world, &home).unwrap_err().0.code, "HOM-01");
    assert_eq!(ledger_verify(&scene.world, &home).unwrap().first_bad, None, "verifying needs no lock");
    held.close("", "").unwrap();
}
