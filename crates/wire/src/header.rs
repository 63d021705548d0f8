//! The outer header of an envelope and its trailer: the few bytes that say how to open the rest (spec/envelope.md).

use crate::clause::{self, Rejection, require};
use crate::id::PackageId;
use crate::limits::{FRAME_BYTES, FRAME_TAG_BYTES, SEALS_BYTES_MAX, SLOTS_MAX};
use alloc::vec::Vec;

/// First bytes of every envelope.
pub const MAGIC: &[u8; 8] = b"GAPFERRY";
/// The format version this program reads and writes.
pub const FORMAT_VERSION: u16 = 1;
/// Bytes of the header before the wrapped keys.
pub const FIXED_BYTES: usize = 72;
/// Bytes of one wrapped key in suite 1: X-Wing encapsulation 1120, sealed content key 48.
pub const SLOT_BYTES: usize = 1168;
/// Header bytes that the key wrapping, the commitment and the frame key are bound to: all that is known before the content.
pub const BOUND_BYTES: usize = 32;
/// Bytes of the trailer at the end of the plaintext.
pub const TRAILER_BYTES: usize = 64;

/// What an envelope holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A sync package.
    Package,
    /// A receipt (verification package).
    Receipt,
    /// The label of a medium.
    Label,
    /// A backup of a home: a generation, or one of its large files.
    Backup,
    /// Parity of a run of packages.
    Parity,
}

impl Kind {
    fn number(self) -> u8 {
        match self {
            Kind::Package => 1,
            Kind::Receipt => 2,
            Kind::Label => 3,
            Kind::Backup => 4,
            Kind::Parity => 5,
        }
    }
    /// Smallest padded plaintext, bytes: packages hide small differences, receipts in digest form stay under 4 KB.
    pub fn padded_bytes_min(self) -> u64 {
        match self {
            Kind::Package | Kind::Parity => 16_384,
            Kind::Receipt => 2048,
            Kind::Label => 1024,
            Kind::Backup => 2048,
        }
    }
    /// Whether it may have content before its body.
    pub fn has_content(self) -> bool {
        matches!(self, Kind::Package | Kind::Backup | Kind::Parity)
    }
    /// Wrapped keys at most. Nobody but its source reads a receipt.
    pub fn slots_max(self) -> u8 {
        if self == Kind::Receipt { 1 } else { SLOTS_MAX }
    }
    /// Whether approvals and a time stamp may stand beside its signature.
    pub fn has_approvals(self) -> bool {
        self == Kind::Package
    }
    /// Whether its body may be compressed. What comes inward meets no decompressor.
    pub fn is_compressed(self) -> bool {
        self != Kind::Receipt
    }
    /// Context string of the signature.
    pub fn signature_context(self) -> &'static str {
        match self {
            Kind::Package => "gapferry v1 package signature",
            Kind::Receipt => "gapferry v1 receipt signature",
            Kind::Label => "gapferry v1 label signature",
            Kind::Backup => "gapferry v1 backup signature",
            Kind::Parity => "gapferry v1 parity signature",
        }
    }
}

/// The outer header.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the envelope holds.
    pub kind: Kind,
    /// Suite of algorithms; 1 is the only one of this version.
    pub suite: u16,
    /// Random id of this envelope.
    pub id: PackageId,
    /// Length of the padded plaintext, bytes.
    pub plain_bytes: u64,
    /// Commitment to the content key.
    pub commitment: [u8; 32],
    /// The content key, wrapped for each recipient; each `SLOT_BYTES` long.
    pub slots: Vec<Vec<u8>>,
}

impl Header {
    /// Bytes of a header with `slots` wrapped keys.
    pub fn length(slots: usize) -> usize {
        FIXED_BYTES + SLOT_BYTES * slots
    }

    /// The header as it lies at the start of the file.
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(Self::length(self.slots.len()));
        bytes.extend_from_slice(MAGIC);
        bytes.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes.push(self.kind.number());
        bytes.push(u8::try_from(self.slots.len()).expect("a writer wraps for at most SLOTS_MAX recipients"));
        bytes.extend_from_slice(&self.suite.to_le_bytes());
        bytes.extend_from_slice(&[0; 2]);
        bytes.extend_from_slice(&self.id.0);
        bytes.extend_from_slice(&self.plain_bytes.to_le_bytes());
        bytes.extend_from_slice(&self.commitment);
        for slot in &self.slots {
            bytes.extend_from_slice(slot);
        }
        bytes
    }

    /// Reads a header of the given kind from the first bytes of a file that is `file_bytes` long (clauses ENV-01 to ENV-08).
    ///
    /// `start` holds the first bytes of the file, as many as there are up to the longest possible header.
    pub fn decode(start: &[u8], file_bytes: u64, kind: Kind) -> Result<Self, Rejection> {
        let fixed = start.get(..FIXED_BYTES);
        require(start.len() >= 8 && &start[..8] == MAGIC, &clause::ENV_MAGIC)?;
        let fixed = fixed.ok_or(Rejection(&clause::ENV_LENGTH))?;
        require(number_u16(fixed, 8) == FORMAT_VERSION, &clause::ENV_VERSION)?;
        require(fixed[10] == kind.number(), &clause::ENV_KIND)?;
        require((1..=kind.slots_max()).contains(&fixed[11]), &clause::ENV_SLOTS)?;
        require(number_u16(fixed, 12) == 1, &clause::ENV_SUITE)?;
        require(fixed[14..16] == [0; 2], &clause::ENV_RESERVED)?;
        let plain_bytes = number_u64(fixed, 32);
        let possible = plain_bytes >= kind.padded_bytes_min() && plain_bytes < 1 << 48 && padme(plain_bytes) == plain_bytes;
        require(possible, &clause::ENV_PADDED)?;
        let slots = usize::from(fixed[11]);
        require(file_bytes == file_bytes_of(slots, plain_bytes), &clause::ENV_LENGTH)?;
        let wrapped = start.get(FIXED_BYTES..Self::length(slots)).ok_or(Rejection(&clause::ENV_LENGTH))?;
        Ok(Self {
            kind,
            suite: 1,
            id: PackageId(array(fixed, 16)),
            plain_bytes,
            commitment: array(fixed, 40),
            slots: wrapped.chunks(SLOT_BYTES).map(<[u8]>::to_vec).collect(),
        })
    }
}

/// The kind that the first bytes of a file claim, if they are those of an envelope at all.
pub fn kind_of(start: &[u8]) -> Option<Kind> {
    if start.len() < 11 || &start[..8] != MAGIC {
        return None;
    }
    [Kind::Package, Kind::Receipt, Kind::Label, Kind::Backup, Kind::Parity].into_iter().find(|kind| kind.number() == start[10])
}

/// Length of a whole file.
pub fn file_bytes_of(slots: usize, plain_bytes: u64) -> u64 {
    Header::length(slots) as u64 + plain_bytes + FRAME_TAG_BYTES * plain_bytes.div_ceil(FRAME_BYTES)
}

/// The Padmé length: the smallest size class that holds `length` (at least 2), at most 12 % larger
/// (Nikitin et al., "Reducing Metadata Leakage from Encrypted Files and Communication with PURBs", 2019).
pub fn padme(length: u64) -> u64 {
    let exponent = length.ilog2();
    let mantissa = exponent.ilog2() + 1;
    let mask = (1u64 << (exponent - mantissa.min(exponent))) - 1;
    (length + mask) & !mask
}

/// The last bytes of the plaintext: where the body and the signature block lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trailer {
    /// Offset of the body, which is the length of the content before it.
    pub body_at: u64,
    /// Length of the body as stored.
    pub body_stored: u64,
    /// Length of the body decompressed; equal to `body_stored` when it is stored raw.
    pub body_plain: u64,
    /// Length of the signature block, which follows the body.
    pub seals_bytes: u64,
}

impl Trailer {
    /// The trailer as it lies at the end of the plaintext.
    pub fn encode(&self) -> [u8; TRAILER_BYTES] {
        let mut bytes = [0; TRAILER_BYTES];
        for (place, number) in [self.body_at, self.body_stored, self.body_plain, self.seals_bytes].into_iter().enumerate() {
            bytes[place * 8..place * 8 + 8].copy_from_slice(&number.to_le_bytes());
        }
        bytes
    }

    /// Reads the trailer of an envelope of `kind` whose padded plaintext is `plain_bytes` long (clauses ENV-12, ENV-17).
    pub fn decode(bytes: &[u8; TRAILER_BYTES], plain_bytes: u64, kind: Kind, body_plain_max: u64) -> Result<Self, Rejection> {
        let trailer =
            Self { body_at: number_u64(bytes, 0), body_stored: number_u64(bytes, 8), body_plain: number_u64(bytes, 16), seals_bytes: number_u64(bytes, 24) };
        require(bytes[32..] == [0; 32], &clause::ENV_TRAILER)?;
        require(kind.has_content() || trailer.body_at == 0, &clause::ENV_TRAILER)?;
        require(trailer.body_stored > 0 && trailer.body_stored <= trailer.body_plain, &clause::ENV_TRAILER)?;
        require(trailer.seals_bytes > 0 && trailer.seals_bytes <= SEALS_BYTES_MAX, &clause::ENV_TRAILER)?;
        let used = [trailer.body_at, trailer.body_stored, trailer.seals_bytes, TRAILER_BYTES as u64]
            .into_iter()
            .try_fold(0u64, u64::checked_add)
            .ok_or(Rejection(&clause::ENV_TRAILER))?;
        require(used <= plain_bytes, &clause::ENV_TRAILER)?;
        require(padme(used.max(kind.padded_bytes_min())) == plain_bytes, &clause::ENV_TRAILER)?;
        require(trailer.body_plain <= body_plain_max, &clause::ENV_BODY)?;
        require(kind.is_compressed() || trailer.body_stored == trailer.body_plain, &clause::ENV_BODY)?;
        Ok(trailer)
    }
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    bytes[at..at + N].try_into().expect("the caller checked the length")
}
fn number_u16(bytes: &[u8], at: usize) -> u16 {
    u16::from_le_bytes(array(bytes, at))
}
fn number_u64(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(array(bytes, at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn padme_grows_by_at_most_an_eighth(length in 2u64..1 << 47) {
            let padded = padme(length);
            prop_assert!(padded >= length);
            prop_assert!(padded <= length + length / 8 + 1);
            prop_assert_eq!(padme(padded), padded);
        }
    }

    fn sample() -> Header {
        Header { kind: Kind::Package, suite: 1, id: PackageId([7; 16]), plain_bytes: 16_384, commitment: [8; 32], slots: vec![vec![9; SLOT_BYTES]] }
    }

    #[test]
    fn header_there_and_back() {
        let header = sample();
        let bytes = header.encode();
        assert_eq!(bytes.len(), 1240);
        assert_eq!(Header::decode(&bytes, 1240 + 16_384 + 16, Kind::Package), Ok(header));
    }

    #[test]
    fn each_field_has_its_clause() {
        let good = sample().encode();
        let length = 1240 + 16_384 + 16;
        for (at, value, code) in [
            (0, b'g', "ENV-01"),
            (8, 2, "ENV-02"),
            (10, 2, "ENV-03"),
            (11, 0, "ENV-04"),
            (11, 9, "ENV-04"),
            (12, 2, "ENV-05"),
            (14, 1, "ENV-06"),
            (32, 1, "ENV-07"),
            (33, 0, "ENV-07"),
        ] {
            let mut bytes = good.clone();
            bytes[at] = value;
            assert_eq!(Header::decode(&bytes, length, Kind::Package).unwrap_err().code(), code, "byte {at} = {value}");
        }
        for wrong in [length - 1, length + 1, 0, u64::MAX] {
            assert_eq!(Header::decode(&good, wrong, Kind::Package).unwrap_err().code(), "ENV-08");
        }
        assert_eq!(Header::decode(&good[..71], length, Kind::Package).unwrap_err().code(), "ENV-08");
        assert_eq!(Header::decode(&good[..1239], length, Kind::Package).unwrap_err().code(), "ENV-08");
    }

    #[test]
    fn a_trailer_must_describe_its_plaintext() {
        let good = Trailer { body_at: 100, body_stored: 50, body_plain: 80, seals_bytes: 123 };
        let read = |trailer: &Trailer| Trailer::decode(&trailer.encode(), 16_384, Kind::Package, 1000).map_err(|rejection| rejection.code());
        assert_eq!(read(&good), Ok(good));
        for (bad, code) in [
            (Trailer { body_stored: 0, ..good }, "ENV-12"),
            (Trailer { body_stored: 81, ..good }, "ENV-12"),
            (Trailer { seals_bytes: 0, ..good }, "ENV-12"),
            (Trailer { seals_bytes: SEALS_BYTES_MAX + 1, ..good }, "ENV-12"),
            (Trailer { body_at: u64::MAX, ..good }, "ENV-12"),
            (Trailer { body_at: 16_384, ..good }, "ENV-12"),
            (Trailer { body_plain: 1001, ..good }, "ENV-17"),
        ] {
            assert_eq!(read(&bad), Err(code), "{bad:?}");
        }
        assert_eq!(Trailer::decode(&good.encode(), 17_408, Kind::Package, 1000).unwrap_err().code(), "ENV-12", "more padding than a writer adds");
        let raw = Trailer { body_at: 0, body_plain: good.body_stored, ..good };
        assert_eq!(Trailer::decode(&raw.encode(), 2048, Kind::Receipt, 1000), Ok(raw));
        let compressed = Trailer { body_plain: good.body_plain, ..raw };
        assert_eq!(Trailer::decode(&compressed.encode(), 2048, Kind::Receipt, 1000).unwrap_err().code(), "ENV-17", "a compressed receipt");
        assert_eq!(Trailer::decode(&good.encode(), 2048, Kind::Receipt, 1000).unwrap_err().code(), "ENV-12", "content in a receipt");
    }
}
