//! What a package does to a replica: decided row by row before anything is changed.
//!
//! An item never goes back to a lower version, a tombstone wins over any older version for ever, and an equal version is
//! written again only where what lies on the disk differs.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use wire::manifest::{Document, Item as Carried, Manifest, Part};
use wire::receipt::Outcome;
use wire::record::{StagedRow, Step};
use wire::{Digest, Incarnation, ItemId, PackageId};

use crate::reconcile::Fork;
use crate::replica::{Item, Route};

/// The safeties of P12 that a package can trip on a replica, before anything of it is staged.
pub fn fork_of(route: &Route, ours: &Incarnation, records: u64, package: PackageId, manifest: &Manifest) -> Option<Fork> {
    if let Some(incarnation) = route.incarnation.filter(|incarnation| *incarnation != manifest.incarnation) {
        return Some(Fork { code: "FRK-04", seen: format!("the source was incarnation {incarnation}, the package is of {}", manifest.incarnation) });
    }
    if let Some(seen) = route.packages.get(&manifest.sequence).filter(|seen| seen.package != package) {
        return Some(Fork { code: "FRK-03", seen: format!("sequence {} was package {} and is now {package}", manifest.sequence, seen.package) });
    }
    let earlier = route.packages.range(..manifest.sequence).next_back().is_some_and(|(_, seen)| seen.ledger.number > manifest.ledger.number);
    let later = route.packages.range(manifest.sequence + 1..).next().is_some_and(|(_, seen)| seen.ledger.number < manifest.ledger.number);
    if earlier || later {
        return Some(Fork {
            code: "FRK-01",
            seen: format!("sequence {} quotes a ledger of {} records, which does not fit its neighbours", manifest.sequence, manifest.ledger.number),
        });
    }
    let witness = manifest.acknowledged?;
    if witness.incarnation != *ours {
        return Some(Fork { code: "FRK-04", seen: format!("the source has seen incarnation {} of this replica, this ledger is {ours}", witness.incarnation) });
    }
    let behind = witness.receipt > route.receipts || witness.ledger.number > records;
    behind.then(|| Fork {
        code: "FRK-02",
        seen: format!(
            "the source has taken in receipt {} over {} records, this ledger has made {} and holds {records}",
            witness.receipt, witness.ledger.number, route.receipts
        ),
    })
}

/// Plans a package, row by row in its order.
pub struct Planner<'a> {
    route: &'a Route,
    next_item: u32,
    new_items: BTreeMap<ItemId, u32>,
    parts: BTreeMap<(u32, u64), Vec<Part>>,
}

impl<'a> Planner<'a> {
    /// A plan for a package of this route.
    pub fn new(route: &'a Route) -> Self {
        Self { route, next_item: u32::try_from(route.items.len()).expect("items are numbered by u32"), new_items: BTreeMap::new(), parts: BTreeMap::new() }
    }

    /// The step for the next row. `on_disk` tells whether what lies on the disk is what the ledger says of the item; it is
    /// asked only where the answer decides.
    pub fn row(&mut self, carried: &Carried, on_disk: &mut dyn FnMut(&Item) -> bool) -> StagedRow {
        let known = self.route.find(&carried.id);
        let (item, id) = match (known, self.new_items.get(&carried.id)) {
            (Some((number, _)), _) => (number, None),
            (None, Some(number)) => (*number, None),
            (None, None) => {
                self.new_items.insert(carried.id.clone(), self.next_item);
                self.next_item += 1;
                (self.next_item - 1, Some(carried.id.clone()))
            }
        };
        let document = carried.documents.first();
        let known = known.map(|(_, item)| item).filter(|item| item.version > 0);
        let step = match (document, known) {
            (_, Some(held)) if carried.version < held.version => Step::Nothing(Outcome::Superseded.number()),
            (None, Some(held)) if held.removed => Step::Nothing(if carried.version == held.version { Outcome::Unchanged } else { Outcome::Applied }.number()),
            (None, Some(_)) => Step::Remove,
            (None, None) => Step::Remove,
            (Some(_), Some(held)) if carried.version == held.version && held.removed => Step::Nothing(Outcome::Superseded.number()),
            (Some(document), Some(held)) if carried.version == held.version => match (on_disk(held), document.part) {
                // It was found damaged and is right again: taken up like new attributes, so that it counts again.
                (true, _) if held.damaged != 0 => Step::Attributes,
                (true, _) => Step::Nothing(Outcome::Unchanged.number()),
                (false, None) => Step::Write,
                (false, Some(part)) => self.part(item, carried.version, document, part),
            },
            (Some(document), _) if document.part.is_some() => self.part(item, carried.version, document, document.part.expect("checked by the guard")),
            (Some(document), Some(held)) if held.held() && held.digest == document.digest && held.damaged == 0 && on_disk(held) => Step::Attributes,
            (Some(_), _) => Step::Write,
        };
        // A newer tombstone over an older one is a removal like any other, so that the version is kept.
        let step = if document.is_none() && matches!(step, Step::Nothing(number) if number == Outcome::Applied.number()) { Step::Remove } else { step };
        StagedRow {
            item,
            id,
            version: carried.version,
            mark: carried.mark,
            step,
            digest: document.map_or(Digest::ZERO, |document| document.digest),
            size: document.map_or(0, |document| document.size),
            modified: document.map_or(0, |document| document.modified),
            executable: document.is_some_and(|document| document.executable),
            part: document.and_then(|document| document.part),
        }
    }

    /// A part is held until the parts make the document whole; then the document is written.
    fn part(&mut self, item: u32, version: u64, document: &Document, part: Part) -> Step {
        let held = self.route.parts.get(&(item, version));
        let parts = self.parts.entry((item, version)).or_insert_with(|| held.cloned().unwrap_or_default());
        parts.push(part);
        parts.sort_by_key(|part| part.offset);
        let whole = parts.iter().fold(0, |end, part| if part.offset <= end { end.max(part.offset + part.length) } else { end }) == document.size;
        if whole { Step::Write } else { Step::Hold }
    }
}

/// A line about a fork for people.
pub fn describe(fork: &Fork) -> String {
    format!("{}: {}", fork.code, fork.seen)
}

#[cfg(test)]
#[path = "apply_test.rs"]
mod tests;
