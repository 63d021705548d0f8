//! Media that serve others, too, or others only.

use crate::report::{CarryReport, Failure};
use crate::setup::{RouteAccept, RouteAdd};
use crate::status::scene::Scene;
use std::fs;
use std::path::{Path, PathBuf};
use wire::card::Role;

/// One more replica with a route of its name; the source has none to it.
fn zone(scene: &Scene, name: &str) -> PathBuf {
    let home = scene.path(&format!("{name}-home"));
    crate::init(&scene.world, &home, name, Role::Replica, None).unwrap();
    for (from, to, file) in [(scene.source(), &home, "inside.card".to_owned()), (home.clone(), &scene.source(), format!("{name}.card"))] {
        let card = crate::card(&scene.world, &from).unwrap();
        fs::write(scene.path(&file), &card.card).unwrap();
        crate::trust(&scene.world, to, &scene.path(&file), &card.fingerprint).unwrap();
    }
    let into = scene.path(&format!("{name}-tree"));
    let route = RouteAccept { name: name.into(), from: "inside".into(), into, from_gateway: None, to_gateway: None };
    crate::route_accept(&scene.world, &home, &route).unwrap();
    home
}

fn add_route(scene: &Scene, zone: &str) {
    let route = RouteAdd { name: zone.into(), archive: "archive".into(), to: zone.into(), to_gateway: None, from_gateway: None, escrow: None, adopt: false };
    crate::route_add(&scene.world, &scene.source(), &route).unwrap();
}

fn carry(scene: &Scene, home: &Path) -> Result<CarryReport, Failure> {
    crate::carry(&scene.world, home, &crate::CarryOptions { medium: scene.path("medium"), ..Default::default() })
}

#[test]
fn a_label_is_for_whoever_is_to_read_the_medium_now() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    let third = zone(&scene, "third");
    assert_eq!(carry(&scene, &third).unwrap_err().0.code, "MED-01", "it is wrapped for others");
    // One comes in the place of the other: as many as before.
    let file = scene.source().join("gapferry.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.split("[routes.all]").next().unwrap()).unwrap();
    add_route(&scene, "third");
    carry(&scene, &scene.source()).unwrap();
    let taken = carry(&scene, &third).unwrap().applied.unwrap();
    assert_eq!(taken.packages.iter().filter(|package| package.result == "applied").count(), 1, "beside what was for the other");
}

#[test]
fn a_label_has_room_for_seven_and_says_so() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    let names: Vec<String> = (2..=8).map(|number| format!("zone{number}")).collect();
    let homes: Vec<PathBuf> = names.iter().map(|name| zone(&scene, name)).collect();
    names.iter().for_each(|name| add_route(&scene, name));
    let failure = carry(&scene, &scene.source()).unwrap_err();
    assert_eq!((failure.0.code, scene.on_medium("gfp").len()), ("USE-01", 0), "{failure}");
    let only = |names: &[String]| crate::CarryOptions { medium: scene.path("medium"), routes: names.to_vec(), ..Default::default() };
    crate::carry(&scene.world, &scene.source(), &only(&names[..4])).unwrap();
    // What lies there goes on being readable.
    crate::carry(&scene.world, &scene.source(), &only(&names[4..])).unwrap();
    for home in homes {
        assert_eq!(carry(&scene, &home).unwrap().applied.unwrap().packages.iter().filter(|package| package.result == "applied").count(), 1);
    }
    assert_eq!(carry(&scene, &scene.replica()).unwrap_err().0.code, "MED-01", "none of the seven");
}

#[test]
fn copies_of_a_receipt_are_one_receipt() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.carry(&scene.source());
    scene.carry(&scene.replica());
    let receipt = scene.on_medium("gfr").pop().unwrap();
    for other in ['0', '1', '2'] {
        let name = receipt.file_name().unwrap().to_str().unwrap();
        let first = if name.starts_with(other) { 'f' } else { other };
        fs::copy(&receipt, receipt.with_file_name(format!("{first}{}", &name[1..]))).unwrap();
    }
    assert_eq!(scene.on_medium("gfr").len(), 4);
    let reconciled = scene.carry(&scene.source()).reconciled.unwrap();
    let results: Vec<_> = reconciled.receipts.iter().map(|receipt| receipt.result).collect();
    assert_eq!((results, reconciled.problems.len(), scene.on_medium("gfr").len()), (vec!["taken"], 0, 0));
}
