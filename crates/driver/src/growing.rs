//! A document whose new bytes come in pieces: digested as they come and written beside the unpacking, holes left as holes.

use std::io;
use store::disk::File;
use store::stream::{Behind, Ending};
use wire::clause::{self, require};
use wire::manifest::{Document, Piece};

use crate::opener::NotOpened;

/// A run of zeros that becomes a hole, bytes.
const HOLE_BYTES: usize = 64 << 10;

/// A document whose new bytes are still coming.
pub struct Growing {
    /// Its row.
    pub row: u32,
    /// New bytes taken so far.
    pub written: u64,
    plain: blake3::Hasher,
    sink: Sink,
}

/// Where the bytes go.
enum Sink {
    /// All bytes are new and come in order: to a thread, past the system's memory, which they would only fill.
    Behind(Behind),
    /// To the places of the new pieces; the others are copied, and all of it digested, at the end.
    Pieces(Box<dyn File>),
    /// An earlier writing failed.
    Failed,
}

impl Growing {
    /// Begins with an empty file.
    pub fn new(row: u32, mut file: Box<dyn File>, document: &Document) -> io::Result<Self> {
        let sink = if only_new(document) {
            file.past_memory()?;
            Sink::Behind(Behind::new(file)?)
        } else {
            Sink::Pieces(file)
        };
        Ok(Self { row, written: 0, plain: blake3::Hasher::new(), sink })
    }

    /// Takes the next new bytes.
    pub fn take(&mut self, document: &Document, new: &[u8]) -> io::Result<()> {
        match &mut self.sink {
            Sink::Behind(behind) => {
                self.plain.update(new);
                if let Err(error) = write_with_holes(behind, new, self.written) {
                    // Why is known to the thread.
                    let Sink::Behind(behind) = std::mem::replace(&mut self.sink, Sink::Failed) else { return Err(error) };
                    return Err(behind.finish().err().unwrap_or(error));
                }
            }
            Sink::Pieces(file) => write_new(&mut **file, document, self.written, new)?,
            Sink::Failed => return Err(io::ErrorKind::BrokenPipe.into()),
        }
        self.written += new.len() as u64;
        Ok(())
    }

    /// After the last byte: checks the digest where all bytes were new (PKG-14) and lets the file end by itself.
    pub fn end(self, document: &Document) -> Result<Option<Ending>, NotOpened> {
        let Sink::Behind(behind) = self.sink else { return Ok(None) };
        require(self.plain.finalize().as_bytes() == &document.carried_digest().0, &clause::PKG_DIGEST)?;
        let (size, modified) = (document.carried_bytes(), document.part.is_none().then_some(document.modified));
        let last = move |file: &mut dyn File| {
            file.set_size(size)?;
            modified.map_or(Ok(()), |modified| file.set_modified(modified))
        };
        Ok(Some(behind.end(Box::new(last))?))
    }
}

/// Whether no byte of it is copied from a base.
pub fn only_new(document: &Document) -> bool {
    document.pieces.iter().all(|piece| matches!(piece, Piece::New { .. }))
}

/// Writes new bytes of a document that also has copied pieces to the places where they belong; `done` new bytes came before.
pub fn write_new(file: &mut dyn File, document: &Document, done: u64, mut new: &[u8]) -> io::Result<()> {
    let (mut at, mut skip) = (0, done);
    for piece in &document.pieces {
        if let Piece::New { length } = piece {
            if skip >= *length {
                skip -= length;
            } else {
                let now = usize::try_from((*length - skip).min(new.len() as u64)).expect("a window fits memory");
                file.write_all_at(&new[..now], at + skip)?;
                new = &new[now..];
                skip = 0;
            }
        }
        at += piece.length();
        if new.is_empty() {
            break;
        }
    }
    Ok(())
}

/// Writes bytes, leaving holes for long runs of zeros; the size is set at the end.
fn write_with_holes(behind: &mut Behind, bytes: &[u8], at: u64) -> io::Result<()> {
    let mut start = 0;
    for (place, piece) in bytes.chunks(HOLE_BYTES).enumerate() {
        let piece_at = place * HOLE_BYTES;
        if piece.len() == HOLE_BYTES && piece.iter().all(|byte| *byte == 0) {
            if start < piece_at {
                behind.write_all_at(&bytes[start..piece_at], at + start as u64)?;
            }
            start = piece_at + HOLE_BYTES;
        }
    }
    if start < bytes.len() { behind.write_all_at(&bytes[start..], at + start as u64) } else { Ok(()) }
}
