//! What must not wait: told when it waits too long, packed for by the daemon, and no cause to read an archive without it.

use std::fs;

use crate::home::{Access, Home};
use crate::projecting::is_automatic;
use crate::status::scene::Scene;
use crate::{capture, status};

fn member(number: u64, state: &str) -> String {
    let rid = |kind: &str| format!("{kind}-01900000-0000-7000-8000-{number:012x}");
    serde_json::json!({
        "rid": rid("member"), "kind": "member", "version": 1, "region": "320412103012", "org_rid": rid("organisation"),
        "state": state, "sens": "Personal", "valid_from": "2026-01-01", "recorded_at": "2026-01-01T09:30:00+08:00", "recorded_by": "clerk-7",
        "household_rid": rid("household"), "name": "张某某", "gender": "1", "relation": "01", "id_type": "1", "id_no": "320412198001010015",
        "birth_date": "1980-01-01", "hukou_region": "320412103012", "member_state": state, "minor_flag": false,
    })
    .to_string()
}

/// A scene over records, under a template with this schedule.
fn scene(schedule: &str) -> Scene {
    selecting(schedule, "true")
}

/// The same, with what the template selects.
fn selecting(schedule: &str, condition: &str) -> Scene {
    let scene = Scene::new();
    let file = scene.source().join("gapferry.toml");
    let text = fs::read_to_string(&file).unwrap();
    let root = text.lines().find(|line| line.starts_with("root = ")).unwrap();
    fs::write(&file, text.replace(root, &format!("{root}\nlayout = \"records\""))).unwrap();
    scene.write("member/1/record.json", member(1, "confirmed"));
    scene.write("member/2/record.json", member(2, "lost"));
    capture(&scene.world, &scene.source(), false).unwrap();
    let template = format!(
        "[route]\nid = \"T\"\nname_zh = \"成员\"\nname_en = \"Members\"\nsource = \"inside\"\nreplica = \"outside\"\npurpose = \"use\"\nsens_max = \"Personal\"\n\
         owner_role = \"archivist\"\n[schedule]\n{schedule}\n[[select]]\nkinds = [\"member\"]\nwhere = \"{condition}\"\n[project.member]\nfields = [\"name\"]\n\
         [verify]\ndeadline = \"P2D\"\n"
    );
    fs::write(scene.path("template.toml"), template).unwrap();
    crate::templates::template_activate(&scene.world, &scene.source(), &scene.path("template.toml"), "all", "approved", false).unwrap();
    scene
}

/// Records that must not wait, and which records are told to wait too long.
fn told(scene: &Scene) -> (u64, Vec<String>) {
    let report = status(&scene.world, &scene.source()).unwrap();
    let late = report.problems.iter().filter(|problem| problem.code == "SRC-14").map(|problem| problem.subject.clone());
    (report.routes[0].urgent, late.collect())
}

#[test]
fn what_waits_longer_than_it_may_is_told_until_a_package_holds_it() {
    let late = |names: &[&str]| names.iter().map(|name| format!("member/{name}/record.json")).collect::<Vec<_>>();
    for (schedule, urgent, first, second) in [
        ("mode = \"auto\"", 0, late(&[]), late(&[])),
        ("urgent = { where = \"state = 'lost'\", max_delay = \"PT1H\" }", 1, late(&["2"]), late(&["2"])),
        ("max_delay = \"PT2H\"", 0, late(&[]), late(&["1", "2"])),
        ("trigger = \"member.state = 'confirmed'\"\nmax_delay = \"PT2H\"", 0, late(&[]), late(&["1"])),
        ("max_delay = \"PT2H\"\nurgent = { where = \"state = 'lost'\", max_delay = \"PT1H\" }", 1, late(&["2"]), late(&["1", "2"])),
    ] {
        let scene = scene(schedule);
        scene.pass(3590);
        assert_eq!(told(&scene), (urgent, late(&[])), "{schedule}");
        scene.pass(60);
        assert_eq!(told(&scene), (urgent, first), "{schedule}");
        scene.pass(3600);
        assert_eq!(told(&scene), (urgent, second), "{schedule}");
        scene.carry(&scene.source());
        assert_eq!(told(&scene), (urgent, late(&[])), "{schedule}: a package holds it, and nothing is proven");
        scene.carry(&scene.replica());
        scene.carry(&scene.source());
        assert_eq!(told(&scene), (0, late(&[])), "{schedule}");
    }
}

#[test]
fn the_daemon_packs_for_what_must_not_wait() {
    for (schedule, packs) in [
        ("trigger = \"member.state = 'pending'\"", false),
        ("trigger = \"member.state = 'confirmed'\"", true),
        ("trigger = \"member.state = 'pending'\"\nurgent = { where = \"state = 'lost'\", max_delay = \"PT1H\" }", true),
        ("trigger = \"member.state = 'pending'\"\nurgent = { where = \"state = 'pending'\", max_delay = \"PT1H\" }", false),
    ] {
        let scene = scene(&format!("mode = \"manual+auto\"\n{schedule}"));
        let home = Home::open(&scene.world, &scene.source(), Access::Read).unwrap();
        assert_eq!(is_automatic(&home, "all").unwrap(), packs, "{schedule}");
    }
}

#[test]
fn what_must_not_wait_has_a_package_of_its_own_where_not_all_fits_one() {
    let scene = scene("urgent = { where = \"state = 'lost'\", max_delay = \"PT1H\" }");
    for number in 3..400 {
        scene.write(format!("member/{number}/record.json"), member(number, "confirmed"));
    }
    scene.policy(&scene.source(), "package_bytes_max = 65536\nbreaker_items = 1000000");
    let packed = scene.carry(&scene.source()).packed.unwrap();
    let items: Vec<u64> = packed.packages.iter().map(|package| package.items).collect();
    assert_eq!((items[0], items.iter().sum::<u64>(), packed.urgent), (1, 399, 1), "{items:?}");
    assert!(items.len() > 2, "{items:?}");
    // What must not wait and is not selected holds nothing else up.
    let scene = selecting("urgent = { where = \"state = 'lost'\", max_delay = \"PT1H\" }", "state != 'lost'");
    for number in 3..400 {
        scene.write(format!("member/{number}/record.json"), member(number, "confirmed"));
    }
    scene.policy(&scene.source(), "package_bytes_max = 65536\nbreaker_items = 1000000");
    let packed = scene.carry(&scene.source()).packed.unwrap();
    assert_eq!((packed.packages.iter().map(|package| package.items).sum::<u64>(), packed.urgent), (398, 0), "{packed:?}");
}

/// A revocation that leaves the selection goes as early as one that stays in it.
#[test]
fn what_must_not_wait_and_is_withdrawn_goes_first() {
    let scene = selecting("urgent = { where = \"state = 'lost'\", max_delay = \"PT1H\" }", "state != 'lost' and valid_to >= today");
    let until = |number: u64, state: &str, day: &str| member(number, state).replace("\"valid_from\"", &format!("\"valid_to\":\"{day}\",\"valid_from\""));
    let today = crate::projecting::today(&scene.world).unwrap().to_string();
    for number in 3..8 {
        scene.write(format!("member/{number}/record.json"), until(number, "confirmed", &today));
    }
    scene.write("member/8/record.json", until(8, "confirmed", "2999-12-31"));
    (0..2).for_each(|_| scene.round());
    assert!(scene.on_replica("member/8/record.json").is_some());
    // The day ends for five of them, and the sixth is lost.
    scene.pass(2 * 86_400);
    scene.write("member/8/record.json", until(8, "lost", "2999-12-31").replace("\"version\":1", "\"version\":2"));
    let packed = scene.carry(&scene.source()).packed.unwrap();
    assert_eq!(packed.packages.iter().map(|package| (package.items, package.removals)).collect::<Vec<_>>(), [(6, 6)], "{packed:?}");
}
