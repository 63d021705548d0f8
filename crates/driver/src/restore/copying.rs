//! Copies documents out of a replica, in groups: staged beside their place, made durable together, then named.

use rayon::prelude::*;
use std::io;
use std::path::Path;
use store::disk::{Dir, Disk, Kind, Rename, Stat};
use wire::Digest;

use super::{Sources, Wanted, missing, note, occupied};
use crate::home::Home;
use crate::progress::Stage;
use crate::report::{Failure, Problem, RestoreReport};
use crate::stage::digest_at;
use crate::tree::split;

/// Where files lie until they are whole, in the folder that is filled.
const STAGE: &[u8] = b".gapferry-restore.part";
/// Documents that are made durable together, and their bytes.
const GROUP_ITEMS: usize = 4096;
const GROUP_BYTES: u64 = 1 << 30;
/// Copied at once, bytes.
const COPY_BYTES: usize = 1 << 20;

/// What became of a document.
enum Became {
    /// It lies in the stage.
    Staged,
    /// It was there already.
    There,
    /// Something else has its name.
    Occupied,
    /// It cannot be had.
    Missing,
    /// The system refused.
    Refused(io::Error),
}

/// Copies what is wanted, in its order.
pub fn copy_all(home: &Home, sources: &Sources, into: &Path, wanted: &[Wanted], report: &mut RestoreReport) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::io(into.display().to_string(), &error);
    let disk = &*home.world.disk;
    let to = disk.make_root(into).map_err(failed)?;
    let there = |wanted: &&Wanted| {
        let (parent, name) = split(&wanted.id.0);
        disk.dir(&to, parent, false).and_then(|dir| disk.stat(&dir, name)).is_ok()
    };
    let needed: u64 = wanted.iter().filter(|wanted| !there(wanted)).map(|wanted| wanted.size).sum();
    require_room(home, &to, into, needed)?;
    let stage = disk.dir(&to, STAGE, true).map_err(failed)?;
    // What an interrupted run left is copied again.
    clear(disk, &stage).map_err(failed)?;
    home.world.progress.begin(Stage::Restore, Some(wanted.len() as u64), Some(report.bytes));
    let mut rest = wanted;
    while !rest.is_empty() {
        let (group, later) = rest.split_at(group_of(rest));
        copy_group(home, sources, (into, &to, &stage), group, report)?;
        rest = later;
    }
    home.world.progress.end();
    disk.remove_dir(&to, STAGE).map_err(failed)?;
    disk.sync_all(&to).map_err(failed)
}

/// Fails where the documents do not fit.
pub fn require_room(home: &Home, dir: &Dir, into: &Path, needed: u64) -> Result<(), Failure> {
    let free = home.world.disk.space(dir).map_err(|error| Failure::io(into.display().to_string(), &error))?.free;
    if needed <= free {
        return Ok(());
    }
    Err(Failure::new("IO-01", into.display().to_string(), format!("{needed} bytes are to be restored and {free} are free; nothing was written")))
}

fn clear(disk: &dyn Disk, stage: &Dir) -> io::Result<()> {
    disk.list(stage)?.iter().try_for_each(|entry| disk.remove(stage, &entry.name))
}

/// How many documents from the start make a group.
fn group_of(wanted: &[Wanted]) -> usize {
    let mut bytes = 0;
    let fits = |wanted: &&Wanted| {
        let fits = bytes == 0 || bytes + wanted.size <= GROUP_BYTES;
        bytes += wanted.size;
        fits
    };
    wanted.iter().take(GROUP_ITEMS).take_while(fits).count()
}

fn staged_name(place: usize) -> Vec<u8> {
    format!("{place:08x}").into_bytes()
}

fn copy_group(home: &Home, sources: &Sources, (into, to, stage): (&Path, &Dir, &Dir), group: &[Wanted], report: &mut RestoreReport) -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::io(into.display().to_string(), &error);
    let disk = &*home.world.disk;
    let became: Vec<Became> = group
        .par_iter()
        .enumerate()
        .map(|(place, wanted)| {
            let staged = staged_name(place);
            let became = stage_one(disk, sources, (to, stage), wanted, &staged).unwrap_or_else(|error| {
                // What there is of it is nothing; what cannot be removed either is met again below.
                let _half = disk.remove(stage, &staged);
                Became::Refused(error)
            });
            home.world.progress.advance(1, wanted.size);
            became
        })
        .collect();
    // Whole before it has its name: a power failure leaves no file that looks like the document and is not.
    disk.sync_all(stage).map_err(failed)?;
    let mut parent: Option<(&[u8], Dir)> = None;
    for (place, (wanted, became)) in group.iter().zip(became).enumerate() {
        let became = match became {
            Became::Staged => {
                let (folder, name) = split(&wanted.id.0);
                let dir = match &parent {
                    Some((known, dir)) if *known == folder => Ok(dir.clone()),
                    _ => disk.dir(to, folder, true).inspect(|dir| parent = Some((folder, dir.clone()))),
                };
                let staged = staged_name(place);
                match dir.and_then(|dir| disk.rename((stage, &staged), (&dir, name), Rename::New)) {
                    Ok(()) => Became::Staged,
                    Err(error) => {
                        disk.remove(stage, &staged).map_err(failed)?;
                        if error.kind() == io::ErrorKind::AlreadyExists { Became::Occupied } else { Became::Refused(error) }
                    }
                }
            }
            other => other,
        };
        match became {
            Became::Staged => {
                report.restored += 1;
                report.restored_bytes += wanted.size;
            }
            Became::There => report.there += 1,
            Became::Occupied => {
                report.occupied += 1;
                note(report, occupied(wanted, into));
            }
            Became::Missing => {
                report.missing += 1;
                note(report, missing(wanted));
            }
            Became::Refused(error) => {
                report.refused += 1;
                note(report, Problem { code: "IO-01", subject: wanted.id.to_string(), detail: error.to_string() });
            }
        }
    }
    Ok(())
}

fn stage_one(disk: &dyn Disk, sources: &Sources, (to, stage): (&Dir, &Dir), wanted: &Wanted, staged: &[u8]) -> io::Result<Became> {
    let (folder, name) = split(&wanted.id.0);
    let there = match disk.dir(to, folder, false) {
        Ok(dir) => disk.stat(&dir, name).ok().map(|stat| (dir, stat)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => return Ok(Became::Occupied),
        Err(error) => return Err(error),
    };
    if let Some((dir, stat)) = there {
        let right = stat.kind == Kind::File && stat.size == wanted.size && digest_at(disk, &dir, name)? == Some(wanted.digest);
        if right {
            put_attributes_right(disk, (&dir, name), &stat, wanted)?;
        }
        return Ok(if right { Became::There } else { Became::Occupied });
    }
    for (base, path) in sources.places(wanted) {
        let (folder, name) = split(&path);
        let Ok(mut from) = disk.dir(base, folder, false).and_then(|dir| disk.open(&dir, name)) else { continue };
        if from.stat().is_ok_and(|stat| stat.size != wanted.size) {
            continue;
        }
        let mut file = disk.create(stage, staged, if wanted.executable { 0o755 } else { 0o644 })?;
        let (mut hasher, mut buffer, mut at) = (blake3::Hasher::new(), vec![0; COPY_BYTES.min(usize::try_from(wanted.size).unwrap_or(COPY_BYTES).max(1))], 0);
        // A document that cannot be read here may be had elsewhere; a folder that cannot be written is the end of it.
        while let Ok(read @ 1..) = from.read_at(&mut buffer, at) {
            file.write_all_at(&buffer[..read], at)?;
            hasher.update(&buffer[..read]);
            at += read as u64;
        }
        if Digest(*hasher.finalize().as_bytes()) == wanted.digest {
            file.set_modified(wanted.modified)?;
            return Ok(Became::Staged);
        }
        drop(file);
        disk.remove(stage, staged)?;
    }
    Ok(Became::Missing)
}

/// Gives a document that was there the modification time and the executable bit of its version. A file system may not keep the bit.
fn put_attributes_right(disk: &dyn Disk, (dir, name): (&Dir, &[u8]), stat: &Stat, wanted: &Wanted) -> io::Result<()> {
    if (stat.modified, stat.executable()) == (wanted.modified, wanted.executable) {
        return Ok(());
    }
    let mut file = disk.open(dir, name)?;
    if stat.executable() != wanted.executable {
        let _kept = file.set_mode(if wanted.executable { stat.mode | 0o111 } else { stat.mode & !0o111 });
    }
    file.set_modified(wanted.modified)
}
