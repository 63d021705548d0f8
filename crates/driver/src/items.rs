//! `items`: the ledger per item, on a source per route and item of its archive, on a replica what it holds.

use engine::select::mark_of;
use engine::source::{Item, RouteItem};
use engine::standing::{self, Standing};
use std::collections::{BTreeMap, HashMap};
use std::path::Path;
use wire::card::Role;
use wire::manifest::Mark;
use wire::receipt::Outcome;

use crate::acts::{Matcher, patterns};
use crate::home::Home;
use crate::report::{Failure, ItemReport, ItemsReport};
use crate::status::{look_with_index, standing_on_replica, switching};
use crate::world::World;

/// Which items are asked for.
#[derive(Clone, Debug, Default)]
pub struct ItemsOptions {
    /// Only those of this route.
    pub route: Option<String>,
    /// Only those that stand so: a word of `Standing`.
    pub state: Option<String>,
    /// Only those that match this pattern.
    pub pattern: Option<String>,
}

/// What is shown.
struct Filter {
    state: Option<Standing>,
    matcher: Option<Matcher>,
}

impl Filter {
    fn of(options: &ItemsOptions) -> Result<Self, Failure> {
        let all = [Standing::Pending, Standing::Packed, Standing::Done, Standing::Failed, Standing::Stale, Standing::Cancelled, Standing::Left];
        let known = |word: &String| all.into_iter().find(|standing| standing.word() == word);
        let state = match &options.state {
            Some(word) => {
                Some(known(word).ok_or_else(|| Failure::new("USE-01", word, "no state; one of pending, packed, done, failed, stale, cancelled, left"))?)
            }
            None => None,
        };
        let matcher = options.pattern.as_ref().map(|pattern| patterns(std::slice::from_ref(pattern))).transpose()?;
        Ok(Self { state, matcher })
    }

    /// What is gone and needs nothing is shown only where it is asked for.
    fn shows(&self, standing: Standing, id: &wire::ItemId) -> bool {
        self.state.map_or(standing != Standing::Left, |state| state == standing) && self.matcher.as_ref().is_none_or(|matcher| matcher.is_match(id))
    }
}

/// The items that are asked for, by route and id.
///
/// # Errors
/// `USE-01` for an unknown route or state, or a pattern that is not well formed; else as `status`.
pub fn items(world: &World, path: &Path, options: &ItemsOptions) -> Result<ItemsReport, Failure> {
    let filter = Filter::of(options)?;
    look_with_index(world, path, |home| report(home, options, &filter))
}

fn report(home: &Home, options: &ItemsOptions, filter: &Filter) -> Result<ItemsReport, Failure> {
    if let Some(name) = options.route.as_ref().filter(|name| !home.config.routes.contains_key(*name)) {
        return Err(Failure::new("USE-01", name, "no route of this name"));
    }
    let mut report = ItemsReport::default();
    for name in home.config.routes.keys().filter(|name| options.route.as_ref().is_none_or(|route| route == *name)) {
        let mut shown = match home.config.role {
            Role::Source => on_source(home, name, filter),
            Role::Replica => on_replica(home, name, filter),
        };
        shown.sort_by(|one, two| one.item.cmp(&two.item));
        report.items.extend(shown);
    }
    Ok(report)
}

fn discrepancy(number: u16) -> &'static str {
    Outcome::of(number).map_or("", Outcome::word)
}

fn on_source(home: &Home, name: &str, filter: &Filter) -> Vec<ItemReport> {
    let source = home.source();
    let Some(route) = source.routes.get(name) else { return Vec::new() };
    let Some(archive) = source.archives.get(&route.archive) else { return Vec::new() };
    let all = standing::all(archive, route, home.world.now_seconds(), crate::terms::deadline(home, name));
    let shown: Vec<(u32, &Item, RouteItem, Standing)> = all.filter(|(_, item, _, standing)| filter.shows(*standing, &item.id)).collect();
    let travelled = shown
        .iter()
        .filter(|(_, item, sent, _)| sent.packed_version == item.version && sent.is_purge_packed())
        .map(|(number, _, sent, _)| (sent.packed_sequence, *number));
    let marks = marks(travelled, |sequence| Some(home.packed(name, sequence).ok()??.rows.iter().map(|row| (row.item, row.mark)).collect()));
    let report = |(number, item, sent, standing): &(u32, &Item, RouteItem, Standing)| {
        let proven = sent.proven_version == item.version && !item.gone;
        let digest = item.digest.or(proven.then_some(sent.proven_digest)).filter(|_| !item.gone);
        ItemReport {
            route: name.into(),
            item: item.id.clone(),
            state: standing.word(),
            mark: marks.get(number).copied().unwrap_or_else(|| next_mark(item, sent)).word(),
            version: item.version,
            packed_version: sent.packed_version,
            packed_sequence: sent.packed_sequence,
            proven_version: sent.proven_version,
            digest: digest.map(|digest| digest.to_string()).unwrap_or_default(),
            bytes: if item.gone { 0 } else { item.stat.size },
            attempts: sent.attempts,
            discrepancy: discrepancy(sent.discrepancy),
            disk: None,
        }
    };
    shown.iter().map(report).collect()
}

/// The mark of a change that no package brought yet (or whose package is not at hand), as far as it is known without reading
/// the document.
fn next_mark(item: &Item, sent: &RouteItem) -> Mark {
    match &item.digest {
        _ if sent.is_purging() => Mark::Purge,
        _ if item.gone => Mark::Delete,
        _ if item.version == 1 => Mark::Add,
        Some(digest) if sent.proven_version != item.version => mark_of(item, sent, digest),
        _ if sent.proven_version == 0 || sent.proven_gone => Mark::Add,
        _ => Mark::Document,
    }
}

fn on_replica(home: &Home, name: &str, filter: &Filter) -> Vec<ItemReport> {
    let Some(route) = home.replica().routes.get(name) else { return Vec::new() };
    let switching = switching(route);
    let standing = |number: u32, item: &engine::replica::Item| {
        if item.held() { standing_on_replica(route, item, switching.contains(&number)) } else { Standing::Left }
    };
    let all = route.items.iter().zip(0u32..).filter(|(item, _)| item.version > 0).map(|(item, number)| (number, item, standing(number, item)));
    let shown: Vec<(u32, &engine::replica::Item, Standing)> = all.filter(|(_, item, standing)| filter.shows(*standing, &item.id)).collect();
    let travelled = shown.iter().map(|(number, item, _)| (item.sequence, *number));
    let marks = marks(travelled, |sequence| Some(home.begun(name, sequence).ok()??.rows.iter().map(|row| (row.item, row.mark)).collect()));
    let report = |(number, item, standing): &(u32, &engine::replica::Item, Standing)| ItemReport {
        route: name.into(),
        item: item.id.clone(),
        state: standing.word(),
        mark: marks.get(number).copied().unwrap_or(if item.removed { Mark::Delete } else { Mark::Document }).word(),
        version: item.version,
        packed_version: item.version,
        packed_sequence: item.sequence,
        proven_version: if *standing == Standing::Done { item.version } else { 0 },
        digest: if item.removed { String::new() } else { item.digest.to_string() },
        bytes: if item.removed { 0 } else { item.size },
        attempts: 0,
        discrepancy: discrepancy(item.damaged),
        disk: item.disk.clone().filter(|_| item.held()),
    };
    shown.iter().map(report).collect()
}

/// The marks under which items travelled last, given the sequence of each. `rows` gives the items of a package and their
/// marks; where the package is not at hand, its items have none.
fn marks(travelled: impl Iterator<Item = (u64, u32)>, rows: impl Fn(u64) -> Option<Vec<(u32, Mark)>>) -> HashMap<u32, Mark> {
    let mut by_sequence: BTreeMap<u64, Vec<u32>> = BTreeMap::new();
    for (sequence, number) in travelled {
        by_sequence.entry(sequence).or_default().push(number);
    }
    let mut marks = HashMap::new();
    for (sequence, numbers) in by_sequence {
        // One package at a time: its record may be large.
        let brought: HashMap<u32, Mark> = rows(sequence).unwrap_or_default().into_iter().collect();
        marks.extend(numbers.into_iter().filter_map(|number| Some((number, *brought.get(&number)?))));
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_come_from_the_package_that_brought_the_item() {
        let package = |sequence: u64| match sequence {
            1 => Some(vec![(0, Mark::Add), (1, Mark::Add)]),
            2 => Some(vec![(1, Mark::Record), (7, Mark::Delete)]),
            _ => None,
        };
        let marks = marks([(1, 0), (2, 1), (3, 2), (2, 3)].into_iter(), package);
        for (number, expected) in [(0, Some(Mark::Add)), (1, Some(Mark::Record)), (2, None), (3, None), (7, None)] {
            assert_eq!(marks.get(&number).copied(), expected, "{number}");
        }
    }

    #[test]
    fn filters() {
        let filter = |state: Option<&str>, pattern: Option<&str>| {
            Filter::of(&ItemsOptions { route: None, state: state.map(Into::into), pattern: pattern.map(Into::into) })
        };
        let id = wire::ItemId(b"a/b".to_vec());
        for (state, pattern, standing, expected) in [
            (None, None, Standing::Done, true),
            (None, None, Standing::Left, false),
            (Some("left"), None, Standing::Left, true),
            (Some("failed"), None, Standing::Done, false),
            (Some("failed"), Some("a/*"), Standing::Failed, true),
            (None, Some("*"), Standing::Failed, false),
        ] {
            assert_eq!(
                filter(state, pattern).map_err(|failure| failure.to_string()).unwrap().shows(standing, &id),
                expected,
                "{state:?} {pattern:?} {standing:?}"
            );
        }
        for (state, pattern) in [(Some("fine"), None), (None, Some("\\x"))] {
            assert_eq!(filter(state, pattern).err().map(|failure| failure.0.code), Some("USE-01"));
        }
    }
}
