//! `status`: per route how many items stand where, how old the oldest open change is, and what to do next.
//!
//! Computed from what the ledger says. Of archives and replica trees it is seen whether they are there at all, and of an archive the records
//! of open items, where a template says that some of them must not wait, or where one cannot be read of which nobody knows the transaction.
//! Takes no lock, so that whoever looks again and again is in nobody's way; only where the index was touched by others is the home opened
//! like for a change, so that it is repaired by whatever command comes next.

use engine::breaker::{Breaker, weigh_source};
use engine::consent::Consent;
use engine::replica;
use engine::source;
use engine::standing::{self, Standing};
use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::{Path, PathBuf};
use store::disk::Met;
use wire::ZoneId;
use wire::card::Role;
use wire::record::{Step, Waiting};

use crate::config::RouteConfig;
use crate::home::{Access, Home};
use crate::key_commands::of_route;
use crate::records::waiting::KeptBack;
use crate::report::{Counts, Failure, LISTED_MAX, Problem, RouteStatus, StatusReport};
use crate::urgent::Urgent;
use crate::world::World;

/// Largest mark of an index that is read, bytes.
const MARK_BYTES_MAX: u64 = 1 << 20;

/// Looks at a home and lets go of it, whatever came of looking. Without lock and index, unless the index must be repaired
/// and the home is free.
pub(crate) fn look<T>(world: &World, path: &Path, at: impl FnOnce(&Home) -> Result<T, Failure>) -> Result<T, Failure> {
    if index_is_untouched(world, path) { at(&Home::open(world, path, Access::Read)?) } else { look_with_index(world, path, at) }
}

/// Looks at a home with its index, where it is free and can be written; else without.
pub(crate) fn look_with_index<T>(world: &World, path: &Path, at: impl FnOnce(&Home) -> Result<T, Failure>) -> Result<T, Failure> {
    let home = match Home::open(world, path, Access::Change) {
        Err(failure) if matches!(failure.0.code, "HOM-01" | "IO-01") => Home::open(world, path, Access::Read)?,
        other => other?,
    };
    let seen = at(&home);
    let closed = home.close("", "");
    seen.and_then(|seen| closed.map(|()| seen))
}

/// Whether nothing happened to the index since its mark said that it was closed: no file of it has changed since, as far as the
/// file system's clock ticks. Cheap, and no proof: who changes something compares every byte.
fn index_is_untouched(world: &World, path: &Path) -> bool {
    let disk = &*world.disk;
    let look = || -> std::io::Result<bool> {
        let root = disk.root(path)?;
        let ledger = disk.dir(&root, b"ledger", false)?;
        let marked = disk.stat(&ledger, b"index.mark")?.changed;
        let mark = store::spool::read_whole(disk, &ledger, b"index.mark", MARK_BYTES_MAX)?;
        let mut untouched = mark.split(|byte| *byte == b'\n').nth(1) == Some(b"closed") && disk.stat(&root, b"index")?.changed <= marked;
        disk.walk(&path.join("index"), &mut |met| untouched &= matches!(met, Met::Entry { stat, .. } if stat.changed <= marked))?;
        Ok(untouched)
    };
    look().unwrap_or(false)
}

/// The state of every route.
///
/// # Errors
/// `HOM-02` to `HOM-05`, `LDG-*` and `IO-01` when the home cannot be opened.
pub fn status(world: &World, path: &Path) -> Result<StatusReport, Failure> {
    look(world, path, |home| Ok(report(home)))
}

fn report(home: &Home) -> StatusReport {
    let head = home.head();
    let mut report = StatusReport {
        zone: home.config.zone.clone(),
        role: home.config.role.word(),
        generation: home.key_state().generation(),
        ledger_records: head.number,
        ledger_head: head.digest.to_string(),
        incarnation: home.incarnation().to_string(),
        ..StatusReport::default()
    };
    for (name, config) in &home.config.routes {
        let (mut route, problems) = match home.config.role {
            Role::Source => source_status(home, name, config),
            Role::Replica => replica_status(home, name, config),
        };
        let silence = crate::heartbeat::silence(home, name);
        route.silent_seconds = silence.as_ref().map(|silence| silence.seconds);
        route.gateway = config.to_gateway.is_some();
        report.routes.push(route);
        report.problems.extend(problems);
        report.problems.extend(silence.and_then(|silence| silence.alarm));
    }
    let away = away(home);
    for route in report.routes.iter_mut().filter(|route| matches!(route.next, "nothing" | "pack")) {
        let of_it = |problem: &Problem| problem.subject == route.route || problem.subject == route.place;
        if away.iter().any(of_it) {
            route.next = "needs-person";
        }
    }
    report.problems.extend(away);
    report.problems.extend(gateways_away(home));
    if home.config.role == Role::Source {
        report.problems.extend(crate::unread::known(home));
        report.problems.extend(rotten(home));
        report.problems.extend(crate::records::at_fault(home).take(LISTED_MAX));
    }
    report
}

/// Archives and replica trees that are not there, or hold nothing though they held something: not mounted, most likely.
fn away(home: &Home) -> Vec<Problem> {
    let disk = &*home.world.disk;
    let problem = |code, subject: &str, detail: String| Some(Problem { code, subject: subject.into(), detail });
    match home.config.role {
        Role::Source => {
            let look = |(name, archive): (&String, &source::Archive)| {
                let root = &home.config.archives.get(name)?.root;
                let held = archive.items.iter().filter(|item| !item.gone).count();
                match capture::scan::is_empty(disk, root) {
                    Err(failure) => problem(failure.code(), name, failure.to_string()),
                    Ok(true) if held > 0 || crate::capturing::is_asked_for(home, name) => problem("SRC-02", name, crate::capturing::emptied(root, held)),
                    Ok(_) => crate::capturing::another(home, name),
                }
            };
            let known = &home.source().archives;
            let unknown = home.config.archives.keys().filter(|name| !known.contains_key(*name)).map(|name| not_in_ledger(name, "archive add"));
            unknown.chain(known.iter().filter_map(look)).collect()
        }
        Role::Replica => {
            let look = |(name, route): (&String, &replica::Route)| {
                let tree = home.config.routes.get(name)?.into.as_ref()?;
                let held = !route.may_be_empty && route.items.iter().any(replica::Item::held);
                let seen = held.then(|| crate::tree::is_there(disk, tree))?;
                seen.err().map(|missing| missing.0)
            };
            home.replica().routes.iter().filter_map(look).collect()
        }
    }
}

/// Gateway folders that are not there: not mounted, most likely.
fn gateways_away(home: &Home) -> Vec<Problem> {
    let folders: BTreeSet<&PathBuf> = home.config.routes.values().flat_map(|route| [&route.to_gateway, &route.from_gateway]).flatten().collect();
    let mut problems = Vec::new();
    for folder in folders {
        let _there = crate::carry::gateway(&home.world, folder, &mut problems);
    }
    problems
}

pub fn not_in_ledger(name: &str, command: &str) -> Problem {
    Problem { code: "HOM-03", subject: name.into(), detail: format!("it is in gapferry.toml but not in the ledger; add it with `{command}`") }
}

/// What stops a route, as code and problem: a fork, else its tripped breaker.
fn stop(name: &str, stopped: Option<&engine::rebase::Stop>, tripped: Option<String>, breaker_code: &'static str) -> (Option<String>, Vec<Problem>) {
    let forked = stopped.map(|stop| Problem { code: crate::applying::static_code(&stop.code), subject: name.into(), detail: stop.seen.clone() });
    let tripped = tripped.map(|detail| Problem { code: breaker_code, subject: name.into(), detail });
    let problems: Vec<Problem> = forked.into_iter().chain(tripped).collect();
    (problems.first().map(|problem| problem.code.into()), problems)
}

/// Who has agreed so far that a route goes on, or begins anew.
fn agreed(home: &Home, name: &str, breaker: &Breaker) -> Vec<String> {
    let released = consent(home, name, breaker).map(|consent| &consent.people);
    home.agreements().on(name).map(|consent| &consent.people).or(released).cloned().unwrap_or_default()
}

/// What people agreed to so far, unless something else waits by now: then it is void. Nothing is read for it; where that alone would tell, it stands.
fn consent<'b>(home: &Home, name: &str, breaker: &'b Breaker) -> Option<&'b Consent<Waiting>> {
    let consent = breaker.consent.as_ref()?;
    let waiting = match home.config.role {
        Role::Replica => Some(crate::acts::waiting_on_replica(breaker)),
        Role::Source if breaker.tripped.is_none() => Some(Waiting::default()),
        Role::Source => {
            let route = &home.source().routes[name];
            let weighed = home.source().archives.get(&route.archive).map(|archive| weigh_source(archive, route, &BTreeMap::new()));
            weighed.filter(|weighed| weighed.unread.is_empty() && weighed.unseen.is_empty()).map(|weighed| weighed.waiting)
        }
    };
    waiting.is_none_or(|waiting| waiting == consent.over).then_some(consent)
}

/// Who has agreed and how many are missing, where several people must agree.
fn people(home: &Home, name: &str, breaker: &Breaker) -> String {
    let (needed, agreed) = (home.config.policy.release_people, consent(home, name, breaker).map_or(&[][..], |consent| &consent.people));
    match (needed, agreed.is_empty()) {
        (1, _) => String::new(),
        (_, true) => format!("; {needed} people must"),
        (_, false) => format!("; {} did, {} more must", agreed.join(", "), needed.saturating_sub(agreed.len() as u64)),
    }
}

/// Adds that nothing can be sealed for the other zone, because its keys are revoked.
fn without_keys(home: &Home, zone: &ZoneId, stopped: Option<String>, mut problems: Vec<Problem>) -> (Option<String>, Vec<Problem>) {
    let revoked = home.recipient(zone).err().map(|failure| failure.0).filter(|problem| problem.code == "KEY-01");
    let stopped = stopped.or(revoked.as_ref().map(|problem| problem.code.into()));
    problems.extend(revoked);
    (stopped, problems)
}

fn source_status(home: &Home, name: &str, config: &RouteConfig) -> (RouteStatus, Vec<Problem>) {
    let place = config.archive.clone().unwrap_or_default();
    let blank = RouteStatus { route: name.into(), other_zone: config.to.clone().unwrap_or_default(), place, next: "needs-person", ..RouteStatus::default() };
    let source = home.source();
    let Some(route) = source.routes.get(name) else { return (blank, vec![not_in_ledger(name, "route add")]) };
    let Some(archive) = source.archives.get(&route.archive) else { return (blank, vec![not_in_ledger(&route.archive, "archive add")]) };
    let open = OpenItems::of(archive, route, home.world.now_seconds(), crate::terms::deadline(home, name));
    let code = route.breaker.tripped.map_or("SRC-03", |tripped| crate::weighing::source_code(tripped.cause));
    let tripped = route.breaker.tripped.map(|tripped| format!("{} changes wait for a person to agree{}", tripped.changes, people(home, name, &route.breaker)));
    let tripped = tripped.map(|seen| if code == "SRC-08" { crate::weighing::seen_with_examples(home, name, seen) } else { seen });
    let (stopped, problems) = stop(name, route.stopped.as_ref(), tripped, code);
    let (stopped, mut problems) = without_keys(home, &route.replica, stopped, problems);
    let unconfirmed = crate::templates::unconfirmed(home, name);
    let stopped = stopped.or(unconfirmed.as_ref().map(|problem| problem.code.into()));
    problems.extend(unconfirmed);
    // An archive that cannot be read now says nothing; whoever packs is told.
    let urgent = Urgent::of(home, name).unwrap_or_default();
    problems.extend(urgent.late);
    problems.extend(crate::region::difference(home, name));
    problems.extend(KeptBack::problem(home, name).ok().flatten());
    let next = match (&stopped, route.breaker.tripped) {
        (Some(code), None) if code == "KEY-01" => "trust-card",
        _ if route.stopped.is_some() => "rebase",
        (Some(_), None) => "needs-person",
        (_, Some(_)) => "release-breaker",
        _ if open.sendable > 0 || route.asking.iter().any(|asking| asking.sequence == 0) || route.want_full && !route.asked_full => "pack",
        _ if crate::key_notice::is_due(home, name) => "pack",
        _ if open.counts.packed > 0 || home.key_state().to_announce(name).is_some() => "wait-for-receipt",
        _ if open.held_back > 0 || archive.rotten().next().is_some() => "needs-person",
        _ => "nothing",
    };
    let status = RouteStatus {
        items: open.counts,
        bytes: open.bytes,
        sequence: route.next_sequence - 1,
        receipt: route.witness.map_or(0, |witness| witness.receipt),
        oldest_unpacked_seconds: open.oldest_unpacked_seconds,
        oldest_unproven_seconds: open.oldest_unproven_seconds,
        urgent: urgent.records.len() as u64,
        packages_unanswered: route.packages.values().filter(|package| package.items > 0 && !package.lost).count() as u64,
        stopped,
        agreed: agreed(home, name, &route.breaker),
        extra: route.extra.into(),
        unconfirmed: open.unconfirmed,
        purging: open.purging,
        purge_agreed: route.purging.as_ref().map(|consent| consent.people.clone()).unwrap_or_default(),
        next,
        keys: of_route(home, name),
        other_zone: home.zone_name(&route.replica),
        ..blank
    };
    (status, problems)
}

/// What is counted of the items of a source route.
#[derive(Debug, Default, PartialEq, Eq)]
struct OpenItems {
    counts: Counts,
    bytes: u64,
    /// Items that the next package can bring.
    sendable: u64,
    /// Items that cannot travel because their content rotted, or their record is none.
    held_back: u64,
    /// Items that the replica is still asked for.
    unconfirmed: u64,
    /// Items of which nothing older is to be left, and that is not proven yet.
    purging: u64,
    oldest_unpacked_seconds: Option<u64>,
    oldest_unproven_seconds: Option<u64>,
}

impl OpenItems {
    fn of(archive: &source::Archive, route: &source::Route, now: i64, deadline_seconds: i64) -> Self {
        let mut open = Self::default();
        let counts = &mut open.counts;
        for (_, item, sent, standing) in standing::all(archive, route, now, deadline_seconds) {
            let waits = match standing {
                Standing::Left => continue,
                Standing::Pending => &mut counts.pending,
                Standing::Packed => &mut counts.packed,
                Standing::Done => &mut counts.done,
                Standing::Failed => &mut counts.failed,
                Standing::Stale => &mut counts.stale,
                Standing::Cancelled => &mut counts.cancelled,
            };
            *waits += 1;
            counts.total += 1;
            open.bytes += if item.gone { 0 } else { item.stat.size };
            if matches!(standing, Standing::Done | Standing::Cancelled) {
                continue;
            }
            // A clock that went back since makes nothing older than now.
            let asked = sent.purge.as_ref().filter(|_| sent.is_purging() && sent.packed_version == item.version).map(|purge| purge.asked_at);
            let age = u64::try_from(now.saturating_sub(asked.unwrap_or(item.captured_at))).unwrap_or(0);
            let older = |oldest: Option<u64>| Some(oldest.unwrap_or(0).max(age));
            open.oldest_unproven_seconds = older(open.oldest_unproven_seconds);
            if sent.packed_version < item.version || !sent.is_purge_packed() {
                open.oldest_unpacked_seconds = older(open.oldest_unpacked_seconds);
            }
            open.unconfirmed += u64::from(route.waits_for_inventory(item, &sent));
            open.purging += u64::from(sent.is_purging());
            let is_held_back = item.is_held_back() && !sent.is_gone(item);
            open.held_back += u64::from(is_held_back);
            open.sendable += u64::from(standing != Standing::Packed && !is_held_back);
        }
        open
    }
}

/// Documents of all archives whose content differs though the file system shows no change.
fn rotten(home: &Home) -> Vec<Problem> {
    let archives: BTreeSet<&String> = home.config.archives.keys().collect();
    let items = home.source().archives.iter().filter(|(name, _)| archives.contains(name)).flat_map(|(_, archive)| archive.rotten());
    let problem = |(_, item): (u32, &source::Item)| Problem {
        code: "SRC-06",
        subject: item.id.to_string(),
        detail: "its content differs, but size and times are those of the last reading".into(),
    };
    items.take(LISTED_MAX).map(problem).collect()
}

fn replica_status(home: &Home, name: &str, config: &RouteConfig) -> (RouteStatus, Vec<Problem>) {
    let place = config.into.as_ref().map(|into| into.display().to_string()).unwrap_or_default();
    let blank = RouteStatus { route: name.into(), other_zone: config.from.clone().unwrap_or_default(), place, next: "needs-person", ..RouteStatus::default() };
    let Some(route) = home.replica().routes.get(name) else { return (blank, vec![not_in_ledger(name, "route accept")]) };
    let (items, bytes) = held(route);
    let outstanding = engine::answer::outstanding(route).len() as u64;
    let tripped = route.breaker.tripped.map(|tripped| {
        let changes = crate::acts::waiting_on_replica(&route.breaker).changes.max(tripped.changes);
        format!("{changes} changes wait for a person to agree; {} packages are held back{}", route.breaker.held.len(), people(home, name, &route.breaker))
    });
    let (stopped, mut problems) = stop(name, route.stopped.as_ref(), tripped, "RPL-01");
    let (oldest_read_seconds, overdue) = crate::scrub::oldest(home, name);
    problems.extend(overdue);
    problems.extend(crate::scrub::extra_problem(name, route.extra.into()));
    problems.extend(crate::escrow::gap(home, name));
    let reads = home.reads_for_another(name);
    let unfinished = items.pending > 0 || route.pending.is_some();
    let (stopped, problems) = without_keys(home, &route.source, stopped, problems);
    let next = match (&stopped, route.breaker.tripped) {
        (Some(code), None) if code == "KEY-01" => "trust-card",
        _ if route.stopped.is_some() => "rebase",
        (Some(_), None) => "needs-person",
        (_, Some(_)) => "release-breaker",
        // Whoever reads for another zone answers nobody.
        _ if unfinished && !reads => "carry",
        // What is not right is told by a receipt, too.
        _ if (outstanding > 0 || items.failed > 0 || crate::key_notice::is_due(home, name) && route.highest() > 0) && config.to_gateway.is_none() && !reads => {
            "carry"
        }
        _ => "nothing",
    };
    let status = RouteStatus {
        items,
        bytes,
        sequence: route.highest(),
        receipt: route.receipts,
        packages_unanswered: if reads { 0 } else { outstanding },
        stopped,
        agreed: agreed(home, name, &route.breaker),
        escaped: route.escaped(),
        oldest_read_seconds,
        extra: route.extra.into(),
        unconfirmed: route.items.iter().filter(|item| item.held() && !item.is_confirmed()).count() as u64,
        next,
        keys: of_route(home, name),
        other_zone: home.zone_name(&route.source),
        ..blank
    };
    (status, problems)
}

/// Where a held item of a replica stands.
pub(crate) fn standing_on_replica(route: &replica::Route, item: &replica::Item, switching: bool) -> Standing {
    let attested = route.packages.get(&item.sequence).is_some_and(|seen| seen.progress == replica::Progress::Attested);
    if item.damaged != 0 {
        Standing::Failed
    } else if attested && !switching {
        Standing::Done
    } else {
        Standing::Pending
    }
}

/// The items that the package under way is about to change.
pub(crate) fn switching(route: &replica::Route) -> HashSet<u32> {
    let rows = route.pending.iter().flat_map(|pending| &pending.rows);
    rows.filter(|row| matches!(row.step, Step::Write | Step::Attributes | Step::Remove)).map(|row| row.item).collect()
}

/// The items that a replica holds, counted, and the bytes of their documents.
fn held(route: &replica::Route) -> (Counts, u64) {
    let (mut counts, mut bytes) = (Counts::default(), 0);
    let switching = switching(route);
    for (item, number) in route.items.iter().zip(0u32..).filter(|(item, _)| item.held()) {
        counts.total += 1;
        bytes += item.size;
        match standing_on_replica(route, item, switching.contains(&number)) {
            Standing::Done => counts.done += 1,
            Standing::Failed => counts.failed += 1,
            _ => counts.pending += 1,
        }
    }
    (counts, bytes)
}

#[cfg(test)]
#[path = "scene_test.rs"]
pub(crate) mod scene;
#[cfg(test)]
#[path = "status_test.rs"]
mod tests;
