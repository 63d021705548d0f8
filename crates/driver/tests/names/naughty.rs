//! The big list of naughty strings where a person or a file gives names and values.

use driver::config::{Config, with_entry};
use driver::progress::Silent;
use driver::{Actor, World};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::clock::{RealClock, RealEntropy};
use store::real::RealDisk;
use wire::card::Role;

fn strings() -> Option<Vec<String>> {
    let folder = std::env::var_os("GAPFERRY_VECTORS").map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/vectors"), PathBuf::from);
    let file = folder.join("names/blns.json");
    let Ok(list) = std::fs::read(&file) else {
        println!("SKIPPED: {} is not there; name the folder of the vectors with GAPFERRY_VECTORS", file.display());
        return None;
    };
    Some(serde_json::from_slice(&list).expect("a list of strings"))
}

/// FAULTS A05
#[test]
fn as_names_of_zones_routes_and_archives() {
    let Some(strings) = strings() else { return };
    let world = World {
        disk: Arc::new(RealDisk::new()),
        indexes: Arc::new(store::index::SledIndexes),
        clock: Arc::new(RealClock),
        entropy: Arc::new(RealEntropy),
        progress: Arc::new(Silent),
        actor: Actor::default(),
        passphrase: Arc::new(|| None),
    };
    let root = tempfile::tempdir().unwrap();
    let home = root.path().join("home");
    driver::init(&world, &home, "inside", Role::Source, None).unwrap();
    std::fs::create_dir(root.path().join("archive")).unwrap();
    let before = std::fs::read(home.join("gapferry.toml")).unwrap();
    let (mut names, mut refused) = (0, 0);
    for (number, string) in strings.iter().enumerate() {
        let is_name = wire::name::is_name(string);
        let config = Config::parse(&format!("zone = {}\nrole = 'source'\n", toml_edit::value(string.as_str())));
        assert_eq!(config.is_ok(), is_name, "{string:?} as a zone");
        let key = toml_edit::Key::new(string.as_str());
        let config = Config::parse(&format!("zone = 'a'\nrole = 'replica'\n[routes.{}]\nfrom = 'b'\ninto = '/x'\n", key.display_repr()));
        assert_eq!(config.is_ok(), is_name, "{string:?} as a route");
        if is_name {
            names += 1;
            continue;
        }
        refused += 1;
        let other = root.path().join(format!("other-{number}"));
        assert!(driver::init(&world, &other, string, Role::Source, None).is_err(), "{string:?} as a zone");
        assert!(driver::archive_add(&world, &home, string, &root.path().join("archive")).is_err(), "{string:?} as an archive");
    }
    assert_eq!(std::fs::read(home.join("gapferry.toml")).unwrap(), before, "nothing was written");
    println!("{} strings as names of zones, routes and archives: {names} are names, {refused} refused", strings.len());
}

/// FAULTS A05
#[test]
fn as_values_of_the_configuration() {
    let Some(strings) = strings() else { return };
    for string in &strings {
        let with_root = |root: &str| Config::parse(&with_entry("zone = 'a'\nrole = 'source'\n", "archives", "kept", &[("root", root.to_owned())]).unwrap());
        // The root of an archive is a whole path, so the string stands as a name below one.
        let root = format!("/srv/{string}");
        let config = with_root(&root).unwrap_or_else(|failure| panic!("{string:?}: {failure}"));
        assert_eq!(config.archives["kept"].root.as_os_str(), root.as_str());
        assert_eq!(with_root(string).is_ok(), string.starts_with('/'), "{string:?} as a whole path");
        // As the whole text, or as what follows a good one, it is read or refused, never more.
        let _either = (Config::parse(string), Config::parse(&format!("zone = 'a'\nrole = 'source'\n{string}\n")));
    }
    println!("{} strings as values: each back byte for byte", strings.len());
}
