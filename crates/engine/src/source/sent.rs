//! What a source knows of an item on a route: what was sent, what is proven, and whether the route carries it.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};
use wire::record::Shape;
use wire::{Digest, planted};

use super::Item;

/// What is known of the parts of a document that travels in parts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// The version that travels.
    pub version: u64,
    /// Its parts: offset, length, sequence it was last packed in, whether the replica proved that it holds it.
    pub list: Vec<PartState>,
}

/// One part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PartState {
    /// Offset in the document.
    pub offset: u64,
    /// Bytes.
    pub length: u64,
    /// Sequence it was last packed in.
    pub sequence: u64,
    /// The replica proved that it holds it.
    pub held: bool,
}

/// That nothing older of an item than it was when people asked for it be left at the replica.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purge {
    /// When they asked, s since 1970.
    pub asked_at: i64,
    /// The next sequence at that time: packages below it may hold what is to go.
    pub asked_from: u64,
    /// Only a package of this sequence or a later one proves it: the first that could bring it, since the route began.
    pub from: u64,
    /// Sequence of the newest package that brought it; 0 for none.
    pub packed_in: u64,
    /// Sequence of the package that is proven to have left nothing; 0 while none is.
    pub proven_in: u64,
    /// When the receipt that proved it was taken in, s since 1970.
    pub proven_at: i64,
}

impl Purge {
    /// Asked for at `now`, when the next sequence is `next`.
    pub(super) fn asked(now: i64, next: u64) -> Self {
        Self { asked_at: now, asked_from: next, from: next, packed_in: 0, proven_in: 0, proven_at: 0 }
    }

    /// The same on a route that began anew behind a floor: nobody knows any more what is at the replica.
    pub(super) fn anew(self, floor: u64) -> Self {
        Self { from: floor + 1, packed_in: 0, proven_in: 0, proven_at: 0, ..self }
    }

    /// A receipt says that the package of this sequence left nothing older.
    pub(super) fn prove(&mut self, sequence: u64, now: i64) {
        if self.proven_in == 0 && sequence >= self.from {
            (self.proven_in, self.proven_at) = (sequence, now);
        }
    }
}

/// An item on a route.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RouteItem {
    /// Version last packed; 0 for never.
    pub packed_version: u64,
    /// Sequence it was last packed in; 0 for never.
    pub packed_sequence: u64,
    /// How often it was packed.
    pub attempts: u32,
    /// What the beginning of its newest version that was packed looks like, where that is known.
    pub packed_shape: Shape,
    /// Version proven at the replica; 0 for none.
    pub proven_version: u64,
    /// Digest of its content.
    pub proven_digest: Digest,
    /// Size of its content.
    pub proven_bytes: u64,
    /// Projected digest.
    pub proven_projected: Digest,
    /// What is proven is that it is gone.
    pub proven_gone: bool,
    /// Number of the last outcome that was no proof; 0 for none.
    pub discrepancy: u16,
    /// A receipt says that the packed version failed.
    pub failed: bool,
    /// Number of the newest receipt that said that it is not right at the replica: what an earlier one proved is void.
    pub doubted: u64,
    /// Number of the newest receipt that proved it: what an earlier one doubted is over.
    pub assured: u64,
    /// The last package that named it was an inventory that is not answered yet: no content travels until it is.
    pub asked: bool,
    /// A person put it back into the queue.
    pub resend: bool,
    /// Version that a person gave up; 0 for none.
    pub cancelled_version: u64,
    /// What is known of its parts.
    pub parts: Option<Box<Parts>>,
    /// Version at which the route does not carry it; 0 for none.
    pub excluded_version: u64,
    /// What was packed last was its removal.
    pub packed_gone: bool,
    /// Its id has travelled, in whichever life of the ledger.
    pub named: bool,
    /// The template has changed, or what it looks at, since it was packed: it is to be looked at again.
    pub unjudged: bool,
    /// It was packed again at the version that may be proven already: nothing else than this projection counts as proof.
    pub again: Option<Box<Digest>>,
    /// What people asked for last about its older versions.
    pub purge: Option<Box<Purge>>,
}

impl RouteItem {
    /// Whether the replica is to hold nothing of `item`: it is gone, or the route does not carry it.
    pub fn is_gone(&self, item: &Item) -> bool {
        item.gone || self.is_excluded(item)
    }

    /// Whether the route does not carry `item` as it is now.
    pub fn is_excluded(&self, item: &Item) -> bool {
        !item.gone && self.excluded_version == item.version
    }

    /// Whether what a receipt proved is what the replica is to hold of `item`.
    pub fn is_proven(&self, item: &Item) -> bool {
        // A deletion makes a version of its own: what is proven of that is that it is gone.
        let as_it_is = item.gone || self.proven_gone == self.is_excluded(item);
        self.proven_version == item.version && as_it_is && self.again.is_none() && !self.unjudged && !self.is_purging()
    }

    /// Whether people asked for a purge of it that is not proven yet.
    pub fn is_purging(&self) -> bool {
        self.purge.as_ref().is_some_and(|purge| purge.proven_in == 0 && !(purge.packed_in > 0 && planted::is("purge-done-when-packed")))
    }

    /// Whether no package has yet to bring a purge of it that people asked for.
    pub fn is_purge_packed(&self) -> bool {
        self.purge.as_ref().is_none_or(|purge| purge.proven_in > 0 || purge.packed_in > 0)
    }

    /// Up to this version nothing is open: the replica was proven to hold it, or the route does not carry it and nothing of it is there.
    pub fn settled_version(&self) -> u64 {
        if self.may_be_there() { self.proven_version } else { self.proven_version.max(self.excluded_version) }
    }

    /// Whether nothing of `item` is at the replica, or on the way there, and nothing of it is to be.
    pub fn is_left(&self, item: &Item) -> bool {
        let forgotten = self.is_excluded(item) && planted::is("withdraw-forgotten");
        self.is_gone(item) && (!self.may_be_there() || forgotten) && !self.is_purging()
    }

    /// Whether something of it may be at the replica: a package brought it, and its removal is not proven since.
    pub fn may_be_there(&self) -> bool {
        let removed = self.proven_gone && self.proven_version == self.packed_version && self.again.is_none();
        self.packed_version > 0 && !removed
    }

    /// Whether anything of it was ever sent, also before the route began anew.
    pub fn was_ever_sent(&self) -> bool {
        self.packed_version > 0 || self.named
    }

    /// Whether a person gave `item` up as it is now. Nobody gives up a purge, or that what the route does not carry is withdrawn.
    pub fn is_given_up(&self, item: &Item) -> bool {
        self.cancelled_version == item.version && !self.is_purging() && (!self.is_excluded(item) || planted::is("withdrawal-given-up"))
    }

    /// Whether what was packed last is what `item` is now, and with it what is to be purged of it.
    pub fn is_packed(&self, item: &Item) -> bool {
        self.is_sent(item) && self.is_purge_packed()
    }

    /// Whether what was packed last shows `item` as it is now.
    pub fn is_sent(&self, item: &Item) -> bool {
        self.packed_version == item.version && (item.gone || self.packed_gone == self.is_excluded(item)) && !self.unjudged
    }
}

/// The template of a route.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Template {
    /// Its id.
    pub id: String,
    /// Counter of the templates of this route, from 1.
    pub version: u64,
    /// Digest of its text.
    pub digest: Digest,
    /// Its text.
    pub text: String,
}

#[cfg(test)]
#[path = "purge_test.rs"]
mod tests;
