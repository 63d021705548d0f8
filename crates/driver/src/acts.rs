//! What a person decides about items and routes: `resend`, `cancel`, `breaker release`. Each leaves a record with the reason.
//!
//! A decision is about items as they stand now: what is proven is never touched, and a later change of an item that was given
//! up travels again.

mod pattern;

pub use pattern::{Matcher, patterns};

use engine::breaker::{Allowance, weigh_source};
use engine::standing::{self, Standing};
use std::collections::BTreeSet;
use std::path::Path;
use wire::card::Role;
use wire::record::{BreakerReleased, Cancelled, Packed, Resent};
use wire::{ItemId, PackageId};

use crate::home::{Access, Home};
use crate::report::{ActReport, Failure};
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
    let open = |standing: Standing| standing != Standing::Left;
    act(world, path, "resend", route, reason, |home| {
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
    let open = |standing: Standing| !matches!(standing, Standing::Done | Standing::Left | Standing::Cancelled);
    act(world, path, "cancel", route, reason, |home| {
        home.require(Role::Source, "cancel")?;
        let items = chosen_items(home, route, chosen, &open)?;
        for items in items.chunks(ROWS_MAX) {
            home.record(Cancelled { route: route.into(), items: items.to_vec() })?;
        }
        Ok(items.len() as u64)
    })
}

/// Lets a route go on that its breaker stopped. On a source a person agrees to as many changes as wait now; on a replica to
/// the packages that are held back, and to a tree that is missing or empty. Where nothing is stopped, nothing is changed.
///
/// # Errors
/// `USE-01` for an unknown route or no reason; `HOM-*`, `LDG-*`, `IO-01`.
pub fn breaker_release(world: &World, path: &Path, route: &str, reason: &str) -> Result<ActReport, Failure> {
    act(world, path, "breaker-release", route, reason, |home| {
        let (tripped, agreed) = match home.config.role {
            Role::Source => agreed_on_source(home, route)?,
            // The packages that were held back are let through by their ids; no number of later changes is agreed to.
            Role::Replica => (home.replica().routes.get(route).ok_or_else(|| no_route(route))?.breaker.tripped, 0),
        };
        let missing = home.config.role == Role::Replica && crate::applying::tree_of(home, route).is_err_and(|failure| failure.0.code == "RPL-05");
        if tripped.is_some() || missing {
            home.record(BreakerReleased { route: route.into(), changes: agreed, reason: reason.into() })?;
        }
        Ok(tripped.unwrap_or(0))
    })
}

/// Carries out an act that touches so many items, and leaves its record with the reason.
fn act(
    world: &World,
    path: &Path,
    act: &'static str,
    route: &str,
    reason: &str,
    decide: impl FnOnce(&mut Home) -> Result<u64, Failure>,
) -> Result<ActReport, Failure> {
    if reason.trim().is_empty() {
        return Err(Failure::new("USE-01", act, "a reason is needed; it is kept in the ledger"));
    }
    let mut home = Home::open(world, path, Access::Change)?;
    match decide(&mut home) {
        Ok(items) => {
            home.close(reason, &format!("{route}: {items}"))?;
            Ok(ActReport { act, route: route.into(), items })
        }
        Err(failure) => {
            // The index is let go of in good order; what was asked for is the error that counts.
            let _closed = home.settle();
            Err(failure)
        }
    }
}

/// The changes that wait on a stopped source route, and how many a person agrees to with them: what the route allows without
/// asking stays allowed on top, or the next ordinary change would stop it again.
fn agreed_on_source(home: &Home, name: &str) -> Result<(Option<u64>, u64), Failure> {
    let source = home.source();
    let route = source.routes.get(name).ok_or_else(|| no_route(name))?;
    let Some((tripped, archive)) = route.breaker.tripped.zip(source.archives.get(&route.archive)) else { return Ok((None, 0)) };
    let weighed = weigh_source(archive, route);
    let allowance = Allowance { items: home.config.policy.breaker_items, percent: home.config.policy.breaker_percent };
    let waiting = tripped.max(weighed.changes);
    Ok((Some(waiting), waiting.saturating_add(allowance.of(weighed.total))))
}

fn no_route(name: &str) -> Failure {
    Failure::new("USE-01", name, "no route of this name")
}

/// The chosen items whose standing is of the wanted kind, with their newest version. A choice that means nothing at all is an
/// error; one that means only items of other standings is not.
fn chosen_items(home: &Home, name: &str, chosen: &Chosen, wanted: &dyn Fn(Standing) -> bool) -> Result<Vec<(u32, u64)>, Failure> {
    let source = home.source();
    let route = source.routes.get(name).ok_or_else(|| no_route(name))?;
    let archive = source.archives.get(&route.archive).ok_or_else(|| Failure::new("HOM-03", &route.archive, "the archive of the route is not in the ledger"))?;
    let is_meant = meant(home, name, chosen)?;
    let mut any = false;
    let mut items = Vec::new();
    for (number, item, _, standing) in standing::all(archive, route, home.world.now_seconds(), crate::packing::deadline(home)) {
        if standing == Standing::Left || !is_meant(number, &item.id) {
            continue;
        }
        any = true;
        items.extend(wanted(standing).then_some((number, item.version)));
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
                package(home, route, text).ok_or_else(|| Failure::new("USE-01", text, format!("no package of route {route} has this id or sequence")))?;
            let brought: BTreeSet<u32> = packed.rows.iter().map(|row| row.item).collect();
            Ok(Box::new(move |number, _| brought.contains(&number)))
        }
    }
}

/// The package that a person names: 32 hex digits are an id, a number is a sequence.
fn package(home: &Home, route: &str, text: &str) -> Option<Packed> {
    let text = text.trim().to_ascii_lowercase();
    let by_id = PackageId::from_hex(&text).and_then(|id| home.packed_as(&id)).filter(|packed| packed.route == route);
    by_id.or_else(|| home.packed(route, text.parse().ok()?))
}

#[cfg(test)]
#[path = "acts_test.rs"]
mod tests;
