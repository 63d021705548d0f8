//! Packs one package: takes selected items in their order until it is full, reads them, lays their content out, seals.
//!
//! Reading the next stretch and sealing the last run side by side. What does not fit is left for the next package or
//! medium; a package holds whole items only, except for parts of a document of which neither the whole nor what is new to
//! the replica fits an empty medium.

use capture::read::Parents;
use carrier::Writing;
use engine::select::{self, Because, Selected};
use seal::chunk::{CHUNK_BYTES_AVERAGE, CHUNKED_BYTES_MIN};
use std::collections::BTreeSet;
use wire::limits::BLOCK_PLAIN_BYTES_MAX;
use wire::manifest::Part;

use crate::batch::{Batch, Planned, admit_wave, cut_wave, read_wave};
use crate::frame_writer::FrameWriter;
use crate::reader::{DocumentRead, Draft, NotRead, READ_TRIES, Reader};
use crate::report::Failure;
use crate::rows::{CHUNKS_MAX, MANIFEST_BYTES, PACKAGE_ITEMS, PIECE_BYTES, Packing, Rows, block_table_bytes, part_rows};
use crate::stretch::{self, Surveyed};
use crate::units::Unit;

/// Smallest block that is aimed at when room is scarce, bytes.
pub const BLOCK_BYTES_MIN: u64 = 16 << 10;

/// Room for a package.
#[derive(Clone, Copy, Debug)]
pub struct Room {
    /// Largest file that fits now, bytes.
    pub file_bytes: u64,
    /// Largest file that would fit an empty medium, bytes.
    pub empty_bytes: u64,
}

/// Packs one package.
pub struct Packer<'a, 'w> {
    /// Reads the documents.
    pub reader: Reader<'a>,
    /// Where sealed bytes go.
    pub frames: FrameWriter<'w>,
    /// How long the file would be with so much content and body.
    pub file_bytes: &'a (dyn Fn(u64, u64) -> u64 + Sync),
    /// What there is room for.
    pub room: Room,
    /// Parts that the medium validly holds.
    pub holds_parts: &'a BTreeSet<(u32, u64, u64)>,
    /// Whether the package of a sequence must travel again.
    pub due: &'a dyn Fn(u64) -> bool,
}

/// What became of the attempt to pack a large document whole.
enum Whole {
    /// It is in the package, or it waits for the next one.
    Settled,
    /// No medium takes it, nor what is new of it. With what a first reading told, if there was one.
    TooLarge(Option<Surveyed>),
}

impl<'w> Packer<'_, 'w> {
    /// Takes items from `selected` in order; gives what was packed. Items that are in neither list of it wait.
    pub fn run(mut self, selected: &[Selected]) -> Result<(Packing, FrameWriter<'w>), Failure> {
        let mut packing = Packing::new(selected.len());
        let selected = self.whole_units(selected, &mut packing);
        let planned = selected.iter().map(|selected| Planned::of(&self.reader, *selected));
        let planned: Vec<Planned> = planned.filter(|planned| self.ever_fits(planned)).collect();
        let mut at = 0;
        while at < planned.len() && packing.items.len() < PACKAGE_ITEMS {
            if self.is_large(planned[at].selected.item) {
                self.large(&mut packing, &planned[at])?;
                at += 1;
                continue;
            }
            let end = planned[at..].iter().position(|next| self.is_large(next.selected.item)).map_or(planned.len(), |length| at + length);
            // What travels with a large document that could not be read stays with it.
            let refused = |unit: Unit| packing.refused.iter().any(|(number, reason)| reason.holds_others() && self.reader.unit(*number) == unit);
            let first = self.reader.unit(planned[at].selected.item);
            if at > 0 && first == self.reader.unit(planned[at - 1].selected.item) && refused(first) {
                let end = at + planned[at..end].iter().take_while(|next| self.reader.unit(next.selected.item) == first).count();
                packing.refused.extend(planned[at..end].iter().map(|next| (next.selected.item, NotRead::Together)));
                at = end;
                continue;
            }
            if !self.small(&mut packing, &planned[at..end])? {
                break;
            }
            at = end;
        }
        Ok((packing, self.frames))
    }

    /// As many units as surely fit the package together, whatever their content shrinks to. The first may be larger than a package: its
    /// documents then go one after the other, but a transaction waits, for it is never cut (TX2).
    fn whole_units(&self, selected: &[Selected], packing: &mut Packing) -> Vec<Selected> {
        if self.reader.projector.is_none() {
            return selected.to_vec();
        }
        let (mut bytes, mut rows, mut units) = (0u64, Rows { items: 0, body_bytes: MANIFEST_BYTES }, Vec::new());
        for unit in selected.chunk_by(|one, two| self.reader.unit(one.item) == self.reader.unit(two.item)) {
            let rows_of = unit.iter().map(|one| Planned::of(&self.reader, *one).rows(&self.reader)).sum::<Rows>();
            let with_blocks = |bytes: u64| rows_of + Rows { items: 0, body_bytes: block_table_bytes(bytes) };
            let fits = |bytes: u64, rows: Rows, room: u64| rows.fit_a_package() && (self.file_bytes)(bytes, rows.body_bytes) <= room;
            let fits_alone = |bytes: u64| fits(bytes, Rows { items: 0, body_bytes: MANIFEST_BYTES } + with_blocks(bytes), self.room.empty_bytes);
            let as_they_lie = unit.iter().filter(|one| !self.reader.is_gone(one.item)).map(|one| self.reader.item(one.item).stat.size).sum();
            let transactions = self.reader.transactions(unit[0].item);
            // What the route does not carry of it takes no room.
            let own_bytes = if transactions > 0 && !fits_alone(as_they_lie) { self.carried_bytes(unit) } else { as_they_lie };
            let own_rows = with_blocks(own_bytes);
            if fits(bytes + own_bytes, rows + own_rows, self.room.file_bytes) {
                (bytes, rows) = (bytes + own_bytes, rows + own_rows);
                units.extend_from_slice(unit);
                continue;
            }
            if fits_alone(own_bytes) {
                // It waits for the next package, or for another medium.
                break;
            }
            if transactions > 0 {
                packing.refused.extend(unit.iter().map(|one| (one.item, NotRead::Uncut(transactions))));
            } else if units.is_empty() {
                packing.is_piecemeal = true;
                return unit.to_vec();
            } else {
                break;
            }
        }
        units
    }

    /// Bytes at most of what the route carries of these items.
    fn carried_bytes(&self, items: &[Selected]) -> u64 {
        let mut parents = Parents::default();
        let mut bytes = |number: u32| match self.reader.carried_bytes(number, &mut parents) {
            Ok(bytes) => bytes,
            Err(NotRead::Excluded | NotRead::Unstripped | NotRead::Same) => 0,
            // What cannot be looked at is told of when it is packed.
            Err(_) => self.reader.item(number).stat.size,
        };
        items.iter().filter(|one| !self.reader.is_gone(one.item)).map(|one| bytes(one.item)).sum()
    }

    /// Whether a document fits a package and an empty medium together with the deletions that make room for it. Where it does
    /// not, the deletions go first, as items of their own; a large document finds its way by itself.
    fn ever_fits(&self, planned: &Planned) -> bool {
        if planned.deletions.is_empty() {
            return true;
        }
        let (number, rows) = (planned.selected.item, planned.rows(&self.reader));
        let size = if self.is_large(number) { 0 } else { self.reader.item(number).stat.size };
        rows.fit_a_package() && (self.file_bytes)(size, MANIFEST_BYTES + rows.body_bytes) <= self.room.empty_bytes
    }

    fn is_large(&self, number: u32) -> bool {
        !self.reader.is_gone(number) && !self.reader.is_made(number) && self.reader.item(number).stat.size > self.block_bytes()
    }

    /// Plain bytes that blocks are filled to: smaller where there is little room, so that little is left unused.
    fn block_bytes(&self) -> u64 {
        (self.room.file_bytes / 16).clamp(BLOCK_BYTES_MIN, u64::from(BLOCK_PLAIN_BYTES_MAX))
    }

    fn fits(&self, packing: &Packing, content_bytes: u64, rows: Rows) -> bool {
        let rows = packing.with(rows);
        rows.fit_a_package() && (self.file_bytes)(packing.layout.stored_bytes + content_bytes, rows.body_bytes) <= self.room.file_bytes
    }

    /// Packs a run of small documents and removals; false when the package is full.
    fn small(&mut self, packing: &mut Packing, run: &[Planned]) -> Result<bool, Failure> {
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
                    let (frames, room, file_bytes) = (&mut self.frames, self.room, self.file_bytes);
                    let fits = |content, rows: Rows| rows.fit_a_package() && file_bytes(content, rows.body_bytes) <= room.file_bytes;
                    rayon::join(|| read_wave(reader, &wave), || admit_wave(reader, frames, packing, batches, &fits))
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

    /// Packs a document larger than a block: whole if there is room, in parts if no medium has room for it.
    fn large(&mut self, packing: &mut Packing, planned: &Planned) -> Result<(), Failure> {
        let number = planned.selected.item;
        let admitted = self.reader.projector.map_or(Ok(()), |projector| projector.admit(number, &mut Default::default()));
        if let Err(reason) = admitted {
            packing.refused.push((number, reason));
            return Ok(());
        }
        let version = self.reader.item(number).version;
        let mut surveyed = None;
        // What is on its way in parts goes on in parts.
        if self.reader.route.item(number).parts.is_none_or(|parts| parts.version != version) {
            let mut tries = 0;
            loop {
                tries += 1;
                match self.large_whole(packing, planned)? {
                    Ok(Whole::Settled) => return Ok(()),
                    Ok(Whole::TooLarge(first)) => {
                        surveyed = first;
                        break;
                    }
                    Err(NotRead::Unstable) if tries < READ_TRIES => {}
                    Err(reason) => {
                        packing.refused.push((number, reason));
                        return Ok(());
                    }
                }
            }
        }
        if let Err(reason) = self.part(packing, planned, surveyed)? {
            packing.refused.push((number, reason));
        }
        Ok(())
    }

    /// Packs a document as a reference, as a delta or with all of its content, whatever is least and fits.
    fn large_whole(&mut self, packing: &mut Packing, planned: &Planned) -> Result<Result<Whole, NotRead>, Failure> {
        let number = planned.selected.item;
        let mut document = match stretch::open(&self.reader, number) {
            Ok(document) => document,
            Err(reason) => return Ok(Err(reason)),
        };
        if self.reader.is_known_same(number, &document.stat) {
            return Ok(Err(NotRead::Same));
        }
        // Admitted is what it is now, not what it was when it was captured.
        let size = document.stat.size;
        let id_bytes = self.reader.item(number).id.0.len();
        let row = |new_bytes: u64, pieces: u64| Rows::one(id_bytes, 64 + PIECE_BYTES * pieces + block_table_bytes(new_bytes));
        let deletions = self.missing_deletions(packing, planned);
        if !self.fits(packing, 0, row(0, 1) + deletions) {
            return Ok(Ok(Whole::Settled));
        }
        // What is too short for chunks has none that could lie in a base.
        let base = self.reader.base_chunks(number).filter(|_| size >= CHUNKED_BYTES_MIN);
        let maybe_there = self.reader.replica.proven.has_size(size) && self.reader.may_refer(number) || packing.layout.known_size(size);
        let (mut new_bytes, mut own, mut surveyed) = (size, row(size, 1), None);
        if maybe_there || base.is_some() && !self.fits(packing, size, own + deletions) {
            let first = match stretch::survey(&self.reader, &mut document, base.as_ref()) {
                Ok(first) => first,
                Err(reason) => return Ok(Err(reason)),
            };
            if self.reader.is_rot(number, &first.stat, &first.was.digest) {
                return Ok(Err(NotRead::Rotten));
            }
            let there = self.reader.is_proven(&first.was.digest, first.was.bytes) && self.reader.may_refer(number);
            let here = packing.layout.known.get(&first.was.digest).copied();
            if there || here.is_some() {
                let pieces = if there { vec![Draft::Copy { offset: 0, length: first.was.bytes }] } else { vec![Draft::New(first.was.bytes)] };
                let base = there.then_some((first.was.digest, first.was.bytes));
                let read =
                    DocumentRead { item: number, stat: first.stat, was: first.was, young: first.young, pieces, base, new_at: 0, new_bytes: 0, source: None };
                self.push_whole(packing, planned, read, here.filter(|_| !there).unwrap_or(0));
                return Ok(Ok(Whole::Settled));
            }
            (new_bytes, own) = (first.new_bytes, row(first.new_bytes, first.pieces));
            surveyed = Some(first);
        }
        if !self.fits(packing, new_bytes, own + deletions) {
            // The deletions do not count: they can go before it, the document alone must fit.
            let fits_empty = own.fit_a_package() && (self.file_bytes)(new_bytes, MANIFEST_BYTES + own.body_bytes) <= self.room.empty_bytes;
            return Ok(Ok(if fits_empty { Whole::Settled } else { Whole::TooLarge(surveyed) }));
        }
        let start = packing.layout.plain_bytes;
        let (layout, frames) = (&mut packing.layout, &mut self.frames);
        let read = match stretch::copy(&self.reader, &mut document, None, base.as_ref(), new_bytes, layout, frames)? {
            Ok(read) => read,
            Err(reason) => return Ok(Err(reason)),
        };
        if self.reader.is_rot(number, &read.stat, &read.was.digest) {
            return Ok(Err(NotRead::Rotten));
        }
        if read.base.is_none() {
            packing.layout.know(read.was.digest, read.was.bytes, start);
        }
        self.push_whole(packing, planned, read, start);
        Ok(Ok(Whole::Settled))
    }

    /// The rows of the deletions that must come along and are not in the package yet.
    fn missing_deletions(&self, packing: &Packing, planned: &Planned) -> Rows {
        let missing = planned.deletions.iter().filter(|number| !packing.has(**number));
        missing.map(|number| Rows::one(self.reader.item(*number).id.0.len(), 0)).sum()
    }

    fn push_whole(&self, packing: &mut Packing, planned: &Planned, read: DocumentRead, at: u64) {
        planned.deletions.iter().for_each(|number| packing.push_removal(&self.reader, *number));
        packing.push_document(&self.reader, read, at);
    }

    /// Packs the next part of a document that no medium takes whole, as much as there is room for. `surveyed` is what a
    /// reading of all of it told, if there was one.
    fn part(&mut self, packing: &mut Packing, planned: &Planned, surveyed: Option<Surveyed>) -> Result<Result<(), NotRead>, Failure> {
        let number = planned.selected.item;
        let item = self.reader.item(number);
        let sent = self.reader.route.item(number);
        let fresh = sent.parts.as_ref().is_none_or(|parts| parts.version != item.version);
        if planned.selected.because == Because::Unproven && !fresh {
            return Ok(Ok(()));
        }
        let Some((offset, up_to)) = select::next_part(item, &sent, self.holds_parts, number, self.due) else { return Ok(Ok(())) };
        let deletions = self.missing_deletions(packing, planned);
        let rows = |length: u64| part_rows(item.id.0.len(), length) + deletions;
        let mut length = up_to.min(self.room.file_bytes);
        if !self.fits(packing, 0, rows(0)) {
            return Ok(Ok(()));
        }
        while length > 0 && !self.fits(packing, length, rows(length)) {
            let needed = (self.file_bytes)(packing.layout.stored_bytes + length, packing.with(rows(length)).body_bytes);
            length = length.saturating_sub(needed.saturating_sub(self.room.file_bytes).max(4096));
        }
        if length == 0 || length < up_to.min(BLOCK_BYTES_MIN) {
            return Ok(Ok(()));
        }
        let mut document = match stretch::open(&self.reader, number) {
            Ok(document) if document.stat == item.stat => document,
            Ok(_) => return Ok(Err(NotRead::Unstable)),
            Err(reason) => return Ok(Err(reason)),
        };
        // The digest of the whole comes first: from the ledger once it was read for the first part. That reading also gives the
        // chunks against which the next version is packed.
        let known = item.digest.filter(|_| !item.young);
        let listed = !fresh || !may_have_chunks(item.stat.size) || known.is_some_and(|digest| (self.reader.chunk_list)(&digest).is_some());
        let (whole, chunks) = match (known.filter(|_| listed), surveyed) {
            (Some(whole), _) => (whole, Vec::new()),
            (None, surveyed) => {
                let first = match surveyed.map_or_else(|| stretch::survey(&self.reader, &mut document, None), Ok) {
                    Ok(first) if first.stat == item.stat => first,
                    Ok(_) => return Ok(Err(NotRead::Unstable)),
                    Err(reason) => return Ok(Err(reason)),
                };
                if self.reader.is_rot(number, &first.stat, &first.was.digest) {
                    return Ok(Err(NotRead::Rotten));
                }
                (first.was.digest, first.was.chunks)
            }
        };
        let start = packing.layout.plain_bytes;
        let (layout, frames) = (&mut packing.layout, &mut self.frames);
        match stretch::copy(&self.reader, &mut document, Some((offset, length)), None, length, layout, frames)? {
            Ok(read) if read.was.bytes == length => {
                planned.deletions.iter().for_each(|number| packing.push_removal(&self.reader, *number));
                packing.keep_chunks(whole, chunks);
                let part = Part { offset, length, digest: read.was.digest };
                packing.push_part(&self.reader, &read, whole, part, start);
                Ok(Ok(()))
            }
            Ok(_) => Ok(Err(NotRead::Unstable)),
            Err(reason) => Ok(Err(reason)),
        }
    }
}

/// Whether a document of this size has a list of chunks that a record can keep.
fn may_have_chunks(size: u64) -> bool {
    size >= CHUNKED_BYTES_MIN && size / (CHUNK_BYTES_AVERAGE as u64) < CHUNKS_MAX as u64
}

/// A file on a carrier as the sink of a frame writer.
pub fn sink_of(writing: &mut Writing) -> Box<crate::frame_writer::Sink<'_>> {
    Box::new(move |bytes, at| writing.write_all_at(bytes, at))
}
