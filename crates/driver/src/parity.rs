//! Parity over the packages of a run (spec/parity.md): `parity` writes the next parity file of a route, each onto a medium of its
//! own, so that any so many lost media are rebuilt on the replica.
//!
//! The source keeps sealed copies of what it packed until the parity of their run is written. Nothing here is needed for
//! the truth of the ledger: lose the copies, and only the parity is lost. Memory is one stripe of every file of the run.

mod copies;
mod rebuilding;

pub use copies::sweep;
pub use rebuilding::{after, clear, keep_taken};

use carrier::{Carrier, Medium, OpenTrouble};
use reed_solomon_simd::ReedSolomonEncoder;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};
use store::disk::{Dir, Disk, File};
use wire::card::Role;
use wire::limits::{PARITY_FILES_MAX, STRIPE_BYTES};
use wire::parity::{Member, Parity};
use wire::record::Carried;
use wire::{MediumId, PackageId, codec, header, planted};

use crate::home::{Access, Home};
use crate::packing::source_route;
use crate::planning::Unmade;
use crate::progress::Stage;
use crate::report::{Failure, ParityReport};
use crate::sealed::{self, Parties, digest_of_file};
use crate::world::World;
use copies::copy_in;
use engine::source::Route;

/// Bytes of one shard.
const STRIPE: usize = STRIPE_BYTES as usize;
/// The run that is being written.
const RUN: &[u8] = b"run";
/// Runs that were written, until their packages are answered.
const DONE: &str = "done-";
const DONE_MAX: usize = 64;
/// Packages in a run that is made here. All of them are open at once when one is rebuilt: with the parity files and what a home has
/// open besides fewer than the 1024 files that a process usually may have.
const RUN_MAX: usize = 512;
const RUN_BYTES_MAX: u64 = 1 << 20;

/// What `parity` is asked for.
#[derive(Clone, Debug, Default)]
pub struct ParityOptions {
    /// The medium.
    pub to: PathBuf,
    /// The route; needed where several have parity.
    pub route: Option<String>,
    /// Says what would be written.
    pub dry_run: bool,
}

/// A run and how much of its parity is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Run {
    /// What its parity files say, but for the index.
    parity: Parity,
    /// Ids of the parity files that are written.
    written: Vec<PackageId>,
}

fn spool(error: io::Error) -> Failure {
    Failure::io("spool/parity", &error)
}

/// The folder of the copies of a route.
fn folder(home: &Home, route: &str) -> Result<Dir, Failure> {
    home.world.disk.dir(&home.dir, format!("spool/parity/{route}").as_bytes(), true).map_err(spool)
}

/// Ids of the files in a folder that end so.
fn held(disk: &dyn Disk, dir: &Dir, ending: &str) -> io::Result<BTreeSet<PackageId>> {
    let entries = disk.list(dir)?;
    Ok(entries.iter().filter_map(|entry| PackageId::from_hex(std::str::from_utf8(&entry.name).ok()?.strip_suffix(ending)?)).collect())
}

/// The stripe of a file at this place, zeros behind its end.
fn stripe(file: &mut dyn File, place: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; STRIPE];
    let read = file.read_at(&mut bytes, place * STRIPE_BYTES)?;
    bytes[read..].fill(0);
    Ok(bytes)
}

fn coding(error: reed_solomon_simd::Error) -> Failure {
    Failure::new("IO-01", "parity", error.to_string())
}

/// Keeps a sealed copy of a package that was just written, where its route has parity.
pub fn keep_packed(home: &Home, route: &str, carrier: &dyn Carrier, package: &str) -> Result<(), Failure> {
    if home.config.routes[route].parity.unwrap_or_default() == 0 {
        return Ok(());
    }
    let Some(id) = PackageId::from_hex(package) else { return Ok(()) };
    let name = carrier::package_name(&id);
    let mut file = carrier.open(&name).map_err(|error| Failure::io(&name, &error))?;
    copy_in(&*home.world.disk, &mut *file, &folder(home, route)?, &name)
}

/// `parity`.
///
/// # Errors
/// `USE-01` where no route has parity, no package waits for it, or the medium holds something of the same run; `MED-*`, `HOM-*`,
/// `IO-01`.
pub fn parity(world: &World, path: &Path, options: &ParityOptions) -> Result<ParityReport, Failure> {
    let mut home = Home::open(world, path, Access::Change)?;
    home.require(Role::Source, "parity")?;
    let written = write_next(&mut home, options);
    let closed = home.close("", "parity");
    written.and_then(|report| closed.map(|()| report))
}

fn write_next(home: &mut Home, options: &ParityOptions) -> Result<ParityReport, Failure> {
    let name = route_of(home, options.route.as_deref())?;
    crate::setup::overlap::medium_apart(home, &options.to)?;
    // Nothing is written to a medium before it is known what.
    let medium = open_medium(home, options, false)?;
    crate::medium::identify(home, &*medium, &[], false)?;
    let dir = folder(home, &name)?;
    let mut run = match open_run(home, &name, &dir)? {
        Some(run) => run,
        None => close_run(home, &name, &dir)?,
    };
    let listing = medium.list().map_err(|error| Failure::io("medium", &error))?;
    let packages: BTreeSet<PackageId> = run.parity.members.iter().map(|member| member.package).collect();
    let beside = listing.packages.iter().any(|held| packages.contains(&held.id)) || listing.parity.iter().any(|held| run.written.contains(&held.id));
    if beside {
        let detail = "it holds a package or a parity file of this run: each goes onto a medium of its own, or one loss takes two";
        return Err(Failure::new("USE-01", options.to.display().to_string(), detail));
    }
    run.parity.index = u16::try_from(run.written.len()).expect("bounded by the count");
    let mut report = ParityReport {
        route: name.clone(),
        run: run.parity.run.to_string(),
        index: u64::from(run.parity.index) + 1,
        count: run.parity.count.into(),
        packages: run.parity.members.len() as u64,
        bytes: run.parity.stripes() * STRIPE_BYTES,
        media: media_that_may_be_lost(source_route(home, &name)?, &run.parity),
        dry_run: options.dry_run,
        ..ParityReport::default()
    };
    if options.dry_run {
        return Ok(report);
    }
    let medium = open_medium(home, options, true)?;
    crate::medium::identify(home, &*medium, std::slice::from_ref(&name), true)?;
    save(home, &dir, RUN, &run)?;
    let written = write(home, &name, &dir, &*medium, &run.parity)?;
    report.file = carrier::parity_name(&written);
    run.written.push(written);
    if run.written.len() < usize::from(run.parity.count) {
        save(home, &dir, RUN, &run)?;
        return Ok(report);
    }
    save(home, &dir, format!("{DONE}{}", run.parity.run).as_bytes(), &run)?;
    let disk = &*home.world.disk;
    for name in run.parity.members.iter().map(|member| carrier::package_name(&member.package).into_bytes()).chain([RUN.to_vec()]) {
        store::spool::remove_if_there(disk, &dir, &name).map_err(spool)?;
    }
    Ok(report)
}

/// How many media of a run may be lost, whichever these are: as many packages are lost with one as it holds.
fn media_that_may_be_lost(route: &Route, parity: &Parity) -> u64 {
    let mut on_medium: BTreeMap<MediumId, u64> = BTreeMap::new();
    // A parity file has a medium of its own; what goes by gateway is lost by itself.
    let mut weights = vec![1; usize::from(parity.count)];
    for member in &parity.members {
        match route.packages.get(&member.sequence).map(|package| package.carried) {
            Some(Carried::Medium(medium)) => *on_medium.entry(medium).or_default() += 1,
            Some(Carried::Gateway) => weights.push(1),
            None => {}
        }
    }
    weights.extend(on_medium.into_values());
    weights.sort_unstable_by(|one, two| two.cmp(one));
    let with = |lost: &mut u64, weight: u64| {
        *lost += weight;
        (*lost <= u64::from(parity.count)).then_some(())
    };
    weights.into_iter().scan(0, with).count() as u64
}

/// The folder on the medium; one that is to be made counts as empty until then.
fn open_medium(home: &Home, options: &ParityOptions, make: bool) -> Result<Box<dyn Carrier>, Failure> {
    match Medium::open(&home.world.disk, &options.to, make) {
        Ok(medium) => Ok(Box::new(medium)),
        Err(failure) if failure.trouble == OpenTrouble::NoFolder => Unmade::at(&home.world, &options.to),
        Err(failure) => Err(Failure::new(failure.code(), options.to.display().to_string(), failure.to_string())),
    }
}

/// The route that is meant.
fn route_of(home: &Home, name: Option<&str>) -> Result<String, Failure> {
    let has = |name: &str| home.config.routes.get(name).is_some_and(|route| route.parity.unwrap_or_default() > 0);
    let routes: Vec<&String> = home.config.routes.keys().filter(|name| has(name)).collect();
    match (name, routes.as_slice()) {
        (Some(name), _) if has(name) && home.source().routes.contains_key(name) => Ok(name.into()),
        (Some(name), _) => Err(Failure::new("USE-01", name, "this route has no parity: write `parity = N` below its heading in gapferry.toml")),
        (None, [only]) => Ok((*only).clone()),
        (None, []) => Err(Failure::new("USE-01", "parity", "no route has parity: write `parity = N` below the heading of the route in gapferry.toml")),
        (None, _) => Err(Failure::new("USE-01", "--route", "several routes have parity; name one")),
    }
}

fn read_run(disk: &dyn Disk, dir: &Dir, name: &[u8]) -> Option<Run> {
    codec::decode_own(&store::spool::read_whole(disk, dir, name, RUN_BYTES_MAX).ok()?)
}

fn save(home: &Home, dir: &Dir, name: &[u8], run: &Run) -> Result<(), Failure> {
    store::spool::write_whole(&*home.world.disk, dir, name, &codec::encode(run)).map_err(spool)
}

/// Whether a package is on its way: neither answered, nor lost so that what it held travels again.
fn is_open(route: &Route, sequence: u64) -> bool {
    route.packages.get(&sequence).is_some_and(|package| !package.lost || planted::is("parity-of-the-lost-kept"))
}

/// Whether anything of a run is on its way, in the life that the ledger has.
fn is_under_way(home: &Home, name: &str, run: &Run) -> bool {
    let Some(route) = home.source().routes.get(name) else { return false };
    run.parity.incarnation == home.incarnation() && run.parity.members.iter().any(|member| is_open(route, member.sequence))
}

/// The run that is being written, if it is under way and its copies are all there and right.
fn open_run(home: &Home, name: &str, dir: &Dir) -> Result<Option<Run>, Failure> {
    let disk = &*home.world.disk;
    let Some(run) = read_run(disk, dir, RUN) else { return Ok(None) };
    if is_under_way(home, name, &run) && run.parity.members.iter().all(|member| is_right(disk, dir, member)) {
        return Ok(Some(run));
    }
    // What is written of it serves as it is; the rest cannot be made any more, or is of no use.
    home.world.progress.notice("parity-run-lost", &run.parity.run.to_string());
    save(home, dir, format!("{DONE}{}", run.parity.run).as_bytes(), &run)?;
    disk.remove(dir, RUN).map_err(spool)?;
    Ok(None)
}

fn is_right(disk: &dyn Disk, dir: &Dir, member: &Member) -> bool {
    let look = || -> io::Result<bool> {
        let mut file = disk.open(dir, carrier::package_name(&member.package).as_bytes())?;
        Ok(file.stat()?.size == member.file_bytes && digest_of_file(&mut *file)? == Some(member.file))
    };
    look().unwrap_or(false) || planted::is("copy-for-parity-unverified")
}

/// Closes a run: the packages that were written since the last one and are not answered yet.
fn close_run(home: &Home, name: &str, dir: &Dir) -> Result<Run, Failure> {
    let disk = &*home.world.disk;
    let route = &home.source().routes[name];
    let mut members = Vec::new();
    for id in held(disk, dir, ".gfp").map_err(spool)? {
        let packed = home.packed_as(&id)?.filter(|packed| packed.route == name && is_open(route, packed.sequence));
        let member = packed.map(|packed| Member { package: id, sequence: packed.sequence, file_bytes: packed.file_bytes, file: packed.file_digest });
        match member.filter(|member| is_right(disk, dir, member)) {
            Some(member) => members.push(member),
            // It is answered, or of no use.
            None => store::spool::remove_if_there(disk, dir, carrier::package_name(&id).as_bytes()).map_err(spool)?,
        }
    }
    if members.is_empty() {
        return Err(Failure::new("USE-01", name, "no package of this route waits for parity"));
    }
    members.sort_by_key(|member| member.sequence);
    tell_of_uncovered(home, name, dir, &members)?;
    members.truncate(RUN_MAX);
    let count = home.config.routes[name].parity.unwrap_or_default().min(PARITY_FILES_MAX);
    let parity = Parity {
        source: home.zone_id(),
        replica: route.replica,
        route_id: route.route_id,
        incarnation: home.incarnation(),
        run: PackageId(home.world.random()),
        index: 0,
        count,
        members,
    };
    Ok(Run { parity, written: Vec::new() })
}

/// Says which packages are on their way outside every run: no copy of them was made.
fn tell_of_uncovered(home: &Home, name: &str, dir: &Dir, members: &[Member]) -> Result<(), Failure> {
    let route = &home.source().routes[name];
    let mut covered: BTreeSet<u64> = members.iter().map(|member| member.sequence).collect();
    covered.extend(written_runs(&*home.world.disk, dir)?.into_iter().flat_map(|run| run.parity.members).map(|member| member.sequence));
    // One without items only acknowledges.
    let uncovered = route.packages.iter().filter(|(sequence, package)| package.items > 0 && is_open(route, **sequence) && !covered.contains(sequence));
    let uncovered: Vec<String> = uncovered.map(|(sequence, _)| sequence.to_string()).collect();
    if !uncovered.is_empty() {
        home.world.progress.notice("parity-without", &format!("{name} {}", uncovered.join(", ")));
    }
    Ok(())
}

/// The runs of a route whose parity was written, in part or whole.
fn written_runs(disk: &dyn Disk, dir: &Dir) -> Result<Vec<Run>, Failure> {
    let entries = disk.list(dir).map_err(spool)?;
    let runs = entries.iter().filter(|entry| entry.name == RUN || entry.name.starts_with(DONE.as_bytes()));
    Ok(runs.filter_map(|entry| read_run(disk, dir, &entry.name)).collect())
}

/// Writes one parity file; gives its id.
fn write(home: &Home, name: &str, dir: &Dir, medium: &dyn Carrier, parity: &Parity) -> Result<PackageId, Failure> {
    let (world, disk) = (&home.world, &*home.world.disk);
    let replica = home.recipient(&parity.replica)?;
    let mut recipients: Vec<&[u8]> = vec![&replica.seal];
    if let Some(escrow) = &home.config.routes[name].escrow {
        recipients.push(&home.recipient(&home.trusted(escrow, Role::Replica)?.id())?.seal);
    }
    let parties = Parties { recipients: &recipients, signer: home.signer(name) };
    let open = |member: &Member| disk.open(dir, carrier::package_name(&member.package).as_bytes());
    let mut files: Vec<Box<dyn File>> = parity.members.iter().map(open).collect::<io::Result<_>>().map_err(spool)?;
    let mut encoder = ReedSolomonEncoder::new(files.len(), parity.count.into(), STRIPE).map_err(coding)?;
    let stripes = parity.stripes();
    world.progress.begin(Stage::Pack, Some(parity.members.len() as u64), Some(stripes * STRIPE_BYTES));
    let written = sealed::write(world, &|name| medium.begin(name), header::Kind::Parity, &parties, &carrier::parity_name, &mut |frames| {
        for place in 0..stripes {
            for file in &mut files {
                encoder.add_original_shard(stripe(&mut **file, place).map_err(spool)?).map_err(coding)?;
            }
            let shards = encoder.encode().map_err(coding)?;
            frames.push(shards.recovery(parity.index.into()).expect("the index is below the count"))?;
            world.progress.advance(0, STRIPE_BYTES);
        }
        Ok((stripes * STRIPE_BYTES, codec::encode(parity)))
    });
    world.progress.end();
    Ok(written?.id)
}

/// Ids of the parity files that have served: every package of their run is answered, or counts as lost and travels again.
pub fn served(home: &Home) -> BTreeSet<PackageId> {
    let disk = &*home.world.disk;
    let mut served = BTreeSet::new();
    for (name, route) in &home.source().routes {
        let Ok(dir) = disk.dir(&home.dir, format!("spool/parity/{name}").as_bytes(), false) else { continue };
        let (Ok(entries), Ok(runs)) = (disk.list(&dir), written_runs(disk, &dir)) else { continue };
        for run in runs {
            if !run.parity.members.iter().any(|member| is_open(route, member.sequence)) {
                served.extend(run.written);
            }
        }
        forget(disk, &dir, entries.into_iter().map(|entry| entry.name).filter(|name| name.starts_with(DONE.as_bytes())).collect());
    }
    served
}

/// Keeps what is known of the last runs only: an older parity file on a medium is left alone.
fn forget(disk: &dyn Disk, dir: &Dir, mut done: Vec<Vec<u8>>) {
    done.sort_by_key(|name| disk.stat(dir, name).map_or(0, |stat| stat.modified));
    for name in done.iter().rev().skip(DONE_MAX) {
        let _the_next_time = disk.remove(dir, name);
    }
}

#[cfg(test)]
#[path = "parity_test.rs"]
mod tests;
