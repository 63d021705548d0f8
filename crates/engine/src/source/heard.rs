//! What was heard of the replica of a route: which packages it has seen, what it is told of its receipts, and whether its state is in
//! doubt.

use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use wire::limits::{ANNOUNCING_RANGES_MAX, NUMBER_MAX};
use wire::manifest::Witness;
use wire::planted;
use wire::receipt::Range;

use super::{Package, Route};

/// Which packages of a route a replica has seen, as a receipt says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sight {
    /// The highest sequence; 0 for none.
    pub highest: u64,
    /// Sequences below it that were not seen, ascending; the lowest of them where there was no room for all.
    pub missing: Vec<Range>,
}

impl Sight {
    /// A sequence that this sight has and a later one of the same ledger has not: what was seen stays seen.
    pub fn lost_by(&self, later: &Self) -> Option<u64> {
        // A list that may have been cut short says nothing of what lies behind it.
        let is_whole = self.missing.len() < ANNOUNCING_RANGES_MAX;
        let told = if is_whole { self.highest } else { self.missing.last().map_or(0, |range| range.last) };
        later.missing.iter().find_map(|range| {
            let mut sequence = range.first;
            for ours in self.missing.iter().filter(|ours| ours.last >= range.first) {
                if ours.first > sequence {
                    break;
                }
                sequence = ours.last + 1;
            }
            (sequence <= range.last.min(told)).then_some(sequence)
        })
    }
}

impl Route {
    /// What packages tell the replica of its receipts: the newest that answered packages, and the newest head. A scrub, or a
    /// digest that was not the expected one, answers none: told of such a number, the replica would count earlier answers as
    /// arrived. A replica that is not followed any more is told so with a number that nobody reaches. Once the route has followed
    /// another life the one that it follows is named also where it answered nothing yet: an earlier one that is put back stops.
    pub fn acknowledgement(&self) -> Option<Witness> {
        if let Some(former) = self.witness.filter(|witness| self.former.contains(&witness.incarnation)) {
            return Some(Witness { receipt: NUMBER_MAX, ..former });
        }
        let witness = self.witness.filter(|_| self.answered > 0 || !self.former.is_empty())?;
        Some(Witness { receipt: self.answered, ..witness })
    }

    /// Whether the replica says, also when it was asked for a full receipt, that its state is not what its receipts have proven, and
    /// nothing is on its way: then somebody else answered in its name, or it forgot. Once only, until both are equal again: what
    /// a replica can make the source do is bounded.
    pub fn is_doubtful(&self) -> bool {
        let lost = |package: &Package| (package.lost || crate::standing::is_overtaken(package)) && !planted::is("lost-is-on-its-way");
        let over = |package: &Package| package.items == 0 || lost(package);
        let at_rest = self.asking.is_empty() && self.packages.values().all(over);
        self.want_full && self.asked_full && at_rest && !self.inventoried && self.stopped.is_none() && !planted::is("difference-left-alone")
    }

    /// Number of the replica's head that a package would acknowledge now; zero for none.
    pub fn to_tell(&self) -> u64 {
        self.acknowledgement().filter(|witness| witness.receipt > 0).map_or(0, |witness| witness.ledger.number)
    }
}
