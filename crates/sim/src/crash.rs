//! Every crash state: each operation is cut before every call that changes the disk, and at each cut in all variants of what was
//! not durable yet; what is left is recovered by running the usual commands again, which is cut again in turn.
//!
//! Guarantees: states are told apart by the digest of the durable image and counted once; the checks look at the disk
//! and share no code with the engine; the same seed tries the same states. A way that was found to end well is not walked twice: the
//! simulation is a function of the state, its entropy included.

mod books;
mod chapters;
mod checks;
mod operations;
mod scene;
#[cfg(test)]
mod tests;
mod variants;
mod walk;

pub use operations::NAMES;

use std::collections::{BTreeMap, HashSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Instant;
use walk::{Origin, Shared, Walk};

/// What is asked for.
#[derive(Clone, Debug)]
pub struct Options {
    /// Only this operation.
    pub operation: Option<String>,
    /// The first seed. Each has keys, content and sizes of its own.
    pub seed: u64,
    /// Whether two names can be exchanged in one step where the replica lies.
    pub exchanges: bool,
    /// So many seeds, one after the other.
    pub seeds: u64,
    /// No more distinct states than this; none for all.
    pub states_max: Option<usize>,
    /// No more variants of one cut than this, by chance; none for all.
    pub variants_max: Option<usize>,
    /// Second cuts for each recovery that is run.
    pub again: usize,
    /// Threads, each with a world of its own.
    pub threads: usize,
    /// Only this cut of the operation, this variant of it, and this second cut and variant.
    pub only: Only,
}

/// A single state, to be looked at again.
#[derive(Clone, Copy, Debug, Default)]
pub struct Only {
    /// Cut.
    pub cut: Option<usize>,
    /// Its variant.
    pub variant: Option<usize>,
    /// Second cut, and its variant.
    pub second: Option<(usize, usize)>,
}

/// What was found of one operation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Calls before which it was cut, and its end.
    pub cuts: usize,
    /// Variants that were tried, second cuts included.
    pub tried: usize,
    /// Distinct states among them.
    pub states: usize,
    /// Of these, after a second cut.
    pub states_again: usize,
    /// Commands that were run to recover.
    pub commands: usize,
}

impl Found {
    fn add(&mut self, more: &Self) {
        let Self { cuts, tried, states, states_again, commands } = more;
        self.cuts += cuts;
        self.tried += tried;
        self.states += states;
        self.states_again += states_again;
        self.commands += commands;
    }
}

/// What was found.
#[derive(Clone, Debug, Default)]
pub struct Report {
    /// By operation.
    pub operations: BTreeMap<&'static str, Found>,
    /// What was wrong, each with what replays it.
    pub failures: Vec<String>,
    /// Wall time, seconds.
    pub seconds: f64,
}

impl Report {
    /// Distinct states.
    pub fn states(&self) -> usize {
        self.operations.values().map(|found| found.states).sum()
    }
}

/// Runs it, for each seed, and tells what was found so far after each.
///
/// # Errors
/// When the scene cannot be made, or there is no such operation.
pub fn run(options: &Options, tell: &mut dyn FnMut(u64, &Report)) -> Result<Report, String> {
    let start = Instant::now();
    crate::remembered::remember();
    let (mut report, mut seen) = (Report::default(), HashSet::new());
    for seed in options.seed..options.seed.saturating_add(options.seeds.max(1)) {
        seen = run_seed(&Options { seed, ..options.clone() }, seen, &mut report)?;
        report.seconds = start.elapsed().as_secs_f64();
        tell(seed, &report);
        if !report.failures.is_empty() || options.states_max.is_some_and(|max| seen.len() >= max) {
            break;
        }
    }
    Ok(report)
}

/// Runs one seed and adds what was found; takes and gives the digests of the states that were seen.
fn run_seed(options: &Options, seen: HashSet<[u8; 32]>, report: &mut Report) -> Result<HashSet<[u8; 32]>, String> {
    let line = std::thread::scope(|scope| {
        scope.spawn(|| operations::line(options.seed, options.operation.as_deref(), options.exchanges)).join().map_err(|_| "the scene broke down".to_owned())
    })??;
    let chosen: Vec<usize> =
        (0..line.operations.len()).filter(|place| options.operation.as_deref().is_none_or(|name| name == line.operations[*place].name)).collect();
    if chosen.is_empty() {
        return Err(format!("there is no such operation; there are {NAMES:?}"));
    }
    let work: Vec<(usize, usize)> = chosen
        .iter()
        .flat_map(|place| (0..line.operations[*place].cuts.len()).map(|cut| (*place, cut)))
        .filter(|(_, cut)| options.only.cut.is_none_or(|only| only == *cut))
        .collect();
    let shared = Shared::new(&line, options, seen);
    let next = AtomicUsize::new(0);
    std::thread::scope(|scope| {
        for _ in 0..options.threads.max(1) {
            scope.spawn(|| {
                let walk = Walk::new(&shared);
                while let Some((operation, cut)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if shared.is_full() {
                        return;
                    }
                    walk.cut(&Origin { operation: *operation, cut: *cut, ..Origin::default() });
                }
            });
        }
    });
    let (found, failures, seen) = shared.into_found();
    report.failures.extend(failures);
    for (name, found) in found {
        report.operations.entry(name).or_default().add(&found);
    }
    for place in chosen {
        let operation = &line.operations[place];
        report.operations.entry(operation.name).or_default().cuts += operation.cuts.len();
    }
    Ok(seen)
}

impl Report {
    /// As one JSON object.
    pub fn json(&self) -> serde_json::Value {
        let operations: serde_json::Map<String, serde_json::Value> = self
            .operations
            .iter()
            .map(|(name, found)| {
                let Found { cuts, tried, states, states_again, commands } = found;
                let found = serde_json::json!({ "cuts": cuts, "tried": tried, "states": states, "states_again": states_again, "commands": commands });
                ((*name).to_owned(), found)
            })
            .collect();
        serde_json::json!({ "states": self.states(), "seconds": self.seconds, "operations": operations, "failures": self.failures })
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        writeln!(f, "{:<18}{:>8}{:>12}{:>12}{:>14}{:>12}", "operation", "cuts", "tried", "states", "second cuts", "commands")?;
        for (name, found) in &self.operations {
            writeln!(f, "{name:<18}{:>8}{:>12}{:>12}{:>14}{:>12}", found.cuts, found.tried, found.states, found.states_again, found.commands)?;
        }
        for failure in &self.failures {
            writeln!(f, "FAILED: {failure}")?;
        }
        let states = self.states();
        let each = if states == 0 { 0.0 } else { self.seconds * 1e3 / states as f64 };
        writeln!(f, "{states} distinct crash states, {} failures, {:.1} s, {each:.2} ms for each state", self.failures.len(), self.seconds)
    }
}
