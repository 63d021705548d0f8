//! How content is laid out while a package is packed: blocks as they will lie in the file, where each document's new bytes
//! begin, and what the package already holds.

use rayon::prelude::*;
use seal::block::Compressor;
use std::collections::{HashMap, HashSet};
use wire::Digest;
use wire::limits::BLOCK_PLAIN_BYTES_MAX;
use wire::manifest::{Base, Block};

/// The content of a package so far.
#[derive(Default)]
pub struct Layout {
    /// The table of blocks.
    pub blocks: Vec<Block>,
    /// Bytes of the blocks as stored.
    pub stored_bytes: u64,
    /// Bytes of the blocks decompressed: where the next new byte will lie.
    pub plain_bytes: u64,
    /// Bases that pieces are copied from.
    pub bases: Vec<Base>,
    base_places: HashMap<Digest, u32>,
    /// Where documents lie whose bytes are in this package, by digest.
    pub known: HashMap<Digest, u64>,
    known_sizes: HashSet<u64>,
}

/// A block ready to be written.
pub struct Stored {
    /// Its entry in the table.
    pub block: Block,
    /// Its bytes as stored.
    pub bytes: Vec<u8>,
}

/// Compresses blocks on all cores, in order.
pub fn store_blocks(plain: Vec<Vec<u8>>) -> Vec<Stored> {
    plain
        .into_par_iter()
        .map_init(Compressor::default, |compressor, plain| {
            let plain_bytes = u32::try_from(plain.len()).expect("a block is at most 1 MiB");
            assert!((1..=BLOCK_PLAIN_BYTES_MAX).contains(&plain_bytes), "blocks are cut to their limit");
            let bytes = compressor.compress(&plain).unwrap_or(plain);
            Stored { block: Block { stored: u32::try_from(bytes.len()).expect("never longer than its plain bytes"), plain: plain_bytes }, bytes }
        })
        .collect()
}

impl Layout {
    /// Takes a block in; gives the offset of its first byte in the logical content.
    pub fn add(&mut self, block: Block) -> u64 {
        let at = self.plain_bytes;
        self.blocks.push(block);
        self.stored_bytes += u64::from(block.stored);
        self.plain_bytes += u64::from(block.plain);
        at
    }

    /// Notes where a document's bytes lie.
    pub fn know(&mut self, digest: Digest, size: u64, at: u64) {
        self.known.entry(digest).or_insert(at);
        self.known_sizes.insert(size);
    }

    /// Whether a document of this size lies in the package.
    pub fn known_size(&self, size: u64) -> bool {
        self.known_sizes.contains(&size)
    }

    /// The index of a base.
    pub fn base(&mut self, digest: Digest, size: u64) -> u32 {
        *self.base_places.entry(digest).or_insert_with(|| {
            self.bases.push(Base { digest, size });
            u32::try_from(self.bases.len() - 1).expect("fewer bases than items")
        })
    }
}
