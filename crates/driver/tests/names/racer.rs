//! Somebody below the replica tree who swaps folders for links to elsewhere, and back, while packages are applied.

use super::stand::Stand;
use super::{Random, below, canaries, size};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

const FOLDERS: u64 = 6;

/// Swaps until it is told to stop: a folder for a link and back, a document for a link, our own folders too.
fn race(tree: &Path, outside: &Path, mut random: Random, over: &AtomicBool, swaps: &AtomicU64) {
    while !over.load(Ordering::Relaxed) {
        let folder = match random.below(8) {
            0 => ".gapferry/kept".to_owned(),
            1 => ".gapferry/history".to_owned(),
            2 => format!("d{}/deep", random.below(FOLDERS)),
            _ => format!("d{}", random.below(FOLDERS)),
        };
        let (place, aside) = (tree.join(&folder), tree.join(format!(".aside-{}", random.below(1 << 40))));
        if random.below(4) == 0 {
            // A document becomes a link to one outside.
            let document = place.join(format!("f{}", random.below(4)));
            if fs::remove_file(&document).is_ok() {
                let _raced = symlink(outside.join("passwd"), &document);
            }
        } else if fs::rename(&place, &aside).is_ok() {
            let target = if random.below(2) == 0 { outside.to_path_buf() } else { outside.join("d0") };
            let _raced = symlink(target, &place);
            for _ in 0..random.below(2000) {
                std::hint::spin_loop();
            }
            let _raced = fs::remove_file(&place);
            // Where a folder was made meanwhile, what was put aside stays there as somebody's own.
            let _raced = fs::rename(&aside, &place);
        }
        swaps.fetch_add(1, Ordering::Relaxed);
    }
}

/// FAULTS A02, A08
#[test]
fn nothing_lands_outside() {
    let stand = Stand::new();
    let outside = canaries(&stand.root);
    let canary = below(&outside);
    let limit = "[policy]\nbreaker_items = 1000000000\n";
    for side in ["source", "replica"] {
        let file = stand.home(side).join("gapferry.toml");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.contains("[policy]\n"));
        fs::write(file, text.replacen("[policy]\n", limit, 1)).unwrap();
    }
    let mut random = Random::new("racer");
    let change = |random: &mut Random| {
        for folder in 0..FOLDERS {
            for name in ["f0", "f1", "f2", "f3", "deep/f0", "deep/f1"] {
                let path = format!("d{folder}/{name}");
                match random.below(5) {
                    0 => drop(fs::remove_file(stand.source.join(path))),
                    _ => stand.write(&path, format!("{}", random.below(1 << 60)).as_bytes()),
                }
            }
        }
    };
    change(&mut random);
    stand.round();
    let (over, swaps) = (AtomicBool::new(false), AtomicU64::new(0));
    let until = Duration::from_secs(size("GAPFERRY_RACE_SECONDS", 0));
    let (mut rounds, mut failed) = (0u64, 0u64);
    std::thread::scope(|scope| {
        let seed = random.below(u64::MAX);
        let (tree, outside, over, swaps) = (&stand.replica, &outside, &over, &swaps);
        let racer = scope.spawn(move || race(tree, outside, Random(seed), over, swaps));
        let begun = Instant::now();
        while rounds < size("GAPFERRY_RACE_ROUNDS", 12) || begun.elapsed() < until {
            rounds += 1;
            change(&mut random);
            for side in ["source", "replica", "source"] {
                // What was swapped under its feet may fail a command, with a code; the next one goes on.
                failed += u64::from(stand.try_carry(side).is_err());
            }
            assert_eq!(below(outside), canary, "round {rounds}");
        }
        over.store(true, Ordering::Relaxed);
        racer.join().expect("the racer ends");
    });
    assert!(failed < 3 * rounds, "not every command may fail");
    // Left alone, the two sides agree again: what somebody left behind is theirs and lies elsewhere.
    for leftover in fs::read_dir(&stand.replica).unwrap().map(|entry| entry.unwrap()) {
        if leftover.file_name().to_string_lossy().starts_with(".aside-") {
            fs::remove_dir_all(leftover.path()).unwrap();
        }
    }
    assert_eq!(below(&outside), canary);
    println!("{} swaps during {rounds} rounds, {failed} commands failed with a code; 0 outside, 0 panics", swaps.load(Ordering::Relaxed));
}
