//! How long earlier versions stay: at least so many days and at least so many versions of each item, whichever is more; and
//! as long as the source may still take one for the base of a delta.

use engine::replica::Route;
use std::collections::{HashMap, HashSet};
use wire::Digest;
use wire::planted;
use wire::record::Pruned;

use crate::home::Home;
use crate::report::Failure;
use crate::tree::Tree;

const DAY_SECONDS: i64 = 86_400;
/// Entries of one record: bounds its size. What is left over goes the next time.
const ENTRIES_MAX: usize = 1 << 20;

/// Drops what is older than the policy keeps.
pub fn prune(home: &mut Home, name: &str, tree: &Tree) -> Result<(), Failure> {
    let route = &home.replica().routes[name];
    let policy = &home.config.policy;
    let keep_from = home.world.now_seconds().saturating_sub(i64::try_from(policy.history_days).unwrap_or(i64::MAX).saturating_mul(DAY_SECONDS));
    let entries = superfluous(route, keep_from, policy.history_versions);
    if entries.is_empty() {
        return Ok(());
    }
    let gone: HashSet<u32> = entries.iter().copied().collect();
    let (mut kept, mut dropped) = (HashSet::<Digest>::new(), HashSet::new());
    for (place, earlier) in (0u32..).zip(&route.history) {
        let of = if gone.contains(&place) || earlier.purged { &mut dropped } else { &mut kept };
        of.insert(earlier.digest);
    }
    home.record(Pruned { route: name.into(), entries })?;
    home.commit()?;
    for digest in dropped.iter().filter(|digest| !kept.contains(*digest) || planted::is("shared-history-pruned")) {
        let (folder, file) = Tree::history(digest);
        if let Ok(dir) = tree.dot_dir(&*home.world.disk, &folder, false) {
            store::spool::remove_if_there(&*home.world.disk, &dir, &file).map_err(|error| Failure::io(name, &error))?;
        }
    }
    Ok(())
}

/// The places of the entries that were replaced before `keep_from` and of whose item at least `versions` younger ones stay.
fn superfluous(route: &Route, keep_from: i64, versions: u64) -> Vec<u32> {
    let open: HashSet<u64> = route
        .packages
        .iter()
        .filter(|(_, seen)| seen.items > 0 && (seen.covered_in == 0 || seen.covered_in > route.acknowledged))
        .map(|(sequence, _)| *sequence)
        .collect();
    // A version whose replacement the source does not know to be here may be the base of its next delta. Each package replaces
    // an item at most once: so many of its newest entries may be such, once the item itself is not acknowledged.
    let at_least = |item: u32| {
        let bases = if open.contains(&route.items[item as usize].sequence) { open.len() as u64 } else { 0 };
        versions.max(bases)
    };
    let mut left: HashMap<u32, u64> = HashMap::new();
    for earlier in &route.history {
        *left.entry(earlier.item).or_default() += 1;
    }
    let mut places = Vec::new();
    for (place, earlier) in (0u32..).zip(&route.history) {
        let left = left.get_mut(&earlier.item).expect("counted above");
        if places.len() < ENTRIES_MAX && earlier.replaced_at < keep_from && *left > at_least(earlier.item) {
            *left -= 1;
            places.push(place);
        }
    }
    places
}

#[cfg(test)]
#[path = "history_keeping_test.rs"]
mod tests;
