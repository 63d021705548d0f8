//! The pages: links lead somewhere, the two READMEs give the same commands, the map names the crates that there are.

use super::{crate_folders, files, none, read, root};
use std::path::Path;

/// The pages of the project, except what is generated.
fn pages() -> Vec<String> {
    let folders = ["spec", "crates", "tests", "benches", "deploy", "fixtures", "src"];
    let mut paths: Vec<String> = folders.into_iter().flat_map(|folder| files(folder, ".md")).collect();
    paths.extend(["README.md", "README.zh-CN.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md"].map(str::to_owned));
    paths
}

/// Targets of the links of a page that lead into the project.
fn links(text: &str) -> Vec<String> {
    let mut targets = Vec::new();
    for (at, _) in text.match_indices("](") {
        let target = text[at + 2..].split(')').next().expect("a split has a first part");
        if !target.contains("://") && !target.starts_with('#') && !target.starts_with("mailto:") {
            targets.push(target.split('#').next().expect("a split has a first part").to_owned());
        }
    }
    targets
}

/// The fenced `sh` blocks of a page: their lines without comments.
pub fn command_blocks(text: &str) -> Vec<Vec<String>> {
    let mut blocks = Vec::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = line == "```sh";
            if inside {
                blocks.push(Vec::new());
            }
        } else if inside {
            let command = line.split(" #").next().expect("a split has a first part").trim();
            if !command.is_empty() && !command.starts_with('#') {
                blocks.last_mut().expect("inside a block").push(command.to_owned());
            }
        }
    }
    blocks
}

#[test]
fn links_lead_somewhere() {
    let mut broken = Vec::new();
    for page in pages() {
        let folder = root().join(Path::new(&page).parent().expect("a page lies in a folder"));
        broken.extend(links(&read(&page)).into_iter().filter(|target| !folder.join(target).exists()).map(|target| format!("{page}: {target}")));
    }
    none("links that lead nowhere", &broken);
}

/// What a page tells to type must be there, and start.
#[test]
fn programs_of_the_project_can_be_started() {
    use std::os::unix::fs::PermissionsExt;
    let folders = ["benches", "deploy", "fixtures", "fuzz", "tests"];
    let scripts = folders.into_iter().flat_map(|folder| [".sh", ".py"].into_iter().flat_map(move |ending| files(folder, ending)));
    let scripts: Vec<String> = scripts.filter(|path| read(path).starts_with("#!")).collect();
    assert!(scripts.len() > 20, "the scripts were not found");
    let starts = |path: &String| root().join(path).metadata().expect("it was listed").permissions().mode() & 0o111 == 0o111;
    none("scripts that cannot be started", &scripts.into_iter().filter(|path| !starts(path)).collect::<Vec<_>>());
}

#[test]
fn both_readmes_give_the_same_commands() {
    let blocks = command_blocks(&read("README.md"));
    assert!(blocks.concat().len() > 10, "the commands were not read");
    assert_eq!(blocks, command_blocks(&read("README.zh-CN.md")));
}

#[test]
fn the_map_names_every_crate_and_no_source_that_is_gone() {
    let map = read("ARCHITECTURE.md");
    let missing: Vec<String> = crate_folders().into_iter().filter(|name| !map.contains(&format!("crates/{name}"))).collect();
    none("crates that are not on the map", &missing);
    let named = map.split('`').filter(|word| word.ends_with(".rs") && word.contains('/') && !word.contains([' ', '*', '<']));
    let gone: Vec<String> = named.filter(|path| !root().join(path).is_file()).map(str::to_owned).collect();
    none("sources on the map that do not exist", &gone);
}

#[test]
fn pages_are_read_as_meant() {
    assert_eq!(links("see [a](spec/card.md#form), [b](https://example.org/x), [c](#here)"), ["spec/card.md"]);
    assert_eq!(command_blocks("```sh\nls  # lists\n# no\n```\n```text\nno\n```\n```sh\ncd\n```\n"), [["ls"], ["cd"]]);
}
