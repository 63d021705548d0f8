//! Blocks of content: compressed when that shrinks them, stored when not.

use wire::clause::{Clause, Rejection};
use wire::planted;

/// Level of zstd for content: fast, most of the gain (see benches/README.md).
const LEVEL: i32 = 1;
/// Level of zstd for bodies, which are small.
const BODY_LEVEL: i32 = 3;

/// Compresses blocks; holds the tables that are costly to make. One per thread.
pub struct Compressor(zstd::bulk::Compressor<'static>);

impl Default for Compressor {
    fn default() -> Self {
        Self(zstd::bulk::Compressor::new(LEVEL).expect("the level is one zstd knows"))
    }
}

impl Compressor {
    /// `plain` compressed, or `None` when it is to be stored: it looks random or would not get shorter.
    pub fn compress(&mut self, plain: &[u8]) -> Option<Vec<u8>> {
        if looks_random(plain) {
            return None;
        }
        let mut packed = self.0.compress(plain).ok().filter(|packed| packed.len() < plain.len())?;
        // It was given room for the worst.
        packed.shrink_to_fit();
        Some(packed)
    }
}

/// Compresses a body, or `None` when it would not get shorter.
pub fn compress_body(plain: &[u8]) -> Option<Vec<u8>> {
    zstd::bulk::compress(plain, BODY_LEVEL).ok().filter(|packed| packed.len() < plain.len())
}

/// Decompresses exactly one zstd frame into exactly `plain_bytes`, never more; else the clause.
pub fn decompress(stored: &[u8], plain_bytes: usize, clause: &'static Clause) -> Result<Vec<u8>, Rejection> {
    // bulk::decompress would take several frames joined; one frame is the one valid form.
    let frame = zstd::zstd_safe::find_frame_compressed_size(stored).map_err(|_| Rejection(clause))?;
    let most = if planted::is("bomb-unbounded") { usize::MAX >> 20 } else { plain_bytes };
    let plain = zstd::bulk::decompress(stored, most).map_err(|_| Rejection(clause))?;
    if planted::is("several-zstd-frames") || frame == stored.len() && plain.len() == plain_bytes { Ok(plain) } else { Err(Rejection(clause)) }
}

/// Whether samples of the bytes are spread so evenly that compressing them is a waste of time.
///
/// Chi-squared of the byte histogram over at most 16 samples of 256 bytes: random bytes give about 255 with a standard
/// deviation of about 23; text and tables give thousands. Only blocks of 8 KiB and more are judged.
fn looks_random(bytes: &[u8]) -> bool {
    const SAMPLES: usize = 16;
    const SAMPLE_BYTES: usize = 256;
    if bytes.len() < 8192 {
        return false;
    }
    let mut histogram = [0u32; 256];
    let stride = bytes.len() / SAMPLES;
    for sample in 0..SAMPLES {
        for byte in &bytes[sample * stride..sample * stride + SAMPLE_BYTES] {
            histogram[usize::from(*byte)] += 1;
        }
    }
    let expected = (SAMPLES * SAMPLE_BYTES / 256) as f32;
    let spread: f32 = histogram.iter().map(|count| (*count as f32 - expected).powi(2) / expected).sum();
    spread < 400.0
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::clause::PKG_BLOCK;

    fn random(bytes: usize) -> Vec<u8> {
        let mut buffer = vec![0; bytes];
        blake3::Hasher::new().finalize_xof().fill(&mut buffer);
        buffer
    }

    #[test]
    fn shrinks_or_stores() {
        let mut compressor = Compressor::default();
        let text = "档案 asset card 0001\n".repeat(5000).into_bytes();
        let packed = compressor.compress(&text).unwrap();
        assert!(packed.len() * 10 < text.len());
        assert_eq!(decompress(&packed, text.len(), &PKG_BLOCK), Ok(text));
        for bytes in [0, 1, 100, 8192, 1 << 20] {
            assert_eq!(compressor.compress(&random(bytes)), None, "{bytes}");
        }
    }

    /// What is exactly as long compressed as it was is stored, and so is what is longer.
    #[test]
    fn as_long_is_not_shorter() {
        let mut compressor = Compressor::default();
        let mut equal = [0; 2];
        for zeros in 0..64 {
            let plain = [random(200), vec![0; zeros]].concat();
            for (at, level, found) in [(0, LEVEL, compressor.compress(&plain)), (1, BODY_LEVEL, compress_body(&plain))] {
                let packed = zstd::bulk::compress(&plain, level).unwrap();
                assert_eq!(found.is_some(), packed.len() < plain.len(), "{zeros}");
                equal[at] += usize::from(packed.len() == plain.len());
                if let Some(found) = found {
                    assert_eq!(decompress(&found, plain.len(), &PKG_BLOCK), Ok(plain.clone()));
                }
            }
        }
        assert!(equal.iter().all(|times| *times > 0), "both cases occurred: {equal:?}");
    }

    /// 8 KiB of which the judged places (the first half of each 512 bytes) hold these bytes and the others zeros.
    fn judged(bytes: &[u8]) -> Vec<u8> {
        assert_eq!(bytes.len(), 4096);
        bytes.chunks(256).flat_map(|sample| [sample, &[0; 256]].concat()).collect()
    }

    #[test]
    fn evenly_spread_is_not_worth_compressing() {
        assert!(looks_random(&random(8192)) && looks_random(&random(100_001)));
        assert!(!looks_random(&random(8191)), "too little to judge");
        assert!(!looks_random(&vec![0; 1 << 20]));
        assert!(looks_random(&judged(&random(4096))), "only the samples count");
        // `pairs` values 10 more often than even, as many 10 times less often: chi-squared is pairs * 2 * 100 / 16.
        let spread = |pairs: usize| {
            let times = |value: usize| {
                if value < pairs {
                    26
                } else if value >= 256 - pairs {
                    6
                } else {
                    16
                }
            };
            (0..256).flat_map(|value| vec![value as u8; times(value)]).collect::<Vec<u8>>()
        };
        assert!(looks_random(&judged(&spread(0))) && looks_random(&judged(&spread(31))), "387.5");
        assert!(!looks_random(&judged(&spread(32))), "400 is the first that is not");
    }

    #[test]
    fn never_more_than_declared() {
        let packed = zstd::bulk::compress(&vec![0; 1 << 20], 1).unwrap();
        for wrong in [0, 1, (1 << 20) - 1, (1 << 20) + 1] {
            assert!(decompress(&packed, wrong, &PKG_BLOCK).is_err(), "{wrong}");
        }
        assert!(decompress(&packed[..packed.len() - 1], 1 << 20, &PKG_BLOCK).is_err());
        assert!(decompress(&[packed.clone(), packed].concat(), 2 << 20, &PKG_BLOCK).is_err(), "two frames");
        assert!(decompress(b"garbage", 10, &PKG_BLOCK).is_err());
    }
}
