//! Whole and damaged ledgers.

use super::*;
use crate::status::scene::Scene;
use crate::{CarryOptions, RouteAccept, RouteAdd};
use std::cell::Cell;
use std::fs;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use store::frame::{Chain, SEGMENT_HEAD};
use store::index::{Index, IndexError, Indexes, Repair, SledIndexes};
use store::ledger::Known;

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
        assert_eq!((report.segments, report.bytes), (1, fs::metadata(segment(&home)).unwrap().len() - 16));

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
    // What is said of the records before it.
    let before = |number: usize| {
        let head = if number == 0 { "0".repeat(64) } else { Digest(good[places[number] - 32..places[number]].try_into().unwrap()).to_string() };
        (number as u64, u64::from(number > 0), places[number] as u64 - 16, head)
    };
    let said = |report: &LedgerReport| (report.records, report.segments, report.bytes, report.head.clone());
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
        assert_eq!(said(&report), before(number), "{number} {offset}");
        assert_eq!(crate::status(&scene.world, &home).unwrap_err().0.code, code);
        assert!(ledger_rebuild(&scene.world, &home).is_err());
        assert_eq!(fs::read(segment(&home)).unwrap(), bad, "nothing was changed");
    }
    // Cut behind a whole record: only the signed checkpoint knows better.
    fs::write(segment(&home), &good[..places[4]]).unwrap();
    let report = ledger_verify(&scene.world, &home).unwrap();
    assert_eq!((report.first_bad, report.problems[0].code), (Some(4), "LDG-07"));
    assert_eq!(said(&report), before(4));
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

/// Changes the record that `edit` changes first and makes the chain anew behind it, with a checkpoint signed by the home's own key:
/// what somebody can do who has the home whole, keys included. Gives the number of the record.
fn made_anew(scene: &Scene, home: &Path, edit: &dyn Fn(&mut Record) -> bool) -> u64 {
    let opened = Home::open(&scene.world, home, Access::Read).unwrap();
    let records: Vec<store::ledger::Record> = opened.ledger().read_from(Position::START).map(|record| record.unwrap().1).collect();
    let (chain, mut bytes, mut head, mut first) = (Chain::default(), SEGMENT_HEAD.to_vec(), Head::default(), None);
    for record in &records {
        let mut decoded = Record::decode(record.kind, &record.body).unwrap();
        if edit(&mut decoded) {
            first = first.or(Some(record.number));
        }
        let digest = chain.write(&mut bytes, record.number, record.time, head.digest, record.kind, &decoded.encode());
        head = Head { number: record.number + 1, digest };
    }
    let (incarnation, keys) = (opened.incarnation(), opened.signer_of(opened.key_state().generation()).0);
    let message = wire::digest::derive("gapferry v1 checkpoint", &[&incarnation.0, &head.number.to_le_bytes(), &head.digest.0]).0;
    let checkpoint = [&incarnation.0[..], &head.number.to_le_bytes(), &head.digest.0, &keys.signature(&message)].concat();
    drop(opened);
    fs::write(segment(home), bytes).unwrap();
    fs::write(home.join("ledger/checkpoint"), checkpoint).unwrap();
    first.expect("something was changed")
}

/// Who said that they trusted the other zone was somebody else.
fn somebody_else(record: &mut Record) -> bool {
    match record {
        Record::Acted(acted) if acted.who == "tester" => {
            acted.who = "wang".into();
            true
        }
        _ => false,
    }
}

fn stopped_with(scene: &Scene, home: &Path) -> Option<String> {
    scene.carry(home);
    crate::status(&scene.world, home).unwrap().routes[0].stopped.clone()
}

/// FAULTS C07, K07
#[test]
fn a_chain_that_was_made_anew_with_the_keys_is_named_by_what_the_other_zone_has_seen() {
    // Each side, when the other zone speaks next: the receipt, or the package, was under way.
    for (side, code) in [("source", "FRK-01"), ("replica", "FRK-02")] {
        let scene = Scene::new();
        scene.write("a", "alpha");
        scene.round();
        scene.write("a", "beta");
        let home = scene.path(&format!("home-{side}"));
        scene.carry(&scene.source());
        if side == "source" {
            scene.carry(&scene.replica());
        }
        let kept = fs::read(segment(&home)).unwrap();
        let checkpoint = fs::read(home.join("ledger/checkpoint")).unwrap();
        let changed = made_anew(&scene, &home, &somebody_else);
        assert!(changed > 0 && kept != fs::read(segment(&home)).unwrap());
        let replica = scene.on_replica("a");
        assert_eq!(stopped_with(&scene, &home).as_deref(), Some(code), "{side}");
        assert_eq!(scene.on_replica("a"), replica, "nothing was applied");
        assert_eq!(stopped_with(&scene, &home).as_deref(), Some(code), "and stays so");
        // The chain as it was is taken.
        fs::write(segment(&home), kept).unwrap();
        fs::write(home.join("ledger/checkpoint"), checkpoint).unwrap();
        assert_eq!(stopped_with(&scene, &home), None, "{side}");
    }
}

/// FAULTS K07
#[test]
fn verifying_finds_it_by_what_the_ledger_keeps_of_quoted_heads() {
    for side in ["source", "replica"] {
        let scene = Scene::new();
        for content in ["alpha", "beta"] {
            scene.write("a", content);
            scene.round();
        }
        scene.carry(&scene.replica());
        let home = scene.path(&format!("home-{side}"));
        let quoted = Home::open(&scene.world, &home, Access::Read).unwrap().quoted_heads();
        let [quoted] = quoted[..] else { panic!("one route, one head: {quoted:?}") };
        assert_eq!(ledger_verify(&scene.world, &home).unwrap().first_bad, None);
        let changed = made_anew(&scene, &home, &somebody_else);
        assert!(changed < quoted.number, "{changed} {quoted:?}");
        let report = ledger_verify(&scene.world, &home).unwrap();
        assert_eq!((report.first_bad, report.problems[0].code), (Some(quoted.number - 1), "LDG-08"), "{side}");
        assert_eq!((report.records, report.head), (0, "0".repeat(64)), "it or any before it was changed");
        assert_eq!(ledger_rebuild(&scene.world, &home).unwrap().problems[0].code, "LDG-08");
        // Whoever changes what is kept of quoted heads as well is not found by this, but by the next file of the other zone.
        let silenced = made_anew(&scene, &home, &|record| match record {
            Record::Reconciled(reconciled) => std::mem::take(&mut reconciled.seen) != Head::default(),
            Record::Begun(begun) => begun.acknowledged.take().is_some(),
            _ => false,
        });
        assert!(silenced > changed);
        assert_eq!(ledger_verify(&scene.world, &home).unwrap().first_bad, None);
    }
}

/// FAULTS K07: what a zone has seen before it is right all the same.
#[test]
fn what_was_seen_before_what_was_changed_is_verified() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    let (source, world) = (scene.source(), &scene.world);
    let (name, archive, to) = ("second".to_owned(), "archive".to_owned(), "outside".to_owned());
    crate::route_add(world, &source, &RouteAdd { name: name.clone(), archive, to, to_gateway: None, from_gateway: None, escrow: None, adopt: false }).unwrap();
    let accept = RouteAccept { name, from: "inside".into(), into: scene.path("second"), from_gateway: None, to_gateway: None };
    crate::route_accept(world, &scene.replica(), &accept).unwrap();
    let options = CarryOptions { medium: scene.path("medium"), routes: vec!["second".into()], ..CarryOptions::default() };
    for home in [&source, &scene.replica(), &source] {
        crate::carry(world, home, &options).unwrap();
    }
    let mut heads = Home::open(world, &source, Access::Read).unwrap().quoted_heads();
    heads.sort_by_key(|head| head.number);
    let [before, after] = heads[..] else { panic!("two routes, two heads: {heads:?}") };
    assert!(before.number < after.number, "{before:?} {after:?}");
    let number = Cell::new(0);
    let changed = made_anew(&scene, &source, &|record| number.replace(number.get() + 1) >= before.number && somebody_else(record));
    assert!((before.number..after.number).contains(&changed), "{before:?} {changed} {after:?}");
    let report = ledger_verify(world, &source).unwrap();
    assert_eq!((report.first_bad, report.problems.len()), (Some(after.number - 1), 1));
    assert_eq!((report.records, report.head), (before.number, before.digest.to_string()));
}

/// FAULTS C06, C07: the index and its mark are sound, and yet of another chain than the ledger beside them.
#[test]
fn an_index_of_another_chain_is_made_anew() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    let (home, other) = (scene.source(), scene.path("other"));
    crate::status::scene::copy(&home, &other);
    scene.write("b", "beta");
    crate::capture(&scene.world, &home, false).unwrap();
    scene.remove("b");
    // Records as long as those, so that only what they say tells one chain from the other.
    for name in ["c", "d", "e"] {
        scene.write(name, "beta");
        crate::capture(&scene.world, &other, false).unwrap();
    }
    fs::copy(segment(&other), segment(&home)).unwrap();
    fs::copy(other.join("ledger/checkpoint"), home.join("ledger/checkpoint")).unwrap();
    scene.notices();
    crate::capture(&scene.world, &home, false).unwrap();
    assert_eq!(scene.notices(), ["index-repaired"]);
}

/// Counts the rows that come into indexes.
#[derive(Default)]
struct Counted(Arc<AtomicUsize>);

struct CountedIndex(Box<dyn Index>, Arc<AtomicUsize>);

impl Indexes for Counted {
    fn open(&self, dir: &Path, mark: &Path) -> Result<(Box<dyn Index>, Option<Repair>), IndexError> {
        let (index, repair) = SledIndexes.open(dir, mark)?;
        Ok((Box::new(CountedIndex(index, self.0.clone())), repair))
    }
    fn fresh(&self, dir: &Path, mark: &Path) -> Result<Box<dyn Index>, IndexError> {
        Ok(Box::new(CountedIndex(SledIndexes.fresh(dir, mark)?, self.0.clone())))
    }
}

impl Index for CountedIndex {
    fn cursor(&self) -> Result<Known, IndexError> {
        self.0.cursor()
    }
    fn put_batch(&self, rows: &[(Vec<u8>, Position)], cursor: Known) -> Result<(), IndexError> {
        self.1.fetch_add(rows.len(), Ordering::Relaxed);
        self.0.put_batch(rows, cursor)
    }
    fn get(&self, key: &[u8]) -> Result<Option<Position>, IndexError> {
        self.0.get(key)
    }
    fn close(self: Box<Self>) -> Result<(), IndexError> {
        self.0.close()
    }
}

/// It was made while the home was opened, and then again.
#[test]
fn a_lost_index_is_made_once() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    fs::remove_dir_all(scene.source().join("index")).unwrap();
    let counted = Counted::default();
    let rows = counted.0.clone();
    let world = World { indexes: Arc::new(counted), ..scene.world.clone() };
    ledger_rebuild(&world, &scene.source()).unwrap();
    let made = rows.swap(0, Ordering::Relaxed);
    ledger_rebuild(&world, &scene.source()).unwrap();
    assert_eq!((made > 0, made), (true, rows.load(Ordering::Relaxed)));
    assert_eq!(scene.notices(), Vec::<String>::new());
}
