//! The sources: what the inner ring must not touch, what only one place may touch, how a file opens, how long it may be, and
//! what must not be left in it.

use super::{crate_folders, files, none, read};

/// Longest file outside tests, lines.
const LINES_MAX: usize = 600;
/// The crates that touch nothing but their arguments.
const INNER: &[&str] = &["wire", "seal", "engine", "rights", "template", "county"];
/// Those of them that do without the standard library.
const NO_STD: &[&str] = &["wire", "engine"];
/// What a pure crate may take from the standard library.
const PURE_STD: &[&str] =
    &["borrow", "cell", "cmp", "collections", "convert", "error", "fmt", "hash", "iter", "mem", "num", "ops", "slice", "str", "string", "vec"];
/// What asks for planted bugs, which are in no normal build.
const PLANTED: &str = "crates/wire/src/planted.rs";
/// What keeps who provides the suite of algorithms: named once in a process, and no answer depends on it.
const PROVIDED: &str = "crates/seal/src/provided.rs";
/// The outer crates that reach every file through `Disk`, and time and entropy through their arguments.
const THROUGH_DISK: &[&str] = &["capture", "carrier", "driver"];
/// What those must not name.
const SYSTEM: &[&str] = &["std::fs", "std::net", "std::env", "File::open", "SystemTime", "OpenOptions"];
/// Words that name nothing.
const EMPTY_WORDS: &[&str] = &["manager", "helper", "util", "utils", "common", "misc", "info", "data", "process", "job", "task"];

/// Sources that ship: of the binary and of every crate.
fn shipped() -> Vec<String> {
    let mut paths = files("src", ".rs");
    for name in crate_folders() {
        paths.extend(files(&format!("crates/{name}/src"), ".rs"));
    }
    assert!(paths.len() > 20, "the sources were not found");
    paths
}

/// All sources, tests and benches too.
fn all() -> Vec<String> {
    let mut paths: Vec<String> = ["src", "crates", "tests", "benches"].into_iter().flat_map(|folder| files(folder, ".rs")).collect();
    paths.retain(|path| !path.contains("/target/"));
    paths
}

pub fn is_test(path: &str) -> bool {
    path.split('/').any(|part| part == "tests" || part == "conformance.rs" || part.ends_with("tests.rs") || part.ends_with("_test.rs"))
}

/// The lines that ship, with their numbers: without comments and without what follows the test module, which is last.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines()
        .enumerate()
        .map(|(place, line)| (place + 1, line.trim()))
        .take_while(|(_, line)| *line != "#[cfg(test)]")
        .filter(|(_, line)| !line.starts_with("//"))
}

fn impure(path: &str, text: &str) -> Vec<String> {
    let mut breaches = Vec::new();
    for (number, line) in lines(text) {
        for (at, _) in line.match_indices("std::") {
            let starts_here = !line[..at].ends_with(|before: char| before.is_alphanumeric() || before == '_');
            let part: String = line[at + 5..].chars().take_while(|character| character.is_alphanumeric() || *character == '_').collect();
            if starts_here && !PURE_STD.contains(&part.as_str()) {
                breaches.push(format!("{path}:{number}: std::{part}"));
            }
        }
        for word in ["extern crate std", "println!", "eprintln!", "OsRng", "SysRng", "getrandom", "tracing", "include_bytes!", "include_str!", "env!"] {
            if line.contains(word) {
                breaches.push(format!("{path}:{number}: {word}"));
            }
        }
    }
    breaches
}

fn around_disk(path: &str, text: &str) -> Vec<String> {
    let named = lines(text).flat_map(|(number, line)| SYSTEM.iter().filter(move |word| line.contains(**word)).map(move |word| (number, word)));
    named.map(|(number, word)| format!("{path}:{number}: {word}")).collect()
}

/// What must not be left in any source. The words are put together here so that this file does not hold them.
fn left_over(path: &str, text: &str) -> Vec<String> {
    let words = [concat!("to", "do!("), concat!("unimple", "mented!("), concat!("#[ig", "nore"), concat!("FIX", "ME"), concat!("dbg", "!(")];
    let mut breaches = Vec::new();
    for (place, line) in text.lines().enumerate() {
        for word in words.iter().filter(|word| line.contains(**word)) {
            breaches.push(format!("{path}:{}: {word}", place + 1));
        }
        if line.trim_start().starts_with(concat!("match", "es!(")) && line.trim_end().ends_with(';') {
            breaches.push(format!("{path}:{}: a comparison that nothing asserts", place + 1));
        }
    }
    breaches
}

#[test]
fn the_inner_ring_touches_nothing_but_its_arguments() {
    for name in INNER {
        let paths: Vec<String> = files(&format!("crates/{name}/src"), ".rs")
            .into_iter()
            .filter(|path| !is_test(path) && ![PLANTED, PROVIDED].iter().any(|kept| path.ends_with(kept)))
            .collect();
        assert!(!paths.is_empty(), "{name} has no sources");
        none("the inner ring", &paths.iter().flat_map(|path| impure(path, &read(path))).collect::<Vec<_>>());
    }
    for name in NO_STD {
        assert!(read(&format!("crates/{name}/src/lib.rs")).contains("\n#![no_std]\n"), "{name} does without the standard library");
    }
}

#[test]
fn files_clock_and_entropy_are_reached_through_their_traits() {
    for name in THROUGH_DISK {
        let paths = files(&format!("crates/{name}/src"), ".rs").into_iter().filter(|path| !is_test(path));
        none("past the Disk trait", &paths.flat_map(|path| around_disk(&path, &read(&path))).collect::<Vec<_>>());
    }
}

#[test]
fn every_source_says_what_it_is() {
    let headless: Vec<String> = all().into_iter().filter(|path| !read(path).starts_with("//! ")).collect();
    none("sources that do not open with //!", &headless);
}

#[test]
fn no_source_is_too_long() {
    let long: Vec<String> = all()
        .into_iter()
        .filter(|path| !is_test(path))
        .map(|path| (read(&path).lines().count(), path))
        .filter(|(count, _)| *count > LINES_MAX)
        .map(|(count, path)| format!("{path}: {count} lines"))
        .collect();
    none("sources of more than 600 lines", &long);
}

#[test]
fn nothing_is_left_over() {
    none("left in the sources", &all().iter().flat_map(|path| left_over(path, &read(path))).collect::<Vec<_>>());
}

#[test]
fn names_of_sources_name_something() {
    let empty: Vec<String> = shipped()
        .into_iter()
        .filter(|path| path.trim_end_matches(".rs").split('/').next_back().is_some_and(|stem| stem.split('_').any(|word| EMPTY_WORDS.contains(&word))))
        .collect();
    none("names that name nothing", &empty);
}

/// The modules that a text declares, by name or by the path of their file; comments left out.
fn declared(text: &str) -> impl Iterator<Item = &str> {
    text.lines().filter_map(|line| {
        let line = line.trim();
        let named = line.trim_start_matches("pub(crate) ").trim_start_matches("pub ").strip_prefix("mod ").and_then(|rest| rest.strip_suffix(';'));
        named.or_else(|| line.strip_prefix("#[path = \"")?.strip_suffix(".rs\"]")?.split('/').next_back())
    })
}

#[test]
fn every_source_is_compiled() {
    let roots = crate_folders().into_iter().map(|name| format!("crates/{name}/src")).chain(["src".to_owned(), "tests/suite".to_owned()]);
    let mut forgotten = Vec::new();
    for folder in roots {
        let paths = files(&folder, ".rs");
        let texts: Vec<String> = paths.iter().map(|path| read(path)).collect();
        let modules: Vec<&str> = texts.iter().flat_map(|text| declared(text)).collect();
        for path in paths {
            let parts: Vec<&str> = path.trim_end_matches("/mod.rs").trim_end_matches(".rs").split('/').collect();
            let stem = parts.last().expect("a path has a last part");
            if !["lib", "main"].contains(stem) && !modules.contains(stem) {
                forgotten.push(path);
            }
        }
    }
    none("sources that no module declares", &forgotten);
}

#[test]
fn breaches_are_seen() {
    assert_eq!(
        declared("mod a;\npub mod b;\n// mod c;\n    mod d;\nmod tests {\n#[path = \"../e_test.rs\"]\nmod f;").collect::<Vec<_>>(),
        ["a", "b", "d", "e_test", "f"]
    );
    for (text, count) in [
        ("use std::collections::BTreeMap;", 0),
        ("use core::fmt;", 0),
        ("// std::fs is not for us", 0),
        ("fn pure() {}\n#[cfg(test)]\nmod tests { use std::fs; }", 0),
        ("use std::fs;", 1),
        ("use std::{fs, io};", 1),
        ("let now = std::time::Instant::now();", 1),
        ("let (a, b) = (std::env::var(\"A\"), std::thread::current());", 2),
        ("my_std::fs();", 0),
        ("println!(\"seen\");", 1),
    ] {
        assert_eq!(impure("a.rs", text).len(), count, "{text}");
    }
    for (text, count) in [("use std::fs::File;", 1), ("/// not std::fs", 0), ("let file = disk.open(&dir, name)?;", 0)] {
        assert_eq!(around_disk("a.rs", text).len(), count, "{text}");
    }
    for (text, count) in [
        (concat!("fn later() { to", "do!() }"), 1),
        (concat!("#[ig", "nore = \"slow\"]"), 1),
        (concat!("    match", "es!(a, B);"), 1),
        (concat!("    match", "es!(a, B)"), 0),
        (concat!("assert!(match", "es!(a, B));"), 0),
    ] {
        assert_eq!(left_over("a.rs", text).len(), count, "{text}");
    }
}
