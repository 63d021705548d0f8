//! What travels together: the files of an item of records, and the items of a business transaction (TX2); where several of these changed
//! one record one after the other and the route has not settled all of it, the items of all of them. A unit is in one package or in none;
//! where one file of it must stay, all of it waits.

use engine::select::{Because, Selected};
use engine::source::{Archive, Item, Route};
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use wire::manifest::Transaction;
use wire::{TransactionId, planted};

use crate::home::Home;
use crate::packing::source_route;
use crate::projecting::Prepared;
use crate::records::waiting::KeptBack;
use crate::records::{Grouping, is_orphan};
use crate::report::Failure;
use crate::rows::PackedItem;

/// What an item travels with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Unit {
    /// Everything of one business transaction, or of several that share records.
    Transaction([u8; 16]),
    /// The record of this number and its documents.
    Record(u32),
    /// Nothing else.
    Alone(u32),
}

/// Which items of an archive travel together on a route.
pub struct Units {
    grouping: Arc<Grouping>,
    /// By business transaction: what stands for all those that share records with it, and how many these are.
    merged: HashMap<[u8; 16], ([u8; 16], usize)>,
    /// Records that no transaction made as they are now, by number: the one that made an earlier version which is still open.
    joined: HashMap<u32, [u8; 16]>,
}

impl Units {
    /// What a route must keep together: transactions that made versions of one record which the route has not settled are one, where the
    /// replica may hold a record of any of them. Where no package brought one, as at a first sync, there is nothing yet that could be torn.
    pub fn of(archive: &Archive, route: &Route, grouping: Arc<Grouping>) -> Self {
        let (mut sets, mut joined) = (Sets::default(), HashMap::new());
        for (item, number) in archive.items.iter().zip(0u32..).filter(|_| !planted::is("shared-record-ignored")) {
            let mut open = open_transactions(item, route, number);
            let Some(first) = open.next() else { continue };
            if item.transaction().is_some() && item.earlier().is_empty() {
                continue;
            }
            open.for_each(|id| sets.join(first, id));
            if item.transaction().is_none() {
                let known = *joined.entry(grouping.record_of(number).unwrap_or(number)).or_insert(first);
                sets.join(known, first);
            }
        }
        if !joined.is_empty() || !sets.above.is_empty() {
            let is_held = |number: u32| route.item(number).may_be_there();
            let held = archive.items.iter().zip(0u32..).filter(|(_, number)| is_held(*number));
            sets.held = held.flat_map(|(item, number)| open_transactions(item, route, number)).map(|id| sets.root(id)).collect();
        }
        joined.retain(|_, id| sets.held.contains(&sets.root(*id)));
        Self { grouping, merged: sets.settle(), joined }
    }

    /// The unit of an item.
    pub fn unit(&self, archive: &Archive, number: u32) -> Unit {
        let record = self.grouping.record_of(number);
        let own = archive.items.get(number as usize).and_then(Item::transaction).filter(|_| !planted::is("transaction-split"));
        match (own.or_else(|| self.joined.get(&record.unwrap_or(number)).copied()), record) {
            (Some(transaction), _) => self.of_transaction(transaction),
            (None, Some(record)) => Unit::Record(record),
            (None, None) => Unit::Alone(number),
        }
    }

    /// The unit of a business transaction.
    fn of_transaction(&self, id: [u8; 16]) -> Unit {
        Unit::Transaction(self.merged.get(&id).map_or(id, |(unit, _)| *unit))
    }

    /// What belongs together.
    pub fn grouping(&self) -> &Grouping {
        &self.grouping
    }

    /// How many business transactions a unit is of.
    pub fn transactions(&self, unit: Unit) -> usize {
        let Unit::Transaction(unit) = unit else { return 0 };
        self.merged.values().find(|(merged, _)| *merged == unit).map_or(1, |(_, count)| *count)
    }

    /// These items with all that travels with them.
    pub fn whole(&self, archive: &Archive, items: &BTreeSet<u32>) -> BTreeSet<u32> {
        let units: HashSet<Unit> = items.iter().map(|number| self.unit(archive, *number)).collect();
        let of_one = |number: &u32| units.contains(&self.unit(archive, *number));
        if units.is_empty() { BTreeSet::new() } else { (0u32..).take(archive.items.len()).filter(of_one).collect() }
    }
}

/// What an item of a route travels with.
pub fn units_of<'h>(home: &'h Home, name: &str, prepared: Option<&'h Prepared>) -> Result<impl Fn(u32) -> Unit + 'h, Failure> {
    let archive = &home.source().archives[&source_route(home, name)?.archive];
    Ok(move |number| prepared.map_or(Unit::Alone(number), |prepared| prepared.units.unit(archive, number)))
}

/// Takes out of a plan what travels with an item that could not be read.
pub fn leave(home: &Home, name: &str, prepared: Option<&Prepared>, unread: &[u32], planned: &mut Vec<Selected>) -> Result<(), Failure> {
    if unread.is_empty() {
        return Ok(());
    }
    let unit = units_of(home, name, prepared)?;
    let left: HashSet<Unit> = unread.iter().map(|number| unit(*number)).collect();
    planned.retain(|selected| !left.contains(&unit(selected.item)));
    Ok(())
}

/// Takes these items out of a plan. Most of a million may stay, so each is looked up in a table and not in a set.
pub fn take_out(planned: &mut Vec<Selected>, items: impl Iterator<Item = u32> + Clone) {
    let mut is_out = vec![false; items.clone().max().map_or(0, |last| last as usize + 1)];
    items.for_each(|number| is_out[number as usize] = true);
    planned.retain(|selected| !is_out.get(selected.item as usize).copied().unwrap_or(false));
}

/// Each row of a business transaction, or of several that share records, says how many there are of it in the package (TX3), under an id from
/// which nobody outside finds the `txn_id`: that may be withheld, and could be guessed from a digest.
pub fn mark_transactions(home: &Home, name: &str, units: &Units, items: &mut [PackedItem]) -> Result<(), Failure> {
    let route = source_route(home, name)?;
    let archive = &home.source().archives[&route.archive];
    let key = home.keys().first().map(|keys| keys.derived("gapferry 2026 transactions of a route", &route.route_id.0)).unwrap_or_default();
    let outside = |id: [u8; 16]| TransactionId(blake3::keyed_hash(&key, &id).as_bytes()[..16].try_into().expect("16 of 32 bytes"));
    let id = |packed: &PackedItem| match units.unit(archive, packed.row.item) {
        Unit::Transaction(id) => Some(id),
        _ => None,
    };
    let mut rows: HashMap<[u8; 16], u32> = HashMap::new();
    for id in items.iter().filter_map(id) {
        *rows.entry(id).or_default() += 1;
    }
    for packed in items {
        packed.item.transaction = id(packed).map(|id| Transaction { id: outside(id), rows: rows[&id] });
    }
    Ok(())
}

/// The transactions that made what a route has not settled of an item: that of its present version first.
fn open_transactions(item: &Item, route: &Route, number: u32) -> impl Iterator<Item = [u8; 16]> {
    let settled = route.item(number).settled_version();
    let earlier = item.earlier().iter().filter(move |(version, _)| *version > settled).map(|(_, id)| *id);
    item.transaction().into_iter().chain(earlier)
}

/// Transactions that belong together.
#[derive(Default)]
struct Sets {
    /// Of two that are joined, the one that stands for both.
    above: HashMap<[u8; 16], [u8; 16]>,
    /// Those that stand for a set of which the replica may hold a record.
    held: HashSet<[u8; 16]>,
}

impl Sets {
    fn root(&self, mut id: [u8; 16]) -> [u8; 16] {
        while let Some(next) = self.above.get(&id) {
            id = *next;
        }
        id
    }

    fn join(&mut self, one: [u8; 16], two: [u8; 16]) {
        let (one, two) = (self.root(one), self.root(two));
        if one != two {
            self.above.insert(one.max(two), one.min(two));
        }
    }

    /// Each of a set of which the replica may hold a record, with the id of all together, and their number.
    fn settle(self) -> HashMap<[u8; 16], ([u8; 16], usize)> {
        let mut sets: BTreeMap<[u8; 16], BTreeSet<[u8; 16]>> = BTreeMap::new();
        for (below, above) in self.above.iter().filter(|(_, above)| self.held.contains(&self.root(**above))) {
            sets.entry(self.root(*above)).or_default().extend([*below, self.root(*above)]);
        }
        let together = |set: BTreeSet<[u8; 16]>| {
            let all: Vec<u8> = set.iter().flatten().copied().collect();
            let id = blake3::hash(&all).as_bytes()[..16].try_into().expect("16 of 32 bytes");
            let count = set.len();
            set.into_iter().map(move |one| (one, (id, count)))
        };
        sets.into_values().flat_map(together).collect()
    }
}

/// The places of units, in the order in which these were met. A table by item is smaller than a map of units: most are of one record.
struct Ranks {
    /// Of the unit of a record, or of an item of its own.
    by_item: Vec<u32>,
    by_transaction: HashMap<[u8; 16], u32>,
    next: u32,
}

const NO_RANK: u32 = u32::MAX;

impl Ranks {
    /// Gives a unit the next one, where it was not met before.
    fn give(&mut self, unit: Unit) {
        let rank = match unit {
            Unit::Transaction(id) => self.by_transaction.entry(id).or_insert(NO_RANK),
            Unit::Record(number) | Unit::Alone(number) => &mut self.by_item[number as usize],
        };
        if *rank == NO_RANK {
            *rank = self.next;
            self.next += 1;
        }
    }

    fn known(&self, unit: Unit) -> Option<u32> {
        let rank = match unit {
            Unit::Transaction(id) => self.by_transaction.get(&id),
            Unit::Record(number) | Unit::Alone(number) => self.by_item.get(number as usize),
        };
        rank.copied().filter(|rank| *rank != NO_RANK)
    }
}

/// Brings what travels together together: each unit where its first item was, large documents first, with those items of a
/// transaction that would not travel by themselves (TX5). A unit of which something must stay is left out, and what is `waiting`.
pub fn arrange(archive: &Archive, route: &Route, units: &Units, waiting: &KeptBack, mut selected: Vec<Selected>) -> Vec<Selected> {
    let unit = |number: u32| units.unit(archive, number);
    let numbered = || archive.items.iter().zip(0u32..);
    let stays = |item: &Item, number: u32| item.is_held_back() && !item.gone && !route.item(number).is_excluded(item);
    // What its record left behind is part of nothing any more.
    let held_back = numbered().filter(|(item, number)| stays(item, *number) && !is_orphan(item)).map(|(_, number)| unit(number));
    let blocked: HashSet<Unit> = held_back.chain(waiting.transactions.iter().map(|id| units.of_transaction(*id))).collect();
    let mut ranks = Ranks { by_item: vec![NO_RANK; archive.items.len()], by_transaction: HashMap::new(), next: 0 };
    let mut is_taken = vec![false; archive.items.len()];
    selected.retain(|one| !blocked.contains(&unit(one.item)));
    for one in &selected {
        is_taken[one.item as usize] = true;
        ranks.give(unit(one.item));
    }
    let of_one = |item: &Item, number: u32| item.transaction().is_some() || !units.joined.is_empty() && matches!(unit(number), Unit::Transaction(_));
    for (item, number) in numbered().filter(|(item, number)| !is_taken[*number as usize] && of_one(item, *number) && !stays(item, *number)) {
        let goes = ranks.known(unit(number)).is_some() && !route.item(number).is_left(item);
        selected.extend(goes.then_some(Selected { item: number, because: Because::Due }));
    }
    // In place: of a million items a second list with their ranks takes more room than a package.
    let size = |number: u32| std::cmp::Reverse(archive.items[number as usize].stat.size);
    selected.sort_by_key(|one| (ranks.known(unit(one.item)), size(one.item)));
    selected.shrink_to_fit();
    selected
}
