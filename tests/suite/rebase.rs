//! A home that was put back from any earlier point of its history, from outside: the fork is named, the way back works, and what
//! travels again is little. At full size (tests/full/40-rebase.sh) a history of 50 crossings, and every point of it.

use crate::stand::{Random, Side, Stand, copy, size, tree};
use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Bytes of the documents that never change, each.
const BULK: usize = 20_000;

fn put_back(from: &Path, to: &Path) {
    fs::remove_dir_all(to).expect("it can be removed");
    copy(from, to);
}

/// What it took to come back.
#[derive(Debug, Default)]
pub struct Took {
    /// Where a fork was named.
    pub stops: Vec<(Side, String)>,
    /// Bytes of documents that travelled.
    pub content: u64,
    /// Items that the replica was asked for.
    pub asked: u64,
}

/// The life of the other side's ledger, as two people read it to one another.
fn life(stand: &Stand, side: Side) -> Value {
    stand.run(side, &["status"]).object["incarnation"].clone()
}

/// Two people, one on each side, do what the commands tell them, until everything is proven.
pub fn come_back(stand: &Stand) -> Took {
    let mut took = Took::default();
    for _ in 0..12 {
        for side in [Side::Source, Side::Replica] {
            let carried = stand.run(side, &["carry", "medium"]).object;
            for package in carried["packed"]["packages"].as_array().into_iter().flatten() {
                let items = package["items"].as_u64().unwrap_or(0);
                let bytes = package["document_bytes"].as_u64().unwrap_or(0);
                if package["inventory"] == true { took.asked += items } else { took.content += bytes }
            }
            let route = stand.route(side);
            let Some(code) = route["stopped"].as_str() else { continue };
            took.stops.push((side, code.to_owned()));
            assert_eq!(route["next"], "rebase", "{route}");
            let other = if side == Side::Source { Side::Replica } else { Side::Source };
            let rebase = |more: &[&str]| stand.expect(side, &[&["rebase", "outward", "--reason", "looked into"], more].concat(), 0);
            let ahead = rebase(&["--dry-run"]);
            assert_eq!((&ahead["dry_run"], &stand.route(side)["stopped"]), (&Value::Bool(true), &route["stopped"]), "a dry run does nothing");
            // A life that is not the one in use on the other side is a leftover of another one.
            let refuse = ahead["life"].is_string() && ahead["life"] != life(stand, other);
            rebase(if refuse { &["--refuse"] } else { &[] });
        }
        let (inside, outside) = (stand.route(Side::Source), stand.route(Side::Replica));
        let open = [&inside, &outside].iter().any(|route| route["unconfirmed"] != 0 || !route["stopped"].is_null());
        let (done, total) = stand.counts();
        if !open && done == total && tree(&stand.archive) == tree(&stand.replica) {
            return took;
        }
    }
    panic!("it does not come back: {took:?} {} {}", stand.route(Side::Source), stand.route(Side::Replica));
}

/// FAULTS C07
#[test]
fn a_home_that_went_back_to_any_point_comes_back_without_a_full_resend() {
    let steps = size("GAPFERRY_REBASE_STEPS", 5);
    let mut random = Random::new("a_home_that_went_back_to_any_point");
    let stand = Stand::new();
    for number in 0..20 {
        stand.write(format!("bulk/{number}"), random.bytes(BULK));
    }
    let kept = ["home-source", "home-replica", "replica"];
    for step in 0..steps {
        stand.write("changing", format!("as of step {step}"));
        stand.write(format!("added/{step}"), format!("{step}"));
        stand.round();
        for folder in kept {
            copy(&stand.folder(folder), &stand.folder(&format!("{folder}-{step}")));
        }
    }
    let mut points: BTreeSet<u64> = (0..steps - 1).collect();
    while points.len() as u64 > size("GAPFERRY_REBASE_POINTS", 2) {
        let out = *points.iter().nth(random.below(points.len() as u64) as usize).expect("there are some");
        points.remove(&out);
    }
    let mut most = 0;
    for step in points {
        for (what, folders) in [("the source", &kept[..1]), ("the replica", &kept[1..2]), ("the replica and its tree", &kept[1..])] {
            for folder in folders {
                put_back(&stand.folder(&format!("{folder}-{step}")), &stand.folder(folder));
            }
            stand.write("changing", format!("after {what} went back to {step}"));
            let took = come_back(&stand);
            assert!(took.stops.iter().any(|(_, code)| code.starts_with("FRK-0")), "{what} at {step}: a fork is named: {took:?}");
            assert!(took.asked >= 20 && took.content < BULK as u64, "{what} at {step}: no full resend: {took:?}");
            most = most.max(took.content);
        }
    }
    println!("{steps} steps; at most {most} of {} bytes travelled again", 20 * BULK);
}

/// FAULTS C07, C08
#[test]
fn a_replica_that_was_filled_by_other_means_gets_only_what_is_not_right() {
    let stand = Stand::new();
    let mut random = Random::new("a_replica_that_was_filled_by_other_means");
    for number in 0..200 {
        stand.write(format!("d{}/{number}", number % 7), random.bytes(500));
    }
    // The first packages of a route that is rebased before anything was sent are inventories, as with `route add --adopt`.
    fs::remove_dir_all(&stand.replica).expect("made by accepting the route");
    copy(&stand.archive, &stand.replica);
    for number in [40, 41] {
        fs::write(stand.replica.join(format!("d{}/{number}", number % 7)), b"not what it was").expect("damaged");
    }
    let asked = stand.expect(Side::Source, &["rebase", "outward", "--reason", "filled from a disk"], 0);
    assert_eq!((&asked["way"], &asked["role"]), (&Value::from("ask"), &Value::from("source")));
    stand.carry(Side::Source);
    stand.carry(Side::Replica);
    let back = stand.run(Side::Source, &["carry", "medium"]).object;
    assert_eq!(back["reconciled"]["receipts"][0]["not_held"], 2, "{back}");
    let sent: Vec<(u64, u64)> = back["packed"]["packages"]
        .as_array()
        .expect("packages")
        .iter()
        .map(|package| (package["items"].as_u64().unwrap_or(0), package["document_bytes"].as_u64().unwrap_or(0)))
        .collect();
    assert_eq!(sent, [(2, 1000)], "exactly the damaged ones");
    stand.run(Side::Replica, &["carry", "medium"]);
    stand.carry(Side::Source);
    assert_eq!(stand.counts(), (200, 200));
    assert_eq!(tree(&stand.archive), tree(&stand.replica));
}
