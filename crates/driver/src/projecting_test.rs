//! What a route makes of records while the days pass.

use crate::status::scene::Scene;
use serde_json::{Value, json};
use std::fs;

const TEMPLATE: &str = r#"
[route]
id = "members"
name_zh = "成员"
name_en = "Members"
source = "inside"
replica = "outside"
purpose = "use"
sens_max = "Personal"
owner_role = "archivist"

[[select]]
kinds = ["member"]
where = "true"

[project.member]
fields = ["name", "valid_from"]
mask = { valid_from = "age_band" }

[verify]
deadline = "P2D"
"#;

fn member(number: u64, valid_from: &str) -> Value {
    let rid = |kind: &str| format!("{kind}-01900000-0000-7000-8000-{number:012x}");
    json!({
        "rid": rid("member"), "kind": "member", "version": 1, "region": "320412103012", "org_rid": rid("organisation"),
        "state": "confirmed", "sens": "Personal", "valid_from": valid_from, "recorded_at": "2026-01-01T09:30:00+08:00", "recorded_by": "clerk-7",
        "household_rid": rid("household"), "name": "张某某", "gender": "1", "relation": "01", "id_type": "1", "id_no": "320412198001010015",
        "birth_date": "1980-01-01", "hukou_region": "320412103012", "member_state": "confirmed", "minor_flag": false,
    })
}

/// What a template shows of a record changes with the day; what is shown then travels, and nothing else does.
#[test]
fn what_is_shown_by_the_day_travels_when_it_changes() {
    let scene = Scene::new();
    let file = scene.source().join("gapferry.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("[archives.archive]\n", "[archives.archive]\nlayout = \"records\"\n", 1)).unwrap();
    let today = crate::moment::moment(scene.world.now_seconds());
    for (number, valid_from) in [(1, &today[..10]), (2, "1900-01-01")] {
        scene.write(format!("member/{number}/record.json"), member(number, valid_from).to_string());
    }
    crate::capture(&scene.world, &scene.source(), false).unwrap();
    let template = scene.path("members.toml");
    fs::write(&template, TEMPLATE).unwrap();
    crate::template_activate(&scene.world, &scene.source(), &template, "all", "agreed", false).unwrap();
    let shown = || {
        [1, 2].map(|number| {
            let bytes = scene.on_replica(&format!("member/{number}/record.json")).unwrap();
            serde_json::from_slice::<Value>(&bytes).unwrap()["valid_from"].as_str().unwrap().to_owned()
        })
    };
    let is_done = || {
        let items = crate::status(&scene.world, &scene.source()).unwrap().routes[0].items;
        assert_eq!((items.total, items.done), (2, 2));
    };
    let packed = || crate::carry(&scene.world, &scene.source(), &crate::CarryOptions { medium: scene.path("medium"), ..Default::default() }).unwrap();
    let items = || packed().packed.unwrap().packages.iter().map(|package| package.items).sum::<u64>();
    scene.round();
    is_done();
    assert_eq!(shown(), ["0-17", "60+"]);
    for (years, band) in [(0, "0-17"), (20, "18-34"), (1, "18-34"), (20, "35-59")] {
        let before = shown();
        scene.pass(years * 366 * 86_400);
        assert_eq!(items(), u64::from(before[0] != band), "{years} years later");
        scene.carry(&scene.replica());
        scene.carry(&scene.source());
        assert_eq!(shown(), [band, "60+"], "{years} years later");
        is_done();
    }
}
