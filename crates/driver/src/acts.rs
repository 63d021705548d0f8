//! What a person decides about items and routes: `resend`, `cancel`, `breaker release`. Each leaves a record with the reason.
//!
//! A decision is about items as they stand now: what is proven is never touched, and a later change of an item that was given
//! up travels again.

mod pattern;

pub use pattern::{Matcher, patterns};

use engine::breaker::Breaker;
use engine::consent::{Consent, Decision};
use engine::source::{Item, RouteItem};
use engine::standing::{self, Standing};
use std::collections::BTreeSet;
use std::path::Path;
use wire::card::Role;
use wire::record::{BreakerAgreed, BreakerReleased, Cancelled, Packed, Record, Resent, Waiting};
use wire::{ItemId, PackageId};

use crate::home::{Access, Home};
use crate::report::{ActReport, Failure, Problem};
use crate::world::World;

/// Items in one record: bounds its size.
const ROWS_MAX: usize = 1 << 20;

/// Which items a person means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Chosen {
    /// Those that match one of these patterns.
    Items(Vec<String>),
    /// Those of this package: its id in hex, or its sequence on the route.
    Package(String),
}

/// Puts items back into the queue, proven ones too: what a person asks for travels whole, not by reference.
///
/// # Errors
/// `USE-01` for an unknown route or package, a pattern that matches nothing, or no reason; `HOM-*`, `LDG-*`, `IO-01`.
pub fn resend(world: &World, path: &Path, route: &str, chosen: &Chosen, reason: &str) -> Result<ActReport, Failure> {
    let open = |standing: Standing, _: &Item, _: &RouteItem| standing != Standing::Left;
    act(world, path, "resend", route, (reason, false), |home| {
        home.require(Role::Source, "resend")?;
        let items = chosen_items(home, route, chosen, &open)?;
        for items in items.chunks(ROWS_MAX) {
            home.record(Resent { route: route.into(), items: items.iter().map(|(number, _)| *number).collect() })?;
        }
        Ok(items.len() as u64)
    })
}

/// Gives items up at their present version: they are not sent again until they change or are put back by `resend`.
///
/// # Errors
/// As `resend`.
pub fn cancel(world: &World, path: &Path, route: &str, chosen: &Chosen, reason: &str) -> Result<ActReport, Failure> {
    // What people asked to be purged is not given up before that is proven, and what the route does not carry is withdrawn.
    let open = |standing: Standing, item: &Item, sent: &RouteItem| {
        !matches!(standing, Standing::Done | Standing::Left | Standing::Cancelled) && !sent.is_purging() && !sent.is_excluded(item)
    };
    act(world, path, "cancel", route, (reason, false), |home| {
        home.require(Role::Source, "cancel")?;
        let items = chosen_items(home, route, chosen, &open)?;
        for items in items.chunks(ROWS_MAX) {
            home.record(Cancelled { route: route.into(), items: items.to_vec() })?;
        }
        Ok(items.len() as u64)
    })
}

/// Lets a route go on that its breaker stopped. On a source people agree to what waits now, and to a root that is another
/// folder than before; on a replica to the packages that are held back with all others of the same agreement at the source, and
/// to a tree that is missing or empty, which is read at once, so that the next receipt tells what is to be sent again. Where nothing is stopped, nothing is changed. Where several people must agree
/// (`release_people`), it goes on with the last of them; each agrees under the name that the system knows.
///
/// # Errors
/// `USE-01` for an unknown route or no reason; `HOM-*`, `LDG-*`, `IO-01`.
pub fn breaker_release(world: &World, path: &Path, route: &str, reason: &str) -> Result<ActReport, Failure> {
    release(world, path, route, reason, false)
}

/// What `breaker_release` would agree to, and how many others would still have to; nothing is released.
///
/// # Errors
/// As `breaker_release`.
pub fn breaker_release_foreseen(world: &World, path: &Path, route: &str, reason: &str) -> Result<ActReport, Failure> {
    release(world, path, route, reason, true)
}

fn release(world: &World, path: &Path, route: &str, reason: &str, dry_run: bool) -> Result<ActReport, Failure> {
    let (mut people, mut absent) = (People::default(), 0);
    let mut report = act(world, path, "breaker-release", route, (reason, dry_run), |home| {
        let Some(release) = (match home.config.role {
            Role::Source => release_on_source(home, route)?,
            Role::Replica => release_on_replica(home, route)?,
        }) else {
            return Ok(0);
        };
        let over = release.over;
        if dry_run {
            people = would_agree(home, breaker_of(home, route).and_then(|breaker| breaker.consent.as_ref()), &over);
            return Ok(over.changes.max(over.suspicious));
        }
        let agreed = |who: String| BreakerAgreed { route: route.into(), who, over, reason: reason.into() };
        people = agree(home, &|home| breaker_of(home, route)?.consent.as_ref(), &over, agreed)?;
        if people.missing == 0 {
            home.record(BreakerReleased { route: route.into(), over, allowed: release.allowed, moved: release.moved, reason: reason.into() })?;
            absent = if release.tree_gone { crate::scrub::read_whole(home, route)? } else { 0 };
        }
        Ok(over.changes.max(over.suspicious))
    })?;
    report.problems.extend(people.problem(route, &format!("{} changes", report.items)).filter(|_| !dry_run));
    (report.agreed, report.missing, report.absent) = (people.agreed, people.missing, absent);
    Ok(report)
}

/// Who has agreed, and how many others must.
#[derive(Default)]
pub(crate) struct People {
    pub agreed: Vec<String>,
    pub missing: u64,
}

impl People {
    /// What is said while somebody is missing, on a route where this is what they agree to.
    pub fn problem(&self, route: &str, to: &str) -> Option<Problem> {
        let detail = format!("agreed: {}; {} more must agree to the same {to}", self.agreed.join(", "), self.missing);
        (self.missing > 0).then(|| Problem { code: "ACT-01", subject: route.into(), detail })
    }
}

/// What several people have agreed to so far.
type Open<'a, T> = dyn for<'h> Fn(&'h Home) -> Option<&'h Consent<T>> + 'a;

/// Whoever acts agrees to `over`, where several people must; `agreed` is the record of it.
pub(crate) fn agree<T: PartialEq, R: Into<Record>>(home: &mut Home, open: &Open<'_, T>, over: &T, agreed: impl FnOnce(String) -> R) -> Result<People, Failure> {
    let needed = home.config.policy.release_people;
    if needed <= 1 {
        return Ok(People::default());
    }
    let who = home.world.actor.user.clone();
    let decision = Consent::decide(open(home), &who, over, needed);
    if !matches!(decision, Decision::Again(_)) {
        home.record(agreed(who))?;
    }
    let agreed = open(home).map(|consent| consent.people.clone()).unwrap_or_default();
    let missing = match decision {
        Decision::Enough => 0,
        Decision::Missing(missing) | Decision::Again(missing) => missing,
    };
    Ok(People { agreed, missing })
}

/// Who has agreed to `over` so far, and how many others would still have to if whoever acts agreed too.
pub(crate) fn would_agree<T: PartialEq>(home: &Home, open: Option<&Consent<T>>, over: &T) -> People {
    let missing = match Consent::decide(open, &home.world.actor.user, over, home.config.policy.release_people) {
        Decision::Enough => 0,
        Decision::Missing(missing) | Decision::Again(missing) => missing,
    };
    let agreed = open.filter(|consent| consent.over == *over).map(|consent| consent.people.clone()).unwrap_or_default();
    People { agreed, missing }
}

fn breaker_of<'h>(home: &'h Home, route: &str) -> Option<&'h Breaker> {
    match home.config.role {
        Role::Source => home.source().routes.get(route).map(|route| &route.breaker),
        Role::Replica => home.replica().routes.get(route).map(|route| &route.breaker),
    }
}

/// Whoever decides something says why.
///
/// # Errors
/// `USE-01`, about the act, where nothing is said.
pub fn require_reason(act: &str, reason: &str) -> Result<(), Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::new("USE-01", act, "a reason is needed; it is kept in the ledger"));
    }
    Ok(())
}

/// Carries out an act that touches so many items, and leaves its record with the reason.
fn act(
    world: &World,
    path: &Path,
    act: &'static str,
    route: &str,
    (reason, dry_run): (&str, bool),
    decide: impl FnOnce(&mut Home) -> Result<u64, Failure>,
) -> Result<ActReport, Failure> {
    require_reason(act, reason)?;
    let mut home = Home::open(world, path, Access::Change)?;
    // One that was given up is known to the ledger alone.
    let known = home.config.routes.contains_key(route);
    match if known { decide(&mut home) } else { Err(no_route(route)) } {
        Ok(items) => {
            // What was only looked at is no act; what was read for it stays read.
            if dry_run {
                home.settle()?
            } else {
                home.close(reason, &format!("{route}: {items}"))?
            }
            Ok(ActReport { act, route: route.into(), items, agreed: Vec::new(), missing: 0, absent: 0, dry_run, problems: Vec::new() })
        }
        Err(failure) => {
            // The index is let go of in good order; what was asked for is the error that counts.
            let _closed = home.settle();
            Err(failure)
        }
    }
}

/// What a person agrees to.
struct Release {
    over: Waiting,
    allowed: u64,
    moved: bool,
    tree_gone: bool,
}

/// What waits on a source route that is stopped: what the route allows without asking stays allowed on top, or the next
/// ordinary change would stop it again.
fn release_on_source(home: &mut Home, name: &str) -> Result<Option<Release>, Failure> {
    let route = home.source().routes.get(name).ok_or_else(|| no_route(name))?;
    let (tripped, archive) = (route.breaker.tripped.is_some(), route.archive.clone());
    let moved = crate::capturing::is_elsewhere(home, &archive);
    if !tripped && !moved {
        return Ok(None);
    }
    let weighed = if tripped { crate::weighing::weigh(home, name)? } else { Default::default() };
    Ok(Some(Release { over: weighed.waiting, allowed: crate::terms::allowances(home, name).at_once.of(weighed.total), moved, tree_gone: false }))
}

/// What waits on a replica route that is stopped. What is held back is let through by the ids of the packages, and by the
/// agreement at the source that they belong to; no number of other changes is agreed to.
fn release_on_replica(home: &Home, name: &str) -> Result<Option<Release>, Failure> {
    let route = home.replica().routes.get(name).ok_or_else(|| no_route(name))?;
    let tree_gone = crate::applying::tree_of(home, name).is_err_and(|failure| failure.0.code == "RPL-05");
    let stopped = route.breaker.tripped.is_some() || tree_gone;
    Ok(stopped.then(|| Release { over: waiting_on_replica(&route.breaker), allowed: 0, moved: false, tree_gone }))
}

/// What people on a replica are asked to agree to: what is held back, and what is announced to come with it.
pub fn waiting_on_replica(breaker: &Breaker) -> Waiting {
    let announced = breaker.announced.map_or(0, |announced| announced.changes);
    Waiting { changes: breaker.tripped.map_or(0, |tripped| tripped.changes).max(announced), ..Waiting::default() }
}

fn no_route(name: &str) -> Failure {
    Failure::new("USE-01", name, "no route of this name")
}

/// The chosen items whose standing is of the wanted kind, with their newest version. A choice that means nothing at all is an
/// error; one that means only items of other standings is not.
fn chosen_items(home: &Home, name: &str, chosen: &Chosen, wanted: &dyn Fn(Standing, &Item, &RouteItem) -> bool) -> Result<Vec<(u32, u64)>, Failure> {
    let source = home.source();
    let route = source.routes.get(name).ok_or_else(|| no_route(name))?;
    let archive = source.archives.get(&route.archive).ok_or_else(|| Failure::new("HOM-03", &route.archive, "the archive of the route is not in the ledger"))?;
    let is_meant = meant(home, name, chosen)?;
    let mut any = false;
    let mut items = Vec::new();
    for (number, item, sent, standing) in standing::all(archive, route, home.world.now_seconds(), crate::terms::deadline(home, name)) {
        if standing == Standing::Left || !is_meant(number, &item.id) {
            continue;
        }
        any = true;
        items.extend(wanted(standing, item, &sent).then_some((number, item.version)));
    }
    let nothing = match chosen {
        Chosen::Items(texts) => texts.join(" "),
        Chosen::Package(text) => text.clone(),
    };
    if any { Ok(items) } else { Err(Failure::new("USE-01", nothing, "no item of this route is meant by it")) }
}

type IsMeant = Box<dyn Fn(u32, &ItemId) -> bool>;

fn meant(home: &Home, route: &str, chosen: &Chosen) -> Result<IsMeant, Failure> {
    match chosen {
        Chosen::Items(texts) => {
            let matcher = patterns(texts)?;
            Ok(Box::new(move |_, id| matcher.is_match(id)))
        }
        Chosen::Package(text) => {
            let packed =
                package(home, route, text)?.ok_or_else(|| Failure::new("USE-01", text, format!("no package of route {route} has this id or sequence")))?;
            let brought: BTreeSet<u32> = packed.rows.iter().map(|row| row.item).collect();
            Ok(Box::new(move |number, _| brought.contains(&number)))
        }
    }
}

/// The package that a person names: 32 hex digits are an id, a number is a sequence.
fn package(home: &Home, route: &str, text: &str) -> Result<Option<Packed>, Failure> {
    let text = text.trim().to_ascii_lowercase();
    let by_id = PackageId::from_hex(&text).map(|id| home.packed_as(&id)).transpose()?.flatten().filter(|packed| packed.route == route);
    match (by_id, text.parse()) {
        (None, Ok(sequence)) => home.packed(route, sequence),
        (by_id, _) => Ok(by_id),
    }
}

#[cfg(test)]
#[path = "acts_test.rs"]
mod tests;
