//! What a replica is asked for when its route begins anew, and how often.

use crate::RebaseOptions;
use crate::home::{Access, Home};
use crate::rebase::begin_new_life;
use crate::status::scene::{Scene, copy};
use std::fs;

/// FAULTS C07: a medium with what the replica is asked for may never arrive, and another one asks as well; one that asks already does not.
#[test]
fn each_medium_asks_what_the_replica_holds() {
    let scene = Scene::new();
    (0..5).for_each(|number| scene.write(format!("{number}"), format!("text {number}")));
    scene.round();
    scene.round();
    let options = RebaseOptions { route: "all".into(), reason: "asked anew".into(), ..RebaseOptions::default() };
    crate::rebase(&scene.world, &scene.source(), &options).unwrap();
    let other = scene.path("other");
    fs::create_dir(&other).unwrap();
    let asks = |medium: &str| {
        let packed = scene.carry_with(&scene.source(), medium).packed.unwrap();
        packed.packages.iter().filter(|package| package.inventory).count()
    };
    scene.write("1", "text anew");
    assert_eq!((asks("medium"), asks("other"), asks("medium"), asks("other")), (1, 1, 0, 0));
    fs::remove_dir_all(scene.path("medium/gapferry")).unwrap();
    for _ in 0..2 {
        scene.carry_with(&scene.replica(), "other");
        scene.carry_with(&scene.source(), "other");
    }
    let items = crate::status(&scene.world, &scene.source()).unwrap().routes[0].items;
    assert_eq!((items.done, items.total), (5, 5));
}

/// FAULTS C07: what came after the backup of a replica's home, and is deleted before the replica was asked, does not stay there.
#[test]
fn what_is_deleted_before_the_replica_is_asked_does_not_stay() {
    for deleted_first in [true, false] {
        let scene = Scene::new();
        scene.write("kept", "kept");
        scene.round();
        scene.round();
        copy(&scene.replica(), &scene.path("backup"));
        scene.write("new/secret", "secret");
        scene.round();
        scene.round();
        copy(&scene.path("backup"), &scene.replica());
        let mut replica = Home::open(&scene.world, &scene.replica(), Access::Change).unwrap();
        let life = begin_new_life(&mut replica, "put back").unwrap();
        replica.close("put back", "a new life").unwrap();
        if deleted_first {
            scene.remove("new/secret");
        }
        let options = RebaseOptions { route: "all".into(), reason: "restored".into(), life: Some(life.to_string()), ..RebaseOptions::default() };
        crate::rebase(&scene.world, &scene.source(), &options).unwrap();
        if !deleted_first {
            scene.remove("new/secret");
        }
        (0..4).for_each(|_| scene.round());
        assert_eq!(scene.on_replica("new/secret"), None, "{deleted_first}");
        let items = crate::status(&scene.world, &scene.source()).unwrap().routes[0].items;
        assert_eq!(items.done, items.total, "{deleted_first}");
    }
}
