//! What a route makes of records while the days pass.

use crate::home::{Access, Home};
use crate::status::scene::{Scene, copy, holding};
use serde_json::{Value, json};
use std::fs;
use std::io;
use std::sync::Arc;
use store::disk::{Dir, Disk, File};

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

fn records() -> Scene {
    let scene = Scene::new();
    let file = scene.source().join("gapferry.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("[archives.archive]\n", "[archives.archive]\nlayout = \"records\"\n", 1)).unwrap();
    scene
}

fn activate(scene: &Scene, text: &str) {
    let template = scene.path("members.toml");
    fs::write(&template, text).unwrap();
    crate::template_activate(&scene.world, &scene.source(), &template, "all", "agreed", false).unwrap();
}

/// What a template shows of a record changes with the day; what is shown then travels, and nothing else does.
#[test]
fn what_is_shown_by_the_day_travels_when_it_changes() {
    let scene = records();
    let today = crate::moment::moment(scene.world.now_seconds());
    for (number, valid_from) in [(1, &today[..10]), (2, "1900-01-01")] {
        scene.write(format!("member/{number}/record.json"), member(number, valid_from).to_string());
    }
    crate::capture(&scene.world, &scene.source(), false).unwrap();
    activate(&scene, TEMPLATE);
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

/// FAULTS S06: what people did to an archive is weighed by what lies there, not by what a replica is shown of it.
#[test]
fn what_a_replica_is_shown_otherwise_has_not_changed() {
    const COUNT: u64 = 12;
    let scene = records();
    scene.policy(&scene.source(), "breaker_items = 5\nbreaker_percent = 0");
    scene.policy(&scene.replica(), "breaker_items = 5\nbreaker_percent = 0");
    let record = |number: u64, name: &str| {
        let mut record = member(number, "2026-01-01");
        record["name"] = json!(name);
        record["documents"] = json!([{
            "document_id": "p", "role": "photo", "seq": 1, "file_name": "p.jpg", "media_type": "image/jpeg", "format_id": "jpg", "size": 8,
            "digest": { "alg": "blake3", "hex": "0".repeat(64) }, "redaction": "none", "sens": "Internal",
        }]);
        record.to_string()
    };
    let photo = |number: u64| [&b"\xff\xd8\xff\xe1\x00\x0aExif\0\0P"[..], &[number as u8], b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00data\xff\xd9"].concat();
    for number in 1..=COUNT {
        scene.write(format!("member/{number}/record.json"), record(number, "张某某"));
        scene.write(format!("member/{number}/p.jpg"), photo(number));
    }
    crate::capture(&scene.world, &scene.source(), false).unwrap();
    activate(&scene, &format!("{TEMPLATE}\n[documents]\ninclude = [\"photo\"]\n"));
    let stops = || {
        let codes = codes_of_source(&scene);
        let applied = scene.carry(&scene.replica()).applied.unwrap();
        assert_eq!(applied.problems.len(), 0, "{:?}", applied.problems);
        scene.round();
        codes
    };
    assert_eq!(stops(), [""; 0]);
    assert!(scene.on_replica("member/1/p.jpg").is_some_and(|shown| shown != photo(1)), "it is shown otherwise");
    let touch = |file: &str, second: u64| {
        let at = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_600_000_000 + second);
        (1..=COUNT).for_each(|number| {
            let path = scene.path(&format!("archive/member/{number}/{file}"));
            fs::File::options().write(true).open(path).unwrap().set_modified(at).unwrap();
        });
    };
    // Once, twice before anything was read, and each file of a record by itself.
    touch("record.json", 1);
    assert_eq!(stops(), [""; 0], "records");
    touch("p.jpg", 2);
    assert_eq!(stops(), [""; 0], "photos");
    for second in 3..5 {
        touch("record.json", second);
        touch("p.jpg", second);
        crate::capture(&scene.world, &scene.source(), false).unwrap();
    }
    assert_eq!(stops(), [""; 0], "both, twice");
    for number in 1..=COUNT {
        fs::rename(scene.path(&format!("archive/member/{number}")), scene.path(&format!("archive/member/1{number:03}"))).unwrap();
    }
    assert_eq!(stops(), [""; 0], "moved");
    (1..=6).for_each(|number| scene.write(format!("member/1{number:03}/record.json"), record(number, "孙某某")));
    assert_eq!(codes_of_source(&scene), ["SRC-03"], "written anew");
}

fn codes_of_source(scene: &Scene) -> Vec<&'static str> {
    scene.carry(&scene.source()).packed.unwrap().problems.iter().map(|problem| problem.code).collect()
}

/// The real disk, of which one file cannot be read.
struct Unreadable(&'static [u8], store::real::RealDisk);

impl Disk for Unreadable {
    store::hand_on!(Disk to 1: root make_root dir list stat rename remove remove_dir sync_dir sync_all space walk lock);

    fn open(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        if name == self.0 { Err(io::Error::from_raw_os_error(5)) } else { self.1.open(dir, name) }
    }
    fn open_write(&self, dir: &Dir, name: &[u8]) -> io::Result<Box<dyn File>> {
        self.1.open_write(dir, name)
    }
    fn create(&self, dir: &Dir, name: &[u8], mode: u32) -> io::Result<Box<dyn File>> {
        self.1.create(dir, name, mode)
    }
}

/// FAULTS A07, TX2: nobody knows whether it is of the transaction that lacks a record; whatever lacks none travels.
#[test]
fn what_may_be_of_a_record_that_cannot_be_read_waits() {
    let scene = Scene::new();
    let file = scene.source().join("gapferry.toml");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("[archives.archive]\n", "[archives.archive]\nlayout = \"records\"\nrecords = \"*.json\"\n", 1)).unwrap();
    let put = |name: &str, number: u64, txn: &str, size: u64| {
        let mut record = member(number, "2026-01-01");
        if size > 0 {
            record["txn"] = json!({ "txn_id": txn, "size": size, "business_code": "105" });
        }
        scene.write(format!("{name}.json"), record.to_string());
    };
    put("a", 1, "half", 2);
    put("b", 2, "half", 2);
    put("c", 3, "whole", 2);
    put("d", 4, "whole", 2);
    put("e", 5, "", 0);
    let pack = |world: &crate::World| {
        let options = crate::CarryOptions { medium: scene.path("medium"), ..Default::default() };
        let packed = crate::carry(world, &scene.source(), &options).unwrap().packed.unwrap();
        let about = packed.problems.iter().map(|problem| (problem.code, problem.subject.clone())).collect::<Vec<_>>();
        (packed.packages.iter().map(|package| package.items).sum::<u64>(), about)
    };
    // That it cannot be read is told anyway; and that others wait for it, as long as they do.
    let waits = |problems: &[crate::report::Problem]| problems.iter().filter(|problem| problem.detail.contains("business transactions wait")).count();
    let told = |world: &crate::World| {
        let captured = crate::capture(world, &scene.source(), false).unwrap();
        [waits(&captured.problems), waits(&crate::status(world, &scene.source()).unwrap().problems)]
    };
    let broken = crate::World { disk: Arc::new(Unreadable(b"b.json", store::real::RealDisk::new())), ..scene.world.clone() };
    assert_eq!(told(&broken), [1, 1]);
    assert_eq!(pack(&broken), (3, vec![("SRC-04", "b.json".to_owned())]));
    assert_eq!(told(&broken), [1, 1]);
    assert_eq!(pack(&broken), (0, vec![("SRC-04", "b.json".to_owned())]));
    assert_eq!(told(&scene.world), [0, 0]);
    assert_eq!(pack(&scene.world), (2, Vec::new()));
}

/// FAULTS S05: a document that cannot be read is not one that cannot be stripped: nothing is withdrawn, and its record waits with it.
#[test]
fn a_document_that_cannot_be_read_keeps_its_record_back() {
    let scene = records();
    let mut record = member(1, "2026-01-01");
    record["documents"] = json!([{
        "document_id": "scan", "role": "scan", "seq": 1, "file_name": "scan.jpg", "media_type": "image/jpeg", "format_id": "jpg", "size": 8,
        "digest": { "alg": "blake3", "hex": "0".repeat(64) }, "redaction": "none", "sens": "Internal",
    }]);
    scene.write("member/1/record.json", record.to_string());
    scene.write("member/1/scan.jpg", b"\xff\xd8\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00picture\xff\xd9");
    activate(&scene, &format!("{TEMPLATE}\n[documents]\ninclude = [\"scan\"]\nstrip = [\"exif\"]\n"));
    scene.round();
    scene.round();
    record["name"] = json!("孙三丙");
    scene.write("member/1/record.json", record.to_string());
    let options = crate::CarryOptions { medium: scene.path("medium"), ..Default::default() };
    let broken = crate::World { disk: Arc::new(Unreadable(b"scan.jpg", store::real::RealDisk::new())), ..scene.world.clone() };
    let packed = crate::carry(&broken, &scene.source(), &options).unwrap().packed.unwrap();
    let about: Vec<_> = packed.problems.iter().map(|problem| (problem.code, problem.subject.as_str())).collect();
    assert!(packed.packages.iter().all(|package| package.items == 0) && about.contains(&("SRC-05", "member/1/scan.jpg")), "{packed:?}");
    scene.round();
    scene.round();
    assert!(scene.on_replica("member/1/scan.jpg").is_some());
    assert!(String::from_utf8(scene.on_replica("member/1/record.json").unwrap()).unwrap().contains("孙三丙"));
}

/// FAULTS K09: a replica's home went back and has forgotten what a record that is withdrawn now looked like, or that it was there: nothing of
/// it stays, neither in its place nor aside, nor the folder that was called by it.
#[test]
fn what_is_withdrawn_and_was_forgotten_does_not_stay() {
    let scene = records();
    let write = |number: u64, name: &str, gender: &str| {
        let mut record = member(number, "1900-01-01");
        (record["name"], record["gender"]) = (name.into(), gender.into());
        scene.write(format!("member/{number}/record.json"), record.to_string());
    };
    [(1, "stays"), (2, "known")].iter().for_each(|(number, name)| write(*number, name, "1"));
    crate::capture(&scene.world, &scene.source(), false).unwrap();
    activate(&scene, &TEMPLATE.replace("\"true\"", "\"gender = '1'\""));
    let rounds = |count: usize| (0..count).for_each(|_| scene.round());
    rounds(2);
    copy(&scene.replica(), &scene.path("backup"));
    write(2, "changed since", "1");
    write(3, "come since", "1");
    rounds(2);
    copy(&scene.path("backup"), &scene.replica());
    let mut replica = Home::open(&scene.world, &scene.replica(), Access::Change).unwrap();
    let life = crate::rebase::begin_new_life(&mut replica, "put back").unwrap();
    replica.close("put back", "a new life").unwrap();
    [2, 3].iter().for_each(|number| write(*number, "secret", "2"));
    let options = crate::RebaseOptions { route: "all".into(), reason: "restored".into(), life: Some(life.to_string()), ..Default::default() };
    crate::rebase(&scene.world, &scene.source(), &options).unwrap();
    rounds(4);
    let items = crate::status(&scene.world, &scene.source()).unwrap().routes[0].items;
    assert_eq!((items.done, items.total), (1, 1));
    let replica = scene.path("replica");
    assert_eq!([holding(&replica, "since"), holding(&replica, "known")].concat(), Vec::<std::path::PathBuf>::new());
    assert!(scene.path("replica/member/1/record.json").exists() && !scene.path("replica/member/2").exists() && !scene.path("replica/member/3").exists());
}

/// FAULTS S06: what a template says of its packages and receipts counts before the policy of the home.
#[test]
fn a_template_says_when_a_package_is_lost_and_what_may_change_and_is_answered() {
    let scene = records();
    scene.policy(&scene.source(), "breaker_items = 0\nbreaker_percent = 0\ndeadline_hours = 240");
    scene.policy(&scene.replica(), "breaker_items = 9\nbreaker_percent = 90");
    let put = |number: u64, name: &str| {
        let mut record = member(number, "2026-01-01");
        record["name"] = json!(name);
        scene.write(format!("member/{number}/record.json"), record.to_string());
    };
    (1..=10).for_each(|number| put(number, "张某某"));
    crate::capture(&scene.world, &scene.source(), false).unwrap();
    activate(&scene, &TEMPLATE.replace("deadline = \"P2D\"", "deadline = \"P2D\"\nbreaker = 0.5\nreceipt = \"full\""));
    scene.carry(&scene.source());
    let applied = scene.carry(&scene.replica()).applied.unwrap();
    assert_eq!(applied.receipts.iter().map(|receipt| receipt.form).collect::<Vec<_>>(), ["full"]);
    scene.round();
    (1..=5).for_each(|number| put(number, "孙某某"));
    assert_eq!(codes_of_source(&scene), [""; 0], "half of ten");
    let because = |hours: i64| {
        scene.pass(hours * 3600);
        let options = crate::PackOptions { to: scene.path("second"), dry_run: true, ..Default::default() };
        let planned = crate::pack(&scene.world, &scene.source(), &options).unwrap().planned;
        planned.iter().map(|planned| planned.because).collect::<std::collections::BTreeSet<_>>()
    };
    fs::create_dir(scene.path("second")).unwrap();
    assert_eq!([because(47), because(2)], [["unproven"].into(), ["due"].into()], "lost after two days");
    scene.round();
    (1..=6).for_each(|number| put(number, "李某某"));
    assert_eq!(codes_of_source(&scene), ["SRC-03"], "more than half");
}
