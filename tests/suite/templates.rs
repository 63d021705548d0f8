//! Templates, from outside: what a route carries, what is withdrawn, and what a plan says before (spec/template.md).

use crate::stand::{Random, Setting, Side, Stand, copy, tree};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

fn stand() -> Stand {
    Stand::with(Setting { records: true, ..Setting::default() })
}

pub fn member(number: u64, region: &str, state: &str) -> Value {
    let rid = |kind: &str, number: u64| format!("{kind}-01900000-0000-7000-8000-{number:012x}");
    json!({
        "rid": rid("member", number), "kind": "member", "version": 1, "region": region, "org_rid": rid("organisation", 1),
        "state": state, "sens": "Personal", "valid_from": "2026-01-01", "recorded_at": "2026-01-01T09:30:00+08:00", "recorded_by": "clerk-7",
        "household_rid": rid("household", number), "name": "张某某", "gender": "1", "relation": "01", "id_type": "1", "id_no": "320412198001010015",
        "birth_date": "1980-01-01", "hukou_region": region, "member_state": state, "minor_flag": false,
    })
}

fn put(stand: &Stand, number: u64, record: &Value) {
    stand.write(format!("member/{number}/record.json"), record.to_string());
}

/// A template for members, with these conditions and fields.
pub fn template(stand: &Stand, name: &str, condition: &str, projection: &str) -> PathBuf {
    let text = format!(
        r#"
[route]
id = "{name}"
name_zh = "成员"
name_en = "Members"
source = "inside"
replica = "outside"
purpose = "use"
sens_max = "Personal"
owner_role = "archivist"

[[select]]
kinds = ["member"]
where = "{condition}"

[project.member]
{projection}

[verify]
deadline = "P2D"
"#
    );
    let file = stand.folder(&format!("{name}.toml"));
    fs::write(&file, text).expect("it can be written");
    file
}

fn activate(stand: &Stand, file: &std::path::Path) -> Value {
    activate_on(stand, file, "outward")
}

pub fn activate_on(stand: &Stand, file: &std::path::Path, route: &str) -> Value {
    stand.expect(Side::Source, &["template", "activate", file.to_str().expect("UTF-8"), "--route", route, "--reason", "approved"], 0)
}

fn names(stand: &Stand) -> BTreeSet<String> {
    tree(&stand.replica).keys().map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

fn shown(stand: &Stand, number: u64) -> Value {
    let path = stand.replica.join(format!("member/{number}/record.json"));
    serde_json::from_slice(&fs::read(path).expect("it is there")).expect("a record")
}

fn counts(plan: &Value) -> [u64; 4] {
    ["added", "changed", "withdrawn", "unchanged"].map(|field| plan[field].as_u64().expect("a count"))
}

fn settled(stand: &Stand) {
    for _ in 0..3 {
        stand.carry(Side::Source);
        stand.carry(Side::Replica);
    }
    stand.carry(Side::Source);
    let (done, total) = stand.counts();
    assert_eq!(done, total, "{}", stand.route(Side::Source));
}

#[test]
fn a_plan_tells_of_what_it_could_not_judge() {
    let stand = stand();
    (1..=5).for_each(|number| put(&stand, number, &member(number, "320412103012", "confirmed")));
    let wide = template(&stand, "wide", "state = 'confirmed'", r#"fields = ["name"]"#);
    activate(&stand, &wide);
    settled(&stand);
    let none = template(&stand, "none", "state = 'pending'", r#"fields = ["name"]"#);
    let line = |command: &'static str| ["template", command, none.to_str().expect("UTF-8"), "--route", "outward", "--reason", "narrowed"];
    let preview = || stand.run(Side::Source, &line("preview")[..5]);
    assert_eq!((preview().exit, counts(&preview().object)), (Some(0), [0, 0, 5, 0]));
    stand.write("member/1/record.json", "broken");
    stand.write("member/2/record.json", member(2, "320412103012", "pending").to_string());
    assert_eq!((preview().exit, preview().codes(), counts(&preview().object)), (Some(1), vec!["SRC-18".to_owned()], [0, 0, 3, 0]));
    let archive = stand.folder("elsewhere");
    fs::rename(&stand.archive, &archive).expect("renamed");
    fs::create_dir(&stand.archive).expect("made");
    let ran = stand.run(Side::Source, &line("activate"));
    assert_eq!((ran.exit, ran.codes()), (Some(5), vec!["SRC-02".to_owned()]));
    fs::remove_dir(&stand.archive).expect("removed");
    assert_eq!(preview().codes(), ["SRC-01"]);
    fs::rename(&archive, &stand.archive).expect("renamed");
    assert_eq!(stand.run(Side::Source, &["template", "show", "--route", "outward"]).object["template"], "wide");
}

/// FAULTS C07: a source that was put back knows an older template, under which nothing leaves.
#[test]
fn a_source_that_was_put_back_carries_nothing_under_its_old_template() {
    for told in [true, false] {
        let stand = stand();
        stand.without_breaker();
        (1..=3).for_each(|number| put(&stand, number, &member(number, "320412103012", "confirmed")));
        let wide = template(&stand, "wide", "state = 'confirmed'", r#"fields = ["name", "gender"]"#);
        let narrow = template(&stand, "narrow", "state = 'confirmed'", r#"fields = ["gender"]"#);
        // Or before the first of all was activated.
        if told {
            activate(&stand, &wide);
            settled(&stand);
        }
        let saved = stand.folder("saved");
        copy(&stand.home(Side::Source), &saved);
        activate(&stand, &narrow);
        settled(&stand);
        fs::remove_dir_all(stand.home(Side::Source)).expect("removed");
        copy(&saved, &stand.home(Side::Source));
        stand.expect(Side::Source, &["rebase", "outward", "--new-life", "--reason", "put back"], 0);
        fs::remove_dir_all(stand.medium.join("gapferry")).expect("what lies there is of the life that is over");
        put(&stand, 4, &member(4, "320412103012", "confirmed"));
        let carry = |side: Side| stand.run(side, &["carry", stand.medium.to_str().expect("UTF-8")]);
        for _ in 0..3 {
            let ran = carry(Side::Source);
            assert_eq!((ran.exit, ran.object["next"].as_str()), (Some(5), Some("needs-person")), "{ran:#?}");
            assert!(ran.codes().contains(&"SRC-17".to_owned()) && ran.object["packed"]["packages"] == json!([]), "{ran:#?}");
            if carry(Side::Replica).codes().contains(&"FRK-04".to_owned()) {
                stand.expect(Side::Replica, &["rebase", "outward", "--reason", "put back"], 0);
            }
        }
        let status = stand.run(Side::Source, &["status"]);
        assert_eq!((status.codes(), status.object["routes"][0]["stopped"].as_str()), (vec!["SRC-17".to_owned()], Some("SRC-17")));
        activate(&stand, &narrow);
        for _ in 0..4 {
            carry(Side::Source);
            if carry(Side::Replica).codes().contains(&"FRK-04".to_owned()) {
                stand.expect(Side::Replica, &["rebase", "outward", "--reason", "put back"], 0);
            }
        }
        settled(&stand);
        assert_eq!((names(&stand).len(), shown(&stand, 4).get("name"), shown(&stand, 1).get("name")), (4, None, None));
        assert!(stand.holding("张某某").is_empty() || told, "what was shown before lies in the history");
    }
}

#[test]
fn a_route_carries_what_its_template_says_and_nothing_else() {
    let stand = stand();
    stand.without_breaker();
    for number in 1..=6 {
        put(&stand, number, &member(number, "320412103012", if number == 6 { "pending" } else { "confirmed" }));
    }
    put(&stand, 7, &member(7, "320999103012", "confirmed"));
    stand.write("member/1/photo.jpg", "not listed");
    stand.expect(Side::Source, &["capture"], 0);
    let condition = "starts_with(region, '320412') and state = 'confirmed'";
    let wide = template(&stand, "wide", condition, r#"fields = ["name", "gender"]"#);
    let file = wide.to_str().expect("UTF-8").to_owned();
    stand.expect(Side::Source, &["template", "check", &file], 0);
    let preview = stand.expect(Side::Source, &["template", "preview", &file, "--route", "outward"], 0);
    assert_eq!(counts(&preview), [0, 5, 2, 0], "{preview}");
    assert_eq!(preview["samples"].as_array().map(Vec::len), Some(5));
    activate(&stand, &wide);
    settled(&stand);
    assert_eq!(names(&stand), (1..=5).map(|number| format!("member/{number}/record.json")).collect());
    let record = shown(&stand, 1);
    assert_eq!(record["name"], "张某某");
    assert!(record.get("id_no").is_none() && record.get("recorded_by").is_none(), "{record}");
    // What it masks now travels again at the version that is proven; what left the selection is withdrawn.
    let version = stand.expect(Side::Source, &["items", "member/2/*"], 0)["items"][0]["version"].clone();
    let narrow = template(
        &stand,
        "narrow",
        &format!("{condition} and rid != 'member-01900000-0000-7000-8000-000000000003'"),
        "fields = [\"name\", \"gender\"]\nmask = { name = \"name1\" }",
    );
    let planned = activate(&stand, &narrow);
    assert_eq!(counts(&planned), [0, 4, 1, 0], "{planned}");
    assert_eq!(stand.counts().1, 0, "nothing is done under a template that was not looked at");
    settled(&stand);
    assert!(!names(&stand).contains("member/3/record.json"));
    assert_eq!((shown(&stand, 2)["name"].as_str(), stand.counts()), (Some("张**"), (4, 4)));
    assert_eq!(stand.expect(Side::Source, &["items", "member/2/*"], 0)["items"][0]["version"], version);
    // The same again changes nothing; back to the first, the withdrawn one comes back.
    assert_eq!(counts(&activate(&stand, &narrow)), [0, 0, 0, 4]);
    let planned = activate(&stand, &wide);
    assert_eq!(counts(&planned), [1, 4, 0, 0], "{planned}");
    settled(&stand);
    assert_eq!((shown(&stand, 3)["name"].as_str(), stand.counts()), (Some("张某某"), (5, 5)));
    // Who moves away is withdrawn, and comes back.
    put(&stand, 4, &member(4, "320999103012", "confirmed"));
    settled(&stand);
    assert!(!names(&stand).contains("member/4/record.json"));
    put(&stand, 4, &member(4, "320412103012", "confirmed"));
    settled(&stand);
    assert_eq!(shown(&stand, 4)["name"], "张某某");
    // A change that the route does not show travels as the next version of the same projection.
    let mut changed = member(5, "320412103012", "confirmed");
    changed["recorded_by"] = json!("clerk-8");
    put(&stand, 5, &changed);
    settled(&stand);
    // The index holds the same when it is made anew from the ledger.
    let before = stand.expect(Side::Source, &["items"], 0);
    stand.expect(Side::Source, &["ledger", "rebuild"], 0);
    assert_eq!(stand.expect(Side::Source, &["items"], 0), before);
}

/// A record with a scan of which the file is `b.jpg`.
fn with_scan(mut record: Value) -> Value {
    record["documents"] = json!([{
        "document_id": "b", "role": "scan", "seq": 1, "file_name": "b.jpg", "media_type": "image/jpeg", "format_id": "jpg", "size": 7,
        "digest": { "alg": "blake3", "hex": "0".repeat(64) }, "redaction": "none", "sens": "Internal",
    }]);
    record
}

/// A template for members of one region, with their scans.
fn template_with_scans(stand: &Stand, name: &str) -> PathBuf {
    template(stand, name, "starts_with(region, '320412')", "fields = [\"name\"]\n\n[documents]\ninclude = [\"scan\"]")
}

/// Rounds in each of which the source names just this.
fn rounds_naming(stand: &Stand, code: &str) {
    for _ in 0..3 {
        let carried = stand.run(Side::Source, &["carry", "medium"]);
        assert_eq!((carried.exit, carried.codes()), (Some(1), vec![code.to_owned()]), "{}", carried.object);
        stand.carry(Side::Replica);
    }
}

/// Nobody says any more that it may be shown: it goes with its record, and with what is to be purged of both.
#[test]
fn a_document_whose_record_is_gone_is_withdrawn() {
    let stand = stand();
    stand.without_breaker();
    let described = |number: u64| put(&stand, number, &with_scan(member(number, "320412103012", "confirmed")));
    let whole = |number: u64| {
        described(number);
        stand.write(format!("member/{number}/b.jpg"), format!("scan of {number}"));
    };
    let files = |numbers: &[u64]| numbers.iter().flat_map(|number| ["record.json", "b.jpg"].map(|file| format!("member/{number}/{file}"))).collect();
    (1..=3).for_each(whole);
    stand.expect(Side::Source, &["capture"], 0);
    activate(&stand, &template_with_scans(&stand, "scans"));
    settled(&stand);
    assert_eq!(names(&stand), files(&[1, 2, 3]));
    fs::remove_file(stand.archive.join("member/1/record.json")).expect("it is there");
    rounds_naming(&stand, "SRC-12");
    assert_eq!((names(&stand), stand.route(Side::Source)["items"]["total"].clone()), (files(&[2, 3]), json!(4)));
    // A purge of both has nothing to wait for either, also before the withdrawal was packed.
    fs::remove_file(stand.archive.join("member/2/record.json")).expect("it is there");
    let captured = stand.run(Side::Source, &["capture"]);
    assert_eq!(captured.codes(), ["SRC-12", "SRC-12"], "{captured:?}");
    let asked = stand.expect(Side::Source, &["purge", "--all-routes", "--item", "member/[12]/*", "--reason", "wrong", "--yes"], 0);
    assert_eq!((&asked["routes"][0]["items"], &asked["problems"]), (&json!(4), &json!([])));
    for _ in 0..3 {
        stand.run(Side::Source, &["carry", "medium"]);
        stand.carry(Side::Replica);
    }
    stand.run(Side::Source, &["carry", "medium"]);
    assert_eq!(stand.expect(Side::Source, &["purges"], 0)["routes"][0]["open"], 0);
    assert_eq!((names(&stand), stand.holding("scan of 1"), stand.holding("scan of 2")), (files(&[3]), Vec::new(), Vec::new()));
    // It is judged anew when its record is back, as is a file that never had one.
    stand.write("member/4/b.jpg", "scan of 4");
    stand.run(Side::Source, &["carry", "medium"]);
    [1, 2, 4].into_iter().for_each(described);
    settled(&stand);
    assert_eq!(names(&stand), files(&[1, 2, 3, 4]));
}

/// Whether a document may be shown is what the record says to which it belongs now, whichever it belonged to before.
#[test]
fn a_document_is_judged_anew_when_another_record_owns_it() {
    let stand = stand();
    stand.without_breaker();
    let file = stand.home(Side::Source).join("gapferry.toml");
    let text = fs::read_to_string(&file).expect("it can be read").replace("layout = \"records\"\n", "layout = \"records\"\nrecords = \"**/*.json\"\n");
    fs::write(&file, text).expect("it can be written");
    let write = |path: &str, number: u64, region: &str| stand.write(path, with_scan(member(number, region, "confirmed")).to_string());
    let files = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect::<BTreeSet<String>>();
    let (shown, withheld) = ("320412103012", "320999103012");
    write("x/record.json", 1, shown);
    write("y/record.json", 2, withheld);
    stand.write("x/b.jpg", "of x");
    stand.write("y/b.jpg", "of y");
    stand.expect(Side::Source, &["capture"], 0);
    activate(&stand, &template_with_scans(&stand, "scans"));
    settled(&stand);
    assert_eq!(names(&stand), files(&["x/b.jpg", "x/record.json"]));
    // One comes beside it that is withheld, or is not.
    write("x/b.json", 3, withheld);
    write("y/b.json", 4, shown);
    settled(&stand);
    assert_eq!(names(&stand), files(&["x/record.json", "y/b.jpg", "y/b.json"]));
    // What goes gives it back.
    for path in ["x/b.json", "y/b.json"] {
        fs::remove_file(stand.archive.join(path)).expect("it is there");
    }
    settled(&stand);
    assert_eq!(names(&stand), files(&["x/b.jpg", "x/record.json"]));
    // And once more, where each of them has had the name before.
    write("x/b.json", 3, withheld);
    write("y/b.json", 4, shown);
    settled(&stand);
    assert_eq!(names(&stand), files(&["x/record.json", "y/b.jpg", "y/b.json"]));
}

/// FAULTS K09: who purges right after the template was narrowed was told that nothing older was brought, or of the wrong package.
#[test]
fn what_brought_what_a_template_showed_before_is_named_at_once() {
    let stand = stand();
    stand.without_breaker();
    (1..=2).for_each(|number| put(&stand, number, &member(number, "320412103012", "confirmed")));
    stand.expect(Side::Source, &["capture"], 0);
    let holding = || {
        let told = stand.run(Side::Source, &["purge", "--all-routes", "--item", "member/1/**", "--reason", "r", "--dry-run"]).object;
        let packages = told["routes"][0]["packages"].as_array().cloned().unwrap_or_default();
        packages.iter().map(|package| package["sequence"].as_u64().expect("a number")).collect::<Vec<_>>()
    };
    activate(&stand, &template(&stand, "clear", "true", "fields = [\"name\"]"));
    stand.round();
    stand.carry(Side::Source);
    assert_eq!(holding(), [0; 0]);
    let brought = stand.expect(Side::Source, &["items"], 0)["items"][0]["packed_sequence"].as_u64().expect("a number");
    activate(&stand, &template(&stand, "clear", "true", "fields = [\"name\"]\nmask = { name = \"name1\" }"));
    assert_eq!(holding(), [brought], "activated");
    stand.carry(Side::Source);
    assert_eq!(holding(), [brought], "packed");
    stand.carry(Side::Replica);
    stand.carry(Side::Source);
    assert_eq!(holding(), [brought], "proven");
}

/// FAULTS K09: whatever a template becomes, its plan says what happens, and a purge leaves nothing of what it showed before.
#[test]
fn what_a_template_showed_before_is_purged_whatever_it_becomes() {
    const NAMES: [&str; 5] = ["赵一甲", "钱二乙", "孙三丙", "李四丁", "周五戊"];
    let stand = stand();
    stand.without_breaker();
    for (number, name) in (1..).zip(NAMES) {
        let mut record = member(number, if number == 5 { "320999103012" } else { "320412103012" }, "confirmed");
        record["name"] = json!(name);
        put(&stand, number, &record);
    }
    stand.expect(Side::Source, &["capture"], 0);
    let held = || tree(&stand.replica);
    // A plan before, and what becomes of the replica: the same.
    let becomes = |condition: &str, mask: &str, shows: [Option<&str>; 5]| {
        let projection = format!("fields = [\"name\", \"gender\"]\n{mask}");
        let file = template(&stand, "members", condition, &projection);
        let line = ["template", "preview", file.to_str().expect("UTF-8"), "--route", "outward"];
        let before = held();
        let plan = counts(&stand.expect(Side::Source, &line, 0));
        assert_eq!(counts(&activate(&stand, &file)), plan);
        settled(&stand);
        let after = held();
        let added = after.keys().filter(|path| !before.contains_key(*path)).count() as u64;
        let changed = after.iter().filter(|(path, leaf)| before.get(*path).is_some_and(|was| was != *leaf)).count() as u64;
        let withdrawn = before.keys().filter(|path| !after.contains_key(*path)).count() as u64;
        // Before the first template nothing was kept back, so that it is told what the route would have carried.
        if !before.is_empty() {
            assert_eq!(plan, [added, changed, withdrawn, after.len() as u64 - added - changed], "{condition} {mask}");
        }
        let carried: BTreeSet<String> =
            (1..).zip(&shows).filter(|(_, name)| name.is_some()).map(|(number, _)| format!("member/{number}/record.json")).collect();
        assert_eq!(names(&stand), carried);
        for (number, name) in (1..).zip(shows).filter(|(_, name)| name.is_some()) {
            assert_eq!(shown(&stand, number)["name"].as_str(), name, "{number}");
        }
        assert_eq!(counts(&stand.expect(Side::Source, &line, 0)), [0, 0, 0, carried.len() as u64], "what was done is not to be done again");
    };
    let purge = |item: &str| stand.run(Side::Source, &["purge", "--all-routes", "--item", item, "--reason", "it must vanish", "--yes"]);
    let of_two = "starts_with(region, '320412') and not rid in ['member-01900000-0000-7000-8000-000000000003']";
    let masked = "mask = { name = \"name1\" }";
    becomes("starts_with(region, '320412')", "", [Some("赵一甲"), Some("钱二乙"), Some("孙三丙"), Some("李四丁"), None]);
    // Narrower: one is withdrawn, and what was shown of it is nowhere any more.
    becomes(of_two, "", [Some("赵一甲"), Some("钱二乙"), None, Some("李四丁"), None]);
    assert_eq!(stand.holding("孙三丙"), Vec::<PathBuf>::new());
    // It masks more: what it showed before goes, what it shows now stays.
    becomes(of_two, masked, [Some("赵**"), Some("钱**"), None, Some("李**"), None]);
    assert_eq!((stand.holding("赵一甲").len(), stand.holding("钱二乙").len()), (1, 1));
    assert_eq!(purge("member/2/**").exit, Some(0));
    settled(&stand);
    assert_eq!((stand.holding("钱二乙"), stand.holding("赵一甲").len()), (vec![], 1));
    assert_eq!(shown(&stand, 2)["name"], "钱**");
    // What was never sent is not purged: not even its name may leave.
    assert_eq!((purge("member/5/**").exit, stand.holding("member/5")), (Some(2), vec![]));
    // A purge that waits while the template narrows takes the item with it.
    assert_eq!(purge("member/4/**").exit, Some(0));
    let of_one = "starts_with(region, '320412') and not rid in ['member-01900000-0000-7000-8000-000000000003', 'member-01900000-0000-7000-8000-000000000004']";
    activate(&stand, &template(&stand, "members", of_one, &format!("fields = [\"name\", \"gender\"]\n{masked}")));
    settled(&stand);
    assert_eq!((stand.holding("李四丁"), stand.holding("李**")), (vec![], vec![]));
    // It masks less, and widens: what it carries now comes, and nothing else was kept for that.
    becomes(of_one, "", [Some("赵一甲"), Some("钱二乙"), None, None, None]);
    becomes("sens = 'Personal'", "", [Some("赵一甲"), Some("钱二乙"), Some("孙三丙"), Some("李四丁"), Some("周五戊")]);
    let purges = stand.expect(Side::Source, &["purges"], 0);
    assert_eq!((&purges["routes"][0]["items"], &purges["routes"][0]["open"]), (&json!(2), &json!(0)), "{purges}");
}

/// A route carries what people activated: another region in gapferry.toml counts when the template is activated again, with a plan.
#[test]
fn another_region_counts_from_the_next_activation() {
    let stand = stand();
    stand.without_breaker();
    put(&stand, 1, &member(1, "320412103012", "confirmed"));
    put(&stand, 2, &member(2, "320999103012", "confirmed"));
    stand.expect(Side::Source, &["capture"], 0);
    let file = stand.home(Side::Source).join("gapferry.toml");
    let before = fs::read_to_string(&file).expect("it can be read");
    let serve =
        |region: &str| fs::write(&file, before.replacen("[routes.outward]\n", &format!("[routes.outward]\nregion = \"{region}\"\n"), 1)).expect("written");
    let own = template(&stand, "own", "starts_with(region, replica.region)", r#"fields = ["name"]"#);
    let lies = |number: u64| BTreeSet::from([format!("member/{number}/record.json")]);
    serve("320412");
    activate(&stand, &own);
    settled(&stand);
    assert_eq!(names(&stand), lies(1));
    serve("320999");
    let carry = |exit: i32| {
        let ran = stand.run(Side::Source, &["carry", "medium"]);
        assert_eq!((ran.exit, ran.codes()), (Some(exit), vec!["SRC-16".to_owned(); usize::from(exit > 0)]), "{ran:?}");
        stand.carry(Side::Replica);
    };
    carry(1);
    let status = stand.run(Side::Source, &["status"]);
    assert_eq!((names(&stand), status.codes()), (lies(1), vec!["SRC-16".to_owned()]));
    let line = ["template", "preview", own.to_str().expect("UTF-8"), "--route", "outward"];
    assert_eq!(counts(&stand.expect(Side::Source, &line, 0)), [1, 0, 1, 0]);
    assert_eq!(counts(&activate(&stand, &own)), [1, 0, 1, 0]);
    settled(&stand);
    assert_eq!(names(&stand), lies(2));
    // What is shown is what was recorded, and the same again.
    let shown = stand.expect(Side::Source, &["template", "show", "--route", "outward"], 0);
    fs::write(&own, shown["text"].as_str().expect("text")).expect("it can be written");
    let again = activate(&stand, &own);
    assert_eq!((counts(&again), &again["version"]), ([0, 0, 0, 1], &shown["version"]));
    serve("32");
    assert_eq!(stand.run(Side::Source, &line).codes(), ["HOM-03"]);
}

/// FAULTS K09, C11: what a person gave up is withdrawn all the same, and another template ends that it was given up.
#[test]
fn what_was_given_up_is_withdrawn_and_projected_again() {
    let stand = stand();
    stand.without_breaker();
    for number in 1..=4 {
        put(&stand, number, &member(number, "320412103012", "confirmed"));
    }
    stand.expect(Side::Source, &["capture"], 0);
    let wide = template(&stand, "members", "starts_with(region, '320412')", r#"fields = ["name", "gender"]"#);
    activate(&stand, &wide);
    settled(&stand);
    // One changes where it is carried, one moves away; both are given up before a package looked at them. A third was never sent.
    for (number, region) in [(1, "320412103012"), (2, "320412103012"), (3, "320999103012"), (5, "320412103012")] {
        let mut record = member(number, region, "confirmed");
        (record["version"], record["name"]) = (json!(2), json!("孙三丙"));
        put(&stand, number, &record);
    }
    stand.expect(Side::Source, &["capture"], 0);
    let cancel = |number: u64| {
        let item = format!("member/{number}/*");
        stand.expect(Side::Source, &["cancel", "--route", "outward", "--item", &item, "--reason", "not now"], 0)["items"].clone()
    };
    [1, 2, 3, 5].into_iter().for_each(|number| assert_eq!(cancel(number), 1, "{number}"));
    let carry = || {
        for side in [Side::Source, Side::Replica].into_iter().cycle().take(7) {
            stand.carry(side);
        }
    };
    let lies = |numbers: &[u64]| numbers.iter().map(|number| format!("member/{number}/record.json")).collect::<BTreeSet<_>>();
    let cancelled = || stand.route(Side::Source)["items"]["cancelled"].clone();
    stand.carry(Side::Source);
    assert_eq!(cancel(3), 0, "it is on its way to be withdrawn");
    carry();
    assert_eq!((names(&stand), cancelled()), (lies(&[1, 2, 4]), json!(3)), "what is not carried goes, the rest stays given up");
    assert_eq!(shown(&stand, 1)["name"], "张某某");
    let but_two = "starts_with(region, '320412') and rid != 'member-01900000-0000-7000-8000-000000000002'";
    let narrow = template(&stand, "members", but_two, "fields = [\"name\"]\nmask = { name = \"name1\" }");
    let planned = activate(&stand, &narrow);
    assert_eq!(counts(&planned)[2], 1, "{planned}");
    carry();
    assert_eq!((names(&stand), shown(&stand, 1)["name"].as_str(), cancelled()), (lies(&[1, 4]), Some("孙**"), json!(1)));
}

/// FAULTS K09, C07: where a route begins anew, what the replica holds is asked for; of what it is not to have not even the name leaves.
#[test]
fn a_route_that_begins_anew_does_not_name_what_it_does_not_carry() {
    let stand = stand();
    for number in 1..=4 {
        put(&stand, number, &member(number, if number > 2 { "320999103012" } else { "320412103012" }, "confirmed"));
    }
    let condition = "starts_with(region, '320412')";
    activate(&stand, &template(&stand, "members", condition, r#"fields = ["name", "gender"]"#));
    settled(&stand);
    let kept = stand.folder("kept");
    copy(&stand.home(Side::Source), &kept);
    put(&stand, 1, &member(1, "320412103012", "pending"));
    settled(&stand);
    fs::remove_dir_all(stand.home(Side::Source)).expect("it can be removed");
    copy(&kept, &stand.home(Side::Source));
    put(&stand, 2, &member(2, "320412103012", "pending"));
    put(&stand, 5, &member(5, "320999103012", "confirmed"));
    let mut stops = 0;
    for side in [Side::Source, Side::Replica].into_iter().cycle().take(12) {
        stand.run(side, &["carry", "medium"]);
        if stand.route(side)["stopped"].is_string() {
            stops += 1;
            stand.expect(side, &["rebase", "outward", "--reason", "looked into"], 0);
        }
    }
    assert!(stops > 0, "it went back");
    assert_eq!((stand.counts(), names(&stand)), ((2, 2), (1..=2).map(|number| format!("member/{number}/record.json")).collect()));
    for number in 3..=5 {
        assert_eq!(stand.holding(&format!("member/{number}")), Vec::<PathBuf>::new());
    }
}

/// FAULTS K09: where an inventory ends for want of room, it ends at what the route carries.
#[test]
fn an_inventory_ends_at_no_name_that_the_route_withholds() {
    let stand = stand();
    let is_carried = |number: u64| number % 4 == 2;
    let path = |number: u64| format!("member/{number:03}-{}/record.json", "x".repeat(200));
    let put = |number: u64, state: &str| {
        let region = if is_carried(number) { "320412103012" } else { "320999103012" };
        stand.write(path(number), member(number, region, state).to_string());
    };
    (1..=400).for_each(|number| put(number, "confirmed"));
    activate(&stand, &template(&stand, "members", "starts_with(region, '320412')", r#"fields = ["name", "gender"]"#));
    settled(&stand);
    // Nobody knows of these whether the route carries them.
    (1..=400).for_each(|number| put(number, "pending"));
    stand.expect(Side::Source, &["capture"], 0);
    stand.expect(Side::Source, &["rebase", "outward", "--reason", "looked into"], 0);
    let held: u64 = tree(&stand.folder("medium")).values().map(|(content, ..)| content.len() as u64).sum();
    let ends = || -> Vec<Value> {
        let packed = stand.records(Side::Source).into_iter().filter(|record| record["kind"] == "Packed" && !record["body"]["inventory"].is_null());
        packed.map(|record| record["body"]["inventory"]["up_to"].clone()).collect()
    };
    for room in (20_000..200_000).step_by(5_000) {
        stand.run(Side::Source, &["carry", "medium", "--medium-size", &(held + room).to_string()]);
        if !ends().is_empty() {
            break;
        }
    }
    let carried: Vec<Value> = (1..=400).filter(|number| is_carried(*number)).map(|number| path(number).into()).collect();
    let ends = ends();
    assert!(ends.first().is_some_and(|end| carried.contains(end)), "{ends:?}");
}

/// FAULTS K09: of two documents of a record one is withheld; no file travels that may be either.
#[test]
fn a_file_that_may_be_of_a_withheld_document_does_not_travel() {
    let stand = stand();
    let document = |id: &str, seq: u64, file_name: &str, sens: &str| {
        json!({
            "document_id": id, "role": "scan", "seq": seq, "file_name": file_name, "media_type": "image/jpeg", "format_id": "jpg", "size": 8,
            "digest": { "alg": "blake3", "hex": "0".repeat(64) }, "redaction": "none", "sens": sens,
        })
    };
    let with = |number: u64, documents: Vec<Value>, files: &[(&str, &str)]| {
        let mut record = member(number, "320412103012", "confirmed");
        record["documents"] = documents.into();
        put(&stand, number, &record);
        files.iter().for_each(|(path, content)| stand.write(format!("member/{number}/{path}"), content));
    };
    // Two of one name; one whose name is the id of another one; a name beside the record and the same one below.
    with(
        1,
        vec![document("d1", 1, "scan.jpg", "Secret"), document("d2", 2, "scan.jpg", "Internal")],
        &[("original/scan.jpg", "WITHHELD"), ("redacted/scan.jpg", "redacted")],
    );
    with(
        2,
        vec![document("title", 1, "cover.jpg", "Internal"), document("x9", 2, "title.jpg", "Secret")],
        &[("cover.jpg", "shown"), ("title.jpg", "WITHHELD")],
    );
    with(3, vec![document("d1", 1, "scan.jpg", "Internal")], &[("scan.jpg", "shown"), ("old/scan.jpg", "WITHHELD")]);
    with(4, vec![document("d1", 1, "one.jpg", "Internal"), document("d2", 2, "one.jpg", "Secret")], &[("one.jpg", "WITHHELD")]);
    with(5, vec![document("d1", 1, "Karte.JPG", "Internal")], &[("documents/d1.jpg", "shown")]);
    with(6, vec![document("d1", 1, "a.jpg", "Internal"), document("a", 2, "b.jpg", "Secret")], &[("a.jpg", "WITHHELD"), ("sub/a.jpg", "one of both")]);
    let file = template(&stand, "members", "starts_with(region, '320412')", "fields = [\"name\"]\n[documents]\ninclude = [\"scan\"]");
    activate(&stand, &file);
    settled(&stand);
    let shown: BTreeSet<String> = names(&stand).into_iter().filter(|name| !name.ends_with("record.json")).collect();
    assert_eq!(shown, ["member/2/cover.jpg", "member/3/scan.jpg", "member/5/documents/d1.jpg"].map(str::to_owned).into());
    assert_eq!(stand.holding("WITHHELD"), Vec::<PathBuf>::new());
    assert_eq!((self::shown(&stand, 1).get("documents"), self::shown(&stand, 4).get("documents")), (None, None));
}

/// FAULTS K09: photos lose what they tell of their place on every route but a backup, also such as travel in blocks of their own; nobody has to ask.
#[test]
fn photos_leave_without_exif_and_what_is_none_travels_as_it_is() {
    let stand = stand();
    let picture = |bytes: usize| {
        let entropy: Vec<u8> = (0..bytes).map(|place| (place * 31 % 251) as u8).collect();
        [&b"\xff\xd8\xff\xe1\x00\x17Exif\0\0GPS-WITHHELD!!!"[..], b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00", &entropy, b"\xff\xd9"].concat()
    };
    let document = |id: &str, seq: u64, role: &str| {
        json!({
            "document_id": id, "role": role, "seq": seq, "file_name": format!("{id}.jpg"), "media_type": "image/jpeg", "format_id": "jpg", "size": 8,
            "digest": { "alg": "blake3", "hex": "0".repeat(64) }, "redaction": "none", "sens": "Internal",
        })
    };
    let mut record = member(1, "320412103012", "confirmed");
    record["documents"] = json!([document("small", 1, "photo"), document("large", 2, "photo"), document("scan", 3, "scan")]);
    put(&stand, 1, &record);
    for (name, size) in [("small", 900), ("large", 3_000_000), ("scan", 3_000_000)] {
        stand.write(format!("member/1/{name}.jpg"), picture(size));
    }
    let file = template(&stand, "members", "true", "fields = [\"name\"]\n[documents]\ninclude = [\"photo\", \"scan\"]");
    activate(&stand, &file);
    settled(&stand);
    let holds = |name: &str| fs::read(stand.replica.join(format!("member/1/{name}.jpg"))).expect("it travelled");
    let tells = |bytes: &[u8]| bytes.windows(12).any(|window| window == b"GPS-WITHHELD");
    assert!(!tells(&holds("small")) && !tells(&holds("large")));
    assert_eq!(holds("large").len(), picture(3_000_000).len() - 25);
    assert!(holds("scan") == picture(3_000_000));
}

/// What another template shows no otherwise stays as it is, however large, and what it shows otherwise travels in what differs.
#[test]
fn activations_carry_what_is_shown_otherwise_and_nothing_else() {
    let stand = stand();
    stand.without_breaker();
    let (tells, scan) = (&b"\xff\xd8\xff\xe1\x00\x17Exif\0\0GPS-WITHHELD!!!"[..], Random::of(7).bytes(3 << 20));
    let entropy: Vec<u8> = scan.iter().map(|byte| byte % 251).collect();
    let picture = [tells, b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00", &entropy, b"\xff\xd9"].concat();
    let document = |id: &str, seq: u64, role: &str| {
        json!({
            "document_id": id, "role": role, "seq": seq, "file_name": format!("{id}.jpg"), "media_type": "image/jpeg", "format_id": "jpg", "size": 8,
            "digest": { "alg": "blake3", "hex": "0".repeat(64) }, "redaction": "none", "sens": "Internal",
        })
    };
    let mut record = member(1, "320412103012", "confirmed");
    record["documents"] = json!([document("photo", 1, "photo"), document("scan", 2, "scan")]);
    put(&stand, 1, &record);
    ["photo", "scan"].iter().for_each(|name| stand.write(format!("member/1/{name}.jpg"), &picture));
    // What was written just now is not trusted by its times alone.
    for name in ["photo", "scan"] {
        let file = fs::File::options().write(true).open(stand.archive.join(format!("member/1/{name}.jpg"))).expect("it is there");
        file.set_modified(std::time::UNIX_EPOCH + std::time::Duration::from_secs(1_700_000_000)).expect("it can be set");
    }
    let held = |name: &str| fs::read(stand.replica.join(format!("member/1/{name}.jpg"))).expect("it travelled");
    let stripped = picture.len() - tells.len() + 2;
    let mut number = 0;
    let mut packed = |fields: &str, strip: &str| {
        number += 1;
        let projection = format!("fields = [{fields}]\n[documents]\ninclude = [\"photo\", \"scan\"]\n{strip}");
        activate(&stand, &template(&stand, &format!("members{number}"), "true", &projection));
        let carried = stand.carry(Side::Source);
        settled(&stand);
        let packages = carried["packed"]["packages"].as_array().expect("packages").clone();
        let [items, bytes] = ["items", "file_bytes"].map(|field| packages.iter().map(|package| package[field].as_u64().expect("a count")).sum::<u64>());
        assert_eq!(held("photo").len(), stripped);
        (items, bytes > 2 << 20, held("scan").len())
    };
    assert_eq!(packed("\"name\"", ""), (3, true, picture.len()));
    for fields in ["\"gender\"", "\"name\", \"gender\"", "\"name\"", "\"gender\""] {
        assert_eq!(packed(fields, ""), (1, false, picture.len()), "{fields}");
    }
    for _ in 0..2 {
        assert_eq!(packed("\"gender\"", "strip = [\"exif\"]"), (2, false, stripped));
        assert_eq!(packed("\"gender\"", ""), (2, false, picture.len()));
    }
}

#[test]
fn who_picks_one_file_of_a_record_picks_all_of_them() {
    let stand = stand();
    (1..=3).for_each(|number| put(&stand, number, &member(number, "320412103012", "confirmed")));
    (1..=2).for_each(|number| stand.write(format!("member/{number}/annex.txt"), "one"));
    let medium = stand.medium.to_str().expect("UTF-8");
    stand.expect(Side::Source, &["pack", "--to", medium, "--item", "member/1/annex.txt", "--item", "member/2/record.json"], 0);
    stand.carry(Side::Replica);
    let whole = ["member/1/annex.txt", "member/1/record.json", "member/2/annex.txt", "member/2/record.json"];
    assert_eq!(names(&stand), whole.map(str::to_owned).into());
}

fn household(number: u64, sens: &str) -> Value {
    let rid = |kind: &str| format!("{kind}-01900000-0000-7000-8000-{number:012x}");
    json!({
        "rid": rid("household"), "kind": "household", "version": 1, "region": "320412103012", "org_rid": rid("organisation"), "state": "current",
        "sens": sens, "valid_from": "2026-01-01", "recorded_at": "2026-01-01T09:30:00+08:00", "recorded_by": "clerk-7", "hh_no": "12",
        "contractor_type": "1", "head_rid": rid("member"), "id_type": "1", "id_no": "320412198001010015", "address": "柳溪村1号", "postcode": "213000",
        "size": 1, "publicity_reviewed_on": "2026-01-01", "publicity_reviewer": "王",
    })
}

/// FAULTS K09: a condition that asks for a record which cannot be read says neither yes nor no.
#[test]
fn what_a_condition_asks_of_a_record_that_cannot_be_read_is_waited_for() {
    let stand = stand();
    let house = |number: u64| format!("household/{number}/record.json");
    for number in 1..=3 {
        put(&stand, number, &member(number, "320412103012", "confirmed"));
        stand.write(house(number), household(number, if number == 1 { "Personal" } else { "Secret" }).to_string());
    }
    activate(&stand, &template(&stand, "members", "household.sens != 'Secret'", r#"fields = ["name", "gender"]"#));
    settled(&stand);
    let only_the_first = || assert_eq!(names(&stand), BTreeSet::from(["member/1/record.json".to_owned()]));
    only_the_first();
    // One has a field that nobody knows, one is no record any more, and says not even whose it was.
    let mut unknown = household(2, "Secret");
    unknown["typo"] = json!(1);
    stand.write(house(2), unknown.to_string());
    stand.write(house(3), "{");
    stand.write(house(1), "{");
    put(&stand, 3, &member(3, "320412103012", "pending"));
    for _ in 0..2 {
        stand.run(Side::Source, &["carry", "medium"]);
        stand.run(Side::Replica, &["carry", "medium"]);
    }
    only_the_first();
    (1..=3).for_each(|number| stand.write(house(number), household(number, if number == 3 { "Personal" } else { "Secret" }).to_string()));
    settled(&stand);
    assert_eq!(names(&stand), BTreeSet::from(["member/3/record.json".to_owned()]));
}

/// FAULTS K09: what a record names that is none any more stays at the replica as that record does, until it says again whom it names.
#[test]
fn what_a_record_names_that_cannot_be_read_is_not_withdrawn() {
    let stand = stand();
    stand.without_breaker();
    let house = |number: u64| format!("household/{number}/record.json");
    put(&stand, 1, &member(1, "320412103012", "confirmed"));
    (1..=2).for_each(|number| stand.write(house(number), household(number, "Personal").to_string()));
    let named = "fields = [\"name\"]\n[[select]]\nkinds = [\"household\"]\nwhere = \"referenced_by(member)\"\n[project.household]\nfields = [\"hh_no\"]";
    activate(&stand, &template(&stand, "members", "state = 'confirmed'", named));
    settled(&stand);
    let both = BTreeSet::from(["member/1/record.json".to_owned(), house(1)]);
    assert_eq!(names(&stand), both);
    let whole = member(1, "320412103012", "confirmed");
    let mut unknown = whole.clone();
    unknown["typo"] = json!(1);
    // The household changes as well: what is new of it waits.
    for (step, faulty) in [unknown.to_string(), format!("{whole}x"), "{".to_owned()].into_iter().enumerate() {
        stand.write("member/1/record.json", &faulty);
        let mut changed = household(1, "Personal");
        changed["hh_no"] = json!(format!("{}", 20 + step));
        stand.write(house(1), changed.to_string());
        for side in [Side::Source, Side::Replica, Side::Source] {
            stand.run(side, &["carry", "medium"]);
        }
        assert_eq!(names(&stand), both, "{faulty}");
        let held = fs::read_to_string(stand.replica.join(house(1))).expect("it is there");
        assert!(held.contains("\"12\""), "{held}");
    }
    // A record that says of itself that it is something else names nothing here.
    put(&stand, 1, &whole);
    let mut other = household(3, "Personal");
    other["typo"] = json!(1);
    stand.write(house(3), other.to_string());
    for side in [Side::Source, Side::Replica, Side::Source] {
        stand.run(side, &["carry", "medium"]);
    }
    assert_eq!(names(&stand), both);
    assert!(fs::read_to_string(stand.replica.join(house(1))).is_ok_and(|held| held.contains("\"22\"")));
    put(&stand, 1, &member(1, "320412103012", "pending"));
    for side in [Side::Source, Side::Replica, Side::Source] {
        stand.run(side, &["carry", "medium"]);
    }
    assert_eq!(names(&stand), BTreeSet::new());
}

/// A person is told where somebody looks, and not only when the archive is captured.
#[test]
fn status_names_what_is_no_record_and_what_belongs_to_none() {
    let stand = stand();
    put(&stand, 1, &member(1, "320412103012", "confirmed"));
    settled(&stand);
    stand.write("notes.txt", "of nobody");
    stand.write("member/2/record.json", "{");
    stand.run(Side::Source, &["carry", "medium"]);
    let status = stand.run(Side::Source, &["status"]);
    assert_eq!((status.exit, status.codes()), (Some(1), vec!["SRC-11".to_owned(), "SRC-12".to_owned()]), "{:?}", status.object);
    assert_eq!(status.object["routes"][0]["next"], "needs-person");
}

/// FAULTS A07, TX2: who leaves the selection in a transaction is withdrawn in the package that brings the others of it.
#[test]
fn who_leaves_the_selection_goes_with_the_transaction() {
    [false, true].into_iter().for_each(leaves_the_selection);
}

/// `again`: a clerk goes on with the record that left.
fn leaves_the_selection(again: bool) {
    let stand = stand();
    stand.without_breaker();
    for number in 1..=2 {
        put(&stand, number, &member(number, "320412103012", "confirmed"));
    }
    stand.expect(Side::Source, &["capture"], 0);
    activate(&stand, &template(&stand, "members", "starts_with(region, '320412')", "fields = [\"name\", \"gender\"]"));
    settled(&stand);
    for (number, region) in [(1, "320999103012"), (2, "320412103012")] {
        let mut record = member(number, region, "confirmed");
        record["txn"] = json!({ "txn_id": "t1", "size": 2, "business_code": "105" });
        (record["version"], record["name"]) = (json!(2), json!("孙三丙"));
        put(&stand, number, &record);
    }
    if again {
        stand.expect(Side::Source, &["capture"], 0);
        let mut record = member(1, "320999103012", "confirmed");
        record["version"] = json!(3);
        put(&stand, 1, &record);
    }
    let carried = stand.carry(Side::Source);
    let packages = carried["packed"]["packages"].as_array().expect("packages").len();
    assert_eq!(packages, 1, "again {again}: {carried}");
    settled(&stand);
    assert_eq!(names(&stand), BTreeSet::from(["member/2/record.json".to_owned()]));
    assert_eq!(shown(&stand, 2)["name"], "孙三丙");
}

/// FAULTS A07, TX2: also where the package began with a large document of another record.
#[test]
fn who_leaves_the_selection_goes_with_the_large_documents_of_the_transaction() {
    let stand = stand();
    stand.without_breaker();
    let scan = |seed: u64| Random::of(seed).bytes(3 << 20);
    let with_scan = |seed: u64| {
        let mut record = member(1, "320412103012", "confirmed");
        record["documents"] = json!([{
            "document_id": "d1", "role": "scan", "seq": 1, "file_name": "scan.jpg", "media_type": "image/jpeg", "format_id": "jpg", "size": 3 << 20,
            "digest": { "alg": "blake3", "hex": "0".repeat(64) }, "redaction": "none", "sens": "Internal",
        }]);
        stand.write("member/1/scan.jpg", scan(seed));
        record
    };
    put(&stand, 1, &with_scan(1));
    put(&stand, 2, &member(2, "320412103012", "confirmed"));
    activate(&stand, &template(&stand, "members", "starts_with(region, '320412')", "fields = [\"name\"]\n[documents]\ninclude = [\"scan\"]"));
    settled(&stand);
    for (number, mut record) in [(1, with_scan(2)), (2, member(2, "320999103012", "confirmed"))] {
        record["txn"] = json!({ "txn_id": "t1", "size": 2, "business_code": "105" });
        (record["version"], record["name"]) = (json!(2), json!("孙三丙"));
        put(&stand, number, &record);
    }
    let carried = stand.carry(Side::Source);
    let packages = carried["packed"]["packages"].as_array().expect("packages");
    assert_eq!(packages.iter().map(|package| (&package["items"], &package["removals"])).collect::<Vec<_>>(), [(&json!(3), &json!(1))], "{carried}");
    settled(&stand);
    assert_eq!(names(&stand), ["member/1/record.json", "member/1/scan.jpg"].map(str::to_owned).into());
    assert_eq!(fs::read(stand.replica.join("member/1/scan.jpg")).expect("it is there"), scan(2));
}

#[test]
fn an_older_projection_that_comes_late_changes_nothing() {
    let stand = stand();
    stand.without_breaker();
    put(&stand, 1, &member(1, "320412103012", "confirmed"));
    stand.expect(Side::Source, &["capture"], 0);
    activate(&stand, &template(&stand, "wide", "true", r#"fields = ["name"]"#));
    stand.carry(Side::Source);
    let late = stand.folder("late");
    crate::stand::copy(&stand.medium, &late);
    fs::remove_dir_all(stand.medium.join("gapferry")).expect("it can be removed");
    activate(&stand, &template(&stand, "narrow", "true", "fields = [\"name\"]\nmask = { name = \"name1\" }"));
    settled(&stand);
    assert_eq!(shown(&stand, 1)["name"], "张**");
    stand.run(Side::Replica, &["apply", "--from", late.to_str().expect("UTF-8")]);
    assert_eq!(shown(&stand, 1)["name"], "张**", "the older projection of the same version");
    settled(&stand);
}

/// R5: what a person picks goes, and never past the template.
#[test]
fn what_a_person_picks_by_kind_and_condition() {
    let stand = stand();
    for number in 1..=4 {
        put(&stand, number, &member(number, if number == 4 { "320999103012" } else { "320412103012" }, "confirmed"));
    }
    stand.expect(Side::Source, &["capture"], 0);
    activate(&stand, &template(&stand, "wide", "starts_with(region, '320412')", r#"fields = ["name"]"#));
    let pack = |more: &[&str]| stand.run(Side::Source, &[&["pack", "--to", stand.medium.to_str().expect("UTF-8")], more].concat());
    let picked =
        pack(&["--kind", "member", "--where", "rid in ['member-01900000-0000-7000-8000-000000000002', 'member-01900000-0000-7000-8000-000000000004']"]);
    assert_eq!((picked.exit, &picked.object["packages"][0]["items"]), (Some(0), &json!(1)), "{picked:?}");
    stand.carry(Side::Replica);
    assert_eq!(names(&stand), BTreeSet::from(["member/2/record.json".to_owned()]));
    for (more, part) in [(&["--kind", "nothing"][..], "nothing"), (&["--where", "name ="], "name ="), (&["--kind", "household"], "household")] {
        let refused = pack(more);
        assert_eq!((refused.exit, refused.codes()), (Some(2), vec!["USE-01".to_owned()]), "{part}: {refused:?}");
    }
}

/// What only a template can judge is refused, and of two records with one `rid` a condition looks at the one that counts.
#[test]
fn what_a_person_picks_is_judged_by_the_records_that_count() {
    let stand = stand();
    put(&stand, 1, &member(1, "320412103012", "confirmed"));
    let mut second = household(1, "Personal");
    stand.write("household/1/record.json", second.to_string());
    second["hh_no"] = json!("13");
    stand.write("household/second/record.json", second.to_string());
    stand.run(Side::Source, &["capture"]);
    activate(&stand, &template(&stand, "wide", "true", r#"fields = ["name"]"#));
    let pack = |condition: &str| {
        let medium = stand.medium.to_str().expect("UTF-8");
        let ran = stand.run(Side::Source, &["pack", "--to", medium, "--dry-run", "--kind", "member", "--where", condition]);
        (ran.exit == Some(2), ran.object["error"]["subject"].clone())
    };
    assert_eq!(pack("referenced_by(asset_card)"), (true, json!("referenced_by(asset_card)")));
    assert_eq!(pack("region != '' and referenced_by(asset_card)"), (true, json!("referenced_by(asset_card)")));
    assert_eq!(["12", "13"].map(|number| pack(&format!("household.hh_no = '{number}'")).0), [false, true]);
}

#[test]
fn templates_that_may_not_be_used() {
    let stand = stand();
    put(&stand, 1, &member(1, "320412103012", "confirmed"));
    stand.expect(Side::Source, &["capture"], 0);
    let refused = |projection: &str| {
        let file = template(&stand, "bad", "true", projection);
        let file = file.to_str().expect("UTF-8");
        let checked = stand.run(Side::Source, &["template", "check", file]);
        let activated = stand.run(Side::Source, &["template", "activate", file, "--route", "outward", "--reason", "r"]);
        assert_eq!(activated.exit, Some(2), "{activated:?}");
        let findings = checked.object["files"][0]["findings"].as_array().cloned().unwrap_or_default();
        // What contradicts itself is no fault of form, and what is too long is not read.
        let of_form = |code: &&String| code.starts_with("TPL-") && !["TPL-02", "TPL-14"].contains(&code.as_str());
        let l20: Vec<&Value> = findings.iter().filter(|finding| finding["rule"] == "L20").collect();
        assert_eq!(l20.len(), checked.codes().iter().filter(of_form).count(), "{findings:?}");
        assert!(l20.iter().all(|finding| finding["level"] == "error" && finding["line"].as_u64() > Some(0)));
        (checked.exit, checked.codes())
    };
    assert_eq!(refused("fields = [\"name\"]\nmask = { gender = \"drop\" }").0, Some(2));
    assert_eq!(refused("fields = [\"name\", \"nothing\"]"), (Some(2), vec!["TPL-08".to_owned()]));
    assert_eq!(refused("fields = [\"name\"]\nextra = 1"), (Some(2), vec!["TPL-03".to_owned()]));
    let long = format!("fields = [\"name\"]\n{}", "#".repeat(256 << 10));
    assert_eq!(refused(&long), (Some(2), vec!["TPL-02".to_owned()]));
    let good = template(&stand, "good", "true", "fields = [\"name\"]");
    let gb18030 = good.with_file_name("gb18030.toml");
    std::fs::write(&gb18030, b"# \xd5\xc5\n").expect("it can be written");
    let both = [&gb18030, &good].map(|file| file.to_str().expect("UTF-8"));
    let ran = stand.run(Side::Source, &[&["template", "check"], &both[..]].concat());
    assert_eq!((ran.exit, ran.codes()), (Some(2), vec!["TPL-01".to_owned()]), "{}", ran.object);
    assert_eq!(ran.object["problems"][0]["detail"], "not UTF-8: line 1, byte 2 of the file");
    let usable = |place: usize| ran.object["files"][place]["usable"].clone();
    assert_eq!([usable(0), usable(1)], [json!(false), json!(true)], "the other one is looked at all the same");
    let twice = template(&stand, "twice", "true", "fields = [\"name\", \"nothing\"]\nextra = 1");
    let ran = stand.run(Side::Source, &["template", "preview", twice.to_str().expect("UTF-8"), "--route", "outward"]);
    let detail = ran.object["error"]["detail"].as_str().unwrap_or_default();
    assert!(detail.ends_with("; `template check` names 1 more"), "{}", ran.object);
    assert_eq!(stand.expect(Side::Source, &["template", "show", "--route", "outward"], 0)["template"], "");
}

/// What the route does not carry fills no package: what comes behind it travels with the same run.
#[test]
fn more_than_a_package_that_does_not_travel_keeps_nothing_back() {
    let stand = stand();
    stand.without_breaker();
    let file = stand.home(Side::Source).join("gapferry.toml");
    let text = fs::read_to_string(&file).expect("it can be read");
    fs::write(&file, text.replace("\n[policy]\n", "\n[policy]\npackage_bytes_max = 65536\n")).expect("it can be written");
    for number in 1001..=1200 {
        put(&stand, number, &member(number, "320412103012", "pending"));
    }
    for number in 9001..=9003 {
        put(&stand, number, &member(number, "320412103012", "confirmed"));
    }
    stand.expect(Side::Source, &["capture"], 0);
    activate(&stand, &template(&stand, "confirmed", "state = 'confirmed'", r#"fields = ["name"]"#));
    let packed = stand.expect(Side::Source, &["pack", "--to", stand.medium.to_str().expect("UTF-8")], 0);
    assert_eq!(packed["packages"].as_array().map(Vec::len), Some(1), "{packed}");
    assert_eq!((packed["packages"][0]["items"].as_u64(), &packed["waiting"]), (Some(3), &json!([])), "{packed}");
}

/// FAULTS K09: what cannot be stripped stays behind, and people are told which it is.
#[test]
fn a_document_that_cannot_be_stripped_stays_and_is_named() {
    let stand = stand();
    let mut record = member(1, "320412103012", "confirmed");
    let document = |id: &str, seq: u64| {
        json!({
            "document_id": id, "role": "scan", "seq": seq, "file_name": format!("{id}.jpg"), "media_type": "image/jpeg", "format_id": "jpg", "size": 8,
            "digest": { "alg": "blake3", "hex": "0".repeat(64) }, "redaction": "none", "sens": "Internal",
        })
    };
    record["documents"] = json!([document("good", 1), document("bad", 2)]);
    put(&stand, 1, &record);
    let picture = [&b"\xff\xd8\xff\xe1\x00\x17Exif\0\0GPS-WITHHELD!!!\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"[..], b"picture", b"\xff\xd9"].concat();
    stand.write("member/1/good.jpg", &picture);
    stand.write("member/1/bad.jpg", "GPS-WITHHELD");
    let stripped = |strip: &str| format!("fields = [\"name\"]\n[documents]\ninclude = [\"scan\"]\nstrip = [{strip}]");
    let file = template(&stand, "members", "true", &stripped("\"exif\""));
    let line = ["template", "preview", file.to_str().expect("UTF-8"), "--route", "outward"];
    let before = stand.run(Side::Source, &line);
    assert_eq!((before.exit, &before.object["captured"], &before.object["added"]), (Some(0), &json!(false), &json!(0)), "{}", before.object);
    stand.expect(Side::Source, &["capture"], 0);
    let plan = stand.run(Side::Source, &line);
    assert_eq!((plan.exit, plan.codes(), &plan.object["captured"]), (Some(1), vec!["SRC-19".to_owned()], &json!(true)), "{}", plan.object);
    assert_eq!((&plan.object["unstripped"], &plan.object["unstripped_total"]), (&json!(["member/1/bad.jpg"]), &json!(1)));
    assert_eq!(stand.run(Side::Source, &[&["template", "activate"], &line[2..], &["--reason", "agreed"]].concat()).exit, Some(1));
    let medium = stand.medium.to_str().expect("UTF-8").to_owned();
    for dry_run in [&["--dry-run"][..], &[]] {
        let packed = stand.run(Side::Source, &[&["pack", "--to", medium.as_str()], dry_run].concat());
        assert_eq!((packed.exit, packed.codes()), (Some(1), vec!["SRC-19".to_owned()]), "{}", packed.object);
        assert_eq!(packed.object["problems"][0]["subject"], "member/1/bad.jpg");
        assert_eq!(packed.object["packages"][0]["items"], 2);
    }
    settled(&stand);
    assert_eq!(names(&stand), ["member/1/good.jpg", "member/1/record.json"].map(str::to_owned).into());
    // What is taken out of a document is no part of its record, and yet it travels again.
    let file = template(&stand, "again", "true", &stripped("\"exif\", \"pdf_metadata\""));
    let plan = stand.run(Side::Source, &["template", "preview", file.to_str().expect("UTF-8"), "--route", "outward"]).object;
    assert_eq!(counts(&plan), [0, 1, 0, 0], "{plan}");
    stand.write("member/1/bad.jpg", &picture);
    settled(&stand);
    assert_eq!(names(&stand).len(), 3);
    assert_eq!(stand.holding("WITHHELD"), Vec::<PathBuf>::new());
}
