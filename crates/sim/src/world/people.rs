//! What people do to the archive, on the disk and in the model alike.

use super::World;
use super::ground::Ground;
use crate::weather::plan::Deed;
use crate::weather::random::Random;
use std::collections::BTreeSet;

/// Names that new documents get: folders, Chinese, names that only begin alike.
const NAMES: [&str; 12] = [
    "cards/{}.json",
    "cards/{}",
    "scans/a/{}.tif",
    "scans/b/{}.tif",
    "地契/{}.json",
    "地契/扫描/{}.jpg",
    "{}.txt",
    "{} .txt",
    "deep/a/b/c/{}",
    "deep/a/{}",
    "x/{}",
    "x{}",
];
/// With so few documents people only add.
const ARCHIVE_ITEMS_MIN: usize = 3;
/// Different numbers in names, so that names come back.
const NUMBERS: u64 = 5;

impl World {
    /// Does it; nothing where there is nothing to do it to.
    pub(super) fn deed(&mut self, deed: Deed, random: &mut Random) {
        if self.archive_away() {
            return;
        }
        if self.payload.is_some() {
            return self.deed_on_records(deed, random);
        }
        let paths: Vec<String> = self.archive.now.keys().filter(|path| self.can_be_used(path)).cloned().collect();
        // An archive that people emptied is taken for one that is not there (SRC-02): they leave something in it.
        let some = random.pick(&paths).filter(|_| paths.len() > ARCHIVE_ITEMS_MIN).cloned();
        match (deed, some) {
            (Deed::Create, _) | (_, None) => {
                let fresh = self.fresh_name(random);
                let content = content(random, &fresh);
                self.write(&fresh, &content, random);
            }
            (Deed::Large, _) => {
                let fresh = self.fresh_name(random);
                let bytes = 60_000 + usize::try_from(random.below(120_000)).expect("small");
                let content = random.bytes(bytes);
                self.write(&fresh, &content, random);
            }
            (Deed::Rewrite, Some(path)) => {
                let content = content(random, &path);
                self.write(&path, &content, random);
            }
            (Deed::Insert, Some(path)) => {
                let mut content = Ground::at(&self.disk, &self.places.archive).read(&path).unwrap_or_default();
                let at = usize::try_from(random.below(content.len() as u64 + 1)).expect("small");
                content.splice(at..at, format!("inserted {:x}", random.number()).into_bytes());
                self.write(&path, &content, random);
            }
            (Deed::Touch, Some(path)) => {
                let modified = self.now() + i64::try_from(random.below(1_000_000_000_000)).expect("small");
                let leaf = Ground::at(&self.disk, &self.places.archive).touch(&path, modified).expect("people can touch it");
                self.archive.wrote(&path, leaf);
            }
            (Deed::Chmod, Some(path)) => {
                let leaf = Ground::at(&self.disk, &self.places.archive).chmod(&path).expect("people can change it");
                self.note(|| format!("      {path} is changed to {leaf:?}"));
                self.archive.wrote(&path, leaf);
            }
            (Deed::Rename, Some(path)) => {
                let fresh = self.fresh_name(random);
                self.rename(&path, &fresh);
            }
            (Deed::RenameFolder, Some(path)) => {
                let Some((folder, _)) = path.split_once('/').filter(|(folder, _)| self.all_usable(folder)) else { return };
                let to = format!("moved-{}", random.below(4));
                if self.taken(&to) {
                    return;
                }
                Ground::at(&self.disk, &self.places.archive).rename(folder, &to).expect("a folder can be renamed");
                for path in paths.iter().filter(|path| path.starts_with(&format!("{folder}/"))) {
                    let leaf = self.archive.now[path];
                    self.archive.removed(path);
                    self.archive.wrote(&format!("{to}{}", &path[folder.len()..]), leaf);
                }
            }
            (Deed::Copy, Some(path)) => {
                let fresh = self.fresh_name(random);
                let content = Ground::at(&self.disk, &self.places.archive).read(&path).unwrap_or_default();
                self.write(&fresh, &content, random);
            }
            (Deed::Remove, Some(path)) => self.remove(&path),
            (Deed::FileToFolder, Some(path)) => {
                self.remove(&path);
                let content = content(random, &path);
                self.write(&format!("{path}/inside.json"), &content, random);
            }
            (Deed::FolderToFile, Some(path)) => {
                let Some((folder, _)) = path.split_once('/').filter(|(folder, _)| self.all_usable(folder)) else { return };
                for path in paths.iter().filter(|path| path.starts_with(&format!("{folder}/"))) {
                    self.remove(path);
                }
                let content = content(random, folder);
                self.write(folder, &content, random);
            }
            (Deed::MassRemove, Some(_)) => {
                if paths.len() < usize::try_from(super::BREAKER_ITEMS).expect("small") + 8 {
                    return;
                }
                let removed: BTreeSet<String> = paths.iter().skip(ARCHIVE_ITEMS_MIN).cloned().collect();
                for path in &removed {
                    self.remove(path);
                }
                self.mass_removed(removed);
            }
            (Deed::MassRewrite, Some(_)) => {
                for path in &paths {
                    let content = content(random, path);
                    self.write(path, &content, random);
                }
            }
        }
        Ground::at(&self.disk, &self.places.archive_volume).settle();
    }

    /// Whether people can work with a document: its sectors are good, and it is what they left.
    pub(super) fn can_be_used(&self, path: &str) -> bool {
        !self.archive.rotten.contains_key(path) && !self.unreadable.contains(path)
    }

    fn all_usable(&self, folder: &str) -> bool {
        self.archive.now.keys().filter(|path| path.starts_with(&format!("{folder}/"))).all(|path| self.can_be_used(path))
    }

    fn fresh_name(&self, random: &mut Random) -> String {
        let name = random.pick(&NAMES).expect("there are names");
        name.replace("{}", &random.below(NUMBERS).to_string())
    }

    /// Whether a name cannot be given: it is there, or a folder of it is a file, or it is a folder.
    fn taken(&self, path: &str) -> bool {
        let folder_is_file = path.match_indices('/').any(|(at, _)| self.archive.now.contains_key(&path[..at]));
        folder_is_file || self.archive.now.contains_key(path) || self.archive.now.keys().any(|known| known.starts_with(&format!("{path}/")))
    }

    fn write(&mut self, path: &str, content: &[u8], random: &mut Random) {
        if self.taken(path) && !(self.archive.now.contains_key(path) && self.can_be_used(path)) {
            return;
        }
        let leaf = Ground::at(&self.disk, &self.places.archive).write(path, content, random.one_in(2)).expect("people can write");
        self.note(|| format!("      {path} is written: {leaf:?}"));
        self.archive.wrote(path, leaf);
    }

    fn remove(&mut self, path: &str) {
        Ground::at(&self.disk, &self.places.archive).remove(path).expect("people can remove it");
        self.note(|| format!("      {path} is removed"));
        self.archive.removed(path);
    }

    fn rename(&mut self, from: &str, to: &str) {
        if self.taken(to) || to.starts_with(&format!("{from}/")) {
            return;
        }
        Ground::at(&self.disk, &self.places.archive).rename(from, to).expect("people can rename it");
        let leaf = self.archive.now[from];
        self.archive.removed(from);
        self.archive.wrote(to, leaf);
    }
}

/// A content of its own, so that a mixture of two versions would be seen. Some are empty.
fn content(random: &mut Random, path: &str) -> Vec<u8> {
    match random.below(10) {
        0 => Vec::new(),
        1 => random.bytes(3000),
        _ => {
            let lines = 1 + random.below(20);
            (0..lines).map(|line| format!("{{\"path\":\"{path}\",\"line\":{line},\"made\":\"{:016x}\"}}\n", random.number())).collect::<String>().into_bytes()
        }
    }
}
