//! The demonstration ends with every item proven, and fails when its medium is changed between two steps.

use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

fn demo(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_gapferry"));
    command.arg("demo").arg("--dir").arg(folder).arg("--json");
    command
}

/// A folder that is not there yet.
fn scratch(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("demo-{name}-{}", std::process::id()));
    if folder.exists() {
        fs::remove_dir_all(&folder).expect("an old folder of ours can be removed");
    }
    folder
}

#[test]
fn every_item_is_proven() {
    let folder = scratch("whole");
    let output = demo(&folder).output().expect("the demonstration can be run");
    let report: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
    assert_eq!(output.status.code(), Some(0), "{report}");
    assert_eq!(report["items"], report["proven"]);
    assert!(report["items"].as_u64().is_some_and(|items| items > 10), "{report}");
    let steps = report["steps"].as_array().expect("there are steps");
    assert!(steps.iter().all(|step| step["exit"] == step["expected"]), "{report}");
    assert_eq!(steps.iter().filter(|step| step["exit"] == 3).count(), 1, "the damaged package is refused once");
    fs::remove_dir_all(&folder).expect("the folder of the test can be removed");
}

/// Runs the demonstration step by step and flips one bit of a file with this ending as soon as the medium holds one. Returns
/// the exit code and the object that was printed.
fn tampered(ending: &str) -> (Option<i32>, Value) {
    let folder = scratch(ending);
    let mut running =
        demo(&folder).arg("--pause").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("the demonstration can be run");
    let mut enter = running.stdin.take().expect("its input is a pipe");
    let mut flipped = false;
    // Each line on stderr is a prompt: the demonstration stands still until it is answered.
    for _prompt in BufReader::new(running.stderr.take().expect("its errors are a pipe")).lines() {
        let files = fs::read_dir(folder.join("medium/gapferry")).into_iter().flatten().map(|entry| entry.expect("the medium can be listed").path());
        if let Some(path) = files.into_iter().find(|path| !flipped && path.extension().is_some_and(|found| found == ending)) {
            let mut content = fs::read(&path).expect("a file of the medium can be read");
            let middle = content.len() / 2;
            content[middle] ^= 1;
            fs::write(&path, content).expect("a file of the medium can be written");
            flipped = true;
        }
        // It may have ended meanwhile.
        let _ = enter.write_all(b"\n");
    }
    let output = running.wait_with_output().expect("the demonstration ends");
    assert!(flipped, "the medium never held a file with the ending {ending}");
    fs::remove_dir_all(&folder).expect("the folder of the test can be removed");
    (output.status.code(), serde_json::from_slice(&output.stdout).expect("one JSON object"))
}

#[test]
fn a_flipped_bit_on_the_medium_makes_it_fail() {
    for ending in ["gfp", "gfr", "gfl"] {
        let (exit, report) = tampered(ending);
        assert_eq!((exit, &report["error"]["code"]), (Some(1), &Value::from("DMO-01")), "{ending}: {report}");
    }
}
