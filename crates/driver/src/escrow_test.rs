//! A home that reads packages for the replica of a route, from media that were kept.

use super::*;
use crate::status::scene::Scene;
use crate::{ApplyOptions, RestoreOptions};
use std::fs;
use std::path::{Path, PathBuf};
use wire::card::Role;

/// The home of an escrow holder for the route of a scene. Whoever calls says in gapferry.toml that it is one.
pub fn holder(scene: &Scene) -> PathBuf {
    let (world, holder) = (&scene.world, scene.path("home-holder"));
    crate::init(world, &holder, "holder", Role::Replica, None).unwrap();
    for (from, to) in [(scene.source(), &holder), (scene.replica(), &holder), (holder.clone(), &scene.source())] {
        let (card, file) = (crate::card(world, &from).unwrap(), scene.path("card"));
        fs::write(&file, &card.card).unwrap();
        crate::trust(world, to, &file, &card.fingerprint).unwrap();
    }
    let config = scene.source().join("gapferry.toml");
    let text = fs::read_to_string(&config).unwrap();
    fs::write(&config, text.replace("[routes.all]\n", "[routes.all]\nescrow = \"holder\"\n")).unwrap();
    let accept = crate::RouteAccept { name: "all".into(), from: "inside".into(), into: scene.path("tree-holder"), from_gateway: None, to_gateway: None };
    crate::route_accept_for(world, &holder, &accept, "outside").unwrap();
    holder
}

fn kept(scene: &Scene, to: &str) -> PathBuf {
    let (from, to) = (scene.path("medium/gapferry"), scene.path(to));
    fs::create_dir_all(to.join("gapferry")).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        fs::copy(entry.path(), to.join("gapferry").join(entry.file_name())).unwrap();
    }
    to
}

/// Nobody answers for it, and nobody would ever tell.
#[test]
fn what_was_not_kept_is_told() {
    let scene = Scene::new();
    let holder = holder(&scene);
    let crossed = |kept_as: Option<&str>| {
        scene.carry(&scene.source());
        let kept = kept_as.map(|to| kept(&scene, to));
        scene.carry(&scene.replica());
        kept
    };
    let apply = |medium: &Path| {
        let report = crate::apply(&scene.world, &holder, &ApplyOptions { from: medium.into(), ..ApplyOptions::default() }).unwrap();
        let counted = report.packages.iter().fold((0, 0), |(written, failed), package| (written + package.written, failed + package.failed));
        (counted, report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>())
    };
    ["a", "b", "c"].iter().for_each(|name| scene.write(name, "one"));
    let first = crossed(Some("first")).unwrap();
    assert_eq!(apply(&first), ((3, 0), vec![]));
    scene.carry(&scene.source());
    scene.remove("b");
    scene.write("a", "two");
    crossed(None);
    scene.carry(&scene.source());
    scene.write("c", "two");
    let last = crossed(Some("last")).unwrap();
    // The content of `c` is that of `a`, which was not kept.
    assert_eq!(apply(&last), ((0, 1), vec!["RPL-12", "RPL-12"]));
    let status = crate::status(&scene.world, &holder).unwrap();
    assert_eq!((status.routes[0].next, status.problems.iter().map(|problem| problem.code).collect::<Vec<_>>()), ("nothing", vec!["RPL-12"]));
    let options = RestoreOptions { into: scene.path("back"), ..RestoreOptions::default() };
    let restored = crate::restore(&scene.world, &holder, &options).unwrap();
    assert_eq!(restored.problems.iter().map(|problem| problem.code).collect::<Vec<_>>(), ["RPL-12"]);
    let scrubbed = gap(&crate::home::Home::open(&scene.world, &scene.replica(), crate::home::Access::Read).unwrap(), "all");
    assert!(scrubbed.is_none(), "a replica that answers is sent again what it lacks");
}
