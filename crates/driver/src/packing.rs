//! Packing for a medium or a gateway: what it holds already, the breaker, the selection, and package after package until
//! nothing is left or nothing fits.

use carrier::{Carrier, Medium, OpenTrouble, WriteFailure};
use engine::inventory::Entry;
use engine::select::Selected;
use engine::standing;
use seal::envelope::{SealEntropy, Sealing};
use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use wire::card::Role;
use wire::header::Kind;
use wire::limits::PREVIOUS_MAX;
use wire::manifest::{FLAG_FULL_RECEIPT, Inventory, Manifest, Span};
use wire::record::{Captured, Carried, ChunkList, Lost, PackBegun, Packed, Rotten};
use wire::{MediumId, PackageId, digest, planted};
use zeroize::Zeroizing;

use crate::frame_writer::{FrameWriter, carrier_failure};
use crate::home::{Access, Home};
use crate::key_notice;
use crate::medium;
use crate::packer::{Packer, Room, sink_of};
use crate::planning::{self, CarrierRoom, Holds, Unmade, check_held, selected};
use crate::progress::Stage;
use crate::projecting::{self, Prepared, Projector};
use crate::reader::{AtReplica, NotRead, Reader};
use crate::records::waiting::KeptBack;
use crate::report::{Failure, PackReport, PackageReport, Problem, Waiting};
use crate::rows::{PackedItem, Packing};
use crate::units::{leave, mark_transactions, take_out, units_of};
use crate::urgent::Urgent;
use crate::world::World;

/// What `pack` is asked for.
#[derive(Clone, Debug, Default)]
pub struct PackOptions {
    /// The medium.
    pub to: PathBuf,
    /// Only these routes; all that have no gateway if empty.
    pub routes: Vec<String>,
    /// Only items that match one of these patterns.
    pub items: Vec<String>,
    /// Only records of these kinds, with their documents.
    pub kinds: Vec<String>,
    /// Only records for which this condition holds (spec/template.md), with their documents.
    pub condition: Option<String>,
    /// Bound for everything in the medium's folder, bytes.
    pub medium_size: Option<u64>,
    /// Shows what would be packed.
    pub dry_run: bool,
}

impl PackOptions {
    /// Whether a person picks what is to travel.
    pub fn picks(&self) -> bool {
        !self.items.is_empty() || !self.kinds.is_empty() || self.condition.is_some()
    }
}

/// Where packages go.
pub struct Target<'a> {
    /// The folder.
    pub carrier: &'a dyn Carrier,
    /// As the ledger names it.
    pub carried: Carried,
    /// Bound for everything in the folder.
    pub size: Option<u64>,
}

/// `pack`.
pub fn pack(world: &World, path: &Path, options: &PackOptions) -> Result<PackReport, Failure> {
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Source, "pack")?;
    let routes = routes_for(&home, &options.routes)?;
    crate::setup::overlap::medium_apart(&home, &options.to)?;
    let medium = open_medium(world, options)?;
    // A medium that is refused changes nothing, so its label comes first.
    let id = medium::identify(&mut home, &*medium, &options.routes, !options.dry_run)?;
    let captured = crate::capturing::all(&mut home, false)?;
    let target = Target { carrier: &*medium, carried: Carried::Medium(id), size: options.medium_size };
    let report = run(&mut home, &target, &routes, options, captured)?;
    let written = report.packages.len();
    home.close("", &format!("{written} packages"))?;
    Ok(report)
}

/// The folder on the medium; a dry run makes none.
fn open_medium(world: &World, options: &PackOptions) -> Result<Box<dyn Carrier>, Failure> {
    match Medium::open(&world.disk, &options.to, !options.dry_run) {
        Ok(medium) => Ok(Box::new(medium)),
        Err(failure) if options.dry_run && failure.trouble == OpenTrouble::NoFolder => Unmade::at(world, &options.to),
        Err(failure) => Err(Failure::new(failure.code(), options.to.display().to_string(), failure.to_string())),
    }
}

/// The routes that are meant: those named, else all that have no gateway.
pub fn routes_for(home: &Home, wanted: &[String]) -> Result<Vec<String>, Failure> {
    for name in wanted {
        if !home.config.routes.contains_key(name) {
            return Err(Failure::new("USE-01", name, "no route of this name"));
        }
    }
    let all = home.config.routes.iter().filter(|(name, route)| if wanted.is_empty() { !route.has_gateway() } else { wanted.contains(name) });
    Ok(all.map(|(name, _)| name.clone()).collect())
}

/// Packs these routes onto a target. The caller has captured.
pub fn run(
    home: &mut Home,
    target: &Target<'_>,
    routes: &[String],
    options: &PackOptions,
    captured: crate::report::CaptureReport,
) -> Result<PackReport, Failure> {
    let mut held = Vec::new();
    for route in routes {
        held.push(check_held(home, route, target, options.dry_run)?);
    }
    let is_away = |problem: &&Problem| matches!(problem.code, "SRC-01" | "SRC-02" | "SRC-10") && !planted::is("packs-from-another-root");
    let unsafe_archives: Vec<String> = captured.problems.iter().filter(is_away).map(|problem| problem.subject.clone()).collect();
    let mut report = PackReport { captured, dry_run: options.dry_run, ..PackReport::default() };
    if !options.dry_run {
        crate::parity::sweep(home, &mut report.problems);
    }
    for (name, holds) in routes.iter().zip(held) {
        if home.config.routes[name].archive.as_ref().is_some_and(|archive| unsafe_archives.contains(archive)) {
            continue;
        }
        if let Some(problem) = hidden(home, name, &report.captured) {
            report.problems.push(problem);
            continue;
        }
        report.problems.extend(crate::region::difference(home, name));
        if !options.dry_run {
            projecting::rejudge(home, name)?;
        }
        if let Some(problem) = crate::weighing::stopped(home, name, options.dry_run)? {
            report.problems.push(problem);
            continue;
        }
        let packed = if options.dry_run {
            planning::plan(home, name, target, options, &holds, &mut report)
        } else {
            route(home, name, target, options, holds, &mut report)
        };
        match packed {
            // Whoever is to read this route has keys that nobody believes any more; that is no trouble of the others.
            Err(failure) if failure.0.code == "KEY-01" => report.problems.push(failure.0),
            other => other?,
        }
    }
    Ok(report)
}

/// A route that begins anew asks for nothing while part of its archive cannot be looked into: what an inventory does not name is removed.
fn hidden(home: &Home, name: &str, captured: &crate::report::CaptureReport) -> Option<Problem> {
    let route = home.source().routes.get(name).filter(|route| !route.asking.is_empty())?;
    captured.archives.iter().find(|archive| archive.archive == route.archive && archive.hidden)?;
    let detail = "it begins anew, and waits until all of its archive can be read: its replica would be told that the rest is gone";
    Some(Problem { code: "SRC-05", subject: name.into(), detail: detail.into() })
}

pub fn source_route<'h>(home: &'h Home, name: &str) -> Result<&'h engine::source::Route, Failure> {
    home.source().routes.get(name).ok_or_else(|| Failure::new("HOM-03", name, "the route is configured but not in the ledger; add it with `route add`"))
}

/// A package that was recorded and did not get its final name in the gateway folder was never sent: it counts as lost.
pub fn never_published(home: &mut Home, name: &str, target: &Target<'_>) -> Result<(), Failure> {
    let failed = |error: std::io::Error| Failure::io("gateway", &error);
    for file in target.carrier.list().map_err(failed)?.incomplete {
        let Some(ours) = carrier::Ours::read(file.as_bytes()).filter(|ours| ours.kind == carrier::Kind::Package) else { continue };
        let id = ours.id;
        let route = source_route(home, name)?;
        let sequence = route.packages.iter().find(|(_, package)| package.package == id && !package.lost).map(|(sequence, _)| *sequence);
        if let Some(sequence) = sequence {
            home.record(Lost { route: name.into(), sequence, damaged: false })?;
            home.commit()?;
        }
        target.carrier.remove(&file).map_err(failed)?;
    }
    Ok(())
}

/// Packs one route until nothing is left or nothing fits.
fn route(home: &mut Home, name: &str, target: &Target<'_>, options: &PackOptions, mut holds: Holds, report: &mut PackReport) -> Result<(), Failure> {
    // What could not be read stays with all that travels with it, until somebody packs again.
    let mut unread: Vec<u32> = Vec::new();
    let before = report.packages.len();
    if !options.picks() && !crate::asking::ask(home, name, target, report)? {
        return Ok(());
    }
    let (mut planned, mut anew, mut replica) = (Vec::new(), true, AtReplica::default());
    let mut prepared = Projector::of(home, name)?.map(|projector| projector.prepared());
    let urgent = projecting::judged_ahead(home, name, Urgent::of(home, name)?)?;
    loop {
        // What was planned goes on from package to package; only when it is through is looked for more.
        if anew || planned.is_empty() {
            drop(replica);
            let (going, units) = selected(home, name, target, options, &holds, &urgent.items, prepared.as_ref(), None)?;
            planned = going;
            // What was packed since joins what was apart: all that goes by this plan goes by the same units.
            if let (Some(prepared), Some(units)) = (&mut prepared, units.filter(|_| !planted::is("units-of-the-start"))) {
                prepared.units = Arc::new(units);
            }
            leave(home, name, prepared.as_ref(), &unread, &mut planned)?;
            replica = AtReplica::of(&home.source().archives[&source_route(home, name)?.archive], source_route(home, name)?);
            anew = false;
        }
        if planned.is_empty() {
            break;
        }
        let bytes = planning::bytes_of(home, name, &planned);
        home.world.progress.begin(Stage::Pack, Some(planned.len() as u64), Some(bytes));
        // What must not wait is whole on the carrier before anything else is begun, where not all of it fits one package.
        let first = planned.iter().take_while(|selected| urgent.items.contains(&selected.item)).count();
        let apart = first > 0 && first < planned.len() && bytes > planning::room(home, name, target)?.room.file_bytes;
        let now = if apart { &planned[..first] } else { &planned[..] };
        let packed = package(home, name, target, now, &holds, prepared.as_ref(), &replica);
        home.world.progress.end();
        let one = match packed {
            // It filled up under our hands: what was being written is gone from it, what was finished stays.
            Err(failure) if failure.0.code == "MED-04" => {
                let waiting = Waiting { route: name.into(), items: planned.len() as u64, bytes };
                report.problems.push(failure.0);
                report.waiting.push(waiting);
                return Ok(());
            }
            other => other?,
        };
        let judged = projecting::judged(home, name, &one.refused)?;
        // Where all that would have filled the package stays behind, there is room for what comes after.
        let stays = !one.refused.is_empty();
        take_out(&mut planned, one.refused.iter().map(|(number, _)| *number));
        unread.extend(one.refused.iter().filter(|(_, reason)| reason.holds_others()).map(|(number, _)| *number));
        leave(home, name, prepared.as_ref(), &unread, &mut planned)?;
        for (number, reason) in one.refused {
            report.problems.extend(refusal(home, name, number, reason)?);
        }
        if judged {
            // What left the selection is to be withdrawn now; that may be more than the route allows.
            if let Some(problem) = crate::weighing::stopped(home, name, false)? {
                report.problems.push(problem);
                if let Some((packed, _)) = one.packed {
                    report.packages.push(packed);
                }
                return Ok(());
            }
            anew = true;
        }
        let Some((packed, rows)) = one.packed else {
            if judged || stays {
                continue;
            }
            planned.retain(|selected| planning::waits(home, name, selected, &holds));
            let bytes = planning::bytes_of(home, name, &planned);
            planning::report_waiting(report, name, planned.len() as u64, bytes);
            break;
        };
        if let Err(failure) = crate::parity::keep_packed(home, name, target.carrier, &packed.package) {
            // The package is written; only parity for it cannot be made.
            report.problems.push(failure.0);
        }
        replica.removes |= packed.removals > 0;
        report.packages.push(packed);
        report.urgent += rows.iter().filter(|(item, ..)| urgent.records.contains(item)).count() as u64;
        take_out(&mut planned, rows.iter().map(|(item, ..)| *item));
        planned.shrink_to_fit();
        for (item, version, part) in rows {
            anew |= part.is_some();
            match part {
                Some(offset) => holds.parts.insert((item, version, offset)),
                None => holds.items.insert(item, version),
            };
        }
    }
    report.problems.extend(KeptBack::problem(home, name)?);
    // A receipt was taken in that no package acknowledges yet.
    if report.packages.len() == before && planning::acknowledges(home, name, source_route(home, name)?, &holds) {
        without_items(home, name, target, &holds, report)?;
    }
    Ok(())
}

pub fn refusal(home: &mut Home, name: &str, number: u32, reason: NotRead) -> Result<Option<Problem>, Failure> {
    let archive = home.source().routes[name].archive.clone();
    let Some((code, detail)) = reason.told() else { return Ok(None) };
    if matches!(reason, NotRead::Rotten) {
        home.record(Rotten { archive: archive.clone(), items: vec![number] })?;
        home.commit()?;
    }
    let subject = home.source().archives[&archive].items[number as usize].id.to_string();
    Ok(Some(Problem { code, subject, detail }))
}

/// Writes a package without items. In a gateway folder it takes the place of earlier ones that nobody took out.
pub fn without_items(home: &mut Home, name: &str, target: &Target<'_>, holds: &Holds, report: &mut PackReport) -> Result<(), Failure> {
    let one = package(home, name, target, &[], holds, None, &AtReplica::default())?;
    let Some((packed, _)) = one.packed else { return Ok(()) };
    if target.carried == Carried::Gateway {
        for held in target.carrier.list().map_err(|error| Failure::io("gateway", &error))?.packages {
            let says_nothing = |earlier: &Packed| earlier.rows.is_empty() && earlier.inventory.is_none();
            let superseded = |earlier: &Packed| earlier.route == name && says_nothing(earlier) && earlier.sequence < packed.sequence;
            if home.packed_as(&held.id)?.as_ref().is_some_and(superseded) {
                let _may_be_taken_already = target.carrier.remove(&held.name);
            }
        }
    }
    report.packages.push(packed);
    Ok(())
}

/// Rows of a package for what the carrier holds: item, version, offset of a part.
type HeldRows = Vec<(u32, u64, Option<u64>)>;

/// What came of one package.
pub struct PackedOne {
    /// The package; none when nothing fits.
    pub packed: Option<(PackageReport, HeldRows)>,
    /// Items that could not be packed, and why.
    pub refused: Vec<(u32, NotRead)>,
}

/// A new package for the replica of a route, and for its escrow holder.
pub fn new_sealing(home: &Home, name: &str) -> Result<Sealing, Failure> {
    let (world, config) = (&home.world, &home.config.routes[name]);
    let replica = &source_route(home, name)?.replica;
    let replica = home.recipient(replica)?;
    let mut recipients: Vec<&[u8]> = vec![&replica.seal];
    if let Some(escrow) = &config.escrow {
        recipients.push(&home.recipient(&home.trusted(escrow, Role::Replica)?.id())?.seal);
    }
    let entropy = SealEntropy { id: world.random(), content_key: Zeroizing::new(world.random()), wrap: recipients.iter().map(|_| world.random()).collect() };
    Sealing::new(Kind::Package, &recipients, &entropy).map_err(|rejection| Failure::new(rejection.code(), name, rejection.0.says))
}

/// Writes one package with as much of `planned` as fits; none when nothing does (an empty plan makes an acknowledgement).
fn package(
    home: &mut Home,
    name: &str,
    target: &Target<'_>,
    planned: &[Selected],
    holds: &Holds,
    prepared: Option<&Prepared>,
    replica: &AtReplica,
) -> Result<PackedOne, Failure> {
    let CarrierRoom { room, beside_bytes, .. } = planning::room(home, name, target)?;
    let begun = Begun::new(home, name)?;
    if begun.sealing.file_bytes(0, 4096) > if planned.is_empty() { beside_bytes } else { room.file_bytes } {
        return Ok(PackedOne { packed: None, refused: Vec::new() });
    }
    write(home, name, target, &begun, &Filling::Content { planned, holds, room, prepared, replica })
}

/// What a package is made with.
pub struct Begun {
    /// Its seal.
    pub sealing: Sealing,
    /// Its nonce.
    pub nonce: [u8; 32],
}

impl Begun {
    /// A new package of a route.
    pub fn new(home: &Home, name: &str) -> Result<Self, Failure> {
        Ok(Self { sealing: new_sealing(home, name)?, nonce: home.world.random::<32>() })
    }
}

/// What a package is filled with.
pub enum Filling<'a> {
    /// As much of these items as fits; with none it acknowledges.
    Content {
        /// The items.
        planned: &'a [Selected],
        /// What the carrier holds.
        holds: &'a Holds,
        /// What there is room for.
        room: Room,
        /// What the route makes of records, where they are some.
        prepared: Option<&'a Prepared>,
        /// What the replica is proven to hold.
        replica: &'a AtReplica,
    },
    /// The claims of an inventory.
    Inventory {
        /// The span that it speaks of.
        span: &'a Span,
        /// What lies in it.
        entries: &'a [Entry],
        /// What there is room for.
        room: Room,
    },
}

/// Writes one package onto a carrier: content, then the sequence, manifest, reading back, record, final name.
pub fn write(home: &mut Home, name: &str, target: &Target<'_>, begun: &Begun, filling: &Filling<'_>) -> Result<PackedOne, Failure> {
    let (world, Begun { sealing, nonce }) = (home.world.clone(), begun);
    let file_name = carrier::package_name(&sealing.id());
    let carrier_failed = |failure: WriteFailure| carrier_failure(&file_name, &failure);
    let mut writing = target.carrier.begin(&file_name).map_err(|error| carrier_failed(error.into()))?;
    let frames = FrameWriter::new(sealing, &file_name, sink_of(&mut writing));
    let (mut packing, frames, span) = match filling {
        Filling::Content { planned, holds, room, prepared, replica } => {
            let (packing, frames) = content(home, name, planned, holds, *room, *prepared, replica, sealing, nonce, frames)?;
            let unit = units_of(home, name, *prepared)?;
            // What was written is gone with it; what is whole is packed once more without the rest.
            if packing.items.is_empty() && !planned.is_empty() || packing.is_torn(source_route(home, name)?, &unit) {
                return Ok(PackedOne { packed: None, refused: packing.refused });
            }
            (packing, frames, None)
        }
        Filling::Inventory { span, entries, room } => {
            let Some((packing, span)) = crate::asking::claims(home, name, begun, span, entries, room.file_bytes)? else {
                return Ok(PackedOne { packed: None, refused: Vec::new() });
            };
            // Before its record: what an inventory leaves unclaimed may be at the replica, and is withdrawn by name when it is not carried.
            projecting::judged(home, name, &packing.refused)?;
            (packing, frames, Some(span))
        }
    };
    // Nothing so far names the sequence. What follows does, so it is taken now, for ever.
    let sequence = source_route(home, name)?.next_sequence;
    home.record(PackBegun { route: name.into(), sequence, package: sealing.id() })?;
    if !planted::is("sequence-not-durable") {
        home.commit()?;
    }
    let inventory = span.clone().map(|span| Inventory { span, unclaimed: std::mem::take(&mut packing.unclaimed) });
    if let Filling::Content { prepared: Some(prepared), .. } = filling {
        mark_transactions(home, name, &prepared.units, &mut packing.items)?;
    }
    let (manifest, rows) = manifest_of(home, name, target, &mut packing, *nonce, sequence, inventory);
    manifest.check(packing.layout.stored_bytes).expect("we write manifests that hold to the form");
    let (keys, signer) = home.signer(name);
    let (acknowledges, full_receipt) = (manifest.acknowledged.map_or(0, |witness| witness.ledger.number), manifest.flags & FLAG_FULL_RECEIPT != 0);
    // Each is let go once the next is made of it: of a package of many items each is large.
    let body = packing.encoded(&manifest);
    drop(manifest);
    let ending = sealing.end(packing.layout.stored_bytes, &body, keys, signer);
    drop(body);
    let (frames_digest, header, file_bytes) = frames.finish(&ending)?;
    drop(ending);
    world.progress.begin(Stage::ReadBack, None, Some(file_bytes));
    let proof = writing.prove(&header, &frames_digest, &mut |bytes| world.progress.advance(0, bytes));
    world.progress.end();
    proof.map_err(carrier_failed)?;
    let archive = home.source().routes[name].archive.clone();
    if !packing.recaptured.is_empty() {
        home.record(Captured { archive, root: None, rows: packing.recaptured.clone() })?;
    }
    let held = rows.iter().map(|row| (row.item, row.version, row.part.map(|part| part.offset))).collect();
    let removals = rows.iter().filter(|row| row.removes()).count() as u64;
    let report = PackageReport {
        route: name.into(),
        sequence,
        package: sealing.id().to_string(),
        items: rows.len() as u64,
        removals,
        document_bytes: packing.document_bytes,
        file_bytes,
        acknowledgement: rows.is_empty() && span.is_none(),
        inventory: span.is_some(),
    };
    home.record(Packed {
        route: name.into(),
        sequence,
        package: sealing.id(),
        carried: target.carried,
        file_digest: crate::frame_writer::file_digest(&frames_digest, &header),
        file_bytes,
        document_bytes: packing.document_bytes,
        acknowledges,
        full_receipt,
        inventory: span,
        rows,
        chunks: packing.chunks,
    })?;
    if !planted::is("published-before-its-record") {
        home.commit()?;
    }
    if let Err(failure) = writing.publish() {
        // It did not get its name: nobody takes it, and what it holds travels again.
        if !planted::is("unnamed-package-was-sent") {
            home.record(Lost { route: name.into(), sequence, damaged: false })?;
            home.commit()?;
        }
        return Err(carrier_failed(failure));
    }
    Ok(PackedOne { packed: Some((report, held)), refused: packing.refused })
}

/// Writes the content of a package: as much of `planned` as fits.
#[expect(clippy::too_many_arguments, reason = "everything that one package depends on")]
fn content<'w>(
    home: &Home,
    name: &str,
    planned: &[Selected],
    holds: &Holds,
    room: Room,
    prepared: Option<&Prepared>,
    replica: &AtReplica,
    sealing: &Sealing,
    nonce: &[u8; 32],
    frames: FrameWriter<'w>,
) -> Result<(Packing, FrameWriter<'w>), Failure> {
    let (world, route) = (&home.world, source_route(home, name)?);
    if planned.is_empty() {
        // A sign of life asks nothing of the archive, which may be away.
        return Ok((Packing::new(0), frames));
    }
    let root = world.disk.root(&home.config.archives[&route.archive].root).map_err(|error| Failure::new("SRC-01", &route.archive, error.to_string()))?;
    let projector = prepared.map(|prepared| Projector::with(home, name, prepared)).transpose()?;
    // One record holds the lists of a whole package: it is read once for all of them.
    let lists: Mutex<HashMap<wire::Digest, ChunkList>> = Mutex::default();
    let chunk_list = |digest: &wire::Digest| {
        let mut lists = lists.lock().unwrap_or_else(PoisonError::into_inner);
        if !lists.contains_key(digest) {
            lists.extend(home.chunk_lists(digest).into_iter().map(|list| (list.document, list)));
        }
        lists.get(digest).filter(|list| list.chunker == seal::chunk::CHUNKER).cloned()
    };
    let (now, deadline) = (world.now_seconds(), crate::terms::deadline(home, name));
    let due = |sequence: u64| route.packages.get(&sequence).is_none_or(|package| standing::package_is_due(package, now, deadline));
    let reader = Reader {
        world,
        archive: &home.source().archives[&route.archive],
        root: &root,
        route,
        replica,
        possession_key: digest::possession_key(nonce, &sealing.id()),
        chunk_list: &chunk_list,
        projector: projector.as_ref(),
    };
    let file_bytes = |content: u64, body: u64| sealing.file_bytes(content, body);
    Packer { reader, frames, file_bytes: &file_bytes, room, holds_parts: &holds.parts, due: &due }.run(planned)
}

fn manifest_of(
    home: &Home,
    name: &str,
    target: &Target<'_>,
    packing: &mut Packing,
    nonce: [u8; 32],
    sequence: u64,
    inventory: Option<Inventory>,
) -> (Manifest, Vec<wire::record::PackedRow>) {
    let route = &home.source().routes[name];
    let part = |packed: &PackedItem| packed.row.part.map(|part| part.offset);
    let place = |one: &PackedItem, two: &PackedItem| (!one.item.removes(), &one.item.id, part(one)).cmp(&(!two.item.removes(), &two.item.id, part(two)));
    packing.items.sort_by(place);
    let (items, rows): (Vec<_>, Vec<_>) = std::mem::take(&mut packing.items).into_iter().map(|packed| (packed.item, packed.row)).unzip();
    // What brings nothing asks once, and again after a silence: its answer is acknowledged by another one that brings nothing.
    let by_medium = target.carried != Carried::Gateway;
    let after_silence = (by_medium || route.want_full) && crate::heartbeat::is_due(home, name, by_medium);
    let brings = route.want_full || crate::terms::wants_full_receipts(home, name);
    let asks = after_silence || if rows.is_empty() { route.want_full && !route.asked_full } else { brings };
    let manifest = Manifest {
        route: name.into(),
        route_id: route.route_id,
        source: home.zone_id(),
        replica: route.replica,
        incarnation: home.incarnation(),
        sequence,
        floor: route.floor,
        previous: previous(route, sequence),
        ledger: home.head(),
        acknowledged: route.acknowledgement(),
        agreed: route.breaker.agreement,
        flags: if asks { FLAG_FULL_RECEIPT } else { 0 },
        nonce,
        medium: match target.carried {
            Carried::Medium(medium) => Some(medium),
            Carried::Gateway => None,
        },
        template: route.template.as_ref().map(|template| wire::manifest::Template { id: template.id.clone(), version: template.version }),
        keys: key_notice::notice(home, name, &route.replica),
        inventory,
        bases: std::mem::take(&mut packing.layout.bases),
        blocks: std::mem::take(&mut packing.layout.blocks),
        items,
    };
    (manifest, rows)
}

/// Ids of the packages of the sequences before this one, as far as they belong to this beginning of the route.
fn previous(route: &engine::source::Route, sequence: u64) -> Vec<PackageId> {
    let before = (route.floor + 1..sequence).rev().take(PREVIOUS_MAX);
    before.map_while(|sequence| route.recent.get(&sequence).copied()).collect()
}

/// The id of no medium: what a dry run on an unlabelled one uses.
pub const NO_MEDIUM: MediumId = MediumId::ZERO;

#[cfg(test)]
#[path = "packing_test.rs"]
mod tests;
