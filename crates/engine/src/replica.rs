//! What a replica knows: per route what it holds, which packages it has seen, what it has answered, and its history.
//!
//! Built by folding the ledger. A package is in one of three states (begun, applied, attested); a begun one is rolled
//! forward by the next command (P3).

mod item;

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use wire::card::Role;
use wire::digest::StateDigest;
use wire::manifest::{Head, Mark, Part};
use wire::receipt::{Outcome, Range, ranges_of};
use wire::record::{AppliedRow, Attested, Begun, Record, ScrubStep, StagedRow, Step};
use wire::{Digest, Incarnation, ItemId, PackageId, RouteId, ZoneId, planted};

use crate::apply::own_rows;
use crate::breaker::{Breaker, Tripped, weigh_begun};
use crate::consent::Consent;
use crate::keys::Keys;
use crate::order::Order;
use crate::rebase::{Agreements, Stop, floor_above};

pub use item::{Item, Says};

/// How far a package has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Progress {
    /// Staged; its rows are being switched in.
    Begun,
    /// Switched in and durable.
    Applied,
    /// Read back.
    Attested,
}

/// A package that was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Seen {
    /// Its id.
    pub package: PackageId,
    /// The source's head that it quoted.
    pub ledger: Head,
    /// Its nonce.
    pub nonce: [u8; 32],
    /// Its items.
    pub items: u32,
    /// How far it has come.
    pub progress: Progress,
    /// Number of the first receipt that answered it; 0 for none.
    pub covered_in: u64,
}

/// A version that was replaced or removed and is kept in the history.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// The item.
    pub item: u32,
    /// Its version.
    pub version: u64,
    /// Digest of its document.
    pub digest: Digest,
    /// Size, bytes.
    pub size: u64,
    /// mtime, ns since 1970.
    pub modified: i64,
    /// Whether it could be executed.
    pub executable: bool,
    /// When it was replaced, s since 1970.
    pub replaced_at: i64,
    /// Mark of what took its place.
    pub mark: Mark,
    /// Its content was erased.
    pub purged: bool,
}

/// A package whose rows are being switched in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pending {
    /// Its sequence.
    pub sequence: u64,
    /// Its id.
    pub package: PackageId,
    /// What is to be done.
    pub rows: Vec<StagedRow>,
}

/// A route of this replica.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Its id.
    pub route_id: RouteId,
    /// Its source zone.
    pub source: ZoneId,
    /// The replica tree.
    pub into: Vec<u8>,
    /// The source's incarnation, once a package was seen.
    pub incarnation: Option<Incarnation>,
    /// Incarnations of the source that are not followed any more.
    pub former: Vec<Incarnation>,
    /// Packages up to this sequence are void: the route began anew behind them.
    pub floor: u64,
    /// The source has not told yet that it follows this life of ours.
    pub unheard: bool,
    /// A person agreed to the next package however far its numbers are above the last ones.
    pub leap: bool,
    /// Items by number.
    pub items: Vec<Item>,
    /// Its items in order of id.
    #[serde(skip)]
    pub order: Order,
    /// Packages by sequence.
    pub packages: BTreeMap<u64, Seen>,
    /// Which package of the life of the source that is followed had a sequence, before the route last began anew.
    pub before: BTreeMap<u64, PackageId>,
    /// The package that is being switched in.
    pub pending: Option<Pending>,
    /// Number of the newest receipt that the source has taken in.
    pub acknowledged: u64,
    /// Our head that the newest receipt of any form quoted of which the source has told that it arrived.
    pub acknowledged_head: Head,
    /// Number of the newest receipt made.
    pub receipts: u64,
    /// The source asks for a full receipt.
    pub want_full: bool,
    /// Digest of what it holds.
    pub state: StateDigest,
    /// Parts of documents that are not whole, by item, version and digest of the document.
    pub parts: BTreeMap<(u32, u64, Digest), Vec<Part>>,
    /// Earlier versions, oldest first.
    pub history: Vec<Earlier>,
    /// The highest sequence that purged something: packages below it may hold what was purged.
    pub purged_in: u64,
    /// The breaker.
    pub breaker: Breaker,
    /// A person agreed to go on although the tree is missing or empty (RPL-05), until something is applied or read again.
    pub may_be_empty: bool,
    /// The safety that stopped it until a person agrees to go on.
    pub stopped: Option<Stop>,
    /// Local changes kept aside since the last receipt.
    pub kept_aside: u32,
    /// Files that no item accounts for, when they were last looked for.
    pub extra: u32,
    /// When they were, s since 1970.
    pub looked_at: Option<i64>,
    /// Readings so far: packages switched in, and steps of scrubs.
    pub readings: u64,
    /// When a scrub last read something, s since 1970.
    pub stepped_at: Option<i64>,
    /// Step with which the scrub of everything began that has not come to its end; 0 for none.
    pub scrub_from: u64,
    /// A scrub found something otherwise than the source was last told by the receipt of one.
    pub untold: bool,
    /// When a new package of the source was last seen (or the route was accepted), s since 1970. Annotation: a time that turns
    /// out to lie ahead is taken back to now.
    pub heard_at: i64,
    /// When a receipt was last made (or the route was accepted); as `heard_at`.
    pub told_at: i64,
}

/// What a replica knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replica {
    /// The ledger's incarnation.
    pub incarnation: Incarnation,
    /// Incarnations of its earlier lives.
    pub lives: Vec<Incarnation>,
    /// Receipt numbers of earlier lives end here.
    pub floor: u64,
    /// Its routes.
    pub routes: BTreeMap<String, Route>,
    /// What it knows of keys.
    pub keys: Keys,
    /// Who has agreed that a route begins anew, where several people must.
    pub agreements: Agreements,
}

impl Replica {
    /// Where a new life of this ledger has to begin: above every receipt that any copy of it can have made.
    pub fn next_floor(&self) -> u64 {
        floor_above(self.routes.values().map(|route| route.receipts).max().unwrap_or(0))
    }

    /// Restores what a snapshot leaves out.
    pub fn restored(mut self) -> Self {
        for route in self.routes.values_mut() {
            route.order = Order::of(&route.items);
        }
        self
    }

    /// Folds a record in. Records that do not concern a replica, or name what does not exist, change nothing.
    pub fn fold(&mut self, time: i64, record: &Record) {
        for route in self.routes.values_mut() {
            (route.heard_at, route.told_at) = (route.heard_at.min(time), route.told_at.min(time));
        }
        self.keys.fold(time, record);
        self.agreements.fold(record);
        match record {
            Record::Born(born) => self.incarnation = born.incarnation,
            Record::Reborn(reborn) => {
                self.lives.push(self.incarnation);
                (self.incarnation, self.floor) = (reborn.incarnation, reborn.floor);
                for route in self.routes.values_mut() {
                    (route.receipts, route.acknowledged, route.acknowledged_head, route.unheard) = (reborn.floor, 0, Head::default(), true);
                    // What the other side did is agreed to on its own.
                    route.stopped.take_if(|stop| stop.whose == Role::Replica);
                    route.restart();
                }
            }
            Record::RouteAccepted(accepted) => {
                let receipts = self.floor;
                let new = || Route::new(accepted.route_id, accepted.source, accepted.into.0.clone());
                self.routes.entry(accepted.route.clone()).or_insert_with(|| Route { receipts, heard_at: time, told_at: time, ..new() });
            }
            Record::Begun(begun) => {
                let incarnation = self.incarnation;
                if let Some(route) = self.routes.get_mut(&begun.route) {
                    route.fold_begun(time, begun, &incarnation);
                }
            }
            Record::Applied(applied) => {
                if let Some(route) = self.routes.get_mut(&applied.route) {
                    route.fold_applied(time, applied.sequence, &applied.rows);
                }
            }
            Record::Attested(attested) => {
                if let Some(route) = self.routes.get_mut(&attested.route) {
                    route.fold_attested(attested);
                }
            }
            Record::Receipted(receipted) => {
                let Some(route) = self.routes.get_mut(&receipted.route) else { return };
                route.receipts = route.receipts.max(receipted.number);
                for range in &receipted.answered {
                    for (_, seen) in route.packages.range_mut(range.first..=range.last).filter(|(_, seen)| seen.covered_in == 0) {
                        seen.covered_in = receipted.number;
                    }
                }
                (route.kept_aside, route.told_at) = (0, time);
                route.untold &= !receipted.scrub;
                // The receipt of a scrub tells what was read again, and nothing of the packages that were asked about.
                route.want_full = receipted.more || route.want_full && (receipted.scrub || !receipted.full);
            }
            Record::Scrubbed(scrubbed) => {
                let Some(route) = self.routes.get_mut(&scrubbed.route) else { return };
                (route.may_be_empty, route.scrub_from) = (false, 0);
                for number in 0..route.items.len() {
                    route.mark(number, 0);
                }
                for (number, outcome) in &scrubbed.damaged {
                    route.mark(*number as usize, *outcome);
                }
            }
            Record::ScrubStep(step) => {
                if let Some(route) = self.routes.get_mut(&step.route) {
                    route.fold_step(time, step);
                }
            }
            Record::Pruned(pruned) => {
                let Some(route) = self.routes.get_mut(&pruned.route) else { return };
                let mut gone = pruned.entries.iter().peekable();
                let mut places = 0u32..;
                route.history.retain(|_| places.next().is_none_or(|place| gone.next_if_eq(&&place).is_none()));
            }
            Record::BreakerTripped(tripped) => {
                if let Some(route) = self.routes.get_mut(&tripped.route) {
                    // A package that is held back was not taken, but it came.
                    route.heard_at = if tripped.package.is_some() { time } else { route.heard_at };
                    route.breaker.trip(Tripped { cause: tripped.cause, changes: tripped.changes }, tripped.package, tripped.agreed);
                }
            }
            Record::BreakerAgreed(agreed) => {
                if let Some(route) = self.routes.get_mut(&agreed.route) {
                    Consent::agree(&mut route.breaker.consent, &agreed.who, agreed.over);
                }
            }
            Record::BreakerReleased(released) => {
                if let Some(route) = self.routes.get_mut(&released.route) {
                    route.breaker.release_replica();
                    route.may_be_empty = true;
                }
            }
            Record::Followed(followed) => {
                let Some(route) = self.routes.get_mut(&followed.route) else { return };
                route.former.extend(followed.former);
                (route.stopped, route.leap) = (None, followed.anew);
                if !followed.anew {
                    return;
                }
                if followed.former.is_some() || followed.life.is_some() {
                    // Where nobody told which life comes now, it begins above what was seen of the one that is over: one below may be older still.
                    let over = if followed.life.is_some() { 0 } else { route.floor.max(route.highest()) };
                    (route.incarnation, route.floor) = (followed.life, over);
                    route.items.iter_mut().for_each(|item| (item.former, item.sequence) = (true, 0));
                }
                route.restart();
                if followed.former.is_some() {
                    route.before.clear();
                }
            }
            Record::Stopped(stopped) => {
                if let Some(route) = self.routes.get_mut(&stopped.route) {
                    route.stopped = Some(Stop::from(stopped));
                }
            }
            _ => {}
        }
    }
}

impl Route {
    /// A route that has seen nothing.
    pub fn new(route_id: RouteId, source: ZoneId, into: Vec<u8>) -> Self {
        Self {
            route_id,
            source,
            into,
            incarnation: None,
            former: Vec::new(),
            floor: 0,
            unheard: false,
            leap: false,
            items: Vec::new(),
            order: Order::default(),
            packages: BTreeMap::new(),
            before: BTreeMap::new(),
            pending: None,
            acknowledged: 0,
            acknowledged_head: Head::default(),
            receipts: 0,
            want_full: false,
            state: StateDigest::default(),
            parts: BTreeMap::new(),
            history: Vec::new(),
            purged_in: 0,
            breaker: Breaker::default(),
            may_be_empty: false,
            stopped: None,
            kept_aside: 0,
            extra: 0,
            looked_at: None,
            readings: 0,
            stepped_at: None,
            scrub_from: 0,
            untold: false,
            heard_at: 0,
            told_at: 0,
        }
    }

    /// The item with this id.
    pub fn find(&self, id: &ItemId) -> Option<(u32, &Item)> {
        let number = self.order.find(&self.items, id)?;
        Some((number, &self.items[number as usize]))
    }

    /// The route begins anew: what is held stays, but counts for nothing until a package confirms it, and no package that was
    /// seen before is answered any more. What it was said by stays, so that none of them that comes again takes it back; and which package
    /// had which sequence, so that those of a source that went back unnoticed are told from them. The history stays.
    fn restart(&mut self) {
        let seen = core::mem::take(&mut self.packages);
        self.before.extend(seen.into_iter().map(|(sequence, seen)| (sequence, seen.package)));
        self.parts.clear();
        self.items.iter_mut().for_each(|item| (item.confirmed, item.damaged) = (false, 0));
        (self.state, self.want_full) = (StateDigest::default(), false);
    }

    /// Highest sequence seen; 0 for none.
    pub fn highest(&self) -> u64 {
        self.packages.last_key_value().map_or(0, |(sequence, _)| *sequence)
    }

    /// Sequences below the highest that were never seen.
    pub fn missing(&self) -> Vec<Range> {
        let mut ranges = Vec::new();
        let mut next = self.floor + 1;
        for seen in ranges_of(self.packages.keys().copied()) {
            if seen.first > next && !planted::is("missing-packages-untold") {
                ranges.push(Range { first: next, last: seen.first - 1 });
            }
            next = seen.last + 1;
        }
        ranges
    }

    /// How many items lie under an escaped name.
    pub fn escaped(&self) -> u64 {
        self.items.iter().filter(|item| item.held() && item.disk.is_some()).count() as u64
    }

    fn fold_begun(&mut self, time: i64, begun: &Begun, ours: &Incarnation) {
        self.incarnation = Some(begun.incarnation);
        self.leap = false;
        if begun.floor > self.floor {
            self.restart();
            self.floor = begun.floor;
            self.before = self.before.split_off(&(begun.floor + 1));
        }
        if begun.sequence > self.highest() {
            self.want_full |= begun.full_receipt;
            // An old one that was withheld and is let through now says nothing of whether the source is there.
            self.heard_at = time;
        }
        if let Some(witness) = begun.acknowledged.filter(|witness| witness.incarnation == *ours || planted::is("acknowledged-by-another-life")) {
            self.unheard = false;
            self.acknowledged = self.acknowledged.max(witness.receipt);
            self.acknowledged_head = self.acknowledged_head.later(witness.ledger);
        }
        let weighed = weigh_begun(&begun.rows, self, begun.sequence);
        self.breaker.pass_package(&begun.package, &weighed);
        for row in &begun.rows {
            if let Some(id) = &row.id
                && row.item as usize == self.items.len()
            {
                self.items.push(Item::met(id.clone()));
                self.order.insert(&self.items, row.item);
            }
        }
        let progress = if begun.rows.is_empty() { Progress::Attested } else { Progress::Begun };
        let items = u32::try_from(own_rows(&begun.rows).len()).expect("a package holds at most 65,536 items");
        self.packages.insert(begun.sequence, Seen { package: begun.package, ledger: begun.ledger, nonce: begun.nonce, items, progress, covered_in: 0 });
        if !begun.rows.is_empty() {
            self.pending = Some(Pending { sequence: begun.sequence, package: begun.package, rows: begun.rows.clone() });
        }
    }

    fn fold_applied(&mut self, time: i64, sequence: u64, rows: &[AppliedRow]) {
        let Some(pending) = self.pending.take_if(|pending| pending.sequence == sequence) else { return };
        self.may_be_empty = false;
        self.readings += 1;
        self.looked_at = self.looked_at.or(Some(time));
        let exceptions: BTreeMap<u32, &AppliedRow> = rows.iter().map(|row| (row.row, row)).collect();
        let mut erased = BTreeMap::new();
        for (staged, row) in pending.rows.iter().zip(0u32..) {
            let exception = exceptions.get(&row);
            let planned = if let Step::Nothing(number) = staged.step { Outcome::of(number) } else { None };
            let outcome = exception.and_then(|exception| Outcome::of(exception.outcome)).or(planned);
            self.kept_aside += u32::from(exception.is_some_and(|exception| exception.kept.is_some()));
            if outcome.is_none_or(Outcome::proves) {
                self.switch(time, sequence, row, staged, exception.unwrap_or(&&PLAIN), outcome);
            } else if outcome == Some(Outcome::PartsBroken) {
                self.parts.remove(&(staged.item, staged.version, staged.digest));
            }
            if staged.mark.erases() && !outcome.is_some_and(Outcome::failed) {
                erased.insert(staged.item, staged.version);
                self.purged_in = if staged.mark == Mark::Purge { self.purged_in.max(sequence) } else { self.purged_in };
            }
        }
        self.erase(&erased);
        if let Some(seen) = self.packages.get_mut(&sequence) {
            seen.progress = Progress::Applied;
        }
    }

    fn switch(&mut self, time: i64, sequence: u64, row: u32, staged: &StagedRow, exception: &AppliedRow, outcome: Option<Outcome>) {
        // Of a package from before the route began anew the ends are brought together, but it answers for nothing any more.
        let confirmed = self.packages.contains_key(&sequence);
        let of_this_life = confirmed || self.before.contains_key(&sequence);
        let Some(item) = self.items.get_mut(staged.item as usize) else { return };
        match staged.step {
            Step::Nothing(_) => {
                // It says the same, and later: what an earlier package says of this version is over, and what was read under its key.
                if item.version == staged.version && item.sequence < sequence && (item.removed || item.is_confirmed()) {
                    (item.sequence, item.row) = (sequence, row);
                    (item.read_at, item.read_in) = (time, self.readings);
                }
                return;
            }
            Step::Hold => {
                let parts = self.parts.entry((staged.item, staged.version, staged.digest)).or_default();
                // The file of a part has the name of its offset: one of another length takes the place of the one before.
                parts.retain(|held| staged.part.is_none_or(|part| part.offset != held.offset));
                parts.extend(staged.part);
                parts.sort_by_key(|part| part.offset);
                return;
            }
            Step::Write | Step::Attributes | Step::Remove | Step::Adopt | Step::Drop => {}
        }
        if item.counts() {
            self.state.remove(&item.id, item.version, &item.projection());
        }
        let replaced = item.held() && item.damaged == 0 && outcome != Some(Outcome::KeptAside) && !matches!(staged.step, Step::Attributes | Step::Adopt);
        let removes = matches!(staged.step, Step::Remove | Step::Drop);
        if replaced && !planted::is("history-unlisted") && (removes || item.digest != staged.digest) {
            self.history.push(Earlier {
                item: staged.item,
                version: item.version,
                digest: item.digest,
                size: item.size,
                modified: item.modified,
                executable: item.executable,
                replaced_at: time,
                mark: staged.mark,
                purged: false,
            });
        }
        item.removed = removes;
        if staged.step != Step::Drop {
            (item.version, item.former) = (staged.version, !of_this_life);
        }
        (item.confirmed, item.sequence, item.row, item.damaged) = (confirmed, if of_this_life { sequence } else { 0 }, row, 0);
        // It is read back before the command goes on.
        (item.read_at, item.read_in) = (time, self.readings);
        if !item.removed {
            (item.digest, item.size, item.modified, item.executable) = (staged.digest, staged.size, staged.modified, staged.executable);
            if matches!(staged.step, Step::Write | Step::Adopt) {
                item.disk = exception.disk.as_ref().map(|disk| ItemId(disk.0.clone()));
            }
            if item.counts() {
                self.state.add(&item.id, item.version, &item.projection());
            }
        }
        // What an inventory leaves unclaimed is of a life that is over: its versions say nothing of parts that came since.
        if staged.step != Step::Drop || planted::is("drop-takes-parts") {
            self.parts.retain(|(number, held, _), _| *number != staged.item || *held > staged.version);
        }
    }

    /// Of these items nothing older than these versions is there, also where a newer version of it came before.
    fn erase(&mut self, items: &BTreeMap<u32, u64>) {
        if items.is_empty() {
            return;
        }
        let gone = |item: u32, version: u64| items.get(&item).is_some_and(|last| version <= *last);
        self.history.iter_mut().filter(|earlier| gone(earlier.item, earlier.version)).for_each(|earlier| earlier.purged = true);
        self.parts.retain(|(item, version, _), _| !gone(*item, *version));
    }

    fn fold_attested(&mut self, attested: &Attested) {
        for row in &attested.rows {
            if !Outcome::of(row.outcome).is_some_and(Outcome::lost) {
                continue;
            }
            // Only an item that this package brought: a newer package may have replaced it since.
            let number = self.items.iter().position(|item| item.sequence == attested.sequence && item.row == row.row);
            if let Some(number) = number {
                self.mark(number, row.outcome);
            }
        }
        if let Some(seen) = self.packages.get_mut(&attested.sequence) {
            seen.progress = Progress::Attested;
        }
    }

    fn fold_step(&mut self, time: i64, step: &ScrubStep) {
        self.readings = self.readings.max(step.step);
        let wrong: BTreeMap<u32, u16> = step.damaged.iter().copied().collect();
        for number in &step.read {
            let Some(item) = self.items.get_mut(*number as usize) else { continue };
            (item.read_at, item.read_in) = (time, step.step);
            let damaged = wrong.get(number).copied().unwrap_or(0);
            self.untold |= item.held() && item.damaged != damaged;
            self.mark(*number as usize, damaged);
        }
        if !step.read.is_empty() {
            (self.may_be_empty, self.stepped_at) = (false, Some(time));
        }
        if step.whole && self.scrub_from == 0 {
            self.scrub_from = step.step;
        }
        if let Some(extra) = step.extra {
            self.untold |= self.extra != extra;
            (self.extra, self.looked_at) = (extra, Some(time));
        }
    }

    /// Notes that an item is not right now (or, with 0, that it is).
    fn mark(&mut self, number: usize, damaged: u16) {
        let Some(item) = self.items.get_mut(number).filter(|item| item.held()) else { return };
        match (item.damaged == 0, damaged == 0) {
            _ if !item.is_confirmed() => {}
            (true, false) => self.state.remove(&item.id, item.version, &item.projection()),
            (false, true) => self.state.add(&item.id, item.version, &item.projection()),
            _ => {}
        }
        item.damaged = damaged;
    }
}

/// A row that went as planned.
static PLAIN: AppliedRow = AppliedRow { row: 0, outcome: 0, disk: None, kept: None };

#[cfg(test)]
#[path = "replica_test.rs"]
mod tests;
