//! `carry` and `apply`: whatever is right here and now with this medium; and the rounds of the daemon over gateway folders.

use carrier::{Carrier, Gateway, Held, Listing, Medium};
use engine::answer::Wanted;
use std::path::{Path, PathBuf};
use wire::ItemId;
use wire::card::Role;
use wire::planted;
use wire::record::Carried;

mod served;

use self::served::{clean, next_for_source};
use crate::applying::{Outcomes, package, recover};
use crate::home::{Access, Home};
use crate::packing::{PackOptions, Target};
use crate::receipts::{WayBack, deliver};
use crate::report::{ApplyReport, CaptureReport, CarryReport, Failure, LISTED_MAX, PackReport, Problem};
use crate::world::World;

/// Which form of receipt a person asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReceiptForm {
    /// Row by row.
    Full,
    /// One digest.
    Digest,
}

fn wanted(form: Option<ReceiptForm>) -> Wanted {
    match form {
        None => Wanted::Fitting,
        Some(ReceiptForm::Full) => Wanted::Full,
        Some(ReceiptForm::Digest) => Wanted::Digest,
    }
}

/// What `apply` is asked for.
#[derive(Clone, Debug, Default)]
pub struct ApplyOptions {
    /// The medium.
    pub from: PathBuf,
    /// Only these routes; all if empty.
    pub routes: Vec<String>,
    /// Form of the receipt.
    pub receipt: Option<ReceiptForm>,
    /// Another folder for the receipt.
    pub receipt_to: Option<PathBuf>,
    /// Shows what would be applied.
    pub dry_run: bool,
}

/// What `carry` is asked for.
#[derive(Clone, Debug, Default)]
pub struct CarryOptions {
    /// The medium.
    pub medium: PathBuf,
    /// Only these routes.
    pub routes: Vec<String>,
    /// Bound for everything in the medium's folder, bytes.
    pub medium_size: Option<u64>,
    /// Form of the receipt.
    pub receipt: Option<ReceiptForm>,
    /// Another folder for the receipt.
    pub receipt_to: Option<PathBuf>,
}

fn open_medium(world: &World, path: &Path, make: bool) -> Result<Medium, Failure> {
    Medium::open(&world.disk, path, make).map_err(|failure| Failure::new(failure.code(), path.display().to_string(), failure.to_string()))
}

/// `carry`.
pub fn carry(world: &World, path: &Path, options: &CarryOptions) -> Result<CarryReport, Failure> {
    let mut home = Home::open(world, path, Access::Change)?;
    match home.config.role {
        Role::Source => carry_source(&mut home, options).and_then(|report| close(home, report)),
        Role::Replica => carry_replica(&mut home, options).and_then(|report| close(home, report)),
    }
}

fn close(home: Home, report: CarryReport) -> Result<CarryReport, Failure> {
    home.close("", report.next)?;
    Ok(report)
}

fn foreign(listing: &Listing) -> Vec<ItemId> {
    listing.foreign.iter().take(LISTED_MAX).map(|name| ItemId(name.clone())).collect()
}

/// Whether a problem must be looked at by a person before this medium is carried on.
fn stops(problem: &Problem) -> bool {
    matches!(problem.code, "SRC-01" | "SRC-02" | "SRC-03" | "SRC-08" | "SRC-10" | "SRC-17" | "RPL-01" | "RPL-02" | "RPL-05" | "MED-02" | "KEY-01")
        || problem.code.starts_with("FRK-") && problem.code != "FRK-06"
}

fn carry_source(home: &mut Home, options: &CarryOptions) -> Result<CarryReport, Failure> {
    let world = home.world.clone();
    let routes = crate::packing::routes_for(home, &options.routes)?;
    crate::setup::overlap::medium_apart(home, &options.medium)?;
    let medium = open_medium(&world, &options.medium, true)?;
    let id = crate::medium::identify(home, &medium, &options.routes, true)?;
    let (mut reconciled, served) = crate::reconciling::from_carrier(home, &medium, &options.routes)?;
    match clean(home, &medium, &served) {
        Ok(removed) => reconciled.removed = removed,
        Err(failure) => of_medium(failure, &mut reconciled.problems)?,
    }
    let captured = crate::capturing::all(home, false)?;
    let target = Target { carrier: &medium, carried: Carried::Medium(id), size: options.medium_size };
    let pack = PackOptions { to: options.medium.clone(), routes: routes.clone(), medium_size: options.medium_size, ..PackOptions::default() };
    let mut packed = PackReport::default();
    match crate::packing::run(home, &target, &routes, &pack, captured) {
        Ok(run) => packed = run,
        Err(failure) => of_medium(failure, &mut packed.problems)?,
    }
    for name in routes.iter().filter(|_| !planted::is("medium-without-a-sign-of-life")) {
        match crate::heartbeat::give_sign(home, name, &target, &mut packed) {
            Err(failure) if failure.0.code == "KEY-01" => packed.problems.push(failure.0),
            Err(failure) => of_medium(failure, &mut packed.problems)?,
            Ok(()) => {}
        }
    }
    let listing = medium.list().or_else(|error| of_medium(Failure::io("medium", &error), &mut packed.problems).map(|()| Listing::default()))?;
    let (next, zones) = next_for_source(home, &listing, &routes, &packed.packages)?;
    packed.problems.extend(crate::heartbeat::alarms(home));
    // What waits for another medium is not nothing.
    let waits = next == "nothing" && packed.waiting.iter().any(|waiting| waiting.items > 0);
    let stopped = reconciled.problems.iter().chain(&packed.problems).chain(&packed.captured.problems).any(stops);
    let next = if stopped || waits { "needs-person" } else { next };
    Ok(CarryReport {
        role: "source",
        reconciled: Some(reconciled),
        packed: Some(packed),
        applied: None,
        next,
        zones,
        foreign: foreign(&listing),
        foreign_total: listing.foreign.len() as u64,
    })
}

/// Keeps trouble with a medium from hiding what was done and found before; told once.
fn of_medium(failure: Failure, problems: &mut Vec<Problem>) -> Result<(), Failure> {
    if !(failure.0.code.starts_with("MED-") || failure.0.subject == "medium") {
        return Err(failure);
    }
    let known = |problem: &Problem| problem.code == failure.0.code && problem.detail == failure.0.detail;
    if !problems.iter().any(known) {
        problems.push(failure.0);
    }
    Ok(())
}

fn carry_replica(home: &mut Home, options: &CarryOptions) -> Result<CarryReport, Failure> {
    let medium = open_medium(&home.world.clone(), &options.medium, false)?;
    let options = ApplyOptions {
        from: options.medium.clone(),
        routes: options.routes.clone(),
        receipt: options.receipt,
        receipt_to: options.receipt_to.clone(),
        dry_run: false,
    };
    let mut applied = apply_medium(home, &medium, &options)?;
    applied.problems.extend(crate::heartbeat::alarms(home));
    let listing = medium.list().map_err(|error| Failure::io("medium", &error))?;
    // What was refused is cut again by the source, once it sees this medium; but nobody does that with what is of a life that is over.
    let former = applied.problems.iter().filter(|problem| problem.code == "FRK-06" && !planted::is("former-life-goes-to-and-fro")).count();
    let refused = applied.packages.iter().filter(|package| package.result == "refused").count() > former;
    // A scrub without answers tells no more than such a refusal, and lies there already.
    let told = |receipt: &crate::report::ReceiptReport| receipt.written || receipt.answers > 0 || receipt.form != "scrub";
    let next = match (applied.problems.iter().any(stops), !applied.receipts.iter().any(told) && !refused) {
        (true, _) => "needs-person",
        (false, true) => "nothing",
        (false, false) => "take-to-source",
    };
    let answered = |name: &String| applied.receipts.iter().any(|receipt| receipt.route == *name);
    // Nobody can say of which route a refused file is.
    let mut zones: Vec<String> = home
        .config
        .routes
        .iter()
        .filter(|(name, _)| next == "take-to-source" && (refused || answered(name)))
        .filter_map(|(_, route)| route.from.clone())
        .collect();
    zones.sort();
    zones.dedup();
    Ok(CarryReport {
        role: "replica",
        reconciled: None,
        packed: None,
        applied: Some(applied),
        next,
        zones,
        foreign: foreign(&listing),
        foreign_total: listing.foreign.len() as u64,
    })
}

/// `apply`.
pub fn apply(world: &World, path: &Path, options: &ApplyOptions) -> Result<ApplyReport, Failure> {
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Replica, "apply")?;
    let medium = open_medium(world, &options.from, false)?;
    let report = apply_medium(&mut home, &medium, options)?;
    let done = report.packages.iter().filter(|package| package.result == "applied").count();
    home.close("", &format!("{done} packages"))?;
    Ok(report)
}

/// Who waits with a medium waits no longer than that for what is re-read by the way, s.
const CARRY_SECONDS: u64 = 300;

fn apply_medium(home: &mut Home, medium: &Medium, options: &ApplyOptions) -> Result<ApplyReport, Failure> {
    crate::packing::routes_for(home, &options.routes)?;
    std::iter::once(&options.from).chain(&options.receipt_to).try_for_each(|path| crate::setup::overlap::medium_apart(home, path))?;
    let shared = crate::medium::read_label(home, medium)?.is_some_and(|label| label.zones > 2);
    let mut report = ApplyReport { dry_run: options.dry_run, ..ApplyReport::default() };
    // Before anything is applied: what that would tell is told once.
    let elsewhere = options.receipt_to.as_ref().filter(|_| !options.dry_run).map(|path| open_medium(&home.world.clone(), path, true)).transpose()?;
    if !options.dry_run {
        recover(home, &mut report)?;
        crate::parity::sweep(home, &mut report.problems);
    }
    let listing = medium.list().map_err(|error| Failure::io("medium", &error))?;
    let mut taken = apply_all(home, medium, &listing.packages, &options.routes, options.dry_run, shared, &mut report)?;
    if options.dry_run {
        return Ok(report);
    }
    repair(home, medium, &listing.parity, &options.routes, shared, &mut taken, &mut report)?;
    let share = crate::scrub::read_shares(home, CARRY_SECONDS)?;
    report.scrubbed = share.report;
    report.problems.extend(share.problems);
    let routes: Vec<String> = home
        .replica()
        .routes
        .keys()
        .filter(|route| home.config.routes.contains_key(*route) && (options.routes.is_empty() || options.routes.contains(route)))
        .cloned()
        .collect();
    let routes: Vec<String> = routes
        .into_iter()
        .filter(|route| {
            let by_medium = home.config.routes[route].to_gateway.is_none() || options.routes.contains(route);
            by_medium || taken.replayed.iter().chain(&taken.applied).any(|(of, _)| of == route)
        })
        .collect();
    for name in &routes {
        report.problems.extend(crate::escrow::gap(home, name));
    }
    let way_back = WayBack { carrier: elsewhere.as_ref().unwrap_or(medium), keeps: true };
    match deliver(home, &routes, wanted(options.receipt), &taken.replayed, &way_back) {
        Ok(receipts) => report.receipts = receipts,
        Err(failure) if failure.0.code == "KEY-01" => report.problems.push(failure.0),
        // What was applied stays applied; the receipt waits in the spool and goes with the next medium.
        Err(failure) if failure.0.code.starts_with("MED-") || failure.0.subject == "medium" => report.problems.push(Problem { code: "MED-02", ..failure.0 }),
        Err(failure) => return Err(failure),
    }
    Ok(report)
}

/// What was done with the packages of a carrier.
#[derive(Default)]
pub struct Taken {
    applied: Vec<(String, u64)>,
    replayed: Vec<(String, u64)>,
    /// Files that have served.
    pub served: Vec<String>,
    /// Files that were refused.
    pub refused: Vec<String>,
}

/// Applies every package on a carrier, in order of route and sequence. One that is refused does not stop the others.
fn apply_all(
    home: &mut Home,
    carrier: &dyn Carrier,
    packages: &[Held],
    routes: &[String],
    dry_run: bool,
    shared: bool,
    report: &mut ApplyReport,
) -> Result<Taken, Failure> {
    let mut taken = Taken::default();
    for held in order(home, carrier, packages) {
        let mut file = match carrier.open(&held.name) {
            Ok(file) => file,
            // Its writer has taken it back for a newer one.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => {
                report.problems.push(Failure::io(&held.name, &error).0);
                continue;
            }
        };
        if !routes.is_empty() && crate::opener::Package::open(home, &mut *file).is_ok_and(|package| !routes.contains(&package.route)) {
            continue;
        }
        match package(home, &mut *file, &held.name, dry_run, report) {
            Ok(Outcomes::Taken(done)) => {
                // What comes late may hold what was purged since.
                let purged = home.replica().routes.get(&done.route).is_some_and(|route| done.sequence < route.purged_in);
                if done.result == "applied" && !purged && !dry_run && home.config.policy.parity_bytes_max > 0 {
                    report.problems.extend(crate::parity::keep_taken(home, &done.route, carrier, &held.name).err().map(|failure| failure.0));
                }
                let list = if done.result == "replayed" { &mut taken.replayed } else { &mut taken.applied };
                list.push((done.route.clone(), done.sequence));
                taken.served.push(held.name.clone());
                report.problems.extend(crate::escrow::unfounded(home, &done));
                report.packages.push(done);
            }
            Ok(Outcomes::NotTaken(done, problem)) => {
                if problem.code == "ENV-09" && shared {
                    // The label says that several zones share this medium: it is for another one.
                    continue;
                }
                if done.result == "refused" {
                    crate::refusals::note(home, &problem)?;
                    taken.refused.push(held.name.clone());
                }
                report.packages.push(done);
                report.problems.push(problem);
            }
            Err(failure) if failure.0.code == "IO-01" && failure.0.subject == held.name => report.problems.push(failure.0),
            Err(failure) => return Err(failure),
        }
    }
    Ok(taken)
}

/// Rebuilds packages that parity can bring back and applies them.
fn repair(
    home: &mut Home,
    carrier: &dyn Carrier,
    parity: &[Held],
    routes: &[String],
    shared: bool,
    taken: &mut Taken,
    report: &mut ApplyReport,
) -> Result<(), Failure> {
    let Some((rebuilt, packages)) = crate::parity::after(home, carrier, parity, routes, shared, report, taken)? else { return Ok(()) };
    let again = apply_all(home, &rebuilt, &packages, routes, false, false, report)?;
    taken.applied.extend(again.applied);
    crate::parity::clear(home)
}

/// The packages in the order in which they are to be applied: by route and sequence; what does not open keeps its place.
fn order(home: &Home, carrier: &dyn Carrier, packages: &[Held]) -> Vec<Held> {
    if packages.len() < 2 {
        return packages.to_vec();
    }
    let place = |held: &Held| {
        let mut file = carrier.open(&held.name).ok()?;
        crate::opener::Package::place(home, &mut *file)
    };
    let mut placed: Vec<(Option<(wire::RouteId, u64)>, Held)> = packages.iter().map(|held| (place(held), held.clone())).collect();
    placed.sort_by_key(|(place, _)| *place);
    placed.into_iter().map(|(_, held)| held).collect()
}

/// What a round of the daemon did.
#[derive(Clone, Debug, Default, serde::Serialize)]
pub struct RoundReport {
    /// Packages or receipts written.
    pub wrote: u64,
    /// Receipts or packages taken in.
    pub took: u64,
    /// What needs attention.
    pub problems: Vec<Problem>,
    /// More is due to be re-read: the next round may come at once.
    #[serde(skip)]
    pub more: bool,
}

/// What a round re-reads at most, s: the home is held meanwhile.
const ROUND_SECONDS: u64 = 10;

/// A refused file in a gateway folder is left alone until it has stood still so long, ns: it may still be growing.
const STILL_NS: i64 = 5_000_000_000;

/// Opens a gateway folder; one that is missing is a problem of its route and does not stop the others.
pub fn gateway(world: &World, path: &Path, problems: &mut Vec<Problem>) -> Option<Gateway> {
    match Gateway::open(&world.disk, path) {
        Ok(gateway) => Some(gateway),
        Err(failure) => {
            problems.push(Problem { code: failure.code(), subject: path.display().to_string(), detail: failure.to_string() });
            None
        }
    }
}

/// What the quarantine holds at most, bytes: a home that is full could not write its ledger.
const QUARANTINE_BYTES_MAX: u64 = 1 << 30;

/// Moves refused files of a gateway folder that stand still into the quarantine. What it has no room for stays where it is.
fn quarantine(home: &Home, gateway: &Gateway, names: &[String], problems: &mut Vec<Problem>) -> Result<(), Failure> {
    let disk = &*home.world.disk;
    for name in names {
        let Ok(mut file) = gateway.open(name) else { continue };
        let Ok(stat) = file.stat() else { continue };
        if home.world.clock.now().saturating_sub(stat.changed.max(stat.modified)) < STILL_NS {
            continue;
        }
        let failed = |error: std::io::Error| Failure::io("spool/quarantine", &error);
        let folder = disk.dir(&home.dir, b"spool/quarantine", true).map_err(failed)?;
        let sizes = disk.list(&folder).map_err(failed)?.into_iter().filter_map(|entry| disk.stat(&folder, &entry.name).ok()).map(|stat| stat.size);
        if sizes.fold(stat.size, u64::saturating_add) > QUARANTINE_BYTES_MAX {
            tracing::warn!(name, "the quarantine is full: look at it and empty it");
            continue;
        }
        store::spool::remove_if_there(disk, &folder, name.as_bytes()).map_err(failed)?;
        let mut kept = disk.create(&folder, name.as_bytes(), 0o600).map_err(failed)?;
        let (mut buffer, mut at) = (store::aligned::lend(), 0);
        while at < stat.size && !planted::is("quarantine-forgets") {
            // What cannot be read to its end stays where it is.
            let Ok(read @ 1..) = file.read_at(&mut buffer, at) else { break };
            kept.write_all_at(&buffer[..read], at).map_err(failed)?;
            at += read as u64;
        }
        if at < stat.size && !planted::is("quarantine-forgets") {
            disk.remove(&folder, name.as_bytes()).map_err(failed)?;
            continue;
        }
        kept.sync().map_err(failed)?;
        disk.sync_dir(&folder).map_err(failed)?;
        take_out(gateway, std::slice::from_ref(name), problems);
    }
    Ok(())
}

/// Takes what has served out of a gateway folder. Its writer may have taken it back meanwhile, for a newer one.
/// One that does not let go of its files is a problem of its route.
fn take_out(gateway: &Gateway, served: &[String], problems: &mut Vec<Problem>) {
    for file in served {
        match gateway.remove(file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => return problems.push(Failure::io(file, &error).0),
            _ => {}
        }
    }
}

/// Whether a receipt was refused for what it is; one that could not be read just now is looked at again.
fn is_refused(problem: &Problem) -> bool {
    problem.subject.ends_with(".gfr") && problem.code != "IO-01"
}

/// What keeps anything from being written to a route: the keys of who reads it, or where it goes.
fn is_in_the_way(code: &str) -> bool {
    code == "KEY-01" || code.starts_with("MED-")
}

/// Keeps what is the trouble of one route from ending a round for all of them; what is that of the home ends it.
fn of_one_route(failure: Failure, problems: &mut Vec<Problem>) -> Result<(), Failure> {
    let of_folder = failure.0.code == "IO-01" && matches!(failure.0.subject.as_str(), "gateway" | "medium");
    if !(is_in_the_way(failure.0.code) || failure.0.code.starts_with("SRC-") || of_folder) {
        return Err(failure);
    }
    problems.push(failure.0);
    Ok(())
}

/// One round of the source's daemon: receipts in, changes captured, packages out.
pub fn gateway_round_source(world: &World, path: &Path) -> Result<RoundReport, Failure> {
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Source, "run")?;
    let mut report = RoundReport::default();
    let routes: Vec<(String, crate::config::RouteConfig)> =
        home.config.routes.iter().filter(|(_, route)| route.has_gateway()).map(|(name, route)| (name.clone(), route.clone())).collect();
    for (name, config) in &routes {
        let Some(from) = &config.from_gateway else { continue };
        let Some(gateway) = gateway(world, from, &mut report.problems) else { continue };
        let (taken, served) = match crate::reconciling::from_carrier(&mut home, &gateway, std::slice::from_ref(name)) {
            Ok(taken) => taken,
            Err(failure) => {
                of_one_route(failure, &mut report.problems)?;
                continue;
            }
        };
        report.took += served.len() as u64;
        take_out(&gateway, &served, &mut report.problems);
        let refused: Vec<String> = taken.problems.iter().filter(|problem| is_refused(problem)).map(|problem| problem.subject.clone()).collect();
        quarantine(&home, &gateway, &refused, &mut report.problems)?;
        report.problems.extend(taken.problems);
    }
    let mut captured = crate::capturing::all(&mut home, false)?;
    report.problems.append(&mut captured.problems.clone());
    for (name, config) in &routes {
        let Some(to) = &config.to_gateway else { continue };
        let Some(gateway) = gateway(world, to, &mut report.problems) else { continue };
        let target = Target { carrier: &gateway, carried: Carried::Gateway, size: None };
        let before = CaptureReport { archives: Vec::new(), problems: captured.problems.clone() };
        let mut packed = PackReport::default();
        let automatic = crate::projecting::is_automatic(&home, name).or_else(|failure| of_one_route(failure, &mut packed.problems).map(|()| false))?;
        let routes = if automatic { std::slice::from_ref(name) } else { &[] };
        let run = crate::packing::run(&mut home, &target, routes, &PackOptions::default(), before);
        match run {
            Ok(run) => packed = PackReport { problems: [packed.problems, run.problems].concat(), ..run },
            Err(failure) => of_one_route(failure, &mut packed.problems)?,
        }
        if !packed.problems.iter().any(|problem| is_in_the_way(problem.code)) {
            crate::heartbeat::give_sign(&mut home, name, &target, &mut packed).or_else(|failure| of_one_route(failure, &mut packed.problems))?;
        }
        report.wrote += packed.packages.len() as u64;
        report.problems.extend(packed.problems.into_iter().filter(|problem| !captured.problems.contains(problem)));
    }
    captured.problems.clear();
    report.problems.extend(crate::heartbeat::alarms(&home));
    home.close("", &format!("{} taken, {} written", report.took, report.wrote))?;
    Ok(report)
}

/// One round of the replica's daemon: packages in, receipts out.
pub fn gateway_round_replica(world: &World, path: &Path) -> Result<RoundReport, Failure> {
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Replica, "run")?;
    let mut report = RoundReport::default();
    let mut applied = ApplyReport::default();
    recover(&mut home, &mut applied)?;
    crate::parity::sweep(&home, &mut applied.problems);
    let mut share = crate::scrub::Share::default();
    let routes: Vec<(String, crate::config::RouteConfig)> =
        home.config.routes.iter().filter(|(_, route)| route.has_gateway()).map(|(name, route)| (name.clone(), route.clone())).collect();
    for (name, config) in &routes {
        let Some(from) = &config.from_gateway else { continue };
        let Some(folder) = gateway(world, from, &mut applied.problems) else { continue };
        let listing = match folder.list() {
            Ok(listing) => listing,
            Err(error) => {
                applied.problems.push(Failure::io(from.display().to_string(), &error).0);
                continue;
            }
        };
        let mut taken = apply_all(&mut home, &folder, &listing.packages, std::slice::from_ref(name), false, false, &mut applied)?;
        repair(&mut home, &folder, &listing.parity, std::slice::from_ref(name), false, &mut taken, &mut applied)?;
        report.took += (taken.applied.len() + taken.replayed.len()) as u64;
        share.add(crate::scrub::read_share(&mut home, name, ROUND_SECONDS)?);
        if let Some(back) = config.to_gateway.as_ref().and_then(|to| gateway(world, to, &mut applied.problems)) {
            let made = crate::receipts::make_heartbeat(&mut home, name).and_then(|()| {
                let incomplete = back.remove_incomplete(&[carrier::Kind::Receipt]).map_err(|error| Failure::io("gateway", &error))?;
                tracing::debug!(incomplete = incomplete.len(), "gateway folder");
                if taken.replayed.is_empty() && !crate::receipts::is_waiting(&home, name)? {
                    return Ok(Vec::new());
                }
                deliver(&mut home, std::slice::from_ref(name), Wanted::Fitting, &taken.replayed, &WayBack { carrier: &back, keeps: false })
            });
            match made {
                Ok(receipts) => report.wrote += receipts.iter().filter(|receipt| receipt.written).count() as u64,
                Err(failure) => of_one_route(failure, &mut applied.problems)?,
            }
        }
        take_out(&folder, &taken.served, &mut applied.problems);
        quarantine(&home, &folder, &taken.refused, &mut applied.problems)?;
    }
    // What is found on the others waits for a medium.
    let by_medium: Vec<String> = home.replica().routes.keys().filter(|name| !routes.iter().any(|(of, _)| of == *name)).cloned().collect();
    for name in by_medium.iter().filter(|name| home.config.routes.contains_key(*name)).collect::<Vec<_>>() {
        share.add(crate::scrub::read_share(&mut home, name, ROUND_SECONDS)?);
    }
    report.more = share.more;
    report.problems = applied.problems;
    report.problems.extend(share.problems);
    report.problems.extend(crate::heartbeat::alarms(&home));
    home.close("", &format!("{} taken, {} written", report.took, report.wrote))?;
    Ok(report)
}

#[cfg(test)]
#[path = "carry_test.rs"]
mod tests;
