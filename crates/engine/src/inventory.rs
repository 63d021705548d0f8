//! What a replica is asked for when a route begins anew (P12): span after span of ids, each item with its digest and none of
//! its content. What is right there is proven by the receipt; only the rest travels.
//!
//! A span is asked for once on each medium, and again only when its package is lost. What is captured later and lies in no open span
//! travels as ever.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use core::ops::Bound;
use serde::{Deserialize, Serialize};
use wire::manifest::Span;
use wire::planted;
use wire::record::Packed;

use crate::source::{Archive, Item, Route, RouteItem};
use crate::standing;

/// A span of ids that the replica is still asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Asking {
    /// The span.
    pub span: Span,
    /// Sequence of the inventory that asked last; 0 when none did.
    pub sequence: u64,
}

/// An id of the span that an inventory is to speak of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Number of the item.
    pub item: u32,
    /// Whether it is to be claimed with its digest; otherwise it is only named, so that what lies there stays.
    pub claimed: bool,
}

/// The next span that is to be asked for and what it holds, in order of id; none when all is asked. What was asked from the sequence `first`
/// on is not overdue yet, however long the asking takes. `is_here` says whether the carrier asks for a span already, or needs not: the medium
/// that did may never arrive.
pub fn next(archive: &Archive, route: &Route, first: u64, now: i64, deadline_seconds: i64, is_here: &dyn Fn(&Span) -> bool) -> Option<(Span, Vec<Entry>)> {
    let is_due = |asking: &&Asking| {
        let package = route.packages.get(&asking.sequence);
        let is_overdue = || {
            package.is_none_or(|package| standing::package_is_due(package, now, deadline_seconds))
                || !is_here(&asking.span) && !planted::is("lost-medium-asks-for-all")
        };
        asking.sequence == 0 || asking.sequence < first && is_overdue()
    };
    let asking = route.asking.iter().find(is_due)?;
    let entry = |number: &u32| {
        let (item, sent) = (&archive.items[*number as usize], route.item(*number));
        let open = asking.sequence == 0 || sent.asked;
        let claimed = open && !item.is_held_back() && !sent.is_excluded(item) && sent.cancelled_version != item.version;
        (!item.gone && (claimed || route.may_name(&sent))).then_some(Entry { item: *number, claimed })
    };
    Some((asking.span.clone(), within(archive, &asking.span).filter_map(|number| entry(&number)).collect()))
}

/// Items of an archive in a span, in order of id.
fn within<'a>(archive: &'a Archive, span: &'a Span) -> impl Iterator<Item = u32> + use<'a> {
    let after = span.after.as_ref().map_or(Bound::Unbounded, Bound::Excluded);
    let within = move |number: &u32| span.up_to.as_ref().is_none_or(|last| archive.items[*number as usize].id <= *last);
    archive.order.from(&archive.items, after).take_while(within)
}

/// What a person is told of a route that begins anew.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outlook {
    /// Items that the replica is asked for.
    pub confirm: u64,
    /// Their bytes.
    pub confirm_bytes: u64,
    /// Items among them that are known to travel again: what it was never proven to hold as it is now, and is not asked for yet either.
    pub send: u64,
    /// Their bytes.
    pub send_bytes: u64,
}

/// What beginning anew would ask for, and what of it is known not to be there.
pub fn outlook(archive: &Archive, route: &Route) -> Outlook {
    let mut outlook = Outlook::default();
    for (item, number) in archive.items.iter().zip(0u32..).filter(|(item, _)| !item.gone && !item.is_held_back()) {
        let sent = route.item(number);
        if sent.is_excluded(item) || sent.cancelled_version == item.version {
            continue;
        }
        (outlook.confirm, outlook.confirm_bytes) = (outlook.confirm + 1, outlook.confirm_bytes + item.stat.size);
        // What only waits to be confirmed is known neither to be there nor to travel.
        if (sent.proven_version != item.version || sent.failed) && !route.waits_for_inventory(item, &sent) {
            (outlook.send, outlook.send_bytes) = (outlook.send + 1, outlook.send_bytes + item.stat.size);
        }
    }
    outlook
}

impl Route {
    /// Whether the replica is to be asked for an item, or was and has not answered: its content waits.
    pub fn waits_for_inventory(&self, item: &Item, sent: &RouteItem) -> bool {
        sent.asked || self.asking.iter().any(|asking| asking.sequence == 0 && asking.span.contains(&item.id))
    }

    /// Whether an inventory may name an item that it does not claim, so that what lies there stays. Under a template only one whose id has
    /// travelled before: of another the template may not have been asked, and what it withholds has no name outside.
    pub fn may_name(&self, sent: &RouteItem) -> bool {
        self.template.is_none() || sent.named
    }

    /// An inventory was packed: its rows are asked for, and its span is on its way. What it does not claim travels as ever.
    pub(crate) fn fold_asked(&mut self, archive: &Archive, packed: &Packed, span: &Span) {
        let Some(place) = self.asking.iter().position(|asking| asking.span.after == span.after) else { return };
        let before = self.asking[place].clone();
        let claimed: BTreeSet<u32> = packed.rows.iter().map(|row| row.item).collect();
        for number in within(archive, span).filter(|number| !claimed.contains(number)) {
            let (item, may_name) = (&archive.items[number as usize], self.may_name(&self.items.get(number)));
            let mut sent = self.items.change(number);
            let is_named = (may_name || planted::is("withheld-is-named")) && !item.gone;
            if sent.asked || is_named {
                // The replica may hold some version of it: were it deleted now, or is it gone since it was asked for in vain, the
                // deletion has to travel; a withdrawal as well, for what is only let go of is kept in the history.
                (sent.asked, sent.packed_version) = (false, sent.packed_version.max(1));
            }
        }
        for row in packed.rows.iter().filter(|row| (row.item as usize) < archive.items.len()) {
            let mut sent = self.items.change(row.item);
            (sent.packed_version, sent.packed_sequence) = (row.version, packed.sequence);
            (sent.asked, sent.named, sent.failed, sent.resend) = (true, true, false, false);
        }
        let rest = Asking { span: Span { after: span.up_to.clone(), up_to: before.span.up_to.clone() }, sequence: before.sequence };
        self.asking[place] = Asking { span: span.clone(), sequence: packed.sequence };
        if span.up_to.is_some() && span.up_to != before.span.up_to {
            self.asking.insert(place + 1, rest);
        }
    }
}

#[cfg(test)]
#[path = "inventory_test.rs"]
mod tests;
