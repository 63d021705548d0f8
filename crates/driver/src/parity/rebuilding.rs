//! The replica's side of parity: keeps sealed copies of what it has seen of unfinished runs, and rebuilds what is missing.
//!
//! A package counts as lost until it is applied, whether it never came or was refused. What is rebuilt has the file digest that
//! the source signed, and is then opened and applied like any other; every repair is reported.

use carrier::{Carrier, Gateway, Held};
use reed_solomon_simd::ReedSolomonDecoder;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use store::disk::{Dir, Disk, File, Kind, Rename};
use wire::PackageId;
use wire::card::Role;
use wire::clause::{self, Rejection, require};
use wire::header;
use wire::limits::STRIPE_BYTES;
use wire::parity::{Member, Parity};
use wire::planted;

use super::copies::{copy_in, require_room};
use super::{STRIPE, coding, folder, held, is_right, spool, stripe};
use crate::carry::Taken;
use crate::home::Home;
use crate::opener::NotOpened;
use crate::progress::Stage;
use crate::report::{ApplyReport, Failure, Problem, RepairedPackage};
use crate::sealed::{Sealed, digest_of_file};

/// Where rebuilt packages lie until they are applied, below the home.
const REBUILT: &str = "spool/parity/.rebuilt";

/// Keeps a copy of a package that was applied, within the bound of the configuration.
pub fn keep_taken(home: &Home, route: &str, carrier: &dyn Carrier, name: &str) -> Result<(), Failure> {
    let bound = home.config.policy.parity_bytes_max;
    let mut file = match carrier.open(name) {
        Ok(file) => file,
        // It was rebuilt, and a purge in it took away what was.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(Failure::io(name, &error)),
    };
    let size = file.stat().map_err(|error| Failure::io(name, &error))?.size;
    if size > bound {
        return Ok(());
    }
    let (disk, dir) = (&*home.world.disk, folder(home, route)?);
    make_room(home, bound - size, name).map_err(spool)?;
    copy_in(disk, &mut *file, &dir, name)
}

/// Removes the oldest copies of packages and of parity files until those of all routes, but for the one that is to come, have at most so many bytes.
fn make_room(home: &Home, bytes_max: u64, coming: &str) -> io::Result<()> {
    let disk = &*home.world.disk;
    let mut copies = Vec::new();
    let Ok(all) = disk.dir(&home.dir, b"spool/parity", false) else { return Ok(()) };
    for entry in disk.list(&all)?.into_iter().filter(|entry| entry.kind == Kind::Dir && !entry.name.starts_with(b".")) {
        let dir = disk.dir(&all, &entry.name, false)?;
        let counts = |name: &[u8]| (name.ends_with(b".gfp") || name.ends_with(b".gfe")) && name != coming.as_bytes();
        for entry in disk.list(&dir)?.into_iter().filter(|entry| counts(&entry.name)) {
            let stat = disk.stat(&dir, &entry.name)?;
            copies.push((stat.changed, stat.size, dir.clone(), entry.name));
        }
    }
    copies.sort_by_key(|(changed, ..)| *changed);
    let mut total: u64 = copies.iter().map(|(_, size, ..)| size).sum();
    for (_, size, dir, name) in copies {
        if total <= bytes_max {
            break;
        }
        disk.remove(&dir, &name)?;
        total -= size;
    }
    Ok(())
}

/// Opens a parity file for a route of this replica.
fn open(home: &Home, file: &mut dyn File) -> Result<(Sealed, Parity, String), NotOpened> {
    let sealed = Sealed::open(home.keys(), header::Kind::Parity, file, &|signer| home.signing_key(signer))?;
    let parity = Parity::decode(&sealed.verified.body, sealed.content_bytes())?;
    // Whatever generation signed it: each package that is rebuilt has its own signature and is held to it.
    let signer = sealed.verified.signer.zone;
    // An escrow holder rebuilds for itself what it reads for another zone.
    let escrow = home.replica().routes.iter().any(|(name, route)| route.route_id == parity.route_id && home.reads_for_another(name));
    let from_source = parity.source == signer && home.has_role(&signer, Role::Source);
    require(from_source && (parity.replica == home.zone_id() || escrow), &clause::PKG_ZONES)?;
    let route = home.replica().routes.iter().find(|(_, route)| route.route_id == parity.route_id && route.source == signer);
    let name = route.ok_or(Rejection(&clause::PKG_ROUTE))?.0.clone();
    Ok((sealed, parity, name))
}

/// The packages of a run that were not applied and would be: of the life that is followed, and since the route last began anew.
fn missing<'p>(home: &Home, name: &str, parity: &'p Parity) -> Vec<&'p Member> {
    let route = &home.replica().routes[name];
    let followed = route.incarnation.is_none_or(|incarnation| incarnation == parity.incarnation);
    let is_known = |member: &Member| route.packages.contains_key(&member.sequence) || route.before.get(&member.sequence) == Some(&member.package);
    parity.members.iter().filter(|member| followed && member.sequence > route.floor && !is_known(member)).collect()
}

/// Takes the parity files of a carrier in, rebuilds what can be rebuilt into a folder, and gives that folder and its packages;
/// the caller applies them and then calls `clear`. Parity files that have served, and those that are refused, join what was taken.
/// On a carrier that is `shared` some are for other zones. What fails here is a problem and no more: packages that came are answered all the same.
pub fn after(
    home: &Home,
    carrier: &dyn Carrier,
    files: &[Held],
    routes: &[String],
    shared: bool,
    report: &mut ApplyReport,
    taken: &mut Taken,
) -> Result<Option<(Gateway, Vec<Held>)>, Failure> {
    let rebuilt = take_in(home, carrier, files, routes, shared, report, taken).and_then(|()| rebuild_all(home, files, routes, report));
    Ok(rebuilt.unwrap_or_else(|failure| {
        report.problems.push(failure.0);
        None
    }))
}

/// Keeps copies of the parity files of a carrier.
fn take_in(
    home: &Home,
    carrier: &dyn Carrier,
    files: &[Held],
    routes: &[String],
    shared: bool,
    report: &mut ApplyReport,
    taken: &mut Taken,
) -> Result<(), Failure> {
    for held in files {
        let mut file = match carrier.open(&held.name) {
            Ok(file) => file,
            // Its writer has taken it back.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => {
                report.problems.push(Failure::io(&held.name, &error).0);
                continue;
            }
        };
        let opened = open(home, &mut *file).and_then(|opened| {
            opened.0.content(&mut *file, &mut |_| Ok::<(), NotOpened>(()))?;
            Ok(opened)
        });
        let (_, parity, name) = match opened {
            Ok(opened) => opened,
            Err(refused) => {
                let problem = refused.failure(&held.name).0;
                if problem.code == "ENV-09" && shared {
                    continue;
                }
                // One that could not be read just now is looked at again.
                if matches!(refused, NotOpened::Refused(_)) {
                    crate::refusals::note(home, &problem)?;
                    taken.refused.push(held.name.clone());
                }
                report.problems.push(problem);
                continue;
            }
        };
        if !routes.is_empty() && !routes.contains(&name) {
            continue;
        }
        let (disk, dir) = (&*home.world.disk, folder(home, &name)?);
        let size = file.stat().map_err(spool)?.size;
        if missing(home, &name, &parity).is_empty() {
            forget(disk, &dir, &Known { parity, files: BTreeMap::new() }).map_err(spool)?;
        } else if let Some(rest) = home.config.policy.parity_bytes_max.checked_sub(size) {
            make_room(home, rest, &held.name).map_err(spool)?;
            copy_in(disk, &mut *file, &dir, &held.name)?;
        }
        taken.served.push(held.name.clone());
    }
    Ok(())
}

/// Parity files of a run that lie in the spool, by index, and what they say.
struct Known {
    parity: Parity,
    files: BTreeMap<u16, (Sealed, PackageId)>,
}

/// Rebuilds what can be rebuilt of the runs whose parity files lie here. Of a run of which this command saw nothing is said nothing: what
/// was missed may have been sent again meanwhile, in packages that are not of it.
fn rebuild_all(home: &Home, files: &[Held], routes: &[String], report: &mut ApplyReport) -> Result<Option<(Gateway, Vec<Held>)>, Failure> {
    let (world, disk) = (&home.world, &*home.world.disk);
    // What a command that was killed had rebuilt.
    if let Ok(all) = disk.dir(&home.dir, b"spool/parity", false) {
        crate::tree::remove_tree(disk, &all, b".rebuilt").map_err(spool)?;
    }
    let mut any = false;
    for name in home.replica().routes.keys().filter(|name| routes.is_empty() || routes.contains(name)) {
        let Ok(dir) = disk.dir(&home.dir, format!("spool/parity/{name}").as_bytes(), false) else { continue };
        for (run, known) in runs(home, name, &dir)? {
            let lost: Vec<Member> = missing(home, name, &known.parity).into_iter().copied().collect();
            if lost.is_empty() {
                forget(disk, &dir, &known).map_err(spool)?;
                continue;
            }
            let seen = is_seen(&known, files, report);
            let copies = held(disk, &dir, ".gfp").map_err(spool)?;
            let copied = known.parity.members.iter().filter(|member| copies.contains(&member.package)).count();
            if !seen && copied + known.files.len() < known.parity.members.len() {
                continue;
            }
            let there: BTreeSet<u64> = known.parity.members.iter().filter(|member| is_right(disk, &dir, member)).map(|member| member.sequence).collect();
            let short = known.parity.members.len().saturating_sub(there.len() + known.files.len());
            if short > 0 {
                let sequences: Vec<String> = lost.iter().map(|member| member.sequence.to_string()).collect();
                let detail =
                    format!("packages {} are missing; {short} more packages or parity files of run {run} are needed to rebuild them", sequences.join(", "));
                report.problems.extend(seen.then(|| Problem { code: "PAR-01", subject: name.clone(), detail }));
                continue;
            }
            world.progress.begin(Stage::Check, Some(lost.len() as u64), Some(known.parity.stripes() * STRIPE_BYTES));
            let rebuilt = rebuild(home, &dir, &known, &there, &lost);
            world.progress.end();
            if let Err(failure) = rebuilt {
                forget_rebuilt(home, &lost);
                report.problems.push(failure.0);
                continue;
            }
            any = true;
            report.repaired.extend(lost.iter().map(|member| RepairedPackage {
                route: name.clone(),
                sequence: member.sequence,
                package: member.package.to_string(),
                run: run.to_string(),
            }));
        }
    }
    if !any {
        return Ok(None);
    }
    let gateway = Gateway::open(&world.disk, &home.path.join(REBUILT)).map_err(|failure| Failure::new("IO-01", REBUILT, failure.to_string()))?;
    let packages = gateway.list().map_err(spool)?.packages;
    Ok(Some((gateway, packages)))
}

/// Whether a parity file or a package of a run was on the carrier.
fn is_seen(known: &Known, files: &[Held], report: &ApplyReport) -> bool {
    let is_its = |package: &str| known.parity.members.iter().any(|member| member.package.to_string() == package);
    known.files.values().any(|(_, id)| files.iter().any(|held| held.id == *id)) || report.packages.iter().any(|one| is_its(&one.package))
}

/// Removes what was rebuilt of a run that could not be rebuilt whole: it would take room, and nobody would be told of it.
fn forget_rebuilt(home: &Home, lost: &[Member]) {
    let Ok(into) = home.world.disk.dir(&home.dir, REBUILT.as_bytes(), false) else { return };
    for name in lost.iter().map(|member| carrier::package_name(&member.package)) {
        for name in [name.clone() + carrier::name::PART, name] {
            let _the_next_time = home.world.disk.remove(&into, name.as_bytes());
        }
    }
}

/// Removes what was rebuilt, and the copies of runs that are whole now.
pub fn clear(home: &Home) -> Result<(), Failure> {
    let disk = &*home.world.disk;
    let all = disk.dir(&home.dir, b"spool/parity", false).map_err(spool)?;
    crate::tree::remove_tree(disk, &all, b".rebuilt").map_err(spool)?;
    for name in home.replica().routes.keys() {
        let Ok(dir) = disk.dir(&all, name.as_bytes(), false) else { continue };
        for known in runs(home, name, &dir)?.values().filter(|known| missing(home, name, &known.parity).is_empty()) {
            forget(disk, &dir, known).map_err(spool)?;
        }
    }
    Ok(())
}

/// The runs of which parity files lie in the spool.
fn runs(home: &Home, name: &str, dir: &Dir) -> Result<BTreeMap<PackageId, Known>, Failure> {
    let disk = &*home.world.disk;
    let mut runs: BTreeMap<PackageId, Known> = BTreeMap::new();
    for id in held(disk, dir, ".gfe").map_err(spool)? {
        let file_name = carrier::parity_name(&id);
        let mut file = disk.open(dir, file_name.as_bytes()).map_err(spool)?;
        let (sealed, parity, route) = match open(home, &mut *file) {
            Ok(opened) => opened,
            Err(NotOpened::Io(error)) => return Err(spool(error)),
            Err(_) => {
                // Damaged where it was kept: it is of no use.
                disk.remove(dir, file_name.as_bytes()).map_err(spool)?;
                continue;
            }
        };
        let known = runs.entry(parity.run).or_insert_with(|| Known { parity: parity.clone(), files: BTreeMap::new() });
        if route == name && known.parity.members == parity.members && known.parity.count == parity.count {
            known.files.insert(parity.index, (sealed, id));
        }
    }
    Ok(runs)
}

/// Removes the copies that belong to a run.
fn forget(disk: &dyn Disk, dir: &Dir, known: &Known) -> io::Result<()> {
    let packages = known.parity.members.iter().map(|member| carrier::package_name(&member.package));
    let parity = known.files.values().map(|(_, id)| carrier::parity_name(id));
    packages.chain(parity).try_for_each(|name| store::spool::remove_if_there(disk, dir, name.as_bytes()))
}

/// Rebuilds the lost packages of a run, byte for byte: each has the file digest that the parity files name.
fn rebuild(home: &Home, dir: &Dir, known: &Known, there: &BTreeSet<u64>, lost: &[Member]) -> Result<(), Failure> {
    let disk = &*home.world.disk;
    let into = disk.dir(&home.dir, REBUILT.as_bytes(), true).map_err(spool)?;
    require_room(disk, &into, lost.iter().map(|member| member.file_bytes).fold(0, u64::saturating_add))?;
    let members = known.parity.members.clone();
    let mut originals: Vec<Option<Box<dyn File>>> = Vec::new();
    for member in &members {
        let open = || disk.open(dir, carrier::package_name(&member.package).as_bytes());
        originals.push(there.contains(&member.sequence).then(open).transpose().map_err(spool)?);
    }
    let mut outputs: Vec<(usize, &Member, Box<dyn File>)> = Vec::new();
    for member in lost {
        if there.contains(&member.sequence) {
            // It came before a home that was put back forgot it.
            let name = carrier::package_name(&member.package);
            let mut file = disk.open(dir, name.as_bytes()).map_err(spool)?;
            copy_in(disk, &mut *file, &into, &name)?;
            continue;
        }
        let part = carrier::package_name(&member.package) + carrier::name::PART;
        store::spool::remove_if_there(disk, &into, part.as_bytes()).map_err(spool)?;
        let file = disk.create(&into, part.as_bytes(), 0o600).map_err(spool)?;
        let place = members.iter().position(|other| other.sequence == member.sequence).expect("it is of the run");
        outputs.push((place, member, file));
    }
    let mut parity = Vec::new();
    for (index, (sealed, id)) in known.files.iter().take(members.len() - there.len()) {
        parity.push((index, sealed, disk.open(dir, carrier::parity_name(id).as_bytes()).map_err(spool)?, id));
    }
    let mut decoder = ReedSolomonDecoder::new(members.len(), known.parity.count.into(), STRIPE).map_err(coding)?;
    for place in 0..known.parity.stripes() {
        for (number, file) in originals.iter_mut().enumerate() {
            if let Some(file) = file {
                decoder.add_original_shard(number, stripe(&mut **file, place).map_err(spool)?).map_err(coding)?;
            }
        }
        for (index, sealed, file, id) in &mut parity {
            let shard = sealed.read(&mut **file, place * STRIPE_BYTES, STRIPE).map_err(|refused| refused.failure(&carrier::parity_name(id)))?;
            decoder.add_recovery_shard(usize::from(**index), shard).map_err(coding)?;
        }
        let restored = decoder.decode().map_err(coding)?;
        for (number, member, file) in &mut outputs {
            let at = place * STRIPE_BYTES;
            let length = usize::try_from(member.file_bytes.saturating_sub(at)).unwrap_or(STRIPE).min(STRIPE);
            if let (Some(shard), 1..) = (restored.restored_original(*number), length) {
                file.write_all_at(&shard[..length], at).map_err(spool)?;
            }
        }
        home.world.progress.advance(0, STRIPE_BYTES);
    }
    for (_, member, mut file) in outputs {
        file.sync().map_err(spool)?;
        let name = carrier::package_name(&member.package);
        if digest_of_file(&mut *file).map_err(spool)? != Some(member.file) && !planted::is("rebuilt-unverified") {
            return Err(Failure::new("IO-01", &name, "what was rebuilt differs from what the source signed"));
        }
        drop(file);
        let part = name.clone() + carrier::name::PART;
        disk.rename((&into, part.as_bytes()), (&into, name.as_bytes()), Rename::Replace).map_err(spool)?;
    }
    disk.sync_dir(&into).map_err(spool)
}
