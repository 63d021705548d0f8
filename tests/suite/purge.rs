//! Purges, from outside: nobody finds the older value on the replica any more, by searching every byte of its tree and of its home.

use crate::stand::{Setting, Side, Stand, copy};
use serde_json::{Value, json};
use std::fs;
use std::path::PathBuf;

const REASON: &[&str] = &["--reason", "wrong identity number"];

fn purge(stand: &Stand, more: &[&str]) -> Value {
    stand.expect(Side::Source, &[&["purge"], more, REASON].concat(), 0)
}

fn states(stand: &Stand) -> Vec<(String, String)> {
    let report = stand.expect(Side::Source, &["purges"], 0);
    let routes = report["routes"].as_array().expect("routes").clone();
    let listed = routes.iter().flat_map(|route| route["listed"].as_array().expect("items").clone()).collect::<Vec<_>>();
    let text = |value: &Value| value.as_str().expect("a text").to_owned();
    listed.iter().map(|item| (text(&item["item"]), text(&item["state"]))).collect()
}

/// FAULTS K09. OPERATORS: a wrong number was replicated, is corrected, and must vanish; two people ask for it.
#[test]
fn a_number_that_was_wrong_is_found_nowhere() {
    let stand = Stand::new();
    for (text, _) in [("320412198001010015", 1), ("320412198001010016", 2), ("320412198001010023", 3)] {
        stand.write("村民/张某.json", format!("{{\"id_no\":\"{text}\"}}"));
        stand.write("村民/李某.json", format!("{{\"number\":\"{text}\"}}"));
        stand.round();
    }
    fs::remove_file(stand.archive.join("村民/李某.json")).expect("it is there");
    stand.round();
    assert!(stand.holding("32041219800101").len() >= 5, "{:?}", stand.holding("32041219800101"));
    let line = ["--all-routes", "--item", "村民/**"];
    let unsure = stand.run(Side::Source, &[&["purge"], &line[..], REASON].concat());
    assert_eq!((unsure.exit, unsure.codes()), (Some(2), vec!["USE-01".to_owned()]), "nobody is asked here: {unsure:?}");
    let plan = purge(&stand, &[&line[..], &["--dry-run"]].concat());
    assert_eq!(states(&stand), []);
    let asked = purge(&stand, &[&line[..], &["--yes"]].concat());
    for field in ["items", "gone", "open", "packages", "packages_total"] {
        assert_eq!(plan["routes"][0][field], asked["routes"][0][field], "what was shown is what was done: {field}");
    }
    let of_plan = |field: &str| plan["routes"][0][field].clone();
    assert_eq!((of_plan("items"), of_plan("gone"), of_plan("packages_total")), (json!(2), json!(1), json!(3)), "{plan}");
    let media: Vec<&Value> = asked["routes"][0]["packages"].as_array().expect("packages").iter().map(|package| &package["medium"]).collect();
    assert!(media.iter().all(|medium| medium.as_str().is_some_and(|medium| medium.len() == 32)), "{media:?}");
    stand.round();
    assert_eq!(stand.holding("320412198001010015"), Vec::<PathBuf>::new());
    assert_eq!(stand.holding("320412198001010016"), Vec::<PathBuf>::new());
    assert_eq!(stand.holding("320412198001010023"), [stand.replica.join("村民/张某.json")], "the newest version stays");
    stand.expect_true();
    assert!(states(&stand).iter().all(|(_, state)| state == "proven"), "{:?}", states(&stand));
    let still = stand.expect(Side::Source, &["purges", "村民/李某.json"], 0);
    assert_eq!((&still["routes"][0]["open"], &still["routes"][0]["packages_total"]), (&json!(0), &json!(3)), "the media still hold it: {still}");
    stand.expect_whole();
}

/// Killed between the record and the package, and before the package has its name: the purge travels all the same.
#[test]
fn what_was_asked_for_is_not_forgotten_by_whoever_is_killed() {
    let stand = Stand::new();
    stand.write("a", "secret");
    stand.round();
    stand.write("a", "public");
    stand.round();
    purge(&stand, &["--route", "outward", "--item", "a", "--yes"]);
    let kept = stand.keep();
    // As if the command had been killed right after its record: the index is behind, and nothing was packed.
    fs::remove_dir_all(stand.home(Side::Source).join("index")).expect("an index");
    assert_eq!(states(&stand), [("a".to_owned(), "asked".to_owned())]);
    stand.carry(Side::Source);
    // And as if the package had been lost with its medium.
    fs::remove_dir_all(stand.medium.join("gapferry")).expect("a medium");
    stand.round();
    assert_eq!((stand.holding("secret"), states(&stand)), (vec![], vec![("a".to_owned(), "proven".to_owned())]));
    stand.restore(&kept);
    stand.round();
    assert_eq!((stand.holding("secret"), states(&stand)), (vec![], vec![("a".to_owned(), "proven".to_owned())]));
}

/// Over gateways nobody carries: the daemons' rounds bring the purge and its proof.
#[test]
fn a_purge_over_gateways() {
    let stand = Stand::with(Setting { gateways: true, ..Setting::default() });
    let rounds = || {
        for _ in 0..3 {
            [Side::Source, Side::Replica].into_iter().for_each(|side| drop(stand.run(side, &["run", "--once"])));
        }
    };
    stand.write("a", "secret");
    rounds();
    stand.write("a", "public");
    rounds();
    assert_eq!(stand.holding("secret").len(), 1);
    let asked = purge(&stand, &["--all-routes", "--item", "a", "--yes"]);
    assert_eq!(asked["routes"][0]["packages"][0]["medium"], Value::Null, "{asked}");
    rounds();
    assert_eq!((stand.holding("secret"), states(&stand)), (vec![], vec![("a".to_owned(), "proven".to_owned())]));
}

/// A package of before the purge arrives after it: it brings nothing back.
#[test]
fn a_late_package_brings_nothing_back() {
    let stand = Stand::new();
    stand.write("a", "secret");
    stand.carry(Side::Source);
    let late = stand.folder("late");
    copy(&stand.medium, &late);
    fs::remove_dir_all(stand.medium.join("gapferry")).expect("a medium");
    fs::remove_file(stand.archive.join("a")).expect("it is there");
    stand.write("b", "something else");
    stand.expect(Side::Source, &["capture"], 0);
    purge(&stand, &["--all-routes", "--item", "a", "--yes"]);
    stand.round();
    assert_eq!(states(&stand), [("a".to_owned(), "proven".to_owned())]);
    stand.run(Side::Replica, &["apply", "--from", late.to_str().expect("UTF-8")]);
    assert_eq!(stand.holding("secret"), Vec::<PathBuf>::new());
    stand.round();
    stand.expect_true();
}
