//! The breaker (P7): what stops a route until people agree, on the source before anything is packed, on the replica before
//! anything is applied (spec/breaker.md).
//!
//! Three allowances: for what is deleted or changed at once; for how much an archive shrinks, however slowly, since people last
//! agreed; and for what looks as if it were being encrypted. No clock takes part.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::cmp::Ordering;
use serde::{Deserialize, Serialize};
use wire::manifest::{Agreement, Manifest};
use wire::record::{Cause, PackedRow, Shape, StagedRow, Step, Waiting};
use wire::{Digest, PackageId, planted};

use crate::consent::Consent;
use crate::replica;
use crate::source::{Archive, Item, Route, RouteItem};
use crate::suspicion::{Change, Content, folder, suspects};

/// How much may change: the larger of a count and a share.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// Items.
    pub items: u64,
    /// Hundredths of what the replica holds.
    pub percent: u64,
}

impl Allowance {
    /// How many items of `total` may change.
    pub fn of(&self, total: u64) -> u64 {
        self.items.max(total.saturating_mul(self.percent) / 100)
    }
}

/// The allowances of a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowances {
    /// For what is deleted or changed at once.
    pub at_once: Allowance,
    /// For how much it shrinks since people last agreed.
    pub shrinking: Allowance,
    /// For what looks encrypted, since people last agreed.
    pub suspicious: Allowance,
}

impl Default for Allowances {
    fn default() -> Self {
        Self {
            at_once: Allowance { items: 100, percent: 5 },
            shrinking: Allowance { items: 100, percent: 20 },
            suspicious: Allowance { items: 10, percent: 1 },
        }
    }
}

/// Counts what passes between two agreements.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Meter {
    /// What passed without being asked for.
    pub passed: u64,
    /// What people agreed to and that has not passed yet.
    pub agreed: u64,
}

impl Meter {
    /// What it would show, if `more` passed.
    fn with(&self, more: u64) -> u64 {
        self.passed.saturating_add(more.saturating_sub(self.agreed))
    }
    fn pass(&mut self, more: u64) {
        let passed = if planted::is("slow-changes-unweighed") { 0 } else { self.with(more) };
        *self = Self { passed, agreed: self.agreed.saturating_sub(more) };
    }
}

/// What tripped a breaker.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tripped {
    /// What for.
    pub cause: Cause,
    /// How many changes of that kind.
    pub changes: u64,
}

/// State of a route's breaker.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Breaker {
    /// What tripped it, while it is tripped.
    pub tripped: Option<Tripped>,
    /// Changes at once that people agreed to and that have not passed yet.
    pub agreed: u64,
    /// How much it shrank: deletions that passed, less what was added.
    pub shrunk: Meter,
    /// Changes that passed and look encrypted.
    pub suspicious: Meter,
    /// Who has agreed so far, where several people must.
    pub consent: Option<Consent<Waiting>>,
    /// Source: the newest agreement. Replica: the newest one of the source that people here agreed to as well.
    pub agreement: Option<Agreement>,
    /// Replica: the newest agreement of the source that the packages which are held back belong to.
    pub announced: Option<Agreement>,
    /// Replica: packages that are held back.
    pub held: Vec<PackageId>,
    /// Replica: packages that people let pass.
    pub passed: Vec<PackageId>,
}

impl Breaker {
    /// It trips. Packages that are held back add up; other sightings of the same thing do not.
    pub(crate) fn trip(&mut self, tripped: Tripped, package: Option<PackageId>, announced: Option<Agreement>) {
        let before = self.tripped.map_or(0, |before| before.changes);
        let changes = match package {
            Some(package) if self.held.contains(&package) => before,
            Some(package) => {
                self.held.push(package);
                before.saturating_add(tripped.changes)
            }
            None => before.max(tripped.changes),
        };
        self.tripped = Some(Tripped { cause: self.tripped.unwrap_or(tripped).cause, changes });
        self.announced = self.announced.max_by_number(announced);
    }

    /// People agreed, on the source: to what waits, and so many changes on top as are allowed without asking.
    pub(crate) fn release_source(&mut self, over: &Waiting, allowed: u64) {
        let number = self.agreement.map_or(1, |agreement| agreement.number + 1);
        *self = Self {
            agreed: over.changes.saturating_add(allowed),
            shrunk: Meter { passed: 0, agreed: over.removals },
            suspicious: Meter { passed: 0, agreed: over.suspicious },
            agreement: Some(Agreement { number, changes: over.changes }),
            ..Self::default()
        };
    }

    /// Whether people agreed to more than waits now, and beside it to more than is allowed: then the rest of it is over.
    pub fn outlives(&self, over: &Waiting, allowed: u64) -> bool {
        let Self { agreed, shrunk, suspicious, .. } = self;
        let more = *agreed > over.changes.saturating_add(allowed) || shrunk.agreed > over.removals || suspicious.agreed > over.suspicious;
        more && !planted::is("agreement-outlives-its-changes")
    }

    /// So it is.
    pub(crate) fn lapse(&mut self, over: &Waiting, allowed: u64) {
        let agreed = self.agreed.min(over.changes.saturating_add(allowed));
        let lapsed = self.agreed - agreed;
        self.agreed = agreed;
        self.shrunk.agreed = self.shrunk.agreed.min(over.removals);
        self.suspicious.agreed = self.suspicious.agreed.min(over.suspicious);
        if let Some(agreement) = &mut self.agreement {
            agreement.changes = agreement.changes.saturating_sub(lapsed);
        }
    }

    /// People agreed, on the replica: to the packages that are held back, and to all others of the agreement on the source that
    /// they belong to, as far as that goes.
    pub(crate) fn release_replica(&mut self) {
        let held = core::mem::take(&mut self.held);
        let passed = core::mem::take(&mut self.passed).into_iter().chain(held).collect();
        let agreement = self.agreement.max_by_number(self.announced);
        let agreed =
            self.announced.filter(|announced| self.agreement.is_none_or(|known| known.number < announced.number)).map_or(self.agreed, |new| new.changes);
        *self = Self { agreement, agreed, passed, ..Self::default() };
    }

    /// So much has passed on the source.
    pub(crate) fn pass(&mut self, passed: &Waiting, additions: u64) {
        self.agreed = self.agreed.saturating_sub(if planted::is("agreed-for-ever") { 0 } else { passed.changes });
        self.shrunk.pass(passed.removals.saturating_sub(additions));
        self.shrunk.passed = self.shrunk.passed.saturating_sub(additions.saturating_sub(passed.removals));
        self.suspicious.pass(passed.suspicious);
    }

    /// A package passes on the replica. What people let through counts against no allowance.
    pub(crate) fn pass_package(&mut self, package: &PackageId, weighed: &Weighed) {
        let let_through = self.passed.contains(package) && !planted::is("let-through-counts") || weighed.waiting.changes <= self.agreed;
        self.passed.retain(|passed| passed != package);
        let removals = if let_through { 0 } else { weighed.waiting.removals };
        self.pass(&Waiting { removals, ..weighed.waiting }, weighed.additions);
    }
}

/// Of two agreements the newer one.
trait Newer {
    fn max_by_number(self, other: Self) -> Self;
}

impl Newer for Option<Agreement> {
    fn max_by_number(self, other: Self) -> Self {
        self.into_iter().chain(other).max_by_key(|agreement| agreement.number)
    }
}

/// What would change.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weighed {
    /// What people would agree to.
    pub waiting: Waiting,
    /// New items, those that only got another name not counted.
    pub additions: u64,
    /// Items the replica is proven to hold.
    pub total: u64,
    /// Items that must be read to know whether they changed in content or were only renamed.
    pub unread: Vec<u32>,
    /// Items whose beginning must be read to know what it looks like.
    pub unseen: Vec<u32>,
    /// The items that look encrypted.
    pub suspects: Vec<u32>,
}

/// Weighs what is captured but was never packed. What was not read yet counts as changed and is listed in `unread`. `heads`
/// says what the beginnings of documents look like that were not read whole.
pub fn weigh_source(archive: &Archive, route: &Route, heads: &BTreeMap<u32, Shape>) -> Weighed {
    let mut weighed = Weighed::default();
    let mut places: BTreeMap<(u64, u64, i64), Digest> = BTreeMap::new();
    let mut deleted_sizes: BTreeSet<u64> = BTreeSet::new();
    let mut formed_folders: BTreeSet<&[u8]> = BTreeSet::new();
    let mut changes: Vec<Change<'_>> = Vec::new();
    let mut added: Vec<u32> = Vec::new();
    let content = |item: &Item, number: u32| {
        let shape = if item.digest.is_some() { item.shape } else { heads.get(&number).copied().unwrap_or_default() };
        Content { digest: item.digest, shape }
    };
    for (item, number) in archive.items.iter().zip(0u32..) {
        let sent = route.item(number);
        let held = sent.proven_version > 0 && !sent.proven_gone;
        weighed.total += u64::from(held);
        // What only another template may show otherwise has not changed yet; what was deleted or written since it was packed has.
        let as_packed = sent.unjudged && (!item.gone && item.version == sent.packed_version || planted::is("activation-hides-changes"));
        if sent.is_sent(item) || as_packed || sent.is_left(item) || sent.is_given_up(item) {
            continue;
        }
        if !held {
            added.extend((!sent.is_gone(item)).then_some(number));
            continue;
        }
        let (held_digest, held_bytes) = held_content(item, &sent);
        let before = Content { digest: Some(held_digest), shape: sent.packed_shape };
        let after = (!sent.is_gone(item)).then(|| content(item, number));
        changes.push(Change { item: number, id: &item.id.0, before: Some(before), after });
        match after {
            None => {
                places.insert((item.stat.inode, item.stat.size, item.stat.modified), held_digest);
                deleted_sizes.insert(held_bytes);
                formed_folders.extend(before.has_form().then_some(folder(&item.id.0)));
            }
            Some(Content { digest: None, .. }) => {
                weighed.unread.extend((item.stat.size == held_bytes).then_some(number));
                weighed.unseen.extend((before.has_form() && !heads.contains_key(&number)).then_some(number));
            }
            Some(_) => {}
        }
    }
    if deleted_sizes.is_empty() {
        // What is new looks like something only beside what is deleted: of a whole new archive nothing more is kept here.
        weighed.additions = added.len() as u64;
    } else {
        for number in added {
            let item = &archive.items[number as usize];
            let mut after = content(item, number);
            if after.digest.is_none() {
                after.digest = places.get(&(item.stat.inode, item.stat.size, item.stat.modified)).copied();
                if after.digest.is_none() {
                    weighed.unread.extend(deleted_sizes.contains(&item.stat.size).then_some(number));
                    let unseen = formed_folders.contains(folder(&item.id.0)) && !heads.contains_key(&number);
                    weighed.unseen.extend(unseen.then_some(number));
                }
            }
            changes.push(Change { item: number, id: &item.id.0, before: None, after: Some(after) });
        }
    }
    weighed.take(&changes);
    weighed
}

/// What the replica holds of an item, digest and size: what the archive had, where that is known, else what a route made of it.
fn held_content(item: &Item, sent: &RouteItem) -> (Digest, u64) {
    item.content_at(sent.proven_version).unwrap_or((sent.proven_digest, sent.proven_bytes))
}

/// Weighs what a package takes that was packed: the first time that these versions are.
pub(crate) fn weigh_packed(archive: &Archive, route: &Route, rows: &[PackedRow]) -> Weighed {
    let mut weighed = Weighed::default();
    let mut changes: Vec<Change<'_>> = Vec::new();
    for (row, place) in rows.iter().zip(0usize..) {
        let sent = route.item(row.item);
        let again = sent.packed_version == row.version && sent.packed_gone == row.removes() || place > 0 && rows[place - 1].item == row.item;
        let Some(item) = archive.items.get(row.item as usize).filter(|_| !again) else { continue };
        let held = sent.proven_version > 0 && !sent.proven_gone;
        // What is on its way for the first time was counted when an earlier version of it left.
        if !held && sent.packed_version > 0 && !sent.proven_gone {
            continue;
        }
        let before = held.then_some(Content { digest: Some(held_content(item, &sent).0), shape: sent.packed_shape });
        let after = (!row.removes()).then_some(Content { digest: Some(row.read.unwrap_or(row.digest)), shape: row.shape });
        changes.push(Change { item: row.item, id: &item.id.0, before, after });
    }
    weighed.take(&changes);
    weighed
}

impl Weighed {
    /// Counts changes, and looks for suspicious ones.
    fn take(&mut self, changes: &[Change<'_>]) {
        let digest = |content: Content| content.digest;
        self.count(changes.iter().map(|change| (change.before.map(digest), change.after.map(digest))));
        self.suspects = suspects(changes);
        self.waiting.suspicious = self.suspects.len() as u64;
    }

    /// Counts changes: the content before, where the replica holds one, and the content after, where there is one; as far as
    /// they are known.
    fn count(&mut self, changes: impl Iterator<Item = (Option<Option<Digest>>, Option<Option<Digest>>)>) {
        let mut deleted: BTreeMap<Digest, u64> = BTreeMap::new();
        let mut added = Vec::new();
        for change in changes {
            match change {
                (Some(before), None) => {
                    self.waiting.removals += 1;
                    before.into_iter().for_each(|digest| *deleted.entry(digest).or_default() += 1);
                }
                (Some(before), Some(after)) => self.waiting.changes += u64::from((before.is_none() || before != after) && !planted::is("changes-unweighed")),
                (None, Some(after)) => added.push(after),
                (None, None) => {}
            }
        }
        for digest in added {
            match digest.and_then(|digest| deleted.get_mut(&digest)).filter(|count| **count > 0) {
                Some(count) => {
                    *count -= 1;
                    self.waiting.removals -= 1;
                }
                None => self.additions += 1,
            }
        }
        self.waiting.changes += if planted::is("deletions-unweighed") { 0 } else { self.waiting.removals };
    }
}

/// Weighs what a package would change on the replica.
pub fn weigh_package(manifest: &Manifest, route: &replica::Route) -> Weighed {
    if manifest.inventory.is_some() {
        // It only takes up what is right; what it does not name goes.
        return weigh_begun(&crate::apply::unnamed(route, manifest), route, manifest.sequence);
    }
    let is_first = |place: usize| place == 0 || manifest.items[place - 1].id != manifest.items[place].id;
    let items = manifest.items.iter().enumerate().filter(|(place, _)| is_first(*place));
    let held = items.map(|(_, item)| {
        let known = route.find(&item.id).map(|(_, known)| known);
        let document = item.documents.first();
        let older = known.filter(|known| known.order(item.version, document.map(Into::into), manifest.sequence) == Ordering::Greater);
        (older, known, document.map(|document| document.digest))
    });
    weigh_rows(route, held)
}

/// Weighs what a package that begins changes on the replica.
pub(crate) fn weigh_begun(rows: &[StagedRow], route: &replica::Route, sequence: u64) -> Weighed {
    let rows = rows.iter().filter(|row| !matches!(row.step, Step::Nothing(_) | Step::Hold | Step::Adopt));
    let held = rows.map(|row| {
        let known = route.items.get(row.item as usize);
        let removes = matches!(row.step, Step::Remove | Step::Drop);
        let is_newer = |known: &&replica::Item| known.order(row.version, (!removes).then(|| row.into()), sequence) == Ordering::Greater;
        (known.filter(|known| row.step == Step::Drop || is_newer(known)), known, (!removes).then_some(row.digest))
    });
    weigh_rows(route, held)
}

/// Weighs rows: the item if the row is newer, the item if there is one, and the new digest.
fn weigh_rows<'a>(route: &replica::Route, rows: impl Iterator<Item = (Option<&'a replica::Item>, Option<&'a replica::Item>, Option<Digest>)>) -> Weighed {
    let mut weighed = Weighed { total: route.items.iter().filter(|item| item.held()).count() as u64, ..Weighed::default() };
    weighed.count(rows.filter_map(|(older, known, after)| {
        let before = older.filter(|item| item.held()).map(|item| Some(item.digest));
        // What is held in this version or a newer one is neither changed nor added.
        (before.is_some() || !known.is_some_and(replica::Item::held)).then_some((before, after.map(Some)))
    }));
    weighed
}

/// Why a route must stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stop {
    /// What for.
    pub cause: Cause,
    /// How many changes of that kind.
    pub changes: u64,
    /// How many are allowed.
    pub allowed: u64,
}

/// Whether a route must stop before `weighed` passes, and why.
pub fn must_stop(breaker: &Breaker, weighed: &Weighed, allowances: &Allowances) -> Option<Stop> {
    let waiting = &weighed.waiting;
    let shrunk = breaker.shrunk.with(waiting.removals).saturating_sub(weighed.additions);
    let most = weighed.total.saturating_add(breaker.shrunk.passed);
    let found = [
        (Cause::Suspicious, breaker.suspicious.with(waiting.suspicious), allowances.suspicious.of(weighed.total)),
        (Cause::AtOnce, waiting.changes, allowances.at_once.of(weighed.total).max(breaker.agreed)),
        (Cause::Shrinking, shrunk, allowances.shrinking.of(most)),
    ];
    let over = |(cause, changes, allowed): (Cause, u64, u64)| {
        let tripped = breaker.tripped.filter(|tripped| tripped.cause == cause);
        (tripped.is_some() || breaker.tripped.is_none() && changes > allowed).then_some(Stop {
            cause,
            changes: tripped.map_or(changes, |tripped| tripped.changes.max(changes)),
            allowed,
        })
    };
    found.into_iter().find_map(over)
}

/// Whether a package must be held back on the replica. What the source's people agreed to is weighed as a whole: their packages
/// may come one by one, and each be small.
pub fn must_hold(breaker: &Breaker, package: &PackageId, weighed: &Weighed, announced: Option<Agreement>, allowances: &Allowances) -> Option<Stop> {
    let agreed_here = |announced: &Agreement| breaker.agreement.is_some_and(|known| known.number >= announced.number);
    let covered = announced.is_some_and(|announced| agreed_here(&announced)) && weighed.waiting.changes <= breaker.agreed && weighed.waiting.changes > 0;
    if planted::is("breaker-of-the-replica-passed") || breaker.passed.contains(package) || breaker.tripped.is_none() && covered {
        return None;
    }
    let mut whole = weighed.clone();
    if whole.waiting.changes > 0 {
        whole.waiting.changes = announced.filter(|announced| !agreed_here(announced)).map_or(0, |announced| announced.changes).max(whole.waiting.changes);
    }
    // What is agreed to is for packages that carry it.
    let alone = Breaker { agreed: 0, ..breaker.clone() };
    must_stop(&alone, &whole, allowances)
}

#[cfg(test)]
#[path = "breaker_test.rs"]
mod tests;
