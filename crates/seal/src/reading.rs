//! What is computed while a document is read once: its digest, its keyed digest, its chunks, what its beginning looks like.

use crate::chunk::Chunker;
use crate::shape::Head;
use wire::Digest;
use wire::record::{Chunk, Shape};

/// Everything that one reading of a document yields.
pub struct Reading {
    plain: blake3::Hasher,
    keyed: blake3::Hasher,
    chunker: Option<Chunker>,
    head: Head,
    bytes: u64,
}

/// A part of the work of a reading.
pub enum Share<'a> {
    /// A digest.
    Digest(&'a mut blake3::Hasher),
    /// The chunks.
    Chunks(&'a mut Chunker),
    /// The beginning.
    Head(&'a mut Head),
}

impl Share<'_> {
    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        match self {
            Self::Digest(hasher) => {
                hasher.update(bytes);
            }
            Self::Chunks(chunker) => chunker.push(bytes),
            Self::Head(head) => head.push(bytes),
        }
    }
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
    /// What its beginning looks like.
    pub shape: Shape,
    /// How many bytes there were.
    pub bytes: u64,
}

impl Reading {
    /// Begins a reading under a possession key, with or without chunks.
    pub fn new(possession_key: &[u8; 32], chunks: bool) -> Self {
        Self {
            plain: blake3::Hasher::new(),
            keyed: blake3::Hasher::new_keyed(possession_key),
            chunker: chunks.then(Chunker::default),
            head: Head::default(),
            bytes: 0,
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, bytes: &[u8]) {
        self.shares(bytes.len() as u64).iter_mut().for_each(|share| share.push(bytes));
    }

    /// The parts of the work, which may run side by side: each must be given the same next `bytes` bytes.
    pub fn shares(&mut self, bytes: u64) -> Vec<Share<'_>> {
        self.bytes += bytes;
        let mut shares = vec![Share::Digest(&mut self.plain), Share::Digest(&mut self.keyed), Share::Head(&mut self.head)];
        shares.extend(self.chunker.as_mut().map(Share::Chunks));
        shares
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
            shape: self.head.shape(),
            bytes: self.bytes,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// All at once, in pieces, and share by share: the same, and what it should be.
    #[test]
    fn one_reading_yields_everything() {
        let mut bytes = vec![0; 700_000];
        blake3::Hasher::new().finalize_xof().fill(&mut bytes);
        bytes[..8].copy_from_slice(b"%PDF-1.7");
        let key = [3; 32];
        let mut chunker = Chunker::default();
        chunker.push(&bytes);
        let mut head = Head::default();
        head.push(&bytes);
        let expected = WasRead {
            digest: Digest(*blake3::hash(&bytes).as_bytes()),
            keyed: Digest(*blake3::keyed_hash(&key, &bytes).as_bytes()),
            chunks: chunker.finish(),
            shape: head.shape(),
            bytes: 700_000,
        };
        for piece in [1000, 300_000, 700_000] {
            let mut reading = Reading::new(&key, true);
            bytes.chunks(piece).for_each(|piece| reading.push(piece));
            assert_eq!(reading.finish(), expected, "{piece}");
        }
        let mut reading = Reading::new(&key, true);
        let mut fresh = Vec::new();
        for piece in bytes.chunks(300_000) {
            reading.shares(piece.len() as u64).iter_mut().for_each(|share| share.push(piece));
            fresh.extend(reading.fresh_chunks(false));
        }
        assert!(!fresh.is_empty() && fresh.len() < expected.chunks.len());
        fresh.extend(reading.fresh_chunks(true));
        assert_eq!(fresh, expected.chunks);
        assert_eq!(reading.finish(), expected);
        let mut without = Reading::new(&key, false);
        without.push(&bytes);
        assert!(without.fresh_chunks(true).is_empty());
        assert_eq!(without.finish(), WasRead { chunks: Vec::new(), ..expected });
    }
}
