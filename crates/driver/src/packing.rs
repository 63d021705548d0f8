//! Packing for a medium or a gateway: what it holds already, the breaker, the selection, and package after package until
//! nothing is left or nothing fits.

use carrier::{Carrier, Medium, WriteFailure};
use engine::breaker::{Allowance, must_stop, weigh_source};
use engine::select::{self, Because, Selected};
use engine::standing;
use seal::envelope::{SealEntropy, Sealing};
use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use wire::card::Role;
use wire::codec;
use wire::header::Kind;
use wire::manifest::{FLAG_FULL_RECEIPT, Manifest};
use wire::record::{BreakerTripped, Captured, Carried, ChunkList, Lost, PackBegun, Packed, Rotten};
use wire::{MediumId, digest};
use zeroize::Zeroizing;

use crate::frame_writer::FrameWriter;
use crate::home::{Access, Home};
use crate::medium;
use crate::packer::{PackedItem, Packer, Packing, Room, sink_of};
use crate::progress::Stage;
use crate::reader::{NotRead, Proven, Reader};
use crate::report::{Failure, LISTED_MAX, PackReport, PackageReport, PlannedItem, Problem, Waiting};
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
    /// Bound for everything in the medium's folder, bytes.
    pub medium_size: Option<u64>,
    /// Shows what would be packed.
    pub dry_run: bool,
}

/// Room left for receipts on a medium, bytes, beside a share of its size.
const RECEIPT_ROOM_BYTES: u64 = 64 << 10;

/// Where packages go.
pub struct Target<'a> {
    /// The folder.
    pub carrier: &'a dyn Carrier,
    /// As the ledger names it.
    pub carried: Carried,
    /// Bound for everything in the folder.
    pub size: Option<u64>,
}

/// What a carrier validly holds of a route.
#[derive(Default)]
struct Holds {
    items: BTreeSet<(u32, u64)>,
    parts: BTreeSet<(u32, u64, u64)>,
    /// An acknowledgement of the newest receipt.
    acknowledges: u64,
}

/// `pack`.
pub fn pack(world: &World, path: &Path, options: &PackOptions) -> Result<PackReport, Failure> {
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Source, "pack")?;
    let routes = routes_for(&home, &options.routes)?;
    outside_archives(&home, &options.to)?;
    let medium = Medium::open(&world.disk, &options.to, !options.dry_run);
    let medium = match (medium, options.dry_run) {
        (Ok(medium), _) => Some(medium),
        (Err(_), true) => None,
        (Err(failure), false) => return Err(Failure::new(failure.code(), options.to.display().to_string(), failure.to_string())),
    };
    // A medium that is refused changes nothing, so its label comes first.
    let id = medium.as_ref().map(|medium| medium::identify(&mut home, medium, !options.dry_run)).transpose()?;
    let captured = crate::capturing::all(&mut home, false)?;
    let mut report = match &medium {
        Some(medium) => {
            let id = id.unwrap_or(NO_MEDIUM);
            let target = Target { carrier: medium, carried: Carried::Medium(id), size: options.medium_size };
            run(&mut home, &target, &routes, options, captured)?
        }
        None => plan_only(&home, &routes, options, captured, &Holds::default())?,
    };
    report.dry_run = options.dry_run;
    let written = report.packages.len();
    home.close("", &format!("{written} packages"))?;
    Ok(report)
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

/// A medium below an archive's root would become part of the archive.
pub fn outside_archives(home: &Home, medium: &Path) -> Result<(), Failure> {
    let medium = std::path::absolute(medium).map_err(|error| Failure::io(medium.display().to_string(), &error))?;
    match home.config.archives.iter().find(|(_, archive)| medium.starts_with(&archive.root)) {
        Some((name, _)) => {
            Err(Failure::new("USE-01", medium.display().to_string(), format!("this folder lies in the archive {name}; a medium is a place of its own")))
        }
        None => Ok(()),
    }
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
    if options.dry_run {
        let holds = held.into_iter().next().unwrap_or_default();
        return plan_only(home, routes, options, captured, &holds);
    }
    let unsafe_archives: Vec<String> =
        captured.problems.iter().filter(|problem| matches!(problem.code, "SRC-01" | "SRC-02")).map(|problem| problem.subject.clone()).collect();
    let mut report = PackReport { captured, ..PackReport::default() };
    for (name, holds) in routes.iter().zip(held) {
        if home.config.routes[name].archive.as_ref().is_some_and(|archive| unsafe_archives.contains(archive)) {
            continue;
        }
        if let Some(problem) = stopped(home, name)? {
            report.problems.push(problem);
            continue;
        }
        route(home, name, target, options, holds, &mut report)?;
    }
    Ok(report)
}

/// Why a route must not go on: a fork, or its breaker, which trips here if it has to.
fn stopped(home: &mut Home, name: &str) -> Result<Option<Problem>, Failure> {
    let route = source_route(home, name)?;
    if let Some((code, seen)) = &route.stopped {
        return Ok(Some(Problem { code: crate::applying::static_code(code), subject: name.into(), detail: seen.clone() }));
    }
    let archive = route.archive.clone();
    let allowance = Allowance { items: home.config.policy.breaker_items, percent: home.config.policy.breaker_percent };
    let weigh = |home: &Home| weigh_source(&home.source().archives[&archive], &home.source().routes[name]);
    let mut weighed = weigh(home);
    if route.breaker.tripped.is_none() && must_stop(&route.breaker, &weighed, &allowance) && !weighed.unread.is_empty() {
        crate::capturing::read_undecided(home, &archive, &weighed.unread)?;
        weighed = weigh(home);
    }
    let breaker = &home.source().routes[name].breaker;
    if !must_stop(breaker, &weighed, &allowance) {
        return Ok(None);
    }
    let allowed = allowance.of(weighed.total);
    let changes = breaker.tripped.unwrap_or(0).max(weighed.changes);
    if breaker.tripped.is_none() {
        home.record(BreakerTripped { route: name.into(), changes: weighed.changes, allowed, package: None })?;
        home.commit()?;
    }
    let detail = format!("{changes} of {} items would change or vanish at once, {allowed} are allowed", weighed.total);
    Ok(Some(Problem { code: "SRC-03", subject: name.into(), detail }))
}

fn source_route<'h>(home: &'h Home, name: &str) -> Result<&'h engine::source::Route, Failure> {
    home.source().routes.get(name).ok_or_else(|| Failure::new("HOM-03", name, "the route is configured but not in the ledger; add it with `route add`"))
}

/// What the target validly holds of a route; packages of ours that should be there and are missing or damaged count as lost
/// from now on.
fn check_held(home: &mut Home, name: &str, target: &Target<'_>, dry_run: bool) -> Result<Holds, Failure> {
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
        let valid = there && medium::is_intact(target.carrier, &name_on_medium, &package, &*world.progress);
        if valid {
            let Some(packed) = home.packed(name, sequence) else { continue };
            for row in packed.rows {
                match row.part {
                    Some(part) => holds.parts.insert((row.item, row.version, part.offset)),
                    None => holds.items.insert((row.item, row.version)),
                };
            }
            holds.acknowledges = holds.acknowledges.max(packed.acknowledges);
        } else if !dry_run {
            world.progress.notice(if there { "package-damaged" } else { "package-missing" }, &format!("{name} {sequence}"));
            home.record(Lost { route: name.into(), sequence, damaged: there })?;
            home.commit()?;
            if there {
                let _may_stay = target.carrier.remove(&name_on_medium);
            }
        }
    }
    world.progress.end();
    Ok(holds)
}

/// A package that was recorded and did not get its final name in the gateway folder was never sent: it counts as lost.
fn never_published(home: &mut Home, name: &str, target: &Target<'_>) -> Result<(), Failure> {
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

/// What is to travel on a route.
fn selected(home: &Home, name: &str, target: Option<&Target<'_>>, options: &PackOptions, holds: &Holds) -> Result<Vec<Selected>, Failure> {
    let route = source_route(home, name)?;
    let archive = &home.source().archives[&route.archive];
    let cumulative = target.is_none_or(|target| target.carried != Carried::Gateway);
    let going = select::Carrier { holds: &holds.items, holds_parts: &holds.parts, cumulative, now: home.world.now_seconds(), deadline_seconds: deadline(home) };
    if options.items.is_empty() {
        return Ok(select::select(archive, route, &going, None));
    }
    let matcher = crate::acts::patterns(&options.items)?;
    let chosen: BTreeSet<u32> = archive.by_id.iter().filter(|(id, _)| matcher.is_match(id)).map(|(_, number)| *number).collect();
    if chosen.is_empty() {
        return Err(Failure::new("USE-01", options.items.join(" "), "no item of this archive matches"));
    }
    Ok(select::select(archive, route, &going, Some(&chosen)))
}

/// Age after which a package counts as lost, s.
pub fn deadline(home: &Home) -> i64 {
    i64::try_from(home.config.policy.deadline_hours.saturating_mul(3600)).unwrap_or(i64::MAX)
}

fn plan_only(home: &Home, routes: &[String], options: &PackOptions, captured: crate::report::CaptureReport, holds: &Holds) -> Result<PackReport, Failure> {
    let mut report = PackReport { captured, ..PackReport::default() };
    for name in routes {
        let route = source_route(home, name)?;
        let archive = &home.source().archives[&route.archive];
        let planned = selected(home, name, None, options, holds)?;
        let size = |selected: &Selected| if archive.items[selected.item as usize].gone { 0 } else { archive.items[selected.item as usize].stat.size };
        let removals = planned.iter().filter(|selected| archive.items[selected.item as usize].gone).count() as u64;
        let bytes = planned.iter().map(size).sum();
        if !planned.is_empty() {
            report.packages.push(PackageReport {
                route: name.clone(),
                sequence: 0,
                package: String::new(),
                items: planned.len() as u64,
                removals,
                document_bytes: bytes,
                file_bytes: bytes,
                acknowledgement: false,
            });
        }
        for selected in planned.iter().take(LISTED_MAX.saturating_sub(report.planned.len())) {
            let item = &archive.items[selected.item as usize];
            let mark = select::mark_of(item, &route.item(selected.item), &item.digest.unwrap_or_default()).word();
            report.planned.push(PlannedItem {
                route: name.clone(),
                item: item.id.clone(),
                mark,
                version: item.version,
                bytes: size(selected),
                because: selected.because.word(),
            });
        }
    }
    Ok(report)
}

fn room(home: &Home, target: &Target<'_>) -> Result<Room, Failure> {
    let failed = |error: std::io::Error| Failure::io("medium", &error);
    let (space, listing) = (target.carrier.space().map_err(failed)?, target.carrier.list().map_err(failed)?);
    let bound = target.size.unwrap_or(u64::MAX);
    let reserve = RECEIPT_ROOM_BYTES + target.size.map_or(0, |size| size / 64);
    let ours: u64 = listing.packages.iter().map(|held| held.bytes).sum();
    let limit = home.config.policy.package_bytes_max.min(space.file_bytes_max.unwrap_or(u64::MAX));
    let now = space.free.min(bound.saturating_sub(listing.bytes)).saturating_sub(reserve);
    let empty = (space.free + ours).min(bound.saturating_sub(listing.bytes - ours)).saturating_sub(reserve);
    Ok(Room { file_bytes: now.min(limit), empty_bytes: empty.min(limit) })
}

/// Packs one route until nothing is left or nothing fits.
fn route(home: &mut Home, name: &str, target: &Target<'_>, options: &PackOptions, mut holds: Holds, report: &mut PackReport) -> Result<(), Failure> {
    let mut skipped: BTreeSet<u32> = BTreeSet::new();
    let before = report.packages.len();
    loop {
        let mut planned = selected(home, name, Some(target), options, &holds)?;
        planned.retain(|selected| !skipped.contains(&selected.item));
        if planned.is_empty() {
            break;
        }
        let archive = &home.source().archives[&source_route(home, name)?.archive];
        let size = |selected: &Selected| if archive.items[selected.item as usize].gone { 0 } else { archive.items[selected.item as usize].stat.size };
        let bytes: u64 = planned.iter().map(size).sum();
        home.world.progress.begin(Stage::Pack, Some(planned.len() as u64), Some(bytes));
        let packed = package(home, name, target, &planned);
        home.world.progress.end();
        let (packed, refused) = match packed {
            // It filled up under our hands: what was being written is gone from it, what was finished stays.
            Err(failure) if failure.0.code == "MED-04" => {
                let waiting = Waiting { route: name.into(), items: planned.len() as u64, bytes };
                report.problems.push(failure.0);
                report.waiting.push(waiting);
                return Ok(());
            }
            other => other?,
        };
        for (number, reason) in refused {
            skipped.insert(number);
            report.problems.extend(refusal(home, name, number, reason)?);
        }
        let Some((packed, rows)) = packed else {
            let archive = &home.source().archives[&source_route(home, name)?.archive];
            let waiting: Vec<&Selected> =
                planned.iter().filter(|selected| !skipped.contains(&selected.item) && needs_room(home, name, selected, &holds)).collect();
            if !waiting.is_empty() {
                let size = |selected: &&Selected| if archive.items[selected.item as usize].gone { 0 } else { archive.items[selected.item as usize].stat.size };
                let waiting = Waiting { route: name.into(), items: waiting.len() as u64, bytes: waiting.iter().map(size).sum() };
                let detail = format!("{} items ({} bytes) wait for another medium", waiting.items, waiting.bytes);
                report.problems.push(Problem { code: "MED-04", subject: name.into(), detail });
                report.waiting.push(waiting);
            }
            break;
        };
        report.packages.push(packed);
        for (item, version, part) in rows {
            match part {
                Some(offset) => holds.parts.insert((item, version, offset)),
                None => holds.items.insert((item, version)),
            };
        }
    }
    if report.packages.len() == before {
        acknowledge(home, name, target, &holds, report)?;
    }
    Ok(())
}

/// Whether a selected item is really waiting for room: parts on their way and not due are not.
fn needs_room(home: &Home, name: &str, selected: &Selected, holds: &Holds) -> bool {
    let route = &home.source().routes[name];
    let (item, sent) = (&home.source().archives[&route.archive].items[selected.item as usize], route.item(selected.item));
    if sent.parts.as_ref().is_none_or(|parts| parts.version != item.version) {
        return true;
    }
    let (now, deadline) = (home.world.now_seconds(), deadline(home));
    let due = |sequence: u64| route.packages.get(&sequence).is_none_or(|package| standing::package_is_due(package, now, deadline));
    selected.because != Because::Unproven && select::next_part(item, &sent, &holds.parts, selected.item, &due).is_some()
}

fn refusal(home: &mut Home, name: &str, number: u32, reason: NotRead) -> Result<Option<Problem>, Failure> {
    let archive = home.source().routes[name].archive.clone();
    let subject = home.source().archives[&archive].items[number as usize].id.to_string();
    let problem = |code, detail: String| Some(Problem { code, subject: subject.clone(), detail });
    Ok(match reason {
        NotRead::Unstable => problem("SRC-04", "it changes while it is read".into()),
        NotRead::Unreadable(error) => problem("SRC-05", error.to_string()),
        NotRead::Gone => None,
        NotRead::Rotten => {
            home.record(Rotten { archive, items: vec![number] })?;
            home.commit()?;
            problem("SRC-06", "content differs, but size and times are those of the last reading".into())
        }
    })
}

/// Leaves an acknowledgement where a receipt was taken in that no package acknowledges yet.
fn acknowledge(home: &mut Home, name: &str, target: &Target<'_>, holds: &Holds, report: &mut PackReport) -> Result<(), Failure> {
    let route = source_route(home, name)?;
    let asks = route.want_full && !route.asked_full;
    if route.answered <= route.acknowledged.max(holds.acknowledges) && !asks {
        return Ok(());
    }
    let (packed, _) = package(home, name, target, &[])?;
    report.packages.extend(packed.map(|(packed, _)| packed));
    Ok(())
}

/// Rows of a package for what the carrier holds: item, version, offset of a part.
type HeldRows = Vec<(u32, u64, Option<u64>)>;
type PackedOne = (Option<(PackageReport, HeldRows)>, Vec<(u32, NotRead)>);

/// Writes one package with as much of `planned` as fits; none when nothing does (an empty plan makes an acknowledgement).
fn package(home: &mut Home, name: &str, target: &Target<'_>, planned: &[Selected]) -> Result<PackedOne, Failure> {
    let world = home.world.clone();
    let room = room(home, target)?;
    let config = home.config.routes[name].clone();
    let route = source_route(home, name)?;
    let replica = home.trust.get(&route.replica).ok_or_else(|| Failure::new("USE-01", name, "the replica's card is no longer trusted"))?;
    let mut recipients: Vec<&[u8]> = vec![&replica.seal];
    if let Some(escrow) = &config.escrow {
        recipients.push(&home.trusted(escrow, Role::Replica)?.seal);
    }
    let entropy = SealEntropy { id: world.random(), content_key: Zeroizing::new(world.random()), wrap: recipients.iter().map(|_| world.random()).collect() };
    let sealing = Sealing::new(Kind::Package, &recipients, &entropy).map_err(|rejection| Failure::new(rejection.code(), name, rejection.0.says))?;
    let (nonce, sequence) = (world.random::<32>(), route.next_sequence);
    if sealing.file_bytes(0, 4096) > room.file_bytes {
        return Ok((None, Vec::new()));
    }
    let file_name = carrier::package_name(&sealing.id());
    let carrier_failed = |error: std::io::Error| carrier_failure(&file_name, &WriteFailure::from(error));
    let mut writing = target.carrier.begin(&file_name).map_err(carrier_failed)?;
    let (packing, written) = {
        let archive_root = home.config.archives[&route.archive].root.clone();
        let root = world.disk.root(&archive_root).map_err(|error| Failure::new("SRC-01", &route.archive, error.to_string()))?;
        let proven = Proven::of(route);
        let this: &Home = home;
        // One record holds the lists of a whole package: it is read once for all of them.
        let lists: Mutex<HashMap<wire::Digest, ChunkList>> = Mutex::default();
        let chunk_list = |digest: &wire::Digest| {
            let mut lists = lists.lock().unwrap_or_else(PoisonError::into_inner);
            if !lists.contains_key(digest) {
                lists.extend(this.chunk_lists(digest).into_iter().map(|list| (list.document, list)));
            }
            lists.get(digest).filter(|list| list.chunker == seal::chunk::CHUNKER).cloned()
        };
        let (now, deadline) = (world.now_seconds(), deadline(home));
        let due = |sequence: u64| route.packages.get(&sequence).is_none_or(|package| standing::package_is_due(package, now, deadline));
        let holds_parts = BTreeSet::new();
        let frames = FrameWriter::new(&sealing, sink_of(&mut writing));
        let reader = Reader {
            world: &world,
            archive: &home.source().archives[&route.archive],
            root: &root,
            route,
            proven: &proven,
            possession_key: digest::possession_key(&nonce, &sealing.id()),
            chunk_list: &chunk_list,
        };
        let file_bytes = |content: u64, body: u64| sealing.file_bytes(content, body);
        let packer = Packer { reader, frames, file_bytes: &file_bytes, room, holds_parts: &holds_parts, due: &due };
        let (mut packing, frames) = packer.run(planned)?;
        if packing.items.is_empty() && !planned.is_empty() {
            return Ok((None, packing.refused));
        }
        let (manifest, rows) = manifest_of(home, name, target, &mut packing, nonce, sequence);
        manifest.check(packing.layout.stored_bytes).expect("we write manifests that hold to the form");
        let ending = sealing.end(packing.layout.stored_bytes, &codec::encode(&manifest), home.keys(), home.zone_id());
        let (frames_digest, header, bytes) = frames.finish(&ending).map_err(carrier_failed)?;
        let (acknowledges, full_receipt) = (manifest.acknowledged.map_or(0, |witness| witness.receipt), manifest.flags & FLAG_FULL_RECEIPT != 0);
        (packing, (acknowledges, full_receipt, rows, frames_digest, header, bytes))
    };
    let (acknowledges, full_receipt, rows, frames_digest, header, file_bytes) = written;
    home.record(PackBegun { route: name.into(), sequence, package: sealing.id() })?;
    home.commit()?;
    world.progress.begin(Stage::ReadBack, None, Some(file_bytes));
    let proof = writing.prove(&header, &frames_digest, &mut |bytes| world.progress.advance(0, bytes));
    world.progress.end();
    proof.map_err(|failure| carrier_failure(&file_name, &failure))?;
    let archive = home.source().routes[name].archive.clone();
    if !packing.recaptured.is_empty() {
        home.record(Captured { archive, rows: packing.recaptured.clone() })?;
    }
    let held = rows.iter().map(|row| (row.item, row.version, row.part.map(|part| part.offset))).collect();
    let removals = rows.iter().filter(|row| row.mark.removes()).count() as u64;
    let report = PackageReport {
        route: name.into(),
        sequence,
        package: sealing.id().to_string(),
        items: rows.len() as u64,
        removals,
        document_bytes: packing.document_bytes,
        file_bytes,
        acknowledgement: rows.is_empty(),
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
        rows,
        chunks: packing.chunks,
    })?;
    home.commit()?;
    writing.publish().map_err(|failure| carrier_failure(&file_name, &failure))?;
    Ok((Some((report, held)), packing.refused))
}

fn carrier_failure(file: &str, failure: &WriteFailure) -> Failure {
    Failure::new(failure.code(), file, failure.to_string())
}

fn manifest_of(
    home: &Home,
    name: &str,
    target: &Target<'_>,
    packing: &mut Packing,
    nonce: [u8; 32],
    sequence: u64,
) -> (Manifest, Vec<wire::record::PackedRow>) {
    let route = &home.source().routes[name];
    let part = |packed: &PackedItem| packed.row.part.map(|part| part.offset);
    let place =
        |one: &PackedItem, two: &PackedItem| (!one.item.mark.removes(), &one.item.id, part(one)).cmp(&(!two.item.mark.removes(), &two.item.id, part(two)));
    packing.items.sort_by(place);
    let (items, rows) = std::mem::take(&mut packing.items).into_iter().map(|packed| (packed.item, packed.row)).unzip();
    let manifest = Manifest {
        route: name.into(),
        route_id: route.route_id,
        source: home.zone_id(),
        replica: route.replica,
        incarnation: home.incarnation(),
        sequence,
        ledger: home.head(),
        acknowledged: route.acknowledgement(),
        flags: if route.want_full { FLAG_FULL_RECEIPT } else { 0 },
        nonce,
        medium: match target.carried {
            Carried::Medium(medium) => Some(medium),
            Carried::Gateway => None,
        },
        template: None,
        bases: std::mem::take(&mut packing.layout.bases),
        blocks: std::mem::take(&mut packing.layout.blocks),
        items,
    };
    (manifest, rows)
}

/// The id of no medium: what a dry run on an unlabelled one uses.
pub const NO_MEDIUM: MediumId = MediumId::ZERO;
