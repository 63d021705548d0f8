//! The switch of the fuzz targets (fuzz/README.md) is asked in a few known places, is set by one script, and is never in the program.

use super::{crate_folders, files, none, read};

/// Where checks may be passed over, and how often.
const ASKED: &[(&str, usize)] =
    &[("crates/seal/src/suite.rs", 2), ("crates/seal/src/frames.rs", 2), ("crates/seal/src/envelope.rs", 1), ("crates/store/src/frame.rs", 1)];
/// The one place where the program says that it is not built so.
const REFUSED: &str = "src/lib.rs";

/// Lines of code that name the switch.
fn asked(text: &str) -> usize {
    text.lines().filter(|line| !line.trim_start().starts_with("//") && line.contains("fuzzing")).count()
}

#[test]
fn only_the_known_checks_ask_for_it() {
    let mut paths = files("src", ".rs");
    paths.extend(crate_folders().into_iter().flat_map(|name| files(&format!("crates/{name}"), ".rs")));
    let mut breaches = Vec::new();
    for path in paths.iter().filter(|path| *path != REFUSED) {
        let (count, allowed) = (asked(&read(path)), ASKED.iter().find(|(known, _)| known == path).map_or(0, |known| known.1));
        if count != allowed {
            breaches.push(format!("{path}: {count} and not {allowed}"));
        }
    }
    none("checks that a fuzzer passes over", &breaches);
    for (path, _) in ASKED {
        assert_eq!(read(path).matches("cfg!(fuzzing)").count() - read(path).matches("//! `cfg!(fuzzing)").count(), asked(&read(path)), "{path}: cfg! alone");
    }
}

#[test]
fn the_program_is_never_built_with_it() {
    assert!(read(REFUSED).contains("#[cfg(fuzzing)]\ncompile_error!("));
    let mut manifests: Vec<String> = crate_folders().into_iter().map(|name| format!("crates/{name}/Cargo.toml")).collect();
    manifests.extend(["Cargo.toml", "tests/run", ".ci/run", "rust-toolchain.toml", "deploy/README.md"].map(str::to_owned));
    manifests.extend(files(".cargo", ""));
    let setting: Vec<String> = manifests.into_iter().filter(|path| read(path).contains("--cfg")).collect();
    none("files that set a switch of the compiler", &setting);
    assert!(read("fuzz/run").contains("--cfg fuzzing"));
    assert_eq!(asked("if cfg!(fuzzing) {\n// fuzzing\nlet a = 1;\n"), 1);
}
