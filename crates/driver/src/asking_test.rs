//! What a replica is asked for when its route begins anew, and how often.

use crate::home::{Access, Home};
use crate::rebase::begin_new_life;
use crate::rebase::tests::{agree, converge, files, put_back};
use crate::status::scene::{Scene, copy};
use crate::world::World;
use crate::{CarryOptions, RebaseOptions};
use std::fs;
use std::io;
use std::path::Path;
use std::sync::Arc;
use store::disk::{Dir, Disk, File, Met};

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

/// FAULTS C07, S05: a ledger that has forgotten everything would tell the replica that nothing of it is there.
#[test]
fn an_empty_archive_asks_no_replica_for_anything() {
    let scene = Scene::new();
    copy(&scene.source(), &scene.path("home-source-0"));
    scene.write("a", "one");
    scene.round();
    put_back(&scene, "home-source", 0);
    agree(&scene, &scene.source());
    fs::rename(scene.path("archive"), scene.path("unmounted")).unwrap();
    fs::create_dir(scene.path("archive")).unwrap();
    let carried = scene.carry(&scene.source());
    let packed = carried.packed.unwrap();
    assert!(packed.packages.is_empty(), "{:?}", packed.packages);
    assert_eq!(packed.captured.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["SRC-02"]);
    let away = crate::status(&scene.world, &scene.source()).unwrap().problems;
    assert!(away.iter().any(|problem| problem.code == "SRC-02"), "{away:?}");
    fs::remove_dir(scene.path("archive")).unwrap();
    fs::rename(scene.path("unmounted"), scene.path("archive")).unwrap();
    converge(&scene);
}

/// The real disk, on which one folder cannot be listed.
struct Hiding(store::real::RealDisk);

impl Disk for Hiding {
    store::hand_on!(Disk to 0: root make_root dir list stat rename remove remove_dir sync_dir sync_all space lock);

    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open(dir, name)
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open_write(dir, name)
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        self.0.create(dir, name, mode)
    }
    fn walk(&self, root: &Path, visit: &mut dyn FnMut(Met)) -> io::Result<()> {
        self.0.walk(root, &mut |met| match met {
            Met::Entry { path, .. } if path.starts_with(b"hidden/") => {
                visit(Met::Unreadable { path: b"hidden".to_vec(), error: io::Error::from_raw_os_error(13) })
            }
            other => visit(other),
        })
    }
}

/// FAULTS C07, S05: neither does one of which part cannot be looked into.
#[test]
fn a_folder_that_cannot_be_read_keeps_a_route_from_asking() {
    let scene = Scene::new();
    copy(&scene.source(), &scene.path("home-source-0"));
    scene.write("a", "one");
    scene.write("hidden/b", "two");
    scene.round();
    put_back(&scene, "home-source", 0);
    agree(&scene, &scene.source());
    let world = World { disk: Arc::new(Hiding(store::real::RealDisk::new())), ..scene.world.clone() };
    let options = CarryOptions { medium: scene.path("medium"), ..CarryOptions::default() };
    let packed = crate::carry(&world, &scene.source(), &options).unwrap().packed.unwrap();
    assert!(packed.packages.is_empty(), "{:?}", packed.packages);
    assert!(packed.problems.iter().any(|problem| (problem.code, problem.subject.as_str()) == ("SRC-05", "all")), "{:?}", packed.problems);
    let unread = || crate::status(&scene.world, &scene.source()).unwrap().problems.into_iter().filter(|problem| problem.code == "SRC-05").map(|it| it.subject);
    assert_eq!(unread().collect::<Vec<_>>(), ["hidden"], "status says it until a capture has seen it");
    converge(&scene);
    assert_eq!(unread().count(), 0);
    assert_eq!(files(&scene.path("replica"))["hidden/b"], b"two");
}
