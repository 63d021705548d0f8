//! Hostile bytes, all of them (P3, P13, P14; FAULTS P01 to P05, P19, M10): every bit flipped, every prefix, every byte removed, a byte
//! put in at every place, up to 4096 bytes behind, files joined, parts of four packages crossed, 200 lies about counts and sizes;
//! what a receipt may say is counted byte by byte. Nothing is accepted, nothing panics, memory stays below 256 MiB.
//!
//! The homes lie in a memory that can only be read, so that what is judged changes nothing; the code that judges is that of the
//! commands. `GAPFERRY_FULL=1` tries everything (tests/full/31-hostile.sh), else a sample from a printed seed. The whole commands
//! over spoilt files are in `../hostile.rs`.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod confused;
mod crossed;
mod judged;
mod ledger;
mod lies;
mod memory;
mod receipts;
mod subjects;
mod ways;
mod zones;

use std::hash::{BuildHasher, RandomState};

/// Whether everything is tried.
fn full() -> bool {
    std::env::var_os("GAPFERRY_FULL").is_some_and(|value| value == "1")
}

/// A seed, printed, so that a failure can be repeated.
fn seed(test: &str) -> u64 {
    let given = std::env::var("GAPFERRY_SEED").ok().map(|text| text.parse().expect("GAPFERRY_SEED is a number"));
    let seed = given.unwrap_or_else(|| RandomState::new().hash_one(test));
    println!("{test}: GAPFERRY_SEED={seed}");
    seed
}

/// A file of the fixtures.
fn fixture(path: &str) -> Vec<u8> {
    let file = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fixtures").join(path);
    std::fs::read(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The most memory that this process ever held, MiB; below the bound of 256.
fn expect_little_memory(after: &str) {
    let status = std::fs::read_to_string("/proc/self/status").expect("the system tells of this process");
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("it tells the most memory");
    let kib: u64 = line.trim().trim_end_matches(" kB").trim().parse().expect("a number");
    println!("{after}: at most {} MiB resident", kib >> 10);
    assert!(kib < 256 << 10, "{kib} KiB");
}
