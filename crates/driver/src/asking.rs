//! Inventories on the source: where a route begins anew, the replica is asked what it holds, span after span, before content
//! travels. Each document is read once for its digests; none of its bytes are packed.

use engine::inventory::{self, Entry};
use engine::source::Archive;
use rayon::prelude::*;
use seal::envelope::Sealing;
use wire::manifest::{Mark, Span};
use wire::record::{Carried, PackBegun, Packed, PackedRow};
use wire::{Digest, digest};

use crate::home::Home;
use crate::packing::{Begun, Filling, Target, new_sealing, refusal, source_route, write};
use crate::planning::{self, CarrierRoom};
use crate::progress::Stage;
use crate::projecting::{Projector, READ_TOGETHER};
use crate::reader::{AtReplica, DocumentRead, NotRead, Proven, Reader};
use crate::report::{Failure, PackReport, PackageReport};
use crate::rows::{MANIFEST_BYTES, PACKAGE_ITEMS, Packing, Rows, row_without_content};

/// Beside an id in the list of what is not claimed, bytes.
const UNCLAIMED_BYTES: u64 = 16;

/// The spans that a carrier asks for already, of a route that begins anew: what lies on it was looked at before. None over a gateway, where
/// nothing is asked for twice before it is due.
fn asked_by(home: &Home, name: &str, target: &Target<'_>) -> Result<Option<Vec<Span>>, Failure> {
    let route = source_route(home, name)?;
    if target.carried == Carried::Gateway || route.asking.is_empty() {
        return Ok(None);
    }
    let mut spans = Vec::new();
    for (sequence, _) in route.packages.iter().filter(|(_, package)| package.carried == target.carried && !package.lost) {
        spans.extend(home.packed(name, *sequence)?.and_then(|packed| packed.inventory));
    }
    Ok(Some(spans))
}

/// Asks for everything that is to be asked for; false when the carrier has no room for more.
pub fn ask(home: &mut Home, name: &str, target: &Target<'_>, report: &mut PackReport) -> Result<bool, Failure> {
    let first = source_route(home, name)?.next_sequence;
    let asked = asked_by(home, name, target)?;
    let is_here = |span: &Span| asked.as_ref().is_none_or(|spans| spans.contains(span));
    loop {
        let route = source_route(home, name)?;
        let archive = &home.source().archives[&route.archive];
        let (now, deadline) = (home.world.now_seconds(), crate::terms::deadline(home, name));
        let Some((span, entries)) = inventory::next(archive, route, first, now, deadline, &is_here) else {
            return Ok(true);
        };
        let begun = Begun::new(home, name)?;
        let room = planning::room(home, name, target)?.room;
        let claimed = entries.iter().filter(|entry| entry.claimed);
        let bytes = claimed.clone().map(|entry| planning::size_of(&archive.items[entry.item as usize])).sum();
        home.world.progress.begin(Stage::Pack, Some(claimed.count() as u64), Some(bytes));
        let packed = write(home, name, target, &begun, &Filling::Inventory { span: &span, entries: &entries, room });
        home.world.progress.end();
        let one = match packed {
            Err(failure) if failure.0.code == "MED-04" => {
                report.problems.push(failure.0);
                return Ok(false);
            }
            other => other?,
        };
        for (number, reason) in one.refused {
            report.problems.extend(refusal(home, name, number, reason)?);
        }
        let Some((packed, _)) = one.packed else {
            planning::report_waiting(report, name, 1, 0);
            return Ok(false);
        };
        report.packages.push(packed);
    }
}

/// What `ask` would write, and whether there would be room for more behind it. Nothing is read or recorded: each span is taken as
/// asked for in a copy of what the ledger says.
pub fn foresee(home: &Home, name: &str, target: &Target<'_>, report: &mut PackReport) -> Result<bool, Failure> {
    let mut source = home.source().clone();
    let sealing = new_sealing(home, name)?;
    let CarrierRoom { room, all_bytes, .. } = planning::room(home, name, target)?;
    let first = source_route(home, name)?.next_sequence;
    let asked = asked_by(home, name, target)?;
    let is_here = |span: &Span| asked.as_ref().is_none_or(|spans| spans.contains(span));
    loop {
        let route = &source.routes[name];
        let archive = &source.archives[&route.archive];
        let (now, deadline) = (home.world.now_seconds(), crate::terms::deadline(home, name));
        let Some((span, entries)) = inventory::next(archive, route, first, now, deadline, &is_here) else {
            return Ok(true);
        };
        let written: u64 = report.packages.iter().map(|package| package.file_bytes).sum();
        let room_bytes = room.file_bytes.min(all_bytes.saturating_sub(written));
        let Some((span, entries)) = cut(home, name, &sealing, room_bytes, span, entries) else {
            planning::report_waiting(report, name, 1, 0);
            return Ok(false);
        };
        let claimed: Vec<u32> = entries.iter().filter(|entry| entry.claimed).map(|entry| entry.item).collect();
        let document_bytes = claimed.iter().map(|number| planning::size_of(&archive.items[*number as usize])).sum();
        let rows = claimed.iter().map(|number| row_of(archive, *number)).collect();
        let (sequence, items) = (route.next_sequence, claimed.len() as u64);
        report.packages.push(PackageReport {
            route: name.into(),
            sequence: 0,
            package: String::new(),
            items,
            removals: 0,
            document_bytes,
            file_bytes: sealing.file_bytes(0, body_bytes(archive, &entries).body_bytes),
            acknowledgement: false,
            inventory: true,
        });
        let (route, package) = (name.to_owned(), sealing.id());
        source.fold(home.world.now_seconds(), &PackBegun { route: route.clone(), sequence, package }.into());
        let asked = Packed {
            route,
            sequence,
            package,
            carried: target.carried,
            file_digest: Digest::ZERO,
            file_bytes: 0,
            document_bytes: 0,
            acknowledges: 0,
            full_receipt: false,
            inventory: Some(span),
            rows,
            chunks: Vec::new(),
        };
        source.fold(home.world.now_seconds(), &asked.into());
    }
}

/// A row that asks for an item as it is now.
fn row_of(archive: &Archive, item: u32) -> PackedRow {
    row_without_content(item, archive.items[item as usize].version, Mark::Record)
}

/// What one id of an inventory adds to its body.
fn row(archive: &Archive, entry: &Entry) -> Rows {
    let id_bytes = archive.items[entry.item as usize].id.0.len();
    if entry.claimed { Rows::one(id_bytes, 40) } else { Rows { items: 1, body_bytes: id_bytes as u64 + UNCLAIMED_BYTES } }
}

/// What the body of an inventory over these takes at most.
fn body_bytes(archive: &Archive, entries: &[Entry]) -> Rows {
    entries.iter().fold(Rows { items: 0, body_bytes: MANIFEST_BYTES }, |rows, entry| rows + row(archive, entry))
}

/// Whether an inventory over these is one package, and the carrier has room for it.
fn fits(rows: Rows, sealing: &Sealing, room_bytes: u64) -> bool {
    rows.items <= PACKAGE_ITEMS && rows.fit_a_package() && sealing.file_bytes(0, rows.body_bytes) <= room_bytes
}

/// As much of a span as one package and the room on the carrier take, as far as nothing is read; none when not one item does.
fn cut(home: &Home, name: &str, sealing: &Sealing, room_bytes: u64, span: Span, entries: Vec<Entry>) -> Option<(Span, Vec<Entry>)> {
    let archive = &home.source().archives[&home.source().routes[name].archive];
    let mut rows = Rows { items: 0, body_bytes: MANIFEST_BYTES };
    let fit = entries.iter().take_while(|entry| {
        rows = rows + row(archive, entry);
        fits(rows, sealing, room_bytes)
    });
    let fit = fit.count();
    if fit == entries.len() {
        return (sealing.file_bytes(0, rows.body_bytes) <= room_bytes).then_some((span, entries));
    }
    let last = entries[..fit].last()?;
    let up_to = Some(archive.items[last.item as usize].id.clone());
    Some((Span { up_to, ..span }, entries[..fit].to_vec()))
}

/// Reads what is to be claimed, on all cores, until a package is full, and gives how far it came; none where there is no room for one
/// item. What cannot be read is named without a claim, where the route may name it. Of what the route does not carry not even the name
/// leaves, also not as the end of a span.
pub fn claims(home: &Home, name: &str, begun: &Begun, span: &Span, entries: &[Entry], room_bytes: u64) -> Result<Option<(Packing, Span)>, Failure> {
    let (world, route) = (&home.world, source_route(home, name)?);
    let archive = &home.source().archives[&route.archive];
    let root = world.disk.root(&home.config.archives[&route.archive].root).map_err(|error| Failure::new("SRC-01", &route.archive, error.to_string()))?;
    let replica = AtReplica { proven: Proven::of(route), removes: true };
    let possession_key = digest::possession_key(&begun.nonce, &begun.sealing.id());
    let chunk_list = |_: &Digest| None;
    let projector = Projector::of(home, name)?;
    let reader = Reader { world, archive, root: &root, route, replica: &replica, possession_key, chunk_list: &chunk_list, projector: projector.as_ref() };
    let mut packing = Packing::new(entries.len().min(PACKAGE_ITEMS));
    let (mut rows, mut last) = (Rows { items: 0, body_bytes: MANIFEST_BYTES }, None);
    for some in entries.chunks(READ_TOGETHER) {
        let read: Vec<Option<Result<DocumentRead, NotRead>>> = some
            .par_iter()
            .map_init(capture::read::Parents::default, |parents, entry| {
                entry.claimed.then(|| {
                    let read = reader.read_digests(entry.item, parents);
                    world.progress.advance(1, planning::size_of(reader.item(entry.item)));
                    read
                })
            })
            .collect();
        for (entry, read) in some.iter().zip(read) {
            let claimed = matches!(read, Some(Ok(_)));
            let may_name = || !matches!(read, Some(Err(NotRead::Excluded))) && route.may_name(&route.item(entry.item));
            if claimed || may_name() {
                let with = rows + row(archive, &Entry { claimed, ..*entry });
                if !fits(with, &begun.sealing, room_bytes) {
                    let up_to = last.map(|number| reader.item(number).id.clone());
                    return Ok(up_to.map(|up_to| (packing, Span { up_to: Some(up_to), ..span.clone() })));
                }
                (rows, last) = (with, Some(entry.item));
                if !claimed {
                    packing.unclaimed.push(reader.item(entry.item).id.clone());
                }
            }
            match read {
                Some(Ok(document)) => packing.push_claim(&reader, document),
                Some(Err(reason)) => packing.refused.push((entry.item, reason)),
                None => {}
            }
        }
    }
    Ok(fits(rows, &begun.sealing, room_bytes).then(|| (packing, span.clone())))
}

#[cfg(test)]
#[path = "asking_test.rs"]
mod tests;
