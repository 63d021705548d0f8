//! What people do to an archive of records: the same deeds as to one of files, each to a whole item, and business transactions that
//! change several at once. Contents are new each time, so that a mixture of two versions would be seen.

use super::World;
use super::ground::Ground;
use crate::model::archive::Archive;
use crate::model::payload::{Payload, document_path, files_of};
use crate::model::record::{Document, Kind, Record, token};
use crate::model::template::ROLES;
use crate::weather::plan::Deed;
use crate::weather::random::Random;
use std::collections::BTreeSet;

/// Which files of these archives are records.
pub const PATTERN: &str = "**/*.json";
/// Names that new records get: for a folder of their own, and beside their documents.
const NAMES: [&str; 4] = ["户/{}/record.json", "地契/{}/record.json", "x/y/{}/record.json", "卡/{}.json"];
/// Different numbers in names, so that names come back.
const NUMBERS: u64 = 6;
/// With so few records people only add.
const RECORDS_MIN: usize = 3;
/// Bytes above which a document takes part in no business transaction, nor comes to a name where there was one: it may need a package of
/// its own, or go in parts.
const LARGE_BYTES: u64 = 20_000;

/// What a person changes of a record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    /// The texts in it.
    Texts,
    /// That, and whether it is of what templates select.
    Standing,
    /// That, and its documents.
    Documents,
}

/// A new record.
fn fresh(random: &mut Random, number: u64) -> Record {
    let kind = *random.pick(&Kind::ALL).expect("there are kinds");
    let (usual, inside) = (!random.one_in(4), !random.one_in(4));
    Record { kind, number, version: 1, usual, inside, secret: false, transaction: None, token: 0, documents: Vec::new() }
}

/// A content with a token.
fn content(random: &mut Random, of: u64) -> Vec<u8> {
    let lines = 1 + random.below(4);
    std::iter::once(token(of)).chain((0..lines).map(|_| format!("{:016x}\n", random.number()))).collect::<String>().into_bytes()
}

/// Writes a record and those of its documents that are new, on the disk and in the model.
fn write(ground: &Ground<'_>, archive: &mut Archive, payload: &mut Payload, path: &str, record: Record, documents: &[(&str, Vec<u8>)], in_place: bool) {
    for (role, content) in documents {
        let file = document_path(path, &format!("{role}.txt"));
        archive.wrote(&file, ground.write(&file, content, in_place).expect("people can write"));
    }
    archive.wrote(path, ground.write(path, record.text().as_bytes(), in_place).expect("people can write"));
    payload.wrote(path, record, archive);
}

/// The first archive of a world of records: so many of them, some with documents, two of them of one transaction.
pub fn first(ground: &Ground<'_>, records: u64) -> (Archive, Payload) {
    let (mut archive, mut payload, mut random) = (Archive::default(), Payload::default(), Random::of(11));
    for number in 0..records {
        let mut record = fresh(&mut random, number);
        record.token = random.number() << 3;
        record.transaction = (number < 2).then_some((number, 1));
        let documents = if number.is_multiple_of(3) { vec![("annex", content(&mut random, record.token + 5))] } else { Vec::new() };
        record.documents = documents.iter().map(|(role, content)| Document::of(role, record.token + 5, content)).collect();
        let path = NAMES[usize::try_from(number % 4).expect("small")].replace("{}", &format!("f{number}"));
        write(ground, &mut archive, &mut payload, &path, record, &documents, false);
    }
    (archive, payload)
}

impl World {
    /// Does it; nothing where there is nothing to do it to.
    pub(super) fn deed_on_records(&mut self, deed: Deed, random: &mut Random) {
        let paths: Vec<String> = self.usable_records();
        let some = random.pick(&paths).filter(|_| paths.len() > RECORDS_MIN).cloned();
        match (deed, some) {
            (Deed::Create, _) | (_, None) => self.create(random, None),
            (Deed::Large, _) => {
                let bytes = 60_000 + usize::try_from(random.below(120_000)).expect("small");
                self.create(random, Some(bytes));
            }
            (Deed::Rewrite, Some(path)) => self.change(&path, Change::Texts, None, random),
            (Deed::FileToFolder, Some(path)) => self.change(&path, Change::Standing, None, random),
            (Deed::Insert, Some(path)) => self.change(&path, Change::Documents, None, random),
            (Deed::Copy | Deed::FolderToFile, Some(_)) => self.transact(&paths, random),
            (Deed::Touch | Deed::Chmod, Some(path)) => {
                let files = self.files_of_record(&path);
                let file = random.pick(&files).expect("a record is a file");
                let modified = self.now() + i64::try_from(random.below(1_000_000_000_000)).expect("small");
                let ground = Ground::at(&self.disk, &self.places.archive);
                let leaf = if deed == Deed::Touch { ground.touch(file, modified) } else { ground.chmod(file) };
                self.archive.wrote(file, leaf.expect("people can change it"));
                self.note(|| format!("      {file} has other attributes"));
                self.tell(&path);
            }
            (Deed::Rename, Some(path)) => {
                let to = self.fresh_record_name(random);
                self.move_record(&path, &to);
            }
            (Deed::RenameFolder, Some(path)) => {
                let Some((folder, _)) = path.split_once('/').filter(|(folder, _)| *folder != "卡") else { return };
                let to = format!("moved-{}", random.below(4));
                let of_it: Vec<&String> = paths.iter().filter(|path| path.starts_with(&format!("{folder}/"))).collect();
                for path in of_it {
                    self.move_record(path, &format!("{to}{}", &path[folder.len()..]));
                }
            }
            (Deed::Remove, Some(path)) => self.remove_record(&path),
            (Deed::MassRemove, Some(_)) => {
                if self.archive.now.len() < usize::try_from(super::BREAKER_ITEMS).expect("small") + 8 {
                    return;
                }
                let removed: Vec<String> = paths.iter().skip(RECORDS_MIN).cloned().collect();
                let files: BTreeSet<String> = removed.iter().flat_map(|path| self.files_of_record(path)).collect();
                // What was to be withdrawn by then goes for that, and not for this.
                let carried: Vec<BTreeSet<String>> = (0..self.replicas.len()).map(|replica| self.seen_by(replica).now.keys().cloned().collect()).collect();
                removed.iter().for_each(|path| self.remove_record(path));
                self.mass_removed(files);
                for (held, carried) in self.mass.iter_mut().flat_map(|mass| &mut mass.held).zip(carried) {
                    held.retain(|file| carried.contains(file));
                }
            }
            (Deed::MassRewrite, Some(_)) => paths.iter().for_each(|path| self.change(path, Change::Texts, None, random)),
        }
        Ground::at(&self.disk, &self.places.archive_volume).settle();
    }

    fn payload(&self) -> &Payload {
        self.payload.as_ref().expect("this archive is one of records")
    }

    /// The files of a record.
    fn files_of_record(&self, path: &str) -> Vec<String> {
        files_of(path, &self.payload().items[path])
    }

    /// Records of which every file is what people left.
    fn usable_records(&self) -> Vec<String> {
        let usable = |(path, record): &(&String, &Record)| files_of(path, record).iter().all(|file| self.can_be_used(file));
        self.payload().items.iter().filter(usable).map(|(path, _)| path.clone()).collect()
    }

    fn fresh_record_name(&self, random: &mut Random) -> String {
        random.pick(&NAMES).expect("there are names").replace("{}", &random.below(NUMBERS).to_string())
    }

    /// The model is told of a record whose files have other attributes.
    fn tell(&mut self, path: &str) {
        let record = self.payload().items[path].clone();
        if let Some(payload) = &mut self.payload {
            payload.wrote(path, record, &self.archive);
        }
    }

    fn put_record(&mut self, path: &str, record: Record, documents: &[(&str, Vec<u8>)], in_place: bool) {
        self.note(|| format!("      {path} is written: {record:?}"));
        self.passed_by(path);
        let Self { archive, payload: Some(payload), disk, places, .. } = self else { return };
        write(&Ground::at(disk, &places.archive), archive, payload, path, record, documents, in_place);
    }

    fn create(&mut self, random: &mut Random, large: Option<usize>) {
        let path = self.fresh_record_name(random);
        if self.payload().items.contains_key(&path) {
            return if large.is_none() && self.usable_records().contains(&path) {
                self.change(&path, Change::Texts, None, random)
            };
        }
        let large = large.filter(|_| !self.payload().was_together(&path));
        self.rids += 1;
        let mut record = Record { token: random.number() << 3, ..fresh(random, 1000 + self.rids) };
        let mut documents = Vec::new();
        for (role, place) in ROLES.into_iter().zip(5..) {
            if random.one_in(3) || large.is_some() && role == "annex" {
                let mut content = content(random, record.token + place);
                content.extend(large.filter(|_| role == "annex").map(|bytes| random.bytes(bytes)).unwrap_or_default());
                record.documents.push(Document::of(role, record.token + place, &content));
                documents.push((role, content));
            }
        }
        self.put_record(&path, record, &documents, false);
    }

    /// People change a record, alone or with others.
    fn change(&mut self, path: &str, change: Change, transaction: Option<(u64, u64)>, random: &mut Random) {
        let mut record = self.payload().items[path].clone();
        (record.version, record.token, record.transaction) = (record.version + 1, random.number() << 3, transaction);
        if change == Change::Standing {
            let once = random.below(5);
            (record.usual, record.inside) = (record.usual ^ (once < 2), record.inside ^ (2..4).contains(&once));
            record.secret ^= once == 4;
        }
        let mut documents = Vec::new();
        if change == Change::Documents {
            let role = *random.pick(&ROLES).expect("there are roles");
            let content = content(random, record.token + 5);
            let document = Document::of(role, record.token + 5, &content);
            match record.documents.iter().position(|known| known.role == role) {
                Some(place) => record.documents[place] = document,
                None => record.documents.push(document),
            }
            documents.push((role, content));
        }
        self.put_record(path, record, &documents, random.one_in(2));
    }

    /// Two or three records change together.
    fn transact(&mut self, paths: &[String], random: &mut Random) {
        let is_small = |path: &&String| self.payload().items[*path].documents.iter().all(|document| document.bytes < LARGE_BYTES);
        let mut small: Vec<String> = paths.iter().filter(is_small).cloned().collect();
        let count = 2 + usize::try_from(random.below(2)).expect("small");
        if small.len() < count {
            return;
        }
        self.rids += 1;
        let number = 1000 + self.rids;
        for _ in 0..count {
            let path = small.swap_remove(usize::try_from(random.below(small.len() as u64)).expect("small"));
            let change = if random.one_in(3) { Change::Standing } else { Change::Texts };
            self.change(&path, change, Some((number, count as u64)), random);
        }
    }

    fn move_record(&mut self, from: &str, to: &str) {
        let (files, record) = (self.files_of_record(from), self.payload().items[from].clone());
        let is_large = record.documents.iter().any(|document| document.bytes > LARGE_BYTES);
        if self.payload().items.contains_key(to) || is_large && self.payload().was_together(to) {
            return;
        }
        self.passed_by(from);
        self.note(|| format!("      {from} is renamed {to}"));
        let Self { archive, payload: Some(payload), disk, places, .. } = self else { return };
        let ground = Ground::at(disk, &places.archive);
        for (old, new) in files.iter().zip(files_of(to, &record)) {
            ground.rename(old, &new).expect("people can rename it");
            let leaf = archive.now[old];
            archive.removed(old);
            archive.wrote(&new, leaf);
        }
        payload.removed(from, archive);
        payload.wrote(to, record, archive);
        payload.moved(from, to);
    }

    fn remove_record(&mut self, path: &str) {
        let files = self.files_of_record(path);
        self.note(|| format!("      {path} is removed"));
        self.passed_by(path);
        let Self { archive, payload: Some(payload), disk, places, .. } = self else { return };
        for file in files {
            Ground::at(disk, &places.archive).remove(&file).expect("people can remove it");
            archive.removed(&file);
        }
        payload.removed(path, archive);
    }

    /// People put a file that rotted right: they write the record once more, or another document.
    pub(super) fn bring_back_in_records(&mut self, file: &str) {
        let Some(path) = self.payload().record_of(file).cloned() else { return };
        let mut record = self.payload().items[&path].clone();
        let mut random = Random::of(self.time.unsigned_abs() ^ record.token);
        record.version += 1;
        let mut documents = Vec::new();
        if let Some(place) = record.documents.iter().position(|document| document_path(&path, &document.file_name()) == file) {
            let of = random.number() << 3;
            let (role, content) = (record.documents[place].role, content(&mut random, of));
            record.documents[place] = Document::of(role, of, &content);
            documents.push((role, content));
        }
        self.put_record(&path, record, &documents, false);
    }
}
