//! Two daemons over shared folders: a change to one document is carried over, applied, answered and proven by themselves, and
//! how long that took is printed. How many documents: `GAPFERRY_DOCUMENTS`; how many changes: `GAPFERRY_CHANGES`.
//!
//! Five seconds are the promise at 100,000 documents; a busy machine may take longer, so that the time is printed and not
//! asserted here: the script that runs the full size looks at it (`GAPFERRY_SECONDS_MAX`).

use crate::stand::{PATIENCE, Random, Setting, Side, Stand, size, tree, wait_for};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A daemon, and what it logs.
struct Daemon {
    running: Child,
    log: Receiver<String>,
}

impl Daemon {
    fn start(stand: &Stand, side: Side) -> Self {
        let mut command = stand.command(side, &["run", "--log", "json"]);
        let mut running = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the binary can be run");
        let said = running.stderr.take().expect("its errors are a pipe");
        let (tell, log) = channel();
        std::thread::spawn(move || BufReader::new(said).lines().map_while(Result::ok).try_for_each(|line| tell.send(line)));
        Self { running, log }
    }

    /// Waits until the log says this.
    fn until(&self, message: &str) {
        let begun = Instant::now();
        let mut seen = Vec::new();
        while let Ok(line) = self.log.recv_timeout(PATIENCE.saturating_sub(begun.elapsed())) {
            let event: Value = serde_json::from_str(&line).unwrap_or(Value::Null);
            if event["fields"]["message"] == message {
                return;
            }
            seen.push(line);
        }
        panic!("the daemon never said {message:?}: {seen:#?}");
    }

    /// Stops it as the service manager does.
    fn stop(mut self) {
        let pid = Pid::from_child(&self.running);
        kill_process(pid, Signal::TERM).expect("it is ours");
        self.until("stopped");
        let exit = wait_for("the daemon to end", || self.running.try_wait().expect("it is ours"));
        assert_eq!(exit.code(), Some(0));
    }

    fn kill(mut self) {
        self.running.kill().expect("it is ours");
        self.running.wait().expect("it is ours");
    }
}

/// Total and done, from `status`; none while something is stopped or failed.
fn proven(stand: &Stand, total: u64) -> Option<()> {
    let counts = stand.counts();
    (counts == (total, total)).then_some(())
}

/// Bytes in a folder.
fn bytes(folder: &Path) -> u64 {
    fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("an entry").metadata().map_or(0, |metadata| metadata.len())).sum()
}

/// Waits until the source has captured `content` as the newest version of this item and it is proven. Looks only when the
/// ledger has grown: looking costs time that the daemons need.
fn until_proven(stand: &Stand, item: &str, content: &[u8]) {
    let digest = wire::digest::of_bytes(content).to_string();
    let ledger = stand.home(Side::Source).join("ledger");
    let mut seen = None;
    wait_for("the change to be proven", || {
        let now = Some(bytes(&ledger));
        if std::mem::replace(&mut seen, now) == now {
            return None;
        }
        let items = stand.expect(Side::Source, &["items", item], 0);
        let found = items["items"].as_array()?.iter().find(|row| row["item"] == item)?;
        (found["state"] == "done" && found["digest"] == digest.as_str()).then_some(())
    });
}

#[test]
fn a_change_is_proven_by_itself() {
    let documents = size("GAPFERRY_DOCUMENTS", 200);
    let changes = size("GAPFERRY_CHANGES", 5);
    let mut random = Random::new("a_change_is_proven_by_itself");
    let stand = Stand::with(Setting { gateways: true, ..Setting::default() });
    let name = |number: u64| format!("folder {:03}/card {number:06}", number % 500);
    for number in 0..documents {
        stand.write(name(number), format!("card {number}: {}", random.next()));
    }
    let first = Instant::now();
    let daemons = [Side::Source, Side::Replica].map(|side| Daemon::start(&stand, side));
    daemons.iter().for_each(|daemon| daemon.until("ready"));
    wait_for("the first sync", || proven(&stand, documents));
    println!("{documents} documents: first sync in {:.1} s", first.elapsed().as_secs_f64());
    let mut longest = Duration::ZERO;
    for change in 1..=changes {
        let item = name(random.below(documents));
        let content = format!("changed {change}: {}", random.next());
        let begun = Instant::now();
        stand.write(&item, &content);
        until_proven(&stand, &item, content.as_bytes());
        let took = begun.elapsed();
        println!("change {change} of one of {documents} documents: proven in {:.2} s", took.as_secs_f64());
        longest = longest.max(took);
    }
    let [source, replica] = daemons;
    source.stop();
    replica.stop();
    assert!(tree(&stand.archive) == tree(&stand.replica), "the trees are equal");
    stand.expect_whole();
    let most = size("GAPFERRY_SECONDS_MAX", u64::MAX / 2);
    assert!(longest < Duration::from_secs(most), "the longest took {:.2} s", longest.as_secs_f64());
}

#[test]
fn killed_daemons_go_on_where_they_were() {
    let mut random = Random::new("killed_daemons_go_on_where_they_were");
    let stand = Stand::with(Setting { gateways: true, ..Setting::default() });
    let documents = 60;
    for number in 0..documents {
        let length = random.below(20_000) as usize;
        stand.write(format!("card {number}"), random.bytes(length));
    }
    for round in 0..8 {
        let daemons = [Side::Source, Side::Replica].map(|side| Daemon::start(&stand, side));
        let content = format!("round {round}");
        stand.write("card 0", &content);
        // Any moment from their start to well behind the proof.
        let moment = Instant::now() + random.moment(Duration::from_millis(600));
        while Instant::now() < moment {
            std::thread::yield_now();
        }
        daemons.into_iter().for_each(Daemon::kill);
    }
    let daemons = [Side::Source, Side::Replica].map(|side| Daemon::start(&stand, side));
    until_proven(&stand, "card 0", b"round 7");
    wait_for("everything to be proven", || proven(&stand, documents));
    // All may have been proven before the last kill: the first round of these clears away what that left.
    for folder in ["over", "back"] {
        wait_for("what a kill left to be cleared away", || parts(&stand.folder(folder)).is_empty().then_some(()));
    }
    daemons.into_iter().for_each(Daemon::stop);
    stand.expect_true();
    stand.expect_whole();
    for folder in ["stage", "kept"] {
        let path = stand.replica.join(".gapferry").join(folder);
        assert!(!path.exists() || tree(&path).is_empty(), "{folder}: nobody changed anything by hand");
    }
}

/// Files below a folder that were never finished.
fn parts(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).expect("it is there").map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".part")).collect()
}
