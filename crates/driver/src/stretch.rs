//! Large documents, stretch by stretch: reading the next one, digesting the one before and sealing the one before that run
//! side by side, in bounded memory.

use capture::racy::{CLOCK_TICK_NS, is_young};
use capture::read::{ReadFailure, open_document, stat_of};
use rayon::prelude::*;
use seal::chunk::CHUNKED_BYTES_MIN;
use seal::reading::{Reading, WasRead};
use store::disk::File;
use wire::limits::BLOCK_PLAIN_BYTES_MAX;
use wire::record::FileStat;

use crate::frame_writer::FrameWriter;
use crate::layout::{Layout, store_blocks};
use crate::reader::{BaseChunks, DocumentRead, Draft, NotRead, Reader, not_read};
use crate::report::Failure;

/// Read at once, bytes: small, so that even a document of a few MiB is read and sealed at the same time.
const STRETCH_BYTES: u64 = 2 << 20;
const BLOCK: usize = BLOCK_PLAIN_BYTES_MAX as usize;

/// What a first reading tells, before anything is packed.
pub struct Surveyed {
    /// Attributes.
    pub stat: FileStat,
    /// Digests and chunks.
    pub was: WasRead,
    /// See `DocumentRead::young`.
    pub young: bool,
    /// Bytes that are not in the base.
    pub new_bytes: u64,
    /// Pieces that it consists of, copied from the base or new.
    pub pieces: u64,
}

/// An open document and what it said of itself at first.
pub struct Open {
    number: u32,
    file: Box<dyn File>,
    /// Its attributes then.
    pub stat: FileStat,
    started: i64,
}

/// Opens a document.
pub fn open(reader: &Reader<'_>, number: u32) -> Result<Open, NotRead> {
    let started = reader.world.clock.now();
    let file = open_document(&*reader.world.disk, reader.root, &reader.item(number).id).map_err(not_read)?;
    let stat = file.stat().map(|stat| stat_of(&stat)).map_err(NotRead::Unreadable)?;
    Ok(Open { number, file, stat, started })
}

impl Open {
    /// Reads until `buffer` holds `bytes` or the document ends.
    fn fill(&mut self, buffer: &mut Vec<u8>, at: u64, bytes: u64) -> Result<(), NotRead> {
        buffer.resize(usize::try_from(bytes).expect("a stretch fits memory"), 0);
        let read = self.file.read_at(buffer, at).map_err(NotRead::Unreadable)?;
        buffer.truncate(read);
        Ok(())
    }

    /// Reads the next bytes as blocks; fewer when the document ends.
    fn read(&mut self, spare: &mut Vec<Vec<u8>>, at: u64, bytes: u64) -> Result<Vec<Vec<u8>>, NotRead> {
        let (mut blocks, mut read) = (Vec::new(), 0);
        while read < bytes {
            let mut block = spare.pop().unwrap_or_default();
            self.fill(&mut block, at + read, (bytes - read).min(BLOCK as u64))?;
            if block.is_empty() {
                break;
            }
            read += block.len() as u64;
            blocks.push(block);
        }
        Ok(blocks)
    }

    /// Whether it is still what it was when it was opened, and had so many bytes.
    fn unchanged(&self, bytes: u64) -> Result<bool, NotRead> {
        let now = self.file.stat().map(|stat| stat_of(&stat)).map_err(NotRead::Unreadable)?;
        Ok(now == self.stat && bytes == self.stat.size)
    }
}

/// Reads a document without packing it.
pub fn survey(reader: &Reader<'_>, document: &mut Open, base: Option<&BaseChunks>) -> Result<Surveyed, NotRead> {
    let mut reading = Reading::new(&reader.possession_key, document.stat.size >= CHUNKED_BYTES_MIN);
    let (mut buffer, mut at) = (Vec::new(), 0);
    loop {
        document.fill(&mut buffer, at, STRETCH_BYTES)?;
        if buffer.is_empty() {
            break;
        }
        at += buffer.len() as u64;
        reading.push(&buffer);
    }
    if !document.unchanged(at)? {
        return Err(not_read(ReadFailure::Unstable));
    }
    let was = reading.finish();
    let mut pieces = vec![Draft::New(at)];
    if let Some(base) = base {
        pieces.clear();
        base.pieces(&was.chunks, &mut pieces);
    }
    let new = |piece: &Draft| if let Draft::New(length) = piece { *length } else { 0 };
    Ok(Surveyed {
        young: is_young(&document.stat, document.started, CLOCK_TICK_NS),
        stat: document.stat,
        new_bytes: pieces.iter().map(new).sum(),
        pieces: pieces.len() as u64,
        was,
    })
}

/// Packs a document or the stretch `part` of it: its new bytes become blocks behind those of `layout`. What turns out to have
/// more than `new_bytes_max` of them, because it changed since that was asked for, is unstable and goes no further.
///
/// The outer error is of the carrier, the inner one of the document; after an inner error bytes may have been written that
/// no item refers to, which a reader ignores.
pub fn copy(
    reader: &Reader<'_>,
    document: &mut Open,
    part: Option<(u64, u64)>,
    base: Option<&BaseChunks>,
    new_bytes_max: u64,
    layout: &mut Layout,
    frames: &mut FrameWriter<'_>,
) -> Result<Result<DocumentRead, NotRead>, Failure> {
    let (start, length) = part.unwrap_or((0, u64::MAX));
    let mut source = Source {
        reading: Reading::new(&reader.possession_key, part.is_none() && document.stat.size >= CHUNKED_BYTES_MIN),
        base,
        pieces: Vec::new(),
        unclassified: Vec::new(),
        new: Vec::new(),
    };
    let (mut at, end) = (start, start.saturating_add(length).min(document.stat.size));
    // What was read, what is to be sealed, and memory to read into.
    let (mut fresh, mut waiting, mut spare): (_, Vec<Vec<u8>>, _) = (Vec::new(), Vec::new(), Vec::new());
    let mut new_bytes = 0;
    loop {
        let last = at == end;
        let (read, (taken, written)) = rayon::join(
            || document.read(&mut spare, at, STRETCH_BYTES.min(end - at)),
            || rayon::join(|| source.take(std::mem::take(&mut fresh), last), || write(layout, frames, std::mem::take(&mut waiting))),
        );
        (waiting, spare) = (taken, written?);
        new_bytes += waiting.iter().map(|block| block.len() as u64).sum::<u64>();
        if new_bytes > new_bytes_max {
            return Ok(Err(NotRead::Unstable));
        }
        fresh = match read {
            Ok(read) => read,
            Err(reason) => return Ok(Err(reason)),
        };
        let bytes = fresh.iter().map(|block| block.len() as u64).sum();
        if !last && bytes == 0 {
            // It has become shorter.
            return Ok(Err(NotRead::Unstable));
        }
        at += bytes;
        reader.world.progress.advance(0, bytes);
        if last {
            break;
        }
    }
    write(layout, frames, waiting)?;
    match document.unchanged(if part.is_some() { document.stat.size } else { at }) {
        Ok(true) => {}
        Ok(false) => return Ok(Err(NotRead::Unstable)),
        Err(reason) => return Ok(Err(reason)),
    }
    let copies = source.pieces.iter().any(|piece| matches!(piece, Draft::Copy { .. }));
    Ok(Ok(DocumentRead {
        item: document.number,
        young: is_young(&document.stat, document.started, CLOCK_TICK_NS),
        stat: document.stat,
        was: source.reading.finish(),
        pieces: source.pieces,
        base: base.filter(|_| copies).map(|base| (base.digest, base.size)),
        new_at: 0,
        new_bytes: 0,
        source: None,
    }))
}

/// Writes blocks; gives their memory back, to be filled again.
fn write(layout: &mut Layout, frames: &mut FrameWriter<'_>, blocks: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Failure> {
    let mut spare = Vec::with_capacity(blocks.len());
    for stored in store_blocks(blocks) {
        layout.add(stored.block);
        frames.push(&stored.bytes)?;
        spare.push(stored.bytes);
    }
    Ok(spare)
}

/// The bytes of a document on their way: what is in the base drops out, the rest becomes blocks.
struct Source<'a> {
    reading: Reading,
    base: Option<&'a BaseChunks>,
    pieces: Vec<Draft>,
    unclassified: Vec<u8>,
    new: Vec<u8>,
}

impl Source<'_> {
    /// Takes the next bytes, and with `last` no further ones; gives the blocks that are to be sealed.
    fn take(&mut self, fresh: Vec<Vec<u8>>, last: bool) -> Vec<Vec<u8>> {
        let bytes = fresh.iter().map(|block| block.len() as u64).sum();
        self.reading.shares(bytes).into_par_iter().for_each(|mut share| fresh.iter().for_each(|block| share.push(block)));
        let Some(base) = self.base else {
            match self.pieces.last_mut() {
                Some(Draft::New(length)) => *length += bytes,
                _ if bytes > 0 => self.pieces.push(Draft::New(bytes)),
                _ => {}
            }
            return fresh;
        };
        fresh.iter().for_each(|block| self.unclassified.extend_from_slice(block));
        self.classify(base, last);
        let full = if last { self.new.len() } else { self.new.len() / BLOCK * BLOCK };
        let blocks = self.new[..full].chunks(BLOCK).map(<[u8]>::to_vec).collect();
        self.new.drain(..full);
        blocks
    }

    fn classify(&mut self, base: &BaseChunks, last: bool) {
        let chunks = self.reading.fresh_chunks(last);
        let mut at = 0;
        for chunk in &chunks {
            let next = at + chunk.length as usize;
            if !base.has(chunk) {
                self.new.extend_from_slice(&self.unclassified[at..next]);
            }
            at = next;
        }
        self.unclassified.drain(..at);
        base.pieces(&chunks, &mut self.pieces);
    }
}
