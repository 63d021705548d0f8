//! Taking receipts in on the source: the parser first, then the safeties, then the comparison with what was packed; the
//! ledger has it before anything is removed.

use carrier::{Carrier, Held, Medium};
use engine::reconcile::{WasPacked, fork_of, is_former, is_older, other_chain, take};
use engine::source::Route;
use seal::envelope::open_whole;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use wire::PackageId;
use wire::card::Role;
use wire::clause::{self, Rejection, require};
use wire::header::Kind;
use wire::keys::Signer;
use wire::limits::BODY_PLAIN_BYTES_MAX;
use wire::planted;
use wire::receipt::{Form, Receipt};
use wire::record::{Rebased, Stopped};

use crate::home::{Access, Home};
use crate::key_notice;
use crate::key_notice::examine;
use crate::progress::Stage;
use crate::report::{Discrepancy, Failure, LISTED_MAX, Problem, ReconcileReport, TakenReceipt};
use crate::world::World;

/// What `reconcile` is asked for.
#[derive(Clone, Debug, Default)]
pub struct ReconcileOptions {
    /// The medium.
    pub from: PathBuf,
    /// Only these routes; all if empty.
    pub routes: Vec<String>,
}

/// Largest receipt file that is read, bytes: the body's limit, padding, frames and header.
const RECEIPT_FILE_BYTES_MAX: u64 = BODY_PLAIN_BYTES_MAX + BODY_PLAIN_BYTES_MAX / 8;

/// `reconcile`.
pub fn reconcile(world: &World, path: &Path, options: &ReconcileOptions) -> Result<ReconcileReport, Failure> {
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Source, "reconcile")?;
    crate::packing::routes_for(&home, &options.routes)?;
    crate::setup::overlap::medium_apart(&home, &options.from)?;
    let medium = Medium::open(&world.disk, &options.from, false)
        .map_err(|failure| Failure::new(failure.code(), options.from.display().to_string(), failure.to_string()))?;
    crate::medium::read_label(&home, &medium)?;
    let (report, _) = from_carrier(&mut home, &medium, &options.routes)?;
    let taken = report.receipts.iter().filter(|receipt| receipt.result == "taken").count();
    home.close("", &format!("{taken} receipts"))?;
    Ok(report)
}

/// Takes in every receipt on a carrier; gives the names of those that have served.
pub fn from_carrier(home: &mut Home, carrier: &dyn Carrier, routes: &[String]) -> Result<(ReconcileReport, Vec<String>), Failure> {
    let listing = carrier.list().map_err(|error| Failure::io("medium", &error))?;
    let world = home.world.clone();
    let (mut report, mut served) = (ReconcileReport::default(), Vec::new());
    world.progress.begin(Stage::Reconcile, Some(listing.receipts.len() as u64), None);
    // Whoever has the medium may copy a receipt many times: one of them is looked into.
    let mut copies: BTreeMap<PackageId, Vec<String>> = BTreeMap::new();
    let mut seen = Vec::new();
    // Its writer has taken it back for a newer one.
    let taken_back = |held: &Held| carrier.open(&held.name).is_err_and(|error| error.kind() == std::io::ErrorKind::NotFound);
    for held in listing.receipts.iter().filter(|held| !taken_back(held)) {
        match open(home, carrier, &held.name, held.bytes) {
            Ok((id, route, _, receipt)) => {
                let names = copies.entry(id).or_default();
                names.push(held.name.clone());
                if names.len() == 1 {
                    // What is of a life that is over waits for the others: where the same replica says something newer, it has served.
                    let is_over = is_former(home.source(), &home.source().routes[&route], &receipt);
                    seen.push((is_over, route, receipt.number, id, held));
                }
            }
            Err(failure) => refuse(home, failure, &mut report)?,
        }
        world.progress.advance(1, held.bytes);
    }
    // Oldest first, so that what each says is compared with what was known then. Each is opened again when its turn comes: only one is in
    // memory, and what those before it told of keys counts for it.
    seen.sort_by(|one, two| (one.0, &one.1, one.2).cmp(&(two.0, &two.1, two.2)));
    seen.retain(|(_, route, ..)| routes.is_empty() || routes.contains(route));
    for (_, _, _, first, held) in seen.into_iter().filter(|(.., held)| !taken_back(held)) {
        match open(home, carrier, &held.name, held.bytes) {
            Ok((id, route, signer, receipt)) if id == first => {
                if take_in(home, &route, (id, &held.name), &signer, &receipt, &mut report)? {
                    served.extend(copies.remove(&id).unwrap_or_default());
                }
            }
            // Its writer put a newer one in its place: the next round takes that in.
            Ok(_) => {}
            Err(failure) => refuse(home, failure, &mut report)?,
        }
    }
    world.progress.end();
    Ok((report, served))
}

/// Notes a receipt that is not taken; one that could not be read just now is none.
fn refuse(home: &Home, failure: Failure, report: &mut ReconcileReport) -> Result<(), Failure> {
    if failure.0.code != "IO-01" {
        crate::refusals::note(home, &failure.0)?;
    }
    report.problems.push(failure.0);
    Ok(())
}

/// Opens a receipt: every clause of spec/envelope.md and spec/receipt.md but RCT-08.
fn open(home: &Home, carrier: &dyn Carrier, name: &str, bytes: u64) -> Result<(PackageId, String, Signer, Receipt), Failure> {
    let failed = |error: std::io::Error| Failure::io(name, &error);
    let refused = |rejection: Rejection| Failure::new(rejection.code(), name, rejection.0.says);
    require(bytes <= RECEIPT_FILE_BYTES_MAX, &clause::ENV_BODY).map_err(refused)?;
    let mut content = vec![0; usize::try_from(bytes).expect("bounded above")];
    let mut file = carrier.open(name).map_err(failed)?;
    let read = file.read_at(&mut content, 0).map_err(failed)?;
    content.truncate(read);
    let parse = || {
        let (id, verified) = open_whole(&content, Kind::Receipt, home.keys(), &|signer| home.signing_key(signer))?;
        let signer = verified.signer;
        let receipt = Receipt::decode(&verified.body)?;
        let from_replica = receipt.replica == signer.zone && home.has_role(&signer.zone, Role::Replica);
        require(from_replica && receipt.source == home.zone_id(), &clause::RCT_ZONES)?;
        let is_its = |route: &Route| route.route_id == receipt.route_id && route.replica == signer.zone || planted::is("route-of-a-receipt-unchecked");
        let (route, _) = home.source().routes.iter().find(|(_, route)| is_its(route)).ok_or(Rejection(&clause::RCT_ROUTE))?;
        examine(home, route, &signer, &receipt.keys, receipt.number, &engine::keys::RECEIPT)?;
        Ok((id, route.clone(), signer, receipt))
    };
    parse().map_err(refused)
}

/// Takes one receipt in; true when the file has served.
fn take_in(
    home: &mut Home,
    name: &str,
    (id, file): (PackageId, &str),
    signer: &Signer,
    receipt: &Receipt,
    report: &mut ReconcileReport,
) -> Result<bool, Failure> {
    let mut taken = TakenReceipt {
        route: name.into(),
        number: receipt.number,
        result: "taken",
        answers: 0,
        proven: 0,
        failed: 0,
        not_held: 0,
        missing: 0,
        extra: receipt.extra.into(),
    };
    let route = &home.source().routes[name];
    tracing::debug!(
        route = name,
        receipt.number,
        life = %receipt.incarnation,
        seen = ?receipt.source_seen,
        former = ?route.former,
        witness = ?route.witness,
        expects = ?route.expects,
        stopped = ?route.stopped,
        asking = ?route.asking,
        same = route.state == receipt.state,
        inventoried = route.inventoried,
        asked = ?(route.want_full, route.asked_full),
        on_the_way = ?route.packages.keys(),
        "a receipt"
    );
    if home.has_taken(&id)? || is_former(home.source(), route, receipt) && is_older(route, receipt) {
        taken.result = "replayed";
        report.receipts.push(taken);
        return Ok(true);
    }
    if is_former(home.source(), route, receipt) {
        let (detail, ours) = (format!("receipt {} ({file}) is of a life of a ledger that is over", receipt.number), home.incarnation());
        let detail = if receipt.source_seen.incarnation == ours { detail } else { format!("{detail}: the replica has not agreed to follow {ours} yet") };
        report.problems.push(Problem { code: "FRK-06", subject: name.into(), detail });
        report.receipts.push(TakenReceipt { result: "refused", ..taken });
        return Ok(false);
    }
    if let Some(stop) = route.stopped.as_ref().filter(|_| !planted::is("stop-of-the-source-forgotten")) {
        taken.result = "stopped";
        report.problems.push(Problem { code: crate::applying::static_code(&stop.code), subject: name.into(), detail: stop.seen.clone() });
        report.receipts.push(taken);
        return Ok(false);
    }
    let quoted = &receipt.source_seen.ledger;
    let fork = match fork_of(home.source(), route, id, receipt) {
        None if !home.had_head(quoted)? => Some(other_chain(Role::Source, quoted)),
        fork => fork,
    };
    if let Some(fork) = fork {
        home.record(Stopped { route: name.into(), code: fork.code.into(), seen: fork.seen.clone(), whose: fork.whose, life: fork.life })?;
        home.commit()?;
        taken.result = "stopped";
        report.problems.push(Problem { code: fork.code, subject: name.into(), detail: fork.seen });
        report.receipts.push(taken);
        return Ok(false);
    }
    // A sequence too old to be remembered is looked up in the ledger; what was never sent was decided above (FRK-01, FRK-03).
    // A disk that fails says nothing about what was sent: the receipt is no forgery for that.
    let unread = std::cell::Cell::new(None);
    let packed = |sequence: u64| {
        let found = home.packed(name, sequence).unwrap_or_else(|failure| {
            unread.set(Some(failure));
            None
        });
        found.map(|packed| WasPacked { package: packed.package, rows: packed.rows, inventory: packed.inventory.is_some() })
    };
    let taken_in = take(name, route, id, receipt, &packed);
    if let Some(failure) = unread.take() {
        return Err(failure);
    }
    let result = match taken_in {
        Ok(result) => result,
        Err(rejection) => {
            let problem = Problem { code: rejection.code(), subject: format!("{name} receipt {}", receipt.number), detail: rejection.0.says.into() };
            crate::refusals::note(home, &problem)?;
            report.problems.push(problem);
            report.receipts.push(TakenReceipt { result: "refused", ..taken });
            return Ok(false);
        }
    };
    let next_sequence = route.next_sequence;
    let archive = &home.source().archives[&route.archive];
    for (number, outcome) in result.failed.iter().take(LISTED_MAX.saturating_sub(report.discrepancies.len())) {
        report.discrepancies.push(Discrepancy { route: name.into(), item: archive.items[*number as usize].id.clone(), outcome: outcome.word() });
    }
    taken.answers = match &receipt.form {
        Form::Scrub { answers } => answers.len() as u64,
        _ => result.record.answered.iter().map(|range| range.last - range.first + 1).sum(),
    };
    taken.proven = result.proven;
    taken.failed = result.failed.len() as u64;
    taken.not_held = result.not_held;
    taken.missing = receipt.missing.iter().map(|range| range.last - range.first + 1).sum();
    key_notice::take(home, name, signer, &receipt.keys, Some(next_sequence))?;
    home.record(result.record)?;
    home.commit()?;
    if home.source().routes[name].is_doubtful() && crate::templates::unconfirmed(home, name).is_none() {
        let reason = "the replica's state is not what its receipts have proven".into();
        home.record(Rebased { route: name.into(), former: None, life: None, anew: true, reason })?;
        home.commit()?;
        home.world.progress.notice("state-differs", name);
    }
    report.receipts.push(taken);
    Ok(true)
}
