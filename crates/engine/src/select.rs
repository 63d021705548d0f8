//! What a medium gets, and in which order: what must not wait, whatever its state; then never packed, then due again (longest
//! unsent first), then, while little of the route is unproven, all of that; never what this very medium validly holds.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use wire::manifest::{Mark, Replaced};
use wire::{Digest, ItemId, planted};

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

/// Items and versions that a carrier validly holds: a bit for each item, in words of 64 numbers by version. Most items of an archive have
/// one of few versions, so that a million of them take little room.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Held(BTreeMap<(u64, u32), u64>);

impl Held {
    /// Whether it holds this version of an item.
    pub fn has(&self, number: u32, version: u64) -> bool {
        self.0.get(&(version, number / 64)).is_some_and(|word| word & 1 << (number % 64) != 0)
    }

    /// Takes a version of an item in; false when it was there already.
    pub fn insert(&mut self, number: u32, version: u64) -> bool {
        let is_new = !self.has(number, version);
        *self.0.entry((version, number / 64)).or_default() |= 1 << (number % 64);
        is_new
    }
}

impl FromIterator<(u32, u64)> for Held {
    fn from_iter<I: IntoIterator<Item = (u32, u64)>>(held: I) -> Self {
        let mut all = Self::default();
        held.into_iter().for_each(|(number, version)| _ = all.insert(number, version));
        all
    }
}

/// What the caller knows of where the items go.
pub struct Carrier<'a> {
    /// Items and versions that it validly holds.
    pub holds: &'a Held,
    /// For parts: items, versions and offsets that it validly holds.
    pub holds_parts: &'a BTreeSet<(u32, u64, u64)>,
    /// Items that must not wait: they go ahead of all others, and while they are unproven on every medium.
    pub urgent: &'a BTreeSet<u32>,
    /// Whether what is unproven goes along although it is not due (a medium, not a gateway).
    pub cumulative: bool,
    /// s since 1970.
    pub now: i64,
    /// Age after which a package counts as lost, s.
    pub deadline_seconds: i64,
}

/// What is to travel on a route, in the order in which it is to be packed. `chosen`, when given, limits it to these items and
/// what must not wait, and sends them whatever their state (a person picked them).
pub fn select(archive: &Archive, route: &Route, carrier: &Carrier<'_>, chosen: Option<&BTreeSet<u32>>) -> Vec<Selected> {
    let (mut new, mut due, mut unproven, mut pressing) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut unproven_bytes = 0u64;
    for (number, item, sent, standing) in standing::all(archive, route, carrier.now, carrier.deadline_seconds) {
        // What the route does not carry is removed, whatever it is: nothing of its content travels.
        if item.is_held_back() && !sent.is_excluded(item) || matches!(standing, Standing::Left | Standing::Cancelled) {
            continue;
        }
        let picked = chosen.is_some_and(|chosen| chosen.contains(&number));
        if !picked && route.waits_for_inventory(item, &sent) {
            continue;
        }
        // What must not wait goes along, whatever else a person picks.
        if chosen.is_some() && !picked && (!carrier.urgent.contains(&number) || planted::is("picked-without-what-is-urgent"))
            || carrier.holds.has(number, item.version) && sent.is_purge_packed() && !sent.unjudged && (item.gone || sent.packed_gone == sent.is_excluded(item))
        {
            continue;
        }
        let bytes = if sent.is_gone(item) { 0 } else { item.stat.size };
        if item.version > sent.packed_version || !sent.is_packed(item) {
            new.push(Selected { item: number, because: Because::New });
        } else if standing == Standing::Done && !picked {
            continue;
        } else if picked || standing != Standing::Packed || has_unsent_parts(item, &sent) {
            due.push((sent.packed_sequence, Selected { item: number, because: Because::Due }));
        } else if carrier.urgent.contains(&number) {
            pressing.push(Selected { item: number, because: Because::Unproven });
        } else {
            unproven_bytes = unproven_bytes.saturating_add(bytes);
            unproven.push(Selected { item: number, because: Because::Unproven });
        }
    }
    let id = |selected: &Selected| &archive.items[selected.item as usize].id;
    new.sort_by(|one, two| id(one).cmp(id(two)));
    due.sort_by(|(one_sequence, one), (two_sequence, two)| (one_sequence, id(one)).cmp(&(two_sequence, id(two))));
    unproven.sort_by(|one, two| id(one).cmp(id(two)));
    pressing.sort_by(|one, two| id(one).cmp(id(two)));
    let mut all = new;
    all.extend(due.into_iter().map(|(_, selected)| selected));
    if carrier.cumulative {
        all.extend(pressing);
    }
    if carrier.cumulative && unproven_bytes < UNPROVEN_BYTES_MAX && !planted::is("unproven-left-behind") {
        all.extend(unproven);
    }
    if !planted::is("urgent-waits-its-turn") {
        all.sort_by_key(|selected| !carrier.urgent.contains(&selected.item));
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

/// Whether something that was packed is to be removed and is not proven to be: else no deletion must share a package with anything.
pub fn any_open_removal(archive: &Archive, route: &Route) -> bool {
    archive.items.iter().zip(route.items.iter()).any(|(item, sent)| is_open_removal(item, &sent))
}

fn is_open_removal(item: &Item, sent: &RouteItem) -> bool {
    sent.is_gone(item) && sent.packed_version > 0 && !sent.is_proven(item)
}

/// Deletions that must share a package with the item `number`, because it takes the place of what they remove: a folder that
/// becomes a file, a file that becomes a folder.
pub fn must_share(archive: &Archive, route: &Route, number: u32) -> Vec<u32> {
    let item = &archive.items[number as usize];
    if route.item(number).is_gone(item) {
        return Vec::new();
    }
    // Also for an item that is proven: it may have been gone since, and something else in its place on the way.
    let open = |number: u32| is_open_removal(&archive.items[number as usize], &route.item(number));
    let mut found = Vec::new();
    for (at, _) in item.id.0.iter().enumerate().filter(|(_, byte)| **byte == b'/') {
        found.extend(archive.order.find(&archive.items, &ItemId(item.id.0[..at].to_vec())).filter(|number| open(*number)));
    }
    let below = |end: u8| ItemId([item.id.0.as_slice(), &[end]].concat());
    found.extend(archive.order.between(&archive.items, &below(b'/'), below(b'/' + 1)).filter(|number| open(*number)));
    found
}

/// The change mark of an item on a route, from what is proven and what people asked for. `digest` is that of its content, which was
/// just read.
pub fn mark_of(item: &Item, sent: &RouteItem, digest: &Digest) -> Mark {
    match (sent.is_gone(item), sent.proven_version > 0 && !sent.proven_gone) {
        _ if sent.is_purging() => Mark::Purge,
        (true, _) if sent.is_excluded(item) => Mark::Withdraw,
        (true, _) => Mark::Delete,
        (false, false) => Mark::Add,
        (false, true) if sent.proven_digest == *digest => Mark::Record,
        (false, true) => Mark::Document,
    }
}

/// The change mark of a part: a purge brings a document whole, or as what the replica is proven to hold by then.
pub fn mark_of_part(item: &Item, sent: &RouteItem, digest: &Digest) -> Mark {
    mark_of(item, &RouteItem { purge: None, ..sent.clone() }, digest)
}

/// What an item replaces at the replica, if that is proven and older.
pub fn replaced_by(item: &Item, sent: &RouteItem) -> Option<Replaced> {
    let proven = sent.proven_version > 0 && !sent.proven_gone && sent.proven_version < item.version;
    proven.then_some(Replaced { version: sent.proven_version, digest: sent.proven_projected })
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::boxed::Box;
    use alloc::string::String;
    use alloc::vec;
    use wire::id::Bytes;
    use wire::record::{ArchiveAdded, FileStat, Record, RouteAdded};
    use wire::{RouteId, ZoneId};

    use crate::source::{Besides, PartState, Parts, Source};

    /// Id, version, gone, version packed, version proven, proven gone.
    type Told<'a> = (&'a str, u64, bool, u64, u64, bool);

    /// An archive with these items, and a route.
    fn world(items: &[Told<'_>]) -> (Archive, Route) {
        let mut source = Source::default();
        source.fold(0, &Record::ArchiveAdded(ArchiveAdded { archive: "a".into(), root: Bytes(vec![b'/']) }));
        let added = RouteAdded { route: "r".into(), route_id: RouteId([0; 16]), archive: "a".into(), replica: ZoneId([0; 32]) };
        source.fold(0, &Record::RouteAdded(added));
        let (mut archive, mut route) = (source.archives["a"].clone(), source.routes["r"].clone());
        for (number, (id, version, gone, packed_version, proven_version, proven_gone)) in (0u32..).zip(items) {
            let id = ItemId(id.as_bytes().to_vec());
            let stat = FileStat { size: 100, ..FileStat::default() };
            archive.items.push(Item {
                id,
                version: *version,
                stat,
                gone: *gone,
                digest: None,
                content_since: 0,
                young: false,
                rotten: false,
                captured_at: 0,
                shape: wire::record::Shape::Unknown,
                read_at: 0,
                rid: 0,
                besides: Besides::default(),
                described: false,
            });
            archive.order.insert(&archive.items, number);
            let (packed_version, proven_version, proven_gone) = (*packed_version, *proven_version, *proven_gone);
            route.items.push(RouteItem { packed_version, proven_version, proven_gone, ..RouteItem::default() });
        }
        (archive, route)
    }

    #[test]
    fn deletions_that_make_room() {
        let cases: [(&str, &[Told<'_>], &[u32]); 7] = [
            ("a folder becomes a file", &[("a", 1, false, 0, 0, false), ("a/x", 2, true, 1, 1, false), ("a/y/z", 2, true, 1, 1, false)], &[1, 2]),
            ("a file becomes a folder", &[("a/x/y", 1, false, 0, 0, false), ("a", 2, true, 1, 1, false)], &[1]),
            ("folder, file, folder, the file never proven", &[("a/x", 3, false, 1, 1, false), ("a", 2, true, 1, 0, false)], &[1]),
            ("the deletion is proven", &[("a", 1, false, 0, 0, false), ("a/x", 2, true, 2, 2, true)], &[]),
            ("what is deleted was never packed", &[("a", 1, false, 0, 0, false), ("a/x", 2, true, 0, 0, false)], &[]),
            ("names that only begin alike", &[("a", 1, false, 0, 0, false), ("a.x", 2, true, 1, 1, false), ("aa/x", 2, true, 1, 1, false)], &[]),
            ("a deletion needs none", &[("a", 2, true, 1, 1, false), ("a/x", 2, true, 1, 1, false)], &[]),
        ];
        for (what, items, expected) in cases {
            let (archive, route) = world(items);
            assert_eq!(must_share(&archive, &route, 0), expected, "{what}");
        }
    }

    #[test]
    fn the_next_part() {
        let (archive, mut route) = world(&[("a", 2, false, 2, 0, false)]);
        let part = |offset, length, sequence, held| PartState { offset, length, sequence, held };
        let due = |sequence: u64| sequence == 1;
        let on_medium = BTreeSet::from([(0, 2, 40)]);
        let nothing = BTreeSet::new();
        for (what, version, list, holds, expected) in [
            ("nothing was sent", 1, vec![part(0, 100, 9, true)], &nothing, Some((0, 100))),
            ("the gap before what is due", 2, vec![part(0, 40, 1, false), part(60, 40, 9, false)], &nothing, Some((40, 20))),
            ("the rest", 2, vec![part(0, 40, 9, false)], &nothing, Some((40, 60))),
            ("all on its way", 2, vec![part(0, 100, 9, false)], &nothing, None),
            ("what is due", 2, vec![part(0, 40, 9, false), part(40, 60, 1, false)], &nothing, Some((40, 60))),
            ("what is due and held by the replica", 2, vec![part(0, 40, 9, false), part(40, 60, 1, true)], &nothing, None),
            ("what is due and on this medium", 2, vec![part(0, 40, 9, false), part(40, 60, 1, false)], &on_medium, None),
        ] {
            route.items.change(0).parts = Some(Box::new(Parts { version, list }));
            assert_eq!(next_part(&archive.items[0], &route.item(0), holds, 0, &due), expected, "{}", String::from(what));
        }
    }
}

#[cfg(test)]
#[path = "select_test.rs"]
mod order_tests;
