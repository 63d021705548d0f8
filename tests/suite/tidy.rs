//! The house rules that a machine can hold: the graph of crates, the sources, the agreement of specification, code and
//! fixtures, and the pages.
//!
//! Each rule is a function from text to breaches, tried on a text that breaks it before it is trusted on the project. Nothing
//! here runs the program; nothing here knows what a rule is good for: ARCHITECTURE.md and CONTRIBUTING.md say that.

mod agreement;
mod faults;
mod fuzzing;
mod graph;
pub mod pages;
mod sources;

use std::fs;
use std::path::{Path, PathBuf};

/// The project's folder.
fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The text of a file of the project, by its path below the root.
pub fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every file below a folder whose name ends with `ending`, as paths below the root, sorted. A folder that is not there holds none.
fn files(folder: &str, ending: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.expect("a folder of the project can be listed").path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push(below_root(&path));
            }
        }
    }
    found.sort();
    found
}

fn below_root(path: &Path) -> String {
    path.strip_prefix(root()).expect("found below the root").to_str().expect("the project's names are UTF-8").to_owned()
}

/// The folders of the crates, by name.
fn crate_folders() -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(root().join("crates"))
        .expect("there are crates")
        .map(|entry| entry.expect("crates can be listed").path())
        .filter(|path: &PathBuf| path.join("Cargo.toml").is_file())
        .map(|path| path.file_name().expect("a folder has a name").to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

/// Fails with every breach, one a line.
#[track_caller]
fn none(rule: &str, breaches: &[String]) {
    assert!(breaches.is_empty(), "{rule}:\n  {}", breaches.join("\n  "));
}
