//! How a record of the ledger lies in its segment: the framing, pure functions over bytes (spec/ledger.md).
//!
//! ```text
//! segment = head, 16 bytes: "GFLEDGER" | u32 1 | u32 0            records
//! record  =  0 u32 length of the body | 4 u16 kind | 6 u16 version 1
//!            8 u64 number, from 0
//!           16 i64 time, seconds since 1970
//!           24 digest of the record before, zero for record 0
//!           56 body
//!            + digest = BLAKE3 derive_key("gapferry v1 ledger", everything before it in this record)
//! ```
//! All numbers are little-endian. Guarantee: what [`Chain::read`] returns is whole and agrees with its digest. Whether it
//! continues a chain, and what the body means, is for the caller.

use wire::clause::{self, Clause};
use wire::{Digest, limits, planted};

/// Bytes before the body.
pub const HEADER_BYTES: usize = 56;
/// Bytes of the digest after the body.
pub const DIGEST_BYTES: usize = 32;
/// Bytes of a record with an empty body: the shortest there is.
pub const RECORD_BYTES_MIN: u64 = (HEADER_BYTES + DIGEST_BYTES) as u64;
/// The one version of a record.
pub const VERSION: u16 = 1;
/// Bytes before the first record of a segment.
pub const SEGMENT_HEAD_BYTES: u64 = 16;
/// What each segment starts with.
pub const SEGMENT_HEAD: [u8; SEGMENT_HEAD_BYTES as usize] = *b"GFLEDGER\x01\0\0\0\0\0\0\0";
/// Context of the chain.
pub const CONTEXT: &str = "gapferry v1 ledger";

/// What stands before a body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Bytes of the body.
    pub body_bytes: u32,
    /// Kind of the record.
    pub kind: u16,
    /// Version of the framing.
    pub version: u16,
    /// Number of the record, from 0.
    pub number: u64,
    /// Seconds since 1970, as the clock said.
    pub time: i64,
    /// Digest of the record before; zero for record 0.
    pub previous: Digest,
}

impl Header {
    /// Takes the fields apart; any 56 bytes are some header.
    pub fn decode(bytes: &[u8; HEADER_BYTES]) -> Self {
        Self {
            body_bytes: u32::from_le_bytes(cut(bytes, 0)),
            kind: u16::from_le_bytes(cut(bytes, 4)),
            version: u16::from_le_bytes(cut(bytes, 6)),
            number: u64::from_le_bytes(cut(bytes, 8)),
            time: i64::from_le_bytes(cut(bytes, 16)),
            previous: Digest(cut(bytes, 24)),
        }
    }

    /// Puts the fields together.
    pub fn encode(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[0..4].copy_from_slice(&self.body_bytes.to_le_bytes());
        bytes[4..6].copy_from_slice(&self.kind.to_le_bytes());
        bytes[6..8].copy_from_slice(&self.version.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.number.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.time.to_le_bytes());
        bytes[24..56].copy_from_slice(&self.previous.0);
        bytes
    }

    /// Bytes of the whole record.
    pub fn record_bytes(&self) -> u64 {
        RECORD_BYTES_MIN + u64::from(self.body_bytes)
    }
}

fn cut<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut piece = [0; N];
    piece.copy_from_slice(&bytes[at..at + N]);
    piece
}

/// Digests records; one for many, since deriving the key costs as much as a short record.
#[derive(Clone, Debug)]
pub struct Chain(blake3::hazmat::ContextKey);

impl Default for Chain {
    fn default() -> Self {
        Self(blake3::hazmat::hash_derive_key_context(CONTEXT))
    }
}

impl Chain {
    /// A hasher for one record.
    pub fn hasher(&self) -> blake3::Hasher {
        use blake3::hazmat::HasherExt;
        blake3::Hasher::new_from_context_key(&self.0)
    }

    /// Appends a record to `out`; gives its digest. The body must be at most [`limits::RECORD_BYTES_MAX`] long.
    pub fn write(&self, out: &mut Vec<u8>, number: u64, time: i64, previous: Digest, kind: u16, body: &[u8]) -> Digest {
        assert!(body.len() <= limits::RECORD_BYTES_MAX, "the caller refuses bodies above the limit");
        out.reserve(HEADER_BYTES + body.len() + DIGEST_BYTES);
        self.write_with(out, number, time, previous, kind, &mut |out| out.extend_from_slice(body))
    }

    /// As [`Chain::write`]; `fill` appends the body to `out`. One that got too long the caller takes back with all of the record.
    pub fn write_with(&self, out: &mut Vec<u8>, number: u64, time: i64, previous: Digest, kind: u16, fill: &mut dyn FnMut(&mut Vec<u8>)) -> Digest {
        let (start, body) = (out.len(), out.len() + HEADER_BYTES);
        out.resize(body, 0);
        fill(out);
        let body_bytes = u32::try_from(out.len() - body).unwrap_or(u32::MAX);
        out[start..body].copy_from_slice(&Header { body_bytes, kind, version: VERSION, number, time, previous }.encode());
        let mut hasher = self.hasher();
        hasher.update(&out[start..]);
        let digest = Digest(*hasher.finalize().as_bytes());
        out.extend_from_slice(&digest.0);
        digest
    }

    /// Reads the record that `bytes` start with.
    ///
    /// # Errors
    /// LDG-02 when it is cut short or longer than allowed, LDG-05 when it differs from its digest, LDG-06 when its
    /// version is not 1.
    pub fn read<'a>(&self, bytes: &'a [u8]) -> Result<Frame<'a>, &'static Clause> {
        let header = bytes.first_chunk::<HEADER_BYTES>().map(Header::decode).ok_or(&clause::LDG_LENGTH)?;
        let body_end = HEADER_BYTES + header.body_bytes as usize;
        if header.body_bytes as usize > limits::RECORD_BYTES_MAX || bytes.len() < body_end + DIGEST_BYTES {
            return Err(&clause::LDG_LENGTH);
        }
        let digest = Digest(cut(bytes, body_end));
        let mut hasher = self.hasher();
        hasher.update(&bytes[..body_end]);
        check_digest(&hasher, &digest, &header)?;
        Ok(Frame { header, body: &bytes[HEADER_BYTES..body_end], digest })
    }
}

/// The last checks of a record, alike for one in memory and one that streams by.
pub(crate) fn check_digest(hasher: &blake3::Hasher, digest: &Digest, header: &Header) -> Result<(), &'static Clause> {
    if !cfg!(fuzzing) && *hasher.finalize().as_bytes() != digest.0 && !planted::is("record-digest-unchecked") {
        Err(&clause::LDG_DIGEST)
    } else if header.version != VERSION {
        Err(&clause::LDG_BODY)
    } else {
        Ok(())
    }
}

/// A record that agrees with its digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// What stands before the body.
    pub header: Header,
    /// The body.
    pub body: &'a [u8],
    /// Its digest: what the next record continues.
    pub digest: Digest,
}

/// The file name of the segment that starts with record `first`.
pub fn segment_name(first: u64) -> Vec<u8> {
    format!("{first:016x}.seg").into_bytes()
}

/// The number of the first record in a segment of this name, if it is one.
pub fn segment_first(name: &[u8]) -> Option<u64> {
    let digits = std::str::from_utf8(name.strip_suffix(b".seg")?).ok()?;
    let first = u64::from_str_radix(digits, 16).ok()?;
    // The one way to write it: no sign, no upper case, no other length.
    (segment_name(first) == name).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_layout_is_that_of_the_specification() {
        let mut bytes = Vec::new();
        let previous = Digest([0xab; 32]);
        let digest = Chain::default().write(&mut bytes, 0x0102, -3, previous, 0x0506, b"body");
        let expected =
            [&[4, 0, 0, 0, 6, 5, 1, 0, 2, 1, 0, 0, 0, 0, 0, 0][..], &[0xfd, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff], &[0xab; 32], b"body"].concat();
        assert_eq!(bytes[..60], expected);
        assert_eq!(bytes[60..], blake3::derive_key("gapferry v1 ledger", &expected));
        assert_eq!(bytes[60..], digest.0);
        assert_eq!(SEGMENT_HEAD, [71, 70, 76, 69, 68, 71, 69, 82, 1, 0, 0, 0, 0, 0, 0, 0]);
    }

    #[test]
    fn what_is_written_reads_back() {
        let chain = Chain::default();
        for length in [0, 1, 63, 64, 65, 1023, 1024, 1025, 70_000] {
            let body: Vec<u8> = (0..length).map(|n| n as u8).collect();
            let mut bytes = b"before".to_vec();
            let digest = chain.write(&mut bytes, 7, 8, Digest([9; 32]), 10, &body);
            bytes.extend_from_slice(b"behind");
            let frame = chain.read(&bytes[6..]).unwrap();
            let header = Header { body_bytes: length, kind: 10, version: 1, number: 7, time: 8, previous: Digest([9; 32]) };
            assert_eq!(frame, Frame { header, body: &body, digest });
            assert_eq!(frame.header.record_bytes(), bytes.len() as u64 - 12);
        }
    }

    #[test]
    fn every_prefix_and_every_flip_is_refused() {
        let chain = Chain::default();
        let mut bytes = Vec::new();
        chain.write(&mut bytes, 1, 2, Digest([3; 32]), 4, b"a body");
        for length in 0..bytes.len() {
            assert_eq!(chain.read(&bytes[..length]).unwrap_err().code, "LDG-02", "prefix of {length}");
        }
        for at in 0..bytes.len() {
            for bit in 0..8 {
                let mut flipped = bytes.clone();
                flipped[at] ^= 1 << bit;
                let code = chain.read(&flipped).unwrap_err().code;
                assert!(code == "LDG-05" || (code == "LDG-02" && at < 4), "byte {at} bit {bit}: {code}");
            }
        }
    }

    #[test]
    fn another_version_is_refused_though_its_digest_is_right() {
        let chain = Chain::default();
        let mut bytes = Header { body_bytes: 0, kind: 1, version: 2, number: 0, time: 0, previous: Digest::ZERO }.encode().to_vec();
        let digest = blake3::derive_key(CONTEXT, &bytes);
        bytes.extend_from_slice(&digest);
        assert_eq!(chain.read(&bytes).unwrap_err().code, "LDG-06");
    }

    #[test]
    fn a_length_above_the_limit_is_refused_before_anything_is_read() {
        let chain = Chain::default();
        let mut header = Header { body_bytes: limits::RECORD_BYTES_MAX as u32 + 1, kind: 1, version: 1, number: 0, time: 0, previous: Digest::ZERO };
        assert_eq!(chain.read(&header.encode()).unwrap_err().code, "LDG-02");
        header.body_bytes = u32::MAX;
        assert_eq!(chain.read(&header.encode()).unwrap_err().code, "LDG-02");
        let mut bytes = Vec::new();
        let body = vec![1; limits::RECORD_BYTES_MAX];
        chain.write(&mut bytes, 0, 0, Digest::ZERO, 1, &body);
        assert_eq!(chain.read(&bytes).unwrap().body.len(), limits::RECORD_BYTES_MAX);
    }

    #[test]
    fn segment_names_have_one_form() {
        for first in [0, 1, 0xfedc_ba98, u64::MAX] {
            assert_eq!(segment_first(&segment_name(first)), Some(first));
        }
        assert_eq!(segment_name(255), b"00000000000000ff.seg");
        let others: [&[u8]; 8] = [
            b"",
            b".seg",
            b"ff.seg",
            b"00000000000000FF.seg",
            b"00000000000000ff.seg.part",
            b"+0000000000000ff.seg",
            b"00000000000000ff",
            b"\xff0000000000000ff.seg",
        ];
        for name in others {
            assert_eq!(segment_first(name), None, "{}", name.escape_ascii());
        }
    }
}
