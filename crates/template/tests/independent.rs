//! The check that was written from the page of the specification alone, in another language, agrees over templates and archives from seeds.
//! What it compares with is the example `judge`.

use std::path::{Path, PathBuf};
use std::process::Command;

fn check(arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/check").join(arguments[0]);
    let done = Command::new("python3").arg("-B").arg(script).args(&arguments[1..]).output().expect("python3 can be run");
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    assert!(done.status.success(), "{arguments:?}\n{said}\n{}", String::from_utf8_lossy(&done.stderr));
    said
}

/// The example, which cargo builds beside the tests.
fn judge() -> PathBuf {
    let test = std::env::current_exe().expect("a test has a path");
    test.parent().and_then(Path::parent).expect("it lies in `deps`").join("examples/judge")
}

#[test]
fn the_check_knows_the_vectors() {
    assert_eq!(check(&["blake3.py"]).trim(), "ok");
    assert!(check(&["masks.py"]).contains("vectors ok"));
}

#[test]
fn the_check_agrees_over_templates_and_archives_from_seeds() {
    let judge = judge();
    let said = check(&["template.py", "against", "--judge", &judge.to_string_lossy(), "--seed", "1", "--seeds", "6", "--each", "5"]);
    println!("{said}");
    assert!(said.contains("items travel"), "{said}");
}
