//! What travels together: the files of an item of records, and the items of a business transaction (TX2). A unit is in one package or
//! in none; where one file of it must stay, all of it waits.

use engine::select::{Because, Selected};
use engine::source::{Archive, Route};
use std::collections::{BTreeSet, HashMap, HashSet};
use wire::planted;

use crate::records::Grouping;

/// What an item travels with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Everything of one business transaction.
    Transaction([u8; 16]),
    /// The record of this number and its documents.
    Record(u32),
    /// Nothing else.
    Alone(u32),
}

/// The unit of an item.
pub fn unit_of(archive: &Archive, grouping: &Grouping, number: u32) -> Unit {
    let together = archive.items.get(number as usize).and_then(|item| item.transaction).filter(|_| !planted::is("transaction-split"));
    match (together, grouping.record_of(number)) {
        (Some(transaction), _) => Unit::Transaction(transaction),
        (None, Some(record)) => Unit::Record(record),
        (None, None) => Unit::Alone(number),
    }
}

/// These items with all that travels with them.
pub fn whole(archive: &Archive, grouping: &Grouping, items: &BTreeSet<u32>) -> BTreeSet<u32> {
    let units: HashSet<Unit> = items.iter().map(|number| unit_of(archive, grouping, *number)).collect();
    let of_one = |number: &u32| units.contains(&unit_of(archive, grouping, *number));
    if units.is_empty() { BTreeSet::new() } else { (0u32..).take(archive.items.len()).filter(of_one).collect() }
}

/// Brings what travels together together: each unit where its first item was, large documents first, with those items of a
/// transaction that would not travel by themselves (TX5). A unit of which something must stay is left out.
pub fn arrange(archive: &Archive, route: &Route, grouping: &Grouping, selected: Vec<Selected>) -> Vec<Selected> {
    let unit = |number: u32| unit_of(archive, grouping, number);
    let numbered = || archive.items.iter().zip(0u32..);
    let blocked: HashSet<Unit> = numbered()
        .filter(|(item, number)| item.is_held_back() && !item.gone && !route.item(*number).is_excluded(item))
        .map(|(_, number)| unit(number))
        .collect();
    let mut rank: HashMap<Unit, usize> = HashMap::new();
    let mut arranged: Vec<(usize, Selected)> = Vec::with_capacity(selected.len());
    for one in selected {
        let unit = unit(one.item);
        if !blocked.contains(&unit) {
            let next = rank.len();
            arranged.push((*rank.entry(unit).or_insert(next), one));
        }
    }
    let taken: HashSet<u32> = arranged.iter().map(|(_, selected)| selected.item).collect();
    for (item, number) in numbered().filter(|(item, number)| item.transaction.is_some() && !taken.contains(number)) {
        let rank = rank.get(&unit(number)).filter(|_| !route.item(number).is_left(item));
        arranged.extend(rank.map(|rank| (*rank, Selected { item: number, because: Because::Due })));
    }
    let size = |number: u32| std::cmp::Reverse(archive.items[number as usize].stat.size);
    arranged.sort_by_key(|(rank, selected)| (*rank, size(selected.item)));
    arranged.into_iter().map(|(_, selected)| selected).collect()
}
