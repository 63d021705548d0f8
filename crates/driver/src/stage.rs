//! Unpacks a package beside the replica: every document verified against its digest, written with its attributes, in the
//! staging folder. Nothing visible changes here (P3).

use engine::replica::Route;
use rayon::prelude::*;
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::io;
use store::aligned::{LENT_BYTES, lend};
use store::disk::{Dir, Disk, File};
use store::stream::Ending;
use wire::clause;
use wire::manifest::{Document, Manifest, Piece};
use wire::receipt::Outcome;
use wire::record::{StagedRow, Step};
use wire::{Digest, PackageId, planted};

use crate::growing::{Growing, only_new, write_new};
use crate::opener::NotOpened;
use crate::tree::{Tree, split};
use crate::world::World;

/// Documents with so many new bytes are written by threads of their own.
const LARGE_BYTES: u64 = 1 << 20;
/// Documents that may be on their way to the disk while further ones come.
const ENDING_MAX: usize = 3;
/// Unpacks one package.
pub struct Stager<'a> {
    world: &'a World,
    tree: &'a Tree,
    route: &'a Route,
    manifest: &'a Manifest,
    rows: &'a mut [StagedRow],
    stage: Dir,
    /// Rows that have new bytes to be written, by where those begin.
    order: Vec<u32>,
    next: usize,
    window: Vec<u8>,
    window_at: u64,
    growing: Vec<Growing>,
    /// Whole documents whose last bytes are still being written.
    ending: VecDeque<Ending>,
    /// Large documents with the bytes of one that grows or has grown: they are copied from it at the end.
    twins: BTreeMap<u32, u32>,
    begun: Option<u32>,
}

fn carried(manifest: &Manifest, row: u32) -> &Document {
    &manifest.items[row as usize].documents[0]
}

impl<'a> Stager<'a> {
    /// Prepares the staging folder of a package whose rows were planned.
    pub fn new(world: &'a World, tree: &'a Tree, route: &'a Route, package: &PackageId, manifest: &'a Manifest, rows: &'a mut [StagedRow]) -> io::Result<Self> {
        let disk = &*world.disk;
        let stages = tree.dot_dir(disk, b"stage", true)?;
        crate::tree::remove_tree(disk, &stages, package.to_string().as_bytes())?;
        let stage = tree.dot_dir(disk, &Tree::stage(package), true)?;
        let needs_file = |row: &StagedRow| matches!(row.step, Step::Write | Step::Hold);
        let mut order: Vec<u32> = (0u32..).zip(rows.iter()).filter(|(_, row)| needs_file(row)).map(|(place, _)| place).collect();
        let mut folders: Vec<Vec<u8>> = order.iter().map(|row| Tree::staged(*row).0).collect();
        folders.dedup();
        folders.iter().try_for_each(|folder| disk.dir(&stage, folder, true).map(drop))?;
        order.retain(|row| carried(manifest, *row).new_bytes() > 0 || carried(manifest, *row).size == 0);
        // Where a document without new bytes says that they begin means nothing.
        let begins = |row: u32| if carried(manifest, row).new_bytes() > 0 { carried(manifest, row).at } else { 0 };
        order.sort_by_key(|row| (carried(manifest, *row).new_bytes() > 0, begins(*row)));
        Ok(Self {
            world,
            tree,
            route,
            manifest,
            rows,
            stage,
            order,
            next: 0,
            window: Vec::new(),
            window_at: 0,
            growing: Vec::new(),
            ending: VecDeque::new(),
            twins: BTreeMap::new(),
            begun: None,
        })
    }

    fn create(&self, row: u32) -> io::Result<Box<dyn File>> {
        let (folder, _) = Tree::staged(row);
        self.create_in(&self.world.disk.dir(&self.stage, &folder, false)?, row)
    }

    fn create_in(&self, dir: &Dir, row: u32) -> io::Result<Box<dyn File>> {
        self.world.disk.create(dir, &Tree::staged(row).1, if carried(self.manifest, row).executable { 0o755 } else { 0o644 })
    }

    /// Takes the next bytes of the logical content.
    pub fn take(&mut self, group: Vec<u8>) -> Result<(), NotOpened> {
        if self.window.is_empty() {
            self.window = group
        } else {
            self.window.extend_from_slice(&group)
        }
        let end = self.window_at + self.window.len() as u64;
        let first = self.next;
        while self.next < self.order.len() {
            let document = carried(self.manifest, self.order[self.next]);
            if document.new_bytes() > 0 && document.at + document.new_bytes() > end {
                break;
            }
            self.next += 1;
        }
        // Large documents grow in threads of their own; small ones of one staging folder are written by one thread.
        let mut groups: HashMap<u32, Vec<u32>> = HashMap::new();
        for place in first..self.next {
            let row = self.order[place];
            if carried(self.manifest, row).new_bytes() >= LARGE_BYTES {
                self.start(row)?;
            } else if !self.is_growing(row) && !self.twins.contains_key(&row) {
                groups.entry(row >> 8).or_default().push(row);
            }
        }
        let partly = self.order[self.next..].iter().take_while(|row| carried(self.manifest, **row).at < end);
        for row in partly.copied().collect::<Vec<_>>() {
            self.start(row)?;
        }
        let this = &*self;
        groups.into_par_iter().try_for_each(|(folder, rows)| {
            let dir = this.world.disk.dir(&this.stage, &Tree::staged(folder << 8).0, false)?;
            rows.into_iter().try_for_each(|row| this.write_small(&dir, row))
        })?;
        self.grow(end)?;
        let used_to = self.order.get(self.next).map_or(end, |row| carried(self.manifest, *row).at.min(end));
        let keep_from = if self.growing.is_empty() { used_to } else { end };
        self.window.drain(..usize::try_from(keep_from - self.window_at).expect("the window fits memory"));
        self.window_at = keep_from;
        Ok(())
    }

    fn in_window(&self, at: u64, bytes: u64) -> &[u8] {
        let start = usize::try_from(at - self.window_at).expect("the window fits memory");
        &self.window[start..start + usize::try_from(bytes).expect("the window fits memory")]
    }

    /// Writes a document whose new bytes are all in the window.
    fn write_small(&self, dir: &Dir, row: u32) -> Result<(), NotOpened> {
        let document = carried(self.manifest, row);
        let new = if document.new_bytes() > 0 { self.in_window(document.at, document.new_bytes()) } else { &[] };
        let mut file = self.create_in(dir, row)?;
        if only_new(document) {
            let right = blake3::hash(new).as_bytes() == &document.carried_digest().0;
            wire::clause::require(right, &clause::PKG_DIGEST)?;
            if !new.is_empty() {
                file.write_all_at(new, 0)?;
            }
            return Ok(self.close(row, file)?);
        }
        write_new(&mut *file, document, 0, new)?;
        Ok(())
    }

    fn close(&self, row: u32, mut file: Box<dyn File>) -> io::Result<()> {
        let document = carried(self.manifest, row);
        if document.part.is_none() {
            file.set_modified(document.modified)?;
        }
        self.world.progress.advance(1, document.carried_bytes());
        Ok(())
    }

    fn is_growing(&self, row: u32) -> bool {
        self.growing.iter().any(|growing| growing.row == row)
    }

    /// Begins a document whose bytes may come in several windows.
    fn start(&mut self, row: u32) -> Result<(), NotOpened> {
        let document = carried(self.manifest, row);
        let same_bytes = |begun: u32| {
            let other = carried(self.manifest, begun);
            only_new(document) && only_new(other) && (other.at, other.new_bytes()) == (document.at, document.new_bytes())
        };
        if let Some(begun) = self.begun.filter(|begun| *begun != row && same_bytes(*begun)) {
            wire::clause::require(carried(self.manifest, begun).carried_digest() == document.carried_digest(), &clause::PKG_DIGEST)?;
            self.twins.insert(row, begun);
        } else if !self.is_growing(row) {
            self.begun = Some(row);
            let growing = Growing::new(row, self.create(row)?, document)?;
            self.growing.push(growing);
        }
        Ok(())
    }

    /// Writes what the window has of documents that were begun.
    fn grow(&mut self, end: u64) -> Result<(), NotOpened> {
        for mut growing in std::mem::take(&mut self.growing) {
            let document = carried(self.manifest, growing.row);
            let from = document.at + growing.written;
            let bytes = (document.at + document.new_bytes()).min(end) - from;
            growing.take(document, self.in_window(from, bytes))?;
            if growing.written < document.new_bytes() {
                self.growing.push(growing);
            } else if let Some(ending) = growing.end(document)? {
                self.ending.push_back(ending);
                self.world.progress.advance(1, document.carried_bytes());
            }
        }
        while self.ending.len() > ENDING_MAX
            && let Some(oldest) = self.ending.pop_front()
        {
            oldest.wait()?;
        }
        Ok(())
    }

    /// After the last byte: copies what comes from bases, puts parts together, and verifies the results. A base that is missing
    /// or differs turns its row into a failure; a result that differs although its bases are right refuses the package.
    pub fn finish(mut self) -> Result<(), NotOpened> {
        self.take(Vec::new())?;
        wire::clause::require(self.growing.is_empty() && self.next == self.order.len(), &clause::PKG_PIECES)?;
        self.ending.drain(..).try_for_each(Ending::wait)?;
        let this = &self;
        self.twins.par_iter().try_for_each(|(twin, first)| this.copy_twin(*twin, *first))?;
        let manifest = self.manifest;
        let copying: Vec<u32> = (0u32..)
            .zip(self.rows.iter())
            .filter(|(place, row)| {
                matches!(row.step, Step::Write | Step::Hold) && !manifest.items[*place as usize].documents.is_empty() && !only_new(carried(manifest, *place))
            })
            .map(|(place, _)| place)
            .collect();
        let bases = if copying.is_empty() { HashMap::new() } else { self.bases() };
        let this = &self;
        let mut failed: Vec<(u32, Outcome)> =
            copying.into_par_iter().map(|row| this.copy_pieces(row, &bases)).collect::<Result<Vec<_>, NotOpened>>()?.into_iter().flatten().collect();
        for place in 0..self.rows.len() {
            let row = u32::try_from(place).expect("a package holds at most 65,536 items");
            if self.rows[place].step == Step::Write
                && self.rows[place].part.is_some()
                && !failed.iter().any(|(failed, _)| *failed == row)
                && !self.assemble(row)?
            {
                failed.push((row, Outcome::PartsBroken));
            }
        }
        for (row, outcome) in failed {
            self.rows[row as usize].step = Step::Nothing(outcome.number());
        }
        Ok(())
    }

    /// Writes a document that has the bytes of another one.
    fn copy_twin(&self, twin: u32, first: u32) -> Result<(), NotOpened> {
        let (folder, name) = Tree::staged(first);
        let from = self.world.disk.open(&self.world.disk.dir(&self.stage, &folder, false)?, &name)?;
        let document = carried(self.manifest, twin);
        let mut growing = Growing::new(twin, self.create(twin)?, document)?;
        let mut from = from;
        let mut buffer = lend();
        while growing.written < document.new_bytes() {
            let read = from.read_at(&mut buffer, growing.written)?;
            wire::clause::require(read > 0, &clause::PKG_DIGEST)?;
            growing.take(document, &buffer[..read])?;
        }
        growing.end(document)?.map_or(Ok(()), Ending::wait)?;
        self.world.progress.advance(1, document.carried_bytes());
        Ok(())
    }

    /// Where documents with the digests of the bases lie: in the tree, else in the history.
    fn bases(&self) -> HashMap<Digest, Vec<u8>> {
        let wanted: std::collections::HashSet<Digest> = self.manifest.bases.iter().map(|base| base.digest).collect();
        let held = self.route.items.iter().filter(|item| item.held() && item.damaged == 0 && wanted.contains(&item.digest));
        held.map(|item| (item.digest, item.path().0.clone())).collect()
    }

    fn open_base(&self, digest: &Digest, places: &HashMap<Digest, Vec<u8>>) -> Option<Box<dyn File>> {
        let disk = &*self.world.disk;
        let in_tree = places.get(digest).and_then(|path| {
            let (dir, name) = split(path);
            disk.open(&disk.dir(&self.tree.root, dir, false).ok()?, name).ok()
        });
        let (folder, name) = Tree::history(digest);
        let in_history = || disk.open(&self.tree.dot_dir(disk, &folder, false).ok()?, &name).ok();
        let is_it = |file: &mut Box<dyn File>| digest_of(&mut **file).is_ok_and(|found| found == *digest) || planted::is("base-unverified");
        [in_tree, in_history()].into_iter().flatten().find_map(|mut file| is_it(&mut file).then_some(file))
    }

    /// Copies the pieces of a row that come from bases; its outcome if that fails.
    fn copy_pieces(&self, row: u32, places: &HashMap<Digest, Vec<u8>>) -> Result<Option<(u32, Outcome)>, NotOpened> {
        let document = carried(self.manifest, row);
        let (folder, name) = Tree::staged(row);
        let dir = self.world.disk.dir(&self.stage, &folder, false)?;
        let mut file = if document.new_bytes() > 0 { self.world.disk.open_write(&dir, &name)? } else { self.create(row)? };
        let mut bases: HashMap<u32, Box<dyn File>> = HashMap::new();
        let mut buffer = lend();
        let mut at = 0;
        for piece in &document.pieces {
            if let Piece::Copy { base, offset, length } = piece {
                if !bases.contains_key(base) {
                    let Some(opened) = self.open_base(&self.manifest.bases[*base as usize].digest, places) else {
                        self.world.disk.remove(&dir, &name)?;
                        return Ok(Some((row, Outcome::BaseMissing)));
                    };
                    bases.insert(*base, opened);
                }
                let from = bases.get_mut(base).expect("opened above");
                let mut done = 0;
                while done < *length {
                    let now = usize::try_from((*length - done).min(LENT_BYTES as u64)).expect("a buffer fits memory");
                    let read = from.read_at(&mut buffer[..now], offset + done)?;
                    if read == 0 {
                        return Ok(Some((row, Outcome::BaseMissing)));
                    }
                    file.write_all_at(&buffer[..read], at + done)?;
                    done += read as u64;
                }
            }
            at += piece.length();
        }
        file.set_size(document.carried_bytes())?;
        wire::clause::require(digest_of(&mut *file)? == document.carried_digest(), &clause::PKG_DIGEST)?;
        self.close(row, file)?;
        Ok(None)
    }

    /// Puts the parts of a document together in the staged file of the part that completes it; false when they do not make it.
    fn assemble(&self, row: u32) -> Result<bool, NotOpened> {
        let disk = &*self.world.disk;
        let staged = &self.rows[row as usize];
        let document = carried(self.manifest, row);
        let (folder, name) = Tree::staged(row);
        let dir = disk.dir(&self.stage, &folder, false)?;
        let whole_name = [name.as_slice(), b".whole"].concat();
        let mut whole = disk.create(&dir, &whole_name, if document.executable { 0o755 } else { 0o644 })?;
        let mut put = |from: &mut dyn File, offset: u64| -> io::Result<()> {
            let (mut buffer, mut at) = (lend(), 0);
            loop {
                let read = from.read_at(&mut buffer, at)?;
                if read == 0 {
                    return Ok(());
                }
                whole.write_all_at(&buffer[..read], offset + at)?;
                at += read as u64;
            }
        };
        for part in self.route.parts.get(&(staged.item, staged.version, staged.digest)).into_iter().flatten() {
            let (folder, name) = Tree::part(&document.digest, part.offset);
            if let Ok(mut file) = self.tree.dot_dir(disk, &folder, false).and_then(|dir| disk.open(&dir, &name)) {
                put(&mut *file, part.offset)?;
            }
        }
        // What came last lies uppermost: a part that is held may be damaged, and what was cut anew overlaps it.
        let same = |other: &StagedRow| other.item == staged.item && other.version == staged.version && other.part.is_some();
        for (other, place) in self.rows.iter().zip(0u32..).filter(|(other, _)| same(other)) {
            let (folder, name) = Tree::staged(place);
            let mut part = disk.open(&disk.dir(&self.stage, &folder, false)?, &name)?;
            put(&mut *part, other.part.map_or(0, |part| part.offset))?;
        }
        let right = whole.stat()?.size == document.size && digest_of(&mut *whole)? == document.digest || planted::is("parts-unverified");
        disk.remove(&dir, &name)?;
        if right {
            whole.set_modified(document.modified)?;
            drop(whole);
            disk.rename((&dir, &whole_name), (&dir, &name), store::disk::Rename::New)?;
        } else {
            disk.remove(&dir, &whole_name)?;
        }
        Ok(right)
    }
}

/// Digest of a whole file.
pub fn digest_of(file: &mut dyn File) -> io::Result<Digest> {
    let (mut hasher, mut buffer, mut at) = (blake3::Hasher::new(), lend(), 0);
    loop {
        let read = file.read_at(&mut buffer, at)?;
        if read == 0 {
            return Ok(Digest(*hasher.finalize().as_bytes()));
        }
        hasher.update(&buffer[..read]);
        at += read as u64;
    }
}

/// Digest of a file in a directory; `None` when it is not there or is no regular file.
pub fn digest_at(disk: &dyn Disk, dir: &Dir, name: &[u8]) -> io::Result<Option<Digest>> {
    match disk.open(dir, name) {
        Ok(mut file) => digest_of(&mut *file).map(Some),
        Err(error) if matches!(disk.stat(dir, name), Ok(stat) if stat.kind == store::disk::Kind::File) => Err(error),
        Err(_) => Ok(None),
    }
}
