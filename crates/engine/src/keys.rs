//! What a home knows of keys (spec/keys.md): its own generations, which of them signs on which route and from where, and of the
//! other zones which generations are known, from where they count, and which are revoked.
//!
//! Built by folding the ledger like everything else, on a source and on a replica alike. It compares numbers; whether a key is
//! a key at all is for whoever has the suite of algorithms.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use wire::ZoneId;
use wire::clause::{self, Clause, Rejection, require};
use wire::keys::{NextKeys, Signer};
use wire::planted;
use wire::record::Record;

/// A generation of keys and the first number for which it counts on a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Switch {
    /// The generation.
    pub generation: u32,
    /// The first sequence or receipt number.
    pub from: u64,
}

/// A route as far as keys go.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteKeys {
    /// The zone on the other side.
    pub other: ZoneId,
    /// Which of this zone's generations sign, ascending.
    pub ours: Vec<Switch>,
    /// From where the other zone's generations count, as far as they said, ascending.
    pub theirs: Vec<Switch>,
    /// The newest generation of ours that the last package or receipt announced, and has not been told of in vain since.
    told_next: u32,
    /// The newest generation of theirs that the last package or receipt said is known.
    told_known: u32,
    /// When that was, seconds.
    told_at: i64,
}

impl RouteKeys {
    /// The generation of ours that signs.
    pub fn signing(&self) -> Switch {
        self.ours.last().copied().unwrap_or(Switch { generation: 1, from: 1 })
    }
}

/// The clauses of a page about keys.
pub struct Clauses {
    /// The generation is revoked.
    pub revoked: &'static Clause,
    /// It does not count at this number.
    pub generation: &'static Clause,
    /// What is announced is not right.
    pub next: &'static Clause,
}

/// Those of packages.
pub static PACKAGE: Clauses = Clauses { revoked: &clause::PKG_REVOKED, generation: &clause::PKG_GENERATION, next: &clause::PKG_NEXT_KEYS };
/// Those of receipts.
pub static RECEIPT: Clauses = Clauses { revoked: &clause::RCT_REVOKED, generation: &clause::RCT_GENERATION, next: &clause::RCT_NEXT_KEYS };

/// What a home knows of keys.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// This zone.
    own: ZoneId,
    /// Its newest generation; 0 before it made a second one.
    made: u32,
    /// Routes by name.
    pub routes: BTreeMap<String, RouteKeys>,
    /// Later generations of other zones, beside the cards that were trusted.
    pub learned: BTreeMap<ZoneId, BTreeMap<u32, NextKeys>>,
    /// Revoked generations of other zones, with the numbers per route.
    pub revoked: BTreeMap<ZoneId, BTreeMap<u32, Vec<(String, u64)>>>,
}

impl Keys {
    /// Folds a record in that was made at this time.
    pub fn fold(&mut self, time: i64, record: &Record) {
        match record {
            Record::Born(born) => self.own = born.zone,
            Record::RouteAdded(added) => self.begin_route(&added.route, added.replica),
            Record::RouteAccepted(accepted) => self.begin_route(&accepted.route, accepted.source),
            Record::Packed(packed) => self.told(time, &packed.route),
            Record::Receipted(receipted) => self.told(time, &receipted.route),
            Record::Lost(lost) => self.untold(&lost.route),
            Record::Reconciled(reconciled) => self.heard(&reconciled.route),
            Record::Begun(begun) => self.heard(&begun.route),
            Record::KeysMade(made) => self.made = self.made.max(made.generation),
            Record::KeysSwitched(switched) => {
                let Some(route) = self.routes.get_mut(&switched.route) else { return };
                let list = if switched.zone == self.own { &mut route.ours } else { &mut route.theirs };
                list.retain(|known| known.generation != switched.generation);
                list.push(Switch { generation: switched.generation, from: switched.from });
                list.sort_by_key(|known| known.generation);
            }
            Record::KeysLearned(learned) => {
                let zone = self.learned.entry(learned.zone).or_default();
                let generation = learned.keys.generation;
                if learned.by_person && !planted::is("thiefs-keys-kept") {
                    // What was announced for it and after it may have been a thief's.
                    zone.split_off(&generation);
                    if let Some(revoked) = self.revoked.get_mut(&learned.zone) {
                        revoked.split_off(&generation);
                    }
                    for route in self.routes.values_mut().filter(|route| route.other == learned.zone) {
                        route.theirs.retain(|known| known.generation < generation);
                    }
                }
                zone.insert(generation, learned.keys.clone());
            }
            Record::KeysRevoked(revoked) => {
                self.revoked.entry(revoked.zone).or_default().insert(revoked.generation, revoked.from.clone());
            }
            _ => {}
        }
    }

    /// A new route goes on with the generation that signs on another route to the same zone, else with the newest: that is the
    /// one on the card that is exchanged now.
    fn begin_route(&mut self, name: &str, other: ZoneId) {
        let signing = self.routes.values().filter(|route| route.other == other).map(|route| route.signing().generation).max();
        let generation = signing.unwrap_or(self.generation());
        let route = RouteKeys { other, ours: Vec::from([Switch { generation, from: 1 }]), theirs: Vec::new(), told_next: 0, told_known: 0, told_at: 0 };
        self.routes.entry(name.into()).or_insert(route);
    }

    fn newest_learned(&self, zone: &ZoneId) -> u32 {
        self.learned.get(zone).and_then(|learned| learned.last_key_value()).map_or(0, |(generation, _)| *generation)
    }

    /// A package or receipt of a route was made, which tells what there is to tell of keys.
    fn told(&mut self, time: i64, name: &str) {
        let next = self.to_announce(name).unwrap_or(0);
        let Some(known) = self.routes.get(name).map(|route| self.newest_learned(&route.other)) else { return };
        let Some(route) = self.routes.get_mut(name) else { return };
        (route.told_next, route.told_known, route.told_at) = (next, known, time);
    }

    /// The other zone was heard of. What it has not confirmed by now is told again.
    fn heard(&mut self, name: &str) {
        let Some(route) = self.routes.get_mut(name) else { return };
        route.told_next = 0;
    }

    /// A package is lost: what it may have told is told again.
    fn untold(&mut self, name: &str) {
        let Some(route) = self.routes.get_mut(name).filter(|_| !planted::is("lost-announcement-forgotten")) else { return };
        (route.told_next, route.told_known) = (0, 0);
    }

    /// Whether a package or receipt is to be made for the keys alone: a generation was never announced on this route, or what
    /// the other zone announced was not confirmed; or either was told, and for a whole deadline nothing shows that it arrived.
    pub fn must_tell(&self, name: &str, now: i64, deadline_seconds: i64) -> bool {
        let Some(route) = self.routes.get(name) else { return false };
        let (next, known) = (self.to_announce(name).unwrap_or(0), self.newest_learned(&route.other));
        let shown = route.theirs.last().map_or(1, |newest| newest.generation);
        let in_vain = (next > 0 || known > shown) && now.abs_diff(route.told_at) >= deadline_seconds.unsigned_abs();
        next > route.told_next || known > route.told_known || in_vain && !planted::is("lost-keys-told-once")
    }

    /// The newest generation of this zone's keys.
    pub fn generation(&self) -> u32 {
        self.made.max(1)
    }

    /// The generation that signs on a route, and from where.
    pub fn signing(&self, route: &str) -> Switch {
        self.routes.get(route).map_or(Switch { generation: self.generation(), from: 1 }, RouteKeys::signing)
    }

    /// The generation to announce on a route; none when the newest signs already.
    pub fn to_announce(&self, route: &str) -> Option<u32> {
        let next = self.signing(route).generation + 1;
        (next <= self.generation()).then_some(next)
    }

    /// The generation that may sign on a route from now on, where the other zone says that it knows this one.
    pub fn confirmed(&self, route: &str, known: u32) -> Option<u32> {
        (known > self.signing(route).generation && known <= self.generation()).then_some(known)
    }

    /// Whether a generation of another zone's keys is revoked, from whatever number on.
    pub fn is_revoked(&self, zone: &ZoneId, generation: u32) -> bool {
        self.revoked.get(zone).is_some_and(|revoked| revoked.contains_key(&generation))
    }

    /// Whether what this generation signed counts at this number, and from `from` on as it says (clauses 1 and 2 of
    /// spec/keys.md).
    pub fn judge(&self, route: &str, signer: &Signer, from: u64, number: u64, clauses: &Clauses) -> Result<(), Rejection> {
        let cut = |generation: u32| {
            let cuts = self.revoked.get(&signer.zone)?.get(&generation)?;
            Some(cuts.iter().find(|(name, _)| name == route).map_or(0, |(_, cut)| *cut))
        };
        require(cut(signer.generation).is_none_or(|cut| number < cut), clauses.revoked)?;
        let theirs = self.routes.get(route).map_or(&[][..], |route| &route.theirs);
        // That a generation counts only from the number on from which it is revoked may be a thief's word. Those before it stay shut out: their
        // secrets lie in the same file.
        let believed = |known: &&Switch| {
            known.generation > signer.generation || cut(known.generation).is_none_or(|cut| known.from < cut) || planted::is("revoked-switch-believed")
        };
        let fits = |known: &Switch| match known.generation.cmp(&signer.generation) {
            core::cmp::Ordering::Less => known.from < from,
            core::cmp::Ordering::Equal => known.from == from,
            core::cmp::Ordering::Greater => number < known.from,
        };
        require(theirs.iter().filter(believed).all(fits), clauses.generation)
    }

    /// Whether it must be recorded that this generation of the other zone counts from there. The first one counts from the
    /// start, which needs no record.
    pub fn is_new_switch(&self, route: &str, signer: &Signer, from: u64) -> bool {
        let known = self.routes.get(route).is_some_and(|route| route.theirs.iter().any(|known| known.generation == signer.generation));
        !known && (signer.generation > 1 || from > 1) && !planted::is("switch-of-keys-forgotten")
    }
}

#[cfg(test)]
#[path = "keys_test.rs"]
mod tests;
