//! `check`: every record of an archive against the table of its kind, all of them by the cross-checks, and what is found as alerts.
//!
//! Guarantee: what is no right record is named and left out, and the rest goes on. Records are read in bounded steps; what grows with their
//! number is the index of the checks, what is known of each business transaction, and the paths of those that were changed once.

mod alerts;
pub(crate) mod files;
pub mod rules;

use rayon::prelude::*;
use rights::cross::{self, Index, Raised};
use rights::scalar::Date;
use rights::transaction::Transactions;
use rights::{Fault, Record, fault, json};
use std::path::{Path, PathBuf};
use wire::ItemId;

use crate::certificate::unsigned::UNSIGNED;
use crate::home::{Access, Home};
use crate::progress::Stage;
use crate::records::Recognising;
use crate::report::{CheckReport, Failure, LISTED_MAX, Problem};
use crate::world::World;
use alerts::Alerts;
use files::{Files, Lacks, Met, What};
use rules::CheckRules;

/// Largest file of rules, bytes: a boundary for each village of a county.
const RULES_BYTES_MAX: u64 = 64 << 20;
/// Records that are read a second time together.
const AGAIN: usize = 1024;
/// Who records an alert.
const BY: &str = "gapferry";

/// What is checked.
#[derive(Clone, Debug)]
pub enum Checked {
    /// An archive of the home.
    Archive {
        /// The home.
        home: PathBuf,
        /// Its name.
        name: String,
    },
    /// A tree that is no archive of a home.
    Folder(PathBuf),
}

/// How it is checked.
#[derive(Clone, Debug)]
pub struct CheckOptions {
    /// What.
    pub what: Checked,
    /// A file of rules, instead of those of the archive.
    pub rules: Option<PathBuf>,
    /// The folder in the archive that new alerts go to.
    pub alerts: String,
    /// Write nothing.
    pub dry_run: bool,
}

/// `check`.
pub fn check(world: &World, options: &CheckOptions) -> Result<CheckReport, Failure> {
    let folder = options.alerts.trim_end_matches('/');
    if wire::name::check_path(folder.as_bytes()).is_err() {
        return Err(Failure::new("USE-01", "--alerts", format!("{folder:?} is no folder below the root of the archive")));
    }
    let mut reading = None;
    let (place, root, mut rules, recognising) = match &options.what {
        Checked::Folder(folder) => (folder.display().to_string(), folder.clone(), CheckRules::default(), None),
        Checked::Archive { home, name } => {
            let home = reading.insert(Home::open(world, home, Access::Read)?);
            let archive = home.config.archives.get(name).ok_or_else(|| Failure::new("USE-01", name, "no archive of this name"))?;
            let recognising = Recognising::of(archive)?;
            let alert = ItemId(format!("{folder}/alert/record.json").into_bytes());
            if !options.dry_run && recognising.as_ref().is_some_and(|recognising| !recognising.is_record(&alert)) {
                let own = archive.records.as_deref().unwrap_or_default();
                let pattern = format!("{{{own},{folder}/**/record.json}}");
                let detail = format!("capture takes no alert for a record: let `records` be \"{pattern}\" in gapferry.toml");
                return Err(Failure::new("HOM-03", name, detail));
            }
            (name.clone(), archive.root.clone(), archive.rules.clone(), recognising)
        }
    };
    if let Some(file) = &options.rules {
        rules = read_rules(world, file)?;
    }
    // At +08:00, where the records are.
    let seconds = world.now_seconds() + 8 * 3600;
    let clock = i32::try_from(seconds.div_euclid(86_400)).ok().zip(Date::of(1970, 1, 1)).map(|(days, first)| first.after(days));
    let clock = clock.ok_or_else(|| Failure::new("IO-01", "clock", "the clock shows no day of the calendar"))?;
    let second = seconds.rem_euclid(86_400);
    let at = format!("{clock}T{:02}:{:02}:{:02}+08:00", second / 3600, second / 60 % 60, second % 60);
    let parameters = rules.parameters(clock).map_err(|detail| Failure::new("HOM-03", &place, detail))?;
    let dir = world.disk.root(&root).map_err(|error| Failure::new("SRC-01", &place, format!("{}: {error}", root.display())))?;
    let raised = Raised { at: &at, today: parameters.today, by: BY, role: rules.role() };
    let mut checking = Checking {
        report: CheckReport {
            archive: place,
            today: parameters.today.to_string(),
            not_set: parameters.not_set(),
            dry_run: options.dry_run,
            ..CheckReport::default()
        },
        index: Index::default(),
        transactions: Transactions::default(),
        alerts: Alerts::new(&*world.disk, &dir, folder, raised, options.dry_run),
        changed_once: Vec::new(),
    };
    world.progress.begin(Stage::Records, None, None);
    // Where a route shows parts of certificates, each needs its proof.
    let home = reading.as_ref().filter(|home| crate::certificate::unsigned::are_shown(home, &checking.report.archive));
    let lacks = |record: &Record| home.is_some_and(|home| crate::certificate::unsigned::is_unsigned(home, record.fields()));
    let read = checking.read_all(world, &dir, recognising.as_ref(), &lacks);
    drop(reading);
    world.progress.end();
    read?;
    // Nothing else of this home touches the archive's tree while alerts are written into it.
    let home = match &options.what {
        Checked::Archive { home, .. } if !options.dry_run => Some(Home::open(world, home, Access::Change)?),
        _ => None,
    };
    world.progress.begin(Stage::CrossChecks, None, None);
    let told = checking.tell(world, &parameters);
    world.progress.end();
    let report = told?;
    home.map_or(Ok(()), |home| home.close("", ""))?;
    Ok(report)
}

fn read_rules(world: &World, file: &Path) -> Result<CheckRules, Failure> {
    let shown = file.display().to_string();
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = file.file_name().unwrap_or_default().as_encoded_bytes();
    let dir = world.disk.root(parent).map_err(|error| Failure::io(&shown, &error))?;
    let bytes = store::spool::read_whole(&*world.disk, &dir, name, RULES_BYTES_MAX).map_err(|error| Failure::io(&shown, &error))?;
    CheckRules::parse(&String::from_utf8_lossy(&bytes), &shown)
}

struct Checking<'a> {
    report: CheckReport,
    index: Index,
    transactions: Transactions,
    alerts: Alerts<'a>,
    /// Paths of records that are not at their first version: only these can be newer than what a certificate shows.
    changed_once: Vec<Vec<u8>>,
}

impl Checking<'_> {
    fn read_all(&mut self, world: &World, dir: &store::disk::Dir, recognising: Option<&Recognising>, lacks: &Lacks<'_>) -> Result<(), Failure> {
        let mut files = Files::new(&*world.disk, dir, recognising, lacks);
        let mut ready = Vec::new();
        loop {
            let (next, ()) = rayon::join(|| files.step(), || self.take(world, std::mem::take(&mut ready)));
            match next {
                Some(met) => ready = met,
                None => break,
            }
        }
        self.take(world, ready);
        let changed_once = std::mem::take(&mut self.changed_once);
        for paths in changed_once.chunks(AGAIN) {
            let read: Vec<_> = paths.par_iter().map(|path| files::read(&*world.disk, dir, path).ok()).collect();
            let values = read.iter().flatten().filter_map(|bytes| json::read_tree(bytes).ok());
            values.for_each(|value| value.as_object().into_iter().for_each(|fields| self.index.take_again(fields)));
        }
        Ok(())
    }

    fn take(&mut self, world: &World, met: Vec<Met>) {
        let (mut files, mut bytes) = (0, 0);
        for Met { path, what } in met {
            files += 1;
            match what {
                What::Record(record, size, lacks) => {
                    bytes += size;
                    if !self.index.take(&record) {
                        self.leave_out(&path, &[Fault::new(&fault::RID_TWICE, "rid")]);
                        continue;
                    }
                    self.report.records += 1;
                    if lacks {
                        self.problem(UNSIGNED, &path, "it is not signed, or signed as something else".into());
                    }
                    *self.report.kinds.entry(record.kind().name).or_default() += 1;
                    let contradicts = self.transactions.add(&record);
                    let doubts: Vec<Fault> = record.doubts().iter().cloned().chain(contradicts).collect();
                    if !doubts.is_empty() {
                        self.report.doubtful += 1;
                        self.problems(&path, &doubts);
                    }
                    if record.kind().name == "alert" {
                        self.alerts.hold(record.rid(), path);
                    } else if record.version() > 1 {
                        self.changed_once.push(path);
                    }
                }
                What::Faulty(faults) => self.leave_out(&path, &faults),
                What::Unread(error) => {
                    self.report.unread += 1;
                    self.problem("SRC-05", &path, error.to_string());
                }
            }
        }
        world.progress.advance(files, bytes);
    }

    fn leave_out(&mut self, path: &[u8], faults: &[Fault]) {
        self.report.left_out += 1;
        self.problems(path, faults);
    }

    fn problems(&mut self, path: &[u8], faults: &[Fault]) {
        for fault in faults {
            let limit = fault.limit.map(|limit| format!(" (limit {limit})")).unwrap_or_default();
            let field = if fault.field.is_empty() { String::new() } else { format!("{}: ", fault.field) };
            self.problem(fault.code(), path, format!("{field}{}{limit}", fault.clause.says));
        }
    }

    fn problem(&mut self, code: &'static str, path: &[u8], detail: String) {
        if self.report.problems.len() < LISTED_MAX {
            self.report.problems.push(Problem { code, subject: ItemId(path.to_vec()).to_string(), detail });
        }
    }

    fn tell(mut self, world: &World, parameters: &cross::Parameters) -> Result<CheckReport, Failure> {
        let mut told = Ok(());
        let (alerts, report) = (&mut self.alerts, &mut self.report);
        cross::run(&self.index, parameters, &mut |finding| {
            world.progress.advance(1, 0);
            if told.is_ok() {
                told = alerts.take(&finding, report);
            }
        });
        told?;
        if self.report.left_out == 0 && self.report.unread == 0 {
            self.alerts.not_found(parameters, &mut self.report)?;
        }
        self.alerts.finish()?;
        Ok(self.report)
    }
}

#[cfg(test)]
#[path = "checking_test.rs"]
mod tests;
