//! What the command prints of worlds.

use sim::weather::plan::plan;
use sim::world::Scene;
use sim::worlds::{self, Failure, Played, Request, Told};
use std::process::{Command, ExitCode};

/// What stands below the options.
pub const HELP: &str = "\
A crossing is a receipt that was reconciled and proved at least one change that was pending on its route.

Faults are counted by kind, with how often each altered an outcome:
  a strike on a command (killed, power-cut, io-error, disk-full, sync-fails, read-fails, medium-pulled, medium-full,
      write-protected): the same command from the same state without it ends with another report or another disk
  clock-*, months-pass: the next command of that home under the right clock, or at once, reports something else
  package-lost, receipt-lost, wiped: nobody else had the file, and nobody had taken it in
  doubled: the second copy was presented too; late: it was presented; reordered: a package that came after a later one and brought
      something that was no longer wanted
  bit-flipped, truncated, misrouted: refused by its name, or found damaged on its medium
  half-written: a command removed it
  replica-touched: found by scrub; archive-rot: found by capture --deep, or not sent; archive-emptied, archive-unmounted,
      archive-elsewhere (another folder in its place), archive-unreadable: reported
  index-*: noticed and made anew; source-put-back, replica-put-back, source-copied, replica-copied: a route was stopped for it
  keys-rotated: a later generation came to sign everywhere and was known; keys-revoked: that, or a file was refused for it
  template-changed: something was to be added, changed or withdrawn for it
  replica-adopted: something was proven on the new route; parity-needed: a lost package was rebuilt
  outage: power failed between two commands, and something was lost that was not durable
";

/// Plays worlds and prints what they saw.
pub fn played(request: &Request, json: bool) -> ExitCode {
    if !json {
        println!("seed {} at {}", request.seed, commit());
    }
    let played = worlds::run(request, &|told| match told {
        Told::SoFar(worlds, crossings) => eprintln!("{worlds} worlds, {crossings} crossings so far"),
        Told::Failed(Failure { seed, failed }) => {
            eprintln!("FAILED: {}: {}", failed.violation.checker, failed.violation.seen);
            eprintln!("  seed {seed} at {}; again with: cargo run --release -p sim -- --replay {seed} --crossings {}", commit(), request.crossings);
        }
    });
    if json {
        print_json(request, &played)
    } else {
        print_page(&played)
    }
    if let Some(first) = played.failures.first().filter(|_| !json) {
        println!("the first of them, shrunk:");
        worlds::alone(|| replay(first.seed, request.crossings));
    }
    if played.failures.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[expect(clippy::disallowed_methods, reason = "a run that was given no seed takes a fresh one, and prints it")]
/// The time of day.
pub fn fresh_seed() -> u64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| since.as_secs() * 1000 + u64::from(since.subsec_millis()))
}

fn commit() -> String {
    let output = Command::new("git").args(["rev-parse", "--short=12", "HEAD"]).output();
    let text = output.ok().filter(|output| output.status.success()).map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    text.unwrap_or_else(|| "unknown".into())
}

/// Plays one world and prints what happened.
pub fn replay(seed: u64, crossings: u32) -> ExitCode {
    let scene = Scene::new();
    let whole = plan(seed, crossings);
    let (_, result) = worlds::play(&scene, &whole);
    let shown = match &result {
        Ok(()) => whole,
        Err(failed) => worlds::smallest(&scene, &whole, failed.violation.checker),
    };
    let (log, ended) = worlds::play_logged(&scene, &shown);
    println!("seed {seed}: {:?}, {} steps", shown.shape, shown.steps.len());
    log.iter().for_each(|line| println!("{line}"));
    match ended {
        Ok(()) => {
            println!("all is well");
            ExitCode::SUCCESS
        }
        Err(failed) => {
            let place = failed.step.map_or("in the calm".into(), |step| format!("after step {step}"));
            println!("FAILED {place}: {}: {}", failed.violation.checker, failed.violation.seen);
            ExitCode::FAILURE
        }
    }
}

fn print_page(played: &Played) {
    let (counts, seconds) = (&played.counts, played.took.as_secs_f64());
    println!("{:>12}  worlds, {:.1} a second", counts.worlds, counts.worlds as f64 / seconds);
    println!("{:>12}  crossings, {:.0} a second and core", counts.crossings, counts.crossings as f64 / played.core_seconds);
    println!("{:>12}  commands", counts.commands);
    println!("{:>12}  times people agreed to the way back after a fork", counts.rebased);
    println!("{:>12}  indexes made anew that held what they had held", counts.rebuilt);
    println!("{:>12}  failures", played.failures.len());
    println!("{:>12} {:>12}", "faults", "altered");
    for (kind, count) in &counts.faults {
        println!("{:>12} {:>12}  {kind}", count.times, count.altered);
    }
}

fn print_json(request: &Request, played: &Played) {
    let counts = &played.counts;
    let faults: serde_json::Map<String, serde_json::Value> =
        counts.faults.iter().map(|(kind, count)| ((*kind).to_owned(), serde_json::json!({ "times": count.times, "altered": count.altered }))).collect();
    let failures: Vec<serde_json::Value> = played
        .failures
        .iter()
        .map(|failure| serde_json::json!({ "seed": failure.seed, "checker": failure.failed.violation.checker, "seen": failure.failed.violation.seen }))
        .collect();
    let report = serde_json::json!({
        "seed": request.seed, "commit": commit(), "worlds": counts.worlds, "crossings": counts.crossings, "commands": counts.commands,
        "rebased": counts.rebased, "rebuilt": counts.rebuilt, "faults": faults, "failures": failures, "seconds": played.took.as_secs_f64(), "core_seconds": played.core_seconds,
    });
    println!("{report}");
}
