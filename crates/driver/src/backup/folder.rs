//! The folder of a backup: which generations and objects lie in it. The name alone decides what is ours; the rest is left alone.

use seal::keys::SecretKeys;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use store::disk::{Dir, Hold, Lock};
use wire::backup::{Backup, Manifest};
use wire::header::Kind;
use wire::{Digest, PackageId};
use zeroize::Zeroizing;

use crate::keys;
use crate::report::Failure;
use crate::sealed::{Sealed, digest_of_file, own};
use crate::world::World;

const OBJECT: &str = ".gfb";
const KEY: &str = ".key";
const GENERATION: &str = "backup-";
const LOCK: &[u8] = b"backup.lock";

/// Name of the manifest of a generation.
pub fn manifest_name(generation: u64) -> String {
    format!("{GENERATION}{generation:08}{OBJECT}")
}

/// Name of the key file of a generation.
pub fn key_name(generation: u64) -> String {
    format!("{GENERATION}{generation:08}{KEY}")
}

/// Name of an object.
pub fn object_name(id: &PackageId) -> String {
    format!("{id}{OBJECT}")
}

/// The number in the name of a generation's file.
fn generation_in(name: &str, ending: &str, again: fn(u64) -> String) -> Option<u64> {
    let generation = name.strip_prefix(GENERATION)?.strip_suffix(ending)?.parse().ok()?;
    (again(generation) == name && generation > 0).then_some(generation)
}

/// What lies in the folder, of ours.
#[derive(Debug, Default)]
pub struct Listing {
    /// Generations that have a manifest.
    pub generations: BTreeSet<u64>,
    /// Generations that have a key file.
    pub keys: BTreeSet<u64>,
    /// Objects.
    pub objects: BTreeSet<PackageId>,
    /// What was not finished.
    pub incomplete: Vec<String>,
}

impl Listing {
    /// A newest generation of which there is only the key file: its writing was interrupted, or its manifest was lost. Nobody
    /// shall take the one before it for the newest unseen.
    pub fn without_manifest(&self) -> Option<Failure> {
        let (newest, whole) = (self.keys.last()?, self.generations.last().copied().unwrap_or_default());
        let detail =
            format!("it is not there: writing this generation was interrupted, or it was lost; the newest whole one is {whole} (--generation {whole})");
        (*newest > whole).then(|| Failure::new("BAK-01", manifest_name(*newest), detail))
    }
}

/// An open folder.
pub struct Folder {
    /// Where it lies.
    pub path: PathBuf,
    /// Its directory.
    pub dir: Dir,
    world: World,
    _lock: Option<Lock>,
}

impl Folder {
    /// Opens the folder; with `make` it is made where it is missing, and held against another backup until this is dropped.
    pub fn open(world: &World, path: &Path, make: bool) -> Result<Option<Self>, Failure> {
        let failed = |error: std::io::Error| Failure::new("MED-02", path.display().to_string(), error.to_string());
        let dir = match world.disk.root(path) {
            Ok(dir) => dir,
            // Where the folder above is missing, too, the medium is not mounted: a backup on the system's own disk would look like one.
            Err(error) if error.kind() == std::io::ErrorKind::NotFound && make => {
                let above = path.parent().unwrap_or(path);
                world.disk.root(above).map_err(|error| Failure::new("MED-02", above.display().to_string(), error.to_string()))?;
                let made = world.disk.make_root(path).map_err(failed)?;
                // What lies in it is only as durable as its own name.
                world.disk.sync_all(&made).map_err(failed)?;
                made
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let lock = if make {
            let held = || Failure::new("HOM-01", path.display().to_string(), "another gapferry writes a backup here");
            Some(world.disk.lock(&dir, LOCK, Hold::Alone).map_err(failed)?.ok_or_else(held)?)
        } else {
            None
        };
        Ok(Some(Self { path: path.into(), dir, world: world.clone(), _lock: lock }))
    }

    /// Begins a file.
    pub fn begin(&self, name: &str) -> std::io::Result<carrier::Writing> {
        carrier::Writing::begin(&self.world.disk, &self.dir, name)
    }

    /// What lies in it.
    pub fn listing(&self) -> Result<Listing, Failure> {
        let entries = self.world.disk.list(&self.dir).map_err(|error| Failure::io(self.path.display().to_string(), &error))?;
        let mut listing = Listing::default();
        for name in entries.iter().filter_map(|entry| std::str::from_utf8(&entry.name).ok()) {
            let whole = name.strip_suffix(carrier::name::PART);
            let manifest = generation_in(whole.unwrap_or(name), OBJECT, manifest_name);
            let key = generation_in(whole.unwrap_or(name), KEY, key_name);
            let object = whole.unwrap_or(name).strip_suffix(OBJECT).and_then(PackageId::from_hex);
            match whole {
                Some(_) if manifest.is_some() || key.is_some() || object.is_some() => listing.incomplete.push(name.into()),
                Some(_) => {}
                None => {
                    listing.generations.extend(manifest);
                    listing.keys.extend(key);
                    listing.objects.extend(object);
                }
            }
        }
        Ok(listing)
    }

    /// The keys of a generation, and the text of its key file.
    pub fn keys(&self, generation: u64, ask: &dyn Fn() -> Option<Zeroizing<String>>) -> Result<(Vec<SecretKeys>, Zeroizing<String>), Failure> {
        let name = key_name(generation);
        let damaged = |detail: String| Failure::new("BAK-01", name.clone(), detail);
        let bytes = store::spool::read_whole(&*self.world.disk, &self.dir, name.as_bytes(), keys::KEY_FILE_BYTES_MAX as u64);
        let bytes = Zeroizing::new(bytes.map_err(|error| damaged(error.to_string()))?);
        let text = Zeroizing::new(String::from_utf8(bytes.to_vec()).map_err(|_| damaged("not a key file".into()))?);
        let keys = keys::read(&text, None, ask).map_err(|failure| match failure.0.code {
            "HOM-04" => Failure::new("HOM-04", name.clone(), failure.0.detail),
            _ => damaged(failure.0.detail),
        })?;
        Ok((keys.generations, text))
    }

    /// The manifest of a generation and its file digest.
    pub fn manifest(&self, generation: u64, keys: &[SecretKeys]) -> Result<(Manifest, Digest), Failure> {
        let name = manifest_name(generation);
        let damaged = |detail: &str| Failure::new("BAK-01", name.clone(), detail);
        let failed = |error: std::io::Error| Failure::new("BAK-01", name.clone(), error.to_string());
        let mut file = self.world.disk.open(&self.dir, name.as_bytes()).map_err(failed)?;
        let opened = Sealed::open(keys, Kind::Backup, &mut *file, &own(keys));
        let opened = opened.map_err(|refused| damaged(&refused.failure("").to_string()))?;
        let mut whole = |_: &[u8]| Ok::<(), crate::opener::NotOpened>(());
        opened.content(&mut *file, &mut whole).map_err(|refused| damaged(&refused.failure("").to_string()))?;
        let digest = digest_of_file(&mut *file).map_err(failed)?.ok_or_else(|| damaged("too short"))?;
        let manifest = match Backup::decode(&opened.verified.body, opened.content_bytes()) {
            Ok(Backup::Manifest(manifest)) => manifest,
            _ => return Err(damaged("it is not a manifest")),
        };
        let card = keys.first().ok_or_else(|| damaged("it has no keys"))?.card(&manifest.name, manifest.role);
        if manifest.generation != generation || manifest.zone != opened.verified.signer.zone || manifest.zone != card.id() {
            return Err(damaged("it is another generation, or of another zone"));
        }
        Ok((manifest, digest))
    }

    /// Fails where so many bytes do not fit.
    pub fn require_room(&self, world: &World, needed: u64) -> Result<(), Failure> {
        let free = world.disk.space(&self.dir).map_err(|error| Failure::io(self.path.display().to_string(), &error))?.free;
        // Sealed they are a little longer, and padded by an eighth at most.
        let needed = needed + needed / 8 + (1 << 20);
        if needed <= free {
            return Ok(());
        }
        Err(Failure::new("IO-01", self.path.display().to_string(), format!("up to {needed} bytes are to be written and {free} are free; nothing was written")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_as_they_are_written() {
        for generation in [1, 7, 99_999_999, 100_000_000, u64::MAX] {
            assert_eq!(generation_in(&manifest_name(generation), OBJECT, manifest_name), Some(generation));
            assert_eq!(generation_in(&key_name(generation), KEY, key_name), Some(generation));
        }
        for name in ["backup-00000000.gfb", "backup-1.gfb", "backup-+0000001.gfb", "backup-00000001.gfb.part", "backup-00000001.key", "a.gfb"] {
            assert_eq!(generation_in(name, OBJECT, manifest_name), None, "{name}");
        }
    }
}
