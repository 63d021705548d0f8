//! Checks a backup: every manifest, the chain of the generations, every object to its last byte. Writes nothing.

use seal::keys::SecretKeys;
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::path::Path;
use store::disk::File;
use wire::backup::{Backup, Held, Kept, Manifest};
use wire::header::Kind;
use wire::{Digest, PackageId};
use zeroize::Zeroizing;

use super::folder::{Folder, manifest_name, object_name};
use crate::opener::NotOpened;
use crate::progress::Stage;
use crate::report::{BackupReport, Failure};
use crate::sealed::{Sealed, digest_of_file, own};
use crate::world::World;

/// Asks once, whatever number of generations needs the answer.
pub struct Asked<'a> {
    ask: &'a dyn Fn() -> Option<Zeroizing<String>>,
    answer: RefCell<Option<Option<Zeroizing<String>>>>,
}

impl<'a> Asked<'a> {
    pub fn new(ask: &'a dyn Fn() -> Option<Zeroizing<String>>) -> Self {
        Self { ask, answer: RefCell::new(None) }
    }

    pub fn answer(&self) -> Option<Zeroizing<String>> {
        self.answer.borrow_mut().get_or_insert_with(self.ask).clone()
    }
}

/// Checks every generation in a folder. Needs its passphrase and no home.
///
/// # Errors
/// `BAK-02` where there is no backup; `HOM-04` for a wrong passphrase; `MED-02`, `IO-01`. What is damaged is a problem (BAK-01).
pub fn home_backup_verify(world: &World, path: &Path, ask: &dyn Fn() -> Option<Zeroizing<String>>) -> Result<BackupReport, Failure> {
    let folder = existing(world, path)?;
    let listing = folder.listing()?;
    let asked = Asked::new(ask);
    let mut report = BackupReport { folder: path.display().to_string(), generations: listing.generations.iter().copied().collect(), ..BackupReport::default() };
    report.problems.extend(listing.without_manifest().map(|failure| failure.0));
    let mut checked = BTreeMap::new();
    let mut before: Option<(u64, Digest)> = None;
    for generation in listing.generations {
        let (keys, _) = match folder.keys(generation, &|| asked.answer()) {
            Err(failure) if failure.0.code == "BAK-01" => {
                report.problems.push(failure.0);
                continue;
            }
            other => other?,
        };
        let (manifest, digest) = match folder.manifest(generation, &keys) {
            Ok(opened) => opened,
            Err(failure) => {
                report.problems.push(failure.0);
                continue;
            }
        };
        if before.is_some_and(|(number, digest)| number + 1 == generation && manifest.previous != digest) {
            report.problems.push(Failure::new("BAK-01", manifest_name(generation), "it does not follow the generation before it").0);
        }
        before = Some((generation, digest));
        check_files(world, &folder, &keys, &manifest, &mut checked, &mut |_, failure| report.problems.push(failure.0))?;
        (report.zone, report.generation) = (manifest.name.clone(), generation);
        (report.ledger_records, report.ledger_head) = (manifest.ledger.number, manifest.ledger.digest.to_string());
        (report.files, report.bytes) = (manifest.files.len() as u64, manifest.files.iter().map(|kept| kept.size).sum());
    }
    report.verified = report.problems.is_empty();
    Ok(report)
}

/// The folder, which must hold a backup.
pub fn existing(world: &World, path: &Path) -> Result<Folder, Failure> {
    let none = || Failure::new("BAK-02", path.display().to_string(), "there is no whole backup in this folder");
    let folder = Folder::open(world, path, false)?.ok_or_else(none)?;
    if folder.listing()?.generations.is_empty() { Err(none()) } else { Ok(folder) }
}

/// Checks the files of a generation; an object that `checked` knows is not read again.
pub fn check_files(
    world: &World,
    folder: &Folder,
    keys: &[SecretKeys],
    manifest: &Manifest,
    checked: &mut BTreeMap<PackageId, Digest>,
    damaged: &mut dyn FnMut(&Kept, Failure),
) -> Result<(), Failure> {
    let bytes = manifest.files.iter().map(|kept| kept.size).sum();
    world.progress.begin(Stage::Backup, Some(manifest.files.len() as u64), Some(bytes));
    for kept in &manifest.files {
        let well = match &kept.held {
            Held::Here(content) => require(wire::digest::of_bytes(&content.0) == kept.digest, kept, "it differs from its digest"),
            Held::Apart { object, file, .. } if checked.get(object) == Some(file) => Ok(()),
            Held::Apart { object, file, .. } => read_object(world, folder, keys, kept, &mut |_| Ok(())).map(|()| {
                checked.insert(*object, *file);
            }),
        };
        if let Err(failure) = well {
            damaged(kept, failure);
        }
        world.progress.advance(1, kept.size);
    }
    world.progress.end();
    Ok(())
}

fn require(well: bool, kept: &Kept, detail: &str) -> Result<(), Failure> {
    let subject = match &kept.held {
        Held::Here(_) => String::from_utf8_lossy(&kept.path.0).into_owned(),
        Held::Apart { object, .. } => object_name(object),
    };
    if well { Ok(()) } else { Err(Failure::new("BAK-01", subject, detail)) }
}

/// Gives the content of a large file, every byte checked against manifest and object; an error comes at the end at the latest.
pub fn read_object(
    world: &World,
    folder: &Folder,
    keys: &[SecretKeys],
    kept: &Kept,
    take: &mut dyn FnMut(&[u8]) -> Result<(), Failure>,
) -> Result<(), Failure> {
    let Held::Apart { object, file_bytes, file: file_digest } = &kept.held else { return Ok(()) };
    let name = object_name(object);
    let damaged = |detail: String| Failure::new("BAK-01", name.clone(), detail);
    let mut file = world.disk.open(&folder.dir, name.as_bytes()).map_err(|error| damaged(error.to_string()))?;
    let whole = |file: &mut dyn File| -> std::io::Result<bool> { Ok(file.stat()?.size == *file_bytes && digest_of_file(file)? == Some(*file_digest)) };
    require(whole(&mut *file).map_err(|error| damaged(error.to_string()))?, kept, "it is not the file that the manifest names")?;
    let opened = Sealed::open(keys, Kind::Backup, &mut *file, &own(keys));
    let opened = opened.map_err(|refused| damaged(refused.failure("").to_string()))?;
    let body = Backup::decode(&opened.verified.body, opened.content_bytes());
    let ours = matches!(body, Ok(Backup::Object(said)) if (said.size, said.digest, said.zone) == (kept.size, kept.digest, opened.verified.signer.zone));
    require(ours && opened.id == *object, kept, "it is not the object that the manifest names")?;
    let mut hasher = blake3::Hasher::new();
    opened
        .content(&mut *file, &mut |piece| {
            hasher.update(piece);
            take(piece).map_err(Interrupted::By)
        })
        .map_err(|error| match error {
            Interrupted::By(failure) => failure,
            Interrupted::Refused(refused) => damaged(refused.failure("").to_string()),
        })?;
    require(Digest(*hasher.finalize().as_bytes()) == kept.digest, kept, "its content differs from its digest")
}

/// Why reading ended.
enum Interrupted {
    By(Failure),
    Refused(NotOpened),
}

impl From<NotOpened> for Interrupted {
    fn from(refused: NotOpened) -> Self {
        Self::Refused(refused)
    }
}
