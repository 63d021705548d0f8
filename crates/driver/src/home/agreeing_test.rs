//! What an edit of the configuration may change and what it may not, as a table: nothing is read or packed by a home that disagrees.

use std::fs;
use std::path::Path;

use crate::report::Failure;
use crate::status::scene::Scene;
use crate::{CarryOptions, RouteAccept, RouteAdd};

/// Puts one text in the place of another in a home's configuration.
fn edit(home: &Path, from: &str, to: &str) {
    let file = home.join("gapferry.toml");
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&file, text.replacen(from, to, 1)).unwrap();
}

/// What every command says now; nothing was written to the medium.
fn refused(scene: &Scene, home: &Path) -> Failure {
    let options = CarryOptions { medium: scene.path("medium"), ..CarryOptions::default() };
    let failure = crate::carry(&scene.world, home, &options).unwrap_err();
    assert_eq!(crate::status(&scene.world, home).unwrap_err().0, failure.0, "who only looks is told the same");
    assert!(!scene.path("medium/gapferry").exists(), "nothing was packed");
    failure
}

#[test]
fn an_archive_under_a_template_stays_one_of_records() {
    let scene = Scene::new();
    let source = scene.source();
    edit(&source, "[archives.archive]\n", "[archives.archive]\nlayout = \"records\"\n");
    scene.write("minutes/record.json", r#"{"kind":"minutes","rid":"m","title":"secret"}"#);
    crate::capture(&scene.world, &source, false).unwrap();
    let template = "[route]\nid = \"T\"\nname_zh = \"成员\"\nname_en = \"Members\"\nsource = \"inside\"\nreplica = \"outside\"\npurpose = \"use\"\n\
         sens_max = \"Personal\"\nowner_role = \"archivist\"\n[[select]]\nkinds = [\"member\"]\nwhere = \"true\"\n[project.member]\nfields = [\"name\"]\n[verify]\ndeadline = \"P2D\"\n";
    fs::write(scene.path("template.toml"), template).unwrap();
    crate::templates::template_activate(&scene.world, &source, &scene.path("template.toml"), "all", "approved", false).unwrap();
    for instead in ["", "layout = \"files\"\n"] {
        edit(&source, "layout = \"records\"\n", instead);
        let failure = refused(&scene, &source);
        assert_eq!((failure.0.code, failure.0.subject.as_str()), ("HOM-03", "all"));
        assert!(failure.0.detail.contains("template T") && failure.0.detail.contains("put `layout = \"records\"` back"), "{failure}");
        edit(&source, &format!("[archives.archive]\n{instead}"), "[archives.archive]\nlayout = \"records\"\n");
    }
    // Nor by taking the route out of the file, and adding it again.
    let whole = fs::read_to_string(source.join("gapferry.toml")).unwrap();
    let route = &whole[whole.find("[routes.all]").unwrap()..];
    edit(&source, route, "");
    edit(&source, "layout = \"records\"\n", "");
    assert_eq!(crate::route_add(&scene.world, &source, &added("archive", "outside")).unwrap_err().0.code, "HOM-03");
    fs::write(source.join("gapferry.toml"), &whole).unwrap();
    crate::status(&scene.world, &source).unwrap();
}

fn added(archive: &str, to: &str) -> RouteAdd {
    RouteAdd { name: "all".into(), archive: archive.into(), to: to.into(), to_gateway: None, from_gateway: None, escrow: None, adopt: false }
}

#[test]
fn a_route_stays_with_its_archive_and_its_zones() {
    let scene = Scene::new();
    let (source, replica) = (scene.source(), scene.replica());
    fs::create_dir(scene.path("secrets")).unwrap();
    fs::write(scene.path("secrets/a"), "secret").unwrap();
    crate::archive_add(&scene.world, &source, "secrets", &scene.path("secrets")).unwrap();
    scene.write("a", "alpha");
    let own = &format!("[archives.archive]\nroot = \"{}\"\n", scene.path("archive").display());
    type Edit<'t> = (&'t Path, &'t [(&'t str, &'t str)], &'t str, &'t str);
    let edits: [Edit<'_>; 8] = [
        (&source, &[("archive = \"archive\"", "archive = \"secrets\"")], "all", "put `archive = \"archive\"` back"),
        (&source, &[("archive = \"archive\"", "archive = \"secrets\""), (own, "")], "all", "put `archive = \"archive\"` back"),
        (&source, &[("to = \"outside\"", "to = \"elsewhere\"")], "all", "put `to = \"outside\"` back"),
        (&source, &[("zone = \"inside\"", "zone = \"within\"")], "gapferry.toml", "put `zone = \"inside\"` back"),
        (&replica, &[("zone = \"outside\"", "zone = \"without\"")], "gapferry.toml", "put `zone = \"outside\"` back"),
        (
            &replica,
            &[("role = \"replica\"", "role = \"source\""), ("[routes.all]", "[archives.all]"), ("from = \"inside\"\n", ""), ("into", "root")],
            "gapferry.toml",
            "put `role = \"replica\"` back",
        ),
        (&replica, &[("from = \"inside\"", "from = \"within\"")], "all", "put `from = \"inside\"` back"),
        (&replica, &[("from = \"inside\"", "from = \"inside\"\nfor = \"another\"")], "all", "for another replica"),
    ];
    for (home, edits, subject, advice) in edits {
        let before = fs::read_to_string(home.join("gapferry.toml")).unwrap();
        edits.iter().for_each(|(from, to)| edit(home, from, to));
        let failure = refused(&scene, home);
        assert_eq!((failure.0.code, failure.0.subject.as_str()), ("HOM-03", subject), "{edits:?}");
        assert!(failure.0.detail.contains(advice), "{edits:?}: {failure}");
        fs::write(home.join("gapferry.toml"), before).unwrap();
    }
    // What is taken out of the file is given up; under the same name it comes back as what it was, or not at all.
    for (home, heading) in [(&source, "[routes.all]"), (&replica, "[routes.all]")] {
        let text = fs::read_to_string(home.join("gapferry.toml")).unwrap();
        fs::write(home.join("gapferry.toml"), &text[..text.find(heading).unwrap()]).unwrap();
        crate::status(&scene.world, home).unwrap();
    }
    assert_eq!(crate::route_add(&scene.world, &source, &added("secrets", "outside")).unwrap_err().0.code, "HOM-03");
    let accept = RouteAccept { name: "all".into(), from: "within".into(), into: scene.path("replica"), from_gateway: None, to_gateway: None };
    assert_eq!(crate::route_accept(&scene.world, &replica, &accept).unwrap_err().0.code, "HOM-03");
    assert!(crate::route_add(&scene.world, &source, &added("archive", "outside")).unwrap().added);
    assert!(crate::route_accept(&scene.world, &replica, &RouteAccept { from: "inside".into(), ..accept }).unwrap().added);
    scene.round();
    assert_eq!(scene.on_replica("a").unwrap(), b"alpha");
}

#[test]
fn folders_may_move() {
    let scene = Scene::new();
    scene.write("a", "alpha");
    scene.round();
    for (home, from, to) in [(scene.source(), "archive", "archive-elsewhere"), (scene.replica(), "replica", "replica-elsewhere")] {
        fs::rename(scene.path(from), scene.path(to)).unwrap();
        let (from, to) = (scene.path(from).display().to_string(), scene.path(to).display().to_string());
        edit(&home, &format!("\"{from}\""), &format!("\"{to}\""));
    }
    fs::write(scene.path("archive-elsewhere/b"), "beta").unwrap();
    scene.round();
    assert_eq!(fs::read(scene.path("replica-elsewhere/b")).unwrap(), b"beta");
}
