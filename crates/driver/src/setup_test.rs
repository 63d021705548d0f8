//! A home is made once, and never over one that is there.

use super::*;
use crate::status::scene::Scene;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

fn again(scene: &Scene, home: &Path, passphrase: Option<&str>) -> Result<bool, &'static str> {
    let passphrase = passphrase.map(|text| Zeroizing::new(text.to_owned()));
    init(&scene.world, home, "inside", Role::Source, passphrase).map(|report| report.created).map_err(|failure| failure.0.code)
}

fn files(folder: &Path, found: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()) {
        if entry.is_dir() {
            files(&entry, found);
        } else {
            found.insert(entry.clone(), fs::read(&entry).unwrap());
        }
    }
}

#[test]
fn a_home_that_lost_its_configuration_is_not_begun_anew_over_its_keys() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    let config = scene.source().join(config::FILE);
    let text = fs::read(&config).unwrap();
    fs::remove_file(&config).unwrap();
    // The index may be thrown away at any time.
    fs::remove_dir_all(scene.source().join("index")).unwrap();
    let (mut was, mut is) = (BTreeMap::new(), BTreeMap::new());
    files(&scene.source(), &mut was);
    assert_eq!(again(&scene, &scene.source(), None), Err("HOM-03"));
    assert_eq!(crate::status(&scene.world, &scene.source()).unwrap_err().0.code, "HOM-03", "there is a home here");
    files(&scene.source(), &mut is);
    assert_eq!(was, is, "not a byte of it was touched");
    fs::write(&config, &text).unwrap();
    scene.round();

    fs::write(&config, vec![b'#'; config::CONFIG_BYTES_MAX + 1]).unwrap();
    assert_eq!(crate::status(&scene.world, &scene.source()).unwrap_err().0.code, "HOM-03");
    fs::remove_file(&config).unwrap();
    fs::create_dir(&config).unwrap();
    assert_eq!(crate::status(&scene.world, &scene.source()).unwrap_err().0.code, "HOM-03");
    fs::remove_dir(&config).unwrap();
    fs::write(&config, &text).unwrap();
    fs::rename(scene.source().join("ledger"), scene.path("ledger")).unwrap();
    let failure = crate::status(&scene.world, &scene.source()).unwrap_err().0;
    assert_eq!((failure.code, failure.subject.as_str()), ("LDG-07", "ledger"), "the home is there, and its ledger is not");
    for nothing in ["nowhere", "inside.card", "archive"] {
        assert_eq!(crate::status(&scene.world, &scene.path(nothing)).unwrap_err().0.code, "HOM-02", "{nothing}");
    }
}

#[test]
fn an_interrupted_init_starts_over() {
    let scene = Scene::new();
    let home = scene.path("new");
    assert_eq!(again(&scene, &home, None), Ok(true));
    fs::remove_file(home.join(config::FILE)).unwrap();
    assert_eq!(again(&scene, &home, None), Ok(true));
    assert_eq!(again(&scene, &home, None), Ok(false));
}

#[test]
fn a_home_in_the_clear_is_not_said_to_be_under_a_passphrase() {
    let scene = Scene::new();
    assert_eq!(again(&scene, &scene.source(), Some("geheim")), Err("USE-01"));
    assert_eq!(again(&scene, &scene.path("new"), Some("geheim")), Ok(true));
}

#[test]
fn a_home_is_made_where_nothing_else_is() {
    let scene = Scene::new();
    for place in ["home-source/new", "home-source/ledger/deep/er", "archive", "inside.card", "inside.card/new"] {
        scene.write("a", "alpha");
        assert_eq!(again(&scene, &scene.path(place), None), Err("USE-01"), "{place}");
    }
    assert!(!scene.source().join("new").exists() && !scene.source().join("ledger/deep").exists());
}

fn add(scene: &Scene, adopt: bool) -> SetupReport {
    let route = RouteAdd { name: "all".into(), archive: "archive".into(), to: "outside".into(), to_gateway: None, from_gateway: None, escrow: None, adopt };
    route_add(&scene.world, &scene.source(), &route).unwrap()
}

#[test]
fn nobody_holds_in_escrow_for_itself() {
    let scene = Scene::new();
    let escrow = Some("outside".into());
    let route = RouteAdd { name: "new".into(), archive: "archive".into(), to: "outside".into(), to_gateway: None, from_gateway: None, escrow, adopt: false };
    assert_eq!(route_add(&scene.world, &scene.source(), &route).unwrap_err().0.code, "USE-01");
}

#[test]
fn a_route_that_was_added_before_is_adopted_as_long_as_nothing_was_packed() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    assert!(!add(&scene, false).added, "it is there");
    assert!(add(&scene, true).added);
    assert!(!add(&scene, true).added, "once");
    let packed = scene.carry(&scene.source()).packed.unwrap();
    assert!(packed.packages.first().is_some_and(|package| package.inventory), "the replica is asked before anything travels: {packed:?}");
    assert!(!add(&scene, true).added, "it has begun");
}

#[test]
fn a_route_that_would_carry_every_field_says_so() {
    let scene = Scene::new();
    for (layout, says) in [("files", false), ("records", true)] {
        std::fs::create_dir(scene.path(layout)).unwrap();
        let options = ArchiveAdd { layout: Some(layout.into()), ..ArchiveAdd::default() };
        archive_add_as(&scene.world, &scene.source(), layout, &scene.path(layout), &options).unwrap();
        let (name, archive) = (format!("of-{layout}"), layout.to_owned());
        let route = RouteAdd { name, archive, to: "outside".into(), to_gateway: None, from_gateway: None, escrow: None, adopt: false };
        assert_eq!(route_add(&scene.world, &scene.source(), &route).unwrap().carries_all, says, "{layout}");
    }
}
