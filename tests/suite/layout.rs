//! Archives of records, from outside: an item is a record with its documents, bad records stay alone behind, and what changed
//! together travels together (spec/records.md).

use crate::stand::{Setting, Side, Stand};
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;

fn stand() -> Stand {
    Stand::with(Setting { records: true, ..Setting::default() })
}

fn record(rid: &str, title: &str) -> Value {
    json!({ "title": title, "rid": rid, "kind": "minutes", "area": 3 })
}

/// Items of the route by name: state, version, sequence of the package.
fn items(stand: &Stand) -> BTreeMap<String, (String, u64, u64)> {
    let told = stand.expect(Side::Source, &["items"], 0);
    let number = |item: &Value, field: &str| item[field].as_u64().expect("a number");
    let item = |item: &Value| {
        let text = |field: &str| item[field].as_str().expect("a text").to_owned();
        (text("item"), (text("state"), number(item, "version"), number(item, "packed_sequence")))
    };
    told["items"].as_array().expect("items").iter().map(item).collect()
}

#[test]
fn an_item_is_a_record_with_its_documents() {
    let stand = stand();
    stand.write("a/record.json", "{ \"rid\": \"minutes-1\",\n \"title\": \"\\u5f20\" }");
    stand.write("a/scans/1.txt", "one");
    stand.write("a/2.txt", "two");
    stand.write("b/record.json", record("minutes-2", "b").to_string());
    stand.write("b/plan.txt", "plan");
    stand.round();
    stand.round();
    let first = items(&stand);
    assert!(first.values().all(|(state, version, _)| (state.as_str(), *version) == ("done", 1)), "{first:?}");
    let canonical = "{\"rid\":\"minutes-1\",\"title\":\"\u{5f20}\"}";
    assert_eq!(fs::read_to_string(stand.replica.join("a/record.json")).expect("it is there"), canonical);
    assert_eq!(fs::read_to_string(stand.replica.join("a/scans/1.txt")).expect("it is there"), "one");
    // One document changes: the item has a new version, and nothing else has.
    stand.write("a/2.txt", "changed");
    stand.round();
    let carried = stand.carry(Side::Source);
    let second = items(&stand);
    for (name, (state, version, _)) in &second {
        let expected = if name.starts_with("a/") { 2 } else { 1 };
        assert_eq!((state.as_str(), *version), ("done", expected), "{name} {carried}");
    }
    assert_eq!(fs::read_to_string(stand.replica.join("a/2.txt")).expect("it is there"), "changed");
    // So it has where a document comes, beside a change or alone, and where one goes; each capture is one change of it.
    let version = |stand: &Stand| {
        stand.round();
        stand.carry(Side::Source);
        let seen = items(stand);
        let of_a: BTreeSet<u64> = seen.iter().filter(|(name, _)| name.starts_with("a/")).map(|(_, (_, version, _))| *version).collect();
        assert!(seen.iter().all(|(name, (state, version, _))| state == "done" && (name.starts_with("a/") || *version == 1)), "{seen:?}");
        of_a.into_iter().collect::<Vec<_>>()
    };
    stand.write("a/3.txt", "three");
    assert_eq!(version(&stand), [3]);
    stand.write("a/4.txt", "four");
    stand.write("a/2.txt", "changed again");
    assert_eq!(version(&stand), [4]);
    fs::remove_file(stand.archive.join("a/3.txt")).expect("it was there");
    assert_eq!(version(&stand), [5]);
    assert_eq!(version(&stand), [5]);
}

/// R8, issue of bad input: named, listed, left out, never half-carried; the rest goes on.
#[test]
fn what_is_no_record_stays_behind_with_its_documents() {
    let stand = stand();
    let deep = format!("{}1{}", "[".repeat(40), "]".repeat(40));
    let cases: [(&str, Vec<u8>); 10] = [
        ("not-json", b"{ \"rid\": ".to_vec()),
        ("too-deep", format!("{{\"rid\":\"x\",\"a\":{deep}}}").into_bytes()),
        ("too-large", format!("{{\"a\":\"{}\"}}", "x".repeat(1 << 20)).into_bytes()),
        ("duplicate-key", b"{\"rid\":\"y\",\"rid\":\"z\"}".to_vec()),
        ("not-utf8", b"{\"a\":\"\xff\"}".to_vec()),
        ("mark", b"\xef\xbb\xbf{\"rid\":\"m\"}".to_vec()),
        ("gb18030", b"{\"title\":\"\xd5\xc5\xc8\xfd\"}".to_vec()),
        ("no-object", b"[1]".to_vec()),
        ("wrong-types", br#"{"rid":"member-1","kind":"member","version":"one"}"#.to_vec()),
        ("z-duplicate", record("minutes-1", "again").to_string().into_bytes()),
    ];
    stand.write("good/record.json", record("minutes-1", "good").to_string());
    stand.write("good/scan.txt", "scan");
    stand.write("stray.txt", "of nobody");
    for (name, content) in &cases {
        stand.write(format!("{name}/record.json"), content);
        stand.write(format!("{name}/scan.txt"), name);
    }
    let carried = stand.run(Side::Source, &["carry", "medium"]);
    assert_eq!(carried.exit, Some(1), "{carried:?}");
    let codes = carried.codes();
    assert_eq!(codes.iter().filter(|code| *code == "SRC-11").count(), cases.len(), "{codes:?} {}", carried.object);
    assert_eq!(codes.iter().filter(|code| *code == "SRC-12").count(), 1, "{codes:?}");
    assert!(carried.object.to_string().contains("REC-08: not a record of a known kind"), "{}", carried.object);
    stand.carry(Side::Replica);
    let names: BTreeSet<String> = crate::stand::tree(&stand.replica).keys().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    assert_eq!(names, BTreeSet::from(["good/record.json".to_owned(), "good/scan.txt".to_owned()]));
    // Corrected, it goes; the record whose rid it had is gone, so that the other one counts.
    stand.write("not-json/record.json", record("minutes-7", "corrected").to_string());
    fs::remove_dir_all(stand.archive.join("good")).expect("it can be removed");
    stand.run(Side::Source, &["carry", "medium"]);
    stand.carry(Side::Replica);
    let names: BTreeSet<String> = crate::stand::tree(&stand.replica).keys().map(|name| String::from_utf8_lossy(name).into_owned()).collect();
    assert_eq!(names, ["not-json/record.json", "not-json/scan.txt", "z-duplicate/record.json", "z-duplicate/scan.txt"].map(str::to_owned).into());
}

/// What a record that is gone leaves behind keeps nothing back but itself: the replica keeps it as it was, until it is gone as well.
#[test]
fn what_lies_on_without_its_record_keeps_only_itself_back() {
    let stand = stand();
    stand.without_breaker();
    stand.write("a/record.json", record("minutes-1", "a").to_string());
    stand.write("a/plan.txt", "plan");
    stand.write("b/record.json", record("minutes-2", "b").to_string());
    stand.round();
    fs::remove_file(stand.archive.join("a/record.json")).expect("it is there");
    let round = |expected: &[&str]| {
        for side in [Side::Source, Side::Replica, Side::Source] {
            let carried = stand.run(side, &["carry", "medium"]);
            assert_eq!(carried.codes(), if side == Side::Source { expected } else { &[] }, "{}", carried.object);
        }
        let names = crate::stand::tree(&stand.replica).into_keys().map(|name| String::from_utf8(name).expect("UTF-8"));
        names.collect::<Vec<_>>()
    };
    assert_eq!(round(&["SRC-12"]), ["a/plan.txt", "b/record.json"]);
    let asked = stand.run(Side::Source, &["purge", "--all-routes", "--item", "a/*", "--reason", "wrong", "--yes"]);
    assert_eq!(asked.codes(), ["SRC-12"], "{}", asked.object);
    assert_eq!(asked.object["problems"][0]["subject"], "a/plan.txt");
    round(&["SRC-12"]);
    let open = |stand: &Stand| stand.expect(Side::Source, &["purges"], 0)["routes"][0]["open"].clone();
    assert_eq!(open(&stand), 1);
    fs::remove_file(stand.archive.join("a/plan.txt")).expect("it is there");
    assert_eq!(round(&[]), ["b/record.json"]);
    assert_eq!((open(&stand), stand.counts()), (json!(0), (1, 1)));
}

/// A record that is gone gives its documents to the next one that may own them, as if it had never been there.
#[test]
fn the_outer_record_owns_what_an_inner_one_leaves() {
    let stand = stand();
    stand.without_breaker();
    stand.write("z/record.json", record("minutes-1", "outer").to_string());
    stand.write("z/in/record.json", record("minutes-2", "inner").to_string());
    stand.write("z/in/plan.txt", "plan");
    stand.write("z/in/deep.more.txt", "more");
    stand.round();
    fs::remove_file(stand.archive.join("z/in/record.json")).expect("it is there");
    stand.round();
    let version = |name: &str| items(&stand)[name].1;
    assert_eq!(stand.counts(), (3, 3), "{:?}", items(&stand));
    assert_eq!([version("z/in/plan.txt"), version("z/in/deep.more.txt")], [version("z/record.json"); 2]);
    // One change is one version, for all of them.
    let before = version("z/record.json");
    stand.write("z/in/plan.txt", "changed");
    stand.round();
    assert_eq!([version("z/in/plan.txt"), version("z/in/deep.more.txt")], [before + 1; 2]);
    assert_eq!(version("z/record.json"), before + 1);
    // It is back, and owns them again.
    stand.write("z/in/record.json", record("minutes-2", "again").to_string());
    stand.round();
    assert_eq!(version("z/record.json"), before + 2, "it has lost two documents, and that is one change of it");
    assert_eq!([version("z/in/plan.txt"), version("z/in/deep.more.txt")], [version("z/in/record.json"); 2]);
    assert_eq!(stand.counts(), (4, 4));
}

#[test]
fn record_files_with_documents_beside_them() {
    let stand = Stand::new();
    let other = stand.folder("beside");
    fs::create_dir_all(other.join("cards/0001")).expect("a folder");
    for (name, content) in [
        ("cards/0001.json", record("minutes-1", "one").to_string()),
        ("cards/0001-a.txt", "a".into()),
        ("cards/0001/scan.txt", "scan".into()),
        ("cards/0001.more.json", record("minutes-2", "its own").to_string()),
        ("cards/0001.more.txt", "of the second".into()),
    ] {
        fs::write(other.join(name), content).expect("it can be written");
    }
    let path = other.to_str().expect("UTF-8").to_owned();
    stand.expect(Side::Source, &["archive", "add", "beside", &path, "--records", "cards/*.json"], 0);
    stand.expect(Side::Source, &["archive", "add", "beside", &path, "--layout", "records", "--records", "cards/*.json"], 0);
    stand.expect(Side::Source, &["archive", "add", "beside", &path], 2);
    stand.expect(Side::Source, &["capture"], 0);
    fs::write(other.join("cards/0001.more.txt"), "changed").expect("it can be written");
    let captured = stand.expect(Side::Source, &["capture"], 0);
    assert_eq!(captured["archives"][0]["modified"], 1, "{captured}");
    stand.expect(Side::Source, &["route", "add", "second", "--archive", "beside", "--to", "outside"], 0);
    let told = stand.expect(Side::Source, &["items", "--route", "second"], 0);
    let changed: Vec<&str> =
        told["items"].as_array().expect("items").iter().filter(|item| item["version"] == 2).filter_map(|item| item["item"].as_str()).collect();
    assert_eq!(changed, ["cards/0001.more.json", "cards/0001.more.txt"]);
    // Alerts would belong to no record: they are not raised where nobody can carry them.
    let refused = stand.expect(Side::Source, &["check", "--archive", "beside"], 2);
    let pattern = "{cards/*.json,alerts/**/record.json}";
    assert_eq!(refused["error"]["detail"], format!("capture takes no alert for a record: let `records` be \"{pattern}\" in gapferry.toml"));
    stand.run(Side::Source, &["check", "--archive", "beside", "--dry-run"]);
    let file = stand.home(Side::Source).join("gapferry.toml");
    let text = fs::read_to_string(&file).expect("it can be read");
    fs::write(&file, text.replace("\"cards/*.json\"", &format!("\"{pattern}\""))).expect("it can be written");
    assert_ne!(stand.run(Side::Source, &["check", "--archive", "beside"]).exit, Some(2));
}

/// TX2, TX5
#[test]
fn a_transaction_travels_in_one_package() {
    let stand = stand();
    let txn = |rid: &str, title: &str, txn: &str| {
        let mut record = record(rid, title);
        record["txn"] = json!({ "txn_id": txn, "size": 2, "business_code": "105" });
        record.to_string()
    };
    for number in 0..30 {
        stand.write(format!("r{number:02}/record.json"), record(&format!("minutes-{number}"), "alone").to_string());
    }
    stand.round();
    stand.round();
    stand.write("r03/record.json", txn("minutes-3", "split", "t1"));
    stand.write("r27/record.json", txn("minutes-27", "split", "t1"));
    stand.write("r09/record.json", record("minutes-9", "by itself").to_string());
    stand.carry(Side::Source);
    let packed = items(&stand);
    assert_eq!((packed["r03/record.json"].2, packed["r03/record.json"].0.as_str()), (packed["r27/record.json"].2, "packed"));
    stand.carry(Side::Replica);
    stand.carry(Side::Source);
    // One of them is to travel again: both do.
    let before = items(&stand);
    stand.expect(Side::Source, &["resend", "--route", "outward", "--item", "r03/*", "--reason", "asked"], 0);
    stand.carry(Side::Source);
    let after = items(&stand);
    for name in ["r03/record.json", "r27/record.json"] {
        assert!(after[name].2 > before[name].2, "{name}: {after:?}");
    }
    assert_eq!(after["r09/record.json"].2, before["r09/record.json"].2);
    // One of them is no record any more: the other one waits.
    stand.write("r03/record.json", "{");
    stand.write("r27/record.json", txn("minutes-27", "merged", "t2"));
    stand.write("r03/record.json", txn("minutes-3", "merged", "t2").replace("105", "106").replace("\"size\":2", "\"size\":2,\"size\":2"));
    let carried = stand.run(Side::Source, &["carry", "medium"]);
    assert_eq!((carried.exit, carried.codes()), (Some(1), vec!["SRC-11".to_owned(), "SRC-04".to_owned()]), "{}", carried.object);
    assert_eq!(carried.object["packed"]["packages"], json!([]), "{}", carried.object);
    stand.write("r03/record.json", txn("minutes-3", "merged", "t2"));
    stand.carry(Side::Source);
    let packed = items(&stand);
    assert_eq!((packed["r03/record.json"].2, packed["r03/record.json"].0.as_str()), (packed["r27/record.json"].2, "packed"));
}

/// FAULTS A07, TX2: a record that is at fault says of which transaction it is, and what was none from the beginning keeps nothing back.
#[test]
fn a_faulty_record_keeps_its_transaction_back() {
    let stand = stand();
    let member = |number: u64, txn: &str| {
        let mut record = crate::templates::member(number, "320412103012", "confirmed");
        record["txn"] = json!({ "txn_id": txn, "size": 2, "business_code": "105" });
        record
    };
    let put = |number: u64, record: &Value| stand.write(format!("m{number}/record.json"), record.to_string());
    let mut faulty = member(1, "t1");
    faulty["minor_flag"] = json!("no");
    put(1, &faulty);
    put(2, &member(2, "t1"));
    put(3, &member(3, "t2"));
    put(4, &member(4, "t2"));
    stand.write("m5/record.json", "none");
    let carried = stand.run(Side::Source, &["carry", stand.medium.to_str().expect("UTF-8")]);
    assert_eq!((carried.exit, carried.codes()), (Some(1), vec!["SRC-11".to_owned(); 2]), "{}", carried.object);
    assert_eq!(carried.object["packed"]["packages"][0]["items"], 2, "{}", carried.object);
    put(1, &member(1, "t1"));
    let carried = stand.run(Side::Source, &["carry", stand.medium.to_str().expect("UTF-8")]);
    assert_eq!(carried.object["packed"]["packages"][0]["items"], 2, "{}", carried.object);
}

/// A record of a business transaction with this id.
fn changed(stand: &Stand, name: &str, title: &str, txn: Option<&str>) {
    let mut record = record(&format!("minutes-{name}"), title);
    if let Some(txn) = txn {
        record["txn"] = json!({ "txn_id": txn, "size": 2, "business_code": "105" });
    }
    stand.write(format!("{name}/record.json"), record.to_string());
}

/// The titles of these records on the replica.
fn titles(stand: &Stand, names: [&str; 3]) -> [String; 3] {
    names.map(|name| {
        let record = fs::read(stand.replica.join(name).join("record.json")).expect("it is there");
        let record: Value = serde_json::from_slice(&record).expect("JSON");
        record["title"].as_str().expect("a title").to_owned()
    })
}

/// TX2: what changed a record before all of an earlier transaction of it was proven travels with that one.
#[test]
fn transactions_that_share_a_record_are_one_until_they_are_proven() {
    for gateways in [false, true] {
        let stand = Stand::with(Setting { records: true, gateways, ..Setting::default() });
        stand.without_breaker();
        let pack = |to: &str| match gateways {
            true => drop(stand.expect(Side::Source, &["run", "--once"], 0)),
            false => {
                fs::create_dir_all(stand.folder(to)).expect("a folder");
                stand.expect(Side::Source, &["carry", to], 0);
            }
        };
        let apply = |to: &str| match gateways {
            true => drop(stand.expect(Side::Replica, &["run", "--once"], 0)),
            false => drop(stand.expect(Side::Replica, &["carry", to], 0)),
        };
        let settle = |to: &str| (0..3).for_each(|_| (pack(to), apply(to)).0);
        for name in ["a", "b", "r", "x"].into_iter().map(str::to_owned).chain((0..30).map(|number| format!("o{number}"))) {
            changed(&stand, &name, "first", None);
        }
        settle("medium");
        let before = items(&stand);
        assert!(before.values().all(|(state, ..)| state == "done"), "{before:?}");
        // The first transaction is on its way and gets lost; the second changes one of its records again.
        changed(&stand, "a", "split", Some("t1"));
        changed(&stand, "r", "split", Some("t1"));
        pack("lost");
        if gateways {
            let over = stand.folder("over");
            let packages = crate::stand::tree(&over).into_keys().map(|name| over.join(String::from_utf8(name).expect("UTF-8")));
            packages.filter(|file| file.extension().is_some_and(|ending| ending == "gfp")).for_each(|file| fs::remove_file(file).expect("it can be removed"));
        }
        changed(&stand, "r", "merged", Some("t2"));
        changed(&stand, "b", "merged", Some("t2"));
        pack("second");
        let packed = items(&stand);
        let sequence = |name: &str| packed[&format!("{name}/record.json")].2;
        assert_eq!([sequence("a"), sequence("b")], [sequence("r"); 2], "{packed:?}");
        apply("second");
        assert_eq!(titles(&stand, ["a", "r", "b"]), ["split", "merged", "merged"]);
        settle("second");
        // What comes after they were proven is a transaction of its own.
        let proven = items(&stand);
        changed(&stand, "b", "later", Some("t3"));
        changed(&stand, "x", "later", Some("t3"));
        settle("second");
        let after = items(&stand);
        assert_eq!((&after["a/record.json"], &after["r/record.json"]), (&proven["a/record.json"], &proven["r/record.json"]));
        // Also where a clerk went on with the record, and no transaction did.
        changed(&stand, "a", "fourth", Some("t4"));
        changed(&stand, "b", "fourth", Some("t4"));
        pack("lost again");
        changed(&stand, "b", "corrected", None);
        pack("third");
        let packed = items(&stand);
        assert_eq!(packed["a/record.json"].2, packed["b/record.json"].2, "{packed:?}");
        assert!(packed["x/record.json"].2 < packed["a/record.json"].2, "{packed:?}");
    }
}

/// Packages of the source are no larger from here on.
pub fn limited(stand: &Stand, bytes: u64) {
    let file = stand.home(Side::Source).join("gapferry.toml");
    let text = fs::read_to_string(&file).expect("it can be read");
    let kept: Vec<&str> = text.lines().filter(|line| !line.starts_with("package_bytes_max")).collect();
    fs::write(&file, kept.join("\n").replace("\n[policy]\n", &format!("\n[policy]\npackage_bytes_max = {bytes}\n"))).expect("it can be written");
}

fn long(title: &str) -> String {
    title.repeat(20_000)
}

/// What a package brought may be at the replica long before a receipt says so: half of what changed then must not come to it.
#[test]
fn transactions_that_share_a_record_are_one_before_anything_is_proven() {
    let stand = stand();
    stand.without_breaker();
    for name in ["a", "b", "r"] {
        changed(&stand, name, "first", None);
    }
    stand.carry(Side::Source);
    for name in ["a", "r"] {
        changed(&stand, name, &long("one"), Some("t1"));
    }
    stand.expect(Side::Source, &["capture"], 0);
    changed(&stand, "r", &long("two"), None);
    limited(&stand, 100_000);
    let foreseen = stand.run(Side::Source, &["pack", "--to", "medium", "--dry-run"]);
    assert_eq!((foreseen.exit, foreseen.codes()), (Some(1), vec!["SRC-13".to_owned(); 2]), "{}", foreseen.object);
    let carried = stand.run(Side::Source, &["carry", "medium"]);
    assert_eq!((carried.exit, carried.codes()), (Some(1), vec!["SRC-13".to_owned(); 2]), "{}", carried.object);
    stand.carry(Side::Replica);
    assert_eq!(titles(&stand, ["a", "r", "b"]), ["first"; 3]);
    limited(&stand, 400_000);
    stand.carry(Side::Source);
    stand.carry(Side::Replica);
    assert_eq!(titles(&stand, ["a", "r", "b"]), [long("one"), long("two"), "first".into()]);
}

/// What shares records and does not fit a package together is named, and goes when there is room.
#[test]
fn transactions_that_share_a_record_and_are_larger_than_a_package_are_named() {
    let stand = stand();
    stand.without_breaker();
    let limited = |bytes: u64| limited(&stand, bytes);
    // Where the replica holds nothing of them yet, each goes by itself.
    for (name, txn) in [("x", "t8"), ("y", "t8")] {
        changed(&stand, name, &long("one"), Some(txn));
    }
    stand.expect(Side::Source, &["capture"], 0);
    for (name, txn) in [("y", "t9"), ("z", "t9")] {
        changed(&stand, name, &long("two"), Some(txn));
    }
    limited(170_000);
    for name in ["a", "b", "r"] {
        changed(&stand, name, "first", None);
    }
    for _ in 0..2 {
        stand.round();
    }
    assert_eq!(titles(&stand, ["x", "y", "z"]), [long("one"), long("two"), long("two")]);
    for (name, txn) in [("a", "t1"), ("r", "t1")] {
        changed(&stand, name, &long("one"), Some(txn));
    }
    stand.expect(Side::Source, &["capture"], 0);
    for (name, txn) in [("r", "t2"), ("b", "t2")] {
        changed(&stand, name, &long("two"), Some(txn));
    }
    changed(&stand, "alone", "alone", None);
    let carried = stand.run(Side::Source, &["carry", "medium"]);
    assert_eq!((carried.exit, carried.codes()), (Some(1), vec!["SRC-13".to_owned(); 3]), "{}", carried.object);
    let detail = carried.object["packed"]["problems"][0]["detail"].as_str().expect("a detail");
    assert!(detail.contains("2 transactions"), "{detail}");
    stand.carry(Side::Replica);
    assert!(stand.replica.join("alone/record.json").is_file());
    assert_eq!(titles(&stand, ["a", "r", "b"]), ["first", "first", "first"]);
    limited(400_000);
    stand.round();
    assert_eq!(titles(&stand, ["a", "r", "b"]), [long("one"), long("two"), long("two")]);
}
