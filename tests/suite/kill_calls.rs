//! SIGKILL of the real program at each of its system calls that change something, or an error in its place, command by
//! command; then the same command again and the rest of the loop: the replica equals the archive and both ledgers are whole.
//!
//! strace delivers the signal when the n-th call of one kind begins, or has it fail. The file system is that of `TMPDIR`: the full run
//! (tests/full/22-file-systems.sh) puts it on ext4, xfs and btrfs in turn. `GAPFERRY_CALLS`: how many calls of each command are
//! aimed at; all of them when it is 0.

use crate::stand::{Ran, Random, Side, Stand, binary, size};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{Command, Stdio};

/// The calls that change something or that may fail, as sets of which the n-th of any is aimed at.
const KINDS: [&str; 14] = [
    "write",
    "pread64",
    "pwrite64",
    "fsync",
    "fdatasync",
    "syncfs",
    "rename,renameat,renameat2",
    "unlink,unlinkat",
    "mkdir,mkdirat,rmdir",
    "ftruncate",
    "openat2",
    "openat",
    "utimensat,fchmod",
    "fallocate,copy_file_range,sync_file_range",
];

/// The program under strace.
fn traced(stand: &Stand, side: Side, line: &[&str], options: &[&str]) -> Command {
    let plain = stand.command(side, line);
    let mut command = Command::new("strace");
    command.args(["-f", "-qq"]).args(options).arg(binary()).args(plain.get_args()).current_dir(&stand.root).stdin(Stdio::null());
    // One thread of the pool, so that the n-th call is the same one each time as far as that can be had.
    command.env_remove("GAPFERRY_HOME").env_remove("GAPFERRY_PASSPHRASE_FILE").env("LC_ALL", "C").env("RAYON_NUM_THREADS", "1");
    command
}

/// How many calls of each kind a command makes, as the busiest of its threads does.
pub fn calls(stand: &Stand, side: Side, line: &[&str]) -> Vec<(&'static str, u64)> {
    let all = KINDS.join(",");
    let to = stand.folder("calls");
    let traced = traced(stand, side, line, &["-e", &format!("trace={all}"), "-o", to.to_str().expect("paths of tests are UTF-8")]);
    let ran: Ran = { traced }.output().expect("strace can be run").into();
    assert!(ran.exit.is_some_and(|exit| exit < 2), "{line:?}: {ran:#?}");
    let mut counted: BTreeMap<(&str, &str), u64> = BTreeMap::new();
    let text = fs::read_to_string(&to).expect("strace writes text");
    for (thread, call) in text.lines().filter_map(|line| line.split_once(' ')) {
        let Some((name, _)) = call.trim_start().split_once('(') else { continue };
        if let Some(kind) = KINDS.iter().find(|kind| kind.split(',').any(|known| known == name)) {
            *counted.entry((kind, thread)).or_default() += 1;
        }
    }
    let most = |kind: &str| counted.iter().filter(|((of, _), _)| *of == kind).map(|(_, count)| *count).max().unwrap_or(0);
    KINDS.iter().map(|kind| (*kind, most(kind))).filter(|(_, count)| *count > 0).collect()
}

/// Runs a command that is killed at the n-th call of a kind; whether it was.
pub fn killed_at(stand: &Stand, side: Side, line: &[&str], kind: &str, number: u64) -> bool {
    let inject = format!("inject={kind}:signal=KILL:when={number}");
    let mut command = traced(stand, side, line, &["-o", "/dev/null", "-e", &format!("trace={kind}"), "-e", &inject]);
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("strace can be run");
    status.signal() == Some(9)
}

/// The calls that are aimed at: all, or so many of them, each kind as often as the others.
fn aims(calls: &[(&'static str, u64)], wanted: u64, random: &mut Random) -> Vec<(&'static str, u64)> {
    if wanted == 0 {
        return calls.iter().flat_map(|(kind, count)| (1..=*count).map(move |number| (*kind, number))).collect();
    }
    let mut one = |_| {
        let (kind, count) = calls[random.below(calls.len() as u64) as usize];
        (kind, 1 + random.below(count))
    };
    (0..wanted).map(&mut one).collect()
}

/// A stand with a history: proven items, and then changes of every kind that have not travelled.
fn scene() -> Stand {
    let stand = Stand::new();
    let mut random = Random::of(1);
    for number in 0..24 {
        stand.write(format!("folder {}/card {number}", number % 3), format!("content {number}"));
    }
    stand.write("scan", random.bytes(600_000));
    stand.write("turns", "a file");
    stand.round();
    for number in 0..6 {
        stand.write(format!("folder {}/card {number}", number % 3), format!("changed {number}"));
        stand.write(format!("new {number}"), format!("new {number}"));
    }
    let path = |name: &str| stand.archive.join(name);
    let mut scan = fs::read(path("scan")).expect("it is there");
    scan.splice(300_000..300_000, random.bytes(5000));
    stand.write("scan", scan);
    fs::remove_file(path("folder 0/card 9")).expect("it is there");
    fs::rename(path("folder 1/card 10"), path("renamed")).expect("it is there");
    fs::remove_file(path("turns")).expect("it is there");
    stand.write("turns/inner", "a folder");
    stand
}

/// What is done before the command that is killed, and the command.
type Case<'a> = (&'a [(Side, &'a [&'a str])], Side, &'a [&'a str]);

const PACK: (Side, &[&str]) = (Side::Source, &["pack", "--to", "medium"]);
const APPLY: (Side, &[&str]) = (Side::Replica, &["apply", "--from", "medium"]);

const CASES: &[Case<'_>] = &[
    (&[], Side::Source, &["capture"]),
    (&[], Side::Source, &["capture", "--deep"]),
    (&[], Side::Source, &["pack", "--to", "medium"]),
    (&[], Side::Source, &["carry", "medium"]),
    (&[PACK], Side::Replica, &["apply", "--from", "medium"]),
    (&[PACK], Side::Replica, &["carry", "medium"]),
    (&[PACK, APPLY], Side::Source, &["reconcile", "--from", "medium"]),
    (&[PACK, APPLY], Side::Source, &["carry", "medium"]),
    (&[PACK, APPLY], Side::Replica, &["scrub"]),
    (&[PACK, APPLY], Side::Replica, &["history", "--restore", "restored"]),
    (&[PACK], Side::Source, &["resend", "--route", "outward", "--item", "**", "--reason", "again"]),
    (&[PACK], Side::Source, &["purge", "--route", "outward", "--item", "**", "--reason", "wrong", "--yes"]),
    (&[PACK], Side::Source, &["ledger", "rebuild"]),
    (&[PACK, APPLY], Side::Replica, &["ledger", "rebuild"]),
];

/// What a call is made to fail with, and whether that may ever end well: a command that could not make something durable has
/// not done it, unless it was the index, which is a view.
const ERRORS: [(&str, &str, bool); 6] = [
    ("fsync", "EIO", false),
    ("syncfs", "EIO", false),
    ("pwrite64", "ENOSPC", true),
    ("rename,renameat,renameat2", "EIO", true),
    ("pread64", "EIO", true),
    ("unlink,unlinkat", "EACCES", true),
];

/// FAULTS C04, M06
#[test]
fn failing_at_each_call() {
    if no_strace() {
        return;
    }
    let wanted = size("GAPFERRY_CALLS", 2);
    let mut random = Random::new("failing_at_each_call");
    let stand = scene();
    let pristine = stand.keep();
    let (mut total, mut failed) = (0, 0);
    for (before, side, line) in CASES {
        stand.restore(&pristine);
        before.iter().for_each(|(side, line)| drop(stand.expect(*side, line, 0)));
        let prepared = stand.keep();
        let counted = calls(&stand, *side, line);
        let known: Vec<(&str, u64)> = ERRORS.iter().filter_map(|(kind, ..)| counted.iter().find(|(of, _)| of == kind).copied()).collect();
        for (kind, number) in aims(&known, wanted, &mut random) {
            let (_, error, may_end_well) = ERRORS.iter().find(|(of, ..)| *of == kind).expect("it was taken from there");
            stand.restore(&prepared);
            clear(&stand.folder("restored"));
            let inject = format!("inject={kind}:error={error}:when={number}");
            let to = stand.folder("calls");
            let options = ["-y", "-o", to.to_str().expect("paths of tests are UTF-8"), "-e", &format!("trace={kind}"), "-e", &inject];
            let ran: Ran = traced(&stand, *side, line, &options).output().expect("strace can be run").into();
            let exit = ran.exit.unwrap_or_else(|| panic!("{line:?} died of {error} at {kind} {number}: {ran:#?}"));
            let text = fs::read_to_string(&to).expect("strace writes text");
            let Some(injected) = text.lines().find(|line| line.ends_with("(INJECTED)")) else { continue };
            let may_end_well = *may_end_well || injected.contains("/index");
            assert!(exit != 101 && (exit != 0 || may_end_well), "{side:?} {line:?} with {injected}: {ran:#?}");
            (total, failed) = (total + 1, failed + u64::from(exit != 0));
            let again = stand.run(*side, line);
            assert_eq!(again.exit, Some(0), "{side:?} {line:?} after {error} at {kind} {number}: {again:#?}");
            stand.round();
            stand.expect_true();
            stand.expect_whole();
        }
    }
    println!("{total} calls failed, which {failed} commands could not do without; nothing lost");
    assert!(failed > 0);
}

/// FAULTS C01
#[test]
fn killed_at_each_call() {
    if no_strace() {
        return;
    }
    let wanted = size("GAPFERRY_CALLS", 2);
    let mut random = Random::new("killed_at_each_call");
    let stand = scene();
    let pristine = stand.keep();
    let (mut total, mut by_kind, mut points) = (0, BTreeMap::<&str, u64>::new(), BTreeSet::new());
    for (before, side, line) in CASES {
        let prepare = || {
            stand.restore(&pristine);
            before.iter().for_each(|(side, line)| drop(stand.expect(*side, line, 0)));
        };
        prepare();
        let prepared = stand.keep();
        let counted = calls(&stand, *side, line);
        println!("{side:?} {}: {} calls", line.join(" "), counted.iter().map(|(_, count)| count).sum::<u64>());
        for (kind, number) in aims(&counted, wanted, &mut random) {
            stand.restore(&prepared);
            clear(&stand.folder("restored"));
            if !killed_at(&stand, *side, line, kind, number) {
                continue;
            }
            total += 1;
            *by_kind.entry(kind).or_default() += 1;
            points.insert((side, line, kind, number));
            let again = stand.run(*side, line);
            assert_eq!(again.exit, Some(0), "{side:?} {line:?} after a kill at {kind} {number}: {again:#?}");
            stand.round();
            stand.expect_true();
            stand.expect_whole();
        }
    }
    println!("{total} kills at {} different calls, nothing lost; of each kind: {by_kind:?}", points.len());
    assert!(total > 0);
}

pub fn no_strace() -> bool {
    let missing = Command::new("strace").arg("-V").output().is_err();
    if missing {
        println!("SKIPPED: strace is not installed");
    }
    missing
}

fn clear(folder: &Path) {
    let _may_not_be_there = fs::remove_dir_all(folder);
}
