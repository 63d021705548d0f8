//! Each kind of file, seen with and without a home, whole and damaged.

use super::*;
use crate::status::scene::Scene;
use std::fs;
use std::path::PathBuf;

#[test]
fn the_first_bytes_say_what_it_is_else_the_name() {
    let start = |kind: u8| [b"GAPFERRY".as_slice(), &[1, 0, kind]].concat();
    for (start, name, expected) in [
        (start(1), "x", Some(Kind::Package)),
        (start(2), "x.gfp", Some(Kind::Receipt)),
        (start(3), "x", Some(Kind::Label)),
        (start(9), "x.gfr", Some(Kind::Receipt)),
        (b"gapferry card 1\nzone".to_vec(), "x.gfp", None),
        (b"gapferry card 9\n".to_vec(), "x", None),
        (b"something".to_vec(), "x.card", None),
        (b"something".to_vec(), "x.gfl", Some(Kind::Label)),
        (Vec::new(), "x.gfp", Some(Kind::Package)),
        (Vec::new(), "x", Some(Kind::Package)),
    ] {
        assert_eq!(what_it_is(&start, Path::new(name)), expected, "{start:?} {name}");
    }
}

/// A package, its receipt, the label and a card.
fn files(scene: &Scene) -> [PathBuf; 4] {
    scene.write("a", "alpha");
    scene.write("村/一.json", "{}".repeat(1000));
    scene.carry(&scene.source());
    scene.carry(&scene.replica());
    let kept = |ending: &str| {
        let kept = scene.path(&format!("kept{ending}"));
        fs::copy(&scene.on_medium(ending)[0], &kept).unwrap();
        kept
    };
    [kept(".gfp"), kept(".gfr"), kept(".gfl"), scene.path("outside.card")]
}

fn seen(scene: &Scene, home: Option<&Path>, file: &Path) -> InspectReport {
    inspect(&scene.world, home, file).unwrap()
}

#[test]
fn without_a_key_only_what_anybody_learns() {
    let scene = Scene::new();
    let [package, receipt, label, card] = files(&scene);
    for (file, kind, recipients) in [(&package, "package", 1), (&receipt, "receipt", 1), (&label, "label", 2)] {
        let report = seen(&scene, None, file);
        assert_eq!((report.kind, report.opened, report.problems.len()), (kind, false, 0));
        let names: Vec<&str> = report.facts.keys().map(String::as_str).collect();
        assert_eq!(names, ["file_bytes", "format_version", "suite", "id", "recipients", "padded_bytes"]);
        assert_eq!((report.facts["file_bytes"].as_u64().unwrap(), &report.facts["recipients"]), (fs::metadata(file).unwrap().len(), &json!(recipients)));
    }
    let report = seen(&scene, None, &card);
    assert_eq!(
        (report.kind, report.opened, &report.facts["zone"], &report.facts["role"], report.facts.get("trusted")),
        ("card", true, &json!("outside"), &json!("replica"), None)
    );
}

#[test]
fn with_the_key_what_it_says() {
    let scene = Scene::new();
    let (source, replica) = (scene.source(), scene.replica());
    let [package, receipt, label, card] = files(&scene);

    let report = seen(&scene, Some(&replica), &package);
    let facts = &report.facts;
    assert_eq!((report.opened, report.problems.len()), (true, 0));
    assert_eq!(
        (&facts["route"], &facts["source"], &facts["sequence"], &facts["seen_here"], &facts["items"]),
        (&json!("all"), &json!("inside"), &json!(1), &json!(true), &json!(2))
    );
    assert_eq!((&facts["marks"], &facts["document_bytes"], &facts["first_items"][1]["item"]), (&json!({ "add": 2 }), &json!(2005), &json!("村/一.json")));
    assert!(!serde_json::to_string(facts).unwrap().contains("nonce"));

    let report = seen(&scene, Some(&source), &receipt);
    let facts = &report.facts;
    assert_eq!((report.opened, report.problems.len()), (true, 0));
    assert_eq!(
        (&facts["route"], &facts["replica"], &facts["number"], &facts["taken_here"], &facts["form"], &facts["answered"]),
        (&json!("all"), &json!("outside"), &json!(1), &json!(false), &json!("digest"), &json!("1"))
    );
    scene.carry(&source);
    assert_eq!(seen(&scene, Some(&source), &receipt).facts["taken_here"], json!(true));

    for home in [&source, &replica] {
        let report = seen(&scene, Some(home), &label);
        assert_eq!((report.opened, report.problems.len(), &report.facts["maker"]), (true, 0, &json!("inside")));
    }
    for (home, trusted) in [(&source, "yes"), (&replica, "own")] {
        assert_eq!(seen(&scene, Some(home), &card).facts["trusted"], json!(trusted));
    }
}

#[test]
fn ones_own_is_looked_up_in_the_ledger() {
    let scene = Scene::new();
    let (source, replica) = (scene.source(), scene.replica());
    let [package, receipt, ..] = files(&scene);
    let check = |state: &str| {
        let report = seen(&scene, Some(&source), &package);
        let facts = &report.facts;
        assert_eq!((report.opened, report.problems.len()), (false, 0));
        assert_eq!(
            (&facts["route"], &facts["sequence"], &facts["state"], &facts["items"], &facts["first_items"][0]["item"]),
            (&json!("all"), &json!(1), &json!(state), &json!(2), &json!("a"))
        );
    };
    check("unanswered");
    scene.carry(&source);
    check("answered");
    let held = crate::home::Home::open(&scene.world, &source, crate::home::Access::Change).unwrap();
    check("answered");
    held.close("", "").unwrap();
    let report = seen(&scene, Some(&replica), &receipt);
    assert_eq!((report.opened, report.problems.len(), &report.facts["number"], &report.facts["answered"]), (false, 0, &json!(1), &json!("1")));
    // Another installation's files are for neither.
    let other = Scene::new();
    for (file, home) in [(&package, other.source()), (&package, other.replica()), (&receipt, other.source()), (&receipt, other.replica())] {
        let report = seen(&other, Some(&home), file);
        assert_eq!((report.opened, report.problems[0].code), (false, "ENV-09"));
    }
}

#[test]
fn damage_is_named_by_its_clause() {
    let scene = Scene::new();
    let (source, replica) = (scene.source(), scene.replica());
    let [package, receipt, label, card] = files(&scene);
    let bad = scene.path("bad");
    for (file, home, at, code) in [
        (&package, Some(&replica), 8, "ENV-02"),
        (&package, None, 8, "ENV-02"),
        (&package, Some(&replica), 100, "ENV-09"),
        (&package, Some(&replica), 2000, "ENV-11"),
        (&receipt, Some(&source), 2000, "ENV-11"),
        (&label, Some(&source), 3000, "ENV-11"),
        (&card, None, 40, "CRD-04"),
    ] {
        let mut bytes = fs::read(file).unwrap();
        bytes[at] ^= 1;
        fs::write(&bad, &bytes).unwrap();
        let report = seen(&scene, home.map(PathBuf::as_path), &bad);
        assert_eq!((report.opened, report.problems.iter().map(|problem| problem.code).collect::<Vec<_>>()), (false, vec![code]), "{file:?} {at}");
    }
    fs::write(&bad, fs::read(&package).unwrap().split_last().unwrap().1).unwrap();
    assert_eq!(seen(&scene, None, &bad).problems[0].code, "ENV-08");
    fs::write(&bad, "").unwrap();
    assert_eq!(seen(&scene, None, &bad).problems[0].code, "ENV-01");
    assert_eq!(inspect(&scene.world, None, &scene.path("none")).unwrap_err().0.code, "IO-01");
    assert_eq!(inspect(&scene.world, Some(&scene.path("medium")), &package).unwrap_err().0.code, "HOM-02");
}
