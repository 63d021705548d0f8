//! Receipts on their way out: made when something is not answered yet, kept in the spool until the source has taken them in,
//! put again on whatever goes to the source.

use carrier::Carrier;
use engine::answer::{self, Moment, Wanted};
use seal::envelope::{SealEntropy, seal_whole};
use wire::PackageId;
use wire::codec;
use wire::header::Kind;
use wire::receipt::{Answer, Form, ReadBack};
use wire::record::Receipted;
use zeroize::Zeroizing;

use crate::home::Home;
use crate::report::{Failure, ReceiptReport};

/// Receipts of a route that are kept for replays.
const KEPT_MAX: usize = 16;

/// A receipt that was made.
pub struct MadeReceipt {
    /// What is reported of it.
    pub report: ReceiptReport,
    /// The sealed file.
    pub bytes: Vec<u8>,
}

/// A receipt in the spool.
struct Spooled {
    number: u64,
    /// It was put into the gateway folder.
    sent: bool,
    id: PackageId,
    name: Vec<u8>,
}

fn failed(error: std::io::Error) -> Failure {
    Failure::io("spool/out", &error)
}

/// Ending of the name of a receipt that a gateway folder has taken.
const SENT: &str = ".sent";

/// The spooled receipts of a route, oldest first. Their names say all: `<route id>-<number>-<id>.gfr`, and `.sent` once a
/// gateway folder has it.
fn spooled(home: &Home, route: &str) -> Result<Vec<Spooled>, Failure> {
    let out = home.world.disk.dir(&home.dir, b"spool/out", true).map_err(failed)?;
    let prefix = format!("{}-", home.replica().routes[route].route_id);
    let mut all: Vec<Spooled> = home
        .world
        .disk
        .list(&out)
        .map_err(failed)?
        .into_iter()
        .filter_map(|entry| {
            let text = std::str::from_utf8(&entry.name).ok()?.strip_prefix(&prefix)?;
            let (text, sent) = text.strip_suffix(SENT).map_or((text, false), |text| (text, true));
            let text = text.strip_suffix(".gfr")?;
            let (number, id) = text.split_once('-')?;
            Some(Spooled { sent, number: u64::from_str_radix(number, 16).ok()?, id: PackageId::from_hex(id)?, name: entry.name.clone() })
        })
        .collect();
    all.sort_by_key(|receipt| receipt.number);
    Ok(all)
}

fn make(home: &mut Home, name: &str, answers: Vec<Answer>, wanted: Wanted, scrub: bool) -> Result<MadeReceipt, Failure> {
    let tree = crate::applying::tree_of(home, name)?;
    let world = home.world.clone();
    let free_bytes = world.disk.space(&tree.root).map_err(|error| Failure::io(name, &error))?.free;
    let route = &home.replica().routes[name];
    let read_back = if home.config.policy.read_back_medium { ReadBack::Medium } else { ReadBack::Memory };
    let moment = Moment { source: route.source, replica: home.zone_id(), incarnation: home.incarnation(), ledger: home.head(), free_bytes, read_back };
    let count = answers.len() as u64;
    let receipt =
        answer::receipt(route, &moment, answers, wanted, scrub).ok_or_else(|| Failure::new("USE-01", name, "no package of this route was ever seen"))?;
    receipt.check().expect("we make receipts that hold to the form");
    let card = home.trust.get(&route.source).ok_or_else(|| Failure::new("USE-01", name, "the source's card is no longer trusted"))?;
    let entropy = SealEntropy { id: world.random(), content_key: Zeroizing::new(world.random()), wrap: vec![world.random()] };
    let body = codec::encode(&receipt);
    let bytes = seal_whole(Kind::Receipt, &[&card.seal], &entropy, &body, home.keys(), home.zone_id())
        .map_err(|rejection| Failure::new(rejection.code(), name, rejection.0.says))?;
    let id = PackageId(entropy.id);
    let form = match receipt.form {
        Form::Full { .. } => "full",
        Form::Digest { .. } => "digest",
        Form::Scrub { .. } => "scrub",
    };
    let spool_name = format!("{}-{:016x}-{id}.gfr", receipt.route_id, receipt.number);
    let (number, more) = (receipt.number, receipt.more);
    home.record(Receipted { route: name.into(), number, receipt: id, full: form != "digest", answered: answer::answered(&receipt.form), more })?;
    home.commit()?;
    let out = world.disk.dir(&home.dir, b"spool/out", true).map_err(failed)?;
    store::spool::write_whole(&*world.disk, &out, spool_name.as_bytes(), &bytes).map_err(failed)?;
    Ok(MadeReceipt { report: ReceiptReport { route: name.into(), number, form, answers: count, file: carrier::receipt_name(&id), written: true }, bytes })
}

/// Makes the receipt of a scrub.
pub fn make_scrub(home: &mut Home, route: &str, answers: Vec<Answer>) -> Result<MadeReceipt, Failure> {
    make(home, route, answers, Wanted::Full, true)
}

/// Whether a receipt waits for the gateway: one is to be made, or the newest was never put there.
pub fn is_waiting(home: &Home, name: &str) -> Result<bool, Failure> {
    let route = &home.replica().routes[name];
    let unsent = spooled(home, name)?.last().is_some_and(|newest| !newest.sent && newest.number > route.acknowledged);
    Ok(answer::is_needed(route) || unsent)
}

/// Makes a receipt for a route if something is not answered yet.
fn make_if_needed(home: &mut Home, name: &str, wanted: Wanted) -> Result<(), Failure> {
    let route = &home.replica().routes[name];
    let lost = route.receipts > route.acknowledged && !spooled(home, name)?.iter().any(|receipt| receipt.number == route.receipts);
    let again = lost && !answer::outstanding(route).is_empty();
    if !again && !answer::is_needed(route) {
        return Ok(());
    }
    let mut answers = Vec::new();
    for sequence in answer::outstanding(route) {
        let attested =
            home.attested(name, sequence).ok_or_else(|| Failure::new("LDG-06", "ledger", format!("the attestation of {name} {sequence} is not there")))?;
        answers.push(Answer { sequence, package: route.packages[&sequence].package, rows: attested.rows });
    }
    make(home, name, answers, wanted, false)?;
    let (acknowledged, all) = (home.replica().routes[name].acknowledged, spooled(home, name)?);
    let surplus = all.len().saturating_sub(KEPT_MAX);
    let out = home.world.disk.dir(&home.dir, b"spool/out", true).map_err(failed)?;
    for old in all.iter().take(surplus).filter(|receipt| receipt.number <= acknowledged) {
        store::spool::remove_if_there(&*home.world.disk, &out, &old.name).map_err(failed)?;
    }
    Ok(())
}

/// Where receipts go, and what is there.
pub struct WayBack<'a> {
    /// The medium or gateway folder.
    pub carrier: &'a dyn Carrier,
    /// Whether what it holds is known to stay (a medium): nothing is put there twice, and an older receipt makes room.
    pub keeps: bool,
}

/// Makes the receipts that are needed for these routes and puts them on the way back. `replayed` names packages that came
/// again although they were answered: they get the same receipt again.
pub fn deliver(home: &mut Home, routes: &[String], wanted: Wanted, replayed: &[(String, u64)], way_back: &WayBack<'_>) -> Result<Vec<ReceiptReport>, Failure> {
    let mut reports = Vec::new();
    for name in routes {
        make_if_needed(home, name, wanted)?;
        let route = &home.replica().routes[name];
        let all = spooled(home, name)?;
        let covering = |sequence: u64| route.packages.get(&sequence).map_or(0, |seen| seen.covered_in);
        let replays = replayed.iter().filter(|(of, _)| of == name).map(|(_, sequence)| covering(*sequence)).max().unwrap_or(0);
        let due = route.receipts > route.acknowledged || replays > 0;
        let Some(newest) = all.last().filter(|_| due) else { continue };
        let file = carrier::receipt_name(&newest.id);
        let listing = way_back.carrier.list().map_err(|error| Failure::io("medium", &error))?;
        let form_of = |home: &Home| form_word(home, name, newest.number);
        let report = |written, home: &Home| ReceiptReport {
            route: name.clone(),
            number: newest.number,
            form: form_of(home),
            answers: answer::outstanding(&home.replica().routes[name]).len() as u64,
            file: file.clone(),
            written,
        };
        if way_back.keeps && listing.receipts.iter().any(|held| held.name == file) {
            reports.push(report(false, home));
            continue;
        }
        let out = home.world.disk.dir(&home.dir, b"spool/out", true).map_err(failed)?;
        let bytes = store::spool::read_whole(&*home.world.disk, &out, &newest.name, 1 << 30).map_err(failed)?;
        way_back
            .carrier
            .write_small(&file, &bytes)
            .map_err(|failure| Failure::new(if failure.code() == "IO-01" { "MED-02" } else { failure.code() }, &file, failure.to_string()))?;
        if !way_back.keeps && !newest.sent {
            let sent = [newest.name.as_slice(), SENT.as_bytes()].concat();
            home.world.disk.rename((&out, &newest.name), (&out, &sent), store::disk::Rename::Replace).map_err(failed)?;
            home.world.disk.sync_dir(&out).map_err(failed)?;
        }
        if way_back.keeps {
            for older in all.iter().filter(|older| older.number < newest.number) {
                let _may_stay = way_back.carrier.remove(&carrier::receipt_name(&older.id));
            }
        }
        reports.push(report(true, home));
    }
    Ok(reports)
}

/// The form of a receipt, from what the ledger says of it.
fn form_word(home: &Home, route: &str, number: u64) -> &'static str {
    match home.receipt_form(route, number) {
        Some(true) => "full",
        _ => "digest",
    }
}
