//! `demo --county`: writes an invented county as an archive of records, and carries its business transactions out in it.
//!
//! The folder holds `archive`, the rules to check it with, what was planted, and what it was made from, so that the next transactions can
//! follow. The same seed writes the same bytes. Records are replaced by renaming; nothing is synced, because it can be made again.

use county::County;
use driver::progress::{Progress, Stage};
use driver::report::Failure;
use serde::Deserialize;
use serde_json::json;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use crate::advice;
use crate::page::bytes;
use crate::usage;
use crate::voice::Voice;

const ARCHIVE: &str = "archive";
const RULES: &str = "rules.toml";
const PLANTED: &str = "planted.json";
const MADE_FROM: &str = "county.toml";

/// What was asked for.
pub struct Asked {
    /// The folder.
    pub into: PathBuf,
    /// Households of a new county.
    pub households: Option<u64>,
    /// Its seed.
    pub seed: Option<u64>,
    /// Years of dividends and inventories.
    pub years: Option<u64>,
    /// Whether something is planted for the checks to find.
    pub plant: bool,
    /// Transactions of a county that is there.
    pub steps: Option<u64>,
}

/// What a county was made from, and how many of its transactions were carried out.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct MadeFrom {
    seed: u64,
    households: u64,
    years: u32,
    plant: bool,
    steps: u64,
}

impl MadeFrom {
    fn county(&self) -> County {
        County { seed: self.seed, households: self.households, years: self.years, plant: self.plant }
    }

    fn write(&self, folder: &Path) -> Result<(), Failure> {
        let Self { seed, households, years, plant, steps } = self;
        let text = format!("seed = {seed}\nhouseholds = {households}\nyears = {years}\nplant = {plant}\nsteps = {steps}\n");
        put(&folder.join(MADE_FROM), text.as_bytes())
    }
}

/// What was written.
#[derive(Default)]
struct Written {
    records: AtomicU64,
    documents: AtomicU64,
    bytes: AtomicU64,
}

/// Makes a county, or goes on with one; returns the exit code.
pub fn run(asked: &Asked, progress: &dyn Progress, voice: &Voice) -> u8 {
    let made = match (asked.households, asked.steps) {
        (Some(households), None) => make(asked, households, progress),
        (None, Some(steps)) if asked.seed.is_none() && asked.years.is_none() && !asked.plant => go_on(asked, steps, progress),
        _ => Err(wrong("--into goes with --county (and --seed, --years, --plant) or with --step")),
    };
    match made {
        Ok((from, written, steps, planted)) => told(asked, &from, &written, steps, &planted, voice),
        Err(failure) => voice.failure(&failure),
    }
}

type Made = (MadeFrom, Written, u64, Vec<county::Planted>);

fn told(asked: &Asked, from: &MadeFrom, written: &Written, steps: u64, planted: &[county::Planted], voice: &Voice) -> u8 {
    let count = |number: &AtomicU64| number.load(Ordering::Relaxed);
    let (records, documents, size) = (count(&written.records), count(&written.documents), count(&written.bytes));
    let path = |name: &str| asked.into.join(name).display().to_string();
    let has = |rule: &str| planted.iter().any(|planted| planted.rule == rule);
    let without: Vec<String> = (1..=34).map(|rule| format!("X{rule:02}")).filter(|rule| !planted.is_empty() && !has(rule)).collect();
    let planted = planted.len();
    if voice.json {
        let report = json!({
            "folder": asked.into.display().to_string(), "seed": from.seed, "households": from.households, "years": from.years, "records": records,
            "documents": documents, "bytes": size, "planted": planted, "rules_without": without, "steps": steps, "steps_total": from.steps, "exit": advice::WELL,
        });
        return voice.json(advice::WELL, &report);
    }
    if voice.quiet {
        return advice::WELL;
    }
    let values = [
        ("archive", path(ARCHIVE)),
        ("rules", path(RULES)),
        ("records", records.to_string()),
        ("documents", documents.to_string()),
        ("bytes", bytes(size)),
        ("steps", steps.to_string()),
        ("planted", planted.to_string()),
        ("without", without.join(" ")),
        ("file", path(PLANTED)),
    ];
    let values: Vec<(&str, &str)> = values.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let mut lines = vec![voice.texts.fill(if asked.steps.is_some() { "demo.county-changed" } else { "demo.county-made" }, &values)];
    if planted > 0 {
        lines.push(voice.texts.fill("demo.county-planted", &values));
    }
    if !without.is_empty() {
        lines.push(voice.texts.fill("demo.county-small", &values));
    }
    lines.push(voice.texts.fill("demo.county-check", &values));
    voice.print(advice::WELL, &(lines.join("\n") + "\n"))
}

fn wrong(detail: impl Into<String>) -> Failure {
    usage::wrong("gapferry demo", detail)
}

fn make(asked: &Asked, households: u64, progress: &dyn Progress) -> Result<Made, Failure> {
    let years = u32::try_from(asked.years.unwrap_or(1)).ok().filter(|years| (1..=10).contains(years));
    let years = years.ok_or_else(|| wrong("--years is 1 to 10"))?;
    if !(1..=County::HOUSEHOLDS_MOST).contains(&households) {
        return Err(wrong(format!("--county is 1 to {}", County::HOUSEHOLDS_MOST)));
    }
    let folder = super::place(Some(asked.into.clone()))?;
    let from = MadeFrom { seed: asked.seed.unwrap_or(1), households, years, plant: asked.plant, steps: 0 };
    let county = from.county();
    let archive = folder.join(ARCHIVE);
    let (written, next, failed) = (Written::default(), AtomicU64::new(0), Mutex::new(None));
    progress.begin(Stage::County, None, None);
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                loop {
                    let village = next.fetch_add(1, Ordering::Relaxed);
                    if village >= county.villages() {
                        return;
                    }
                    if let Err(failure) = write(&archive, county.village(village), &written, progress) {
                        next.store(county.villages(), Ordering::Relaxed);
                        *failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(failure);
                    }
                }
            });
        }
    });
    progress.end();
    if let Some(failure) = failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        return Err(failure);
    }
    put(&folder.join(RULES), county.rules().as_bytes())?;
    let planted: Vec<_> = (0..county.villages()).flat_map(|village| county.planted(village)).collect();
    if from.plant {
        let list: Vec<_> = planted.iter().map(|planted| json!({ "rule": planted.rule, "subjects": planted.subjects })).collect();
        let text = serde_json::to_string_pretty(&list).expect("a list of texts can be written");
        put(&folder.join(PLANTED), text.as_bytes())?;
    }
    from.write(&folder)?;
    Ok((from, written, 0, planted))
}

fn go_on(asked: &Asked, steps: u64, progress: &dyn Progress) -> Result<Made, Failure> {
    let file = asked.into.join(MADE_FROM);
    let text = fs::read_to_string(&file).map_err(|error| Failure::io(file.display().to_string(), &error))?;
    let mut from: MadeFrom = toml::from_str(&text).map_err(|error| wrong(format!("{}: {error}", file.display())))?;
    let (county, written) = (from.county(), Written::default());
    let (begin, all) = (from.steps, county.steps());
    if begin >= all {
        return Err(wrong(format!("all {all} transactions of this county were carried out")));
    }
    progress.begin(Stage::County, None, None);
    for _ in 0..steps {
        let Some(files) = county.step(from.steps) else { break };
        write(&asked.into.join(ARCHIVE), files, &written, progress)?;
        from.steps += 1;
    }
    progress.end();
    from.write(&asked.into)?;
    let done = from.steps - begin;
    Ok((from, written, done, Vec::new()))
}

fn write(archive: &Path, files: Vec<county::File>, written: &Written, progress: &dyn Progress) -> Result<(), Failure> {
    for county::File { path, bytes, record } in files {
        let (path, size) = (archive.join(path), bytes.len() as u64);
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).map_err(|error| Failure::io(folder.display().to_string(), &error))?;
        }
        if record {
            put(&path, &bytes)?;
        } else {
            fs::write(&path, bytes).map_err(|error| Failure::io(path.display().to_string(), &error))?;
        }
        if record { &written.records } else { &written.documents }.fetch_add(1, Ordering::Relaxed);
        written.bytes.fetch_add(size, Ordering::Relaxed);
        progress.advance(1, size);
    }
    Ok(())
}

/// Whole or not there: who looks meanwhile sees the one before.
fn put(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let part = path.with_extension("part");
    let written = fs::write(&part, bytes).and_then(|()| fs::rename(&part, path));
    written.map_err(|error: io::Error| Failure::io(path.display().to_string(), &error))
}
