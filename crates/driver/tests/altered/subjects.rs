//! What crosses and what a home keeps, each spoilt in every way and put before the code that reads it.

use super::fixture;
use super::judged::{Subject, Verdict};
use super::zones::{HOME, Home, card, keys};
use wire::manifest::Head;

/// Reads bytes and says whether they are taken.
type Judge = Box<dyn FnMut(&[u8]) -> Verdict>;

/// Judges a file on a medium as `inspect` does, which opens all of it.
pub fn inspecting(zone: &'static str, name: &'static str) -> impl Fn() -> Judge {
    move || {
        let home = Home::of(zone);
        let path = format!("/medium/{name}");
        Box::new(move |bytes| {
            home.memory.put(path.as_bytes(), bytes.to_vec());
            let report = driver::inspect(&home.world, Some(HOME.as_ref()), path.as_ref()).expect("a file that can be read is judged");
            match report.problems.as_slice() {
                [] => {
                    assert!(report.opened);
                    Ok(())
                }
                [problem] => Err(problem.code.to_owned()),
                more => panic!("one refusal has one code: {more:?}"),
            }
        })
    }
}

/// Judges a file of a home by opening the home.
pub fn opening(zone: &'static str, path: &'static str) -> impl Fn() -> Judge {
    move || {
        let home = Home::of(zone);
        home.put("ledger/checkpoint", &checkpoint(zone, super::zones::head(zone)));
        Box::new(move |bytes| {
            home.put(path, bytes);
            home.open().map(drop).map_err(|failure| failure.0.code.to_owned())
        })
    }
}

/// The checkpoint of a home.
pub fn checkpoint(zone: &str, head: Head) -> Vec<u8> {
    let incarnation = [7; 16];
    let message = wire::digest::derive("gapferry v1 checkpoint", &[&incarnation, &head.number.to_le_bytes(), &head.digest.0]).0;
    [&incarnation[..], &head.number.to_le_bytes(), &head.digest.0, &keys(zone).signature(&message)].concat()
}

/// FAULTS P01, P02, P03
#[test]
fn packages() {
    let good = fixture("package/good/00_after_a_gap.gfp");
    Subject { name: "package", good, is_text: false, sample: 150, judge: &inspecting("outside", "file.gfp") }.try_all();
}

/// FAULTS P01, P02, P03
#[test]
fn receipts() {
    for name in ["digest", "full"] {
        let good = fixture(&format!("receipt/good/00_{name}.gfr"));
        Subject { name: &format!("{name} receipt"), good, is_text: false, sample: 100, judge: &inspecting("inside", "file.gfr") }.try_all();
    }
}

/// FAULTS P01, P02, P03, M11
#[test]
fn labels() {
    let good = fixture("label/good/00_made.gfl");
    Subject { name: "label", good, is_text: false, sample: 100, judge: &inspecting("outside", "label.gfl") }.try_all();
}

/// FAULTS P01, P02, P03
#[test]
fn cards() {
    let good = fixture("keys/outside.card");
    Subject { name: "card", good: good.clone(), is_text: true, sample: 200, judge: &inspecting("inside", "file.card") }.try_all();
    Subject { name: "trusted card", good, is_text: true, sample: 50, judge: &opening("inside", "trust/other.card") }.try_all();
}

/// FAULTS P01, P02, P03
#[test]
fn checkpoints() {
    let good = checkpoint("inside", super::zones::head("inside"));
    Subject { name: "checkpoint", good, is_text: false, sample: 200, judge: &opening("inside", "ledger/checkpoint") }.try_all();
}

/// FAULTS P01, P02, P03
#[test]
fn key_files() {
    let good = super::zones::key_text(&keys("inside")).into_bytes();
    Subject { name: "key file", good, is_text: true, sample: 200, judge: &opening("inside", "keys/zone.key") }.try_all();
    assert_eq!(card("inside").zone, "inside");
}
