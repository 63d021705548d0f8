//! The page of the specification and the tables of the program say the same: keys, features, limits, codes, rules.

use template::feature::Feature;
use template::keys::{Form, Key, PROJECTION, SECTIONS, Status};
use template::lint::{RULES, WARNINGS};

fn page() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../spec/template.md")).expect("the page")
}

/// The cells of the rows that begin with a cell that `begins`.
fn rows(begins: impl Fn(&str) -> bool) -> Vec<Vec<String>> {
    let cells = |line: &str| line.trim_matches('|').split('|').map(|cell| cell.trim().to_owned()).collect::<Vec<_>>();
    page().lines().filter(|line| line.starts_with("| ")).map(cells).filter(|row| begins(&row[0])).collect()
}

fn written(path: String, key: &Key) -> (String, bool, &'static str) {
    let feature = match key.status {
        Status::Built => "yes",
        Status::Missing(feature) | Status::Only(_, feature) => feature.id(),
    };
    (path, key.needed, feature)
}

#[test]
fn the_table_of_keys_is_that_of_the_program() {
    let of_sections = SECTIONS.iter().flat_map(|section| {
        let name = if section.many { format!("{}[]", section.name) } else { section.name.to_owned() };
        section.keys.iter().map(move |key| written(format!("`{name}.{}`", key.name), key))
    });
    let mut program: Vec<_> = of_sections.chain(PROJECTION.iter().map(|key| written(format!("`project.<kind>.{}`", key.name), key))).collect();
    let mut page: Vec<(String, bool, String)> = rows(|cell| cell.starts_with('`') && cell.contains('.') && !cell.contains(' '))
        .into_iter()
        .filter(|row| row.len() == 5)
        .map(|row| (row[0].clone(), row[2] == "yes", row[4].clone()))
        .collect();
    program.sort();
    page.sort();
    assert_eq!(page.iter().map(|row| &row.0).collect::<Vec<_>>(), program.iter().map(|row| &row.0).collect::<Vec<_>>());
    for ((path, needed, feature), (_, needed_here, said)) in program.iter().zip(&page) {
        assert_eq!(needed, needed_here, "{path}");
        let right = if *feature == "yes" { said.starts_with("yes") } else { said.ends_with(&format!("`{feature}`")) };
        assert!(right, "{path}: the page says {said:?}, the program {feature:?}");
        assert_eq!(said.starts_with("only"), program_is_only(path), "{path}");
    }
}

fn program_is_only(path: &str) -> bool {
    let name = path.trim_matches('`');
    SECTIONS.iter().any(|section| {
        let prefix = if section.many { format!("{}[].", section.name) } else { format!("{}.", section.name) };
        section.keys.iter().any(|key| format!("{prefix}{}", key.name) == name && matches!(key.status, Status::Only(..)))
    })
}

#[test]
fn words_of_keys_features_limits_codes_and_rules_are_on_the_page() {
    let page = page();
    for section in SECTIONS {
        for key in section.keys {
            if let Form::OneOf(words) | Form::SomeOf(words) = key.form {
                words.iter().for_each(|word| assert!(page.contains(&format!("`{word}`")), "{word} of {}.{}", section.name, key.name));
            }
        }
    }
    for feature in Feature::ALL {
        assert!(page.contains(&format!("`{}`", feature.id())), "{}", feature.id());
    }
    for limit in [
        format!("`TEMPLATE_BYTES_MAX` = {} KiB", template::TEMPLATE_BYTES_MAX >> 10),
        format!("`BLOCKS_MAX` = {}", template::draft::BLOCKS_MAX),
        format!("`PREDICATE_BYTES_MAX` = {} KiB", template::predicate::PREDICATE_BYTES_MAX >> 10),
        format!("`PREDICATE_DEPTH_MAX` = {}", template::predicate::PREDICATE_DEPTH_MAX),
        format!("`STEPS_MAX` = {}", template::predicate::STEPS_MAX),
        format!("`REFERENCES_MAX` = {}", template::predicate::REFERENCES_MAX),
        format!("`STRIP_BYTES_MAX` = {} MiB", template::strip::STRIP_BYTES_MAX >> 20),
        format!("This version knows N = {}.", template::draft::SCHEMA_VERSION),
    ] {
        assert!(page.contains(&limit), "{limit}");
    }
    for clause in template::fault::ALL {
        assert!(page.contains(clause.code), "{}", clause.code);
    }
    let rules = rows(|cell| cell.len() == 3 && cell.starts_with('L'));
    let named: Vec<(&str, bool)> = rules.iter().map(|row| (row[0].as_str(), row[1] == "warning")).collect();
    assert_eq!(named, RULES.map(|id| (id, WARNINGS.contains(&id))));
}

/// `all@1` is frozen: a field that is added to the tables later must not be sent by templates that were written before. Whoever adds one makes a
/// new version of the list in `draft`, and leaves this one as it is.
#[test]
fn the_list_of_all_at_1_is_frozen() {
    let lists: String = rights::kinds::ALL
        .iter()
        .map(|kind| {
            let names: Vec<&str> = kind.all_fields().map(|field| field.name).filter(|name| !template::draft::FIXED.contains(name)).collect();
            format!("{}: {}\n", kind.name, names.join(" "))
        })
        .collect();
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all-at-1.txt");
    assert_eq!(lists, std::fs::read_to_string(path).expect("the frozen list"), "the tables of kinds changed: `all@N` needs a new N");
}

/// What people read about findings and missing features is in the table of texts.
#[test]
fn every_rule_and_feature_has_its_text() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../src/texts.toml");
    let texts: toml::Table = std::fs::read_to_string(path).expect("the texts").parse().expect("TOML");
    let keys = |group: &str| texts[group].as_table().expect("a group").keys().cloned().collect::<std::collections::BTreeSet<_>>();
    assert_eq!(keys("lint"), RULES.map(str::to_owned).into());
    assert_eq!(keys("feature"), Feature::ALL.iter().map(|feature| feature.id().to_owned()).collect());
}
