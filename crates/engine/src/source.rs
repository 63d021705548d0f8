//! What a source knows: its archives, its routes, and per route and item what was sent and what is proven.
//!
//! Built by folding the ledger, record by record; the same records give the same state (P5, P14). A state is marked
//! done only by a settled row of a receipt (P1), never because something was written.

mod archive;
mod heard;
mod kept;
mod labels;
mod sent;
mod settling;

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use wire::card::Role;
use wire::digest::StateDigest;
use wire::manifest::{Agreement, Head, Mark, Witness};
use wire::record::{Captured, Carried, JudgedRow, Packed, PurgeAsked, Reborn, Reconciled, Record, Shape, TemplateActivated, Verdict};
use wire::{Digest, Incarnation, PackageId, RouteId, ZoneId, planted};

use crate::breaker::{Breaker, Tripped, weigh_packed};
use crate::consent::Consent;
use crate::inventory::Asking;
use crate::keys::Keys;
use crate::rebase::{Agreements, Stop, floor_above};

pub use archive::{Archive, Besides, Item};
pub use heard::Sight;
pub use kept::RouteItems;
pub use labels::Labels;
pub use sent::{PartState, Parts, Purge, RouteItem, Template};

/// A package on its way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Package {
    /// Its id.
    pub package: PackageId,
    /// Where it was put.
    pub carried: Carried,
    /// Digest of the file.
    pub file_digest: Digest,
    /// Size of the file, bytes.
    pub file_bytes: u64,
    /// When it was packed, s since 1970.
    pub packed_at: i64,
    /// Items in it; a package without items only acknowledges.
    pub items: u32,
    /// How many later sequences were answered while this one was not.
    pub answered_later: u32,
    /// It was found missing or damaged on its medium.
    pub lost: bool,
}

/// A route of this source.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Route {
    /// Its id.
    pub route_id: RouteId,
    /// Its archive.
    pub archive: String,
    /// Its replica zone.
    pub replica: ZoneId,
    /// What it may carry; everything where there is none.
    pub template: Option<Template>,
    /// The next sequence.
    pub next_sequence: u64,
    /// Packages up to this sequence are void: the route began anew behind them.
    pub floor: u64,
    /// Its items, by the archive's numbers.
    pub items: RouteItems,
    /// Packages that are not answered, by sequence.
    pub packages: BTreeMap<u64, Package>,
    /// Ids of all sequences ever begun that a receipt may still name as the highest seen: the last `RECENT_MAX`.
    pub recent: BTreeMap<u64, PackageId>,
    /// What the replica is still asked for, since the route began anew: spans of ids that are not answered, in order.
    pub asking: Vec<Asking>,
    /// Incarnations of the replica that are not followed any more.
    pub former: Vec<Incarnation>,
    /// Incarnation of the replica that a person agreed to follow, until it has answered.
    pub expects: Option<Incarnation>,
    /// The replica has not told yet that it follows this life of ours.
    pub unheard: bool,
    /// A life began, and people have not said yet under which template this route goes on: the ledger may have forgotten the last one.
    /// It matters over an archive of records only.
    pub unconfirmed: bool,
    /// A person agreed to the next receipt however far its number is above the last one.
    pub leap: bool,
    /// What was last seen of the replica.
    pub witness: Option<Witness>,
    /// The newest head of this ledger that the replica has quoted, in this life of both.
    pub quoted: Head,
    /// Which of our packages it had seen then.
    pub sight: Sight,
    /// Ids of the receipts taken in, by number: the last `RECENT_MAX`.
    pub taken: BTreeMap<u64, PackageId>,
    /// Number of the newest receipt that answered packages and was taken in; what an earlier one said is in it as well.
    pub answered: u64,
    /// Number of the replica's head that a package acknowledged last.
    pub acknowledged: u64,
    /// The next receipt shall be full.
    pub want_full: bool,
    /// A package that asks for it has been packed.
    pub asked_full: bool,
    /// The route began anew, and since then the replica has not been in the state that follows from what is proven.
    pub inventoried: bool,
    /// What the replica's state must be, from all that is proven.
    pub state: StateDigest,
    /// The breaker.
    pub breaker: Breaker,
    /// Who has agreed so far that these items are purged, where several people must.
    pub purging: Option<Consent<Vec<u32>>>,
    /// The safety that stopped it until a person agrees to begin anew.
    pub stopped: Option<Stop>,
    /// Files on the replica that no item accounts for, as the newest receipt says.
    pub extra: u32,
    /// When a receipt newer than all before it was last taken in (or the route was added), s since 1970. Annotation: a time that
    /// turns out to lie ahead is taken back to now.
    pub heard_at: i64,
    /// When a package was last packed (or the route was added); as `heard_at`.
    pub told_at: i64,
}

/// How many ids of packages and of receipts a route remembers for the fork check.
const RECENT_MAX: usize = 4096;

/// What a source knows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// The ledger's incarnation.
    pub incarnation: Incarnation,
    /// Incarnations of its earlier lives.
    pub lives: Vec<Incarnation>,
    /// Sequences and versions of earlier lives end here.
    pub floor: u64,
    /// Its archives.
    pub archives: BTreeMap<String, Archive>,
    /// Its routes.
    pub routes: BTreeMap<String, Route>,
    /// What it knows of keys.
    pub keys: Keys,
    /// Who has agreed that a route begins anew, where several people must.
    pub agreements: Agreements,
    /// Whom the labels of media were made for.
    pub labels: Labels,
}

impl Source {
    /// Restores what a snapshot leaves out.
    pub fn restored(mut self) -> Self {
        self.archives.values_mut().for_each(Archive::restore);
        self
    }

    /// Folds a record in. Records that do not concern a source, or name what does not exist, change nothing.
    pub fn fold(&mut self, time: i64, record: &Record) {
        for route in self.routes.values_mut() {
            (route.heard_at, route.told_at) = (route.heard_at.min(time), route.told_at.min(time));
        }
        self.keys.fold(time, record);
        self.agreements.fold(record);
        self.labels.fold(record);
        match record {
            Record::Born(born) => self.incarnation = born.incarnation,
            Record::Reborn(reborn) => self.fold_reborn(reborn),
            Record::ArchiveAdded(added) => {
                let floor = self.floor;
                let archive = self.archives.entry(added.archive.clone()).or_default();
                archive.root = added.root.0.clone();
                archive.floor = floor;
            }
            Record::RouteAdded(added) => {
                let floor = self.floor;
                self.routes.entry(added.route.clone()).or_insert_with(|| Route {
                    route_id: added.route_id,
                    archive: added.archive.clone(),
                    replica: added.replica,
                    template: None,
                    next_sequence: floor + 1,
                    floor,
                    items: RouteItems::default(),
                    packages: BTreeMap::new(),
                    recent: BTreeMap::new(),
                    asking: Vec::new(),
                    former: Vec::new(),
                    expects: None,
                    unheard: false,
                    unconfirmed: false,
                    leap: false,
                    witness: None,
                    quoted: Head::default(),
                    sight: Sight::default(),
                    taken: BTreeMap::new(),
                    answered: 0,
                    acknowledged: 0,
                    want_full: false,
                    asked_full: false,
                    inventoried: false,
                    state: StateDigest::default(),
                    breaker: Breaker::default(),
                    purging: None,
                    stopped: None,
                    extra: 0,
                    heard_at: time,
                    told_at: time,
                });
            }
            Record::Captured(captured) => {
                if let Some(archive) = self.archives.get_mut(&captured.archive) {
                    archive.fold_captured(time, captured.clone());
                }
            }
            Record::Read(read) => {
                if let Some(archive) = self.archives.get_mut(&read.archive) {
                    archive.fold_read(time, read);
                }
            }
            Record::Described(described) => {
                if let Some(archive) = self.archives.get_mut(&described.archive) {
                    archive.fold_described(described);
                    let routes: Vec<&Route> = self.routes.values().filter(|route| route.archive == described.archive).collect();
                    for row in &described.rows {
                        let Some(item) = archive.items.get_mut(row.item as usize).filter(|item| !item.earlier().is_empty()) else { continue };
                        let settled = routes.iter().map(|route| route.item(row.item).settled_version());
                        item.forget_transactions(settled.min().unwrap_or(u64::MAX));
                    }
                }
            }
            Record::TemplateActivated(activated) => {
                if let Some(route) = self.routes.get_mut(&activated.route) {
                    route.fold_activated(activated);
                }
            }
            Record::Judged(judged) => {
                if let Some(route) = self.routes.get_mut(&judged.route) {
                    let known = self.archives.get(&route.archive).map_or(0, |archive| archive.items.len());
                    judged.rows.iter().filter(|row| (row.item as usize) < known).for_each(|row| route.fold_judged(row));
                }
            }
            Record::Rotten(rotten) => {
                if let Some(archive) = self.archives.get_mut(&rotten.archive) {
                    archive.fold_rotten(rotten);
                }
            }
            Record::PackBegun(begun) => {
                if let Some(route) = self.routes.get_mut(&begun.route) {
                    route.next_sequence = route.next_sequence.max(begun.sequence + u64::from(!planted::is("sequence-given-again")));
                    route.recent.insert(begun.sequence, begun.package);
                    while route.recent.len() > RECENT_MAX {
                        route.recent.pop_first();
                    }
                }
            }
            Record::Packed(packed) => self.fold_packed(time, packed),
            Record::Lost(lost) => {
                let Some(route) = self.routes.get_mut(&lost.route) else { return };
                let Some(package) = route.packages.get_mut(&lost.sequence) else { return };
                package.lost = true;
                if package.items == 0 && !planted::is("lost-announcement-forgotten") {
                    // What only it told of receipts is told again.
                    route.acknowledged = 0;
                }
            }
            Record::Reconciled(reconciled) => self.fold_reconciled(time, reconciled),
            Record::Resent(resent) => {
                if let Some(route) = self.routes.get_mut(&resent.route) {
                    let known = self.archives.get(&route.archive).map_or(0, |archive| archive.items.len());
                    for number in resent.items.iter().filter(|number| (**number as usize) < known) {
                        let mut item = route.items.change(*number);
                        item.resend = true;
                        item.cancelled_version = 0;
                    }
                }
            }
            Record::Cancelled(cancelled) => {
                if let Some(route) = self.routes.get_mut(&cancelled.route) {
                    let known = self.archives.get(&route.archive).map_or(0, |archive| archive.items.len());
                    for (number, version) in cancelled.items.iter().filter(|(number, _)| (*number as usize) < known) {
                        let mut item = route.items.change(*number);
                        item.cancelled_version = *version;
                        item.resend = false;
                    }
                }
            }
            Record::PurgeAsked(asked) => {
                if let Some(route) = self.routes.get_mut(&asked.route) {
                    let known = self.archives.get(&route.archive).map_or(0, |archive| archive.items.len());
                    route.fold_purge(time, asked, known);
                }
            }
            Record::BreakerTripped(tripped) => {
                if let Some(route) = self.routes.get_mut(&tripped.route) {
                    route.breaker.trip(Tripped { cause: tripped.cause, changes: tripped.changes }, None, None);
                }
            }
            Record::BreakerAgreed(agreed) => {
                let Some(route) = self.routes.get_mut(&agreed.route) else { return };
                Consent::agree(&mut route.breaker.consent, &agreed.who, agreed.over);
            }
            Record::BreakerLapsed(lapsed) => {
                let Some(route) = self.routes.get_mut(&lapsed.route) else { return };
                route.breaker.lapse(&lapsed.over, lapsed.allowed);
            }
            Record::BreakerReleased(released) => {
                let Some(route) = self.routes.get_mut(&released.route) else { return };
                route.breaker.release_source(&released.over, released.allowed);
                if let Some(archive) = self.archives.get_mut(&route.archive).filter(|_| released.moved) {
                    archive.place = None;
                }
            }
            Record::Rebased(rebased) => {
                if let Some(route) = self.routes.get_mut(&rebased.route) {
                    route.former.extend(rebased.former);
                    (route.stopped, route.unconfirmed) = (None, false);
                    if rebased.anew {
                        (route.leap, route.expects, route.inventoried) = (true, rebased.life, true);
                        route.restart();
                    }
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

    /// As [`Source::fold`], of a record that nobody needs any more: the names of new items are taken out of it, not copied, and what
    /// was settled is let go as the fold grows by it.
    pub fn fold_own(&mut self, time: i64, record: Record) {
        let mut captured = match record {
            Record::Captured(captured) => captured,
            Record::Reconciled(mut reconciled) => {
                self.settle_own(time, &mut reconciled);
                return self.fold(time, &Record::Reconciled(reconciled));
            }
            other => return self.fold(time, &other),
        };
        let rest = Captured { archive: captured.archive.clone(), root: captured.root.take(), rows: Vec::new() };
        self.fold(time, &Record::Captured(rest));
        if let Some(archive) = self.archives.get_mut(&captured.archive) {
            archive.fold_captured(time, captured);
        }
    }

    /// Where a new life of this ledger has to begin: above everything that any copy of it can have made.
    pub fn next_floor(&self) -> u64 {
        let versions = self.archives.values().flat_map(|archive| &archive.items).map(|item| item.version);
        let sequences = self.routes.values().map(|route| route.next_sequence);
        floor_above(versions.chain(sequences).max().unwrap_or(0))
    }

    /// Every number goes on above the floor, and what was proven or on its way in another life counts for nothing here.
    fn fold_reborn(&mut self, reborn: &Reborn) {
        self.lives.push(self.incarnation);
        (self.incarnation, self.floor) = (reborn.incarnation, reborn.floor);
        let before: BTreeMap<String, Vec<u64>> =
            self.archives.iter().map(|(name, archive)| (name.clone(), archive.items.iter().map(|item| item.version).collect())).collect();
        for archive in self.archives.values_mut() {
            archive.floor = reborn.floor;
            for item in &mut archive.items {
                item.version = reborn.floor + 1;
                item.count_earlier_anew(reborn.floor + 1);
            }
        }
        for route in self.routes.values_mut() {
            let before = before.get(&route.archive);
            route.items.change_all(|number, sent| {
                let Some(version) = before.and_then(|before| before.get(number as usize)) else { return };
                let anew = |known: u64| if known == *version { reborn.floor + 1 } else { 0 };
                (sent.cancelled_version, sent.excluded_version) = (anew(sent.cancelled_version), anew(sent.excluded_version));
            });
            route.next_sequence = reborn.floor + 1;
            route.unconfirmed = !planted::is("template-of-another-life-in-force");
            // Agreements after the backup are forgotten here, not on the replica.
            route.breaker.agreement = Some(Agreement { number: reborn.floor, changes: 0 });
            route.recent.clear();
            (route.unheard, route.quoted, route.sight) = (true, Head::default(), Sight::default());
            // What the other side did is agreed to on its own.
            route.stopped.take_if(|stop| stop.whose == Role::Source);
            route.restart();
        }
    }

    fn fold_packed(&mut self, time: i64, packed: &Packed) {
        let Some(route) = self.routes.get_mut(&packed.route) else { return };
        let Some(archive) = self.archives.get_mut(&route.archive) else { return };
        if let Some(span) = &packed.inventory {
            route.fold_asked(archive, packed, span);
        }
        // An inventory changes nothing that the replica holds but by what it removes, which is weighed there.
        let content = if packed.inventory.is_some() { &[] } else { packed.rows.as_slice() };
        let weighed = weigh_packed(archive, route, content);
        route.breaker.pass(&weighed.waiting, weighed.additions);
        let known = archive.items.len();
        route.items.make_room(known);
        for row in content.iter().filter(|row| (row.item as usize) < known) {
            let mut item = route.items.change(row.item);
            (item.asked, item.named) = (false, true);
            if row.part.is_none() || item.packed_version != row.version {
                item.attempts = if item.packed_version == row.version { item.attempts.saturating_add(1) } else { 1 };
            }
            let gone = row.removes();
            let other = item.proven_version == row.version && (item.proven_projected != row.projected || item.proven_gone != gone);
            item.again = (item.unjudged || item.again.is_some() || other).then(|| Box::new(row.projected));
            item.unjudged = false;
            item.packed_version = row.version;
            item.packed_gone = gone;
            item.packed_sequence = packed.sequence;
            if row.mark == Mark::Purge
                && let Some(purge) = &mut item.purge
            {
                purge.packed_in = packed.sequence;
            }
            if row.shape != Shape::Unknown {
                item.packed_shape = row.shape;
            }
            (item.failed, item.resend) = (false, false);
            match &row.part {
                None => item.parts = None,
                Some(part) => {
                    let parts = item.parts.get_or_insert_with(|| Box::new(Parts { version: row.version, list: Vec::new() }));
                    if parts.version != row.version {
                        **parts = Parts { version: row.version, list: Vec::new() };
                    }
                    parts.list.retain(|known| known.offset != part.offset);
                    parts.list.push(PartState { offset: part.offset, length: part.length, sequence: packed.sequence, held: false });
                    parts.list.sort_by_key(|part| part.offset);
                }
            }
        }
        for row in &packed.rows {
            if let Some(item) = archive.items.get_mut(row.item as usize).filter(|item| item.version == row.version && !item.gone) {
                if row.removes() {
                    continue;
                }
                item.take_read(row.read.unwrap_or(row.digest));
                item.young = row.young;
                // Of a document in parts no package reads all.
                if row.part.is_none() {
                    (item.shape, item.read_at) = (row.shape, time);
                }
            }
        }
        route.acknowledged = route.acknowledged.max(packed.acknowledges);
        route.asked_full |= packed.full_receipt;
        let package = Package {
            package: packed.package,
            carried: packed.carried,
            file_digest: packed.file_digest,
            file_bytes: packed.file_bytes,
            packed_at: time,
            items: u32::try_from(packed.rows.len()).expect("a package holds at most 65,536 items"),
            answered_later: 0,
            lost: false,
        };
        if package.items == 0 && package.carried == Carried::Gateway {
            // It says all that an earlier one without items says, which the writer takes back from the folder.
            let Route { asking, packages, .. } = &mut *route;
            let asks = |sequence: u64| asking.iter().any(|asking| asking.sequence == sequence);
            packages.retain(|sequence, earlier| earlier.items > 0 || earlier.carried != Carried::Gateway || asks(*sequence));
        }
        route.told_at = time;
        route.packages.insert(packed.sequence, package);
    }

    fn fold_reconciled(&mut self, time: i64, reconciled: &Reconciled) {
        self.settle(time, reconciled, &reconciled.rows);
        let Some(route) = self.routes.get_mut(&reconciled.route) else { return };
        if !self.archives.contains_key(&route.archive) {
            return;
        }
        for range in &reconciled.answered {
            let known: Vec<u64> = route.packages.range(range.first..=range.last).map(|(sequence, _)| *sequence).collect();
            for sequence in known {
                route.packages.remove(&sequence);
                route.packages.range_mut(..sequence).for_each(|(_, earlier)| earlier.answered_later += 1);
            }
        }
        if route.witness.is_some_and(|witness| witness.incarnation != reconciled.incarnation) {
            // Another life of the replica counts its receipts anew, and may have seen less.
            route.taken.clear();
            (route.answered, route.acknowledged, route.quoted) = (0, 0, Head::default());
        }
        (route.leap, route.unheard, route.expects) = (false, false, None);
        route.quoted = route.quoted.later(reconciled.seen);
        route.taken.insert(reconciled.number, reconciled.receipt);
        while route.taken.len() > RECENT_MAX {
            route.taken.pop_first();
        }
        if !reconciled.answered.is_empty() {
            route.answered = route.answered.max(reconciled.number);
        }
        let missing = |sequence: u64| reconciled.missing.iter().any(|range| (range.first..=range.last).contains(&sequence));
        let seen = |sequence: u64| sequence <= reconciled.highest && (!missing(sequence) || planted::is("missing-packages-ignored"));
        route.packages.retain(|sequence, package| package.items > 0 || !seen(*sequence));
        let Route { asking, packages, .. } = route;
        asking.retain(|asking| asking.sequence == 0 || packages.contains_key(&asking.sequence));
        if route.witness.is_none_or(|witness| witness.incarnation != reconciled.incarnation || witness.receipt < reconciled.number) {
            route.witness = Some(Witness { incarnation: reconciled.incarnation, receipt: reconciled.number, ledger: reconciled.ledger });
            (route.extra, route.heard_at) = (reconciled.extra, time);
            route.sight = Sight { highest: reconciled.highest, missing: reconciled.missing.clone() };
            // What was said before the route began anew says nothing of what was confirmed since.
            route.inventoried &= route.state != reconciled.state || reconciled.highest <= route.floor;
            let equal = route.state == reconciled.state || reconciled.highest <= route.floor || planted::is("states-uncompared");
            (route.want_full, route.asked_full) = if equal { (false, false) } else { (true, route.asked_full && route.want_full) };
            if reconciled.more {
                (route.want_full, route.asked_full) = (true, false);
            }
        }
    }
}

impl Route {
    /// What is known of an item on this route; all zero when nothing is.
    pub fn item(&self, number: u32) -> RouteItem {
        self.items.get(number)
    }

    /// The route begins anew behind the last sequence that was taken: nothing is proven, nothing is on its way. What a person
    /// gave up stays given up, and what was to be purged is purged again: an earlier state of the replica may be back.
    fn restart(&mut self) {
        self.floor = self.next_sequence - 1;
        let floor = self.floor;
        self.items.change_all(|_, item| {
            let (cancelled_version, excluded_version, named) = (item.cancelled_version, item.excluded_version, item.named);
            // It may be there still: were it deleted now, or is it gone already, the deletion has to travel.
            let packed_version = u64::from(item.may_be_there() && !planted::is("forgotten-with-its-life"));
            let purge = item.purge.take().filter(|_| !planted::is("purge-ends-with-a-life")).map(|purge| Box::new(purge.anew(floor)));
            *item = RouteItem { packed_version, cancelled_version, excluded_version, named, purge, ..RouteItem::default() };
        });
        self.packages.clear();
        self.asking = Vec::from([Asking::default()]);
        self.state = StateDigest::default();
        (self.want_full, self.asked_full) = (false, false);
    }

    /// What was packed under another template is to be looked at again; of what a person gave up the replica may hold an earlier version,
    /// which says what that other template let through.
    fn fold_activated(&mut self, activated: &TemplateActivated) {
        let TemplateActivated { template, version, digest, text, .. } = activated;
        self.unconfirmed = false;
        self.template = Some(Template { id: template.clone(), version: *version, digest: *digest, text: text.clone() });
        self.items.change_all(|_, item| {
            item.excluded_version = 0;
            item.unjudged = item.packed_version > 0 && !planted::is("activation-forgets-what-was-sent");
            if item.was_ever_sent() && !planted::is("given-up-outlives-its-template") {
                item.cancelled_version = 0;
            }
        });
    }

    /// People agree that items are purged; what was given up of them travels again. With enough of them the mark is to travel.
    fn fold_purge(&mut self, time: i64, asked: &PurgeAsked, known: usize) {
        if !asked.enough {
            Consent::agree(&mut self.purging, &asked.who, asked.items.clone());
            return;
        }
        self.purging = None;
        let next = self.next_sequence;
        for number in asked.items.iter().filter(|number| (**number as usize) < known) {
            let mut item = self.items.change(*number);
            (item.purge, item.cancelled_version) = (Some(Box::new(Purge::asked(time, next))), 0);
        }
    }

    /// What its template said of an item.
    pub fn fold_judged(&mut self, row: &JudgedRow) {
        let mut item = self.items.change(row.item);
        (item.excluded_version, item.unjudged) = match row.verdict {
            Verdict::Out => (row.version, false),
            Verdict::In => (0, item.packed_version > 0),
            Verdict::Same => (0, false),
        };
    }
}

#[cfg(test)]
#[path = "source_test.rs"]
mod tests;
