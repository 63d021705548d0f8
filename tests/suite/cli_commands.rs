//! Every command, run as a process: one JSON object and its exit code whatever happens, wrong lines refused, closed pipes harmless.

use crate::cli_docs::commands;
use gapferry::command_line::{BINARY, build};
use gapferry::language::Language;
use serde_json::Value;
use std::path::Path;
use std::process::{Command, Output, Stdio};

fn gapferry(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gapferry"));
    command.args(arguments).current_dir(folder).env_remove("GAPFERRY_HOME").env_remove("GAPFERRY_PASSPHRASE_FILE").env("LC_ALL", "C");
    command.stdin(Stdio::null()).output().expect("the binary can be run")
}

fn json(arguments: &[&str], folder: &Path) -> (Option<i32>, Value) {
    let output = gapferry(arguments, folder);
    let printed = String::from_utf8(output.stdout).expect("JSON is UTF-8");
    assert!(printed.ends_with('\n'), "{arguments:?}: {printed}");
    let object: Value =
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{arguments:?}: {error}: {printed}{}", String::from_utf8_lossy(&output.stderr)));
    assert!(object.is_object(), "{arguments:?}: {object}");
    assert_eq!(object["exit"].as_i64(), output.status.code().map(i64::from), "{arguments:?}: {object}");
    (output.status.code(), object)
}

/// The least that a command can be given: every required argument with some value.
fn least(command: &clap::Command) -> Vec<String> {
    let mut line = Vec::new();
    let one_of = command.get_groups().filter_map(|group| group.get_args().next().map(|id| id.as_str().to_owned())).collect::<Vec<_>>();
    for argument in command.get_arguments().filter(|argument| argument.is_required_set() || one_of.iter().any(|id| argument.get_id() == id.as_str())) {
        line.extend(argument.get_long().map(|long| format!("--{long}")));
        let word = argument.get_possible_values().first().map(|word| word.get_name().to_owned());
        line.push(word.unwrap_or_else(|| "x".to_owned()));
    }
    line
}

#[test]
fn every_command_answers_with_one_object() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let mut all = Vec::new();
    commands(&build(Language::English), BINARY, &mut all);
    let mut carried_out = 0;
    // The demonstration has tests of its own.
    for (words, command) in all.iter().filter(|(words, _)| !words.ends_with(" demo")) {
        let mut line: Vec<String> = words.split(' ').skip(1).map(str::to_owned).collect();
        line.extend(least(command));
        if words.ends_with(" run") {
            line.push("--once".to_owned());
        }
        // A home for each, which only `init` finds no fault with.
        line.extend(["--home".to_owned(), words.replace(' ', "-"), "--json".to_owned()]);
        let line: Vec<&str> = line.iter().map(String::as_str).collect();
        let (exit, object) = json(&line, folder.path());
        if object["error"].is_null() {
            carried_out += 1;
            continue;
        }
        assert!(matches!(exit, Some(2..=5)), "{words}: {object}");
        for field in ["code", "subject", "detail", "advice"] {
            assert!(object["error"][field].as_str().is_some_and(|text| !text.is_empty()), "{words}: {field} in {object}");
        }
    }
    assert!(carried_out >= 3, "init, completions and man need nothing");
}

#[test]
fn wrong_lines_end_with_two() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for line in [
        &["--json"][..],
        &["bogus", "--json"],
        &["carry", "--json"],
        &["status", "--json", "--bogus"],
        &["pack", "--to", "m", "--medium-size", "big", "--json"],
    ] {
        let (exit, object) = json(line, folder.path());
        assert_eq!((exit, object["error"]["code"].as_str()), (Some(2), Some("USE-01")), "{line:?}: {object}");
    }
    let (exit, object) = json(&["status", "--json"], folder.path());
    assert_eq!((exit, object["error"]["code"].as_str()), (Some(2), Some("HOM-02")), "{object}");
    // What is no UTF-8 hides nothing that stands behind it.
    let medium: &std::ffi::OsStr = std::os::unix::ffi::OsStrExt::from_bytes(b"m\xfd");
    let mut command = Command::new(env!("CARGO_BIN_EXE_gapferry"));
    command.args(["--home", "nowhere", "carry"].map(std::ffi::OsStr::new)).arg(medium).args(["--json", "--lang", "zh"]);
    let output = command.current_dir(folder.path()).stdin(Stdio::null()).output().expect("the binary can be run");
    let object: Value = serde_json::from_slice(&output.stdout).expect("one JSON object");
    assert_eq!(object["error"]["code"].as_str(), Some("HOM-02"), "{object}");
    let (exit, object) = json(&["trust", "x", "--home", "nowhere", "--json"], folder.path());
    assert_eq!((exit, object["error"]["subject"].as_str()), (Some(2), Some("--fingerprint")), "nobody compares a card here: {object}");
}

#[test]
fn json_is_never_localised() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let english = json(&["status", "--json", "--lang", "en"], folder.path());
    assert_eq!(english, json(&["status", "--json", "--lang", "zh"], folder.path()));
    let said = |language: &str| gapferry(&["status", "--lang", language], folder.path()).stderr;
    assert_ne!(said("en"), said("zh"));
}

#[test]
fn set_up_is_repeatable_and_a_home_is_found_by_its_variable() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let init = ["init", "--home", "home", "--zone", "inside", "--role", "source", "--json"];
    let (first, second) = (json(&init, folder.path()), json(&init, folder.path()));
    assert_eq!((first.0, first.1["created"].as_bool(), second.0, second.1["created"].as_bool()), (Some(0), Some(true), Some(0), Some(false)));
    assert_eq!(first.1["fingerprint"], second.1["fingerprint"]);
    let card = |home: &str| {
        Command::new(env!("CARGO_BIN_EXE_gapferry")).arg("card").current_dir(folder.path()).env("GAPFERRY_HOME", home).output().expect("the binary can be run")
    };
    let output = card("home");
    assert!(output.status.success() && output.stdout.starts_with(b"gapferry card 1\nzone: inside\n"), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(card("").status.code(), Some(2));
}

#[test]
fn a_reader_who_leaves_does_no_harm() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let script = format!("{} --help | true; echo ${{PIPESTATUS[0]}}", env!("CARGO_BIN_EXE_gapferry"));
    let output = Command::new("bash").args(["-c", &script]).current_dir(folder.path()).output().expect("bash can be run");
    assert_eq!((output.stdout.as_slice(), output.stderr.as_slice()), (&b"0\n"[..], &b""[..]));
}
