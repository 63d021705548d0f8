//! Damage on a replica is found, told and healed; and how answers are shared out to receipts.

use super::*;
use crate::status::scene::Scene;
use std::fs;
use wire::PackageId;

fn scrubbed(scene: &Scene, to: Option<&str>) -> ScrubReport {
    scrub(&scene.world, &scene.replica(), &ScrubOptions { routes: Vec::new(), to: to.map(|to| scene.path(to)) }).unwrap()
}

fn items(scene: &Scene) -> crate::report::Counts {
    crate::status(&scene.world, &scene.source()).unwrap().routes[0].items
}

#[test]
fn a_sound_replica_is_proven_again() {
    let scene = Scene::new();
    assert!(scrubbed(&scene, None).receipts.is_empty(), "nothing was ever seen");
    scene.write("a", "alpha");
    scene.write("b/c", "gamma");
    scene.round();
    scene.write("a", "alpha two");
    scene.round();
    let report = scrubbed(&scene, Some("medium"));
    assert_eq!((report.items, report.bytes, report.damaged.len(), report.problems.len()), (2, 14, 0, 0));
    assert_eq!(report.receipts.iter().map(|receipt| (receipt.form, receipt.answers)).collect::<Vec<_>>(), [("scrub", 2)]);
    assert!(scene.path("medium/gapferry").join(&report.receipts[0].file).exists());
    let taken = scene.carry(&scene.source()).reconciled.unwrap();
    assert_eq!((taken.receipts.len(), taken.discrepancies.len(), taken.problems.len()), (2, 0, 0), "what is not known to have arrived goes along");
    assert_eq!(items(&scene).done, 2);
}

#[test]
fn damage_is_told_and_healed() {
    let scene = Scene::new();
    for name in ["a", "b", "c", "d"] {
        scene.write(name, name.repeat(100));
    }
    scene.round();
    fs::write(scene.path("replica/a"), "rot").unwrap();
    fs::remove_file(scene.path("replica/b")).unwrap();
    fs::remove_file(scene.path("replica/c")).unwrap();
    fs::create_dir(scene.path("replica/c")).unwrap();
    let report = scrubbed(&scene, None);
    let damaged: Vec<(String, &str)> = report.damaged.iter().map(|damaged| (damaged.item.to_string(), damaged.outcome)).collect();
    assert_eq!(damaged, [("a".to_owned(), "corrupt"), ("b".to_owned(), "missing"), ("c".to_owned(), "missing")]);
    let on_replica = crate::status(&scene.world, &scene.replica()).unwrap().routes[0].items;
    assert_eq!((on_replica.total, on_replica.done, on_replica.failed), (4, 1, 3));

    scene.carry(&scene.replica());
    let packed = scene.carry(&scene.source());
    assert_eq!(packed.reconciled.unwrap().discrepancies.len(), 3);
    assert_eq!((items(&scene).done, items(&scene).packed), (1, 3), "they travel again by themselves");
    scene.carry(&scene.replica());
    scene.carry(&scene.source());
    for name in ["a", "b", "c", "d"] {
        assert_eq!(scene.on_replica(name), Some(name.repeat(100).into_bytes()), "{name}");
    }
    assert_eq!((items(&scene).total, items(&scene).done), (4, 4));
    assert!(scrubbed(&scene, None).damaged.is_empty());
}

#[test]
fn over_a_gateway_the_receipt_goes_there() {
    let scene = Scene::with_gateways();
    scene.write("a", "alpha");
    let once = |home: PathBuf| crate::daemon::run(&scene.world, &home, &crate::daemon::DaemonOptions { once: true }).unwrap();
    once(scene.source());
    once(scene.replica());
    once(scene.source());
    fs::write(scene.path("replica/a"), "rot").unwrap();
    let report = scrubbed(&scene, None);
    assert_eq!((report.damaged.len(), report.problems.len()), (1, 0));
    assert!(scene.path("back").join(&report.receipts[0].file).exists());
    once(scene.source());
    once(scene.replica());
    once(scene.source());
    assert_eq!((scene.on_replica("a"), items(&scene).done), (Some(b"alpha".to_vec()), 1));
    fs::remove_dir_all(scene.path("back")).unwrap();
    let report = scrubbed(&scene, None);
    assert_eq!((report.receipts.len(), report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>()), (1, vec!["MED-02"]));
}

#[test]
fn a_document_that_came_in_parts_is_proven() {
    let scene = Scene::new();
    let mut content = vec![0; 300_000];
    blake3::Hasher::new().update(b"parts").finalize_xof().fill(&mut content);
    scene.write("large", &content);
    let small = crate::CarryOptions { medium: scene.path("medium"), medium_size: Some(160 << 10), ..crate::CarryOptions::default() };
    for _ in 0..4 {
        crate::carry(&scene.world, &scene.source(), &small).unwrap();
        scene.carry(&scene.replica());
    }
    crate::carry(&scene.world, &scene.source(), &small).unwrap();
    assert_eq!((scene.on_replica("large"), items(&scene).done), (Some(content), 1));
    let report = scrubbed(&scene, Some("medium"));
    assert_eq!((report.damaged.len(), report.receipts.len()), (0, 1));
    assert!(scene.carry(&scene.source()).reconciled.unwrap().discrepancies.is_empty());
    assert_eq!(items(&scene).done, 1);
}

#[test]
fn wrong_use_is_refused_before_anything_is_read() {
    let scene = Scene::new();
    let options = |route: Option<&str>, to: Option<&str>| ScrubOptions { routes: route.into_iter().map(Into::into).collect(), to: to.map(|to| scene.path(to)) };
    for (home, options, code) in [
        (scene.replica(), options(Some("none"), None), "USE-01"),
        (scene.replica(), options(None, Some("not-inserted")), "MED-02"),
        (scene.source(), options(None, None), "USE-01"),
    ] {
        assert_eq!(scrub(&scene.world, &home, &options).unwrap_err().0.code, code);
    }
}

#[test]
fn receipts_hold_what_fits() {
    let answer = |sequence: u64, rows: u32| Answer {
        sequence,
        package: PackageId::ZERO,
        rows: (0..rows).map(|row| Row { row, outcome: 2, digest: Digest::ZERO }).collect(),
    };
    for (sizes, expected) in
        [(&[][..], &[&[][..]][..]), (&[10], &[&[1]]), (&[4, 6], &[&[1, 2]]), (&[4, 7], &[&[1], &[2]]), (&[4, 6, 1, 9, 1], &[&[1, 2], &[3, 4], &[5]])]
    {
        let answers = (1..).zip(sizes).map(|(sequence, rows)| answer(sequence, *rows)).collect();
        let receipts: Vec<Vec<u64>> = in_receipts(answers, 10).iter().map(|answers| answers.iter().map(|answer| answer.sequence).collect()).collect();
        assert_eq!(receipts, expected, "{sizes:?}");
    }
}
