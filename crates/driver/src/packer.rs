//! Packs one package: takes selected items in their order until it is full, reads them, lays their content out, seals.
//!
//! Reading the next stretch and sealing the last run side by side. What does not fit is left for the next package or
//! medium; a package holds whole items only, except for parts of a document larger than an empty medium.

use carrier::Writing;
use engine::select::{self, Because, Selected};
use rayon::prelude::*;
use std::collections::{BTreeSet, HashMap};
use wire::limits::{BLOCK_PLAIN_BYTES_MAX, BODY_PLAIN_BYTES_MAX};
use wire::manifest::{Document, Item, Mark, Part};
use wire::record::{CapturedRow, ChunkList, PackedRow};
use wire::{Digest, digest};

use crate::frame_writer::FrameWriter;
use crate::layout::{Layout, store_blocks};
use crate::reader::{DocumentRead, Draft, NotRead, Reader, pieces_of};
use crate::report::Failure;

/// Items that this writer puts into a package: half of what the format allows, so that memory stays small on both sides.
const PACKAGE_ITEMS: usize = 32_768;
/// Bytes of a manifest that this writer aims below: half of what the format allows.
const BODY_BYTES: u64 = BODY_PLAIN_BYTES_MAX / 2;
/// Small documents read together before they are sealed, in blocks.
const WAVE_BLOCKS: usize = 16;
/// Smallest block that is aimed at when room is scarce, bytes.
const BLOCK_BYTES_MIN: u64 = 16 << 10;

/// A row of the package with what the ledger keeps of it.
pub struct PackedItem {
    /// As in the manifest.
    pub item: Item,
    /// As in the ledger.
    pub row: PackedRow,
}

/// What was packed.
#[derive(Default)]
pub struct Packing {
    /// Items, in the order in which they were taken.
    pub items: Vec<PackedItem>,
    /// Their content.
    pub layout: Layout,
    /// Lists of chunks for later deltas.
    pub chunks: Vec<ChunkList>,
    /// Documents that had changed since they were captured: the version that was packed.
    pub recaptured: Vec<CapturedRow>,
    /// Items that did not go, and why.
    pub refused: Vec<(u32, NotRead)>,
    /// Bytes of the documents.
    pub document_bytes: u64,
    body_bytes: u64,
    taken: BTreeSet<u32>,
}

/// Room for a package.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Largest file that fits now, bytes.
    pub file_bytes: u64,
    /// Largest file that would fit an empty medium, bytes.
    pub empty_bytes: u64,
}

/// Fixed part of a manifest and slack for the tables' lengths, bytes.
const MANIFEST_BYTES: u64 = 1024;

/// Packs one package.
pub struct Packer<'a> {
    /// Reads the documents.
    pub reader: Reader<'a>,
    /// Where sealed bytes go.
    pub frames: FrameWriter<'a>,
    /// How long the file would be with so much content and body.
    pub file_bytes: &'a (dyn Fn(u64, u64) -> u64 + Sync),
    /// What there is room for.
    pub room: Room,
    /// Parts that the medium validly holds.
    pub holds_parts: &'a BTreeSet<(u32, u64, u64)>,
    /// Whether the package of a sequence must travel again.
    pub due: &'a dyn Fn(u64) -> bool,
}

fn io(error: std::io::Error) -> Failure {
    Failure::io("package", &error)
}

impl<'a> Packer<'a> {
    /// Takes items from `selected` in order; gives what was packed. Items that are in neither list of it wait.
    pub fn run(mut self, selected: &[Selected]) -> Result<(Packing, FrameWriter<'a>), Failure> {
        let mut packing = Packing { body_bytes: MANIFEST_BYTES, ..Packing::default() };
        let mut at = 0;
        while at < selected.len() && packing.items.len() < PACKAGE_ITEMS {
            if self.is_large(selected[at].item) {
                self.large(&mut packing, selected[at])?;
                at += 1;
                continue;
            }
            let end = selected[at..].iter().position(|next| self.is_large(next.item)).map_or(selected.len(), |length| at + length);
            if !self.small(&mut packing, &selected[at..end])? {
                break;
            }
            at = end;
        }
        Ok((packing, self.frames))
    }

    fn is_large(&self, number: u32) -> bool {
        let item = self.reader.item(number);
        !item.gone && item.stat.size > self.block_bytes()
    }

    /// Plain bytes that blocks are filled to: smaller where there is little room, so that little is left unused.
    fn block_bytes(&self) -> u64 {
        (self.room.file_bytes / 16).clamp(BLOCK_BYTES_MIN, u64::from(BLOCK_PLAIN_BYTES_MAX))
    }

    fn fits(&self, packing: &Packing, content_bytes: u64, body_bytes: u64) -> bool {
        if packing.body_bytes + body_bytes > BODY_BYTES {
            return false;
        }
        (self.file_bytes)(packing.layout.stored_bytes + content_bytes, packing.body_bytes + body_bytes) <= self.room.file_bytes
    }

    /// Packs a run of small documents and removals; false when the package is full.
    fn small(&mut self, packing: &mut Packing, run: &[Selected]) -> Result<bool, Failure> {
        let block_bytes = self.block_bytes();
        let mut rest = run;
        let mut waiting: Option<Vec<Batch>> = None;
        loop {
            let (wave, after) = cut_wave(&self.reader, rest, block_bytes);
            rest = after;
            let reader = &self.reader;
            let (next, full) = match waiting.take() {
                None => (read_wave(reader, &wave), Ok(true)),
                Some(batches) => {
                    let (frames, room) = (&mut self.frames, self.room);
                    let file_bytes = self.file_bytes;
                    let write = || admit_wave(reader, frames, packing, batches, &|content, body| file_bytes(content, body) <= room.file_bytes);
                    rayon::join(|| read_wave(reader, &wave), write)
                }
            };
            if !full? {
                return Ok(false);
            }
            if wave.is_empty() {
                return Ok(true);
            }
            waiting = Some(next);
        }
    }

    /// Packs a document larger than a block: whole if there is room, in parts if it is larger than an empty medium.
    fn large(&mut self, packing: &mut Packing, selected: Selected) -> Result<(), Failure> {
        let number = selected.item;
        let size = self.reader.item(number).stat.size;
        let tables = 8 * size.div_ceil(u64::from(BLOCK_PLAIN_BYTES_MAX)) + item_bytes(self.reader.item(number).id.0.len(), 64);
        let whole_on_empty = (self.file_bytes)(size, MANIFEST_BYTES + tables) <= self.room.empty_bytes;
        let in_parts = self.reader.route.item(number).parts.is_some_and(|parts| parts.version == self.reader.item(number).version);
        if !whole_on_empty || in_parts {
            return self.part(packing, selected);
        }
        for _ in 0..crate::reader::READ_TRIES {
            match self.large_whole(packing, number, tables)? {
                Some(Err(NotRead::Unstable)) => {}
                Some(Err(reason)) => {
                    packing.refused.push((number, reason));
                    return Ok(());
                }
                Some(Ok(())) | None => return Ok(()),
            }
        }
        packing.refused.push((number, NotRead::Unstable));
        Ok(())
    }

    /// `None` when it does not fit now.
    fn large_whole(&mut self, packing: &mut Packing, number: u32, tables: u64) -> Result<Option<Result<(), NotRead>>, Failure> {
        let item = self.reader.item(number);
        let size = item.stat.size;
        let base = self.reader.base_chunks(number);
        let maybe_there = self.reader.proven.has_size(size) && self.reader.may_refer(number) || packing.layout.known_size(size);
        let mut new_bytes = size;
        if maybe_there || base.is_some() && !self.fits(packing, size, tables) {
            let first = match crate::stretch::survey(&self.reader, number, base.as_ref()) {
                Ok(first) => first,
                Err(reason) => return Ok(Some(Err(reason))),
            };
            if self.reader.is_rot(number, &first.stat, &first.was.digest) {
                return Ok(Some(Err(NotRead::Rotten)));
            }
            let there = self.reader.proven.holds(&first.was.digest, first.was.bytes) && self.reader.may_refer(number);
            let here = packing.layout.known.get(&first.was.digest).copied();
            if there || here.is_some() {
                let pieces = if there { vec![Draft::Copy { offset: 0, length: first.was.bytes }] } else { vec![Draft::New(first.was.bytes)] };
                let base = there.then_some((first.was.digest, first.was.bytes));
                if self.fits(packing, 0, tables) {
                    let read = DocumentRead { item: number, stat: first.stat, was: first.was, young: first.young, pieces, base, new_at: 0, new_bytes: 0 };
                    push_document(&self.reader, packing, read, here.filter(|_| !there).unwrap_or(0));
                }
                return Ok(None);
            }
            new_bytes = first.new_bytes;
        }
        if !self.fits(packing, new_bytes, tables) {
            return Ok(None);
        }
        let start = packing.layout.plain_bytes;
        let read = match crate::stretch::copy(&self.reader, number, None, base.as_ref(), &mut packing.layout, &mut self.frames)? {
            Ok(read) => read,
            Err(reason) => return Ok(Some(Err(reason))),
        };
        if self.reader.is_rot(number, &read.stat, &read.was.digest) {
            return Ok(Some(Err(NotRead::Rotten)));
        }
        if read.base.is_none() {
            packing.layout.know(read.was.digest, read.was.bytes, start);
        }
        push_document(&self.reader, packing, read, start);
        Ok(Some(Ok(())))
    }

    /// Packs the next part of a document that is larger than an empty medium, as much as there is room for.
    fn part(&mut self, packing: &mut Packing, selected: Selected) -> Result<(), Failure> {
        let number = selected.item;
        let item = self.reader.item(number);
        let sent = self.reader.route.item(number);
        let fresh = sent.parts.as_ref().is_none_or(|parts| parts.version != item.version);
        if selected.because == Because::Unproven && !fresh {
            return Ok(());
        }
        let Some((offset, up_to)) = select::next_part(item, &sent, self.holds_parts, number, self.due) else { return Ok(()) };
        let row_bytes = item_bytes(item.id.0.len(), 64) + 49;
        let mut length = up_to.min(self.room.file_bytes);
        let tables = |length: u64| row_bytes + 8 * length.div_ceil(u64::from(BLOCK_PLAIN_BYTES_MAX));
        while length > 0 && !self.fits(packing, length, tables(length)) {
            let over = (self.file_bytes)(packing.layout.stored_bytes + length, packing.body_bytes + tables(length)) - self.room.file_bytes;
            length = length.saturating_sub(over.max(4096));
        }
        if length == 0 || length < up_to.min(BLOCK_BYTES_MIN) {
            return Ok(());
        }
        // The digest of the whole comes first: from the ledger once it was read for the first part.
        let whole = match item.digest.filter(|_| !item.young) {
            Some(whole) => whole,
            None => match crate::stretch::survey(&self.reader, number, None) {
                Ok(first) if first.stat == item.stat => first.was.digest,
                Ok(_) => {
                    packing.refused.push((number, NotRead::Unstable));
                    return Ok(());
                }
                Err(reason) => {
                    packing.refused.push((number, reason));
                    return Ok(());
                }
            },
        };
        let start = packing.layout.plain_bytes;
        match crate::stretch::copy(&self.reader, number, Some((offset, length)), None, &mut packing.layout, &mut self.frames)? {
            Ok(read) if read.stat == item.stat && read.was.bytes == length => {
                let part = Part { offset, length, digest: read.was.digest };
                push_part(&self.reader, packing, &read, whole, part, start);
            }
            Ok(_) => packing.refused.push((number, NotRead::Unstable)),
            Err(reason) => packing.refused.push((number, reason)),
        }
        Ok(())
    }
}

/// Upper bound of an item's bytes in the manifest.
fn item_bytes(id_bytes: usize, piece_bytes: u64) -> u64 {
    id_bytes as u64 + 210 + piece_bytes
}

/// Documents that make a block together, read.
struct Batch {
    plain: Vec<u8>,
    documents: Vec<Result<DocumentRead, (u32, NotRead)>>,
    removals: Vec<u32>,
}

/// Cuts the next blocks' worth of items off.
fn cut_wave<'s>(reader: &Reader<'_>, rest: &'s [Selected], block_bytes: u64) -> (Vec<&'s [Selected]>, &'s [Selected]) {
    let mut wave = Vec::new();
    let mut rest = rest;
    while wave.len() < WAVE_BLOCKS && !rest.is_empty() {
        let mut bytes = 0;
        let fit = rest.iter().take_while(|next| {
            let item = reader.item(next.item);
            bytes += if item.gone { 0 } else { item.stat.size };
            bytes <= block_bytes
        });
        let count = fit.take(4096).count().max(1);
        let (now, later) = rest.split_at(count);
        wave.push(now);
        rest = later;
    }
    (wave, rest)
}

fn read_wave(reader: &Reader<'_>, wave: &[&[Selected]]) -> Vec<Batch> {
    wave.par_iter()
        .map_init(
            || (capture::read::Parents::default(), Vec::new()),
            |(parents, content), items| {
                let mut batch = Batch { plain: Vec::new(), documents: Vec::with_capacity(items.len()), removals: Vec::new() };
                for selected in *items {
                    if reader.item(selected.item).gone {
                        batch.removals.push(selected.item);
                        continue;
                    }
                    batch.documents.push(reader.read_small(selected.item, parents, content, &mut batch.plain).map_err(|reason| (selected.item, reason)));
                }
                batch
            },
        )
        .collect()
}

/// Puts the batches of a wave into the package, in order, as long as they fit; false when one did not.
fn admit_wave(
    reader: &Reader<'_>,
    frames: &mut FrameWriter<'_>,
    packing: &mut Packing,
    mut batches: Vec<Batch>,
    fits: &dyn Fn(u64, u64) -> bool,
) -> Result<bool, Failure> {
    let mut here: HashMap<Digest, (usize, usize)> = HashMap::new();
    let mut shared: Vec<Vec<Option<Shared>>> = Vec::with_capacity(batches.len());
    for (place, batch) in batches.iter_mut().enumerate() {
        shared.push(share(packing, &mut here, place, batch));
    }
    let plain: Vec<Vec<u8>> = batches.iter_mut().map(|batch| std::mem::take(&mut batch.plain)).collect();
    let cut: Vec<Vec<Vec<u8>>> = plain.into_iter().map(cut_blocks).collect();
    let counts: Vec<usize> = cut.iter().map(Vec::len).collect();
    let mut stored = store_blocks(cut.into_iter().flatten().collect()).into_iter();
    let mut starts = Vec::with_capacity(batches.len());
    for ((batch, shared), count) in batches.into_iter().zip(shared).zip(counts) {
        let blocks: Vec<_> = stored.by_ref().take(count).collect();
        let content: u64 = blocks.iter().map(|block| block.bytes.len() as u64).sum();
        let mut must_go: Vec<u32> = batch.removals.clone();
        for read in batch.documents.iter().flatten() {
            must_go.extend(select::must_share(reader.archive, reader.route, read.item));
        }
        let documents = batch.documents.iter().flatten().map(|read| item_bytes(reader.item(read.item).id.0.len(), 24 * read.pieces.len() as u64 + 40));
        let body: u64 = documents.chain(must_go.iter().map(|number| item_bytes(reader.item(*number).id.0.len(), 0))).sum::<u64>() + 8 * count as u64;
        let items = packing.items.len() + batch.documents.len() + must_go.len();
        if items > PACKAGE_ITEMS || packing.body_bytes + body > BODY_BYTES || !fits(packing.layout.stored_bytes + content, packing.body_bytes + body) {
            return Ok(false);
        }
        starts.push(packing.layout.plain_bytes);
        for block in &blocks {
            packing.layout.add(block.block);
            frames.push(&block.bytes).map_err(io)?;
        }
        let done = (batch.documents.len() + batch.removals.len()) as u64;
        let bytes_before = packing.document_bytes;
        must_go.into_iter().for_each(|number| push_removal(reader, packing, number));
        for (read, shared) in batch.documents.into_iter().zip(shared) {
            match read {
                Err(refused) => packing.refused.push(refused),
                Ok(read) => {
                    let at = match shared {
                        None => starts.last().copied().unwrap_or(0) + read.new_at as u64,
                        Some(Shared::Package(at)) => at,
                        Some(Shared::Wave(place, at)) => starts[place] + at as u64,
                    };
                    if read.base.is_none() && read.new_bytes > 0 {
                        packing.layout.know(read.was.digest, read.was.bytes, at);
                    }
                    push_document(reader, packing, read, at);
                }
            }
        }
        reader.world.progress.advance(done, packing.document_bytes - bytes_before);
    }
    Ok(true)
}

/// Where the same bytes lie already.
enum Shared {
    Package(u64),
    Wave(usize, usize),
}

/// Finds documents whose bytes the package or this wave already has, and drops theirs from the batch.
fn share(packing: &Packing, here: &mut HashMap<Digest, (usize, usize)>, place: usize, batch: &mut Batch) -> Vec<Option<Shared>> {
    let mut dropped = 0;
    let mut kept: Vec<u8> = Vec::new();
    let mut shared = Vec::with_capacity(batch.documents.len());
    for read in &mut batch.documents {
        let Ok(read) = read else {
            shared.push(None);
            continue;
        };
        let whole = read.base.is_none() && read.new_bytes > 0;
        let found = whole
            .then(|| {
                packing
                    .layout
                    .known
                    .get(&read.was.digest)
                    .map(|at| Shared::Package(*at))
                    .or_else(|| here.get(&read.was.digest).map(|(place, at)| Shared::Wave(*place, *at)))
            })
            .flatten();
        let bytes = read.new_at..read.new_at + read.new_bytes;
        if found.is_some() {
            if dropped == 0 {
                kept = batch.plain[..read.new_at].to_vec();
            }
            dropped += read.new_bytes;
        } else if dropped > 0 {
            read.new_at = kept.len();
            kept.extend_from_slice(&batch.plain[bytes]);
        }
        if whole && found.is_none() {
            here.insert(read.was.digest, (place, read.new_at));
        }
        shared.push(found);
    }
    if dropped > 0 {
        batch.plain = kept;
    }
    shared
}

/// A batch as blocks: one, unless a document grew while it was read.
fn cut_blocks(plain: Vec<u8>) -> Vec<Vec<u8>> {
    let limit = BLOCK_PLAIN_BYTES_MAX as usize;
    if plain.is_empty() {
        Vec::new()
    } else if plain.len() <= limit {
        vec![plain]
    } else {
        plain.chunks(limit).map(<[u8]>::to_vec).collect()
    }
}

fn push_removal(reader: &Reader<'_>, packing: &mut Packing, number: u32) {
    if !packing.taken.insert(number) {
        return;
    }
    let (item, sent) = (reader.item(number), reader.route.item(number));
    packing.body_bytes += item_bytes(item.id.0.len(), 0);
    let replaces = select::replaced_by(item, &sent);
    packing.items.push(PackedItem {
        item: Item { id: item.id.clone(), version: item.version, mark: Mark::Delete, replaces, transaction: None, record: None, documents: Vec::new() },
        row: PackedRow {
            item: number,
            version: item.version,
            mark: Mark::Delete,
            digest: Digest::ZERO,
            bytes: 0,
            projected: Digest::ZERO,
            expected: Digest::ZERO,
            part: None,
            young: false,
        },
    });
}

fn push_document(reader: &Reader<'_>, packing: &mut Packing, read: DocumentRead, at: u64) {
    if !packing.taken.insert(read.item) {
        return;
    }
    let (item, sent) = (reader.item(read.item), reader.route.item(read.item));
    let mut version = item.version;
    if item.stat != read.stat {
        version += 1;
        packing.recaptured.push(CapturedRow { item: read.item, id: None, version, stat: Some(read.stat) });
    }
    let mark = select::mark_of(item, &sent, &read.was.digest);
    let replaces = select::replaced_by(item, &sent);
    let base = read.base.map(|(digest, size)| packing.layout.base(digest, size));
    let pieces = pieces_of(&read.pieces, base);
    packing.body_bytes += item_bytes(item.id.0.len(), 24 * pieces.len() as u64 + 40);
    packing.document_bytes += read.was.bytes;
    let any_new = read.pieces.iter().any(|piece| matches!(piece, Draft::New(_)));
    let document = Document {
        name: Default::default(),
        digest: read.was.digest,
        size: read.was.bytes,
        modified: read.stat.modified,
        executable: read.stat.executable,
        part: None,
        at: if any_new { at } else { 0 },
        pieces,
    };
    let projected = digest::projection(&document.digest, document.size, document.modified, document.executable);
    if !read.was.chunks.is_empty() {
        packing.chunks.push(ChunkList { document: read.was.digest, chunker: seal::chunk::CHUNKER, chunks: read.was.chunks });
    }
    packing.items.push(PackedItem {
        row: PackedRow {
            item: read.item,
            version,
            mark,
            digest: read.was.digest,
            bytes: read.was.bytes,
            projected,
            expected: read.was.keyed,
            part: None,
            young: read.young,
        },
        item: Item { id: item.id.clone(), version, mark, replaces, transaction: None, record: None, documents: vec![document] },
    });
}

fn push_part(reader: &Reader<'_>, packing: &mut Packing, read: &DocumentRead, whole: Digest, part: Part, at: u64) {
    let (item, sent) = (reader.item(read.item), reader.route.item(read.item));
    let mark = select::mark_of(item, &sent, &whole);
    packing.body_bytes += item_bytes(item.id.0.len(), 64) + 49;
    packing.document_bytes += part.length;
    let document = Document {
        name: Default::default(),
        digest: whole,
        size: item.stat.size,
        modified: item.stat.modified,
        executable: item.stat.executable,
        part: Some(part),
        at,
        pieces: pieces_of(&[Draft::New(part.length)], None),
    };
    let projected = document.projection();
    packing.items.push(PackedItem {
        row: PackedRow {
            item: read.item,
            version: item.version,
            mark,
            digest: whole,
            bytes: item.stat.size,
            projected,
            expected: read.was.keyed,
            part: Some(part),
            young: read.young,
        },
        item: Item {
            id: item.id.clone(),
            version: item.version,
            mark,
            replaces: select::replaced_by(item, &sent),
            transaction: None,
            record: None,
            documents: vec![document],
        },
    });
}

/// A file on a carrier as the sink of a frame writer.
pub fn sink_of(writing: &mut Writing) -> Box<crate::frame_writer::Sink<'_>> {
    Box::new(move |bytes, at| writing.write_all_at(bytes, at))
}
