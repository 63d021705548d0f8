//! What a package does to a replica: decided row by row before anything is changed.
//!
//! An item never goes back to a lower version, nor to what an earlier package said of one version; a tombstone wins over any
//! older version for ever. What is held already is written again only where what lies on the disk differs.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::cmp::Ordering;
use wire::card::Role;
use wire::limits::{INVENTORY_DROPS_MAX, NUMBER_MAX, STEP_MAX};
use wire::manifest::{Document, Item as Carried, Manifest, Mark, Part, Witness};
use wire::receipt::{Outcome, Row};
use wire::record::{StagedRow, Step};
use wire::{Digest, ItemId, PackageId, TransactionId, planted};

use crate::reconcile::Fork;
use crate::replica::{Item, Replica, Route};

/// Whether a package is of a life of the source that is not followed any more: it is refused, and stops nothing.
pub fn is_former(route: &Route, manifest: &Manifest) -> bool {
    route.former.contains(&manifest.incarnation) && !planted::is("package-of-a-life-that-is-over-taken")
}

/// Whether the route began anew behind a package: it changes nothing.
pub fn is_void(route: &Route, manifest: &Manifest) -> bool {
    route.incarnation == Some(manifest.incarnation) && manifest.sequence <= route.floor
}

/// The safeties of P12 that a package can trip on a replica, before anything of it is staged. `records` counts those of our
/// ledger, which is the `replica`'s.
pub fn fork_of(replica: &Replica, route: &Route, records: u64, package: PackageId, manifest: &Manifest) -> Option<Fork> {
    let theirs = |code, seen| Some(Fork { code, seen, whose: Role::Source, life: (code == "FRK-04").then_some(manifest.incarnation) });
    let ours = |code, seen| Some(Fork { code, seen, whose: Role::Replica, life: None });
    if let Some(incarnation) = route.incarnation.filter(|incarnation| *incarnation != manifest.incarnation && !planted::is("other-life-of-the-source-taken")) {
        return theirs("FRK-04", format!("the source was incarnation {incarnation}, the package is of {}", manifest.incarnation));
    }
    if route.incarnation.is_none() && manifest.floor < route.floor && !planted::is("older-life-followed") {
        let (life, floor, over) = (manifest.incarnation, manifest.floor, route.floor);
        return theirs("FRK-04", format!("incarnation {life} of the source began at {floor}, below {over} of the one that is over: it may be an earlier one"));
    }
    let before = (1..).map_while(|back| manifest.sequence.checked_sub(back)).zip(&manifest.previous);
    let named = core::iter::once((manifest.sequence, &package)).chain(before);
    for (sequence, id) in named {
        let seen = route.packages.get(&sequence).map(|seen| seen.package).or_else(|| route.before.get(&sequence).copied());
        if let Some(seen) = seen.filter(|seen| seen != id && !planted::is("sequence-taken-twice")) {
            return theirs("FRK-03", format!("sequence {sequence} was package {seen} and is now {id}"));
        }
    }
    let earlier = route.packages.range(..manifest.sequence).next_back().is_some_and(|(_, seen)| seen.ledger.number > manifest.ledger.number);
    let later = route.packages.range(manifest.sequence + 1..).next().is_some_and(|(_, seen)| seen.ledger.number < manifest.ledger.number);
    let newest = manifest.sequence > route.highest();
    if (earlier || later || newest && manifest.floor < route.floor) && !planted::is("heads-of-the-source-uncompared") {
        let records = manifest.ledger.number;
        return theirs("FRK-01", format!("sequence {} quotes a ledger of {records} records, which does not fit its neighbours", manifest.sequence));
    }
    if let Some(seen) = leap_of(route, manifest) {
        return theirs("FRK-05", seen);
    }
    // Who began a new life tells the source with the next receipt; until then it speaks of another one.
    let of_before = |witness: &Witness| witness.incarnation != replica.incarnation && (route.unheard || replica.lives.contains(&witness.incarnation));
    let witness = manifest.acknowledged.filter(|witness| !of_before(witness))?;
    if witness.receipt == NUMBER_MAX {
        return ours("FRK-04", format!("the source does not follow incarnation {} of this replica any more", witness.incarnation));
    }
    if witness.incarnation != replica.incarnation {
        return ours("FRK-04", format!("the source has seen incarnation {} of this replica, this ledger is {}", witness.incarnation, replica.incarnation));
    }
    if witness.receipt <= route.receipts && witness.ledger.number <= records || planted::is("own-fork-unseen") {
        return None;
    }
    let seen = format!(
        "the source has taken in receipt {} over {} records, this ledger has made {} and holds {records}",
        witness.receipt, witness.ledger.number, route.receipts
    );
    ours("FRK-02", seen)
}

/// A number that is further above the last one than a source can have counted honestly (FAULTS P09).
fn leap_of(route: &Route, manifest: &Manifest) -> Option<String> {
    let too_far = |number: u64, last: u64| number > last.saturating_add(STEP_MAX);
    if route.leap || planted::is("step-unlimited") {
        return None;
    }
    let last = route.highest().max(route.floor);
    if route.incarnation.is_some() && too_far(manifest.floor, last) || too_far(manifest.sequence, last.max(manifest.floor)) {
        return Some(format!("sequence {} is further above {last} than {STEP_MAX}", manifest.sequence));
    }
    let held = |id: &ItemId| route.find(id).filter(|(_, item)| !item.former).map_or(0, |(_, item)| item.version);
    let item = manifest.items.iter().find(|item| too_far(item.version, held(&item.id).max(manifest.floor)))?;
    Some(format!("version {} of an item is further above the last one than {STEP_MAX}", item.version))
}

/// Plans a package, row by row in its order.
pub struct Planner<'a> {
    route: &'a Route,
    sequence: u64,
    next_item: u32,
    new_items: BTreeMap<ItemId, u32>,
    parts: BTreeMap<(u32, u64, Digest), Vec<Part>>,
}

impl<'a> Planner<'a> {
    /// A plan for the package of this sequence of a route.
    pub fn new(route: &'a Route, sequence: u64) -> Self {
        let next_item = u32::try_from(route.items.len()).expect("items are numbered by u32");
        Self { route, sequence, next_item, new_items: BTreeMap::new(), parts: BTreeMap::new() }
    }

    /// The step for the next row. `on_disk` tells whether what lies on the disk is what the ledger says of the item, or no file where
    /// that is removed; it is asked only where the answer decides.
    pub fn row(&mut self, carried: &Carried, on_disk: &mut dyn FnMut(&Item) -> bool) -> StagedRow {
        let (item, id) = self.number(&carried.id);
        let document = carried.documents.first();
        let forgotten = |item: &Item| item.removed && planted::is("tombstone-forgotten");
        let known = self.route.find(&carried.id).map(|(_, item)| item).filter(|item| item.version > 0 && !forgotten(item));
        let step = match (document, known.map(|held| (held, self.order(carried, held)))) {
            (_, Some((_, Ordering::Less))) => Step::Nothing(Outcome::Superseded.number()),
            // Somebody put a file back: it is removed again, by whoever says so last.
            (None, Some((held, Ordering::Equal))) if self.sequence > held.sequence && !on_disk(held) => Step::Remove,
            (None, Some((_, Ordering::Equal))) => Step::Nothing(Outcome::Unchanged.number()),
            // A newer tombstone over an older one is a removal like any other, so that the version is kept.
            (None, _) => Step::Remove,
            (Some(document), Some((held, Ordering::Equal))) => match (on_disk(held), document.part) {
                // A later package said the same since, and whoever came between them is over: it is that one that answers for it.
                (right, _) if self.sequence < held.sequence => Step::Nothing(if right { Outcome::Unchanged } else { Outcome::Superseded }.number()),
                // It was found damaged, or not confirmed yet, and is right: taken up like new attributes, so that it counts.
                (true, _) if held.damaged != 0 || !held.is_confirmed() => Step::Attributes,
                (true, _) => Step::Nothing(Outcome::Unchanged.number()),
                (false, None) => Step::Write,
                (false, Some(part)) => self.part(item, carried.version, document, part),
            },
            (Some(document), _) if document.part.is_some() => self.part(item, carried.version, document, document.part.expect("checked by the guard")),
            (Some(document), Some((held, _))) if held.held() && held.digest == document.digest && held.damaged == 0 && on_disk(held) => Step::Attributes,
            (Some(_), _) => Step::Write,
        };
        staged(item, id, carried, step)
    }

    /// The step for the next row of an inventory: what lies there as it should is taken up, and nothing else is changed.
    pub fn claim(&mut self, carried: &Carried, lies_right: bool) -> StagedRow {
        let (item, id) = self.number(&carried.id);
        let known = self.route.find(&carried.id).map(|(_, item)| item).filter(|item| item.version > 0);
        let newer = known.is_some_and(|held| self.order(carried, held) == Ordering::Less);
        let step = match (newer, lies_right) {
            (true, _) => Step::Nothing(Outcome::Superseded.number()),
            (false, true) => Step::Adopt,
            (false, false) => Step::Nothing(Outcome::BaseMissing.number()),
        };
        staged(item, id, carried, step)
    }

    /// How what is carried stands to what is held.
    fn order(&self, carried: &Carried, held: &Item) -> Ordering {
        held.order(carried.version, carried.documents.first().map(Into::into), self.sequence)
    }

    /// The number of an item, and its id when it is met for the first time.
    fn number(&mut self, id: &ItemId) -> (u32, Option<ItemId>) {
        match (self.route.find(id), self.new_items.get(id)) {
            (Some((number, _)), _) => (number, None),
            (None, Some(number)) => (*number, None),
            (None, None) => {
                self.new_items.insert(id.clone(), self.next_item);
                self.next_item += 1;
                (self.next_item - 1, Some(id.clone()))
            }
        }
    }

    /// A part is held until the parts make the document whole; then the document is written.
    fn part(&mut self, item: u32, version: u64, document: &Document, part: Part) -> Step {
        let whole = (item, version, document.digest);
        let held = self.route.parts.get(&whole);
        let parts = self.parts.entry(whole).or_insert_with(|| held.cloned().unwrap_or_default());
        parts.push(part);
        parts.sort_by_key(|part| part.offset);
        let whole = parts.iter().fold(0, |end, part| if part.offset <= end { end.max(part.offset + part.length) } else { end }) == document.size;
        if whole || planted::is("part-taken-for-the-whole") { Step::Write } else { Step::Hold }
    }
}

fn staged(item: u32, id: Option<ItemId>, carried: &Carried, step: Step) -> StagedRow {
    let document = carried.documents.first();
    StagedRow {
        item,
        id,
        version: carried.version,
        mark: carried.mark,
        transaction: carried.transaction.map(|transaction| transaction.id),
        step,
        digest: document.map_or(Digest::ZERO, |document| document.digest),
        size: document.map_or(0, |document| document.size),
        modified: document.map_or(0, |document| document.modified),
        executable: document.is_some_and(|document| document.executable),
        part: document.and_then(|document| document.part),
    }
}

/// What an inventory does not name: held in its span, and brought by no later package. It goes, into the history.
pub fn unnamed(route: &Route, manifest: &Manifest) -> Vec<StagedRow> {
    let Some(inventory) = &manifest.inventory else { return Vec::new() };
    let named: BTreeSet<&ItemId> = manifest.items.iter().map(|item| &item.id).chain(&inventory.unclaimed).collect();
    let goes = |item: &Item| item.held() && item.sequence < manifest.sequence && inventory.span.contains(&item.id) && !named.contains(&item.id);
    let drop = |(item, number): (&Item, u32)| StagedRow {
        item: number,
        id: None,
        version: item.version,
        mark: Mark::Delete,
        transaction: None,
        step: Step::Drop,
        digest: Digest::ZERO,
        size: 0,
        modified: 0,
        executable: false,
        part: None,
    };
    route.items.iter().zip(0u32..).filter(|(item, _)| goes(item)).map(drop).take(INVENTORY_DROPS_MAX).collect()
}

/// All items of a business transaction have one outcome: where one cannot be applied, none is, whatever was planned for it. What is
/// superseded stays so: the replica holds something newer than this transaction.
pub fn one_outcome(rows: &mut [StagedRow]) {
    let planned = |row: &StagedRow| if let Step::Nothing(number) = row.step { Outcome::of(number) } else { None };
    let failed = failed_transactions(rows.iter().map(|row| (row.transaction, planned(row))));
    for row in rows.iter_mut().filter(|row| row.transaction.is_some_and(|transaction| failed.contains(&transaction))) {
        if !planned(row).is_some_and(fails_or_is_superseded) {
            row.step = Step::Nothing(Outcome::TransactionFailed.number());
        }
    }
}

/// The same for the answer: what failed only when it was switched in or read back.
pub fn one_answer(staged: &[StagedRow], rows: &mut [Row]) {
    let failed = failed_transactions(staged.iter().zip(rows.iter()).map(|(staged, row)| (staged.transaction, Outcome::of(row.outcome))));
    for (staged, row) in staged.iter().zip(rows) {
        let with_others = staged.transaction.is_some_and(|transaction| failed.contains(&transaction));
        if with_others && !Outcome::of(row.outcome).is_some_and(fails_or_is_superseded) {
            (row.outcome, row.digest) = (Outcome::TransactionFailed.number(), Digest::ZERO);
        }
    }
}

fn fails_or_is_superseded(outcome: Outcome) -> bool {
    outcome.failed() || outcome == Outcome::Superseded
}

/// The transactions of which a row failed.
fn failed_transactions(rows: impl Iterator<Item = (Option<TransactionId>, Option<Outcome>)>) -> BTreeSet<TransactionId> {
    let failed = |outcome: Option<Outcome>| outcome.is_some_and(Outcome::failed) && !planted::is("transaction-torn");
    rows.filter(|(_, outcome)| failed(*outcome)).filter_map(|(transaction, _)| transaction).collect()
}

/// The rows of an apply record that are the package's own and are answered: what an inventory drops stands behind them.
pub fn own_rows(rows: &[StagedRow]) -> &[StagedRow] {
    &rows[..rows.iter().position(|row| row.step == Step::Drop).unwrap_or(rows.len())]
}

/// A line about a fork for people.
pub fn describe(fork: &Fork) -> String {
    format!("{}: {}", fork.code, fork.seen)
}

#[cfg(test)]
#[path = "apply_test.rs"]
mod tests;
