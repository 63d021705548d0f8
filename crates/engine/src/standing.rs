//! Where an item of a route stands, as people and receipts see it. The states are disjoint and add up to the total.

use crate::source::{Archive, Item, Package, Route, RouteItem};
use wire::planted;

/// State of an item on a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Standing {
    /// To be sent.
    Pending,
    /// In a sealed package that is not answered yet.
    Packed,
    /// Proven at the newest captured version.
    Done,
    /// A receipt says that it is not right; travels again by itself.
    Failed,
    /// Proven at an older version than the newest captured: to be sent again, never shown as done.
    Stale,
    /// Given up by a person at this version.
    Cancelled,
    /// Not counted: gone, and never sent or proven gone.
    Left,
}

impl Standing {
    /// The word of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Standing::Pending => "pending",
            Standing::Packed => "packed",
            Standing::Done => "done",
            Standing::Failed => "failed",
            Standing::Stale => "stale",
            Standing::Cancelled => "cancelled",
            Standing::Left => "left",
        }
    }
}

/// Where `item` stands at `now` (s since 1970) on a route whose packages are overdue after `deadline_seconds`.
pub fn of(item: &Item, sent: &RouteItem, route: &Route, now: i64, deadline_seconds: i64) -> Standing {
    if sent.is_proven(item) || sent.packed_version == item.version && planted::is("done-when-packed") {
        return match (sent.is_gone(item), sent.failed, sent.resend) {
            (true, _, _) => Standing::Left,
            (_, true, _) => Standing::Failed,
            (_, _, true) => Standing::Pending,
            _ => Standing::Done,
        };
    }
    if sent.is_left(item) {
        return Standing::Left;
    }
    if sent.is_given_up(item) && !planted::is("cancel-ignored") {
        return Standing::Cancelled;
    }
    if sent.failed {
        return Standing::Failed;
    }
    if sent.is_packed(item) && !is_due(sent, route, now, deadline_seconds) {
        return Standing::Packed;
    }
    if sent.proven_version > 0 && !sent.is_sent(item) { Standing::Stale } else { Standing::Pending }
}

/// Whether an item that was packed at its newest version and is not proven must travel again.
pub fn is_due(sent: &RouteItem, route: &Route, now: i64, deadline_seconds: i64) -> bool {
    if sent.failed || sent.resend {
        return true;
    }
    // Answered, and yet neither proven nor failed nor held: nobody knows, so it goes again.
    let due = |sequence: u64| route.packages.get(&sequence).is_none_or(|package| package_is_due(package, now, deadline_seconds));
    match &sent.parts {
        // Each part came with a package of its own; what is held waits for the rest.
        Some(parts) => parts.list.iter().any(|part| !part.held && due(part.sequence)),
        None => due(sent.packed_sequence),
    }
}

/// Whether what a package brought must travel again. One that was packed further ahead than the deadline was packed by a clock that
/// was wrong then, or is now: waiting until it is overdue might take years (P2, C10).
pub fn package_is_due(package: &Package, now: i64, deadline_seconds: i64) -> bool {
    let lost = package.lost && !planted::is("loss-ignored");
    lost || is_overtaken(package) || now.abs_diff(package.packed_at) >= deadline_seconds.unsigned_abs()
}

/// Whether the replica answered two later packages: it never took this one, and where the medium has come back with it, it never will.
pub fn is_overtaken(package: &Package) -> bool {
    package.answered_later >= 2
}

/// Every item of a route with its number and where it stands, in order of number.
pub fn all<'a>(archive: &'a Archive, route: &'a Route, now: i64, deadline_seconds: i64) -> impl Iterator<Item = (u32, &'a Item, RouteItem, Standing)> {
    archive.items.iter().zip(0u32..).map(move |(item, number)| {
        let sent = route.item(number);
        let standing = of(item, &sent, route, now, deadline_seconds);
        (number, item, sent, standing)
    })
}

#[cfg(test)]
#[path = "standing_test.rs"]
mod tests;
