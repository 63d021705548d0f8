//! The breaker (P7): more than a set share of an archive disappearing or changing at once stops the route, on the source
//! before it is packed, on the replica before it is applied, until a person agrees.

use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use wire::manifest::Manifest;
use wire::{Digest, PackageId};

use crate::replica;
use crate::source::{Archive, Route};

/// How much may change at once: the larger of a count and a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Items.
    pub items: u64,
    /// Hundredths of what the replica holds.
    pub percent: u64,
}

impl Default for Allowance {
    fn default() -> Self {
        Self { items: 100, percent: 5 }
    }
}

impl Allowance {
    /// How many items of `total` may change at once.
    pub fn of(&self, total: u64) -> u64 {
        self.items.max(total.saturating_mul(self.percent) / 100)
    }
}

/// State of a route's breaker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// Effective changes that tripped it, while it is tripped.
    pub tripped: Option<u64>,
    /// Changes that a person agreed to and that have not passed yet.
    pub agreed: u64,
    /// Replica: packages that are held back.
    pub held: Vec<PackageId>,
    /// Replica: packages that a person let pass.
    pub passed: Vec<PackageId>,
}

impl Breaker {
    /// It trips.
    pub(crate) fn trip(&mut self, changes: u64, package: Option<PackageId>) {
        self.tripped = Some(self.tripped.unwrap_or(0).max(changes));
        self.held.extend(package.filter(|package| !self.held.contains(package)));
    }

    /// A person agrees to `changes`.
    pub(crate) fn release(&mut self, changes: u64) {
        self.tripped = None;
        self.agreed = changes;
        let held = core::mem::take(&mut self.held);
        self.passed.extend(held);
    }

    /// One agreed change has passed.
    pub(crate) fn pass(&mut self) {
        self.agreed = self.agreed.saturating_sub(1);
    }
}

/// What would change at once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weighed {
    /// Effective changes: items that are deleted or whose content differs, renames not counted.
    pub changes: u64,
    /// Items the replica is proven to hold.
    pub total: u64,
    /// Items that must be read to know whether they changed in content or were only renamed.
    pub unread: Vec<u32>,
}

/// Weighs what is captured but was never packed. What was not read yet counts as changed and is listed in `unread`.
pub fn weigh_source(archive: &Archive, route: &Route) -> Weighed {
    let mut weighed = Weighed::default();
    let mut deleted: BTreeMap<Digest, u64> = BTreeMap::new();
    let mut deleted_by_place: BTreeMap<(u64, u64, i64), Digest> = BTreeMap::new();
    let mut deleted_sizes: BTreeMap<u64, u64> = BTreeMap::new();
    let mut added = Vec::new();
    for ((item, number), sent) in archive.items.iter().zip(0u32..).zip(route.items.iter().chain(core::iter::repeat(&Default::default()))) {
        let held = sent.proven_version > 0 && !sent.proven_gone;
        weighed.total += u64::from(held);
        if item.version <= sent.packed_version || item.version == sent.cancelled_version {
            continue;
        }
        match (held, item.gone) {
            (true, true) => {
                weighed.changes += 1;
                *deleted.entry(sent.proven_digest).or_default() += 1;
                *deleted_sizes.entry(sent.proven_bytes).or_default() += 1;
                deleted_by_place.insert((item.stat.inode, item.stat.size, item.stat.modified), sent.proven_digest);
            }
            (true, false) if item.digest == Some(sent.proven_digest) => {}
            (true, false) => {
                weighed.changes += 1;
                if item.digest.is_none() && item.stat.size == sent.proven_bytes {
                    weighed.unread.push(number);
                }
            }
            (false, false) => added.push(number),
            (false, true) => {}
        }
    }
    for number in added {
        let item = &archive.items[number as usize];
        let same_place = || deleted_by_place.get(&(item.stat.inode, item.stat.size, item.stat.modified)).copied();
        match item.digest.or_else(same_place) {
            Some(digest) => {
                if let Some(count) = deleted.get_mut(&digest).filter(|count| **count > 0) {
                    *count -= 1;
                    weighed.changes -= 1;
                }
            }
            None if deleted_sizes.contains_key(&item.stat.size) => weighed.unread.push(number),
            None => {}
        }
    }
    weighed
}

/// Weighs what a package would change on the replica.
pub fn weigh_package(manifest: &Manifest, route: &replica::Route) -> Weighed {
    let mut weighed = Weighed { total: route.items.iter().filter(|item| item.held()).count() as u64, ..Weighed::default() };
    let mut deleted: BTreeMap<Digest, u64> = BTreeMap::new();
    let mut added = Vec::new();
    let is_later_part = |place: usize| place > 0 && manifest.items[place - 1].id == manifest.items[place].id;
    for (_, item) in manifest.items.iter().enumerate().filter(|(place, _)| !is_later_part(*place)) {
        let held = route.find(&item.id).map(|(_, held)| held).filter(|held| held.held() && held.version < item.version);
        match (held, item.documents.first()) {
            (Some(held), None) => {
                weighed.changes += 1;
                *deleted.entry(held.digest).or_default() += 1;
            }
            (Some(held), Some(document)) => weighed.changes += u64::from(held.digest != document.digest),
            (None, Some(document)) => added.push(document.digest),
            (None, None) => {}
        }
    }
    for digest in added {
        if let Some(count) = deleted.get_mut(&digest).filter(|count| **count > 0) {
            *count -= 1;
            weighed.changes -= 1;
        }
    }
    weighed
}

/// Whether a route must stop before `weighed` passes.
pub fn must_stop(breaker: &Breaker, weighed: &Weighed, allowance: &Allowance) -> bool {
    breaker.tripped.is_some() || weighed.changes > allowance.of(weighed.total).max(breaker.agreed)
}

#[cfg(test)]
#[path = "breaker_test.rs"]
mod tests;
