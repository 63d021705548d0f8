//! The breaker's hands on the source: what waits is weighed, for which the beginnings of changed documents are read, and what
//! must stop a route is said.

use capture::read::Parents;
use engine::breaker::{Stop, Weighed, must_stop, weigh_source};
use rayon::prelude::*;
use seal::shape::{HEAD_BYTES, shape_of};
use std::collections::BTreeMap;
use wire::record::{BreakerLapsed, BreakerTripped, Cause, Shape};

use crate::home::Home;
use crate::packing::source_route;
use crate::report::{Failure, Problem};

/// Beginnings that are read at most to weigh one route: 256 MiB. Where more changed, the allowance for what changes at once is
/// passed long before.
const HEADS_MAX: usize = 65_536;
/// Suspicious items named in a message.
const EXAMPLES: usize = 5;
/// Beginnings that are read to name them.
const LOOKED_AT: usize = 1024;

/// Weighs what waits on a route, reading what decides.
pub fn weigh(home: &mut Home, name: &str) -> Result<Weighed, Failure> {
    let archive = source_route(home, name)?.archive.clone();
    let weigh = |home: &Home, heads: &BTreeMap<u32, Shape>| weigh_source(&home.source().archives[&archive], &home.source().routes[name], heads);
    let mut weighed = weigh(home, &BTreeMap::new());
    let allowances = crate::terms::allowances(home, name);
    if !weighed.unread.is_empty() && must_stop(&home.source().routes[name].breaker, &weighed, &allowances).is_some() {
        crate::rereading::read_undecided(home, &archive, &weighed.unread)?;
        weighed = weigh(home, &BTreeMap::new());
    }
    if !weighed.unseen.is_empty() {
        weighed.unseen.truncate(HEADS_MAX);
        let heads = heads(home, &archive, &weighed.unseen);
        weighed = weigh(home, &heads);
    }
    Ok(weighed)
}

/// What the beginnings of these documents look like; those that cannot be read are left out.
fn heads(home: &Home, archive_name: &str, numbers: &[u32]) -> BTreeMap<u32, Shape> {
    let (disk, archive) = (&*home.world.disk, &home.source().archives[archive_name]);
    let Ok(root) = disk.root(&home.config.archives[archive_name].root) else { return BTreeMap::new() };
    let read = |parents: &mut Parents, number: u32| {
        let mut head = [0; HEAD_BYTES];
        let mut file = parents.open(disk, &root, &archive.items[number as usize].id).ok()?;
        let bytes = file.read_at(&mut head, 0).ok()?;
        Some((number, shape_of(&head[..bytes])))
    };
    let shapes =
        numbers.par_chunks(64).map_init(Parents::default, |parents, numbers| numbers.iter().filter_map(|number| read(parents, *number)).collect::<Vec<_>>());
    shapes.collect::<Vec<_>>().into_iter().flatten().collect()
}

/// Why a route must not go on: a fork, or its breaker, which trips here if it has to (a dry run only says so).
pub fn stopped(home: &mut Home, name: &str, dry_run: bool) -> Result<Option<Problem>, Failure> {
    if let Some(stop) = &source_route(home, name)?.stopped {
        return Ok(Some(Problem { code: crate::applying::static_code(&stop.code), subject: name.into(), detail: stop.seen.clone() }));
    }
    if let Err(revoked) = home.recipient(&source_route(home, name)?.replica) {
        return Ok(Some(revoked.0));
    }
    if let Some(problem) = crate::templates::unconfirmed(home, name) {
        return Ok(Some(problem));
    }
    let weighed = weigh(home, name)?;
    let breaker = &home.source().routes[name].breaker;
    let allowances = crate::terms::allowances(home, name);
    let Some(stop) = must_stop(breaker, &weighed, &allowances) else {
        let allowed = allowances.at_once.of(weighed.total);
        if !dry_run && breaker.outlives(&weighed.waiting, allowed) {
            home.record(BreakerLapsed { route: name.into(), over: weighed.waiting, allowed })?;
        }
        return Ok(None);
    };
    let tripped = breaker.tripped.is_some();
    let detail = describe(home, name, &stop, &weighed);
    if !tripped && !dry_run {
        let Stop { cause, changes, allowed } = stop;
        home.record(BreakerTripped { route: name.into(), cause, changes, allowed, package: None, agreed: None })?;
        home.commit()?;
    }
    Ok(Some(Problem { code: source_code(stop.cause), subject: name.into(), detail }))
}

/// The code of what stops a source.
pub fn source_code(cause: Cause) -> &'static str {
    match cause {
        Cause::AtOnce | Cause::Shrinking => "SRC-03",
        Cause::Suspicious => "SRC-08",
    }
}

fn describe(home: &Home, name: &str, stop: &Stop, weighed: &Weighed) -> String {
    let Stop { changes, allowed, .. } = stop;
    match stop.cause {
        Cause::AtOnce => format!("{changes} of {} items would change or vanish at once, {allowed} are allowed", weighed.total),
        Cause::Shrinking => format!("{changes} items more than came were deleted little by little, {} are held, {allowed} are allowed", weighed.total),
        Cause::Suspicious => {
            let seen = format!("{changes} of {} items look as if they had been encrypted, {allowed} are allowed", weighed.total);
            with_examples(home, name, seen, weighed)
        }
    }
}

/// What was seen, with some of the items that look encrypted.
fn with_examples(home: &Home, name: &str, seen: String, weighed: &Weighed) -> String {
    let archive = &home.source().archives[&home.source().routes[name].archive];
    let names: Vec<String> = weighed.suspects.iter().take(EXAMPLES).map(|number| archive.items[*number as usize].id.to_string()).collect();
    if names.is_empty() { seen } else { format!("{seen}: {}", names.join(", ")) }
}

/// What was seen of a route that is stopped because of what looks encrypted, with some of these items. Reads few beginnings and records
/// nothing: who only looks waits for no archive.
pub fn seen_with_examples(home: &Home, name: &str, seen: String) -> String {
    let route = &home.source().routes[name];
    let weigh = |heads: &BTreeMap<u32, Shape>| weigh_source(&home.source().archives[&route.archive], route, heads);
    let mut weighed = weigh(&BTreeMap::new());
    weighed.unseen.truncate(LOOKED_AT);
    if weighed.suspects.len() < EXAMPLES && !weighed.unseen.is_empty() {
        weighed = weigh(&heads(home, &route.archive, &weighed.unseen));
    }
    with_examples(home, name, seen, &weighed)
}

#[cfg(test)]
#[path = "weighing_test.rs"]
mod tests;
