//! What becomes of what was done and found where a medium or a gateway folder fails behind it.

use super::*;
use crate::status::scene::Scene;
use std::fs;
use std::io;
use std::sync::Arc;
use store::disk::{Dir, Disk, File, Rename};
use store::real::RealDisk;

/// The real disk, which lets go of no package and no receipt: a folder of which this user only reads.
struct Sticky(RealDisk);

impl Disk for Sticky {
    store::hand_on!(Disk to 0: root make_root dir list stat remove_dir sync_dir sync_all space walk lock);

    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open(dir, name)
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.0.open_write(dir, name)
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        self.0.create(dir, name, mode)
    }
    fn rename(&self, from: (&Dir, &[u8]), to: (&Dir, &[u8]), how: Rename) -> io::Result<()> {
        self.0.rename(from, to, how)
    }
    fn remove(&self, dir: &Dir, name: &[u8]) -> io::Result<()> {
        let stays = name.len() == 36 && (name.ends_with(b".gfp") || name.ends_with(b".gfr"));
        if stays { Err(io::ErrorKind::PermissionDenied.into()) } else { self.0.remove(dir, name) }
    }
}

fn sticky(scene: &Scene) -> World {
    World { disk: Arc::new(Sticky(RealDisk::new())), ..scene.world.clone() }
}

fn codes(problems: &[Problem]) -> Vec<&'static str> {
    problems.iter().map(|problem| problem.code).collect()
}

/// FAULTS M14
#[test]
fn a_gateway_folder_that_lets_go_of_nothing_ends_no_round() {
    let scene = Scene::with_gateways();
    let world = sticky(&scene);
    scene.write("a", "alpha");
    assert_eq!(gateway_round_source(&scene.world, &scene.source()).unwrap().wrote, 1);
    let round = gateway_round_replica(&world, &scene.replica()).unwrap();
    assert_eq!((round.took, round.wrote, codes(&round.problems)), (1, 1, vec!["IO-01"]));
    assert_eq!(scene.on_replica("a").unwrap(), b"alpha");
    scene.write("b", "beta");
    let round = gateway_round_source(&world, &scene.source()).unwrap();
    assert_eq!((round.took, round.wrote, codes(&round.problems)), (1, 1, vec!["IO-01"]), "what changed is packed all the same");
    let status = crate::status(&scene.world, &scene.source()).unwrap();
    assert_eq!((status.routes[0].items.done, status.routes[0].items.packed), (1, 1));
}

/// FAULTS M02
#[test]
fn what_a_receipt_says_is_told_though_its_medium_takes_no_change() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    scene.round();
    fs::write(scene.path("replica/a"), "touched").unwrap();
    crate::scrub::scrub(&scene.world, &scene.replica(), &crate::scrub::ScrubOptions::default()).unwrap();
    scene.carry(&scene.replica());
    let options = CarryOptions { medium: scene.path("medium"), ..CarryOptions::default() };
    let report = carry(&sticky(&scene), &scene.source(), &options).unwrap();
    let reconciled = report.reconciled.unwrap();
    assert_eq!(reconciled.discrepancies.len(), 1);
    assert_eq!((codes(&reconciled.problems), report.next), (vec!["MED-02"], "needs-person"));
}

#[test]
fn a_place_for_receipts_that_is_none_is_refused_before_anything_is_applied() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    fs::write(scene.path("replica/a"), "touched").unwrap();
    scene.write("a", "beta");
    scene.carry(&scene.source());
    fs::write(scene.path("file"), "no folder").unwrap();
    let options = CarryOptions { medium: scene.path("medium"), receipt_to: Some(scene.path("file")), ..CarryOptions::default() };
    assert_eq!(carry(&scene.world, &scene.replica(), &options).unwrap_err().0.code, "MED-02");
    assert_eq!(scene.on_replica("a").unwrap(), b"touched");
    let applied = scene.carry(&scene.replica()).applied.unwrap();
    assert_eq!((applied.kept_aside.len(), codes(&applied.problems)), (1, vec!["RPL-03"]));
}

/// Somebody moved a folder of the replica away and left a link to it: what is put aside takes all that lay below along.
///
/// FAULTS C08
#[test]
fn what_was_below_a_folder_that_is_a_link_now_is_told_and_sent_again() {
    let scene = Scene::new();
    (0..5).for_each(|number| scene.write(format!("d/{number}"), format!("text {number}")));
    scene.round();
    scene.round();
    let (folder, away) = (scene.path("replica/d"), scene.path("away"));
    fs::rename(&folder, &away).unwrap();
    std::os::unix::fs::symlink(&away, &folder).unwrap();
    scene.write("d/0", "new");
    scene.carry(&scene.source());
    let applied = scene.carry(&scene.replica()).applied.unwrap();
    assert_eq!(codes(&applied.problems), ["RPL-03", "RPL-10"]);
    let reconciled = scene.carry(&scene.source()).reconciled.unwrap();
    assert_eq!(reconciled.discrepancies.len(), 4, "{reconciled:?}");
    scene.carry(&scene.replica());
    scene.carry(&scene.source());
    let items = crate::status(&scene.world, &scene.source()).unwrap().routes[0].items;
    assert_eq!((items.done, items.total), (5, 5));
    (1..5).for_each(|number| assert_eq!(scene.on_replica(&format!("d/{number}")).unwrap(), format!("text {number}").as_bytes()));
}

#[test]
fn a_route_that_only_arrives_by_gateway_is_answered_on_a_medium() {
    let scene = Scene::with_gateways();
    let file = scene.replica().join(crate::config::FILE);
    let text: Vec<String> = fs::read_to_string(&file).unwrap().lines().filter(|line| !line.starts_with("to_gateway")).map(|line| format!("{line}\n")).collect();
    fs::write(&file, text.concat()).unwrap();
    scene.write("a", "alpha");
    gateway_round_source(&scene.world, &scene.source()).unwrap();
    gateway_round_replica(&scene.world, &scene.replica()).unwrap();
    assert_eq!(crate::status(&scene.world, &scene.replica()).unwrap().routes[0].next, "carry");
    fs::create_dir_all(scene.path("medium/gapferry")).unwrap();
    let applied = scene.carry(&scene.replica()).applied.unwrap();
    assert_eq!(applied.receipts.len(), 1);
}

/// An archive that only the configuration names stops no other one.
#[test]
fn an_archive_that_was_never_added_is_told() {
    let scene = Scene::new();
    let file = scene.source().join(crate::config::FILE);
    let text = fs::read_to_string(&file).unwrap() + &format!("\n[archives.new]\nroot = \"{}\"\n", scene.path("new").display());
    fs::create_dir(scene.path("new")).unwrap();
    fs::write(&file, text).unwrap();
    scene.write("a", "alpha");
    let packed = scene.carry(&scene.source()).packed.unwrap();
    assert_eq!((packed.packages.len(), codes(&packed.captured.problems)), (1, vec!["HOM-03"]));
    assert_eq!(codes(&crate::status(&scene.world, &scene.source()).unwrap().problems), ["HOM-03"]);
}

/// An operator sees which name it is that stands in the way.
#[test]
fn what_is_no_folder_of_the_dot_folder_is_named() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    fs::remove_dir_all(scene.path("replica/.gapferry/stage")).unwrap();
    fs::write(scene.path("replica/.gapferry/stage"), "no folder").unwrap();
    scene.write("a", "beta");
    scene.carry(&scene.source());
    let options = CarryOptions { medium: scene.path("medium"), ..CarryOptions::default() };
    let failed = carry(&scene.world, &scene.replica(), &options);
    let told = failed.as_ref().map_or_else(|failure| failure.0.detail.clone(), |report| format!("{:?}", report.applied.as_ref().unwrap().problems));
    assert!(told.contains("stage: "), "{told}");
    fs::remove_file(scene.path("replica/.gapferry/stage")).unwrap();
    scene.carry(&scene.replica());
    assert_eq!(scene.on_replica("a").unwrap(), b"beta");
}

/// A replica gave up one of two routes, and the other one goes on.
#[test]
fn packages_of_a_route_that_was_given_up_stop_no_other() {
    let scene = Scene::new();
    let tree = scene.another_route("a-second", "second");
    fs::write(scene.path("second/other"), "one").unwrap();
    scene.write("a", "one");
    scene.round();
    let file = scene.replica().join(crate::config::FILE);
    let text = fs::read_to_string(&file).unwrap();
    let (before, given_up) = text.split_once("[routes.a-second]").unwrap();
    let after = given_up.split_once("\n[").map_or(String::new(), |(_, rest)| format!("[{rest}"));
    fs::write(&file, format!("{before}{after}")).unwrap();
    scene.write("a", "two");
    fs::write(scene.path("second/other"), "two").unwrap();
    scene.carry(&scene.source());
    let applied = scene.carry(&scene.replica()).applied.unwrap();
    assert_eq!((codes(&applied.problems), applied.receipts.len()), (vec!["PKG-02"; 2], 1), "{applied:?}");
    assert_eq!((scene.on_replica("a").unwrap(), fs::read(tree.join("other")).unwrap()), (b"two".to_vec(), b"one".to_vec()));
    scene.carry(&scene.source());
    let routes = crate::status(&scene.world, &scene.source()).unwrap().routes;
    assert_eq!(routes.iter().find(|route| route.route == "all").unwrap().items.done, 1);
}

#[test]
fn what_fits_no_medium_is_not_nothing() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    let carried = |size| {
        let options = CarryOptions { medium: scene.path("medium"), medium_size: size, ..CarryOptions::default() };
        let report = carry(&scene.world, &scene.source(), &options).unwrap();
        (report.next, codes(&report.packed.unwrap().problems))
    };
    assert_eq!(carried(Some(10 << 10)), ("needs-person", vec!["MED-04"]));
    assert_eq!(carried(None), ("take-to-replica", vec![]));
}

#[test]
fn what_only_acknowledges_is_a_reason_for_one_trip() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.carry(&scene.source());
    scene.carry(&scene.replica());
    let next = |home: &Path| scene.carry(home).next;
    assert_eq!([next(&scene.source()), next(&scene.source())], ["take-to-replica", "nothing"]);
    assert_eq!([next(&scene.replica()), next(&scene.source())], ["nothing", "nothing"]);
    scene.write("a", "beta");
    assert_eq!([next(&scene.source()), next(&scene.source()), next(&scene.replica())], ["take-to-replica", "take-to-replica", "take-to-source"]);
}

/// The real disk, on which no package gets its name in a folder.
struct Unnamed(store::real::RealDisk);

impl Disk for Unnamed {
    store::hand_on!(Disk to 0: root make_root dir list stat remove remove_dir sync_dir sync_all space walk lock);

    fn open(&self, dir: &Dir, name: &[u8]) -> std::io::Result<Box<dyn store::disk::File>> {
        self.0.open(dir, name)
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> std::io::Result<Box<dyn store::disk::File>> {
        self.0.open_write(dir, name)
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> std::io::Result<Box<dyn store::disk::File>> {
        self.0.create(dir, name, mode)
    }
    fn rename(&self, from: (&Dir, &[u8]), to: (&Dir, &[u8]), how: store::disk::Rename) -> std::io::Result<()> {
        if to.1.ends_with(b".gfp") { Err(std::io::Error::from_raw_os_error(5)) } else { self.0.rename(from, to, how) }
    }
}

/// FAULTS M14: a package that did not get its name in the gateway folder was never sent: what it held goes with the next round.
#[test]
fn a_package_that_got_no_name_at_a_gateway_goes_with_the_next_round() {
    let scene = Scene::with_gateways();
    scene.write("a", "alpha");
    let broken = World { disk: std::sync::Arc::new(Unnamed(store::real::RealDisk::new())), ..scene.world.clone() };
    let _failed = gateway_round_source(&broken, &scene.source());
    let packages =
        || std::fs::read_dir(scene.path("over")).unwrap().filter(|entry| entry.as_ref().unwrap().path().extension().is_some_and(|end| end == "gfp")).count();
    assert_eq!(packages(), 0);
    gateway_round_source(&scene.world, &scene.source()).unwrap();
    assert_eq!(packages(), 1);
}

/// A gateway is down: a route that goes over it is carried on a medium when it is named, there and back.
#[test]
fn a_route_of_a_gateway_that_is_named_goes_by_medium() {
    let scene = Scene::with_gateways();
    scene.write("a", "alpha");
    let carry = |home: &Path, routes: &[&str]| {
        let routes = routes.iter().map(|route| (*route).to_owned()).collect();
        crate::carry(&scene.world, home, &CarryOptions { medium: scene.path("medium"), routes, ..CarryOptions::default() }).unwrap()
    };
    assert_eq!(carry(&scene.source(), &["all"]).packed.unwrap().packages.len(), 1);
    let applied = carry(&scene.replica(), &[]).applied.unwrap();
    assert_eq!((applied.problems.len(), applied.receipts.len(), scene.on_replica("a").as_deref()), (0, 1, Some(&b"alpha"[..])));
    carry(&scene.source(), &["all"]);
    assert_eq!(crate::status(&scene.world, &scene.source()).unwrap().routes[0].items.done, 1);
}
