//! The envelope of packages, receipts and labels: sealing and opening, step by step, so that the caller can stream
//! (spec/envelope.md). The order of the checks is the order of the clauses.

use crate::block;
use crate::frames::{self, Frames};
use crate::keys::SecretKeys;
use crate::suite::{SUITE, WRAP_ENTROPY_BYTES};
use wire::PackageId;
use wire::clause::{self, Rejection, require};
use wire::header::{BOUND_BYTES, Header, Kind, TRAILER_BYTES, Trailer, file_bytes_of, padme};
use wire::keys::Signer;
use wire::limits::{BODY_PLAIN_BYTES_MAX, FRAME_BYTES, LABEL_BODY_BYTES_MAX};
use wire::planted;
use wire::seals::Seals;
use zeroize::{Zeroize, Zeroizing};

/// The entropy of one envelope; every byte of it is used once. Zeroed when dropped.
pub struct SealEntropy {
    /// The envelope's id.
    pub id: [u8; 16],
    /// The content key.
    pub content_key: Zeroizing<[u8; 32]>,
    /// For each recipient.
    pub wrap: Vec<[u8; WRAP_ENTROPY_BYTES]>,
}

impl Drop for SealEntropy {
    fn drop(&mut self) {
        self.wrap.zeroize();
    }
}

/// The public signing key of a zone that may sign here, by zone and generation; else why it may not (ENV-15, ENV-19).
pub type Trusted<'a> = dyn Fn(&Signer) -> Result<[u8; 32], Rejection> + 'a;

/// An envelope being sealed.
pub struct Sealing {
    header: Header,
    /// Seals its frames.
    pub frames: Frames,
}

/// The end of an envelope's plaintext and the header that goes with it.
pub struct Ending {
    /// Body as stored and signature block: follow the content.
    pub body_and_seals: Vec<u8>,
    /// Zero bytes that follow.
    pub padding_bytes: u64,
    /// The last bytes.
    pub trailer: [u8; TRAILER_BYTES],
    /// The final header, same length as the first one.
    pub header: Vec<u8>,
    /// Padded plaintext, bytes.
    pub plain_bytes: u64,
}

impl Sealing {
    /// Begins an envelope for the recipients' public sealing keys; clause CRD-06 if one of them is not valid.
    pub fn new(kind: Kind, recipients: &[&[u8]], entropy: &SealEntropy) -> Result<Self, Rejection> {
        assert_eq!(recipients.len(), entropy.wrap.len(), "entropy for each recipient");
        let same = SealEntropy { id: entropy.id, content_key: Zeroizing::new([7; 32]), wrap: entropy.wrap.clone() };
        let entropy = if planted::is("content-key-reused") { &same } else { entropy };
        let mut header =
            Header { kind, suite: SUITE.number(), id: PackageId(entropy.id), plain_bytes: 0, commitment: [0; 32], slots: vec![Vec::new(); recipients.len()] };
        let bound = bound_of(&header.encode());
        header.commitment = frames::commitment(&entropy.content_key, &bound);
        for ((slot, recipient), wrap) in header.slots.iter_mut().zip(recipients).zip(&entropy.wrap) {
            *slot = SUITE.wrap(recipient, &wrap_context(&bound), &entropy.content_key, wrap).ok_or(Rejection(&clause::CRD_KEYS))?;
        }
        Ok(Self { frames: Frames::new(&entropy.content_key, &bound), header })
    }

    /// The envelope's id.
    pub fn id(&self) -> PackageId {
        self.header.id
    }

    /// Bytes of the header, which lies before the first frame.
    pub fn header_bytes(&self) -> u64 {
        Header::length(self.header.slots.len()) as u64
    }

    /// Length of the whole file when content and stored body have these lengths: an upper bound may be asked before they are known.
    pub fn file_bytes(&self, content_bytes: u64, body_bytes: u64) -> u64 {
        let used = content_bytes + body_bytes + Seals::encoded_bytes() + TRAILER_BYTES as u64;
        file_bytes_of(self.header.slots.len(), padme(used.max(self.header.kind.padded_bytes_min())))
    }

    /// Ends the plaintext after `content_bytes` of content: compresses the body if that helps, signs, pads.
    pub fn end(&self, content_bytes: u64, body: &[u8], keys: &SecretKeys, signer: Signer) -> Ending {
        let packed = if self.header.kind.is_compressed() { block::compress_body(body) } else { None };
        let mut stored = packed.unwrap_or_else(|| body.to_vec());
        let seals_bytes = Seals::encoded_bytes();
        let used = content_bytes + stored.len() as u64 + seals_bytes + TRAILER_BYTES as u64;
        let plain_bytes = if planted::is("padding-left-out") { used } else { padme(used.max(self.header.kind.padded_bytes_min())) };
        let header = Header { plain_bytes, ..self.header.clone() }.encode();
        let trailer = Trailer { body_at: content_bytes, body_stored: stored.len() as u64, body_plain: body.len() as u64, seals_bytes }.encode();
        let signature = keys.signature(&signed_message(self.header.kind, &header, &trailer, &stored));
        stored.extend_from_slice(&wire::codec::encode(&Seals::of(signer, signature)));
        Ending { body_and_seals: stored, padding_bytes: plain_bytes - used, trailer, header, plain_bytes }
    }
}

/// Seals an envelope that has no content (a receipt, a label) in one go.
pub fn seal_whole(kind: Kind, recipients: &[&[u8]], entropy: &SealEntropy, body: &[u8], keys: &SecretKeys, signer: Signer) -> Result<Vec<u8>, Rejection> {
    let sealing = Sealing::new(kind, recipients, entropy)?;
    let ending = sealing.end(0, body, keys, signer);
    let mut plain = ending.body_and_seals;
    plain.resize(plain.len() + usize::try_from(ending.padding_bytes).expect("what has no content fits memory"), 0);
    plain.extend_from_slice(&ending.trailer);
    let mut file = ending.header;
    let frames = frames::count(ending.plain_bytes);
    for (index, piece) in (0u32..).zip(plain.chunks(FRAME_BYTES as usize)) {
        let mut frame = piece.to_vec();
        sealing.frames.seal(index, index + 1 == frames, &mut frame);
        file.extend_from_slice(&frame);
    }
    Ok(file)
}

/// An envelope being opened: its header was read and its content key unwrapped.
pub struct Opening {
    /// The header.
    pub header: Header,
    /// Opens its frames.
    pub frames: Frames,
}

/// What an envelope's signature vouches for.
pub struct Verified {
    /// Who signed, with which generation of keys.
    pub signer: Signer,
    /// The body, decompressed.
    pub body: Vec<u8>,
}

impl Opening {
    /// Reads the header and unwraps the content key (clauses ENV-01 to ENV-10). `start` holds the first bytes of the file, up to
    /// the longest possible header; `secrets` are all generations of the reader's keys, because an old medium was wrapped for an
    /// old one.
    pub fn new(start: &[u8], file_bytes: u64, kind: Kind, secrets: &[SecretKeys]) -> Result<Self, Rejection> {
        let header = Header::decode(start, file_bytes, kind)?;
        let bound = bound_of(&header.encode());
        let context = wrap_context(&bound);
        let unwrap = |secret: &SecretKeys| header.slots.iter().find_map(|slot| SUITE.unwrap(&secret.seal, &context, slot));
        let content_key = secrets.iter().rev().find_map(unwrap).ok_or(Rejection(&clause::ENV_RECIPIENT))?;
        require(cfg!(fuzzing) || frames::commitment(&content_key, &bound) == header.commitment, &clause::ENV_COMMITMENT)?;
        Ok(Self { frames: Frames::new(&content_key, &bound), header })
    }

    /// Reads the trailer from the plaintext of the last frame (clauses ENV-12, ENV-17).
    pub fn trailer(&self, last_frame: &[u8]) -> Result<Trailer, Rejection> {
        let start = last_frame.len().checked_sub(TRAILER_BYTES).ok_or(Rejection(&clause::ENV_TRAILER))?;
        let bytes = last_frame[start..].try_into().expect("the slice has the length of a trailer");
        let body_max = if self.header.kind == Kind::Label { LABEL_BODY_BYTES_MAX } else { BODY_PLAIN_BYTES_MAX };
        Trailer::decode(bytes, self.header.plain_bytes, self.header.kind, body_max)
    }

    /// Checks the signature block over header, trailer and stored body, then decompresses the body (clauses ENV-14 to ENV-17, ENV-19).
    pub fn verify(&self, trailer: &Trailer, stored: &[u8], seals: &[u8], trusted: &Trusted<'_>) -> Result<Verified, Rejection> {
        let (signer, signature) = Seals::decode(seals, self.header.kind)?;
        let public = trusted(&signer)?;
        let message = signed_message(self.header.kind, &self.header.encode(), &trailer.encode(), stored);
        SUITE.verify(&public, &message, &signature)?;
        let body = if trailer.body_stored == trailer.body_plain {
            stored.to_vec()
        } else {
            let plain_bytes = usize::try_from(trailer.body_plain).map_err(|_| Rejection(&clause::ENV_BODY))?;
            block::decompress(stored, plain_bytes, &clause::ENV_BODY)?
        };
        Ok(Verified { signer, body })
    }
}

/// Opens an envelope that has no content (a receipt, a label) in one go (clauses ENV-01 to ENV-17, ENV-19).
pub fn open_whole(file: &[u8], kind: Kind, secrets: &[SecretKeys], trusted: &Trusted<'_>) -> Result<(PackageId, Verified), Rejection> {
    let opening = Opening::new(file, file.len() as u64, kind, secrets)?;
    let mut plain = Vec::with_capacity(file.len());
    for index in 0..frames::count(opening.header.plain_bytes) {
        let place = frames::place(&opening.header, index);
        let (at, end) = (place.at as usize, (place.at + place.bytes) as usize);
        let mut frame = file[at..end].to_vec();
        opening.frames.open(index, place.last, &mut frame)?;
        plain.extend_from_slice(&frame);
    }
    let trailer = opening.trailer(&plain)?;
    let (body_end, seals_end) = (trailer.body_stored as usize, (trailer.body_stored + trailer.seals_bytes) as usize);
    require(plain[seals_end..plain.len() - TRAILER_BYTES].iter().all(|byte| *byte == 0), &clause::ENV_PADDING)?;
    let verified = opening.verify(&trailer, &plain[..body_end], &plain[body_end..seals_end], trusted)?;
    Ok((opening.header.id, verified))
}

fn bound_of(header: &[u8]) -> [u8; BOUND_BYTES] {
    header[..BOUND_BYTES].try_into().expect("a header is longer than what is bound of it")
}

fn wrap_context(bound: &[u8; BOUND_BYTES]) -> Vec<u8> {
    [b"gapferry v1 key".as_slice(), bound].concat()
}

fn signed_message(kind: Kind, header: &[u8], trailer: &[u8], stored_body: &[u8]) -> [u8; 32] {
    wire::digest::derive(kind.signature_context(), &[header, trailer, stored_body]).0
}

#[cfg(test)]
mod tests {
    use super::*;
    use wire::ZoneId;

    const SIGNER: Signer = Signer { zone: ZoneId([1; 32]), generation: 1 };

    fn keys(seed: u8) -> SecretKeys {
        SecretKeys { sign: [seed; 32], seal: [seed + 100; 32] }
    }
    fn entropy(recipients: usize) -> SealEntropy {
        SealEntropy { id: [5; 16], content_key: Zeroizing::new([6; 32]), wrap: vec![[7; 64]; recipients] }
    }
    fn sealed(body: &[u8]) -> Vec<u8> {
        let recipient = SUITE.seal_public(&keys(2).seal);
        seal_whole(Kind::Receipt, &[&recipient], &entropy(1), body, &keys(1), SIGNER).unwrap()
    }
    fn trusted(signer: &Signer) -> Result<[u8; 32], Rejection> {
        require(*signer == SIGNER, &clause::ENV_SIGNER).map(|()| SUITE.sign_public(&keys(1).sign))
    }
    fn opened(file: &[u8], seed: u8) -> Result<Vec<u8>, &'static str> {
        open_whole(file, Kind::Receipt, &[keys(seed)], &trusted).map(|(_, verified)| verified.body).map_err(|rejection| rejection.code())
    }

    #[test]
    fn there_and_back() {
        // The last one does not shrink: it fills several frames.
        let mut random = vec![0; 300_000];
        blake3::Hasher::new().finalize_xof().fill(&mut random);
        for body in [b"x".to_vec(), vec![0; 100_000], b"0123456789".repeat(50_000), random] {
            assert_eq!(opened(&sealed(&body), 2), Ok(body));
        }
        assert_eq!(sealed(b"x").len(), 3304, "the digest form of a receipt");
    }

    #[test]
    fn lengths_are_known_before() {
        for kind in [Kind::Receipt, Kind::Label, Kind::Package] {
            for recipients in 1..3 {
                let public = SUITE.seal_public(&keys(2).seal);
                let sealing = Sealing::new(kind, &vec![public.as_slice(); recipients], &entropy(recipients)).unwrap();
                assert_eq!(sealing.id(), PackageId([5; 16]));
                assert_eq!(sealing.header_bytes(), Header::length(recipients) as u64);
                // What does not shrink is stored as it is, so that its stored length is known too.
                for (content, body) in [(0, 1), (0, 10_000), (70_001, 3000), (1 << 30, 12_345)] {
                    let bytes: Vec<u8> = (0..body).map(|at: u32| blake3::hash(&at.to_le_bytes()).as_bytes()[0]).collect();
                    let ending = sealing.end(content, &bytes, &keys(1), SIGNER);
                    let plain = content + ending.body_and_seals.len() as u64 + ending.padding_bytes + TRAILER_BYTES as u64;
                    assert_eq!(ending.plain_bytes, plain);
                    assert_eq!(sealing.file_bytes(content, u64::from(body)), file_bytes_of(recipients, plain), "{kind:?} {content} {body}");
                    let used = plain - ending.padding_bytes;
                    assert_eq!(plain, padme(used.max(kind.padded_bytes_min())));
                }
            }
        }
        // Byte for byte over one step of the padding.
        let sealing = Sealing::new(Kind::Package, &[&SUITE.seal_public(&keys(2).seal)], &entropy(1)).unwrap();
        for content in (100_000..104_200).step_by(30) {
            let ending = sealing.end(content, &[7], &keys(1), SIGNER);
            assert_eq!(sealing.file_bytes(content, 1), file_bytes_of(1, ending.plain_bytes), "{content}");
        }
        assert_eq!(sealed(b"x").len() as u64, Sealing::new(Kind::Receipt, &[&SUITE.seal_public(&keys(2).seal)], &entropy(1)).unwrap().file_bytes(0, 1));
    }

    #[test]
    fn every_byte_every_prefix_every_neighbour() {
        let good = sealed(b"body");
        for at in 0..good.len() {
            let mut altered = good.clone();
            altered[at] ^= 1;
            assert!(opened(&altered, 2).is_err(), "byte {at}");
            assert!(opened(&good[..at], 2).is_err(), "prefix {at}");
        }
        assert_eq!(opened(&[good.clone(), good.clone()].concat(), 2), Err("ENV-08"));
        assert_eq!(opened(&good, 3), Err("ENV-09"));
        assert!(open_whole(&good, Kind::Label, &[keys(2)], &trusted).is_err());
        assert_eq!(open_whole(&good, Kind::Receipt, &[keys(2)], &|_| Err(Rejection(&clause::ENV_SIGNER))).map(|_| ()).unwrap_err().code(), "ENV-15");
        assert_eq!(open_whole(&good, Kind::Receipt, &[keys(2)], &|_| Ok(SUITE.sign_public(&[9; 32]))).map(|_| ()).unwrap_err().code(), "ENV-16");
    }

    #[test]
    fn an_older_generation_of_keys_opens_what_was_sealed_for_it() {
        let file = sealed(b"body");
        let opened = |secrets: &[SecretKeys]| open_whole(&file, Kind::Receipt, secrets, &trusted).map(|(_, verified)| verified.signer);
        assert_eq!(opened(&[keys(2), keys(3), keys(4)]), Ok(SIGNER));
        assert_eq!(opened(&[keys(3), keys(4)]).unwrap_err().code(), "ENV-09");
        assert_eq!(opened(&[]).unwrap_err().code(), "ENV-09");
    }

    /// FAULTS P17
    #[test]
    fn each_envelope_has_a_key_of_its_own() {
        let recipient = SUITE.seal_public(&keys(2).seal);
        let seal = |key: u8| {
            let mut given = entropy(1);
            given.content_key = Zeroizing::new([key; 32]);
            seal_whole(Kind::Receipt, &[&recipient], &given, b"body", &keys(1), SIGNER).unwrap()
        };
        let (one, two) = (seal(1), seal(2));
        let header = Header::length(1);
        assert_eq!(one[..BOUND_BYTES], two[..BOUND_BYTES], "the same but for the content key that was given");
        assert!(one[header..].iter().zip(&two[header..]).filter(|(one, two)| one == two).count() < (one.len() - header) / 64, "one keystream for two");
    }

    #[test]
    fn several_recipients_each_open_it() {
        let recipients: Vec<Vec<u8>> = [2, 3].iter().map(|seed| SUITE.seal_public(&keys(*seed).seal)).collect();
        let recipients: Vec<&[u8]> = recipients.iter().map(Vec::as_slice).collect();
        let sealed = |kind: Kind| seal_whole(kind, &recipients, &entropy(2), b"body", &keys(1), SIGNER).unwrap();
        let label = sealed(Kind::Label);
        for (seed, good) in [(2, true), (3, true), (4, false)] {
            assert_eq!(open_whole(&label, Kind::Label, &[keys(seed)], &trusted).is_ok(), good);
        }
        assert_eq!(opened(&sealed(Kind::Receipt), 2), Err("ENV-04"), "nobody but its source reads a receipt");
    }
}
