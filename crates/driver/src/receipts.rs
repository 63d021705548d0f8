//! Receipts on their way out: made when something is not answered yet, kept in the spool until the source has taken them in,
//! put again on whatever goes to the source.

use carrier::Carrier;
use engine::answer::{self, Moment, Wanted};
use engine::replica::Route;
use seal::envelope::{SealEntropy, seal_whole};
use wire::codec;
use wire::header::Kind;
use wire::limits::RECEIPT_ROWS_MAX;
use wire::manifest::Head;
use wire::planted;
use wire::receipt::{Answer, Form, ReadBack, Receipt};
use wire::record::Receipted;
use wire::{Incarnation, PackageId};
use zeroize::Zeroizing;

use crate::home::Home;
use crate::key_notice;
use crate::report::{Failure, ReceiptReport};

/// Receipts of a route that are kept for replays.
const KEPT_MAX: usize = 16;

/// A receipt in the spool.
struct Spooled {
    number: u64,
    /// Records in our ledger when it was made.
    head: u64,
    form: &'static str,
    /// The package of a life that is over whose refusal it tells.
    refuses: Option<PackageId>,
    /// It was put into the gateway folder.
    sent: bool,
    id: PackageId,
    /// First half of the digest of the file, in hex: a receipt that was damaged here is made anew.
    digest: String,
    name: Vec<u8>,
}

fn failed(error: std::io::Error) -> Failure {
    Failure::io("spool/out", &error)
}

/// Ending of the name of a receipt that a gateway folder has taken.
const SENT: &str = ".sent";

fn half_digest(bytes: &[u8]) -> String {
    wire::digest::of_bytes(bytes).to_string()[..32].to_owned()
}

impl Spooled {
    /// Reads a name, which says all: `<route id>-<number>-<head>-<form>-<id>-<digest>.gfr`, and `.sent` behind it. The form of one that tells of
    /// a refusal has the id of the package behind a point.
    fn of_name(prefix: &str, name: &[u8]) -> Option<Self> {
        let text = std::str::from_utf8(name).ok()?.strip_prefix(prefix)?;
        let (text, sent) = text.strip_suffix(SENT).map_or((text, false), |text| (text, true));
        let parts: Vec<&str> = text.strip_suffix(".gfr")?.split('-').collect();
        let [number, head, form, id, digest] = parts[..] else { return None };
        let (form, refuses) = form.split_once('.').map_or((form, None), |(form, package)| (form, Some(package)));
        Some(Self {
            number: u64::from_str_radix(number, 16).ok()?,
            head: u64::from_str_radix(head, 16).ok()?,
            form: FORMS.into_iter().find(|known| *known == form)?,
            refuses: refuses.map(|package| PackageId::from_hex(package).ok_or(())).transpose().ok()?,
            sent,
            id: PackageId::from_hex(id)?,
            digest: digest.into(),
            name: name.into(),
        })
    }

    /// The sealed bytes, if they are what was written.
    fn read(&self, home: &Home) -> Option<Vec<u8>> {
        let out = home.world.disk.dir(&home.dir, b"spool/out", false).ok()?;
        let bytes = store::spool::read_whole(&*home.world.disk, &out, &self.name, 1 << 30).ok()?;
        (half_digest(&bytes) == self.digest).then_some(bytes)
    }
}

/// The words for the forms; one of the scrub form that tells of a part of the replica takes no other's place but that of its like.
const FORMS: [&str; 4] = ["full", "digest", "scrub", PART];
const PART: &str = "part";

fn form_of(form: &Form) -> &'static str {
    match form {
        Form::Full { .. } => FORMS[0],
        Form::Digest { .. } => FORMS[1],
        Form::Scrub { .. } => FORMS[2],
    }
}

impl Spooled {
    fn is_scrub(&self) -> bool {
        self.form == FORMS[2] || self.form == PART
    }
}

/// The spooled receipts of a route, oldest first.
fn spooled(home: &Home, route: &str) -> Result<Vec<Spooled>, Failure> {
    let out = home.world.disk.dir(&home.dir, b"spool/out", true).map_err(failed)?;
    let prefix = format!("{}-", home.replica().routes[route].route_id);
    let names = home.world.disk.list(&out).map_err(failed)?;
    // What an earlier life of this ledger made is not told any more.
    let floor = home.replica().floor;
    let mut all: Vec<Spooled> = names.iter().filter_map(|entry| Spooled::of_name(&prefix, &entry.name)).filter(|receipt| receipt.number > floor).collect();
    all.sort_by_key(|receipt| receipt.number);
    Ok(all)
}

fn remove(home: &Home, receipts: impl Iterator<Item = Spooled>) -> Result<(), Failure> {
    let out = home.world.disk.dir(&home.dir, b"spool/out", true).map_err(failed)?;
    receipts.into_iter().try_for_each(|old| store::spool::remove_if_there(&*home.world.disk, &out, &old.name).map_err(failed))
}

/// Drops the receipts of routes that begin anew: they speak of packages that are not answered any more.
pub fn forget(home: &Home, routes: &[String]) -> Result<(), Failure> {
    routes.iter().try_for_each(|route| remove(home, spooled(home, route)?.into_iter()))
}

/// Drops what earlier keys of this zone signed, which may count no more, and tells anew what was found damaged. The rest is told by the next
/// answer: it is in no receipt that waits.
pub fn sign_anew(home: &mut Home, name: &str) -> Result<(), Failure> {
    let earlier = spooled(home, name)?;
    if !answer::damaged(&home.replica().routes[name]).is_empty() {
        make_part(home, name, Vec::new())?;
    }
    remove(home, earlier.into_iter())
}

/// Makes a receipt; `scrub` is the word of one of the scrub form.
fn make(home: &mut Home, name: &str, answers: Vec<Answer>, wanted: Wanted, scrub: Option<&str>) -> Result<ReceiptReport, Failure> {
    let moment = moment(home, name);
    let (route, count) = (&home.replica().routes[name], answers.len() as u64);
    let receipt = answer::receipt(route, &moment, answers, wanted, scrub.is_some())
        .ok_or_else(|| Failure::new("USE-01", name, "no package of this route was ever seen"))?;
    keep(home, name, &receipt, count, scrub)
}

/// What only this home knows of the moment a receipt is made.
fn moment(home: &Home, name: &str) -> Moment {
    // What was read back was there then, whether the disk is there now or not.
    let free_bytes = crate::applying::tree_of(home, name).ok().and_then(|tree| home.world.disk.space(&tree.root).ok()).map_or(0, |space| space.free);
    let route = &home.replica().routes[name];
    let read_back = if home.config.policy.read_back_medium { ReadBack::Medium } else { ReadBack::Memory };
    let keys = key_notice::notice(home, name, &route.source);
    Moment { source: route.source, replica: home.zone_id(), incarnation: home.incarnation(), ledger: home.head(), free_bytes, read_back, keys }
}

/// Seals a receipt, records it, and keeps it in the spool.
fn keep(home: &mut Home, name: &str, receipt: &Receipt, count: u64, scrub: Option<&str>) -> Result<ReceiptReport, Failure> {
    let world = home.world.clone();
    let route = &home.replica().routes[name];
    receipt.check().expect("we make receipts that hold to the form");
    let card = home.recipient(&route.source)?;
    let (secrets, signer) = home.signer(name);
    let entropy = SealEntropy { id: world.random(), content_key: Zeroizing::new(world.random()), wrap: vec![world.random()] };
    let body = codec::encode(receipt);
    let bytes = seal_whole(Kind::Receipt, &[&card.seal], &entropy, &body, secrets, signer)
        .map_err(|rejection| Failure::new(rejection.code(), name, rejection.0.says))?;
    let id = PackageId(entropy.id);
    let (number, more, form) = (receipt.number, receipt.more, form_of(&receipt.form));
    let word = scrub.unwrap_or(form);
    let spool_name = format!("{}-{number:016x}-{:016x}-{word}-{id}-{}.gfr", receipt.route_id, receipt.ledger.number, half_digest(&bytes));
    home.record(Receipted {
        route: name.into(),
        number,
        receipt: id,
        full: form != "digest",
        scrub: scrub.is_some(),
        answered: answer::answered(&receipt.form),
        more,
    })?;
    if !planted::is("receipt-before-its-record") {
        home.commit()?;
    }
    let out = world.disk.dir(&home.dir, b"spool/out", true).map_err(failed)?;
    store::spool::write_whole(&*world.disk, &out, spool_name.as_bytes(), &bytes).map_err(failed)?;
    let file = carrier::receipt_name(&id);
    Ok(ReceiptReport { route: name.into(), number, form, answers: count, file, written: false })
}

/// Makes the receipts of a scrub of everything, which take the place of those of earlier ones.
pub fn make_scrub(home: &mut Home, route: &str, receipts: Vec<Vec<Answer>>) -> Result<Vec<ReceiptReport>, Failure> {
    if nobody_reads(home, route) {
        return Ok(Vec::new());
    }
    let earlier = spooled(home, route)?.into_iter().filter(Spooled::is_scrub);
    let made = receipts.into_iter().map(|answers| make(home, route, answers, Wanted::Full, Some(FORMS[2]))).collect::<Result<_, _>>()?;
    remove(home, earlier)?;
    Ok(made)
}

/// Whether what a receipt says of items would be said to nobody: the route is another's, or begins anew and has seen nothing yet.
fn nobody_reads(home: &Home, name: &str) -> bool {
    home.reads_for_another(name) || home.replica().routes[name].packages.is_empty()
}

/// Tells the source what was seen of it when its route stops here, so that it sees the fork for itself.
pub fn tell_stop(home: &mut Home, name: &str) -> Result<(), Failure> {
    make_scrub(home, name, vec![Vec::new()]).map(drop)
}

/// Tells the source that a package of a life that is over is refused, once for each: an old one that stays on its medium says no more the
/// next time, and a source that was put back makes others.
pub fn tell_refusal(home: &mut Home, name: &str, package: PackageId, life: Incarnation, ledger: Head) -> Result<(), Failure> {
    if home.reads_for_another(name) || spooled(home, name)?.iter().any(|told| told.refuses == Some(package)) {
        return Ok(());
    }
    let receipt = answer::refusal(&home.replica().routes[name], &moment(home, name), life, package, ledger);
    keep(home, name, &receipt, 0, Some(&format!("{}.{package}", FORMS[2]))).map(drop)
}

/// Makes the receipts that tell what is not right now, and what is right again. What earlier ones of a part said is in them; what
/// a scrub of everything proved is not, so its receipts stay.
pub fn make_part(home: &mut Home, name: &str, healed: Vec<answer::Reread>) -> Result<(), Failure> {
    if nobody_reads(home, name) {
        return Ok(());
    }
    let route = &home.replica().routes[name];
    let mut rows = answer::damaged(route);
    rows.extend(healed);
    let receipts = crate::scrub::in_receipts(answer::of_scrub(route, &rows), RECEIPT_ROWS_MAX);
    let earlier = spooled(home, name)?.into_iter().filter(|receipt| receipt.form == PART);
    for answers in receipts {
        make(home, name, answers, Wanted::Full, Some(PART))?;
    }
    remove(home, earlier)
}

/// Whether a scrub found something that no receipt tells yet, or what one found is to be told again because the source asks for it.
fn has_findings(route: &Route) -> bool {
    route.untold || route.want_full && route.items.iter().any(|item| item.held() && item.damaged != 0)
}

/// Whether a receipt waits for the gateway: one is to be made, or one was never put there.
pub fn is_waiting(home: &Home, name: &str) -> Result<bool, Failure> {
    if home.reads_for_another(name) {
        return Ok(false);
    }
    let route = &home.replica().routes[name];
    Ok(answer::is_needed(route) || tells_itself(home, name)? || has_findings(route) || due(home, name, 0)?.iter().any(|receipt| !receipt.sent))
}

/// The spooled receipts that are to go until the source has told that they arrived: the newest that answers packages, and those of
/// the last scrub. `replayed` is the number of a receipt that is asked for again.
fn due(home: &Home, name: &str, replayed: u64) -> Result<Vec<Spooled>, Failure> {
    let route = &home.replica().routes[name];
    let (scrubs, mut due): (Vec<Spooled>, Vec<Spooled>) = spooled(home, name)?.into_iter().partition(Spooled::is_scrub);
    due.drain(..due.len().saturating_sub(1));
    // A heartbeat that answers nothing is done with when the source tells of its head.
    let answers = !answer::outstanding(route).is_empty();
    due.retain(|newest| newest.number > route.acknowledged && (answers || newest.head > route.acknowledged_head.number) || replayed > 0);
    due.extend(scrubs.into_iter().filter(|scrub| scrub.head > route.acknowledged_head.number));
    Ok(due)
}

/// Whether a receipt is to be made though nothing is to be answered: there is something to tell of keys, or the source has heard
/// nothing of this life yet, which it may think is at its end; and a package was seen that it can name. What tells only that a package is
/// refused says nothing of this life.
fn tells_itself(home: &Home, name: &str) -> Result<bool, Failure> {
    let (floor, route) = (home.replica().floor, &home.replica().routes[name]);
    if route.packages.is_empty() {
        return Ok(false);
    }
    let is_told = || Ok(spooled(home, name)?.iter().any(|told| told.number > floor && (told.refuses.is_none() || planted::is("refusal-tells-a-life"))));
    Ok(crate::key_notice::is_due(home, name) || route.unheard && !is_told()?)
}

/// Makes what a route's source is to be told: an answer if something is not answered yet; and, where the source asks for a full
/// receipt because its picture of the replica differs, what an earlier reading found damaged.
fn make_if_needed(home: &mut Home, name: &str, wanted: Wanted) -> Result<(), Failure> {
    let route = &home.replica().routes[name];
    let findings = has_findings(route);
    let newest = spooled(home, name)?.into_iter().rfind(|receipt| !receipt.is_scrub());
    let spooled_to = newest.as_ref().filter(|newest| newest.read(home).is_some()).map_or(0, |newest| newest.number);
    let outstanding = answer::outstanding(route);
    let lost = !planted::is("spooled-receipt-believed") && outstanding.iter().any(|sequence| route.packages[sequence].covered_in > spooled_to);
    if lost || answer::is_needed(route) || tells_itself(home, name)? {
        make_answer(home, name, &outstanding, wanted)?;
    }
    if findings {
        make_part(home, name, Vec::new())?;
    }
    let (acknowledged, all) = (home.replica().routes[name].acknowledged, spooled(home, name)?);
    let surplus = all.len().saturating_sub(KEPT_MAX);
    remove(home, all.into_iter().take(surplus).filter(|receipt| receipt.number <= acknowledged))
}

/// Makes the receipt that answers these packages.
fn make_answer(home: &mut Home, name: &str, outstanding: &[u64], wanted: Wanted) -> Result<(), Failure> {
    let mut answers = Vec::new();
    for sequence in outstanding {
        let missing = || Failure::new("LDG-06", "ledger", format!("the attestation of {name} {sequence} is not there"));
        let attested = home.attested(name, *sequence)?.ok_or_else(missing)?;
        let route = &home.replica().routes[name];
        let package = route.packages[sequence].package;
        answers.push(Answer { sequence: *sequence, package, rows: answer::as_known_now(route, *sequence, attested.rows) });
    }
    make(home, name, answers, wanted, None).map(|_| ())
}

/// Makes a receipt because none was made for a period (the heartbeat): it answers what is not known to be answered, be it
/// nothing. Before any package came there is nobody to tell, and a stopped route tells nothing.
pub fn make_heartbeat(home: &mut Home, name: &str) -> Result<(), Failure> {
    if home.reads_for_another(name) {
        return Ok(());
    }
    let route = &home.replica().routes[name];
    if route.packages.is_empty() || route.stopped.is_some() || is_waiting(home, name)? || !crate::heartbeat::is_due(home, name, false) {
        return Ok(());
    }
    make_answer(home, name, &answer::outstanding(route), Wanted::Fitting)
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
    for name in routes.iter().filter(|name| !home.reads_for_another(name)).collect::<Vec<_>>() {
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
    if way_back.keeps {
        // What an interrupted run left of a receipt; one that cannot be removed does no harm.
        let _may_stay = way_back.carrier.remove_incomplete(&[carrier::Kind::Receipt]);
    }
    let listing = way_back.carrier.list().map_err(|error| Failure::io("medium", &error))?;
    let mut reports = Vec::new();
    for receipt in due(home, name, replayed)? {
        // One that was damaged here is made anew the next time that something is delivered.
        let Some(bytes) = receipt.read(home) else { continue };
        let file = carrier::receipt_name(&receipt.id);
        let is_there = || {
            let held = listing.receipts.iter().find(|held| held.name == file && held.bytes == bytes.len() as u64)?;
            let (digest, _) = carrier::digest_file(&mut *way_back.carrier.open(&held.name).ok()?, 0, &mut |_| ()).ok()?;
            (digest.to_string()[..32] == receipt.digest).then_some(())
        };
        let there = if way_back.keeps { is_there().is_some() } else { receipt.sent && replayed == 0 };
        if !there {
            way_back.carrier.write_small(&file, &bytes).map_err(|failure| Failure::new(failure.code(), &file, failure.to_string()))?;
        }
        if !receipt.sent && !way_back.keeps {
            let sent = [receipt.name.as_slice(), SENT.as_bytes()].concat();
            disk.rename((&out, &receipt.name), (&out, &sent), store::disk::Rename::Replace).map_err(failed)?;
            disk.sync_dir(&out).map_err(failed)?;
        }
        if (way_back.keeps || !there) && !receipt.is_scrub() {
            for older in spooled(home, name)?.iter().filter(|older| older.number < receipt.number && !older.is_scrub()) {
                let _may_stay = way_back.carrier.remove(&carrier::receipt_name(&older.id));
            }
        }
        let answers = answer::outstanding(&home.replica().routes[name]).len() as u64;
        let form = if receipt.is_scrub() { FORMS[2] } else { receipt.form };
        reports.push(ReceiptReport { route: name.into(), number: receipt.number, form, answers, file, written: !there });
    }
    Ok(reports)
}
