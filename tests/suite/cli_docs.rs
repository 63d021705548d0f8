//! `spec/cli.md` and the command line say the same: every command and option is on the page, the page names no other ones, and
//! every field that a report has as JSON is there.

use crate::cli_snapshots::reports;
use crate::tidy::read;
use clap::Command;
use gapferry::command_line::{BINARY, build};
use gapferry::language::Language;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// The sections of the page by their heading, and the command lines in the headings.
fn sections(page: &str) -> BTreeMap<String, String> {
    let mut sections = BTreeMap::new();
    for section in page.split("\n## ").flat_map(|chapter| chapter.split("\n### ")) {
        let (heading, text) = section.split_once('\n').unwrap_or((section, ""));
        sections.insert(heading.trim_matches('`').to_owned(), format!("{heading}\n{text}"));
    }
    sections
}

/// Every command that does something, with its words.
pub fn commands(command: &Command, words: &str, found: &mut Vec<(String, Command)>) {
    for below in command.get_subcommands() {
        let words = format!("{words} {}", below.get_name());
        if below.has_subcommands() {
            commands(below, &words, found);
        } else {
            found.push((words, below.clone()));
        }
    }
}

/// The options that a command line in the page shows.
fn options(line: &str) -> BTreeSet<String> {
    let words = line.split(|character: char| !(character.is_ascii_alphanumeric() || character == '-'));
    words.filter_map(|word| word.strip_prefix("--")).filter(|name| !name.is_empty()).map(str::to_owned).collect()
}

#[test]
fn every_command_and_option_is_on_the_page_and_no_other() {
    let page = read("spec/cli.md");
    let sections = sections(&page);
    let mut all = Vec::new();
    let root = build(Language::English);
    commands(&root, BINARY, &mut all);
    assert!(all.len() > 20, "the commands were not found");
    let mut shown: BTreeSet<&String> = sections.keys().filter(|heading| heading.starts_with(BINARY)).collect();
    for (words, command) in &all {
        let heading = sections.keys().find(|heading| heading.strip_prefix(words.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with(' ')));
        let heading = heading.unwrap_or_else(|| panic!("spec/cli.md has no section for {words}"));
        shown.remove(heading);
        let own: BTreeSet<String> =
            command.get_arguments().filter(|argument| !argument.is_global_set()).filter_map(|argument| argument.get_long()).map(str::to_owned).collect();
        assert_eq!(options(heading), own, "{words}");
        for argument in command.get_arguments().filter(|argument| !argument.is_global_set()) {
            for value in argument.get_value_names().into_iter().flatten() {
                assert!(heading.contains(value.as_str()), "{words}: {value} is not in its heading");
            }
            for word in argument.get_possible_values().iter().filter(|_| argument.get_action().takes_values()) {
                assert!(sections[heading].contains(&format!("`{}`", word.get_name())), "{words}: `{}` is not in its section", word.get_name());
            }
        }
    }
    assert!(shown.is_empty(), "spec/cli.md has sections for commands that do not exist: {shown:?}");
    let global = &sections["Global options"];
    for argument in root.get_arguments() {
        let long = argument.get_long().expect("global arguments are options");
        assert!(global.contains(&format!("| `--{long}")), "--{long} is not in the table of global options");
    }
}

#[test]
fn every_help_ends_with_an_example_of_its_command() {
    for language in [Language::English, Language::Chinese] {
        let mut all = Vec::new();
        commands(&build(language), BINARY, &mut all);
        for (words, mut command) in all {
            let help = command.render_help().to_string();
            let example = help.rsplit("\n\n").next().expect("a split has a first part");
            assert!(example.contains(&format!("\n  {words} ")), "{words}: {example}");
        }
    }
}

/// Examples are lines that the parser takes.
#[test]
fn every_example_can_be_typed() {
    for language in [Language::English, Language::Chinese] {
        let root = build(language);
        let mut all = Vec::new();
        commands(&root, BINARY, &mut all);
        for (words, mut command) in all {
            let help = command.render_help().to_string();
            let line = help.lines().filter_map(|line| line.strip_prefix("  ")).rfind(|line| line.starts_with(&words)).expect("an example was found above");
            let line = line.split(" > ").next().expect("a split has a first part");
            let mut arguments: Vec<String> = Vec::new();
            for (place, piece) in line.split('\'').enumerate() {
                if place % 2 == 1 { arguments.push(piece.to_owned()) } else { arguments.extend(piece.split_whitespace().map(str::to_owned)) }
            }
            root.clone().try_get_matches_from(&arguments).unwrap_or_else(|error| panic!("{line}: {error}"));
        }
    }
}

fn fields(value: &Value, found: &mut BTreeSet<String>) {
    match value {
        Value::Object(entries) => {
            for (name, value) in entries {
                found.insert(name.clone());
                // What `inspect` can say of a file differs from file to file, as do the values of a certificate.
                if name != "facts" && name != "values" {
                    fields(value, found);
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| fields(value, found)),
        _ => {}
    }
}

#[test]
fn every_field_of_a_report_is_on_the_page() {
    let page = read("spec/cli.md");
    let mut all = BTreeSet::new();
    reports().iter().for_each(|(_, report)| fields(report, &mut all));
    assert!(all.len() > 80, "the fields were not found");
    let missing: Vec<&String> = all.iter().filter(|name| !page.contains(&format!("`{name}`")) && !page.contains(&format!("\"{name}\""))).collect();
    assert!(missing.is_empty(), "fields that spec/cli.md does not name: {missing:?}");
}
