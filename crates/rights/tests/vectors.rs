//! The vectors of `spec/rights.md`, read from the page itself.

use rights::identifier::Identifier;
use rights::kind::Type;
use rights::mask::{Mask, Masking};
use rights::scalar::Date;
use serde_json::Value;
use std::path::Path;

fn page(path: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../spec").join(path)).expect("a page of the specification")
}

/// The rows of the first table whose heading has these columns.
fn table(text: &str, heading: &str) -> Vec<Vec<String>> {
    let rows = text.lines().skip_while(|line| *line != heading).skip(2).take_while(|line| line.starts_with('|'));
    let rows: Vec<Vec<String>> = rows.map(|row| row.trim_matches('|').split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()).collect();
    assert!(!rows.is_empty(), "no table {heading}");
    rows
}

fn identifier(name: &str) -> Identifier {
    *Identifier::ALL.iter().find(|known| known.name() == name).unwrap_or_else(|| panic!("no identifier {name}"))
}

#[test]
fn identifiers_are_what_the_page_says() {
    let rows = table(&page("rights.md"), "| type | value | expect |");
    for row in &rows {
        let [name, value, expect] = row.as_slice() else { panic!("{row:?}") };
        let result = identifier(name).check(value);
        assert_eq!(result.is_ok(), expect == "ok", "{name} {value}: {result:?}");
    }
    for known in Identifier::ALL {
        for expect in ["ok", "fail"] {
            assert!(rows.iter().any(|row| row[0] == known.name() && row[2] == expect), "no vector: {} {expect}", known.name());
        }
    }
}

#[test]
fn one_changed_character_is_seen_where_there_is_a_check_character() {
    let mut tried = 0;
    for row in table(&page("rights.md"), "| type | value | expect |").iter().filter(|row| row[2] == "ok") {
        if !["CitizenId", "Uscc"].contains(&row[0].as_str()) {
            continue;
        }
        for place in 0..row[1].len() {
            for other in ('0'..='9').chain('A'..='Z').filter(|other| row[1].chars().nth(place) != Some(*other)) {
                let mut changed = row[1].clone();
                changed.replace_range(place..=place, &other.to_string());
                assert!(identifier(&row[0]).check(&changed).is_err(), "{} {changed}", row[0]);
                tried += 1;
            }
        }
    }
    assert!(tried > 5_000, "{tried}");
}

#[test]
fn masks_give_what_the_page_says() {
    let key: [u8; 32] = core::array::from_fn(|place| place as u8);
    let masking = Masking { route_key: Some(&key), today: Date::parse("2026-11-21") };
    let rows = table(&page("rights.md"), "| mask | type | value | result |");
    for row in &rows {
        let [name, kind, value, expect] = row.as_slice() else { panic!("{row:?}") };
        let mask = Mask::named(name).unwrap_or_else(|| panic!("no mask {name}"));
        let kind = match kind.as_str() {
            "S" => Type::Text(200),
            "Ref" => Type::Ref(&["member"]),
            "Id" => Type::Id(Identifier::BankAccount),
            "D" => Type::Date,
            "WKT" => Type::Wkt,
            "m²" => Type::Decimal(2),
            "mu" => Type::Decimal(4),
            "¥" => Type::Money,
            other => panic!("type {other}"),
        };
        let of = |text: &str| if matches!(kind, Type::Money) { serde_json::from_str(text).unwrap() } else { Value::from(text) };
        let expect = (expect != "–").then(|| of(expect));
        assert_eq!(mask.apply(&of(value), kind, &masking), Ok(expect), "{name} {value}");
    }
    for mask in Mask::ALL.iter().filter(|mask| **mask != Mask::Subject) {
        assert!(rows.iter().any(|row| row[0] == mask.name()), "no vector: {}", mask.name());
    }
}

#[test]
fn every_mask_and_every_identifier_is_on_the_page() {
    let text = page("rights.md");
    for row in Mask::ALL.iter().map(|mask| format!("| `{}` | {} |", mask.name(), mask.zh())) {
        assert!(text.contains(&row), "{row}");
    }
    for known in Identifier::ALL {
        assert!(text.contains(&format!("| `{}` |", known.name())), "{}", known.name());
    }
}

#[test]
fn every_code_is_on_its_page() {
    let text = page("rights.md");
    for clause in rights::fault::ALL {
        assert!(text.contains(clause.code), "{} is not on the page", clause.code);
    }
}

#[test]
fn the_rules_of_the_page_are_those_of_the_code() {
    let rows = table(&page("rights/cross-checks.md"), "| id | zh | found when | severity |");
    assert_eq!(rows.len(), rights::rules::Rule::all().count());
    for (rule, row) in rights::rules::Rule::all().zip(rows) {
        let severity = row.last().expect("a row has cells");
        assert_eq!((rule.id(), rule.zh()), (row[0].clone(), row[1].as_str()));
        assert_eq!(severity.split(" / ").next(), Some(rule.severity().name()), "{}", rule.id());
    }
}
