//! The table of faults (spec/faults.md) in both directions: a check that a row names exists, a row without one says why, and a
//! test that says which faults it covers stands in their rows.

use super::{files, none, read};
use std::collections::{BTreeMap, BTreeSet};

const PAGE: &str = "spec/faults.md";

/// A row of the table.
struct Row {
    id: String,
    holds: String,
    checks: Vec<String>,
}

fn rows(page: &str) -> Vec<Row> {
    let cells = |line: &str| line.trim_matches('|').split(" |").map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    let quoted = |cell: &str| cell.split('`').skip(1).step_by(2).map(str::to_owned).collect();
    let faults = page.split("\n## Planted bugs\n").next().unwrap_or_default();
    let rows = faults.lines().filter(|line| line.starts_with("| ") && !line.starts_with("| id "));
    rows.map(cells).map(|cells| Row { id: cells[0].clone(), holds: cells[2].clone(), checks: quoted(&cells[3]) }).collect()
}

/// The ids of a family, which are counted from 1 without a gap.
const FAMILIES: [(char, u32); 6] = [('P', 22), ('M', 14), ('C', 15), ('S', 9), ('A', 10), ('K', 12)];

/// Breaches of the page against the tests (`name` to the faults that its comment names).
fn breaches(page: &str, tests: &BTreeMap<String, BTreeSet<String>>, scripts: &[String]) -> Vec<String> {
    let rows = rows(page);
    let mut breaches = Vec::new();
    for (family, last) in FAMILIES {
        for id in (1..=last).map(|number| format!("{family}{number:02}")) {
            let count = rows.iter().filter(|row| row.id == id).count();
            breaches.extend((count != 1).then(|| format!("{id} has {count} rows")));
        }
    }
    for row in &rows {
        let is_there = |check: &&String| tests.contains_key(*check) || scripts.iter().any(|script| script.ends_with(check.as_str()));
        breaches.extend(row.checks.iter().filter(|check| !is_there(check)).map(|check| format!("{}: there is no test {check}", row.id)));
        let excused = row.holds.starts_with("Open: ") || row.holds.starts_with("Not met ");
        breaches.extend((row.checks.is_empty() && !excused).then(|| format!("{} has neither a check nor a reason", row.id)));
        let silent = tests.iter().filter(|(test, ids)| ids.contains(&row.id) && !row.checks.contains(test));
        breaches.extend(silent.map(|(test, _)| format!("{} does not name {test}, which says that it covers it", row.id)));
    }
    let known: BTreeSet<&String> = rows.iter().map(|row| &row.id).collect();
    let unknown = tests.iter().flat_map(|(test, ids)| ids.iter().filter(|id| !known.contains(id)).map(move |id| format!("{test} names {id}")));
    breaches.extend(unknown);
    breaches
}

/// The tests of a source, with the faults that the comment before each (or `//!` at the top, for all of them) names.
fn tests_of(source: &str) -> BTreeMap<String, BTreeSet<String>> {
    let ids = |text: &str| -> BTreeSet<String> {
        let Some((_, named)) = text.split_once("FAULTS ") else { return BTreeSet::new() };
        let words = named.split([',', ' ', ')', '.', ';', ':']).filter(|word| !word.is_empty());
        let is_id = |word: &str| word.len() == 3 && word.starts_with(|family| "PMCSAK".contains(family)) && word[1..].bytes().all(|byte| byte.is_ascii_digit());
        words.take_while(|word| is_id(word) || *word == "and").filter(|word| is_id(word)).map(str::to_owned).collect()
    };
    let whole: BTreeSet<String> = source.lines().take_while(|line| line.starts_with("//!")).flat_map(ids).collect();
    let mut found = BTreeMap::new();
    let (mut named, mut is_test) = (BTreeSet::new(), false);
    for line in source.lines().map(str::trim_start) {
        if line.starts_with("///") {
            named.extend(ids(line));
        } else if line == "#[test]" {
            is_test = true;
        } else if let Some(name) = line.strip_prefix("fn ").and_then(|rest| rest.split_once('(')).map(|(name, _)| name) {
            if std::mem::take(&mut is_test) {
                found.insert(name.to_owned(), named.union(&whole).cloned().collect());
            }
            named.clear();
        } else if !line.starts_with("#[") {
            named.clear();
        }
    }
    found
}

#[test]
fn the_table_of_faults_and_the_tests_agree() {
    let sources = ["crates", "src", "tests"].into_iter().flat_map(|folder| files(folder, ".rs"));
    let mut tests: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for source in sources {
        for (test, ids) in tests_of(&read(&source)) {
            tests.entry(test).or_default().extend(ids);
        }
    }
    none("the table of faults", &breaches(&read(PAGE), &tests, &files("tests/full", ".sh")));
}

/// The bugs that the page names and that are no clauses.
fn planted_on_the_page(page: &str) -> BTreeSet<String> {
    let section = page.split("\n## Planted bugs\n").nth(1).and_then(|rest| rest.split("\n## ").next()).unwrap_or_default();
    let cells = section.lines().filter(|line| line.starts_with("| `")).filter_map(|line| line.split(" | ").next());
    let names = cells.flat_map(|cell| cell.split('`').skip(1).step_by(2));
    names.filter(|name| name.contains(|letter: char| letter.is_ascii_lowercase())).map(str::to_owned).collect()
}

#[test]
fn every_planted_bug_is_on_the_page_and_in_the_program() {
    let sources = ["crates", "src"].into_iter().flat_map(|folder| files(folder, ".rs"));
    let asked = |source: String| {
        read(&source).split(concat!("planted::is(", '"')).skip(1).filter_map(|rest| rest.split('"').next().map(str::to_owned)).collect::<Vec<_>>()
    };
    let planted: BTreeSet<String> = sources.flat_map(asked).collect();
    assert_eq!(planted, planted_on_the_page(&read(PAGE)));
}

#[test]
fn a_wrong_table_is_seen() {
    let tests = tests_of("/// FAULTS P01, P02\n#[test]\nfn one() {}\n#[test]\nfn two() {}\n");
    assert_eq!(tests["one"].len() + tests["two"].len(), 2);
    let ids = FAMILIES.iter().flat_map(|(family, last)| (1..=*last).map(move |number| format!("{family}{number:02}")));
    let good: String = ids.map(|id| format!("| {id} | x | y | `{}` | |\n", if id == "P01" || id == "P02" { "one" } else { "two" })).collect();
    assert_eq!(breaches(&good, &tests, &[]), Vec::<String>::new());
    for (from, to) in [
        ("| P01 | x | y | `one` |", "| P01 | x | y | `two` |"),
        ("| K12 | x | y | `two` |", "| K12 | x | y | `three` |"),
        ("| K12 | x | y | `two` |", "| K12 | x | y | |"),
        ("| M03 | x | y | `two` | |\n", ""),
        ("| C04 |", "| C05 |"),
    ] {
        assert_ne!(breaches(&good.replace(from, to), &tests, &[]), Vec::<String>::new(), "{from} -> {to}");
    }
    assert_eq!(breaches(&good.replace("| K12 | x | y | `two` |", "| K12 | x | Open: later | |"), &tests, &[]), Vec::<String>::new());
}
