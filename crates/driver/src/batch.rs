//! Small documents and removals: read together on all cores, laid into blocks together, taken in as long as they fit.

use engine::select::{self, Selected};
use rayon::prelude::*;
use std::collections::HashMap;
use wire::Digest;
use wire::limits::BLOCK_PLAIN_BYTES_MAX;

use crate::frame_writer::FrameWriter;
use crate::layout::store_blocks;
use crate::reader::{DocumentRead, NotRead, Reader};
use crate::report::Failure;
use crate::rows::{PIECE_BYTES, Packing, Rows};

/// Small documents read together before they are sealed, in blocks: as many are sealed meanwhile, so that twice as much is in memory.
const WAVE_BLOCKS: usize = 4;
/// Units that one core reads at once: few, so that no core waits long for another at the end of a wave.
const UNITS_AT_ONCE: usize = 64;
/// Rows of a batch.
const BATCH_ITEMS: usize = 4096;

/// A selected item with the deletions that must share its package, because it takes their place.
pub struct Planned {
    /// The item.
    pub selected: Selected,
    /// The deletions.
    pub deletions: Vec<u32>,
}

impl Planned {
    /// With what the ledger says of it.
    pub fn of(reader: &Reader<'_>, selected: Selected) -> Self {
        let deletions = if reader.replica.removes { select::must_share(reader.archive, reader.route, selected.item) } else { Vec::new() };
        Self { selected, deletions }
    }

    /// The rows of the deletions.
    pub fn deletion_rows(&self, reader: &Reader<'_>) -> Rows {
        self.deletions.iter().map(|number| Rows::one(reader.item(*number).id.0.len(), 0)).sum()
    }

    /// Those and its own, for a document that is no more than one piece.
    pub fn rows(&self, reader: &Reader<'_>) -> Rows {
        Rows::one(reader.item(self.selected.item).id.0.len(), PIECE_BYTES + 40) + self.deletion_rows(reader)
    }
}

/// Documents that make a block together, read.
#[derive(Default)]
pub struct Batch {
    plain: Vec<u8>,
    documents: Vec<Result<DocumentRead, (u32, NotRead)>>,
    removals: Vec<u32>,
    selected: u64,
}

/// Cuts the next blocks' worth of items off. Neither the content nor the rows of a batch are more than `block_bytes`, unless
/// one item alone has more: what little room there is takes a batch after the other.
pub fn cut_wave<'s>(reader: &Reader<'_>, rest: &'s [Planned], block_bytes: u64) -> (Vec<&'s [Planned]>, &'s [Planned]) {
    let mut wave = Vec::new();
    let mut rest = rest;
    while wave.len() < WAVE_BLOCKS && !rest.is_empty() {
        let (mut bytes, mut rows) = (0, Rows::default());
        let fit = rest.iter().take_while(|next| {
            bytes += if reader.is_gone(next.selected.item) { 0 } else { reader.item(next.selected.item).stat.size };
            rows = rows + next.rows(reader);
            bytes <= block_bytes && rows.body_bytes <= block_bytes && rows.items <= BATCH_ITEMS
        });
        let count = whole_units(reader, rest, fit.count().max(1));
        let (now, later) = rest.split_at(count);
        wave.push(now);
        rest = later;
    }
    (wave, rest)
}

/// So many of these, or as many as do not take a unit apart: fewer, or the whole of the first.
fn whole_units(reader: &Reader<'_>, rest: &[Planned], count: usize) -> usize {
    let unit = |place: usize| reader.unit(rest[place].selected.item);
    let cut = |count: &usize| *count == rest.len() || unit(*count - 1) != unit(*count);
    (1..=count).rev().find(cut).or_else(|| (count..=rest.len()).find(cut)).unwrap_or(rest.len())
}

/// Reads the documents of a wave.
pub fn read_wave(reader: &Reader<'_>, wave: &[&[Planned]]) -> Vec<Batch> {
    wave.par_iter()
        .map(|items| {
            let units: Vec<&[Planned]> = items.chunk_by(|one, two| reader.unit(one.selected.item) == reader.unit(two.selected.item)).collect();
            let pieces = units.par_chunks(UNITS_AT_ONCE).map_init(
                || (capture::read::Parents::default(), Vec::new()),
                |(parents, content), units| {
                    let mut piece = Batch::default();
                    units.iter().for_each(|unit| read_unit(reader, unit, &mut piece, parents, content));
                    piece
                },
            );
            Batch::joined(pieces.collect())
        })
        .collect()
}

impl Batch {
    /// One of several, in their order.
    fn joined(pieces: Vec<Self>) -> Self {
        let (bytes, documents) = (pieces.iter().map(|piece| piece.plain.len()).sum(), pieces.iter().map(|piece| piece.documents.len()).sum());
        let mut all = Self { plain: Vec::with_capacity(bytes), documents: Vec::with_capacity(documents), ..Self::default() };
        for piece in pieces {
            let before = all.plain.len();
            all.plain.extend(piece.plain);
            all.documents.extend(piece.documents.into_iter().map(|read| read.map(|read| DocumentRead { new_at: before + read.new_at, ..read })));
            all.removals.extend(piece.removals);
            all.selected += piece.selected;
        }
        all
    }
}

/// Reads what travels together: all of it, or nothing where something could not be read, or where something of it is to be withdrawn, which
/// is known only now: then all of it is planned anew.
fn read_unit(reader: &Reader<'_>, unit: &[Planned], batch: &mut Batch, parents: &mut capture::read::Parents, content: &mut Vec<u8>) {
    let before = (batch.plain.len(), batch.documents.len(), batch.removals.len());
    batch.selected += unit.len() as u64;
    for planned in unit {
        let number = planned.selected.item;
        if reader.is_gone(number) {
            batch.removals.push(number);
            continue;
        }
        let read = reader.read_small(number, parents, content, &mut batch.plain);
        if read.is_ok() {
            batch.removals.extend(&planned.deletions);
        }
        batch.documents.push(read.map_err(|reason| (number, reason)));
    }
    let leaves =
        |read: &Result<DocumentRead, (u32, NotRead)>| matches!(read, Err((number, NotRead::Excluded | NotRead::Unstripped)) if reader.may_be_there(*number));
    if unit.len() > 1 && batch.documents[before.1..].iter().any(leaves) {
        batch.plain.truncate(before.0);
        batch.removals.truncate(before.2);
        let refused: Vec<_> = batch.documents.drain(before.1..).filter(Result::is_err).collect();
        batch.documents.extend(refused);
    }
    let stays = |read: &Result<DocumentRead, (u32, NotRead)>| matches!(read, Err((_, reason)) if reason.holds_others());
    if unit.len() > 1 && batch.documents[before.1..].iter().any(stays) {
        batch.plain.truncate(before.0);
        batch.removals.truncate(before.2);
        for read in batch.documents[before.1..].iter_mut().filter(|read| read.is_ok()) {
            let number = read.as_ref().map_or(0, |read| read.item);
            *read = Err((number, NotRead::Together));
        }
    }
}

/// Puts the batches of a wave into the package, in order, as long as they fit; false when one did not.
pub fn admit_wave(
    reader: &Reader<'_>,
    frames: &mut FrameWriter<'_>,
    packing: &mut Packing,
    mut batches: Vec<Batch>,
    fits: &dyn Fn(u64, Rows) -> bool,
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
        let removals = batch.removals.iter().filter(|number| !packing.has(**number));
        let removal_rows = removals.map(|number| Rows::one(reader.item(*number).id.0.len(), 0)).sum::<Rows>();
        let documents = batch.documents.iter().flatten();
        let rows = documents.map(|read| Rows::one(reader.item(read.item).id.0.len(), PIECE_BYTES * read.pieces.len() as u64 + 40)).sum::<Rows>();
        let tables = Rows { items: 0, body_bytes: 8 * count as u64 };
        if !fits(packing.layout.stored_bytes + content, packing.with(removal_rows + rows + tables)) {
            return Ok(false);
        }
        starts.push(packing.layout.plain_bytes);
        for block in &blocks {
            packing.layout.add(block.block);
            frames.push(&block.bytes)?;
        }
        let bytes_before = packing.document_bytes;
        batch.removals.iter().for_each(|number| packing.push_removal(reader, *number));
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
                    packing.push_document(reader, read, at);
                }
            }
        }
        reader.world.progress.advance(batch.selected, packing.document_bytes - bytes_before);
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
