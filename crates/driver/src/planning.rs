//! What is to travel on a route with a carrier: what it holds already, what room it has, what is selected; and what `pack`
//! would do with that, for a dry run.

use carrier::{Carrier, Gateway, Listing, Writing};
use engine::select::{self, Because, Held, Selected};
use engine::source::{Archive, Item, Route};
use engine::standing;
use rayon::prelude::*;
use seal::envelope::Sealing;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;
use std::sync::Arc;
use store::disk::{File, Space};
use wire::PackageId;
use wire::planted;
use wire::record::{Carried, Lost};

use crate::foreseeing::{Foreseen, foreseen};
use crate::home::Home;
use crate::medium;
use crate::packer::{BLOCK_BYTES_MIN, Room};
use crate::packing::{PackOptions, Target, never_published, new_sealing, source_route};
use crate::progress::Stage;
use crate::projecting::Prepared;
use crate::reader::AtReplica;
use crate::records::waiting::KeptBack;
use crate::records::{Grouping, Recognising};
use crate::report::{Failure, LISTED_MAX, PackReport, PackageReport, PlannedItem, Problem, Waiting};
use crate::rows::{MANIFEST_BYTES, Rows, block_table_bytes};
use crate::units::{self, Units};
use crate::urgent::Urgent;
use crate::world::World;

/// Room left for receipts on a medium, bytes, beside a share of its size.
const RECEIPT_ROOM_BYTES: u64 = 64 << 10;

/// What a carrier validly holds of a route.
#[derive(Default)]
pub struct Holds {
    /// Items and versions.
    pub items: Held,
    /// Parts: items, versions and offsets.
    pub parts: BTreeSet<(u32, u64, u64)>,
    /// How much an acknowledgement among them tells the replica.
    acknowledges: u64,
    /// Dry run: packages that count as lost, by sequence; otherwise they are recorded.
    lost: Vec<u64>,
}

/// What the target validly holds of a route; packages of ours that should be there and are missing or damaged count as lost
/// from now on, and so do those that the replica passed over: they lie there in vain.
pub fn check_held(home: &mut Home, name: &str, target: &Target<'_>, dry_run: bool) -> Result<Holds, Failure> {
    let mut holds = Holds::default();
    if target.carried == Carried::Gateway {
        if !dry_run {
            never_published(home, name, target)?;
        }
        return Ok(holds);
    }
    let listing = target.carrier.list().map_err(|error| Failure::io("medium", &error))?;
    let route = source_route(home, name)?;
    let here: Vec<(u64, engine::source::Package)> = route
        .packages
        .iter()
        .filter(|(_, package)| package.carried == target.carried && !package.lost)
        .map(|(sequence, package)| (*sequence, package.clone()))
        .collect();
    let world = home.world.clone();
    world.progress.begin(Stage::Check, Some(here.len() as u64), Some(here.iter().map(|(_, package)| package.file_bytes).sum()));
    for (sequence, package) in here {
        let name_on_medium = carrier::package_name(&package.package);
        let there = listing.packages.iter().any(|held| held.name == name_on_medium);
        let overtaken = there && standing::is_overtaken(&package) && !planted::is("overtaken-left-lying");
        let valid = there && !overtaken && medium::is_intact(target.carrier, &name_on_medium, &package, &*world.progress);
        if valid {
            let Some(packed) = home.packed(name, sequence)? else { continue };
            // Another projection of the same version is not what is to be there, nor one that purges nothing where it is to be purged.
            let sent = source_route(home, name)?;
            let newest = |row: &wire::record::PackedRow| {
                let item = sent.item(row.item);
                item.again.is_none() && (!item.is_purging() || planted::is("held-version-purges")) || item.packed_sequence == sequence
            };
            for row in packed.rows.iter().filter(|row| newest(row)) {
                match row.part {
                    Some(part) => holds.parts.insert((row.item, row.version, part.offset)),
                    None => holds.items.insert(row.item, row.version),
                };
            }
            holds.acknowledges = holds.acknowledges.max(packed.acknowledges);
        } else if dry_run {
            holds.lost.push(sequence);
        } else {
            let notice = match (there, overtaken) {
                (false, _) => "package-missing",
                (true, true) => "package-overtaken",
                (true, false) => "package-damaged",
            };
            // One that only acknowledged brings nothing that would travel again; it was taken off when a newer receipt came.
            let only_acknowledged = package.items == 0 && home.packed(name, sequence)?.is_some_and(|packed| packed.inventory.is_none());
            if !only_acknowledged || there {
                world.progress.notice(notice, &format!("{name} {sequence}"));
            }
            home.record(Lost { route: name.into(), sequence, damaged: there && !overtaken })?;
            home.commit()?;
            if there {
                let _may_stay = target.carrier.remove(&name_on_medium);
            }
        }
    }
    world.progress.end();
    Ok(holds)
}

/// What is to travel on a route, what is `urgent` first, and what of it travels together; `prepared` says which files belong together,
/// where that is known already. `judged` is the route as it will stand, where that is not how it stands in the ledger.
#[expect(clippy::too_many_arguments, reason = "everything that a selection depends on")]
pub fn selected(
    home: &Home,
    name: &str,
    target: &Target<'_>,
    options: &PackOptions,
    holds: &Holds,
    urgent: &BTreeSet<u32>,
    prepared: Option<&Prepared>,
    judged: Option<&Route>,
) -> Result<(Vec<Selected>, Option<Units>), Failure> {
    let mut route = std::borrow::Cow::Borrowed(judged.map_or_else(|| source_route(home, name), Ok)?);
    for sequence in &holds.lost {
        route.to_mut().packages.entry(*sequence).and_modify(|package| package.lost = true);
    }
    let archive = &home.source().archives[&route.archive];
    let cumulative = target.carried != Carried::Gateway;
    let going = select::Carrier {
        holds: &holds.items,
        holds_parts: &holds.parts,
        urgent,
        cumulative,
        now: home.world.now_seconds(),
        deadline_seconds: crate::terms::deadline(home, name),
    };
    let chosen = crate::choosing::chosen(home, name, archive, options)?;
    let selected = select::select(archive, &route, &going, chosen.as_ref());
    let grouping = match prepared {
        Some(prepared) => Some(prepared.grouping()),
        None => Recognising::of(home.archive_config(&route.archive)?)?.map(|recognising| Arc::new(Grouping::of(archive, &recognising))),
    };
    let Some(grouping) = grouping else { return Ok((selected, None)) };
    let units = Units::of(archive, &route, grouping);
    let waiting = KeptBack::of(home, name, units.grouping())?;
    Ok((units::arrange(archive, &route, &units, &waiting, selected), Some(units)))
}

/// Bytes of the document of an item.
pub fn size_of(item: &Item) -> u64 {
    if item.gone { 0 } else { item.stat.size }
}

/// Bytes of the documents of these items.
pub fn bytes_of(home: &Home, name: &str, planned: &[Selected]) -> u64 {
    let archive = &home.source().archives[&home.source().routes[name].archive];
    planned.par_iter().map(|selected| size_of(&archive.items[selected.item as usize])).sum()
}

/// Room on a carrier.
pub struct CarrierRoom {
    /// For one package.
    pub room: Room,
    /// For all packages together, bytes.
    pub all_bytes: u64,
    /// For one that brings no items, bytes: it may ask for what frees the rest, so half of what is kept for receipts is there for it.
    pub beside_bytes: u64,
}

/// What room there is now.
pub fn room(home: &Home, name: &str, target: &Target<'_>) -> Result<CarrierRoom, Failure> {
    let failed = |error: io::Error| Failure::io("medium", &error);
    let (space, listing) = (target.carrier.space().map_err(failed)?, target.carrier.list().map_err(failed)?);
    let bound = target.size.unwrap_or(u64::MAX);
    let reserve = RECEIPT_ROOM_BYTES + target.size.map_or(0, |size| size / 64);
    // What goes again once it is answered. An acknowledgement is never answered, and what another life or copy of this home has
    // left, nobody takes off: who waited for that room would wait for ever.
    let open = home.source().routes.values().flat_map(|route| route.packages.values());
    let goes: BTreeSet<PackageId> = open.filter(|package| package.items > 0).map(|package| package.package).collect();
    let ours: u64 = listing.packages.iter().filter(|held| goes.contains(&held.id)).map(|held| held.bytes).sum();
    let limit = crate::terms::package_bytes_max(home, name).min(space.file_bytes_max.unwrap_or(u64::MAX));
    let left = space.free.min(bound.saturating_sub(listing.bytes));
    let now = left.saturating_sub(reserve);
    let empty = (space.free + ours).min(bound.saturating_sub(listing.bytes - ours)).saturating_sub(reserve);
    let beside_bytes = left.saturating_sub(if planted::is("no-room-to-ask") { reserve } else { reserve / 2 });
    Ok(CarrierRoom { room: Room { file_bytes: now.min(limit), empty_bytes: empty.min(limit) }, all_bytes: now, beside_bytes })
}

/// Whether a selected item waits for another medium where this one has no room: what is on its way already, and would only go once
/// more, does not.
pub fn waits(home: &Home, name: &str, selected: &Selected, holds: &Holds) -> bool {
    selected.because != Because::Unproven && needs_room(home, name, selected, holds)
}

/// Whether a selected item takes room: parts on their way and not due do not.
fn needs_room(home: &Home, name: &str, selected: &Selected, holds: &Holds) -> bool {
    let route = &home.source().routes[name];
    let (item, sent) = (&home.source().archives[&route.archive].items[selected.item as usize], route.item(selected.item));
    if sent.parts.as_ref().is_none_or(|parts| parts.version != item.version) {
        return true;
    }
    let (now, deadline) = (home.world.now_seconds(), crate::terms::deadline(home, name));
    let due =
        |sequence: u64| holds.lost.contains(&sequence) || route.packages.get(&sequence).is_none_or(|package| standing::package_is_due(package, now, deadline));
    selected.because != Because::Unproven && select::next_part(item, &sent, &holds.parts, selected.item, &due).is_some()
}

/// Whether a receipt was taken in that no package told the replica of, a full one is to be asked for, or there is something to
/// tell of keys.
pub fn acknowledges(home: &Home, name: &str, route: &Route, holds: &Holds) -> bool {
    crate::key_notice::is_due(home, name) || route.to_tell() > route.acknowledged.max(holds.acknowledges) || route.want_full && !route.asked_full
}

/// Says what waits for another medium, if anything does.
pub fn report_waiting(report: &mut PackReport, name: &str, items: u64, bytes: u64) {
    if items > 0 {
        report.problems.push(Problem { code: "MED-04", subject: name.into(), detail: format!("{items} items ({bytes} bytes) wait for another medium") });
        report.waiting.push(Waiting { route: name.into(), items, bytes });
    }
}

/// What packing would bring, as far as the sizes of the documents tell.
struct Estimate<'a> {
    sealing: &'a Sealing,
    room: Room,
    /// For all packages, bytes.
    left_bytes: u64,
    content_bytes: u64,
    rows: Rows,
}

/// What becomes of an item in an estimate.
enum Fate {
    Packed,
    /// A document that no medium takes whole: so many bytes of it.
    InPart(u64),
    Waits,
}

impl Estimate<'_> {
    /// Bytes of the files with so much more.
    fn file_bytes(&self, content_bytes: u64, rows: Rows) -> u64 {
        file_bytes(self.sealing, self.content_bytes + content_bytes, self.rows + rows)
    }

    fn fits(&self, content_bytes: u64, rows: Rows) -> bool {
        self.file_bytes(content_bytes, rows) <= self.left_bytes
    }

    fn take(&mut self, content_bytes: u64, own: Rows, deletions: Rows) -> Fate {
        let rows = own + deletions;
        let fits_empty = |rows: Rows| rows.fit_a_package() && file_bytes(self.sealing, content_bytes, rows) <= self.room.empty_bytes;
        let mut packed_bytes = content_bytes;
        if fits_empty(own) {
            // Where only the deletions that make room for it are too many, they go first.
            if !fits_empty(rows) || !self.fits(content_bytes, rows) {
                return Fate::Waits;
            }
        } else if !self.fits(content_bytes, rows) {
            packed_bytes = self.left_bytes.saturating_sub(self.file_bytes(0, rows));
            while packed_bytes > 0 && !self.fits(packed_bytes, rows) {
                packed_bytes = packed_bytes.saturating_sub(1 << 16);
            }
            if packed_bytes < BLOCK_BYTES_MIN {
                return Fate::Waits;
            }
        }
        self.content_bytes += packed_bytes;
        self.rows = self.rows + rows;
        if packed_bytes < content_bytes { Fate::InPart(packed_bytes) } else { Fate::Packed }
    }
}

fn file_bytes(sealing: &Sealing, content_bytes: u64, rows: Rows) -> u64 {
    sealing.file_bytes(content_bytes, MANIFEST_BYTES + rows.body_bytes + block_table_bytes(content_bytes))
}

/// What is said of business transactions that are never cut and fit no package.
pub fn too_large(count: usize) -> String {
    match count {
        1 => "its transaction is larger than a package".into(),
        count => format!("{count} transactions that share records are larger than a package together"),
    }
}

/// The items of business transactions that would not fit an empty carrier, with how many of these share records.
fn uncut(archive: &Archive, units: &Units, sealing: &Sealing, empty_bytes: u64, planned: &[Selected], bytes_of: &dyn Fn(u32) -> u64) -> BTreeMap<u32, usize> {
    let mut found = BTreeMap::new();
    for unit in planned.chunk_by(|one, two| units.unit(archive, one.item) == units.unit(archive, two.item)) {
        let count = units.transactions(units.unit(archive, unit[0].item));
        let bytes = unit.iter().map(|one| bytes_of(one.item)).sum();
        let rows: Rows = unit.iter().map(|one| Rows::one(archive.items[one.item as usize].id.0.len(), 64)).sum();
        if count > 0 && !(rows.fit_a_package() && file_bytes(sealing, bytes, rows) <= empty_bytes) {
            found.extend(unit.iter().map(|one| (one.item, count)));
        }
    }
    found
}

/// What `pack` would do with a route, as one package however many it would write.
pub fn plan(home: &Home, name: &str, target: &Target<'_>, options: &PackOptions, holds: &Holds, report: &mut PackReport) -> Result<(), Failure> {
    let first = report.packages.len();
    if !options.picks() && !crate::asking::foresee(home, name, target, report)? {
        return Ok(());
    }
    let asks = report.packages.len() > first;
    let sealing = new_sealing(home, name)?;
    let urgent = Urgent::of(home, name)?;
    let Foreseen { route, mut planned, units, bytes, problems } = foreseen(home, name, target, options, holds, &urgent.items)?;
    let archive = &home.source().archives[&route.archive];
    let bytes_of = |number: u32| {
        let item = &archive.items[number as usize];
        if route.item(number).is_gone(item) { 0 } else { bytes.get(&number).copied().unwrap_or(item.stat.size) }
    };
    let replica = AtReplica::of(archive, &route);
    // What travels as it was read last, and is proven to be there, travels by reference.
    let is_there = |number: u32| {
        let (item, sent) = (&archive.items[number as usize], route.item(number));
        let known = item.digest.filter(|_| !item.young && !sent.failed && !sent.resend && bytes_of(number) == item.stat.size);
        known.is_some_and(|digest| replica.proven.holds(&route.items, &digest, item.stat.size))
    };
    report.problems.extend(problems);
    report.problems.extend(KeptBack::problem(home, name)?);
    let CarrierRoom { room, all_bytes, beside_bytes } = room(home, name, target)?;
    let uncut = units.map(|units| uncut(archive, &units, &sealing, room.empty_bytes, &planned, &bytes_of)).unwrap_or_default();
    planned.retain(|selected| !uncut.contains_key(&selected.item));
    let named = |(number, count): (u32, usize)| Problem { code: "SRC-13", subject: archive.items[number as usize].id.to_string(), detail: too_large(count) };
    report.problems.extend(uncut.into_iter().map(named));
    let before: u64 = report.packages.iter().map(|package| package.file_bytes).sum();
    let mut estimate = Estimate { sealing: &sealing, room, left_bytes: all_bytes.saturating_sub(before), content_bytes: 0, rows: Rows::default() };
    let (mut waiting, mut waiting_bytes) = (0, 0);
    let mut package = PackageReport {
        route: name.into(),
        sequence: 0,
        package: String::new(),
        items: 0,
        removals: 0,
        document_bytes: 0,
        file_bytes: 0,
        acknowledgement: false,
        inventory: false,
    };
    for selected in planned.iter().filter(|selected| needs_room(home, name, selected, holds)) {
        let (item, sent) = (&archive.items[selected.item as usize], route.item(selected.item));
        let on_its_way = sent.parts.as_ref().filter(|parts| parts.version == item.version && selected.because != Because::New);
        let sent_bytes: u64 = on_its_way.map_or(0, |parts| parts.list.iter().map(|part| part.length).sum());
        let bytes = if is_there(selected.item) { 0 } else { bytes_of(selected.item).saturating_sub(sent_bytes) };
        let own = Rows::one(item.id.0.len(), 64);
        let deletions = select::must_share(archive, &route, selected.item);
        let deletions = deletions.iter().map(|number| Rows::one(archive.items[*number as usize].id.0.len(), 0)).sum();
        let fate = estimate.take(bytes, own, deletions);
        if matches!(fate, Fate::Waits | Fate::InPart(_)) && waits(home, name, selected, holds) {
            (waiting, waiting_bytes) = (waiting + 1, waiting_bytes + bytes_of(selected.item));
        }
        let bytes = match fate {
            Fate::Packed => bytes,
            Fate::InPart(bytes) => bytes,
            Fate::Waits => continue,
        };
        package.items += 1;
        report.urgent += u64::from(urgent.records.contains(&selected.item));
        package.removals += u64::from(sent.is_gone(item));
        package.document_bytes += bytes;
        if report.planned.len() < LISTED_MAX {
            let mark = select::mark_of(item, &sent, &item.digest.unwrap_or_default()).word();
            let (item, version) = (item.id.clone(), item.version);
            report.planned.push(PlannedItem { route: name.into(), item, mark, version, bytes, because: selected.because.word() });
        }
    }
    let fits_beside = estimate.file_bytes(0, Rows::default()) <= beside_bytes.saturating_sub(before);
    package.acknowledgement = package.items == 0 && !asks && acknowledges(home, name, &route, holds) && fits_beside;
    if package.items > 0 || package.acknowledgement {
        package.file_bytes = estimate.file_bytes(0, Rows::default());
        report.packages.push(package);
    }
    report_waiting(report, name, waiting, waiting_bytes);
    Ok(())
}

/// A medium on which the folder is still to be made: nothing lies there, and a dry run makes nothing.
pub struct Unmade(Gateway);

impl Unmade {
    /// The medium at this path.
    pub fn at(world: &World, path: &Path) -> Result<Box<dyn Carrier>, Failure> {
        let root = Gateway::open(&world.disk, path).map_err(|failure| Failure::new(failure.code(), path.display().to_string(), failure.to_string()))?;
        Ok(Box::new(Self(root)))
    }
}

impl Carrier for Unmade {
    fn list(&self) -> io::Result<Listing> {
        Ok(Listing::default())
    }
    fn open(&self, _: &str) -> io::Result<Box<dyn File>> {
        Err(io::ErrorKind::NotFound.into())
    }
    fn begin(&self, _: &str) -> io::Result<Writing> {
        Err(io::ErrorKind::NotFound.into())
    }
    fn remove(&self, _: &str) -> io::Result<()> {
        Err(io::ErrorKind::NotFound.into())
    }
    fn space(&self) -> io::Result<Space> {
        self.0.space()
    }
}
