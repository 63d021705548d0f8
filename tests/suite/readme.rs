//! The first crossing of the README, run as it stands there.

use crate::tidy::pages::command_blocks;
use crate::tidy::read;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

/// A fresh folder for the crossing.
fn scratch() -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("readme-{}", std::process::id()));
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("an old folder of ours can be removed");
    }
    fs::create_dir_all(&folder).expect("the folder for tests can be written");
    folder
}

/// Runs a line as the reader would, with the built binary on the path.
fn run(line: &str, folder: &Path, fingerprints: &[(&str, String)]) -> Output {
    let binaries = Path::new(env!("CARGO_BIN_EXE_gapferry")).parent().expect("a binary lies in a folder");
    let path = format!("{}:{}", binaries.display(), std::env::var("PATH").expect("there is a path"));
    let output = Command::new("bash")
        .args(["-ec", line])
        .current_dir(folder)
        .env("PATH", path)
        .env_remove("GAPFERRY_HOME")
        .env_remove("GAPFERRY_PASSPHRASE_FILE")
        .envs(fingerprints.iter().cloned())
        .output()
        .expect("bash can be run");
    assert!(output.status.success(), "{line}\n{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    output
}

fn json(line: &str, folder: &Path) -> Value {
    serde_json::from_slice(&run(line, folder, &[]).stdout).unwrap_or_else(|error| panic!("{line}: {error}"))
}

#[test]
fn the_first_crossing_works_as_written() {
    let blocks = command_blocks(&read("README.md"));
    let [_, prepare, crossing, ..] = blocks.as_slice() else { panic!("the README has two commands, a preparation and a crossing") };
    assert_eq!(crossing.len(), 10, "ten lines, as the README says");
    let folder = scratch();
    // Its first line makes the folder and puts the binary on the path, which was done here.
    for line in &prepare[1..] {
        run(line, &folder, &[]);
    }
    let mut fingerprints = Vec::new();
    for line in crossing {
        if line.contains("--fingerprint") && fingerprints.is_empty() {
            for (variable, home) in [("INSIDE", "inside"), ("OUTSIDE", "outside")] {
                let card = json(&format!("gapferry --home {home} card --json"), &folder);
                fingerprints.push((variable, card["fingerprint"].as_str().expect("a card has a fingerprint").to_owned()));
            }
        }
        run(line, &folder, &fingerprints);
    }
    let name = "村集体资产 0001.txt";
    let [archive, copy] = ["archive", "copy"].map(|tree| fs::read(folder.join(tree).join(name)).unwrap_or_else(|error| panic!("{tree}/{name}: {error}")));
    assert_eq!(archive, copy);
    let status = json("gapferry --home inside status --json", &folder);
    let items = &status["routes"][0]["items"];
    assert_eq!((items["total"].as_u64(), items["done"].as_u64()), (Some(1), Some(1)), "{status}");
    fs::remove_dir_all(&folder).expect("the folder of the test can be removed");
}

/// `cargo run -- demo` has to mean one program: without this cargo asks which of several.
#[test]
fn cargo_run_means_this_program_and_no_other() {
    let cargo =
        Command::new(env!("CARGO")).args(["metadata", "--format-version", "1", "--no-deps", "--offline"]).current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let metadata: Value = serde_json::from_slice(&cargo.expect("cargo can be run").stdout).expect("JSON");
    let packages = metadata["packages"].as_array().expect("packages");
    let runs: Vec<&str> = packages.iter().filter_map(|package| package["default_run"].as_str()).collect();
    assert_eq!(runs, ["gapferry"]);
}
