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

/// A receipt in the spool.
struct Spooled {
    number: u64,
    form: &'static str,
    /// It was put into the gateway folder; one of a scrub, which goes only once, into that or on a medium.
    sent: bool,
    id: PackageId,
    name: Vec<u8>,
}

fn failed(error: std::io::Error) -> Failure {
    Failure::io("spool/out", &error)
}

/// Ending of the name of a receipt that is `sent`.
const SENT: &str = ".sent";

/// The spooled receipts of a route, oldest first. Their names say all but the form: `<route id>-<number>-<id>.gfr`, and
/// `.sent`.
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
            let number = u64::from_str_radix(number, 16).ok()?;
            Some(Spooled { sent, number, form: home.receipt_form(route, number), id: PackageId::from_hex(id)?, name: entry.name.clone() })
        })
        .collect();
    all.sort_by_key(|receipt| receipt.number);
    Ok(all)
}

fn remove(home: &Home, receipts: impl Iterator<Item = Spooled>) -> Result<(), Failure> {
    let out = home.world.disk.dir(&home.dir, b"spool/out", true).map_err(failed)?;
    receipts.into_iter().try_for_each(|old| store::spool::remove_if_there(&*home.world.disk, &out, &old.name).map_err(failed))
}

fn make(home: &mut Home, name: &str, answers: Vec<Answer>, wanted: Wanted, scrub: bool) -> Result<ReceiptReport, Failure> {
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
    let spool_name = format!("{}-{:016x}-{id}.gfr", receipt.route_id, receipt.number);
    let (number, more, full) = (receipt.number, receipt.more, !matches!(receipt.form, Form::Digest { .. }));
    home.record(Receipted { route: name.into(), number, receipt: id, full, answered: answer::answered(&receipt.form), more })?;
    home.commit()?;
    let out = world.disk.dir(&home.dir, b"spool/out", true).map_err(failed)?;
    store::spool::write_whole(&*world.disk, &out, spool_name.as_bytes(), &bytes).map_err(failed)?;
    let file = carrier::receipt_name(&id);
    Ok(ReceiptReport { route: name.into(), number, form: home.receipt_form(name, number), answers: count, file, written: false })
}

/// Makes the receipts of a scrub, which take the place of those of earlier ones.
pub fn make_scrub(home: &mut Home, route: &str, receipts: Vec<Vec<Answer>>) -> Result<Vec<ReceiptReport>, Failure> {
    let earlier = spooled(home, route)?.into_iter().filter(|receipt| receipt.form == "scrub");
    let made = receipts.into_iter().map(|answers| make(home, route, answers, Wanted::Full, true)).collect::<Result<_, _>>()?;
    remove(home, earlier)?;
    Ok(made)
}

/// Whether a receipt waits for the gateway: one is to be made, or one was never put there.
pub fn is_waiting(home: &Home, name: &str) -> Result<bool, Failure> {
    let route = &home.replica().routes[name];
    let found_damaged = route.want_full && route.items.iter().any(|item| item.held() && item.damaged != 0);
    Ok(answer::is_needed(route) || found_damaged || due(home, name, 0)?.iter().any(|receipt| !receipt.sent))
}

/// The spooled receipts that are to go: the newest that answers packages, until the source has told that it arrived, and those of a
/// scrub once. `replayed` is the number of a receipt that is asked for again.
fn due(home: &Home, name: &str, replayed: u64) -> Result<Vec<Spooled>, Failure> {
    let acknowledged = home.replica().routes[name].acknowledged;
    let (scrubs, mut due): (Vec<Spooled>, Vec<Spooled>) = spooled(home, name)?.into_iter().partition(|receipt| receipt.form == "scrub");
    due.drain(..due.len().saturating_sub(1));
    due.retain(|newest| newest.number > acknowledged || replayed > 0);
    due.extend(scrubs.into_iter().filter(|scrub| !scrub.sent));
    Ok(due)
}

/// Makes what a route's source is to be told: an answer if something is not answered yet; and, where the source asks for a full
/// receipt because its picture of the replica differs, what an earlier reading found damaged.
fn make_if_needed(home: &mut Home, name: &str, wanted: Wanted) -> Result<(), Failure> {
    let route = &home.replica().routes[name];
    let damaged = if route.want_full { answer::damaged(route) } else { Vec::new() };
    let spooled_to = spooled(home, name)?.iter().filter(|receipt| receipt.form != "scrub").map(|receipt| receipt.number).max().unwrap_or(0);
    let outstanding = answer::outstanding(route);
    let lost = outstanding.iter().any(|sequence| route.packages[sequence].covered_in > spooled_to);
    if lost || answer::is_needed(route) {
        let mut answers = Vec::new();
        for sequence in outstanding {
            let attested =
                home.attested(name, sequence).ok_or_else(|| Failure::new("LDG-06", "ledger", format!("the attestation of {name} {sequence} is not there")))?;
            answers.push(Answer { sequence, package: home.replica().routes[name].packages[&sequence].package, rows: attested.rows });
        }
        make(home, name, answers, wanted, false)?;
    }
    if !damaged.is_empty() {
        make_scrub(home, name, vec![damaged])?;
    }
    let (acknowledged, all) = (home.replica().routes[name].acknowledged, spooled(home, name)?);
    let surplus = all.len().saturating_sub(KEPT_MAX);
    remove(home, all.into_iter().take(surplus).filter(|receipt| receipt.number <= acknowledged))
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
        let covering = |sequence: u64| route.packages.get(&sequence).map_or(0, |seen| seen.covered_in);
        let replays = replayed.iter().filter(|(of, _)| of == name).map(|(_, sequence)| covering(*sequence)).max().unwrap_or(0);
        reports.extend(hand_over(home, name, replays, way_back)?);
    }
    Ok(reports)
}

/// Puts the receipts of a route that are to go on the way back.
pub fn hand_over(home: &Home, name: &str, replayed: u64, way_back: &WayBack<'_>) -> Result<Vec<ReceiptReport>, Failure> {
    let disk = &*home.world.disk;
    let out = disk.dir(&home.dir, b"spool/out", true).map_err(failed)?;
    let listing = way_back.carrier.list().map_err(|error| Failure::io("medium", &error))?;
    let mut reports = Vec::new();
    for receipt in due(home, name, replayed)? {
        let file = carrier::receipt_name(&receipt.id);
        let there = way_back.keeps && listing.receipts.iter().any(|held| held.name == file);
        if !there {
            let bytes = store::spool::read_whole(disk, &out, &receipt.name, 1 << 30).map_err(failed)?;
            way_back.carrier.write_small(&file, &bytes).map_err(|failure| Failure::new(failure.code(), &file, failure.to_string()))?;
        }
        if !receipt.sent && (receipt.form == "scrub" || !way_back.keeps) {
            let sent = [receipt.name.as_slice(), SENT.as_bytes()].concat();
            disk.rename((&out, &receipt.name), (&out, &sent), store::disk::Rename::Replace).map_err(failed)?;
            disk.sync_dir(&out).map_err(failed)?;
        }
        if way_back.keeps && receipt.form != "scrub" {
            for older in spooled(home, name)?.iter().filter(|older| older.number < receipt.number && older.form != "scrub") {
                let _may_stay = way_back.carrier.remove(&carrier::receipt_name(&older.id));
            }
        }
        let answers = answer::outstanding(&home.replica().routes[name]).len() as u64;
        reports.push(ReceiptReport { route: name.into(), number: receipt.number, form: receipt.form, answers, file, written: !there });
    }
    Ok(reports)
}
