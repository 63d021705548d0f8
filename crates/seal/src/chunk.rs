//! Content-defined chunks of large documents: FastCDC as of 2020, sizes 16/64/256 KiB. Cut points are frozen as chunker 1;
//! a test holds them, because every delta is made against chunks that were cut years ago.

use fastcdc::v2020::FastCDC;
use wire::record::Chunk;

/// The chunker of this version, recorded beside each list of chunks.
pub const CHUNKER: u16 = 1;
/// Smallest chunk but the last, bytes.
pub const CHUNK_BYTES_MIN: usize = 16 << 10;
/// Average aimed at, bytes.
pub const CHUNK_BYTES_AVERAGE: usize = 64 << 10;
/// Largest chunk, bytes.
pub const CHUNK_BYTES_MAX: usize = 256 << 10;
/// Documents below this size have no list of chunks: they travel whole.
pub const CHUNKED_BYTES_MIN: u64 = 128 << 10;

/// Cuts a stream of bytes into chunks.
#[derive(Default)]
pub struct Chunker {
    waiting: Vec<u8>,
    chunks: Vec<Chunk>,
    handed_out: usize,
}

impl Chunker {
    /// Takes the next bytes of the document.
    pub fn push(&mut self, bytes: &[u8]) {
        let mut bytes = bytes;
        if !self.waiting.is_empty() {
            // Enough to cut beyond what waits; the rest is cut where it lies.
            let before = self.waiting.len();
            self.waiting.extend_from_slice(&bytes[..bytes.len().min(2 * CHUNK_BYTES_MAX)]);
            let used = Self::cut(&self.waiting, false, &mut self.chunks);
            if used < before {
                self.waiting.drain(..used);
                return;
            }
            bytes = &bytes[used - before..];
            self.waiting.clear();
        }
        let used = Self::cut(bytes, false, &mut self.chunks);
        self.waiting.extend_from_slice(&bytes[used..]);
    }

    /// The chunks that became certain since the last call.
    pub fn fresh(&mut self) -> Vec<Chunk> {
        let fresh = self.chunks[self.handed_out..].to_vec();
        self.handed_out = self.chunks.len();
        fresh
    }

    /// Takes note that no more bytes come; the rest becomes certain.
    pub fn end(&mut self) {
        Self::cut(&self.waiting, true, &mut self.chunks);
        self.waiting.clear();
    }

    /// The chunks of the whole document.
    pub fn finish(mut self) -> Vec<Chunk> {
        self.end();
        self.chunks
    }

    /// Cuts as long as more bytes could not move the cut; returns the bytes used.
    fn cut(bytes: &[u8], end: bool, chunks: &mut Vec<Chunk>) -> usize {
        let mut used = 0;
        if bytes.is_empty() {
            return 0;
        }
        let cutter = FastCDC::new(bytes, CHUNK_BYTES_MIN, CHUNK_BYTES_AVERAGE, CHUNK_BYTES_MAX);
        while used < bytes.len() && (end || bytes.len() - used >= CHUNK_BYTES_MAX) {
            let (_, next) = cutter.cut(used, bytes.len() - used);
            chunks.push(chunk_of(&bytes[used..next]));
            used = next;
        }
        used
    }
}

/// The chunk that these bytes make.
fn chunk_of(bytes: &[u8]) -> Chunk {
    let mut digest = [0; 16];
    digest.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    Chunk { digest, length: u32::try_from(bytes.len()).expect("a chunk is at most 256 KiB") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn document(bytes: usize) -> Vec<u8> {
        let mut buffer = vec![0; bytes];
        blake3::Hasher::new().update(b"golden").finalize_xof().fill(&mut buffer);
        buffer
    }

    fn chunks(bytes: &[u8], step: usize) -> Vec<Chunk> {
        let mut chunker = Chunker::default();
        bytes.chunks(step).for_each(|piece| chunker.push(piece));
        chunker.finish()
    }

    #[test]
    fn the_way_it_arrives_does_not_matter() {
        let document = document(3 << 20);
        let whole = chunks(&document, document.len());
        for step in [1000, 4096, 65_536, 1 << 20, (1 << 20) + 1] {
            assert_eq!(chunks(&document, step), whole, "{step}");
        }
        assert_eq!(whole.iter().map(|chunk| u64::from(chunk.length)).sum::<u64>(), document.len() as u64);
    }

    #[test]
    fn what_is_certain_is_handed_out_once() {
        let document = document(1 << 20);
        let mut chunker = Chunker::default();
        let mut fresh = Vec::new();
        for piece in document.chunks(100_000) {
            chunker.push(piece);
            fresh.push(chunker.fresh());
        }
        assert!(fresh.iter().filter(|chunks| !chunks.is_empty()).count() > 2, "before the end");
        chunker.end();
        fresh.push(chunker.fresh());
        assert!(chunker.fresh().is_empty());
        assert_eq!(fresh.concat(), chunker.finish());
    }

    #[test]
    fn golden_cuts() {
        assert_eq!((CHUNK_BYTES_MIN, CHUNK_BYTES_AVERAGE, CHUNK_BYTES_MAX, CHUNKED_BYTES_MIN), (16_384, 65_536, 262_144, 131_072));
        let lengths: Vec<u32> = chunks(&document(1 << 20), 1 << 20).iter().map(|chunk| chunk.length).collect();
        assert_eq!(lengths, GOLDEN);
    }
    const GOLDEN: &[u32] = &[71791, 89804, 36896, 71775, 95052, 38007, 117681, 73470, 72823, 83293, 65149, 130731, 64011, 38093];

    #[test]
    fn an_insertion_moves_few_cuts() {
        let before = document(4 << 20);
        let after = [&before[..2 << 20], &[7; 4096], &before[2 << 20..]].concat();
        let known: std::collections::HashSet<Chunk> = chunks(&before, before.len()).into_iter().collect();
        let new: u64 = chunks(&after, after.len()).iter().filter(|chunk| !known.contains(chunk)).map(|chunk| u64::from(chunk.length)).sum();
        assert!(new < 600_000, "{new}");
    }
}
