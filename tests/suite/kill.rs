//! SIGKILL of any command at random moments, then the same command again: the same end state as without (P2, P3, P5).
//!
//! Two stands follow one archive: on one every command is killed again and again before it may end, on the other none ever
//! is. After each round both say the same of every item, hold the same history and the same kind of files on the medium.
//! In which phase a kill fell is told by the program's own log. How many kills: `GAPFERRY_KILLS`; how many documents:
//! `GAPFERRY_DOCUMENTS`. What a power loss does is not tested here: what a killed process wrote, the system still has.

use crate::stand::{Ran, Random, Setting, Side, Stand, size, tree};
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;
use std::process::Stdio;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// The phases of which each gets its share of kills.
const PHASES: [&str; 5] = ["capture", "pack", "apply", "attest", "reconcile"];

/// The phase to which a stage of the log belongs.
fn phase(stage: &str) -> &'static str {
    match stage {
        "Capture" => "capture",
        "Pack" | "ReadBack" | "Check" => "pack",
        "Stage" | "Apply" => "apply",
        "Attest" => "attest",
        "Reconcile" => "reconcile",
        _ => "other",
    }
}

/// When to kill: so long after the first sign of this stage, or after the start.
struct Aim {
    stage: Option<&'static str>,
    delay: Duration,
}

/// What came of a run that was aimed at.
struct Shot {
    ran: Ran,
    killed: bool,
    /// Stages that were open at the end, the innermost last.
    open: Vec<String>,
    /// How long each stage took that came to its end, and the whole.
    took: Vec<(String, Duration)>,
}

/// A sign of the log: whether a stage begins, and which.
fn sign(line: &str) -> Option<(bool, String)> {
    let event: Value = serde_json::from_str(line).ok()?;
    let fields = &event["fields"];
    let stage = fields["stage"].as_str()?.to_owned();
    match fields["message"].as_str()? {
        "begins" => Some((true, stage)),
        "ends" => Some((false, stage)),
        _ => None,
    }
}

/// Runs a command and kills it at the moment that was chosen, if it is still running then.
fn shoot(stand: &Stand, side: Side, arguments: &[&str], aim: Option<&Aim>) -> Shot {
    let mut command = stand.command(side, arguments);
    command.args(["--log", "json", "--log-level", "debug"]).stdout(Stdio::piped()).stderr(Stdio::piped());
    let begun = Instant::now();
    let mut running = command.spawn().expect("the binary can be run");
    let mut printed = running.stdout.take().expect("its output is a pipe");
    let said = running.stderr.take().expect("its errors are a pipe");
    let (tell, told) = channel();
    let reader = std::thread::spawn(move || BufReader::new(said).lines().map_while(Result::ok).try_for_each(|line| tell.send((Instant::now(), line))));
    let printer = std::thread::spawn(move || {
        let mut text = Vec::new();
        printed.read_to_end(&mut text).map(|_| text)
    });
    let mut lines = Vec::new();
    if let Some(aim) = aim {
        wait_until(&told, &mut lines, begun, aim);
        running.kill().expect("it is ours");
    }
    lines.extend(told);
    let status = running.wait().expect("it is ours");
    drop(reader.join());
    let stdout = printer.join().expect("reading does not panic").expect("a pipe can be read");
    let whole = begun.elapsed();
    let mut open: Vec<(String, Instant)> = Vec::new();
    let mut took = Vec::new();
    for (at, line) in &lines {
        match sign(line) {
            Some((true, stage)) => open.push((stage, *at)),
            Some((false, stage)) => {
                let (begun_as, since) = open.pop().expect("what ends has begun");
                assert_eq!(begun_as, stage, "stages nest");
                took.push((stage, at.duration_since(since)));
            }
            None => {}
        }
    }
    took.push(("whole".into(), whole));
    let killed = status.code().is_none();
    let stderr = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
    let ran = Ran { exit: status.code(), object: serde_json::from_slice(&stdout).unwrap_or(Value::Null), stderr };
    assert!(killed || ran.exit != Some(101), "it panicked: {ran:#?}");
    Shot { ran, killed, open: open.into_iter().map(|(stage, _)| stage).collect(), took }
}

/// Returns when the moment has come, or nothing more is said because the command has ended.
fn wait_until(told: &Receiver<(Instant, String)>, lines: &mut Vec<(Instant, String)>, begun: Instant, aim: &Aim) {
    let mut from = aim.stage.is_none().then_some(begun);
    loop {
        let next = match from {
            None => told.recv().map_err(|_| RecvTimeoutError::Disconnected),
            Some(from) => told.recv_timeout((from + aim.delay).saturating_duration_since(Instant::now())),
        };
        match next {
            Ok((at, line)) => {
                let seen = sign(&line).is_some_and(|(begins, stage)| begins && aim.stage == Some(stage.as_str()));
                from = from.or(seen.then_some(at));
                lines.push((at, line));
            }
            Err(_) => return,
        }
    }
}

/// One killing after the other.
struct Killer {
    random: Random,
    /// Longest that each stage (by command) was seen to take.
    longest: BTreeMap<(String, String), Duration>,
    counts: BTreeMap<&'static str, u64>,
    total: u64,
}

impl Killer {
    fn new(random: Random) -> Self {
        Self { random, longest: BTreeMap::new(), counts: PHASES.iter().map(|phase| (*phase, 0)).collect(), total: 0 }
    }

    fn note(&mut self, word: &str, shot: &Shot) {
        for (stage, took) in &shot.took {
            if stage != "whole" || !shot.killed {
                // Half old, half new: what a busy machine once took must not make every later aim go wide.
                let known = self.longest.entry((word.into(), stage.clone())).or_insert(*took);
                *known = (*known + *took) / 2;
            }
        }
    }

    /// A moment in the phase, among those of this command, that has been hit least; one time in three any moment at all.
    fn aim(&mut self, word: &str, stages: &[&'static str]) -> Aim {
        let least = stages.iter().map(|stage| self.counts.get(phase(stage)).copied().unwrap_or(0)).min();
        let wanted: Vec<&'static str> = stages.iter().copied().filter(|stage| self.counts.get(phase(stage)).copied() == least).collect();
        let stage = (!wanted.is_empty() && self.random.below(3) > 0).then(|| wanted[self.random.below(wanted.len() as u64) as usize]);
        let usual = if stage.is_some() { Duration::from_millis(5) } else { Duration::from_millis(100) };
        let longest = self.longest.get(&(word.to_owned(), stage.unwrap_or("whole").to_owned())).copied().unwrap_or(usual);
        Aim { stage, delay: self.random.moment(longest) }
    }

    /// Runs a command until it ends, killing it some times before.
    fn run(&mut self, stand: &Stand, side: Side, arguments: &[&str], stages: &[&'static str], after_a_kill: &mut dyn FnMut()) -> Ran {
        let word = format!("{side:?} {}", arguments[0]);
        let kills = 1 + self.random.below(4);
        for _ in 0..kills {
            let aim = self.aim(&word, stages);
            let shot = shoot(stand, side, arguments, Some(&aim));
            self.note(&word, &shot);
            if shot.killed {
                self.total += 1;
                *self.counts.entry(shot.open.last().map_or("between", |stage| phase(stage))).or_default() += 1;
                after_a_kill();
            }
        }
        let shot = shoot(stand, side, arguments, None);
        self.note(&word, &shot);
        shot.ran
    }

    fn enough(&self, kills: u64) -> bool {
        self.total >= kills && PHASES.iter().all(|phase| self.counts[phase] >= kills / 10)
    }
}

/// The commands of one crossing, with the stages in which each can be hit.
fn steps(way: u64, medium: &str) -> Vec<(Side, Vec<&str>, &'static [&'static str])> {
    const CARRY_BACK: &[&str] = &["Check", "Reconcile", "Capture"];
    match way {
        0 => vec![
            (Side::Source, vec!["carry", medium], &["Capture", "Pack", "ReadBack"]),
            (Side::Replica, vec!["carry", medium], &["Stage", "Apply", "Attest"]),
            (Side::Source, vec!["carry", medium], CARRY_BACK),
        ],
        1 => vec![
            (Side::Source, vec!["capture"], &["Capture"]),
            (Side::Source, vec!["pack", "--to", medium], &["Pack", "ReadBack", "Check"]),
            (Side::Replica, vec!["apply", "--from", medium], &["Stage", "Apply", "Attest"]),
            (Side::Source, vec!["reconcile", "--from", medium], &["Reconcile"]),
            // Clears the medium, as after every crossing.
            (Side::Source, vec!["carry", medium], CARRY_BACK),
        ],
        _ => vec![
            (Side::Source, vec!["run", "--once"], &["Capture", "Pack", "ReadBack"]),
            (Side::Replica, vec!["run", "--once"], &["Stage", "Apply", "Attest"]),
            (Side::Source, vec!["run", "--once"], &["Reconcile", "Capture"]),
        ],
    }
}

/// Changes the archive: contents, names, attributes, a folder in the place of a file.
fn change(archive: &Path, random: &mut Random, documents: u64, round: u64) {
    let path = |number: u64| archive.join(format!("folder {}/card {number}", number % 17));
    let write = |path: &Path, content: &[u8]| {
        fs::create_dir_all(path.parent().expect("it lies in the archive")).expect("a folder can be made");
        fs::write(path, content).expect("a document can be written");
    };
    for number in 0..documents {
        if round == 0 || random.below(3) == 0 {
            let length = random.below(3000) as usize;
            write(&path(number), &random.bytes(length));
        }
    }
    for number in 0..documents / 40 {
        let from = path(random.below(documents));
        match random.below(4) {
            0 => drop(fs::remove_file(from)),
            1 => drop(fs::rename(from, archive.join(format!("renamed in {round} {number}")))),
            _ => write(&archive.join(format!("new in {round}/{number}")), b"new"),
        }
    }
    for number in 0..2 {
        let large = archive.join(format!("scan {number}"));
        let mut content = fs::read(&large).unwrap_or_else(|_| random.bytes(2 << 20));
        let at = random.below(content.len() as u64) as usize;
        content.splice(at..at, random.bytes(5000));
        write(&large, &content);
    }
    // A file whose place a folder takes, and the other way round.
    let turns = archive.join("turns");
    drop(fs::remove_file(&turns));
    drop(fs::remove_dir_all(&turns));
    write(&if round.is_multiple_of(2) { turns } else { turns.join("inner") }, b"turned");
}

/// What the ledger says of the items, in a form that does not depend on how often something was tried.
fn said(stand: &Stand, side: Side) -> BTreeMap<String, Vec<Value>> {
    let items = stand.expect(side, &["items"], 0);
    let fields = ["state", "version", "proven_version", "digest", "bytes", "discrepancy"];
    let row = |item: &Value| (item["item"].to_string(), fields.iter().map(|field| item[*field].clone()).collect());
    items["items"].as_array().expect("items").iter().map(row).collect()
}

/// Earlier versions on the replica.
fn history(stand: &Stand) -> Vec<String> {
    let report = stand.expect(Side::Replica, &["history"], 0);
    let entry = |entry: &Value| format!("{} {} {}", entry["item"], entry["version"], entry["digest"]);
    report["entries"].as_array().expect("entries").iter().map(entry).collect()
}

/// How many files of each kind a folder holds.
fn kinds(folder: &Path) -> BTreeMap<String, u64> {
    let mut kinds = BTreeMap::new();
    for path in tree(folder).keys() {
        let name = String::from_utf8_lossy(path).into_owned();
        *kinds.entry(name.split_once('.').map_or(name.clone(), |(_, ending)| ending.to_owned())).or_default() += 1;
    }
    kinds
}

/// Files below a folder of the replica's own.
fn own(stand: &Stand, folder: &str) -> usize {
    let path = stand.replica.join(".gapferry").join(folder);
    if path.exists() { tree(&path).len() } else { 0 }
}

/// Nothing is shown as done that is not right on the replica; while no capture is due.
fn nothing_false_is_done(stand: &Stand) {
    let (archive, replica) = (tree(&stand.archive), tree(&stand.replica));
    let items = stand.expect(Side::Source, &["items", "--state", "done"], 0);
    for item in items["items"].as_array().expect("items") {
        let name = item["item"].as_str().expect("a name").as_bytes();
        assert!(archive.get(name).is_some_and(|leaf| replica.get(name) == Some(leaf)), "done and not right: {item}");
    }
}

fn compare(killed: &Stand, never: &Stand, round: u64) {
    killed.expect_true();
    never.expect_true();
    killed.expect_whole();
    for side in [Side::Source, Side::Replica] {
        assert_eq!(said(killed, side), said(never, side), "round {round}: {side:?}");
    }
    assert_eq!(history(killed), history(never), "round {round}");
    for folder in ["medium", "over", "back"] {
        let (mut with, mut without) = (kinds(&killed.folder(folder)), kinds(&never.folder(folder)));
        let packages = |kinds: &BTreeMap<String, u64>| kinds.get("gfp").copied().unwrap_or(0);
        if packages(&with) + 1 == packages(&without) {
            // Killed between its record and its final name, a package without items is not made again: what it would have told is told by
            // the next one. All that has items is done on both sides, as was compared above.
            with.remove("gfp");
            without.remove("gfp");
        }
        assert_eq!(with, without, "round {round}: {folder}");
    }
    assert_eq!((own(killed, "stage"), own(killed, "kept")), (0, 0), "round {round}: what nobody changed was kept aside, or staging was left");
}

#[test]
fn killed_anywhere_and_again() {
    let (kills, documents) = (size("GAPFERRY_KILLS", 40), size("GAPFERRY_DOCUMENTS", 400));
    let mut killer = Killer::new(Random::new("killed_anywhere_and_again"));
    let pair = |gateways| {
        let killed = Stand::with(Setting { gateways, ..Setting::default() });
        let never = Stand::with(Setting { archive: Some(killed.archive.clone()), gateways, ..Setting::default() });
        killed.without_breaker();
        never.without_breaker();
        (killed, never)
    };
    let pairs = [pair(false), pair(true)];
    let mut rounds = [0, 0];
    for turn in 0.. {
        if killer.enough(kills) {
            break;
        }
        assert!(turn < kills, "the phases are too short to be hit: {:?}", killer.counts);
        let way = turn % 3;
        let number = usize::from(way == 2);
        let (killed, never) = &pairs[number];
        change(&killed.archive, &mut killer.random, documents, rounds[number]);
        let steps = steps(way, "medium");
        let last = steps.len() - 1;
        for (place, (side, line, stages)) in steps.into_iter().enumerate() {
            let without = never.run(side, &line);
            let mut check = || {
                if place == last {
                    nothing_false_is_done(killed);
                }
            };
            let with = killer.run(killed, side, &line, stages, &mut check);
            assert_eq!((with.exit, with.codes()), (without.exit, without.codes()), "{side:?} {line:?}: {with:#?}");
            assert_eq!(with.exit, Some(0), "{side:?} {line:?}: {with:#?}");
        }
        compare(killed, never, rounds[number]);
        rounds[number] += 1;
    }
    println!("{} kills in {} rounds: {:?}", killer.total, rounds[0] + rounds[1], killer.counts);
}
