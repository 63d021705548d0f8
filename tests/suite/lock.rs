//! One process at a time changes a home; whoever comes second ends with 75 and changes nothing; reading goes on beside it.

use crate::stand::{Setting, Side, Stand, wait_for};
use rustix::fs::{CWD, FileType, Mode, OFlags, mknodat, open};
use std::fs;
use std::io::Write;
use std::process::{Child, Stdio};

/// A stand whose keys have a passphrase, so that a command can be held up while it holds the home: it waits for a passphrase
/// that comes through a pipe.
struct Held {
    stand: Stand,
    _passphrase: tempfile::TempDir,
}

impl Held {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let file = folder.path().join("passphrase");
        fs::write(&file, "correct horse\n").expect("it can be written");
        Self { stand: Stand::with(Setting { passphrase: Some(file), ..Setting::default() }), _passphrase: folder }
    }

    /// Starts a command and returns when it holds the home: then it has opened the pipe for its passphrase.
    fn start(&self, side: Side, line: &[&str]) -> (Child, fs::File) {
        let pipe = self.stand.folder("pipe");
        let _old = fs::remove_file(&pipe);
        mknodat(CWD, &pipe, FileType::Fifo, Mode::from_raw_mode(0o600), 0).expect("a pipe can be made");
        let mut command = self.stand.command(side, line);
        command.env("GAPFERRY_PASSPHRASE_FILE", &pipe).stdout(Stdio::null()).stderr(Stdio::null());
        let running = command.spawn().expect("the binary can be run");
        // Opening for writing without waiting fails as long as nobody reads.
        let entered = wait_for("the command to read its passphrase", || open(&pipe, OFlags::WRONLY | OFlags::NONBLOCK, Mode::empty()).ok());
        (running, entered.into())
    }
}

#[test]
fn the_second_one_ends_with_75() {
    let held = Held::new();
    let stand = &held.stand;
    stand.write("a", "content");
    stand.round();
    stand.write("a", "changed");
    stand.carry(Side::Source);
    let package = fs::read_dir(stand.medium.join("gapferry")).expect("a medium").map(|entry| entry.expect("an entry").path());
    let package = package.into_iter().find(|path| path.extension().is_some_and(|ending| ending == "gfp")).expect("a package");
    let package = package.to_str().expect("paths of tests are UTF-8");
    stand.write("b", "new");
    for (side, first, others) in [
        (
            Side::Source,
            vec!["carry", "medium"],
            vec![
                vec!["carry", "medium"],
                vec!["capture"],
                vec!["pack", "--to", "medium"],
                vec!["reconcile", "--from", "medium"],
                vec!["resend", "--route", "outward", "--item", "a", "--reason", "r"],
                vec!["cancel", "--route", "outward", "--item", "a", "--reason", "r"],
                vec!["purge", "--route", "outward", "--item", "a", "--reason", "r", "--yes"],
                vec!["breaker", "release", "outward", "--reason", "r"],
                vec!["archive", "add", "other", "archive"],
                vec!["route", "add", "other", "--archive", "cards", "--to", "outside"],
                vec!["ledger", "rebuild"],
                vec!["run", "--once"],
            ],
        ),
        (
            Side::Replica,
            vec!["apply", "--from", "medium"],
            vec![
                vec!["carry", "medium"],
                vec!["apply", "--from", "medium"],
                vec!["scrub"],
                vec!["breaker", "release", "outward", "--reason", "r"],
                vec!["route", "accept", "other", "--from", "inside", "--into", "other"],
                vec!["ledger", "rebuild"],
                vec!["run", "--once"],
            ],
        ),
    ] {
        let records = stand.records(side);
        let (mut running, mut pipe) = held.start(side, &first);
        for line in &others {
            let ran = stand.run(side, line);
            assert_eq!((ran.exit, ran.codes()), (Some(75), vec!["HOM-01".to_owned()]), "{line:?}: {ran:#?}");
        }
        for line in [vec!["status"], vec!["items"], vec!["card"], vec!["ledger", "verify"], vec!["ledger", "show"], vec!["inspect", package]] {
            stand.expect(side, &line, 0);
        }
        if side == Side::Replica {
            stand.expect(side, &["history"], 0);
        }
        assert_eq!(stand.records(side), records, "those that were turned away changed nothing");
        pipe.write_all(b"correct horse\n").expect("it waits for its passphrase");
        drop(pipe);
        assert_eq!(running.wait().expect("it is ours").code(), Some(0), "the first one was not disturbed");
        assert!(stand.records(side).len() > records.len(), "and did its work");
    }
    stand.carry(Side::Source);
    stand.expect_true();
}

#[test]
fn a_killed_holder_holds_nothing() {
    let held = Held::new();
    held.stand.write("a", "content");
    let (mut running, pipe) = held.start(Side::Source, &["carry", "medium"]);
    assert_eq!(held.stand.run(Side::Source, &["capture"]).exit, Some(75));
    running.kill().expect("it is ours");
    running.wait().expect("it is ours");
    drop(pipe);
    held.stand.round();
    held.stand.expect_true();
}

#[test]
fn reading_beside_writing_is_never_wrong() {
    let stand = Stand::new();
    stand.without_breaker();
    for number in 0..300 {
        stand.write(format!("card {number}"), format!("content {number}"));
    }
    let mut looks = 0;
    for round in 0..3 {
        stand.write("card 0", format!("round {round}"));
        for side in [Side::Source, Side::Replica, Side::Source] {
            let mut running = stand.command(side, &["carry", "medium"]).stdout(Stdio::null()).spawn().expect("the binary can be run");
            loop {
                for line in [vec!["status"], vec!["ledger", "verify"], vec!["items"]] {
                    stand.expect(side, &line, 0);
                    looks += 1;
                }
                if let Some(status) = running.try_wait().expect("it is ours") {
                    assert_eq!(status.code(), Some(0));
                    break;
                }
            }
        }
    }
    stand.expect_true();
    println!("{looks} looks");
}
