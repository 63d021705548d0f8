//! Every pair of folders, lying in one another both ways, apart, and through a link.

use super::*;
use crate::status::scene::Scene;
use crate::{CarryOptions, RouteAccept, RouteAdd};
use std::fs;
use std::os::unix::fs::symlink;

#[test]
fn folders_overlap_by_where_they_really_are() {
    let scratch = tempfile::tempdir().unwrap();
    let at = |path: &str| scratch.path().join(path);
    fs::create_dir_all(at("a/b")).unwrap();
    fs::create_dir(at("ab")).unwrap();
    symlink(at("a/b"), at("link")).unwrap();
    for (one, other, expected) in [
        ("a", "a", Some("is this folder")),
        ("a", "a/b", Some("lies in this folder")),
        ("a/b", "a", Some("holds this folder")),
        ("a/b", "ab", None),
        ("a", "ab", None),
        ("link", "a/b", Some("is this folder")),
        ("link", "a", Some("holds this folder")),
        ("a", "link", Some("lies in this folder")),
        ("link", "ab", None),
        ("link/new/one", "a/b", Some("holds this folder")),
        ("a/new", "a/new/one", Some("lies in this folder")),
        ("a/new", "a/newer", None),
        ("ab/../a/x", "a", Some("holds this folder")),
        ("", "a", Some("lies in this folder")),
    ] {
        assert_eq!(overlap(&at(one), &at(other)), expected, "{one} {other}");
    }
}

#[test]
fn what_may_share_a_place() {
    let path = Path::new("/x");
    let all = [Folder::Home(path), Folder::Archive(path), Folder::Tree(path), Folder::Gateway(path)];
    for one in all {
        for other in all {
            let expected = one.word() == other.word() && matches!(one, Folder::Archive(_) | Folder::Gateway(_));
            assert_eq!(one.may_share(other), expected, "{one:?} {other:?}");
        }
    }
}

/// What a command says: its code, or that all is well.
fn code<T>(result: Result<T, Failure>) -> &'static str {
    result.map_or_else(|failure| failure.0.code, |_| "well")
}

#[test]
fn a_source_keeps_its_folders_apart() {
    let scene = Scene::with_gateways();
    for folder in ["archive/below", "over/below", "elsewhere", "outer"] {
        fs::create_dir(scene.path(folder)).unwrap();
    }
    symlink(scene.source(), scene.path("outer/link")).unwrap();
    for (root, expected) in [
        ("", "USE-01"),
        ("home-source", "USE-01"),
        ("home-source/keys", "USE-01"),
        ("outer/link/keys", "USE-01"),
        ("over", "USE-01"),
        ("over/below", "USE-01"),
        ("nowhere", "USE-01"),
        ("inside.card", "USE-01"),
        ("archive/below", "well"),
        ("outer", "well"),
    ] {
        let name = format!("new-{}", root.replace('/', "-").trim_matches('-'));
        assert_eq!(code(crate::archive_add(&scene.world, &scene.source(), &name, &scene.path(root))), expected, "{root}");
    }
    for (to, from, expected) in [
        ("", "elsewhere", "USE-01"),
        ("elsewhere", "home-source/spool", "USE-01"),
        ("archive/below", "elsewhere", "USE-01"),
        ("elsewhere", "archive", "USE-01"),
        ("over", "back", "well"),
        ("elsewhere", "elsewhere", "well"),
    ] {
        let name = format!("{to}-{from}").replace('/', "-").trim_matches('-').to_owned();
        let (to_gateway, from_gateway) = (Some(scene.path(to)), Some(scene.path(from)));
        let add = RouteAdd { name, archive: "archive".into(), to: "outside".into(), to_gateway, from_gateway, escrow: None, adopt: false };
        assert_eq!(code(crate::route_add(&scene.world, &scene.source(), &add)), expected, "{to} {from}");
    }
}

#[test]
fn a_replica_keeps_its_folders_apart() {
    let scene = Scene::with_gateways();
    for (number, (into, from, expected)) in [
        ("", None, "USE-01"),
        ("home-replica", None, "USE-01"),
        ("home-replica/new", None, "USE-01"),
        ("replica", None, "USE-01"),
        ("replica/new", None, "USE-01"),
        ("over/new", None, "USE-01"),
        ("new", Some("new"), "USE-01"),
        ("new", Some("new/below"), "USE-01"),
        ("new/below", Some("new"), "USE-01"),
        ("new", Some("replica/below"), "USE-01"),
        ("new", Some("home-replica"), "USE-01"),
        ("new", Some("over"), "well"),
        ("newer", None, "well"),
    ]
    .into_iter()
    .enumerate()
    {
        let (name, into, from_gateway) = (format!("route-{number}"), scene.path(into), from.map(|from| scene.path(from)));
        let accept = RouteAccept { name, from: "inside".into(), into: into.clone(), from_gateway, to_gateway: None };
        assert_eq!(code(crate::route_accept(&scene.world, &scene.replica(), &accept)), expected, "{into:?} {from:?}");
    }
}

/// The replica of one route took the packages of the other one out of the folder, into its quarantine.
#[test]
fn what_leaves_for_two_zones_leaves_by_two_folders() {
    let scene = Scene::with_gateways();
    let third = scene.path("home-third");
    crate::init(&scene.world, &third, "third", wire::card::Role::Replica, None).unwrap();
    let card = crate::card(&scene.world, &third).unwrap();
    fs::write(scene.path("third.card"), &card.card).unwrap();
    crate::trust(&scene.world, &scene.source(), &scene.path("third.card"), &card.fingerprint).unwrap();
    fs::create_dir(scene.path("elsewhere")).unwrap();
    symlink(scene.path("over"), scene.path("link")).unwrap();
    let add = |to_gateway: &str, from_gateway: &str| RouteAdd {
        name: "other".into(),
        archive: "archive".into(),
        to: "third".into(),
        to_gateway: Some(scene.path(to_gateway)),
        from_gateway: Some(scene.path(from_gateway)),
        escrow: None,
        adopt: false,
    };
    for to in ["over", "link"] {
        let refused = crate::route_add(&scene.world, &scene.source(), &add(to, "back")).unwrap_err().0;
        assert_eq!((refused.code, refused.detail.contains("the route all, which leads to outside")), ("USE-01", true), "{refused:?}");
    }
    // What arrives is told apart by who signed it for which route.
    crate::route_add(&scene.world, &scene.source(), &add("elsewhere", "back")).unwrap();
    let file = scene.source().join(FILE);
    let edited = fs::read_to_string(&file).unwrap().replace("elsewhere", "over");
    fs::write(&file, edited).unwrap();
    let refused = Home::open(&scene.world, &scene.source(), crate::home::Access::Read).map(|_| ()).unwrap_err().0;
    assert_eq!((refused.code, refused.subject.as_str()), ("HOM-03", FILE), "{refused:?}");
}

#[test]
fn a_medium_is_a_place_of_its_own() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    fs::create_dir(scene.path("archive/below")).unwrap();
    let carry = |home: &Path, medium: &Path| code(crate::carry(&scene.world, home, &CarryOptions { medium: medium.into(), ..CarryOptions::default() }));
    for medium in ["home-source", "home-source/spool", "archive", "archive/below"] {
        assert_eq!(carry(&scene.source(), &scene.path(medium)), "USE-01", "{medium}");
    }
    scene.carry(&scene.source());
    let home = Home::open(&scene.world, &scene.replica(), crate::home::Access::Read).unwrap();
    for (medium, expected) in [("home-replica", "USE-01"), ("replica", "USE-01"), ("replica/new", "USE-01"), ("medium", "well"), ("", "well")] {
        assert_eq!(code(medium_apart(&home, &scene.path(medium))), expected, "{medium}");
    }
    // The other commands that are given a medium.
    for medium in ["home-replica", "replica", "replica/new"] {
        let options = crate::ScrubOptions { to: Some(scene.path(medium)), ..crate::ScrubOptions::default() };
        assert_eq!(code(crate::scrub(&scene.world, &scene.replica(), &options)), "USE-01", "{medium}");
        assert!(!scene.path(medium).join("gapferry").exists());
    }
    for medium in ["home-source", "archive"] {
        let options = crate::ReconcileOptions { from: scene.path(medium), ..crate::ReconcileOptions::default() };
        assert_eq!(code(crate::reconcile(&scene.world, &scene.source(), &options)), "USE-01", "{medium}");
    }
    // A home that is itself called as our folder on a medium is.
    let (inside, beside) = (scene.path("stick/gapferry/home"), scene.path("stick/home"));
    for (home, expected) in [(inside, "USE-01"), (beside, "well")] {
        crate::init(&scene.world, &home, "third", wire::card::Role::Source, None).unwrap();
        let home = Home::open(&scene.world, &home, crate::home::Access::Read).unwrap();
        assert_eq!(code(medium_apart(&home, &scene.path("stick"))), expected);
    }
}

#[test]
fn an_edited_configuration_keeps_folders_apart() {
    let scene = Scene::with_gateways();
    scene.write("a", "alpha");
    fs::create_dir(scene.path("outer")).unwrap();
    symlink(scene.path(""), scene.path("outer/link")).unwrap();
    let at = |path: &str| scene.path(path).display().to_string();
    let edited = |home: &Path, from: &str, to: &str| {
        let file = home.join(FILE);
        let was = fs::read_to_string(&file).unwrap();
        assert!(was.contains(&at(from)), "{was}");
        fs::write(&file, was.replace(&format!("\"{}\"", at(from)), &format!("\"{to}\""))).unwrap();
        let opened = code(Home::open(&scene.world, home, crate::home::Access::Read));
        fs::write(&file, was).unwrap();
        opened
    };
    // The whole scene as the archive: the keys of both homes would be captured, and go out.
    for (to, expected) in [("", "HOM-03"), ("home-source/keys", "HOM-03"), ("outer/link", "HOM-03"), ("over", "HOM-03"), ("outer", "well")] {
        assert_eq!(edited(&scene.source(), "archive", &at(to)), expected, "{to}");
    }
    for (to, expected) in [("", "HOM-03"), ("home-replica/tree", "HOM-03"), ("over/tree", "HOM-03"), ("elsewhere", "well")] {
        assert_eq!(edited(&scene.replica(), "replica", &at(to)), expected, "{to}");
    }
    assert_eq!(edited(&scene.source(), "archive", "archive"), "HOM-03", "where it lies does not depend on where a command is given");
}

#[test]
fn many_routes_are_compared_each_with_what_may_hold_it() {
    let text = |tree: &dyn Fn(usize) -> String| {
        let routes = (0..500).map(|number| format!("[routes.r{number}]\nfrom = \"inside\"\ninto = \"{}\"\n", tree(number)));
        format!("zone = \"outside\"\nrole = \"replica\"\n{}", routes.collect::<String>())
    };
    let look =
        |tree: &dyn Fn(usize) -> String| configured(&Config::parse(&text(tree)).unwrap(), Path::new("/nowhere/home")).map_err(|failure| failure.0.detail);
    assert_eq!(look(&|number| format!("/nowhere/tree-{number}")), Ok(()));
    let one_in_another = look(&|number| if number == 77 { "/nowhere/tree-3/a/b".into() } else { format!("/nowhere/tree-{number}") });
    assert_eq!(one_in_another.unwrap_err(), "/nowhere/tree-3/a/b (a replica tree) lies in /nowhere/tree-3 (a replica tree): each needs a place of its own");
    let twice = look(&|number| format!("/nowhere/tree-{}", number % 499));
    assert_eq!(twice.unwrap_err(), "/nowhere/tree-0 (a replica tree) is /nowhere/tree-0 (a replica tree): each needs a place of its own");
}
