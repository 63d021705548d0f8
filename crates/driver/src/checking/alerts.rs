//! Findings as alerts in the archive: what is new is raised, what goes on stays as it is, what is over is marked so.
//!
//! Guarantee: a file with the name of a record is whole. All of them are written beside their names first and synced together; only then
//! they get their names, and that is synced too. Given twice, the second time changes nothing. What a person wrote is never replaced but by
//! its next version.

use capture::scan::UNFINISHED;
use rights::Record;
use rights::cross::{Finding, Parameters, Raised, alert};
use rights::tree::{Branches, Tree};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use store::disk::{Dir, Disk, Rename};
use store::spool::remove_if_there;
use wire::ItemId;

use super::files::{read, split};
use crate::report::{AlertLine, CheckReport, Failure, LISTED_MAX};

/// An alert that the archive holds.
struct Held {
    path: Vec<u8>,
    found: bool,
}

/// The alerts of an archive while it is checked.
pub(super) struct Alerts<'a> {
    disk: &'a dyn Disk,
    root: &'a Dir,
    /// Where new ones go.
    folder: &'a str,
    raised: Raised<'a>,
    held: BTreeMap<String, Held>,
    /// Findings that were taken, by the id of their first alert.
    taken: BTreeSet<String>,
    /// What lies beside its name, and whether it is new.
    beside: Vec<(Vec<u8>, bool)>,
    dry_run: bool,
}

impl<'a> Alerts<'a> {
    pub(super) fn new(disk: &'a dyn Disk, root: &'a Dir, folder: &'a str, raised: Raised<'a>, dry_run: bool) -> Self {
        Self { disk, root, folder, raised, held: BTreeMap::new(), taken: BTreeSet::new(), beside: Vec::new(), dry_run }
    }

    /// Takes note of an alert of the archive.
    pub(super) fn hold(&mut self, rid: &str, path: Vec<u8>) {
        self.held.insert(rid.to_owned(), Held { path, found: false });
    }

    /// What becomes of one finding.
    pub(super) fn take(&mut self, finding: &Finding, report: &mut CheckReport) -> Result<(), Failure> {
        // A rule that finds the same twice says it once: what is written twice has nothing beside its name the second time.
        if !self.taken.insert(finding.rid(0)) {
            return Ok(());
        }
        report.findings += 1;
        *report.rules.entry(finding.rule.id()).or_default() += 1;
        for occurrence in 0.. {
            let rid = finding.rid(occurrence);
            let Some(held) = self.held.get_mut(&rid) else {
                let made = finding.alert(occurrence, &self.raised);
                let path = format!("{}/{}/{rid}/record.json", self.folder, finding.region).into_bytes();
                if self.is_there(&path) {
                    // What lies there is no right record: it is told as such, and whoever wrote it corrects it.
                    return Ok(());
                }
                report.raised += 1;
                self.list(report, rid, "raised", &made);
                return self.write(path, &made, true);
            };
            held.found = true;
            let path = held.path.clone();
            let Some(there) = self.read(&path)? else { return Ok(()) };
            match (alert::is_closed(&there), alert::is_over(&there)) {
                (true, true) => continue,
                (true, false) => {
                    report.closed += 1;
                    self.list(report, rid, "closed", &there);
                    return Ok(());
                }
                _ => {}
            }
            let next = alert::found_again(&there, finding, &self.raised);
            *if next.is_some() { &mut report.changed } else { &mut report.standing } += 1;
            self.list(report, rid, if next.is_some() { "changed" } else { "standing" }, next.as_ref().unwrap_or(&there));
            return next.map_or(Ok(()), |next| self.write(path, &next, false));
        }
        Ok(())
    }

    /// Marks what was not found as over.
    pub(super) fn not_found(&mut self, parameters: &Parameters, report: &mut CheckReport) -> Result<(), Failure> {
        let not_found: Vec<(String, Vec<u8>)> = self.held.iter().filter(|(_, held)| !held.found).map(|(rid, held)| (rid.clone(), held.path.clone())).collect();
        for (rid, path) in not_found {
            let Some(there) = self.read(&path)?.filter(|there| parameters.look_at(there)) else { continue };
            if let Some(next) = alert::not_found(&there, &self.raised) {
                report.over += 1;
                self.list(report, rid, "over", &next);
                self.write(path, &next, false)?;
            }
        }
        Ok(())
    }

    fn is_there(&self, path: &[u8]) -> bool {
        let (folder, name) = split(path);
        self.disk.dir(self.root, folder, false).and_then(|dir| self.disk.stat(&dir, name)).is_ok()
    }

    fn list(&self, report: &mut CheckReport, rid: String, change: &'static str, alert: &Record) {
        if report.alerts.len() < LISTED_MAX {
            let subjects = alert.list("subjects").iter().filter_map(|subject| subject.as_str().map(str::to_owned)).collect();
            let facts = alert.fields().get("facts").and_then(Tree::as_object).map(Branches::to_map).unwrap_or_default();
            let text = |name: &str| alert.text(name).to_owned();
            report.alerts.push(AlertLine { rule: text("rule_id"), severity: text("severity"), region: text("region"), change, subjects, facts, alert: rid });
        }
    }

    /// An alert as it lies there now; none when it is no record any more.
    fn read(&self, path: &[u8]) -> Result<Option<Record<'static>>, Failure> {
        match read(self.disk, self.root, path) {
            Ok(bytes) => Ok(Record::read(&bytes).ok().map(Record::into_owned)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(failed(path, &error)),
        }
    }

    fn write(&mut self, path: Vec<u8>, alert: &Record, new: bool) -> Result<(), Failure> {
        if self.dry_run {
            return Ok(());
        }
        let (folder, name) = split(&path);
        let part = [name, UNFINISHED].concat();
        let written = self.disk.dir(self.root, folder, true).and_then(|dir| {
            remove_if_there(self.disk, &dir, &part)?;
            self.disk.create(&dir, &part, 0o644)?.write_all_at(&alert.canonical(), 0)
        });
        written.map_err(|error| failed(&path, &error))?;
        self.beside.push((path, new));
        Ok(())
    }

    /// Gives everything its name. Where something lies under the name of a new one already, it stays.
    pub(super) fn finish(self) -> Result<(), Failure> {
        if self.beside.is_empty() {
            return Ok(());
        }
        let sync = || self.disk.sync_all(self.root).map_err(|error| failed(self.folder.as_bytes(), &error));
        sync()?;
        for (path, new) in &self.beside {
            let (folder, name) = split(path);
            let part = [name, UNFINISHED].concat();
            let named = self.disk.dir(self.root, folder, false).and_then(|dir| {
                match self.disk.rename((&dir, &part), (&dir, name), if *new { Rename::New } else { Rename::Replace }) {
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => self.disk.remove(&dir, &part),
                    other => other,
                }
            });
            named.map_err(|error| failed(path, &error))?;
        }
        sync()
    }
}

fn failed(path: &[u8], error: &io::Error) -> Failure {
    Failure::io(ItemId(path.to_vec()).to_string(), error)
}
