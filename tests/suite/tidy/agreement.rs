//! Specification, code and fixtures say the same: every clause stands in `spec/codes.md` and on its page, dies without its
//! fixture, and no fixture or page names a clause that does not exist; record kinds and limits are on their pages.

use super::{crate_folders, files, none, read, root};
use std::collections::{BTreeMap, BTreeSet};

/// Which page specifies the clauses of a family.
const PAGES: &[(&str, &str)] = &[
    ("ENV", "envelope.md"),
    ("PKG", "package.md"),
    ("RCT", "receipt.md"),
    ("CRD", "card.md"),
    ("LBL", "medium.md"),
    ("LDG", "ledger.md"),
    ("CRT", "certificate.md"),
];

/// Where the clauses are.
const CLAUSES: &[&str] = &["crates/wire/src/clause.rs", "crates/rights/src/certificate/clause.rs"];
/// Where each code gets its exit code and what a person does now.
const ADVICE: &str = "src/advice.rs";

/// Sources that ship, but the judge's.
fn shipped() -> impl Iterator<Item = String> {
    let crates = crate_folders().into_iter().filter(|name| name != "vectors").map(|name| format!("crates/{name}/src"));
    crates.chain(["src".to_owned()]).flat_map(|folder| files(&folder, ".rs")).filter(|path| !super::sources::is_test(path))
}

struct Clause {
    /// Its name in the code.
    name: String,
    code: String,
    class: String,
}

/// The clauses of the code, from its one table.
fn clauses(text: &str) -> Vec<Clause> {
    let table = text.split_once("\nclauses! {\n").expect("the table of clauses").1;
    table
        .lines()
        .take_while(|line| *line != "}")
        .filter_map(|line| {
            let (name, rest) = line.split_once('"')?;
            let (code, rest) = rest.split_once('"')?;
            Some(Clause { name: name.trim().to_owned(), code: code.to_owned(), class: rest.split_whitespace().next()?.to_owned() })
        })
        .collect()
}

fn family(code: &str) -> &str {
    code.split('-').next().expect("a split has a first part")
}

/// Every code in a text: two or three capitals, a dash, two digits, standing alone.
fn codes(text: &str) -> BTreeSet<String> {
    let words = text.split(|character: char| !(character.is_ascii_alphanumeric() || character == '-' || character == '_'));
    words
        .filter(|word| {
            word.split_once('-').is_some_and(|(family, number)| {
                (2..=3).contains(&family.len())
                    && family.bytes().all(|byte| byte.is_ascii_uppercase())
                    && number.len() == 2
                    && number.bytes().all(|byte| byte.is_ascii_digit())
            })
        })
        .map(str::to_owned)
        .collect()
}

/// The codes that bad fixtures are named by, with one path each. A fixture is a file or a folder directly in `fixtures/<page>/bad`.
fn fixtures() -> BTreeMap<String, String> {
    let mut named = BTreeMap::new();
    for path in files("fixtures", "") {
        let parts: Vec<&str> = path.split('/').collect();
        if let [_, _, "bad", name, ..] = parts.as_slice() {
            let code = name.split_once('_').map_or(*name, |(code, _)| code);
            named.insert(code.to_owned(), path);
        }
    }
    named
}

#[test]
fn every_clause_is_specified_and_has_a_fixture() {
    let clauses: Vec<Clause> = CLAUSES.iter().flat_map(|path| clauses(&read(path))).collect();
    assert!(clauses.len() > 50, "the table of clauses was not read");
    let all_codes = read("spec/codes.md");
    let fixtures = fixtures();
    let sources: Vec<String> = shipped().filter(|path| !CLAUSES.contains(&path.as_str()) && path != ADVICE).map(|path| read(&path)).collect();
    let enforced: BTreeSet<&str> = sources.iter().flat_map(|text| words(text)).collect();
    let given: BTreeSet<String> = sources.iter().flat_map(|text| literal_codes(text)).collect();
    let mut breaches = Vec::new();
    for Clause { name, code, class } in &clauses {
        if !enforced.contains(name.as_str()) && !given.contains(code) {
            breaches.push(format!("{code} is enforced nowhere: no source names {name}"));
        }
        let page = PAGES.iter().find(|(prefix, _)| *prefix == family(code)).unwrap_or_else(|| panic!("{code} has a family without a page")).1;
        if !all_codes.lines().any(|line| codes(line).contains(code) && line.contains(class.as_str())) {
            breaches.push(format!("{code} is not in spec/codes.md as {class}"));
        }
        if !codes(&read(&format!("spec/{page}"))).contains(code) {
            breaches.push(format!("{code} is not on its page, spec/{page}"));
        }
        if !fixtures.contains_key(code) {
            breaches.push(format!("{code} has no fixture: nothing dies when it is not enforced"));
        }
    }
    none("clauses", &breaches);
}

#[test]
fn no_page_or_fixture_names_a_clause_that_does_not_exist() {
    let known: BTreeSet<String> = CLAUSES.iter().flat_map(|path| clauses(&read(path))).map(|clause| clause.code).collect();
    let listed = codes(&read("spec/codes.md"));
    let mut breaches = Vec::new();
    for path in files("spec", ".md") {
        for code in codes(&read(&path)) {
            let of_a_page = PAGES.iter().any(|(prefix, _)| *prefix == family(&code));
            if of_a_page && !known.contains(&code) {
                breaches.push(format!("{path}: {code} is no clause of the code"));
            } else if !of_a_page && is_our_family(&code, &listed) && !listed.contains(&code) {
                breaches.push(format!("{path}: {code} is not in spec/codes.md"));
            }
        }
    }
    breaches.extend(fixtures().into_iter().filter(|(code, _)| !known.contains(code)).map(|(code, path)| format!("{path}: {code} is no clause of the code")));
    none("codes that nothing defines", &breaches);
}

/// Whether a code belongs to a family that `spec/codes.md` knows; others (UTF-16, a standard's number) are not ours.
fn is_our_family(code: &str, listed: &BTreeSet<String>) -> bool {
    listed.iter().any(|other| family(other) == family(code))
}

/// Codes as whole string literals, which is how the sources name them; not those of the test module, which is last.
fn literal_codes(text: &str) -> BTreeSet<String> {
    let ships = text.split("\n#[cfg(test)]\n").next().expect("a split has a first part");
    ships.split('"').filter(|literal| codes(literal).contains(*literal)).map(str::to_owned).collect()
}

#[test]
fn the_codes_of_the_program_are_the_listed_ones() {
    let listed = codes(&read("spec/codes.md"));
    let mut breaches = Vec::new();
    let mut given = BTreeSet::new();
    for path in shipped() {
        let found = literal_codes(&read(&path));
        breaches.extend(found.difference(&listed).map(|code| format!("{path}: {code} is not in spec/codes.md")));
        if path != ADVICE {
            given.extend(found);
        }
    }
    breaches.extend(listed.difference(&given).map(|code| format!("spec/codes.md: the program never gives {code}")));
    none("codes", &breaches);
}

/// The codes of the advice with their exit codes.
fn advised(text: &str) -> BTreeMap<String, String> {
    let names: BTreeMap<&str, &str> = text
        .lines()
        .filter_map(|line| line.strip_prefix("pub const ")?.split_once(": u8 = "))
        .map(|(name, value)| (name, value.trim_end_matches(';')))
        .collect();
    text.lines()
        .filter_map(|line| line.trim().strip_prefix("advice(\"")?.split_once("\", "))
        .map(|(code, rest)| {
            let exit = rest.split(',').next().expect("a split has a first part");
            (code.to_owned(), names.get(exit).copied().unwrap_or(exit).to_owned())
        })
        .collect()
}

#[test]
fn every_code_has_the_exit_code_of_its_page() {
    let page = read("spec/codes.md");
    let rows = page.lines().filter_map(|line| {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, code, _, exit, ..] = cells.as_slice() else { return None };
        codes(code).contains(*code).then(|| ((*code).to_owned(), (*exit).to_owned()))
    });
    let rows: BTreeMap<String, String> = rows.collect();
    assert!(rows.len() > 60, "the rows of spec/codes.md were not read");
    let advised = advised(&read(ADVICE));
    let all: BTreeSet<&String> = rows.keys().chain(advised.keys()).collect();
    let differ = all.into_iter().filter(|code| rows.get(*code) != advised.get(*code));
    none("exit codes", &differ.map(|code| format!("{code}: {:?} in spec/codes.md, {:?} in {ADVICE}", rows.get(code), advised.get(code))).collect::<Vec<_>>());
}

#[test]
fn every_kind_of_record_is_on_the_page_of_the_ledger() {
    let text = read("crates/wire/src/record.rs");
    let table = text.split_once("\nrecords! {\n").expect("the table of records").1;
    let kinds: Vec<(&str, &str)> = table
        .lines()
        .take_while(|line| *line != "}")
        .filter_map(|line| line.trim().strip_suffix(" {")?.split_once(' '))
        .filter(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()))
        .collect();
    assert!(kinds.len() > 20, "the table of records was not read");
    let page = read("spec/ledger.md");
    let missing: Vec<String> = kinds
        .into_iter()
        .filter(|(number, name)| !page.lines().any(|line| words(line).any(|word| word == *number) && words(line).any(|word| word == *name)))
        .map(|(number, name)| format!("{number} {name}"))
        .collect();
    none("records that spec/ledger.md does not give with number and name", &missing);
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|character: char| !(character.is_alphanumeric() || character == '_')).filter(|word| !word.is_empty())
}

/// The named limits of the formats and their values.
fn limits(text: &str) -> Vec<(String, u64)> {
    text.lines()
        .filter_map(|line| line.strip_prefix("pub const "))
        .map(|line| {
            let (name, rest) = line.split_once(':').expect("a constant has a type");
            let value = rest.split_once('=').expect("a constant has a value").1.trim().trim_end_matches(';').replace('_', "");
            let number = |text: &str| text.trim().parse::<u64>().unwrap_or_else(|_| panic!("{name} is given in a way this test does not read: {value}"));
            let value = value.split_once("<<").map_or_else(|| number(&value), |(left, right)| number(left) << number(right));
            (name.to_owned(), value)
        })
        .collect()
}

/// Whether a line of the specification gives this number: in digits, in KiB, MiB or GiB, or as a power of two.
fn gives(line: &str, value: u64) -> bool {
    let plain: String = line.chars().filter(|character| !matches!(character, ',' | '_' | '\u{202f}' | '\u{2009}')).collect();
    let units = [("KiB", 10), ("MiB", 20), ("GiB", 30)].into_iter().filter(|(_, shift)| value.trailing_zeros() >= *shift);
    words(&plain).any(|word| word == value.to_string())
        || units.into_iter().any(|(unit, shift)| plain.contains(&format!("{} {unit}", value >> shift)))
        || value.is_power_of_two() && ["2^", "2**", "1 << "].into_iter().any(|power| plain.contains(&format!("{power}{}", value.trailing_zeros())))
}

#[test]
fn every_limit_is_in_the_specification_with_its_value() {
    let limits = limits(&read("crates/wire/src/limits.rs"));
    assert!(limits.len() > 15, "the limits were not read");
    let pages: Vec<String> = files("spec", ".md").iter().map(|path| read(path)).collect();
    let missing: Vec<String> = limits
        .into_iter()
        .filter(|(name, value)| !pages.iter().flat_map(|page| page.lines()).any(|line| words(line).any(|word| word == name) && gives(line, *value)))
        .map(|(name, value)| format!("{name} = {value}"))
        .collect();
    none("limits that no line of spec/ gives with name and value", &missing);
}

#[test]
fn fixtures_lie_where_a_stranger_looks() {
    assert!(root().join("fixtures/README.md").is_file() || read("spec/README.md").contains("fixtures/"), "nothing says how the fixtures are read");
    let astray: Vec<String> = files("fixtures", "")
        .into_iter()
        .filter(|path| {
            let parts: Vec<&str> = path.split('/').collect();
            match parts.as_slice() {
                [_, _, "good", name, ..] => !name.starts_with("00_"),
                [_, _, "bad", name, ..] => name.split_once('_').is_none_or(|(code, _)| codes(code).len() != 1),
                _ => false,
            }
        })
        .collect();
    none("fixtures that are not named by what they are", &astray);
}

#[test]
fn texts_are_read_as_meant() {
    let found: Vec<String> = codes("ENV-01, PKG-02: but not UTF-8, A-01, ENV-1, X-ENV-01 or (RCT-03)").into_iter().collect();
    assert_eq!(found, ["ENV-01", "PKG-02", "RCT-03"]);
    assert_eq!(
        advised("pub const HELD: u8 = 75;\n    advice(\"HOM-01\", HELD, \"fault.nobody\"),\n").into_iter().collect::<Vec<_>>(),
        [("HOM-01".to_owned(), "75".to_owned())]
    );
    assert_eq!(literal_codes("Failure::new(\"HOM-02\", \"see HOM-03\")\n#[cfg(test)]\nmod tests { \"HOM-04\" }").into_iter().collect::<Vec<_>>(), ["HOM-02"]);
    assert_eq!(limits("pub const A_MAX: usize = 65_536;\npub const B: u64 = 64 << 20;"), [("A_MAX".to_owned(), 65_536), ("B".to_owned(), 64 << 20)]);
    for (line, value, yes) in [
        ("| `A` | 65,536 |", 65_536, true),
        ("| `A` | 65536 |", 65_536, true),
        ("| `A` | 64 KiB |", 65_536, true),
        ("| `A` | 2^48 |", 1 << 48, true),
        ("| `A` | 655360 |", 65_536, false),
        ("| `A` | 64 MiB |", 65_536, false),
        ("| `A` | 8 |", 9, false),
    ] {
        assert_eq!(gives(line, value), yes, "{line} {value}");
    }
}
