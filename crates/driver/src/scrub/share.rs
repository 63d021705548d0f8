//! The share of a replica that is to be re-read now, so that all of it is read within a period: by whatever command comes by,
//! a little at a time, what was read longest ago first. And, so many times in a period, whether extra files lie there.

use engine::answer::Reread;
use engine::due::{LastRead, Pace, due};
use engine::heartbeat::seconds_since;
use engine::replica::{Item, Route};
use wire::planted;

use super::reading::{is_readable, step, steps, stretches};
use crate::home::Home;
use crate::progress::Stage;
use crate::report::{Discrepancy, Failure, LISTED_MAX, Problem, ScrubShare};
use crate::throttle::Throttle;
use crate::tree::Tree;

/// A share is read at most so many times in a period: each leaves a record.
const STEPS_PER_PERIOD: u64 = 1000;
/// Extra files are looked for so many times in a period.
const LOOKS_PER_PERIOD: u64 = 90;
/// What counts as read in a second where nothing limits it, bytes.
const UNLIMITED_BYTES_PER_SECOND: u64 = 256 << 20;

/// What came of it.
#[derive(Default)]
pub struct Share {
    /// For the report.
    pub report: ScrubShare,
    /// More is due.
    pub more: bool,
    /// What needs attention.
    pub problems: Vec<Problem>,
}

impl Share {
    /// Takes in what came of another route.
    pub fn add(&mut self, other: Self) {
        self.report.items += other.report.items;
        self.report.bytes += other.report.bytes;
        self.report.extra += other.report.extra;
        self.report.damaged.extend(other.report.damaged);
        self.report.damaged.truncate(LISTED_MAX);
        self.more |= other.more;
        self.problems.extend(other.problems);
    }
}

/// Whether so much of a period passed since `last`; a time to come counts as long ago.
fn passed(pace: &Pace, last: Option<i64>, now: i64, parts: u64) -> bool {
    last.is_none_or(|last| last > now || seconds_since(last, now) >= pace.period_seconds / parts)
}

/// What is due of a route: at most what can be read in so many seconds, and whether there is more.
fn due_items(route: &Route, pace: &Pace, now: i64, seconds: u64) -> (Vec<u32>, bool) {
    let item = |(number, item): (u32, &engine::replica::Item)| LastRead { item: number, bytes: item.size, at: item.read_at };
    let held: Vec<LastRead> = (0u32..).zip(&route.items).filter(|(_, item)| is_readable(route, item)).map(item).collect();
    let all = due(pace, &held, route.stepped_at, now, u64::MAX);
    let bytes_max = pace.bytes_in(seconds).min(UNLIMITED_BYTES_PER_SECOND.saturating_mul(seconds));
    let mut bytes = 0u64;
    let fits = |number: &&u32| {
        let before = bytes;
        bytes = bytes.saturating_add(route.items[**number as usize].size);
        before == 0 || bytes <= bytes_max
    };
    let items: Vec<u32> = all.items.iter().take_while(fits).copied().collect();
    let more = items.len() < all.items.len();
    let now_or_later = all.overdue > 0 || more || passed(pace, route.stepped_at, now, STEPS_PER_PERIOD);
    (if now_or_later { items } else { Vec::new() }, more)
}

/// Reads the share of a route that is due, for about so many seconds at most.
pub fn read(home: &mut Home, name: &str, seconds: u64) -> Result<Share, Failure> {
    let (world, pace, now) = (home.world.clone(), home.config.policy.scrub_pace(), home.world.now_seconds());
    let route = &home.replica().routes[name];
    if pace.period_seconds == 0 || route.packages.is_empty() || route.pending.is_some() {
        return Ok(Share::default());
    }
    let (items, more) = due_items(route, &pace, now, seconds);
    let looks = passed(&pace, route.looked_at, now, LOOKS_PER_PERIOD);
    if items.is_empty() && !looks {
        return Ok(Share::default());
    }
    let tree = match crate::applying::tree_of(home, name) {
        // Whoever called has said so.
        Err(missing) if missing.0.code == "RPL-05" => return Ok(Share::default()),
        other => other?,
    };
    let mut share = Share { more, ..Share::default() };
    let mut healed: Vec<Reread> = Vec::new();
    let bytes = items.iter().map(|number| route.items[*number as usize].size).sum();
    let stretches = stretches(home, name, &items)?;
    let throttle = Throttle::new(&*world.clock, pace);
    let numbers: Vec<Vec<u32>> = steps(route, &items, &pace).into_iter().map(<[u32]>::to_vec).collect();
    let before: Vec<u16> = route.items.iter().map(|item| item.damaged).collect();
    world.progress.begin(Stage::Scrub, Some(items.len() as u64), Some(bytes));
    for numbers in &numbers {
        let done = step(home, name, &tree, numbers, &stretches, &throttle);
        let (read, _) = done.inspect_err(|_| world.progress.end())?;
        let route = &home.replica().routes[name];
        share.report.items += read.len() as u64;
        for back in read {
            let (item, was) = (&route.items[back.0 as usize], before[back.0 as usize]);
            share.report.bytes += item.size;
            if !back.1.proves() {
                share.report.damaged.push(Discrepancy { route: name.into(), item: item.id.clone(), outcome: back.1.word() });
            } else if was != 0 {
                healed.push(back);
            }
        }
    }
    world.progress.end();
    let damaged = share.report.damaged.len();
    if damaged > 0 {
        let detail = format!("{damaged} of {} items that were re-read are not right; they are sent again", share.report.items);
        share.problems.push(Problem { code: "RPL-10", subject: name.into(), detail });
    }
    share.report.damaged.truncate(LISTED_MAX);
    if looks {
        let found = super::extra::look(home, name, &tree, home.config.policy.set_aside_extra)?;
        share.report.extra = found.paths.len() as u64;
        share.problems.extend(super::extra_problem(name, share.report.extra));
    }
    if home.replica().routes[name].untold {
        crate::receipts::make_part(home, name, healed)?;
    }
    Ok(share)
}

/// Reads what should lie below folders in whose place something else stood: it cannot be there, and the next receipt says so.
pub fn read_below(home: &mut Home, name: &str, tree: &Tree, folders: &[Vec<u8>]) -> Result<Option<Problem>, Failure> {
    if folders.is_empty() || planted::is("lost-folder-unread") {
        return Ok(None);
    }
    let is_below = |item: &Item| folders.iter().any(|folder| item.path().0.strip_prefix(folder.as_slice()).is_some_and(|rest| rest.starts_with(b"/")));
    let (read, damaged) = read_some(home, name, tree, is_below)?;
    let detail = format!("{damaged} of {read} items that were re-read are not right; they are sent again");
    Ok((damaged > 0).then(|| Problem { code: "RPL-10", subject: name.into(), detail }))
}

/// Reads all of a tree that people say is new, or was emptied, so that the next receipt tells what is missing; gives how many items are.
pub fn read_whole(home: &mut Home, name: &str) -> Result<u64, Failure> {
    if home.replica().routes[name].pending.is_some() || planted::is("released-tree-unread") {
        return Ok(0);
    }
    let tree = crate::applying::tree_of(home, name)?;
    let (_, damaged) = read_some(home, name, &tree, |_| true)?;
    Ok(damaged)
}

/// Reads these items, and gives how many were read and how many of them are not right.
fn read_some(home: &mut Home, name: &str, tree: &Tree, is_meant: impl Fn(&Item) -> bool) -> Result<(u64, u64), Failure> {
    let (world, pace) = (home.world.clone(), home.config.policy.scrub_pace());
    let route = &home.replica().routes[name];
    let meant = route.items.iter().zip(0u32..).filter(|(item, _)| is_readable(route, item) && is_meant(item));
    let items: Vec<u32> = meant.map(|(_, number)| number).collect();
    let numbers: Vec<Vec<u32>> = steps(route, &items, &pace).into_iter().map(<[u32]>::to_vec).collect();
    let (stretches, throttle) = (stretches(home, name, &items)?, Throttle::new(&*world.clock, pace));
    let mut damaged = 0;
    for numbers in &numbers {
        let (read, _) = step(home, name, tree, numbers, &stretches, &throttle)?;
        damaged += read.iter().filter(|back| !back.1.proves()).count() as u64;
    }
    Ok((items.len() as u64, damaged))
}

/// Reads the shares of all routes that are set up here.
pub fn read_all(home: &mut Home, seconds: u64) -> Result<Share, Failure> {
    let routes: Vec<String> = home.replica().routes.keys().filter(|route| home.config.routes.contains_key(*route)).cloned().collect();
    let mut all = Share::default();
    for route in routes {
        all.add(read(home, &route, seconds)?);
    }
    Ok(all)
}

/// How long ago the item that was read back longest ago was, s, and the alarm if that is longer than the period and a tenth.
pub fn oldest(home: &Home, name: &str) -> (Option<u64>, Option<Problem>) {
    let (pace, now) = (home.config.policy.scrub_pace(), home.world.now_seconds());
    let route = &home.replica().routes[name];
    let oldest = route.items.iter().filter(|item| is_readable(route, item)).map(|item| seconds_since(item.read_at, now)).max();
    let late = |seconds: &u64| pace.period_seconds > 0 && *seconds > pace.period_seconds.saturating_add(pace.period_seconds / 10);
    let problem = oldest.filter(late).map(|seconds| {
        let days = |seconds: u64| seconds / 86_400;
        let detail = format!("something was last read back {} days ago; all is to be within {}", days(seconds), days(pace.period_seconds));
        Problem { code: "RPL-08", subject: name.into(), detail }
    });
    (oldest, problem)
}
