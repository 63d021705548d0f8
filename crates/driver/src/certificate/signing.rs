//! `certificate sign`: gives every certificate of an archive that lacks a right proof one of its own.
//!
//! A record is rewritten in its canonical form, beside itself and then by a rename, and only if nobody touched it meanwhile. So many
//! are written, made durable by one call, and then renamed. What an interruption leaves ends in `.gapferry.part`, is
//! captured by nobody, and is replaced by the next run; a record is the old one or the new one.

use capture::scan::UNFINISHED;
use rights::Record;
use rights::certificate::{self, KIND, MEMBER, Signer};
use rights::fault::Fault;
use rights::identifier::Identifier;
use rights::json::{self, RECORD_BYTES_MAX};
use serde_json::Value;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use store::disk::{Dir, Kind, Met, Rename, Stat};
use store::spool::{read_whole, remove_if_there};
use wire::ItemId;
use wire::card::Role;

use super::trusting::Trusted;
use crate::acts::{Matcher, patterns};
use crate::checking::files::{may_be_record, settle};
use crate::home::{Access, Home};
use crate::progress::Stage;
use crate::records::Recognising;
use crate::report::{CertificateSignReport, Failure, Problem, SignedCertificate};
use crate::tree::split;
use crate::world::World;

/// Most items that a report lists.
const LISTED_MAX: usize = 1000;
/// Records that are made durable together. Each keeps its folder open until then.
const TOGETHER_MAX: usize = 256;

/// Which certificates.
#[derive(Clone, Debug, Default)]
pub struct CertificateSignOptions {
    /// Only those of this archive.
    pub archive: Option<String>,
    /// Only those whose paths match.
    pub pattern: Option<String>,
    /// Those too that earlier keys of this zone signed: where these were stolen.
    pub again: bool,
    /// Changes nothing.
    pub dry_run: bool,
}

/// Signs what lacks a right proof.
///
/// # Errors
/// `USE-01` on a replica, for an unknown archive, or a pattern that is not well formed or means no certificate; `SRC-01` when the root of an archive cannot be read;
/// `IO-01`, `HOM-*`, `LDG-*`. A record that cannot be signed is a problem and the rest goes on.
pub fn certificate_sign(world: &World, path: &Path, options: &CertificateSignOptions) -> Result<CertificateSignReport, Failure> {
    let matcher = options.pattern.as_ref().map(|pattern| patterns(std::slice::from_ref(pattern))).transpose()?;
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Source, "certificate sign")?;
    if let Some(unknown) = options.archive.as_ref().filter(|name| !home.config.archives.contains_key(*name)) {
        return Err(Failure::new("USE-01", unknown, "no archive of this name"));
    }
    let mut report = CertificateSignReport { dry_run: options.dry_run, ..CertificateSignReport::default() };
    let chosen = home.config.archives.iter().filter(|(name, _)| options.archive.as_ref().is_none_or(|chosen| chosen == *name));
    for (name, archive) in chosen {
        let recognising = Recognising::of(archive)?;
        let recognising = recognising.as_ref();
        let mut signing = Signing { home: &home, archive: name, root: &archive.root, recognising, options, report: &mut report, written: Vec::new() };
        signing.archive(matcher.as_ref())?;
    }
    let met = report.signed + report.right + report.refused;
    if let Some(pattern) = options.pattern.as_ref().filter(|_| met == 0 && report.problems.is_empty()) {
        home.settle()?;
        return Err(Failure::new("USE-01", pattern, "no certificate is meant by it"));
    }
    let result = format!("signed {} certificates", report.signed);
    finish(home, report.signed > 0 && !options.dry_run, &result)?;
    Ok(report)
}

/// Leaves a record that somebody signed.
fn finish(mut home: Home, signed: bool, result: &str) -> Result<(), Failure> {
    if signed {
        let actor = home.world.actor.clone();
        let acted = wire::record::Acted { who: actor.user, host: actor.host, command: actor.command, reason: String::new(), result: result.into() };
        home.record(acted)?;
    }
    home.settle()
}

/// A record that was signed and has not taken its place yet.
struct Written {
    dir: Dir,
    path: Vec<u8>,
    /// What the file was when it was read.
    was: Stat,
}

struct Signing<'s> {
    home: &'s Home,
    archive: &'s str,
    root: &'s Path,
    /// Which files are records, where the archive says it.
    recognising: Option<&'s Recognising>,
    options: &'s CertificateSignOptions,
    report: &'s mut CertificateSignReport,
    written: Vec<Written>,
}

impl Signing<'_> {
    fn archive(&mut self, matcher: Option<&Matcher>) -> Result<(), Failure> {
        let world = self.home.world.clone();
        let unread = |error: std::io::Error| Failure::new("SRC-01", self.archive, error.to_string());
        let root = world.disk.root(self.root).map_err(unread)?;
        let mut found = Vec::new();
        let walk = world.disk.walk(self.root, &mut |met| {
            if let Met::Entry { path, stat } = met
                && stat.kind == Kind::File
                && may_be_record(&path, self.recognising)
            {
                found.push((path, stat));
            }
        });
        walk.map_err(unread)?;
        settle(&mut found, self.recognising);
        found.retain(|(path, _)| matcher.is_none_or(|matcher| matcher.is_match(&ItemId(path.clone()))));
        found.sort_by(|(one, _), (other, _)| one.cmp(other));
        world.progress.begin(Stage::Sign, Some(found.len() as u64), None);
        let before = self.report.signed;
        for (path, stat) in found {
            self.one(&world, &root, &path, &stat)?;
            world.progress.advance(1, stat.size);
            if self.written.len() == TOGETHER_MAX {
                self.take_places(&world, &root)?;
            }
        }
        self.take_places(&world, &root)?;
        if self.report.signed > before && !self.options.dry_run {
            world.disk.sync_all(&root).map_err(|error| Failure::io(self.archive, &error))?;
        }
        world.progress.end();
        Ok(())
    }

    fn one(&mut self, world: &World, root: &Dir, path: &[u8], stat: &Stat) -> Result<(), Failure> {
        let place = self.place(path);
        let failed = |error: std::io::Error| Failure::io(&place, &error);
        let (folder, name) = split(path);
        let dir = world.disk.dir(root, folder, false).map_err(failed)?;
        let Ok(bytes) = read_whole(&*world.disk, &dir, name, RECORD_BYTES_MAX as u64) else { return Ok(()) };
        let speaks = |bytes: &[u8]| std::str::from_utf8(bytes).is_ok_and(|text| text.contains(KIND));
        let Some(value) = speaks(&bytes).then(|| json::read(&bytes).ok()).flatten().filter(|value| value.get("kind").is_some_and(|kind| kind == KIND)) else {
            return Ok(());
        };
        let record = match right(value) {
            Ok(record) => record,
            Err(fault) => {
                self.report.refused += 1;
                self.report.problems.push(Problem { code: fault.code(), subject: place, detail: fault.to_string() });
                return Ok(());
            }
        };
        let (keys, signer) = self.home.newest_signer();
        let trusted = Trusted { cards: &[], home: Some(self.home) };
        let newest_only = self.options.again;
        let check = |by: &Signer, message: &[u8; 32], signature: &[u8; 64]| {
            let counts = by.zone == signer.zone.0 && (!newest_only || by.generation == signer.generation);
            if counts {
                trusted.check_counting(by, message, signature)
            } else {
                Err(rights::certificate::clause::Refused(&rights::certificate::clause::CRT_SIGNER))
            }
        };
        let mut fields = record.fields().to_map();
        if certificate::is_signed(&fields, &check) {
            self.report.right += 1;
            return Ok(());
        }
        if !self.options.dry_run {
            let by = Signer { zone: signer.zone.0, generation: signer.generation };
            let proof = certificate::sign(&fields, &by, &world.random(), |message| keys.signature(message));
            fields.insert(MEMBER.into(), proof);
            write_beside(world, &dir, name, stat, &json::canonical(&Value::Object(fields))).map_err(failed)?;
            self.written.push(Written { dir, path: path.to_vec(), was: *stat });
        } else {
            self.signed(path);
        }
        Ok(())
    }

    fn place(&self, path: &[u8]) -> String {
        self.root.join(OsStr::from_bytes(path)).display().to_string()
    }

    fn signed(&mut self, path: &[u8]) {
        self.report.signed += 1;
        if self.report.items.len() < LISTED_MAX {
            self.report.items.push(SignedCertificate { archive: self.archive.into(), item: ItemId(path.to_vec()) });
        }
    }

    /// What was written beside its record takes its place, unless the record is no longer what was signed.
    fn take_places(&mut self, world: &World, root: &Dir) -> Result<(), Failure> {
        let disk = &*world.disk;
        if self.written.is_empty() {
            return Ok(());
        }
        disk.sync_all(root).map_err(|error| Failure::io(self.archive, &error))?;
        for Written { dir, path, was } in std::mem::take(&mut self.written) {
            let place = self.place(&path);
            let failed = |error: std::io::Error| Failure::io(&place, &error);
            let name = split(&path).1;
            let part = [name, UNFINISHED].concat();
            let is_same = |now: Stat| (now.size, now.modified, now.changed, now.inode) == (was.size, was.modified, was.changed, was.inode);
            if disk.stat(&dir, name).is_ok_and(is_same) {
                disk.rename((&dir, &part), (&dir, name), Rename::Replace).map_err(failed)?;
                self.signed(&path);
            } else {
                disk.remove(&dir, &part).map_err(failed)?;
                let detail = "somebody changed it meanwhile: run the command again".into();
                self.report.problems.push(Problem { code: "SRC-05", subject: place, detail });
            }
        }
        Ok(())
    }
}

/// A certificate that can be signed: a right record, whose token is one that nobody guesses.
fn right(value: Value) -> Result<Record<'static>, Fault> {
    let record = Record::of(value).map_err(|faults| {
        let refusing = faults.iter().find(|fault| fault.clause.refuses).or(faults.first());
        refusing.cloned().expect("a record that is refused has a fault")
    })?;
    match Identifier::Token.check(record.text("cert_token")) {
        Ok(()) => Ok(record),
        Err(_) => Err(Fault::new(&rights::fault::IDENTIFIER, "cert_token")),
    }
}

/// Writes what is to take the place of a file; not durable yet.
fn write_beside(world: &World, dir: &Dir, name: &[u8], was: &Stat, bytes: &[u8]) -> std::io::Result<()> {
    let part = [name, UNFINISHED].concat();
    remove_if_there(&*world.disk, dir, &part)?;
    let mut file = world.disk.create(dir, &part, 0o600)?;
    file.write_all_at(bytes, 0)?;
    file.set_mode(was.mode)
}
