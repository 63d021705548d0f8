//! A package as it lies in a file, opened to its end by a replica: header, frames, manifest, blocks.
#![no_main]

use gapferry_fuzz::{HOME, Home};
use libfuzzer_sys::fuzz_target;
use std::sync::LazyLock;

static REPLICA: LazyLock<Home> = LazyLock::new(|| Home::of("outside"));

fuzz_target!(|bytes: &[u8]| {
    REPLICA.memory.put(b"/medium/file.gfp", bytes.to_vec());
    let report = driver::inspect(&REPLICA.world, Some(HOME.as_ref()), "/medium/file.gfp".as_ref()).expect("a file that can be read is judged");
    assert!(report.problems.len() <= 1 && (report.problems.is_empty() || !report.opened));
});
