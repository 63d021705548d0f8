//! What a replica holds already is taken up, and what the source does not know any more is told.

use crate::rebase::tests::{agree, files};
use crate::status::scene::{Scene, copy};
use std::fs;

/// FAULTS C07: the whole machine of the source goes back to a snapshot, archive and all: what only the replica knows is told when it leaves the tree.
#[test]
fn what_a_source_that_was_put_back_does_not_know_is_told() {
    let scene = Scene::new();
    scene.write("old", "old");
    scene.round();
    scene.round();
    copy(&scene.source(), &scene.path("home-before"));
    copy(&scene.path("archive"), &scene.path("archive-before"));
    ["new/1", "new/2"].iter().for_each(|name| scene.write(name, "came since"));
    scene.round();
    scene.round();
    copy(&scene.path("home-before"), &scene.source());
    copy(&scene.path("archive-before"), &scene.path("archive"));
    let (mut told, mut foreseen) = (Vec::new(), Vec::new());
    for _ in 0..6 {
        for home in [scene.source(), scene.replica()] {
            if home == scene.replica() {
                let dry = crate::ApplyOptions { from: scene.path("medium"), dry_run: true, ..crate::ApplyOptions::default() };
                foreseen.extend(crate::apply(&scene.world, &home, &dry).unwrap().problems.into_iter().filter(|problem| problem.code == "RPL-13"));
            }
            let applied = scene.carry(&home).applied;
            told.extend(applied.into_iter().flat_map(|applied| applied.problems).filter(|problem| problem.code == "RPL-13"));
            if crate::status(&scene.world, &home).unwrap().routes[0].stopped.is_some() {
                agree(&scene, &home);
            }
        }
    }
    let begins = "2 items that earlier packages brought are not known to the source any more, the first is new/1";
    assert_eq!((told.len(), told[0].detail.starts_with(begins)), (1, true), "{told:?}");
    assert_eq!(foreseen, told);
    assert_eq!((scene.on_replica("new/1"), scene.on_replica("old").as_deref()), (None, Some(&b"old"[..])));
}

/// FAULTS C07, C08
#[test]
fn a_replica_that_was_filled_by_other_means_is_adopted() {
    let scene = Scene::new();
    for number in 0..100u8 {
        scene.write(format!("d/{number}"), vec![number; 1000]);
    }
    copy(&scene.path("archive"), &scene.path("replica"));
    for (number, damage) in [(7, Some("flipped")), (8, None), (9, Some(""))] {
        let path = scene.path(&format!("replica/d/{number}"));
        match damage {
            Some(content) => fs::write(path, content).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
    }
    fs::write(scene.path("replica/unknown"), "nobody knows this").unwrap();
    agree(&scene, &scene.source());
    let asked = scene.carry(&scene.source()).packed.unwrap().packages;
    assert!(asked.iter().all(|package| package.inventory) && asked[0].items == 100, "{asked:?}");
    scene.carry(&scene.replica());
    let back = scene.carry(&scene.source());
    assert_eq!(back.reconciled.unwrap().receipts[0].not_held, 3);
    let sent = back.packed.unwrap().packages;
    assert_eq!(sent.iter().map(|package| (package.items, package.document_bytes)).collect::<Vec<_>>(), [(3, 3000)], "exactly what is not right");
    scene.carry(&scene.replica());
    scene.carry(&scene.source());
    let mut there = files(&scene.path("replica"));
    assert_eq!(there.remove("unknown").as_deref(), Some(&b"nobody knows this"[..]), "what nobody knows stays");
    assert_eq!(there, files(&scene.path("archive")));
    let counts = crate::status(&scene.world, &scene.source()).unwrap().routes[0].items;
    assert_eq!((counts.done, counts.total), (100, 100));
}
