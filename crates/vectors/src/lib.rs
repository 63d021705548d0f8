//! The judge: builds every file of `fixtures/` by hand from the specification, and reads them back with a reader of its own.
//!
//! It depends on no other crate of this workspace, only on primitives, so that what it agrees on with the program is what the
//! specification says. Same input, same bytes: all keys, nonces and ids come from labels. Nothing here is fit for real use: the
//! keys are published and the reader holds whole files in memory.

mod card_vectors;
mod certificate_vectors;
mod corpus;
mod describe;
mod encode;
mod envelope;
mod envelope_bad;
mod fixture;
mod key_vectors;
mod label_vectors;
mod ledger_vectors;
pub mod model;
mod package;
mod package_bad;
mod package_good;
mod primitive;
pub mod read;
mod receipt_bad;
mod receipt_good;
#[cfg(test)]
mod tests;
mod zone;

pub use fixture::File;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The pages that have fixtures, each a folder of `fixtures/`.
pub const PAGES: [&str; 8] = ["card", "certificate", "envelope", "keys", "label", "ledger", "package", "receipt"];

/// Builds all fixtures, ascending by path.
pub fn build() -> Vec<File> {
    let cast = zone::Cast::new();
    let mut collection = fixture::Collection::default();
    card_vectors::keys(&cast, &mut collection);
    card_vectors::collect(&cast, &mut collection);
    let sent = package_good::collect(&cast, &mut collection);
    package_bad::collect(&cast, &mut collection);
    envelope_bad::collect(&cast, &mut collection);
    let first_state = package_good::first(&cast).state();
    receipt_good::collect(&cast, &sent, first_state, &mut collection);
    receipt_bad::collect(&cast, &sent, &mut collection);
    label_vectors::collect(&cast, &mut collection);
    key_vectors::collect(&cast, &mut collection);
    ledger_vectors::collect(&cast, &mut collection);
    certificate_vectors::collect(&cast, &mut collection);
    let mut files = collection.finish();
    files.extend(corpus::of(&files));
    files
}

/// The files that lie in `directory` on the pages of the fixtures, by path.
pub fn load(directory: &Path) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut files = BTreeMap::new();
    for page in PAGES.into_iter().filter(|page| directory.join(page).is_dir()) {
        load_folder(directory, page, &mut files)?;
    }
    if directory.join(corpus::FOLDER).is_dir() {
        let mut seeds = BTreeMap::new();
        load_folder(directory, corpus::FOLDER, &mut seeds)?;
        files.extend(seeds.into_iter().filter(|(path, _)| corpus::is_ours(path)));
    }
    Ok(files)
}

fn load_folder(directory: &Path, folder: &str, files: &mut BTreeMap<String, Vec<u8>>) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{folder}: {error}");
    for entry in std::fs::read_dir(directory.join(folder)).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
        if entry.file_type().map_err(failed)?.is_dir() {
            load_folder(directory, &path, files)?;
        } else {
            files.insert(path, std::fs::read(entry.path()).map_err(failed)?);
        }
    }
    Ok(())
}

/// What differs between the files that were found and those that are built, a line each.
pub fn differences(found: &BTreeMap<String, Vec<u8>>, built: &BTreeMap<String, Vec<u8>>) -> Vec<String> {
    let paths: BTreeSet<&String> = found.keys().chain(built.keys()).collect();
    let difference = |path: &String| match (found.get(path), built.get(path)) {
        (None, _) => Some(format!("{path}: missing")),
        (_, None) => Some(format!("{path}: not built by this program")),
        (Some(found), Some(built)) => (found != built).then(|| format!("{path}: differs")),
    };
    paths.into_iter().filter_map(difference).collect()
}
