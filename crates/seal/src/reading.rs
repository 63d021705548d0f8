//! What is computed while a document is read once: its digest, its keyed digest, its chunks.

use crate::chunk::Chunker;
use wire::Digest;
use wire::record::Chunk;

/// Everything that one reading of a document yields.
pub struct Reading {
    plain: blake3::Hasher,
    keyed: blake3::Hasher,
    chunker: Option<Chunker>,
    bytes: u64,
}

/// The result of a reading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WasRead {
    /// Digest of the bytes.
    pub digest: Digest,
    /// Digest under the possession key.
    pub keyed: Digest,
    /// Its chunks; empty when they were not asked for.
    pub chunks: Vec<Chunk>,
    /// How many bytes there were.
    pub bytes: u64,
}

impl Reading {
    /// Begins a reading under a possession key, with or without chunks.
    pub fn new(possession_key: &[u8; 32], chunks: bool) -> Self {
        Self { plain: blake3::Hasher::new(), keyed: blake3::Hasher::new_keyed(possession_key), chunker: chunks.then(Chunker::default), bytes: 0 }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.plain.update(bytes);
        self.keyed.update(bytes);
        if let Some(chunker) = &mut self.chunker {
            chunker.push(bytes);
        }
        self.bytes += bytes.len() as u64;
    }

    /// The chunks that became certain since the last call; with `end`, all that are left.
    pub fn fresh_chunks(&mut self, end: bool) -> Vec<Chunk> {
        let Some(chunker) = &mut self.chunker else { return Vec::new() };
        if end {
            chunker.end();
        }
        chunker.fresh()
    }

    /// Ends the reading.
    pub fn finish(self) -> WasRead {
        WasRead {
            digest: Digest(*self.plain.finalize().as_bytes()),
            keyed: Digest(*self.keyed.finalize().as_bytes()),
            chunks: self.chunker.map(Chunker::finish).unwrap_or_default(),
            bytes: self.bytes,
        }
    }
}
