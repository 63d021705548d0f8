//! `home backup` and `home restore`: a home on another medium, sealed to its own keys, the keys under a passphrase
//! (spec/backup.md).
//!
//! A generation is whole when its manifest has its name; what it needs lies there before. Full segments of the ledger are
//! written once and shared by later generations. Taken without a lock: small files as they lie, then the ledger up to where it
//! is whole at that moment, so that a backup is never newer in its configuration than in its ledger.

mod checking;
mod folder;
mod restoring;

pub use checking::home_backup_verify;
pub use restoring::{HomeRestoreOptions, home_restore};

use capture::scan::is_file_systems_own;
use folder::{Folder, key_name, manifest_name, object_name};
use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use store::disk::{Dir, Disk, File, Kind};
use store::frame::segment_first;
use wire::backup::{Backup, Held, Kept, Manifest, Object};
use wire::id::Bytes;
use wire::{Digest, codec, header, planted};
use zeroize::Zeroizing;

use crate::home::{Access, Home, ledger_failure};
use crate::keys;
use crate::progress::Stage;
use crate::report::{BackupReport, Failure};
use crate::sealed::{self, Parties};
use crate::setup::overlap;
use crate::world::World;

/// Files up to this size lie in the manifest, while all of them stay below `HERE_BYTES_MAX`.
const SMALL_BYTES_MAX: u64 = 1 << 20;
const HERE_BYTES_MAX: u64 = 32 << 20;
/// Read at once, bytes.
const READ_BYTES: usize = 1 << 20;

/// What is to be backed up, and where to.
#[derive(Clone, Debug, Default)]
pub struct BackupOptions {
    /// The folder.
    pub folder: PathBuf,
    /// Generations that stay; all where it is not given.
    pub keep: Option<u64>,
    /// Says what would be written.
    pub dry_run: bool,
}

/// A small file of the home: path and content.
type Small = (Vec<u8>, Vec<u8>);

/// A large file of the home.
struct Large {
    path: Vec<u8>,
    bytes: u64,
}

/// Writes a generation of the backup of a home.
///
/// # Errors
/// `HOM-04` without a passphrase; `USE-01` for a folder within the home, an archive, a replica tree or a gateway folder, and for
/// `keep` 0; `BAK-02` where the folder holds backups that are not of this home, `BAK-03` where it holds more of this ledger than
/// the home; `LDG-*` where the ledger is damaged: nothing is written then; `HOM-*`, `MED-*`, `IO-01`.
pub fn home_backup(world: &World, path: &Path, options: &BackupOptions, passphrase: Option<Zeroizing<String>>) -> Result<BackupReport, Failure> {
    if options.keep == Some(0) {
        return Err(Failure::new("USE-01", "--keep", "at least one generation stays"));
    }
    let (small, beyond) = small_files(world, path)?;
    let home = Home::open(world, path, Access::Read)?;
    let place = std::path::absolute(&options.folder).map_err(|error| Failure::io(options.folder.display().to_string(), &error))?;
    overlap::outside(&home, &place, "a backup")?;
    verify_ledger(&home)?;
    let folder = Folder::open(world, &place, !options.dry_run)?;
    let newest = folder.as_ref().map(|folder| newest(&home, folder)).transpose()?.flatten();
    if passphrase.is_none() && !options.dry_run {
        return Err(Failure::new("HOM-04", "--passphrase-file", "a backup is closed by a passphrase and none was given"));
    }
    if let (Some(folder), Some((before, _)), Some(passphrase)) = (&folder, &newest, &passphrase) {
        one_passphrase(folder, before.generation, passphrase)?;
    }
    let large = large_files(&home, &small, &beyond)?;
    let mut report = BackupReport {
        folder: place.display().to_string(),
        zone: home.config.zone.clone(),
        generation: newest.as_ref().map_or(1, |(manifest, _)| manifest.generation + 1),
        files: (small.len() + large.len()) as u64,
        bytes: small.iter().map(|(_, content)| content.len() as u64).chain(large.iter().map(|large| large.bytes)).sum(),
        ledger_records: home.head().number,
        ledger_head: home.head().digest.to_string(),
        dry_run: options.dry_run,
        ..BackupReport::default()
    };
    let (known, previous) = newest.map_or((Vec::new(), Digest::ZERO), |(manifest, digest)| (manifest.files, digest));
    world.progress.begin(Stage::Backup, Some(report.files), Some(large.iter().map(|large| large.bytes).sum()));
    let mut writer = Writer { home: &home, folder: folder.as_ref(), known: &known, options, report: &mut report };
    let files = writer.files(small, &large);
    world.progress.end();
    let files = files?;
    let (Some(folder), Some(passphrase)) = (folder.as_ref().filter(|_| !options.dry_run), passphrase) else {
        let there = folder.map(|folder| folder.listing()).transpose()?.unwrap_or_default().generations;
        (report.generations, report.removed) = kept(there.into_iter().chain([report.generation]).collect(), options.keep);
        return Ok(report);
    };
    let text = keys::write(world, home.keys(), Some(&keys::Protection::new(world, &passphrase)?));
    sealed::write_plain(&world.disk, &folder.dir, &key_name(report.generation), text.as_bytes())?;
    let manifest = Manifest {
        zone: home.zone_id(),
        name: home.config.zone.clone(),
        role: home.config.role,
        incarnation: home.incarnation(),
        generation: report.generation,
        previous,
        time: world.now_seconds(),
        ledger: home.head(),
        files,
    };
    let body = codec::encode(&Backup::Manifest(manifest));
    let name = manifest_name(report.generation);
    let recipients = [home.card.seal.as_slice()];
    let parties = Parties { recipients: &recipients, signer: home.newest_signer() };
    sealed::write(world, &|name| folder.begin(name), header::Kind::Backup, &parties, &|_| name.clone(), &mut |_| Ok((0, body.clone())))?;
    prune(&home, folder, options.keep, &mut report)?;
    Ok(report)
}

/// A ledger that is damaged is not backed up: the generations that hold it whole are worth more than one that does not.
fn verify_ledger(home: &Home) -> Result<(), Failure> {
    let (progress, mut before) = (&home.world.progress, 0);
    progress.begin(Stage::Ledger, None, None);
    let verified = home.ledger().verify(&mut |done, _| {
        progress.advance(0, done - before);
        before = done;
    });
    progress.end();
    verified.map(drop).map_err(ledger_failure)
}

/// The newest generation in the folder, which must be of this home and no older life of it.
fn newest(home: &Home, folder: &Folder) -> Result<Option<(Manifest, Digest)>, Failure> {
    let Some(generation) = folder.listing()?.generations.last().copied() else { return Ok(None) };
    let (manifest, digest) = folder.manifest(generation, home.keys()).map_err(|failure| {
        let detail = format!("it is not of this home, was made with other keys, or is damaged ({failure}); use another folder");
        Failure::new("BAK-02", manifest_name(generation), detail)
    })?;
    let older = |detail: String| Err(Failure::new("BAK-03", manifest_name(generation), detail));
    if manifest.incarnation != home.incarnation() {
        // Of an earlier life of this home it is whatever that came to; one that this home does not know has begun elsewhere.
        let is_earlier = home.had_life(&manifest.incarnation) || planted::is("backup-of-another-life-continued");
        return if is_earlier { Ok(Some((manifest, digest))) } else { older("it holds a later life of this ledger, which began elsewhere".into()) };
    }
    if manifest.ledger.number > home.head().number {
        return older(format!("it holds {} records of this ledger, the home has {}", manifest.ledger.number, home.head().number));
    }
    if !home.had_head(&manifest.ledger)? {
        return older("it holds this ledger as another copy of the home went on with it".into());
    }
    Ok(Some((manifest, digest)))
}

/// All generations of a folder are under one passphrase: whoever has it can check them, and nobody has to remember which was whose.
fn one_passphrase(folder: &Folder, generation: u64, passphrase: &Zeroizing<String>) -> Result<(), Failure> {
    match folder.keys(generation, &|| Some(passphrase.clone())) {
        Err(failure) if failure.0.code == "HOM-04" => {
            let detail = "the backups in this folder are under another passphrase, or this key file was altered; give theirs, or begin another folder";
            Err(Failure::new("HOM-04", key_name(generation), detail))
        }
        // What is damaged there is told by a verification; a new generation is worth the more.
        _ => Ok(()),
    }
}

/// Whether a file of the home is one of those that are made anew, or hold nothing that is needed.
fn is_left_out(path: &[u8]) -> bool {
    let first = path.split(|byte| *byte == b'/').next().unwrap_or_default();
    // The key file is kept apart, under the passphrase.
    let apart = [&b"keys/zone.key"[..], b"ledger/group", b"ledger/index.mark", restoring::MARK.as_bytes()].contains(&path);
    apart || matches!(first, b"index" | b"index.damaged" | b"spool" | b"lock" | b"daemon.lock") || path.ends_with(store::spool::PART)
}

/// Every file of the home that is backed up, but the segments of the ledger: path and bytes.
fn each_file(disk: &dyn Disk, dir: &Dir, below: &[u8], found: &mut Vec<Large>) -> io::Result<()> {
    for entry in disk.list(dir)? {
        let path = if below.is_empty() { entry.name.clone() } else { [below, &entry.name].join(&b'/') };
        let segment = below == b"ledger" && segment_first(&entry.name).is_some();
        if segment || is_left_out(&path) || below.is_empty() && is_file_systems_own(disk, dir, &entry) {
            continue;
        }
        match entry.kind {
            Kind::Dir => each_file(disk, &disk.dir(dir, &entry.name, false)?, &path, found)?,
            Kind::File => match disk.stat(dir, &entry.name) {
                Ok(stat) => found.push(Large { path, bytes: stat.size }),
                // Replaced at this moment: it is there again under its name, or gone.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            },
            Kind::Link | Kind::Other => {}
        }
    }
    Ok(())
}

/// The small files of a home as they lie now, and the paths of those for which the manifest has no room.
fn small_files(world: &World, path: &Path) -> Result<(Vec<Small>, BTreeSet<Vec<u8>>), Failure> {
    let disk = &*world.disk;
    let failed = |error: io::Error| Failure::io(path.display().to_string(), &error);
    let Ok(dir) = disk.root(path) else { return Ok(Default::default()) };
    let (mut found, mut small, mut beyond, mut total) = (Vec::new(), Vec::new(), BTreeSet::new(), 0);
    each_file(disk, &dir, b"", &mut found).map_err(failed)?;
    found.sort_by(|one, two| one.path.cmp(&two.path));
    for file in found.into_iter().filter(|file| file.bytes <= SMALL_BYTES_MAX) {
        let (parent, name) = crate::tree::split(&file.path);
        match disk.dir(&dir, parent, false).and_then(|dir| store::spool::read_whole(disk, &dir, name, SMALL_BYTES_MAX)) {
            Ok(content) if total + content.len() as u64 <= HERE_BYTES_MAX => {
                total += content.len() as u64;
                small.push((file.path, content));
            }
            Ok(_) => drop(beyond.insert(file.path)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::FileTooLarge) => {}
            Err(error) => return Err(failed(error)),
        }
    }
    Ok((small, beyond))
}

/// The other files: what is not small or lies `beyond` those, and the ledger up to where it is whole.
fn large_files(home: &Home, small: &[Small], beyond: &BTreeSet<Vec<u8>>) -> Result<Vec<Large>, Failure> {
    let disk = &*home.world.disk;
    let failed = |error: io::Error| Failure::io(home.path.display().to_string(), &error);
    let mut found = Vec::new();
    each_file(disk, &home.dir, b"", &mut found).map_err(failed)?;
    let known: BTreeSet<&[u8]> = small.iter().map(|(path, _)| path.as_slice()).collect();
    // What came into being since is of the next backup.
    let is_large = |file: &Large| file.bytes > SMALL_BYTES_MAX || file.path == b"ledger/snapshot" || beyond.contains(&file.path);
    found.retain(|file| !known.contains(file.path.as_slice()) && file.bytes > 0 && is_large(file));
    let end = home.ledger().end();
    let ledger = disk.dir(&home.dir, b"ledger", false).map_err(failed)?;
    for entry in disk.list(&ledger).map_err(failed)? {
        let Some(first) = segment_first(&entry.name).filter(|first| *first <= end.segment) else { continue };
        let bytes = if first == end.segment { end.offset } else { disk.stat(&ledger, &entry.name).map_err(failed)?.size };
        found.push(Large { path: [&b"ledger/"[..], &entry.name].concat(), bytes });
    }
    found.sort_by(|one, two| one.path.cmp(&two.path));
    Ok(found)
}

/// Puts files into a generation.
struct Writer<'a> {
    home: &'a Home,
    folder: Option<&'a Folder>,
    /// What the generation before holds.
    known: &'a [Kept],
    options: &'a BackupOptions,
    report: &'a mut BackupReport,
}

impl Writer<'_> {
    fn files(&mut self, small: Vec<Small>, large: &[Large]) -> Result<Vec<Kept>, Failure> {
        let mut files = Vec::new();
        for (path, content) in small {
            files.push(Kept { path: Bytes(path), size: content.len() as u64, digest: wire::digest::of_bytes(&content), held: Held::Here(Bytes(content)) });
        }
        let mut fresh = Vec::new();
        for file in large {
            match self.shared(file)? {
                Some(kept) => {
                    self.report.shared_bytes += file.bytes;
                    self.home.world.progress.advance(1, file.bytes);
                    files.push(kept);
                }
                None => fresh.push(file),
            }
        }
        self.report.written_bytes = fresh.iter().map(|file| file.bytes).sum::<u64>() + files.iter().map(here_bytes).sum::<u64>();
        let Some(folder) = self.folder.filter(|_| !self.options.dry_run) else { return Ok(files) };
        folder.require_room(&self.home.world, self.report.written_bytes)?;
        for file in fresh {
            files.push(self.write(folder, file)?);
            self.home.world.progress.advance(1, file.bytes);
        }
        files.sort_by(|one, two| one.path.0.cmp(&two.path.0));
        Ok(files)
    }

    fn open(&self, file: &Large) -> Result<Box<dyn File>, Failure> {
        let (parent, name) = crate::tree::split(&file.path);
        let disk = &*self.home.world.disk;
        let open = disk.dir(&self.home.dir, parent, false).and_then(|dir| disk.open(&dir, name));
        open.map_err(|error| Failure::io(String::from_utf8_lossy(&file.path), &error))
    }

    /// Gives the first bytes of a file, as many as are meant.
    fn read(&self, file: &Large, take: &mut dyn FnMut(&[u8]) -> Result<(), Failure>) -> Result<Digest, Failure> {
        let mut open = self.open(file)?;
        let (mut hasher, mut buffer, mut at) = (blake3::Hasher::new(), vec![0; READ_BYTES], 0);
        while at < file.bytes {
            let length = usize::try_from(file.bytes - at).unwrap_or(READ_BYTES).min(READ_BYTES);
            let read = open.read_at(&mut buffer[..length], at).map_err(|error| Failure::io(String::from_utf8_lossy(&file.path), &error))?;
            if read == 0 {
                return Err(Failure::new("IO-01", String::from_utf8_lossy(&file.path), "it became shorter while it was read"));
            }
            hasher.update(&buffer[..read]);
            take(&buffer[..read])?;
            at += read as u64;
        }
        Ok(Digest(*hasher.finalize().as_bytes()))
    }

    /// The file as the generation before holds it, if it is the same and its object is there.
    fn shared(&self, file: &Large) -> Result<Option<Kept>, Failure> {
        let Some(known) = self.known.iter().find(|known| known.path.0 == file.path && known.size == file.bytes) else { return Ok(None) };
        let (Held::Apart { object, file_bytes, .. }, Some(folder)) = (&known.held, self.folder) else { return Ok(None) };
        let there = self.home.world.disk.stat(&folder.dir, object_name(object).as_bytes()).is_ok_and(|stat| stat.size == *file_bytes);
        Ok((there && self.read(file, &mut |_| Ok(()))? == known.digest).then(|| known.clone()))
    }

    fn write(&self, folder: &Folder, file: &Large) -> Result<Kept, Failure> {
        let recipients = [self.home.card.seal.as_slice()];
        let parties = Parties { recipients: &recipients, signer: self.home.newest_signer() };
        let mut digest = Digest::ZERO;
        let written = sealed::write(&self.home.world, &|name| folder.begin(name), header::Kind::Backup, &parties, &object_name, &mut |frames| {
            digest = self.read(file, &mut |piece| frames.push(piece))?;
            Ok((file.bytes, codec::encode(&Backup::Object(Object { zone: self.home.zone_id(), size: file.bytes, digest }))))
        })?;
        let held = Held::Apart { object: written.id, file_bytes: written.bytes, file: written.digest };
        Ok(Kept { path: Bytes(file.path.clone()), size: file.bytes, digest, held })
    }
}

fn here_bytes(kept: &Kept) -> u64 {
    match &kept.held {
        Held::Here(content) => content.0.len() as u64,
        Held::Apart { .. } => 0,
    }
}

/// Which of these generations, the oldest first, stay, and which go.
fn kept(mut all: Vec<u64>, keep: Option<u64>) -> (Vec<u64>, Vec<u64>) {
    let stay = keep.map_or(usize::MAX, |keep| usize::try_from(keep).unwrap_or(usize::MAX));
    let stay = all.split_off(all.len().saturating_sub(stay));
    (stay, all)
}

/// Removes generations beyond those that stay, oldest first, then what no generation names. Where one cannot be opened nothing
/// is known of what it needs, and every object stays.
fn prune(home: &Home, folder: &Folder, keep: Option<u64>, report: &mut BackupReport) -> Result<(), Failure> {
    let disk = &*home.world.disk;
    let failed = |error: io::Error| Failure::io(report.folder.clone(), &error);
    let listing = folder.listing()?;
    let (stay, gone) = kept(listing.generations.iter().copied().collect(), keep);
    for generation in &gone {
        disk.remove(&folder.dir, manifest_name(*generation).as_bytes()).map_err(failed)?;
        disk.sync_dir(&folder.dir).map_err(failed)?;
    }
    let orphans = listing.keys.iter().filter(|generation| !stay.contains(generation));
    for name in orphans.map(|generation| key_name(*generation)).chain(listing.incomplete) {
        store::spool::remove_if_there(disk, &folder.dir, name.as_bytes()).map_err(failed)?;
    }
    let manifests: Result<Vec<(Manifest, Digest)>, Failure> = stay.iter().map(|generation| folder.manifest(*generation, home.keys())).collect();
    if let Ok(manifests) = manifests {
        let needed: BTreeSet<_> = manifests
            .iter()
            .flat_map(|(manifest, _)| &manifest.files)
            .filter_map(|kept| if let Held::Apart { object, .. } = &kept.held { Some(*object) } else { None })
            .collect();
        for object in listing.objects.difference(&needed) {
            disk.remove(&folder.dir, object_name(object).as_bytes()).map_err(failed)?;
        }
    }
    disk.sync_dir(&folder.dir).map_err(failed)?;
    (report.generations, report.removed) = (stay, gone);
    Ok(())
}

#[cfg(test)]
#[path = "backup_test.rs"]
mod tests;
