//! `inspect`: what can be said of a package, receipt, label or card, with and without a home.
//!
//! Without the key only what anybody learns who finds the file; with it what the file says, and that all of it is authentic.
//! A source cannot open its own packages, nor a replica its own receipts: then what its ledger knows of them. A file that is
//! refused is a problem with its clause, not a failure. Nothing is changed.

mod describe;

use seal::envelope::open_whole;
use serde_json::{Map, Value, json};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use store::disk::File;
use wire::backup::Backup;
use wire::card::Role;
use wire::clause::{self, Rejection, require};
use wire::header::{FORMAT_VERSION, Header, Kind, kind_of};
use wire::keys::Signer;
use wire::label::Label;
use wire::parity::Parity;
use wire::receipt::Receipt;
use wire::{PackageId, codec};

use crate::home::Home;
use crate::opener::{NotOpened, Package, read_start};
use crate::progress::Stage;
use crate::report::{Failure, InspectReport, Problem};
use crate::sealed::{Sealed, own};
use crate::status::look;
use crate::world::World;

/// Largest receipt or label that is read, bytes: more than its body, signature block and padding can have.
const WHOLE_BYTES_MAX: u64 = 128 << 20;
/// What a card begins with, whatever its version.
const CARD_START: &[u8] = b"gapferry card";

/// Facts by name, in order.
type Facts = Map<String, Value>;

/// Says what can be said of a file.
///
/// # Errors
/// `IO-01` when the file cannot be read; `HOM-*` and `LDG-*` when a home is named and cannot be opened.
pub fn inspect(world: &World, home: Option<&Path>, file: &Path) -> Result<InspectReport, Failure> {
    let place = file.display().to_string();
    let failed = |error: std::io::Error| Failure::io(&place, &error);
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let dir = world.disk.root(parent).map_err(failed)?;
    let mut opened = world.disk.open(&dir, file.file_name().unwrap_or_default().as_bytes()).map_err(failed)?;
    let start = read_start(&mut *opened).map_err(failed)?;
    let bytes = opened.stat().map_err(failed)?.size;
    let kind = what_it_is(&start, file);
    let mut report = InspectReport { kind: kind.map_or("card", word), file: place.clone(), ..InspectReport::default() };
    report.facts.insert("file_bytes".into(), bytes.into());
    let Some(kind) = kind else {
        card(world, home, file, &mut report)?;
        return Ok(report);
    };
    let header = match Header::decode(&start, bytes, kind) {
        Ok(header) => header,
        Err(rejection) => {
            report.problems.push(refused(&place, rejection));
            return Ok(report);
        }
    };
    report.facts.extend(header_facts(&header));
    let Some(home) = home else { return Ok(report) };
    let seen = look(world, home, |home| match kind {
        Kind::Package => package(home, &header, &mut *opened, &mut report.facts),
        Kind::Receipt => receipt(home, &header, &mut *opened, &mut report.facts),
        Kind::Label => label(home, &mut *opened, &mut report.facts),
        Kind::Backup => backup(home, &mut *opened, &mut report.facts),
        Kind::Parity => parity(home, &mut *opened, &mut report.facts),
    });
    match seen {
        Ok(Ok(opened)) => report.opened = opened,
        Ok(Err(NotOpened::Refused(rejection))) => report.problems.push(refused(&place, rejection)),
        Ok(Err(NotOpened::Io(error))) => return Err(failed(error)),
        Err(failure) => return Err(failure),
    }
    Ok(report)
}

fn refused(file: &str, rejection: Rejection) -> Problem {
    Problem { code: rejection.code(), subject: file.into(), detail: rejection.0.says.into() }
}

/// What the file says it is, else what its name says; none for a card.
fn what_it_is(start: &[u8], file: &Path) -> Option<Kind> {
    if start.starts_with(CARD_START) {
        return None;
    }
    kind_of(start).or_else(|| match file.extension().and_then(|extension| extension.to_str()) {
        Some("card") => None,
        Some("gfr") => Some(Kind::Receipt),
        Some("gfl") => Some(Kind::Label),
        Some("gfb") => Some(Kind::Backup),
        Some("gfe") => Some(Kind::Parity),
        _ => Some(Kind::Package),
    })
}

fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Package => "package",
        Kind::Receipt => "receipt",
        Kind::Label => "label",
        Kind::Backup => "backup",
        Kind::Parity => "parity",
    }
}

/// What anybody learns.
fn header_facts(header: &Header) -> Facts {
    describe::facts([
        ("format_version", json!(FORMAT_VERSION)),
        ("suite", json!(header.suite)),
        ("id", json!(header.id)),
        ("recipients", json!(header.slots.len())),
        ("padded_bytes", json!(header.plain_bytes)),
    ])
}

fn card(world: &World, home: Option<&Path>, file: &Path, report: &mut InspectReport) -> Result<(), Failure> {
    let card = match crate::setup::read_card_file(world, file) {
        Ok(card) => card,
        Err(Failure(problem)) if problem.code.starts_with("CRD-") => {
            report.problems.push(problem);
            return Ok(());
        }
        Err(failure) => return Err(failure),
    };
    report.opened = true;
    let known = |home: &Home| {
        if home.zone_id() == card.id() {
            "own"
        } else if home.trust.contains_key(&card.id()) {
            "yes"
        } else {
            "no"
        }
    };
    let trusted = home.map(|home| look(world, home, |home| Ok(known(home)))).transpose()?;
    report.facts.extend(describe::facts([
        ("zone", json!(card.zone)),
        ("role", json!(card.role.word())),
        ("suite", json!(1)),
        ("id", json!(card.id())),
        ("generation", json!(card.generation())),
        ("fingerprint", json!(card.fingerprint())),
    ]));
    report.facts.extend(trusted.map(|trusted| ("trusted".into(), trusted.into())));
    Ok(())
}

/// Whether it opened, or why it is refused; the facts are added.
type Seen = Result<Result<bool, NotOpened>, Failure>;

fn package(home: &Home, header: &Header, file: &mut dyn File, facts: &mut Facts) -> Seen {
    if home.config.role == Role::Source {
        let Some(known) = describe::packed(home, &header.id)? else { return Ok(Err(Rejection(&clause::ENV_RECIPIENT).into())) };
        facts.extend(known);
        return Ok(Ok(false));
    }
    let package = match Package::open(home, file) {
        Ok(package) => package,
        Err(refused) => return Ok(Err(refused)),
    };
    facts.extend(describe::manifest(home, &package.route, &package.manifest));
    facts.extend(describe::keys(&package.signer, &package.manifest.keys));
    let progress = &home.world.progress;
    progress.begin(Stage::Check, None, Some(header.plain_bytes));
    let content = package.content(file, |group| {
        progress.advance(0, group.len() as u64);
        Ok::<(), NotOpened>(())
    });
    progress.end();
    Ok(content.map(|()| true))
}

fn receipt(home: &Home, header: &Header, file: &mut dyn File, facts: &mut Facts) -> Seen {
    if home.config.role == Role::Replica {
        let Some(known) = describe::receipted(home, &header.id)? else { return Ok(Err(Rejection(&clause::ENV_RECIPIENT).into())) };
        facts.extend(known);
        return Ok(Ok(false));
    }
    let mut opened = || -> Result<(PackageId, Receipt, Signer), NotOpened> {
        let bytes = whole(file)?;
        let (id, verified) = open_whole(&bytes, Kind::Receipt, home.keys(), &|zone| home.signing_key(zone))?;
        let receipt = Receipt::decode(&verified.body)?;
        require(receipt.source == home.zone_id() && receipt.replica == verified.signer.zone, &clause::RCT_ZONES)?;
        Ok((id, receipt, verified.signer))
    };
    let (id, receipt, signer) = match opened() {
        Ok(opened) => opened,
        Err(refused) => return Ok(Err(refused)),
    };
    let ours = home.source().routes.iter().find(|(_, route)| route.route_id == receipt.route_id && route.replica == signer.zone);
    facts.extend(describe::receipt(home, ours.map(|(name, _)| name.as_str()), &id, &receipt)?);
    facts.extend(describe::keys(&signer, &receipt.keys));
    Ok(if ours.is_some() { Ok(true) } else { Err(Rejection(&clause::RCT_ROUTE).into()) })
}

fn label(home: &Home, file: &mut dyn File, facts: &mut Facts) -> Seen {
    let mut opened = || -> Result<Label, NotOpened> {
        let bytes = whole(file)?;
        let (_, verified) = open_whole(&bytes, Kind::Label, home.keys(), &|signer| home.label_key(signer))?;
        let label: Label = codec::decode(&verified.body, &clause::ENV_CANONICAL)?;
        require(label.maker == verified.signer.zone, &clause::LBL_MAKER)?;
        require(label.reserved == 0, &clause::LBL_FORM)?;
        Ok(label)
    };
    let label = match opened() {
        Ok(label) => label,
        Err(refused) => return Ok(Err(refused)),
    };
    let maker = if label.maker == home.zone_id() { home.config.zone.clone() } else { home.zone_name(&label.maker) };
    facts.extend(describe::facts([("medium", json!(label.medium)), ("maker", json!(maker))]));
    Ok(Ok(true))
}

fn backup(home: &Home, file: &mut dyn File, facts: &mut Facts) -> Seen {
    let mut opened = || -> Result<Backup, NotOpened> {
        let sealed = Sealed::open(home.keys(), Kind::Backup, file, &own(home.keys()))?;
        sealed.content(file, &mut |_| Ok::<(), NotOpened>(()))?;
        Ok(Backup::decode(&sealed.verified.body, sealed.content_bytes())?)
    };
    let facts_of = match opened() {
        Ok(Backup::Manifest(manifest)) => describe::facts([
            ("zone", json!(manifest.name)),
            ("generation", json!(manifest.generation)),
            ("time", json!(manifest.time)),
            ("incarnation", json!(manifest.incarnation)),
            ("ledger_records", json!(manifest.ledger.number)),
            ("ledger_head", json!(manifest.ledger.digest)),
            ("files", json!(manifest.files.len())),
        ]),
        Ok(Backup::Object(object)) => describe::facts([("size", json!(object.size)), ("digest", json!(object.digest))]),
        Err(refused) => return Ok(Err(refused)),
    };
    facts.extend(facts_of);
    Ok(Ok(true))
}

fn parity(home: &Home, file: &mut dyn File, facts: &mut Facts) -> Seen {
    let mut opened = || -> Result<Parity, NotOpened> {
        let sealed = Sealed::open(home.keys(), Kind::Parity, file, &|signer| home.signing_key(signer))?;
        sealed.content(file, &mut |_| Ok::<(), NotOpened>(()))?;
        Ok(Parity::decode(&sealed.verified.body, sealed.content_bytes())?)
    };
    let parity = match opened() {
        Ok(parity) => parity,
        Err(refused) => return Ok(Err(refused)),
    };
    let sequences: Vec<u64> = parity.members.iter().map(|member| member.sequence).collect();
    facts.extend(describe::facts([
        ("source", json!(home.zone_name(&parity.source))),
        ("run", json!(parity.run)),
        ("index", json!(parity.index + 1)),
        ("count", json!(parity.count)),
        ("sequences", json!(sequences)),
    ]));
    Ok(Ok(true))
}

/// All bytes of a small file.
fn whole(file: &mut dyn File) -> Result<Vec<u8>, NotOpened> {
    let bytes = file.stat()?.size;
    require(bytes <= WHOLE_BYTES_MAX, &clause::ENV_BODY)?;
    let mut content = vec![0; usize::try_from(bytes).map_err(|_| Rejection(&clause::ENV_BODY))?];
    let read = file.read_at(&mut content, 0)?;
    content.truncate(read);
    Ok(content)
}

#[cfg(test)]
#[path = "inspect_test.rs"]
mod tests;
