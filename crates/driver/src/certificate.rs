//! Certificates (spec/certificate.md): signed inside, proven anywhere, printed as a code.
//!
//! What is proven is what `rights::certificate` proves; here are the keys, the copies that a home knows, the day, and the files.
//! Verifying changes nothing and needs no home; signing rewrites records of the archive, each whole or not at all.

mod finding;
mod picture;
mod printing;
mod signing;
mod trusting;
pub(crate) mod unsigned;

use finding::{Copies, Copy};
use rights::certificate::clause::{self, Clause, Refused};
use rights::certificate::code::Code;
use rights::certificate::{self, ALWAYS_SHOWN, MEMBER, Proven, SET_BY_ROUTE};
use rights::json::RECORD_BYTES_MAX;
use rights::kind::Kind;
use rights::scalar::Date;
use serde_json::Value;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use trusting::Trusted;

use crate::home::Home;
use crate::report::{CertificateNewest, CertificateReport, CertificatesReport, Failure, Problem};
use crate::status::look;
use crate::world::World;

pub use printing::{CertificateCodeOptions, certificate_code};
pub use signing::{CertificateSignOptions, certificate_sign};

const DAY_SECONDS: i64 = 86_400;
/// Days are those of +08:00, where the records are.
pub(crate) const ZONE_SECONDS: i64 = 8 * 3600;

/// What is verified, and against what.
#[derive(Clone, Debug, Default)]
pub struct CertificateVerifyOptions {
    /// Records, as they lie on a replica or inside.
    pub files: Vec<PathBuf>,
    /// Codes, as a scanner reads them.
    pub codes: Vec<String>,
    /// Cards of zones whose signatures are believed, beside those that the home trusts.
    pub cards: Vec<PathBuf>,
}

/// Proves certificates and codes: who signed, what of them is proven, and whether they are in force today. A home adds the zones that
/// it trusts, what it knows of stolen keys, and the copies that it holds.
///
/// # Errors
/// `USE-01` without a file or code, or without card and home; `CRD-*` for a card; `IO-01`, `HOM-*`, `LDG-*`. A certificate
/// that is refused is a problem with its clause, not a failure, as is a file that cannot be read (IO-01).
pub fn certificate_verify(world: &World, home: Option<&Path>, options: &CertificateVerifyOptions) -> Result<CertificatesReport, Failure> {
    if options.files.is_empty() && options.codes.is_empty() {
        return Err(Failure::new("USE-01", "certificate verify", "neither a file nor a code is given"));
    }
    if home.is_none() && options.cards.is_empty() {
        return Err(Failure::new("HOM-02", "--card", "neither a card nor a home says whose signatures are believed"));
    }
    let cards = options.cards.iter().map(|file| crate::setup::read_card_file(world, file)).collect::<Result<Vec<_>, _>>()?;
    let verify = |home: Option<&Home>| {
        let verifying = Verifying { trusted: Trusted { cards: &cards, home }, copies: Copies::of(world, home), today: today(world) };
        let mut report = CertificatesReport::default();
        for file in &options.files {
            let name = file.display().to_string();
            match read_file(world, file) {
                Ok(bytes) => verifying.file(&name, &bytes, &mut report),
                // The others are proven all the same.
                Err(failure) => {
                    report.problems.push(failure.0);
                    report.certificates.push(CertificateReport { subject: name, ..CertificateReport::default() });
                }
            }
        }
        options.codes.iter().for_each(|text| verifying.code(text.trim(), &mut report));
        Ok(report)
    };
    match home {
        Some(path) => look(world, path, |home| verify(Some(home))),
        None => verify(None),
    }
}

/// Today, where the records are.
fn today(world: &World) -> Date {
    let epoch = Date::of(1970, 1, 1).expect("a day of the calendar");
    epoch.after(i32::try_from((world.now_seconds() + ZONE_SECONDS).div_euclid(DAY_SECONDS)).unwrap_or_default())
}

/// The bytes of a file; of one that is too large for a record, as many as show it.
fn read_file(world: &World, file: &Path) -> Result<Vec<u8>, Failure> {
    let failed = |error: std::io::Error| Failure::io(file.display().to_string(), &error);
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let dir = world.disk.root(parent).map_err(failed)?;
    let mut opened = world.disk.open(&dir, file.file_name().unwrap_or_default().as_bytes()).map_err(failed)?;
    let mut bytes = vec![0; RECORD_BYTES_MAX + 1];
    let read = opened.read_at(&mut bytes, 0).map_err(failed)?;
    bytes.truncate(read);
    Ok(bytes)
}

fn problem(refused: &'static Clause, subject: &str, detail: impl Into<String>) -> Problem {
    Problem { code: refused.code, subject: subject.into(), detail: detail.into() }
}

struct Verifying<'v> {
    trusted: Trusted<'v>,
    copies: Copies<'v>,
    today: Date,
}

impl Verifying<'_> {
    fn file(&self, name: &str, bytes: &[u8], report: &mut CertificatesReport) {
        let proven = match certificate::verify(bytes, &|signer, message, signature| self.trusted.check(signer, message, signature)) {
            Ok(proven) => proven,
            Err(Refused(refused)) => {
                report.problems.push(problem(refused, name, refused.says));
                report.certificates.push(CertificateReport { subject: name.into(), ..CertificateReport::default() });
                return;
            }
        };
        let copy = self.copies.by_rid(proven.rid(), &self.trusted);
        let newer = copy.as_ref().filter(|copy| certificate::version(&copy.fields) > proven.version());
        let mut shown = self.shown(name, &proven);
        shown.known = self.trusted.home.map(|_| copy.as_ref().is_some_and(|copy| copy.known));
        if self.trusted.is_revoked(&proven.signer) {
            let is_vouched = |copy: &Copy| copy.vouched && copy.root(&self.trusted) == Some(proven.root);
            if newer.is_none() && !copy.as_ref().is_some_and(is_vouched) {
                shown.proven = false;
                report.problems.push(problem(&clause::CRT_REVOKED, name, format!("generation {} of their keys", proven.signer.generation)));
            }
        }
        let counting = newer.map_or(&proven.fields, |copy| &copy.fields);
        if let Some(copy) = newer {
            let detail = format!("version {} is shown, version {} is here at {}", proven.version(), certificate::version(&copy.fields), copy.place);
            report.problems.push(problem(&clause::CRT_OVERTAKEN, name, detail));
            shown.newest = Some(self.newest(copy));
        }
        self.state(name, counting, &mut shown, report);
        report.certificates.push(shown);
    }

    /// A code: its signature, then the certificate that its token leads to, where this home has it.
    fn code(&self, text: &str, report: &mut CertificatesReport) {
        let mut shown = CertificateReport { subject: text.into(), is_code: true, ..CertificateReport::default() };
        let refused = |refused: &'static Clause, detail: &str| problem(refused, text, detail);
        let code = match Code::parse(text) {
            Ok(code) => code,
            Err(Refused(clause)) => {
                report.problems.push(refused(clause, clause.says));
                report.certificates.push(shown);
                return;
            }
        };
        shown.token = Some(code.token.clone());
        let copy = self.copies.by_token(&code.token, &self.trusted);
        shown.known = self.trusted.home.map(|_| copy.as_ref().is_some_and(|copy| copy.known));
        match self.trusted.signer_of(&code) {
            Err(Refused(clause)) => report.problems.push(refused(clause, clause.says)),
            Ok(signer) => {
                shown.proven = true;
                shown.signer = Some(self.trusted.named(&signer));
                let is_same = copy.as_ref().is_some_and(|copy| copy.root(&self.trusted) == Some(code.root));
                if self.trusted.is_revoked(&signer) && !is_same {
                    shown.proven = false;
                    report.problems.push(refused(&clause::CRT_REVOKED, &format!("generation {} of their keys", signer.generation)));
                } else if !is_same && let Some(copy) = &copy {
                    let detail = format!("version {} is here at {}, signed after the code was made", certificate::version(&copy.fields), copy.place);
                    report.problems.push(refused(&clause::CRT_OVERTAKEN, &detail));
                }
                if let Some(copy) = &copy {
                    shown.newest = Some(self.newest(copy));
                    self.state(text, &copy.fields, &mut shown, report);
                }
            }
        }
        report.certificates.push(shown);
    }

    fn newest(&self, copy: &Copy) -> CertificateNewest {
        let state = certificate::state_on(&copy.fields, self.today).to_owned();
        CertificateNewest { place: copy.place.clone(), version: certificate::version(&copy.fields), state }
    }

    fn state(&self, name: &str, fields: &certificate::Fields, shown: &mut CertificateReport, report: &mut CertificatesReport) {
        let state = certificate::state_on(fields, self.today);
        shown.state = Some(state.to_owned());
        if state != "effective" {
            report.problems.push(problem(&clause::CRT_STATE, name, state));
        }
    }

    fn shown(&self, name: &str, proven: &Proven) -> CertificateReport {
        let names = proven.shown_names();
        let known = Kind::named(certificate::KIND).into_iter().flat_map(Kind::all_fields).map(|field| field.name);
        let may_be_shown = |field: &&str| *field != MEMBER && !SET_BY_ROUTE.contains(field) && !ALWAYS_SHOWN.contains(field);
        let not_shown = known.filter(may_be_shown).filter(|field| !proven.fields.contains_key(*field)).map(str::to_owned).collect();
        CertificateReport {
            subject: name.into(),
            is_code: false,
            proven: true,
            rid: Some(proven.rid().into()),
            token: Some(proven.token().into()),
            version: Some(proven.version()),
            signer: Some(self.trusted.named(&proven.signer)),
            values: names.iter().filter_map(|name| Some((name.clone(), value_at(&proven.fields, name)?))).collect(),
            not_shown,
            withheld: proven.withheld as u64,
            ..CertificateReport::default()
        }
    }
}

/// The value at a shown name; none for what is proven to be absent.
fn value_at(fields: &certificate::Fields, name: &str) -> Option<Value> {
    let path = name.split('|').next()?.strip_prefix('/')?;
    let mut steps = path.split('/');
    let first = fields.get(steps.next()?)?;
    let step = |value: &'_ Value, step: &str| match value {
        Value::Array(values) => values.get(step.parse::<usize>().ok()?).cloned(),
        other => other.get(step).cloned(),
    };
    steps.try_fold(first.clone(), |value, next| step(&value, next))
}

#[cfg(test)]
#[path = "certificate_test.rs"]
mod tests;
