//! The digest of a whole file, read ahead while it is computed.
//!
//! Memory is bounded whatever the size of the file. Where the bytes come from, the medium or memory, is the caller's business
//! (`File::past_memory`).

use std::io::{self, BufRead};
use store::disk::File;
use store::stream::read_ahead;
use wire::Digest;

/// BLAKE3-256 of the file from offset `from` to its end, and how many bytes that were. `progress` is called with the bytes
/// of each step.
pub fn digest_file(file: &mut dyn File, from: u64, progress: &mut dyn FnMut(u64)) -> io::Result<(Digest, u64)> {
    let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0);
    read_ahead(file, from, |ahead| {
        loop {
            let piece = ahead.fill_buf()?;
            if piece.is_empty() {
                return Ok((Digest(*hasher.finalize().as_bytes()), bytes));
            }
            hasher.update(piece);
            let taken = piece.len();
            bytes += taken as u64;
            ahead.consume(taken);
            progress(taken as u64);
        }
    })?
}
