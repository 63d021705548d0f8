//! The sealed copies that a home keeps for parity: each is whole or not there, none takes the room that the home itself needs, and
//! what serves no more goes.

use std::io;
use store::disk::{Dir, Disk, File, Kind, Rename};
use wire::card::Role;

use super::{RUN, folder, held, is_open, is_under_way, read_run, spool};
use crate::home::Home;
use crate::report::{Failure, Problem};

/// Room that stays free beside copies, bytes: a home that is full could not write its ledger.
const SPARE_BYTES: u64 = 16 << 20;

/// Fails where so many bytes would take the room that the home needs.
pub(super) fn require_room(disk: &dyn Disk, dir: &Dir, bytes: u64) -> Result<(), Failure> {
    let (needed, free) = (bytes.saturating_add(SPARE_BYTES), disk.space(dir).map_err(spool)?.free);
    if free >= needed {
        return Ok(());
    }
    Err(Failure::new("IO-01", "spool/parity", format!("{needed} bytes are needed to keep or rebuild a package, {free} are free")))
}

/// Copies a file that is open to a name in a folder: whole or not there.
pub(super) fn copy_in(disk: &dyn Disk, from: &mut dyn File, dir: &Dir, name: &str) -> Result<(), Failure> {
    require_room(disk, dir, from.stat().map_err(spool)?.size)?;
    let part = format!("{name}.part");
    store::spool::remove_if_there(disk, dir, part.as_bytes()).map_err(spool)?;
    copy(disk, from, dir, &part, name).map_err(|error| {
        let _the_next_time = disk.remove(dir, part.as_bytes());
        spool(error)
    })
}

fn copy(disk: &dyn Disk, from: &mut dyn File, dir: &Dir, part: &str, name: &str) -> io::Result<()> {
    let mut to = disk.create(dir, part.as_bytes(), 0o600)?;
    let (mut buffer, mut at) = (store::aligned::lend(), 0);
    while let read @ 1.. = from.read_at(&mut buffer, at)? {
        to.write_all_at(&buffer[..read], at)?;
        at += read as u64;
    }
    to.sync()?;
    disk.rename((dir, part.as_bytes()), (dir, name.as_bytes()), Rename::Replace)?;
    disk.sync_dir(dir)
}

/// Removes what a command that was killed left half, and on a source the copies that no parity will be made of. What cannot be removed
/// is a problem and no more.
pub fn sweep(home: &Home, problems: &mut Vec<Problem>) {
    let disk = &*home.world.disk;
    let Ok(all) = disk.dir(&home.dir, b"spool/parity", false) else { return };
    let routes = disk.list(&all).unwrap_or_default().into_iter().filter(|entry| entry.kind == Kind::Dir && !entry.name.starts_with(b"."));
    for name in routes.filter_map(|entry| String::from_utf8(entry.name).ok()) {
        problems.extend(sweep_route(home, &name).err().map(|failure| failure.0));
    }
}

fn sweep_route(home: &Home, name: &str) -> Result<(), Failure> {
    let (disk, dir) = (&*home.world.disk, folder(home, name)?);
    for entry in disk.list(&dir).map_err(spool)?.iter().filter(|entry| entry.name.ends_with(store::spool::PART)) {
        disk.remove(&dir, &entry.name).map_err(spool)?;
    }
    if home.config.role != Role::Source {
        return Ok(());
    }
    let has_parity = home.config.routes.get(name).is_some_and(|route| route.parity.unwrap_or_default() > 0);
    let route = home.source().routes.get(name).filter(|_| has_parity);
    let run = read_run(disk, &dir, RUN).filter(|run| has_parity && is_under_way(home, name, run));
    for id in held(disk, &dir, ".gfp").map_err(spool)? {
        let of_run = run.as_ref().is_some_and(|run| run.parity.members.iter().any(|member| member.package == id));
        let is_its = route.is_some_and(|route| route.packages.iter().any(|(sequence, package)| package.package == id && is_open(route, *sequence)));
        if !of_run && !is_its {
            disk.remove(&dir, carrier::package_name(&id).as_bytes()).map_err(spool)?;
        }
    }
    Ok(())
}
