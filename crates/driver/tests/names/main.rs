//! Names are data (P8; FAULTS A01 to A06): every character of the basic plane as a name, hostile ids in packages that the source
//! truly signed, generated ones in any number, file systems that fold or refuse names, and somebody who swaps folders for links
//! while a package is applied. Nothing lies outside the root, and every name comes back byte for byte.
//!
//! `GAPFERRY_NAMES` says how many are generated, `GAPFERRY_RACE_SECONDS` how long the race takes; tests/full/31-hostile.sh asks for
//! the full sizes.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod awkward;
mod forged;
mod naughty;
mod plane;
mod racer;
#[path = "../stand/mod.rs"]
mod stand;

use std::collections::BTreeMap;
use std::fs;
use std::hash::{BuildHasher, RandomState};
use std::path::{Path, PathBuf};

/// The value of an environment variable as a number, else `usual`.
fn size(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().map_or(usual, |text| text.parse().expect("a number"))
}

/// Numbers that look random (splitmix64), from a printed seed.
struct Random(u64);

impl Random {
    fn new(test: &str) -> Self {
        let seed = size("GAPFERRY_SEED", RandomState::new().hash_one(test));
        println!("{test}: GAPFERRY_SEED={seed}");
        Self(seed)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % end
    }
}

/// A folder beside the replica, with files and folders that must stay as they are.
fn canaries(root: &Path) -> PathBuf {
    let outside = root.join("outside");
    for name in ["f0", "d0/f0", "d1/deep/f1", "passwd", ".gapferry/apply.lock"] {
        fs::create_dir_all(outside.join(name).parent().unwrap()).unwrap();
        fs::write(outside.join(name), format!("canary {name}")).unwrap();
    }
    outside
}

/// Everything below a folder: files with their content, folders and links without.
fn below(root: &Path) -> BTreeMap<PathBuf, Option<Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut todo = vec![root.to_path_buf()];
    while let Some(folder) = todo.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            found.insert(path.clone(), metadata.is_file().then(|| fs::read(&path).unwrap()));
            if metadata.is_dir() {
                todo.push(path);
            }
        }
    }
    found
}
