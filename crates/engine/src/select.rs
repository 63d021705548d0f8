//! What a medium gets, and in which order: never packed first, then due again (longest unsent first), then, while little of
//! the route is unproven, all of that; never what this very medium validly holds.

use alloc::collections::BTreeSet;
use alloc::vec::Vec;
use wire::manifest::{Mark, Replaced};
use wire::{Digest, ItemId};

use crate::source::{Archive, Item, Route, RouteItem};
use crate::standing::{self, Standing};

/// While less than this is unproven on a route, all of it goes on every medium, bytes.
pub const UNPROVEN_BYTES_MAX: u64 = 64 << 20;

/// Why an item travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Because {
    /// This version was never packed.
    New,
    /// It was packed and must travel again.
    Due,
    /// It was packed and is not proven yet.
    Unproven,
}

impl Because {
    /// The word of the command line.
    pub fn word(self) -> &'static str {
        match self {
            Because::New => "new",
            Because::Due => "due",
            Because::Unproven => "unproven",
        }
    }
}

/// An item that is to travel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Selected {
    /// Its number in the archive.
    pub item: u32,
    /// Why.
    pub because: Because,
}

/// What the caller knows of where the items go.
pub struct Carrier<'a> {
    /// Items and versions that it validly holds.
    pub holds: &'a BTreeSet<(u32, u64)>,
    /// For parts: items, versions and offsets that it validly holds.
    pub holds_parts: &'a BTreeSet<(u32, u64, u64)>,
    /// Whether what is unproven goes along although it is not due (a medium, not a gateway).
    pub cumulative: bool,
    /// s since 1970.
    pub now: i64,
    /// Age after which a package counts as lost, s.
    pub deadline_seconds: i64,
}

/// What is to travel on a route, in the order in which it is to be packed. `chosen`, when given, limits it to these items, and
/// sends them whatever their state (a person picked them).
pub fn select(archive: &Archive, route: &Route, carrier: &Carrier<'_>, chosen: Option<&BTreeSet<u32>>) -> Vec<Selected> {
    let (mut new, mut due, mut unproven) = (Vec::new(), Vec::new(), Vec::new());
    let mut unproven_bytes = 0u64;
    for (number, item, sent, standing) in standing::all(archive, route, carrier.now, carrier.deadline_seconds) {
        if item.rotten || matches!(standing, Standing::Left | Standing::Cancelled) {
            continue;
        }
        let picked = chosen.is_some_and(|chosen| chosen.contains(&number));
        if chosen.is_some() && !picked || carrier.holds.contains(&(number, item.version)) {
            continue;
        }
        let bytes = if item.gone { 0 } else { item.stat.size };
        if item.version > sent.packed_version {
            new.push(Selected { item: number, because: Because::New });
        } else if standing == Standing::Done && !picked {
            continue;
        } else if picked || standing != Standing::Packed || has_unsent_parts(item, &sent) {
            due.push((sent.packed_sequence, Selected { item: number, because: Because::Due }));
        } else {
            unproven_bytes = unproven_bytes.saturating_add(bytes);
            unproven.push(Selected { item: number, because: Because::Unproven });
        }
    }
    let id = |selected: &Selected| &archive.items[selected.item as usize].id;
    new.sort_by(|one, two| id(one).cmp(id(two)));
    due.sort_by(|(one_sequence, one), (two_sequence, two)| (one_sequence, id(one)).cmp(&(two_sequence, id(two))));
    unproven.sort_by(|one, two| id(one).cmp(id(two)));
    let mut all = new;
    all.extend(due.into_iter().map(|(_, selected)| selected));
    if carrier.cumulative && unproven_bytes < UNPROVEN_BYTES_MAX {
        all.extend(unproven);
    }
    all
}

/// Whether a document that travels in parts has some that no package brought yet.
fn has_unsent_parts(item: &Item, sent: &RouteItem) -> bool {
    sent.parts.as_ref().is_some_and(|parts| parts.version == item.version && next_part(item, sent, &BTreeSet::new(), 0, &|_| false).is_some())
}

/// The next stretch of a document in parts that must travel: offset and the length up to the next part that need not. `due`
/// says whether the package of a sequence must travel again; `holds` lists parts that the medium validly holds.
pub fn next_part(item: &Item, sent: &RouteItem, holds: &BTreeSet<(u32, u64, u64)>, number: u32, due: &dyn Fn(u64) -> bool) -> Option<(u64, u64)> {
    let size = item.stat.size;
    let Some(parts) = sent.parts.as_ref().filter(|parts| parts.version == item.version) else {
        return (size > 0).then_some((0, size));
    };
    let mut at = 0;
    let mut again = None;
    for part in &parts.list {
        if part.offset > at {
            return Some((at, part.offset - at));
        }
        let on_medium = holds.contains(&(number, item.version, part.offset));
        if again.is_none() && !part.held && !on_medium && due(part.sequence) {
            again = Some((part.offset, part.length));
        }
        at = at.max(part.offset + part.length);
    }
    if at < size { Some((at, size - at)) } else { again }
}

/// Deletions that must share a package with the item `number`, because it takes the place of what they remove: a folder that
/// becomes a file, a file that becomes a folder.
pub fn must_share(archive: &Archive, route: &Route, number: u32) -> Vec<u32> {
    let item = &archive.items[number as usize];
    if item.gone || route.item(number).proven_version > 0 && !route.item(number).proven_gone {
        return Vec::new();
    }
    let open = |number: u32| {
        let sent = route.item(number);
        archive.items[number as usize].gone && sent.packed_version > 0 && sent.proven_version != archive.items[number as usize].version
    };
    let mut found = Vec::new();
    for (at, _) in item.id.0.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        found.extend(archive.by_id.get(&ItemId(item.id.0[..at].to_vec())).filter(|number| open(**number)));
    }
    let below = |end: u8| ItemId([item.id.0.as_slice(), &[end]].concat());
    found.extend(archive.by_id.range(below(b'/')..below(b'/' + 1)).map(|(_, number)| number).filter(|number| open(**number)));
    found
}

/// The change mark of an item on a route, from what is proven. `digest` is that of its content, which was just read.
pub fn mark_of(item: &Item, sent: &RouteItem, digest: &Digest) -> Mark {
    match (item.gone, sent.proven_version > 0 && !sent.proven_gone) {
        (true, _) => Mark::Delete,
        (false, false) => Mark::Add,
        (false, true) if sent.proven_digest == *digest => Mark::Record,
        (false, true) => Mark::Document,
    }
}

/// What an item replaces at the replica, if that is proven and older.
pub fn replaced_by(item: &Item, sent: &RouteItem) -> Option<Replaced> {
    let proven = sent.proven_version > 0 && !sent.proven_gone && sent.proven_version < item.version;
    proven.then_some(Replaced { version: sent.proven_version, digest: sent.proven_projected })
}
