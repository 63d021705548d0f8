//! Dry runs show what would be done; deletions that make room; parts that a medium holds; documents that grow meanwhile.

use super::*;
use crate::CarryOptions;
use crate::report::CaptureReport;
use crate::status::scene::Scene;
use std::fs;
use wire::record::{BreakerReleased, Waiting};

const MIB: usize = 1 << 20;

/// Bytes that do not compress, different ones for each seed.
fn bytes(seed: u64, length: usize) -> Vec<u8> {
    let mut bytes = vec![0; length];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

fn options(scene: &Scene, medium: &str, medium_size: Option<u64>, dry_run: bool) -> PackOptions {
    PackOptions { to: scene.path(medium), medium_size, dry_run, ..PackOptions::default() }
}

fn codes(report: &PackReport) -> Vec<&'static str> {
    report.captured.problems.iter().chain(&report.problems).map(|problem| problem.code).collect()
}

fn document_bytes(report: &PackReport) -> u64 {
    report.packages.iter().map(|package| package.document_bytes).sum()
}

/// What a dry run plans, then what the real run packs, item by item: they must agree in all that sizes can tell.
fn dry_and_real(scene: &Scene, medium: &str, medium_size: Option<u64>) -> (PackReport, PackReport) {
    let records = |home: &Home| home.head().number;
    let before = records(&Home::open(&scene.world, &scene.source(), Access::Read).unwrap());
    // What changed is captured, as always.
    crate::capture(&scene.world, &scene.source(), false).unwrap();
    let captured = records(&Home::open(&scene.world, &scene.source(), Access::Read).unwrap());
    let dry = pack(&scene.world, &scene.source(), &options(scene, medium, medium_size, true)).unwrap();
    let after = records(&Home::open(&scene.world, &scene.source(), Access::Read).unwrap());
    assert!(captured >= before && after == captured, "a dry run records nothing: {before} {captured} {after}");
    let real = pack(&scene.world, &scene.source(), &options(scene, medium, medium_size, false)).unwrap();
    assert!(dry.dry_run && !real.dry_run);
    assert_eq!(codes(&dry), codes(&real));
    let items = |report: &PackReport| report.packages.iter().map(|package| (package.items, package.removals)).fold((0, 0), |a, b| (a.0 + b.0, a.1 + b.1));
    assert_eq!(items(&dry), items(&real));
    assert_eq!(dry.packages.iter().any(|package| package.acknowledgement), real.packages.iter().any(|package| package.acknowledgement));
    (dry, real)
}

#[test]
fn a_dry_run_shows_what_pack_does() {
    let scene = Scene::new();
    scene.write("a", b"one");
    scene.write("b/c", b"two");
    let (dry, real) = dry_and_real(&scene, "medium", None);
    assert_eq!(dry.planned.len(), 2);
    assert!(dry.packages[0].file_bytes >= real.packages[0].file_bytes, "an upper bound");
    // The medium holds all of it now.
    let (dry, _) = dry_and_real(&scene, "medium", None);
    assert_eq!((dry.planned.len(), dry.packages.len()), (0, 0));
    // A medium that is new gets no folder from a dry run.
    fs::create_dir(scene.path("new")).unwrap();
    let dry = pack(&scene.world, &scene.source(), &options(&scene, "new", None, true)).unwrap();
    assert_eq!((dry.planned.len(), fs::read_dir(scene.path("new")).unwrap().count()), (2, 0));
    // One that was lost counts as lost, and is not recorded as such.
    fs::remove_file(&scene.on_medium(".gfp")[0]).unwrap();
    let (dry, _) = dry_and_real(&scene, "medium", None);
    assert_eq!(dry.planned.iter().map(|planned| planned.because).collect::<Vec<_>>(), ["due", "due"]);
    scene.carry(&scene.replica());
    // Only an acknowledgement is left.
    let reconcile = crate::ReconcileOptions { from: scene.path("medium"), ..crate::ReconcileOptions::default() };
    crate::reconcile(&scene.world, &scene.source(), &reconcile).unwrap();
    let (dry, _) = dry_and_real(&scene, "medium", None);
    assert_eq!(dry.packages.iter().map(|package| package.acknowledgement).collect::<Vec<_>>(), [true]);
}

#[test]
fn a_dry_run_fails_and_stops_as_pack_does() {
    let scene = Scene::new();
    for (what, medium) in [("nothing there", "not there"), ("a file", "file")] {
        fs::write(scene.path("file"), b"x").unwrap();
        let failures = [true, false].map(|dry_run| pack(&scene.world, &scene.source(), &options(&scene, medium, None, dry_run)).unwrap_err());
        assert_eq!((&failures[0], failures[0].0.code), (&failures[1], "MED-02"), "{what}");
    }
    fs::create_dir(scene.path("archive/below")).unwrap();
    let failures = [true, false].map(|dry_run| pack(&scene.world, &scene.source(), &options(&scene, "archive/below", None, dry_run)).unwrap_err());
    assert_eq!((&failures[0], failures[0].0.code), (&failures[1], "USE-01"));
    // The breaker.
    scene.policy(&scene.source(), "breaker_items = 2");
    (0..10).for_each(|number| scene.write(format!("{number}"), format!("{number}").repeat(number + 1)));
    scene.round();
    (0..5).for_each(|number| scene.remove(&number.to_string()));
    let (dry, real) = dry_and_real(&scene, "medium", None);
    assert_eq!((codes(&dry), &dry.problems), (vec!["SRC-03"], &real.problems));
    // It has tripped, and a person lets it go.
    dry_and_real(&scene, "medium", None);
    scene.change(&scene.source(), |home| {
        home.record(BreakerReleased {
            route: "all".into(),
            over: Waiting { changes: 5, removals: 5, suspicious: 0 },
            allowed: 0,
            moved: false,
            reason: "meant".into(),
        })
    });
    let (dry, _) = dry_and_real(&scene, "medium", None);
    assert_eq!(dry.packages[0].removals, 5);
    // An emptied archive.
    fs::remove_dir_all(scene.path("archive")).unwrap();
    fs::create_dir(scene.path("archive")).unwrap();
    let (dry, _) = dry_and_real(&scene, "medium", None);
    assert_eq!(codes(&dry), ["SRC-02"]);
}

#[test]
fn a_dry_run_asks_each_route_what_the_medium_holds() {
    let scene = Scene::new();
    scene.another_route("second", "archive");
    scene.write("a", b"one");
    let first = PackOptions { routes: vec!["all".into()], ..options(&scene, "medium", None, false) };
    pack(&scene.world, &scene.source(), &first).unwrap();
    let (dry, _) = dry_and_real(&scene, "medium", None);
    assert_eq!(dry.planned.iter().map(|planned| planned.route.as_str()).collect::<Vec<_>>(), ["second"]);
    assert_eq!(dry_and_real(&scene, "medium", None).0.planned.len(), 0);
}

#[test]
fn a_dry_run_says_what_does_not_fit() {
    let scene = Scene::new();
    let size = Some(2 * MIB as u64);
    (0..4u64).for_each(|number| scene.write(format!("{number}"), bytes(number, 700 << 10)));
    let (dry, real) = dry_and_real(&scene, "medium", size);
    assert_eq!(codes(&dry), ["MED-04"]);
    assert_eq!((dry.waiting[0].items, dry.waiting[0].bytes), (real.waiting[0].items, real.waiting[0].bytes));
    assert_eq!(dry.waiting[0].items + dry.packages[0].items, 4);
    // Nothing more fits on it.
    assert_eq!(codes(&dry_and_real(&scene, "medium", size).0), ["MED-04"]);
    // A document that no medium takes goes in part, and the rest of it waits.
    let scene = Scene::new();
    scene.write("large", bytes(9, 5 * MIB));
    let [dry, real] = [true, false].map(|dry_run| pack(&scene.world, &scene.source(), &options(&scene, "medium", size, dry_run)).unwrap());
    for report in [&dry, &real] {
        assert_eq!((codes(report), report.waiting[0].bytes), (vec!["MED-04"], 5 * MIB as u64));
    }
    let parts = (document_bytes(&dry), document_bytes(&real));
    assert!(parts.0 > MIB as u64 && parts.0 < 2 * MIB as u64 && parts.0.abs_diff(parts.1) < MIB as u64 / 4, "{parts:?}");
}

#[test]
fn a_part_that_the_medium_holds_is_not_sent_to_it_again() {
    let scene = Scene::new();
    scene.write("large", bytes(1, 3 * MIB));
    let size = Some(2 * MIB as u64);
    let first = pack(&scene.world, &scene.source(), &options(&scene, "medium", size, false)).unwrap();
    fs::create_dir(scene.path("other")).unwrap();
    let second = pack(&scene.world, &scene.source(), &options(&scene, "other", size, false)).unwrap();
    assert_eq!(document_bytes(&first) + document_bytes(&second), 3 * MIB as u64, "the rest of it fits the other");
    // Both are overdue; there is room for more on this medium, but nothing more for it than the part that lies on the other.
    scene.pass(365 * 24 * 3600);
    let again = pack(&scene.world, &scene.source(), &options(&scene, "medium", Some(8 * MIB as u64), false)).unwrap();
    assert_eq!(document_bytes(&again), document_bytes(&second));
    assert_eq!(codes(&again), [""; 0]);
}

/// A folder whose deletion alone is more than an empty medium takes becomes a file, in every size a document may have.
#[test]
fn more_deletions_than_fit_go_before_what_takes_their_place() {
    const FILES: usize = 600;
    for (what, length, behind) in [("small", 100, 1), ("larger than a block", 100 << 10, 1), ("larger than the medium", 500 << 10, 2)] {
        let scene = Scene::new();
        for home in [scene.source(), scene.replica()] {
            scene.policy(&home, "breaker_items = 100000");
        }
        for number in 0..FILES {
            scene.write(format!("folder/{number:04}{}", "n".repeat(150)), b"");
        }
        scene.round();
        fs::remove_dir_all(scene.path("archive/folder")).unwrap();
        scene.write("folder", bytes(1, length));
        scene.write("zz behind it", b"not held up");
        let size = Some(200 << 10);
        let mut rounds = 0;
        loop {
            let carry = |home: &Path| {
                let options = crate::CarryOptions { medium: scene.path("medium"), medium_size: size, ..crate::CarryOptions::default() };
                crate::carry(&scene.world, home, &options).unwrap()
            };
            carry(&scene.source());
            carry(&scene.replica());
            rounds += 1;
            assert!(rounds < 20, "{what}: it waits for ever");
            if scene.on_replica("zz behind it").is_some() && scene.on_replica("folder") == Some(bytes(1, length)) {
                break;
            }
        }
        assert!(rounds > behind, "{what}: it was to take more rounds than {rounds}");
    }
}

#[test]
fn a_large_document_takes_the_deletions_along() {
    let scene = Scene::new();
    scene.write("was a folder/1", b"1");
    scene.write("was a folder/2", b"2");
    scene.write("was a file", b"3");
    scene.round();
    fs::remove_dir_all(scene.path("archive/was a folder")).unwrap();
    scene.remove("was a file");
    scene.write("was a folder", bytes(1, 3 * MIB));
    scene.write("was a file/1", bytes(2, 3 * MIB));
    // Only the large documents are picked; the deletions come with them, also with the parts of one.
    for (item, size, removals) in [("was a folder", None, 2), ("was a file/1", Some(2 * MIB as u64), 1)] {
        let folder = item.replace('/', " ");
        fs::create_dir(scene.path(&folder)).unwrap();
        let picked = PackOptions { items: vec![item.into()], ..options(&scene, &folder, size, false) };
        let report = pack(&scene.world, &scene.source(), &picked).unwrap();
        assert_eq!((report.packages[0].items, report.packages[0].removals), (1 + removals, removals), "{item}");
        let options = crate::CarryOptions { medium: scene.path(&folder), ..crate::CarryOptions::default() };
        crate::carry(&scene.world, &scene.replica(), &options).unwrap();
    }
    scene.round();
    assert!(scene.on_replica("was a folder") == Some(bytes(1, 3 * MIB)) && scene.on_replica("was a file/1") == Some(bytes(2, 3 * MIB)));
}

/// The file in the place of the folder is at the replica, the source does not know it, and the folder comes back.
#[test]
fn a_folder_that_was_a_file_for_a_while_removes_the_file() {
    let scene = Scene::new();
    scene.write("a/x", b"first");
    scene.round();
    fs::remove_dir_all(scene.path("archive/a")).unwrap();
    scene.write("a", b"for a while");
    scene.carry(&scene.source());
    scene.carry(&scene.replica());
    scene.on_medium(".gfr").iter().for_each(|receipt| fs::remove_file(receipt).unwrap());
    scene.remove("a");
    scene.write("a/x", b"again");
    let picked = PackOptions { items: vec!["a/x".into()], ..options(&scene, "medium", None, false) };
    let report = pack(&scene.world, &scene.source(), &picked).unwrap();
    assert_eq!((report.packages[0].items, report.packages[0].removals), (2, 1));
    let applied = scene.carry(&scene.replica()).applied.unwrap();
    assert_eq!((applied.problems, scene.on_replica("a/x").as_deref()), (vec![], Some(b"again".as_slice())));
}

/// What a document has grown to since it was captured is what must fit.
#[test]
fn a_document_that_grew_after_it_was_captured_does_not_overrun_the_medium() {
    for (what, grown, expected) in [("it still fits", 1200 << 10, vec![]), ("it fits no medium", 5 * MIB, vec!["SRC-04"])] {
        let scene = Scene::new();
        scene.write("log", bytes(1, 300 << 10));
        scene.change(&scene.source(), |home| {
            crate::capturing::all(home, false)?;
            scene.write("log", bytes(2, grown));
            let medium = Medium::open(&scene.world.disk, &scene.path("medium"), true).unwrap();
            let target = Target { carrier: &medium, carried: Carried::Medium(MediumId([7; 16])), size: Some(2 * MIB as u64) };
            let report = run(home, &target, &["all".into()], &PackOptions::default(), CaptureReport::default())?;
            assert_eq!(codes(&report), expected, "{what}");
            let held: u64 = scene.on_medium("").iter().map(|path| fs::metadata(path).unwrap().len()).sum();
            assert!(held <= 2 * MIB as u64 && (held > grown as u64) == expected.is_empty(), "{what}: {held}");
            Ok(())
        });
    }
}

#[test]
fn a_dry_run_says_what_is_asked_for() {
    let scene = Scene::new();
    for name in ["a", "b/c", "b/d", "e"] {
        scene.write(name, name);
    }
    scene.round();
    let anew = crate::RebaseOptions { route: "all".into(), reason: "filled by hand".into(), ..crate::RebaseOptions::default() };
    crate::rebase(&scene.world, &scene.source(), &anew).unwrap();
    let inventories =
        |report: &PackReport| report.packages.iter().map(|package| (package.inventory, package.items, package.document_bytes)).collect::<Vec<_>>();
    // One that does not even fit waits, in both.
    let size = Some(fs::metadata(scene.path("medium/gapferry/label.gfl")).unwrap().len() + 8192);
    fs::create_dir(scene.path("small")).unwrap();
    let (dry, real) = dry_and_real(&scene, "small", size);
    assert_eq!((inventories(&dry), inventories(&real)), (vec![], vec![]));
    assert_eq!(codes(&dry), ["MED-04"]);
    let (dry, real) = dry_and_real(&scene, "medium", None);
    assert_eq!((inventories(&dry), inventories(&real)), (vec![(true, 4, 8)], vec![(true, 4, 8)]));
    assert!(dry.packages[0].file_bytes >= real.packages[0].file_bytes, "an upper bound");
    // Asked for and not answered: nothing more is packed, whatever changed since, but what is new.
    scene.write("new", "one that the replica was not asked for");
    let (dry, real) = dry_and_real(&scene, "medium", None);
    assert_eq!((inventories(&dry), inventories(&real)), (vec![(false, 1, 38)], vec![(false, 1, 38)]));
}

#[test]
fn a_document_that_became_too_short_for_chunks_travels_whole_over_a_medium_with_little_room() {
    let scene = Scene::new();
    scene.write("a", bytes(1, 200 << 10));
    scene.round();
    // Below what is cut into chunks, above what a block takes where there is little room.
    let shorter = bytes(2, 100 << 10);
    scene.write("a", &shorter);
    let report = pack(&scene.world, &scene.source(), &options(&scene, "medium", Some(256 << 10), false)).unwrap();
    assert_eq!((codes(&report), document_bytes(&report)), (vec![], 100 << 10));
    scene.carry(&scene.replica());
    assert_eq!(scene.on_replica("a"), Some(shorter));
}

/// FAULTS C11: a package that the replica refuses for good lay intact on its medium, and counted as held there for ever.
#[test]
fn what_lies_on_a_medium_in_vain_travels_again() {
    let scene = Scene::new();
    scene.write("a", "refused");
    scene.carry(&scene.source());
    let [refused] = scene.on_medium(".gfp").try_into().unwrap();
    let hidden = scene.path("hidden");
    for (round, name) in ["b", "c"].iter().enumerate() {
        scene.write(name, "taken");
        assert_eq!(scene.carry(&scene.source()).packed.unwrap().packages.len(), 1, "round {round}");
        assert!(refused.exists(), "what may still be taken is left alone");
        fs::rename(&refused, &hidden).unwrap();
        scene.carry(&scene.replica());
        fs::rename(&hidden, &refused).unwrap();
    }
    scene.notices();
    scene.carry(&scene.source());
    assert!(scene.notices().contains(&"package-overtaken") && !refused.exists());
    scene.round();
    assert_eq!(scene.on_replica("a").as_deref(), Some(&b"refused"[..]));
}

/// FAULTS C11: what counted as lost lay on a small medium for ever, and nothing else had room there.
#[test]
fn what_counts_as_lost_makes_room_on_its_medium() {
    let scene = Scene::new();
    scene.write("a", vec![7; 40_000]);
    scene.carry(&scene.source());
    let [first] = scene.on_medium(".gfp").try_into().unwrap();
    scene.change(&scene.source(), |home| {
        let sequence = home.source().routes["all"].next_sequence - 1;
        home.record(wire::record::Lost { route: "all".into(), sequence, damaged: false })?;
        home.commit()
    });
    scene.carry(&scene.source());
    assert!(!first.exists());
    assert_eq!(scene.on_medium(".gfp").len(), 1, "what it held travels again");
}

/// FAULTS M06: What was packed joins transactions that were apart: what waits for one of them that is gone is not packed once more.
#[test]
fn what_is_joined_by_being_packed_is_packed_once() {
    let scene = Scene::new();
    let file = scene.source().join("gapferry.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("[archives.archive]\n", "[archives.archive]\nlayout = \"records\"\n", 1)).unwrap();
    let write = |name: &str, title: &str, transaction: Option<&str>| {
        let txn = transaction.map(|id| format!(r#","txn":{{"business_code":"105","size":2,"txn_id":"{id}"}}"#)).unwrap_or_default();
        let record = format!(r#"{{"kind":"minutes","rid":"{name}","title":"{title}"{txn}}}"#);
        scene.write(format!("{name}/record.json"), record);
    };
    scene.change(&scene.source(), |home| {
        for name in ["a", "r"] {
            write(name, "split", Some("t1"));
        }
        crate::capturing::all(home, false)?;
        write("r", "corrected", None);
        crate::capturing::all(home, false)?;
        // The other one of the transaction is gone before it is packed.
        scene.remove("a/record.json");
        fs::create_dir(scene.path("archive/a/record.json")).unwrap();
        let medium = Medium::open(&scene.world.disk, &scene.path("medium"), true).unwrap();
        let target = Target { carrier: &medium, carried: Carried::Medium(MediumId([7; 16])), size: Some(2 * MIB as u64) };
        let report = run(home, &target, &["all".into()], &PackOptions::default(), CaptureReport::default())?;
        let packed: Vec<u64> = report.packages.iter().map(|package| package.items).collect();
        assert_eq!((packed, codes(&report)), (vec![1], Vec::new()));
        Ok(())
    });
}

/// A `txn_id` may be withheld, and be one of few: no digest of it that anybody can compute comes to the replica, of one transaction or several.
#[test]
fn nobody_outside_finds_the_id_of_a_transaction() {
    let scene = Scene::new();
    let file = scene.source().join("gapferry.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("[archives.archive]\n", "[archives.archive]\nlayout = \"records\"\n", 1)).unwrap();
    let write = |name: &str, title: &str, transaction: &str| {
        let record = format!(r#"{{"kind":"minutes","rid":"{name}","title":"{title}","txn":{{"business_code":"105","size":2,"txn_id":"{transaction}"}}}}"#);
        scene.write(format!("{name}/record.json"), record);
    };
    let beginning = |bytes: &[u8]| <[u8; 16]>::try_from(&blake3::hash(bytes).as_bytes()[..16]).unwrap();
    let mut ids = ["t1", "t2", "t3"].map(|id| beginning(id.as_bytes()));
    let lies = |home: &Path, what: &[u8]| {
        let files = fs::read_dir(home.join("ledger")).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap());
        files.into_iter().any(|bytes| bytes.windows(what.len()).any(|window| window == what))
    };
    ["a", "b"].iter().for_each(|name| write(name, "first", "t1"));
    scene.round();
    // Of the next two one record is in both, before any of it is proven.
    ["a", "b"].iter().for_each(|name| write(name, "second", "t2"));
    scene.carry(&scene.source());
    ["b", "c"].iter().for_each(|name| write(name, "third", "t3"));
    scene.round();
    assert!(scene.on_replica("c/record.json").is_some());
    assert_eq!(ids.map(|id| lies(&scene.source(), &id)), [true; 3]);
    assert_eq!(ids.map(|id| (lies(&scene.replica(), &id), lies(&scene.replica(), &beginning(&id)))), [(false, false); 3]);
    ids[1..].sort_unstable();
    assert!(!lies(&scene.replica(), &beginning(&ids[1..].concat())));
}

/// FAULTS M06: What frees a medium is asked for although there is room for nothing else: half of what is kept for receipts is there for it.
#[test]
fn a_full_medium_still_takes_what_only_acknowledges() {
    let scene = Scene::new();
    scene.write("a", "a");
    scene.carry(&scene.source());
    scene.carry(&scene.replica());
    let small = CarryOptions { medium: scene.path("medium"), medium_size: Some(72 << 10), ..CarryOptions::default() };
    let carried = crate::carry(&scene.world, &scene.source(), &small).unwrap().packed.unwrap();
    assert_eq!(carried.packages.iter().map(|package| package.acknowledgement).collect::<Vec<_>>(), [true]);
    scene.write("b", "b");
    let carried = crate::carry(&scene.world, &scene.source(), &small).unwrap().packed.unwrap();
    assert_eq!((carried.packages.len(), codes(&carried)), (0, vec!["MED-04"]));
}
