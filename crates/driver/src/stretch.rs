//! Large documents, stretch by stretch: reading the next one and sealing the last run side by side, in bounded memory.

use capture::racy::{CLOCK_TICK_NS, is_young};
use capture::read::{ReadFailure, open_document, stat_of};
use seal::chunk::CHUNKED_BYTES_MIN;
use seal::reading::{Reading, WasRead};
use store::disk::File;
use wire::limits::BLOCK_PLAIN_BYTES_MAX;
use wire::record::FileStat;

use crate::frame_writer::FrameWriter;
use crate::layout::{Layout, store_blocks};
use crate::reader::{BaseChunks, DocumentRead, Draft, NotRead, Reader, not_read};
use crate::report::Failure;

/// Read and sealed at once, bytes.
const STRETCH_BYTES: u64 = 8 << 20;
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
}

/// An open document and what it said of itself at first.
struct Open {
    file: Box<dyn File>,
    stat: FileStat,
    started: i64,
}

fn open(reader: &Reader<'_>, number: u32) -> Result<Open, NotRead> {
    let started = reader.world.clock.now();
    let file = open_document(&*reader.world.disk, reader.root, &reader.item(number).id).map_err(not_read)?;
    let stat = file.stat().map(|stat| stat_of(&stat)).map_err(NotRead::Unreadable)?;
    Ok(Open { file, stat, started })
}

impl Open {
    /// Reads until `buffer` holds `bytes` or the document ends.
    fn fill(&mut self, buffer: &mut Vec<u8>, at: u64, bytes: u64) -> Result<(), NotRead> {
        buffer.resize(usize::try_from(bytes).expect("a stretch fits memory"), 0);
        let read = self.file.read_at(buffer, at).map_err(NotRead::Unreadable)?;
        buffer.truncate(read);
        Ok(())
    }

    /// Whether it is still what it was when it was opened, and had so many bytes.
    fn unchanged(&self, bytes: u64) -> Result<bool, NotRead> {
        let now = self.file.stat().map(|stat| stat_of(&stat)).map_err(NotRead::Unreadable)?;
        Ok(now == self.stat && bytes == self.stat.size)
    }
}

/// Reads a document without packing it.
pub fn survey(reader: &Reader<'_>, number: u32, base: Option<&BaseChunks>) -> Result<Surveyed, NotRead> {
    let mut document = open(reader, number)?;
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
    let known = |chunk: &&wire::record::Chunk| base.is_some_and(|base| base.has(chunk));
    let there: u64 = was.chunks.iter().filter(known).map(|chunk| u64::from(chunk.length)).sum();
    Ok(Surveyed { young: is_young(&document.stat, document.started, CLOCK_TICK_NS), stat: document.stat, new_bytes: at - there, was })
}

/// Packs a document or the stretch `part` of it: its new bytes become blocks behind those of `layout`.
///
/// The outer error is of the carrier, the inner one of the document; after an inner error bytes may have been written that
/// no item refers to, which a reader ignores.
pub fn copy(
    reader: &Reader<'_>,
    number: u32,
    part: Option<(u64, u64)>,
    base: Option<&BaseChunks>,
    layout: &mut Layout,
    frames: &mut FrameWriter<'_>,
) -> Result<Result<DocumentRead, NotRead>, Failure> {
    let mut document = match open(reader, number) {
        Ok(document) => document,
        Err(reason) => return Ok(Err(reason)),
    };
    let (start, length) = part.unwrap_or((0, u64::MAX));
    let mut source = Source {
        reading: Reading::new(&reader.possession_key, part.is_none() && document.stat.size >= CHUNKED_BYTES_MIN),
        base,
        pieces: Vec::new(),
        unclassified: Vec::new(),
        new: Vec::new(),
        blocks: Vec::new(),
        spare: Vec::new(),
    };
    let (mut at, end) = (start, start.saturating_add(length));
    let mut buffer = Vec::new();
    let mut waiting: Vec<Vec<u8>> = Vec::new();
    loop {
        let (read, written) = rayon::join(
            || {
                let bytes = STRETCH_BYTES.min(end - at);
                if base.is_none() {
                    return source.read_blocks(&mut document, at, bytes);
                }
                document.fill(&mut buffer, at, bytes)?;
                source.push(&buffer);
                Ok(buffer.len() as u64)
            },
            || write(layout, frames, std::mem::take(&mut waiting)),
        );
        source.spare.extend(written?);
        let read = match read {
            Ok(read) => read,
            Err(reason) => return Ok(Err(reason)),
        };
        at += read;
        reader.world.progress.advance(0, read);
        let last = read == 0 || at == end;
        if last {
            source.end();
        }
        waiting = source.take_blocks(last);
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
        item: number,
        young: is_young(&document.stat, document.started, CLOCK_TICK_NS),
        stat: document.stat,
        was: source.reading.finish(),
        pieces: source.pieces,
        base: base.filter(|_| copies).map(|base| (base.digest, base.size)),
        new_at: 0,
        new_bytes: 0,
    }))
}

/// Writes blocks; gives their memory back, to be filled again.
fn write(layout: &mut Layout, frames: &mut FrameWriter<'_>, blocks: Vec<Vec<u8>>) -> Result<Vec<Vec<u8>>, Failure> {
    let mut spare = Vec::with_capacity(blocks.len());
    for stored in store_blocks(blocks) {
        layout.add(stored.block);
        frames.push(&stored.bytes).map_err(|error| Failure::io("package", &error))?;
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
    blocks: Vec<Vec<u8>>,
    /// Memory of blocks that were written.
    spare: Vec<Vec<u8>>,
}

impl Source<'_> {
    /// Takes the next bytes of a document that is compared with a base.
    fn push(&mut self, bytes: &[u8]) {
        self.reading.push(bytes);
        self.unclassified.extend_from_slice(bytes);
        self.classify(false);
    }

    /// Reads the next bytes of a document without a base straight into blocks; gives how many there were.
    fn read_blocks(&mut self, document: &mut Open, at: u64, bytes: u64) -> Result<u64, NotRead> {
        let mut read = 0;
        while read < bytes {
            let mut block = self.spare.pop().unwrap_or_default();
            document.fill(&mut block, at + read, (bytes - read).min(BLOCK as u64))?;
            if block.is_empty() {
                break;
            }
            self.reading.push(&block);
            read += block.len() as u64;
            self.blocks.push(block);
        }
        match self.pieces.last_mut() {
            Some(Draft::New(length)) => *length += read,
            _ if read > 0 => self.pieces.push(Draft::New(read)),
            _ => {}
        }
        Ok(read)
    }

    fn end(&mut self) {
        if self.base.is_some() {
            self.classify(true);
        }
    }

    fn classify(&mut self, end: bool) {
        let Some(base) = self.base else { return };
        let chunks = self.reading.fresh_chunks(end);
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

    /// Full blocks, and with `all` the rest too.
    fn take_blocks(&mut self, all: bool) -> Vec<Vec<u8>> {
        let bytes = if all { self.new.len() } else { self.new.len() / BLOCK * BLOCK };
        let mut blocks = std::mem::take(&mut self.blocks);
        blocks.extend(self.new[..bytes].chunks(BLOCK).map(<[u8]>::to_vec));
        self.new.drain(..bytes);
        blocks
    }
}
