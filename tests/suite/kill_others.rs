//! SIGKILL of the commands beside the loop, at random moments: setting up, people's acts, scrubbing, restoring, rebuilding.
//! The same command again ends as it would have without. How many kills of each: `GAPFERRY_KILLS_OTHERS`.

use crate::stand::{Ran, Random, Side, Stand, binary, size, tree};
use serde_json::Value;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Runs a command and kills it after so long; whether it was still running then.
pub fn kill(command: &mut Command, after: Duration) -> bool {
    let begun = Instant::now();
    let mut running = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("the binary can be run");
    while begun.elapsed() < after && running.try_wait().expect("it is ours").is_none() {
        std::thread::yield_now();
    }
    let _may_have_ended = running.kill();
    running.wait().expect("it is ours").code().is_none()
}

/// What a command did that can be compared: the report without what is random, and the items of both sides.
fn said(stand: &Stand) -> Vec<Value> {
    let items = |side| {
        let mut items = stand.expect(side, &["items"], 0);
        for item in items["items"].as_array_mut().into_iter().flatten() {
            item.as_object_mut().expect("an object").retain(|name, _| ["route", "item", "state", "version", "digest"].contains(&name.as_str()));
        }
        items
    };
    [Side::Source, Side::Replica].into_iter().flat_map(|side| [items(side), stand.route(side)["stopped"].clone()]).collect()
}

#[test]
fn acts_killed_and_done_again() {
    let kills = size("GAPFERRY_KILLS_OTHERS", 3);
    let mut random = Random::new("acts_killed_and_done_again");
    let stand = Stand::new();
    for number in 0..200 {
        stand.write(format!("card {number}"), format!("content {number}"));
    }
    stand.round();
    for number in 0..50 {
        stand.write(format!("card {number}"), format!("changed {number}"));
    }
    stand.round();
    (0..130).for_each(|number| fs::remove_file(stand.archive.join(format!("card {number}"))).expect("it can be removed"));
    assert_eq!(stand.run(Side::Source, &["carry", "medium"]).exit, Some(5), "the breaker");
    let pristine = stand.keep();
    let mut total = 0;
    for (side, line) in [
        (Side::Source, &["breaker", "release", "outward", "--reason", "meant"][..]),
        (Side::Source, &["resend", "--route", "outward", "--item", "card 14?", "--reason", "again"]),
        (Side::Source, &["cancel", "--route", "outward", "--item", "card 15?", "--reason", "enough"]),
        (Side::Source, &["purge", "--all-routes", "--item", "card 2*", "--reason", "wrong from the start", "--yes"]),
        (Side::Source, &["ledger", "rebuild"]),
        (Side::Source, &["capture", "--deep"]),
        (Side::Replica, &["ledger", "rebuild"]),
        (Side::Replica, &["scrub"]),
        (Side::Replica, &["history", "--restore", "restored"]),
    ] {
        stand.restore(&pristine);
        let begun = Instant::now();
        let without = stand.run(side, line);
        let longest = begun.elapsed();
        let expected = (said(&stand), restored(&stand));
        for _ in 0..kills {
            stand.restore(&pristine);
            while !kill(&mut stand.command(side, line), random.moment(longest)) {
                stand.restore(&pristine);
            }
            total += 1;
            let with = stand.run(side, line);
            assert_eq!((with.exit, with.codes()), (without.exit, without.codes()), "{line:?}: {with:#?}");
            assert_eq!((said(&stand), restored(&stand)), expected, "{line:?}");
            stand.expect_whole();
        }
    }
    println!("{total} kills");
}

/// What `history --restore` has put there; and it is cleared away.
fn restored(stand: &Stand) -> Vec<(Vec<u8>, Vec<u8>)> {
    let folder = stand.folder("restored");
    let found = if folder.exists() { tree(&folder).into_iter().map(|(path, (content, _, _))| (path, content)).collect() } else { Vec::new() };
    let _was_not_there = fs::remove_dir_all(&folder);
    found
}

fn command(root: &Path, home: &str, line: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command.args(line).args(["--home", home, "--json"]).current_dir(root).stdin(Stdio::null());
    command.env_remove("GAPFERRY_HOME").env_remove("GAPFERRY_PASSPHRASE_FILE").env("LC_ALL", "C");
    command
}

#[test]
fn setting_up_killed_and_done_again() {
    let kills = size("GAPFERRY_KILLS_OTHERS", 3);
    let mut random = Random::new("setting_up_killed_and_done_again");
    let (mut total, mut longest) = (0, Duration::from_millis(20));
    for _ in 0..kills {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let root = folder.path();
        let mut until_it_stands = |home: &str, line: &[&str]| -> Value {
            for _ in 0..4 {
                total += u64::from(kill(&mut command(root, home, line), random.moment(longest)));
            }
            let begun = Instant::now();
            let ran = Ran::from(command(root, home, line).output().expect("the binary can be run"));
            longest = (longest + begun.elapsed()) / 2;
            assert_eq!(ran.exit, Some(0), "{line:?}: {ran:#?}");
            ran.object
        };
        fs::create_dir(root.join("archive")).expect("a folder can be made");
        fs::write(root.join("archive/card"), "content").expect("it can be written");
        fs::create_dir(root.join("medium")).expect("a folder can be made");
        until_it_stands("inside", &["init", "--zone", "inside", "--role", "source"]);
        until_it_stands("outside", &["init", "--zone", "outside", "--role", "replica"]);
        for (home, other) in [("inside", "outside"), ("outside", "inside")] {
            let card = until_it_stands(other, &["card"]);
            let file = format!("{other}.card");
            fs::write(root.join(&file), card["card"].as_str().expect("a card")).expect("it can be written");
            until_it_stands(home, &["trust", &file, "--fingerprint", card["fingerprint"].as_str().expect("a fingerprint")]);
        }
        until_it_stands("inside", &["archive", "add", "cards", "archive"]);
        until_it_stands("inside", &["route", "add", "outward", "--archive", "cards", "--to", "outside"]);
        until_it_stands("outside", &["route", "accept", "outward", "--from", "inside", "--into", "replica"]);
        for home in ["inside", "outside", "inside"] {
            let ran = Ran::from(command(root, home, &["carry", "medium"]).output().expect("the binary can be run"));
            assert_eq!(ran.exit, Some(0), "what was set up works: {ran:#?}");
        }
        let ran = Ran::from(command(root, "inside", &["status"]).output().expect("the binary can be run"));
        assert_eq!((ran.object["routes"][0]["items"]["done"].as_u64(), ran.object["routes"][0]["items"]["total"].as_u64()), (Some(1), Some(1)), "{ran:#?}");
        assert_eq!(fs::read(root.join("replica/card")).expect("it arrived"), b"content");
    }
    println!("{total} kills");
}
