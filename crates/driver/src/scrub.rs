//! `scrub`: re-reads all that a replica holds and answers for it, so that the source can send again what is not right.
//!
//! What an interrupted command left is brought to its end first. Every item is read from the disk and digested under the
//! secret of the package that brought it. It goes by steps; each is recorded when it is done, so that a scrub which was
//! interrupted goes on where it was. The receipts are made from the records of all steps.

mod extra;
pub(crate) mod reading;
mod share;

use carrier::{Carrier, Gateway, Medium, OpenFailure};
use engine::answer::{Reread, of_scrub};
use engine::due::{Pace, SCRUB_DAYS};
use engine::heartbeat::seconds_since;
use std::collections::HashMap;
use std::path::PathBuf;
use wire::Digest;
use wire::card::Role;
use wire::limits::RECEIPT_ROWS_MAX;
use wire::planted;
use wire::receipt::Outcome;
use wire::record::Scrubbed;

use crate::home::{Access, Home};
use crate::progress::Stage;
use crate::receipts::WayBack;
use crate::report::{ApplyReport, Discrepancy, ExtraFile, Failure, LISTED_MAX, Problem, ReceiptReport, ScrubReport};
use crate::throttle::Throttle;
use crate::world::World;
use reading::is_readable;

pub use reading::in_receipts;
pub use share::{Share, oldest, read as read_share, read_all as read_shares, read_below, read_whole};

/// What is to be re-read.
#[derive(Clone, Debug, Default)]
pub struct ScrubOptions {
    /// Only these routes; all if empty.
    pub routes: Vec<String>,
    /// Medium that takes the receipts; without one they go to the gateway folder of their route, or wait in the spool for the
    /// next medium.
    pub to: Option<PathBuf>,
    /// Bytes per second that are read at most; as fast as it goes if none.
    pub rate: Option<u64>,
    /// Moves files that no item accounts for below the dot folder.
    pub set_aside_extra: bool,
}

/// Re-reads whole routes and makes their receipts.
///
/// # Errors
/// `USE-01` for an unknown route or a medium in the home or the tree, `MED-02` when the medium is not there (before anything is read), `HOM-*`, `LDG-*`, `IO-01`.
pub fn scrub(world: &World, path: &std::path::Path, options: &ScrubOptions) -> Result<ScrubReport, Failure> {
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Replica, "scrub")?;
    if let Some(unknown) = options.routes.iter().find(|name| !home.config.routes.contains_key(*name)) {
        return Err(Failure::new("USE-01", unknown, "no route of this name"));
    }
    options.to.iter().try_for_each(|to| crate::setup::overlap::medium_apart(&home, to))?;
    let open =
        |to: &PathBuf| Medium::open(&world.disk, to, true).map_err(|failure| Failure::new(failure.code(), to.display().to_string(), failure.to_string()));
    let medium = options.to.as_ref().map(open).transpose()?;
    medium.as_ref().map(|medium| crate::medium::read_label(&home, medium)).transpose()?;
    let mut applied = ApplyReport::default();
    crate::applying::recover(&mut home, &mut applied)?;
    let mut report = ScrubReport { problems: applied.problems, ..ScrubReport::default() };
    let wanted = |name: &&String| options.routes.is_empty() || options.routes.contains(name);
    let routes: Vec<String> = home.config.routes.keys().filter(|name| home.replica().routes.contains_key(*name)).filter(wanted).cloned().collect();
    for name in &routes {
        one(&mut home, name, options, medium.as_ref(), &mut report)?;
    }
    let result = format!("{} items, {} not right", report.items, report.damaged.len());
    home.close("", &result)?;
    Ok(report)
}

fn one(home: &mut Home, name: &str, options: &ScrubOptions, medium: Option<&Medium>, report: &mut ScrubReport) -> Result<(), Failure> {
    if home.replica().routes[name].packages.is_empty() {
        return Ok(());
    }
    let tree = match crate::applying::tree_of(home, name) {
        // What is to be brought to its end first has said so, and the others go on.
        Err(missing) if missing.0.code == "RPL-05" => return Ok(()),
        other => other?,
    };
    if home.replica().routes[name].pending.is_some() {
        return Ok(());
    }
    read_what_is_left(home, name, &tree, options, report)?;
    let found = extra::look(home, name, &tree, options.set_aside_extra || home.config.policy.set_aside_extra)?;
    report.set_aside += found.set_aside;
    report.extra_total += found.paths.len() as u64;
    report.problems.extend(extra_problem(name, found.paths.len() as u64));
    let left = LISTED_MAX.saturating_sub(report.extra.len());
    report.extra.extend(found.paths.into_iter().take(left).map(|path| ExtraFile { route: name.into(), path }));
    let receipts = in_receipts(of_scrub(&home.replica().routes[name], &all_steps(home, name)?), RECEIPT_ROWS_MAX);
    report.receipts.extend(crate::receipts::make_scrub(home, name, receipts)?);
    let route = &home.replica().routes[name];
    let wrong = || (0u32..).zip(&route.items).filter(|(_, item)| item.held() && item.damaged != 0);
    let left = LISTED_MAX.saturating_sub(report.damaged.len());
    report.damaged.extend(wrong().take(left).map(|(_, item)| Discrepancy {
        route: name.into(),
        item: item.id.clone(),
        outcome: Outcome::of(item.damaged).map_or("", Outcome::word),
    }));
    let damaged = wrong().map(|(number, item)| (number, item.damaged)).collect();
    let items = route.items.iter().filter(|item| is_readable(route, item)).count() as u64;
    home.record(Scrubbed { route: name.into(), items, damaged })?;
    home.commit()?;
    // What is not taken waits in the spool, like without a medium.
    match put(home, name, medium) {
        Ok(put) => {
            let written = |receipt: &ReceiptReport| put.iter().any(|put| put.file == receipt.file && put.written);
            report.receipts.iter_mut().for_each(|receipt| receipt.written |= written(receipt));
        }
        Err(failure) => report.problems.push(failure.0),
    }
    Ok(())
}

/// Reads everything but what the interrupted scrub that this one goes on with has read within a period.
fn read_what_is_left(home: &mut Home, name: &str, tree: &crate::tree::Tree, options: &ScrubOptions, report: &mut ScrubReport) -> Result<(), Failure> {
    let world = home.world.clone();
    let days = Some(home.config.policy.scrub_days).filter(|days| *days > 0).unwrap_or(SCRUB_DAYS);
    let pace = Pace::of(days, options.rate.unwrap_or(0));
    let (route, now) = (&home.replica().routes[name], world.now_seconds());
    let from = if planted::is("scrub-begins-again") { 0 } else { route.scrub_from };
    let is_read =
        |item: &engine::replica::Item| from > 0 && item.read_in >= from && item.read_at <= now && seconds_since(item.read_at, now) <= pace.period_seconds;
    let mut left: Vec<u32> = Vec::new();
    for (number, item) in (0u32..).zip(&route.items).filter(|(_, item)| is_readable(route, item)) {
        if is_read(item) { report.resumed += 1 } else { left.push(number) }
    }
    left.sort_by(|one, two| route.items[*one as usize].path().cmp(route.items[*two as usize].path()));
    let size = |home: &Home, number: u32| home.replica().routes[name].items[number as usize].size;
    let bytes: u64 = left.iter().map(|number| size(home, *number)).sum();
    let steps: Vec<Vec<u32>> = reading::steps(route, &left, &pace).into_iter().map(<[u32]>::to_vec).collect();
    let stretches = reading::stretches(home, name, &left)?;
    if from == 0 {
        // Nothing was read yet: the record only says that a scrub of everything begins.
        let step = route.readings + 1;
        reading::record(home, name, step, true, &[])?;
    }
    let throttle = Throttle::new(&*world.clock, pace);
    world.progress.begin(Stage::Scrub, Some(left.len() as u64), Some(bytes));
    for items in &steps {
        let done = reading::step(home, name, tree, items, &stretches, &throttle);
        let (read, attributes) = done.inspect_err(|_| world.progress.end())?;
        report.items += read.len() as u64;
        report.bytes += read.iter().map(|(number, _, _)| size(home, *number)).sum::<u64>();
        report.attributes += attributes;
    }
    world.progress.end();
    Ok(())
}

/// What all steps of the scrub under way have read, as far as it was not read again since.
fn all_steps(home: &Home, name: &str) -> Result<Vec<Reread>, Failure> {
    let route = &home.replica().routes[name];
    let mut all = Vec::new();
    for number in route.scrub_from..=route.readings {
        // Switching a package in is a reading, too, and has another receipt.
        let Some(step) = home.scrub_step(name, number)?.filter(|step| step.whole) else { continue };
        let wrong: HashMap<u32, u16> = step.damaged.iter().copied().collect();
        let read = step.read.iter().zip(&step.digests).filter(|(item, _)| {
            let item = &route.items[**item as usize];
            item.read_in == number && is_readable(route, item)
        });
        all.extend(read.map(|(item, digest): (&u32, &Digest)| {
            let outcome = wrong.get(item).and_then(|outcome| Outcome::of(*outcome)).unwrap_or(Outcome::Unchanged);
            (*item, outcome, *digest)
        }));
    }
    Ok(all)
}

/// The problem of a route with so many extra files.
pub fn extra_problem(name: &str, extra: u64) -> Option<Problem> {
    (extra > 0).then(|| Problem { code: "RPL-09", subject: name.into(), detail: format!("{extra} files in the replica tree that no item accounts for") })
}

/// Puts what is to go to the source on the medium, or without one into the gateway folder of the route, if it has one.
fn put(home: &Home, name: &str, medium: Option<&Medium>) -> Result<Vec<ReceiptReport>, Failure> {
    let refused = |failure: OpenFailure| Failure::new(failure.code(), name, failure.to_string());
    let folder = home.config.routes[name].to_gateway.as_ref().filter(|_| medium.is_none());
    let gateway = folder.map(|folder| Gateway::open(&home.world.disk, folder)).transpose().map_err(refused)?;
    let carrier = medium.map(|medium| medium as &dyn Carrier).or(gateway.as_ref().map(|gateway| gateway as &dyn Carrier));
    let Some(carrier) = carrier else { return Ok(Vec::new()) };
    crate::receipts::hand_over(home, name, 0, &WayBack { carrier, keeps: medium.is_some() })
}

#[cfg(test)]
#[path = "scrub_test.rs"]
mod tests;
