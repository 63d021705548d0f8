//! `home restore`: a home from its backup. Everything is verified before anything is written; the home is put together in a folder
//! of its own within its place, which may be a mount point or all that this user may write, and appears whole or not at all: the
//! configuration, which makes it a home, comes last. Its ledger begins a new life, because what the other zone saw since the backup is
//! unknown here (P12).

use capture::scan::is_file_systems_own;
use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use store::disk::{Dir, Disk, Entry, Kind, Rename};
use wire::Incarnation;
use wire::backup::{Held, Manifest};
use wire::planted;
use zeroize::Zeroizing;

use super::checking::{Asked, check_files, existing, read_object};
use super::folder::Folder;
use crate::config::{self, Config};
use crate::home::{Access, Home};
use crate::keys;
use crate::progress::Stage;
use crate::report::{Failure, HomeRestoreReport};
use crate::setup::overlap;
use crate::tree::{remove_tree, split};
use crate::world::World;

/// The folder in which a home is put together, within its place. As long as it holds the configuration, all beside it is of a
/// restoring that was interrupted.
pub const MARK: &str = "gapferry-restoring";

/// From where, and which generation.
#[derive(Clone, Debug, Default)]
pub struct HomeRestoreOptions {
    /// The folder of the backup.
    pub folder: PathBuf,
    /// The generation; the newest where it is not given.
    pub generation: Option<u64>,
    /// Verifies and writes nothing.
    pub dry_run: bool,
}

/// Makes the home `to` from a backup.
///
/// # Errors
/// `USE-01` where something lies at `to` already, or this user may not write there; `BAK-01` for a damaged backup, `BAK-02` where there is none; `HOM-04` for a wrong
/// passphrase; `LDG-*`; `MED-02`, `IO-01`.
pub fn home_restore(world: &World, to: &Path, options: &HomeRestoreOptions, ask: &dyn Fn() -> Option<Zeroizing<String>>) -> Result<HomeRestoreReport, Failure> {
    let to = std::path::absolute(to).map_err(|error| Failure::io(to.display().to_string(), &error))?;
    require_vacant(world, &to)?;
    crate::setup::outside_of_homes(world, &to)?;
    if !options.dry_run {
        require_writable(world, &to)?;
    }
    let folder = existing(world, &options.folder)?;
    let listing = folder.listing()?;
    if let (None, Some(failure)) = (options.generation, listing.without_manifest()) {
        return Err(failure);
    }
    let generations = listing.generations;
    let newest = generations.last().copied().unwrap_or_default();
    let generation = options.generation.unwrap_or(newest);
    if !generations.contains(&generation) {
        return Err(Failure::new("BAK-02", options.folder.display().to_string(), format!("there is no generation {generation}; the newest is {newest}")));
    }
    let asked = Asked::new(ask);
    let (keys, key_text) = folder.keys(generation, &|| asked.answer())?;
    let (manifest, _) = folder.manifest(generation, &keys)?;
    let mut damaged = None;
    check_files(world, &folder, &keys, &manifest, &mut BTreeMap::new(), &mut |_, failure| {
        damaged.get_or_insert(failure);
    })?;
    if let Some(failure) = damaged.filter(|_| !planted::is("backup-unverified")) {
        return Err(failure);
    }
    let mut report = HomeRestoreReport {
        home: to.display().to_string(),
        zone: manifest.name.clone(),
        role: manifest.role.word(),
        generation,
        time: manifest.time,
        ledger_records: manifest.ledger.number,
        files: manifest.files.len() as u64,
        bytes: manifest.files.iter().map(|kept| kept.size).sum(),
        routes: Vec::new(),
        incarnation: None,
        dry_run: options.dry_run,
    };
    if let Some(config) = config_of(&manifest)? {
        report.routes = config.routes.keys().cloned().collect();
        overlap::configured(&config, &to).map_err(|failure| Failure::new("USE-01", to.display().to_string(), failure.0.detail))?;
    }
    if options.dry_run {
        return Ok(report);
    }
    let failed = |error: io::Error| Failure::io(to.display().to_string(), &error);
    let place = world.disk.make_root(&to).map_err(failed)?;
    let building = to.join(MARK);
    let dir = start(world, &place, &building)?;
    put(world, &folder, &keys, &manifest, &dir, &key_text).map_err(|failure| at(&building, failure))?;
    world.disk.sync_all(&dir).map_err(failed)?;
    report.incarnation = Some(begin_life(world, &building, &manifest, asked.answer())?.to_string());
    world.disk.sync_all(&place).map_err(failed)?;
    appear(&*world.disk, &place, &dir).map_err(failed)?;
    Ok(report)
}

/// The configuration in a generation: what it names must lie apart from where the home is to be.
fn config_of(manifest: &Manifest) -> Result<Option<Config>, Failure> {
    let kept = manifest.files.iter().find(|kept| kept.path.0 == config::FILE.as_bytes());
    let Some(Held::Here(text)) = kept.map(|kept| &kept.held) else { return Ok(None) };
    String::from_utf8(text.0.clone()).ok().map(|text| Config::parse(&text)).transpose()
}

/// A failure while the home is put together, about its place.
fn at(building: &Path, failure: Failure) -> Failure {
    if failure.0.code == "IO-01" {
        Failure::new("IO-01", building.display().to_string(), format!("{}: {}", failure.0.subject, failure.0.detail))
    } else {
        failure
    }
}

/// Nothing may lie there but what an interrupted run left.
fn require_vacant(world: &World, to: &Path) -> Result<(), Failure> {
    let taken = |detail: &str| Failure::new("USE-01", to.display().to_string(), detail);
    let failed = |error: io::Error| Failure::io(to.display().to_string(), &error);
    match world.disk.root(to) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotADirectory => Err(taken("there is a file of this name")),
        Err(error) => Err(failed(error)),
        Ok(dir) if is_vacant(&*world.disk, &dir, &world.disk.list(&dir).map_err(failed)?) => Ok(()),
        Ok(_) => Err(taken("the folder is not empty; a home is restored to a place of its own")),
    }
}

/// Whether a folder holds nothing, or what an interrupted run left: its folder alone, or with the configuration still in it.
fn is_vacant(disk: &dyn Disk, dir: &Dir, entries: &[Entry]) -> bool {
    let there = |dir: &Dir| disk.stat(dir, config::FILE.as_bytes());
    let is_unfinished =
        || there(dir).is_err_and(|error| error.kind() == io::ErrorKind::NotFound) && disk.dir(dir, MARK.as_bytes(), false).and_then(|dir| there(&dir)).is_ok();
    let others = entries.iter().filter(|entry| !is_ours(entry) && !is_file_systems_own(disk, dir, entry)).count();
    others == 0 || entries.iter().any(is_ours) && is_unfinished()
}

fn is_ours(entry: &Entry) -> bool {
    entry.name == MARK.as_bytes() && entry.kind == Kind::Dir
}

/// Before all of a backup is read: whether this user may write where the home is to be.
fn require_writable(world: &World, to: &Path) -> Result<(), Failure> {
    let disk = &*world.disk;
    let Some((path, nearest)) = to.ancestors().find_map(|path| Some((path, disk.root(path).ok()?))) else { return Ok(()) };
    match disk.make_root(&path.join(MARK)) {
        Err(error) if matches!(error.kind(), io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem) => {
            let detail = format!("this user may not write here ({error}): let {} be made for it first (`install -d -m 0700 -o USER FOLDER`)", to.display());
            Err(Failure::new("USE-01", path.display().to_string(), detail))
        }
        Err(error) => Err(Failure::io(path.display().to_string(), &error)),
        Ok(_) => {
            // What an interrupted run left in it is cleared away later.
            let _left = disk.remove_dir(&nearest, MARK.as_bytes());
            Ok(())
        }
    }
}

/// The folder in which the home is put together: what an interrupted run left goes first, and that folder last, so that this may be
/// interrupted as well.
fn start(world: &World, place: &Dir, building: &Path) -> Result<Dir, Failure> {
    let failed = |error: io::Error| Failure::io(building.display().to_string(), &error);
    let disk = &*world.disk;
    for entry in disk.list(place).map_err(failed)?.iter().filter(|entry| !is_ours(entry)) {
        match entry.kind {
            Kind::Dir => remove_tree(disk, place, &entry.name),
            _ => disk.remove(place, &entry.name),
        }
        .map_err(failed)?;
    }
    disk.sync_dir(place).map_err(failed)?;
    remove_tree(disk, place, MARK.as_bytes()).map_err(failed)?;
    disk.make_root(building).map_err(failed)
}

/// Gives what was put together its names, the configuration last: with it this is a home.
fn appear(disk: &dyn Disk, place: &Dir, dir: &Dir) -> io::Result<()> {
    let take = |name: &[u8]| disk.rename((dir, name), (place, name), Rename::New);
    let entries = disk.list(dir)?;
    entries.iter().filter(|entry| entry.name != config::FILE.as_bytes()).try_for_each(|entry| take(&entry.name))?;
    disk.sync_dir(dir)?;
    disk.sync_dir(place)?;
    take(config::FILE.as_bytes())?;
    disk.sync_dir(place)?;
    // A power cut may leave it there: it is empty, means nothing in a home, and no backup holds it.
    disk.remove_dir(place, MARK.as_bytes())?;
    disk.sync_dir(place)
}

/// Writes every file of the home.
fn put(world: &World, folder: &Folder, keys: &[seal::keys::SecretKeys], manifest: &Manifest, dir: &Dir, key_text: &str) -> Result<(), Failure> {
    let disk = &*world.disk;
    let bytes = manifest.files.iter().map(|kept| kept.size).sum();
    world.progress.begin(Stage::Restore, Some(manifest.files.len() as u64), Some(bytes));
    for made in [&b"keys"[..], b"trust", b"ledger", b"spool/out", b"spool/quarantine"] {
        disk.dir(dir, made, true).map_err(|error| Failure::io(String::from_utf8_lossy(made), &error))?;
    }
    for kept in &manifest.files {
        let path = String::from_utf8_lossy(&kept.path.0).into_owned();
        let failed = |error: io::Error| Failure::io(path.clone(), &error);
        let (parent, name) = split(&kept.path.0);
        let parent = disk.dir(dir, parent, true).map_err(failed)?;
        let mut file = disk.create(&parent, name, 0o600).map_err(failed)?;
        match &kept.held {
            Held::Here(content) => file.write_all_at(&content.0, 0).map_err(failed)?,
            Held::Apart { .. } => {
                let mut at = 0;
                read_object(world, folder, keys, kept, &mut |piece| {
                    file.write_all_at(piece, at).map_err(failed)?;
                    at += piece.len() as u64;
                    Ok(())
                })?;
            }
        }
        world.progress.advance(1, kept.size);
    }
    let keys_dir = disk.dir(dir, b"keys", true).map_err(|error| Failure::io("keys", &error))?;
    store::spool::write_whole_with_mode(disk, &keys_dir, keys::FILE, key_text.as_bytes(), 0o600).map_err(|error| Failure::io("keys/zone.key", &error))?;
    world.progress.end();
    Ok(())
}

/// Opens what was put together, which verifies its ledger, and begins a new life of it; gives the routes and the new life.
fn begin_life(world: &World, building: &Path, manifest: &Manifest, passphrase: Option<Zeroizing<String>>) -> Result<Incarnation, Failure> {
    let world = World { passphrase: Arc::new(move || passphrase.clone()), ..world.clone() };
    let mut home = Home::open(&world, building, Access::Change)?;
    let head = home.head();
    if head.number != manifest.ledger.number || head.digest != manifest.ledger.digest {
        return Err(Failure::new("BAK-01", "ledger", "it does not end where the manifest says"));
    }
    let reason = format!("restored from generation {} of its backup", manifest.generation);
    let goes_on = planted::is("restored-home-goes-on");
    let incarnation = if goes_on { home.incarnation() } else { crate::rebase::begin_new_life(&mut home, &reason)? };
    home.close(&reason, "restored")?;
    Ok(incarnation)
}
