//! Seals an envelope by hand (spec/envelope.md): header, wrapped keys, frames, trailer, seals, padding. A draft can be spoilt
//! at every step, so that a bad fixture breaks one clause and is right in all others, the signature included.

use crate::encode;
use crate::model::{Opened, Seals, Signature, Trailer};
use crate::primitive::{Entropy, derive, derive_long, noise_array};
use crate::zone::Zone;
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use ed25519_dalek::Signer;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeS, Serializable};

pub(crate) const PACKAGE: u8 = 1;
pub(crate) const RECEIPT: u8 = 2;
pub(crate) const LABEL: u8 = 3;
pub(crate) const FRAME: usize = 131_072;

/// Spoils a value on its way.
pub(crate) type Edit<T> = Option<Box<dyn Fn(&mut T)>>;

/// How the nonces of the frames are made.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nonces {
    /// As specified.
    Right,
    /// No frame is marked as the last.
    NoneLast,
    /// Every frame is marked as the last.
    AllLast,
    /// Frames counted from one.
    FromOne,
}

/// A body as it is stored.
#[derive(Clone)]
pub(crate) struct Body {
    pub(crate) stored: Vec<u8>,
    pub(crate) plain: u64,
}

impl Body {
    /// Stored raw.
    pub(crate) fn raw(bytes: &[u8]) -> Self {
        Self { stored: bytes.to_vec(), plain: bytes.len() as u64 }
    }
    /// As one zstd frame where that is shorter.
    pub(crate) fn compressed(bytes: &[u8]) -> Self {
        let frame = zstd_frame(bytes);
        if frame.len() < bytes.len() { Self { stored: frame, plain: bytes.len() as u64 } } else { Self::raw(bytes) }
    }
}

/// One zstd frame at level 3.
pub(crate) fn zstd_frame(bytes: &[u8]) -> Vec<u8> {
    zstd::bulk::compress(bytes, 3).expect("compression into memory does not fail")
}

/// An envelope to be sealed.
pub(crate) struct Draft<'a> {
    pub(crate) entropy: String,
    pub(crate) magic: [u8; 8],
    pub(crate) version: u16,
    pub(crate) kind: u8,
    pub(crate) slots: Option<u8>,
    pub(crate) suite: u16,
    pub(crate) reserved: [u8; 2],
    pub(crate) id: [u8; 16],
    /// The padded length, when it is not the one the rule gives.
    pub(crate) plain_bytes: Option<u64>,
    /// What the header says it is, when that is something else.
    pub(crate) stated_plain_bytes: Option<u64>,
    pub(crate) recipients: Vec<&'a Zone>,
    /// What the wrapped keys are bound to, when not the first 32 bytes of this header.
    pub(crate) bound_elsewhere: Option<[u8; 32]>,
    pub(crate) content: Vec<u8>,
    pub(crate) body: Body,
    pub(crate) signer: &'a Zone,
    pub(crate) signer_id: Option<[u8; 32]>,
    pub(crate) context: &'static str,
    pub(crate) approvals: Vec<Signature>,
    pub(crate) time_stamp: Option<Vec<u8>>,
    pub(crate) nonces: Nonces,
    pub(crate) edit_wrapped: Edit<Vec<Vec<u8>>>,
    pub(crate) edit_commitment: Edit<[u8; 32]>,
    pub(crate) edit_signed: Edit<[u8; 32]>,
    pub(crate) edit_seals: Edit<Seals>,
    pub(crate) edit_seals_bytes: Edit<Vec<u8>>,
    pub(crate) edit_trailer: Edit<Trailer>,
    pub(crate) edit_padding: Edit<Vec<u8>>,
    pub(crate) edit_plain_frames: Edit<Vec<Vec<u8>>>,
    pub(crate) edit_frames: Edit<Vec<Vec<u8>>>,
}

/// A sealed envelope and what is in it.
pub(crate) struct Sealed {
    pub(crate) file: Vec<u8>,
    pub(crate) opened: Opened,
}

/// The padded length class (spec/envelope.md, "Padded length").
pub(crate) fn padme(length: u64) -> u64 {
    let exponent = 63 - length.leading_zeros();
    let bits = 32 - exponent.leading_zeros();
    let mask = (1u64 << (exponent - bits)) - 1;
    (length + mask) & !mask
}

/// Smallest padded plaintext of a kind.
pub(crate) fn minimum(kind: u8) -> u64 {
    match kind {
        RECEIPT => 2048,
        LABEL => 1024,
        _ => 16_384,
    }
}

/// Context string of the signature of a kind.
pub(crate) fn signature_context(kind: u8) -> &'static str {
    match kind {
        RECEIPT => "gapferry v1 receipt signature",
        LABEL => "gapferry v1 label signature",
        _ => "gapferry v1 package signature",
    }
}

impl<'a> Draft<'a> {
    pub(crate) fn new(entropy: &str, kind: u8, signer: &'a Zone, recipients: &[&'a Zone], content: Vec<u8>, body: Body) -> Self {
        Self {
            entropy: entropy.into(),
            magic: *b"GAPFERRY",
            version: 1,
            kind,
            slots: None,
            suite: 1,
            reserved: [0; 2],
            id: envelope_id(entropy),
            plain_bytes: None,
            stated_plain_bytes: None,
            recipients: recipients.to_vec(),
            bound_elsewhere: None,
            content,
            body,
            signer,
            signer_id: None,
            context: signature_context(kind),
            approvals: Vec::new(),
            time_stamp: None,
            nonces: Nonces::Right,
            edit_wrapped: None,
            edit_commitment: None,
            edit_signed: None,
            edit_seals: None,
            edit_seals_bytes: None,
            edit_trailer: None,
            edit_padding: None,
            edit_plain_frames: None,
            edit_frames: None,
        }
    }

    /// Seals it.
    pub(crate) fn seal(&self) -> Sealed {
        let (_, seals_bytes) = self.seals(&[0; 64]);
        let used = self.content.len() as u64 + self.body.stored.len() as u64 + seals_bytes.len() as u64 + 64;
        let plain_bytes = self.plain_bytes.unwrap_or_else(|| padme(used.max(minimum(self.kind))));
        let mut trailer = Trailer {
            body_at: self.content.len() as u64,
            body_stored: self.body.stored.len() as u64,
            body_plain: self.body.plain,
            seals_bytes: seals_bytes.len() as u64,
            reserved: [0; 32],
        };
        edit(&self.edit_trailer, &mut trailer);
        let trailer_bytes = encode::trailer(&trailer);

        let content_key: [u8; 32] = noise_array(&format!("{}/content key", self.entropy));
        let bound = self.bound();
        let mut commitment = derive("gapferry v1 commitment", &[&content_key, &bound]);
        edit(&self.edit_commitment, &mut commitment);
        let mut wrapped = self.wrap(&content_key, &self.bound_elsewhere.unwrap_or(bound));
        edit(&self.edit_wrapped, &mut wrapped);
        let mut header = bound.to_vec();
        header.extend_from_slice(&self.stated_plain_bytes.unwrap_or(plain_bytes).to_le_bytes());
        header.extend_from_slice(&commitment);
        header.extend(wrapped.concat());

        let mut signed_message = derive(self.context, &[&header, &trailer_bytes, &self.body.stored]);
        edit(&self.edit_signed, &mut signed_message);
        let (seals, seals_bytes) = self.seals(&self.signer.sign.sign(&signed_message).to_bytes());

        let mut plain = self.content.clone();
        plain.extend_from_slice(&self.body.stored);
        plain.extend_from_slice(&seals_bytes);
        let padding = usize::try_from(plain_bytes).expect("fixtures are small") - plain.len() - trailer_bytes.len();
        let mut padding = vec![0; padding];
        edit(&self.edit_padding, &mut padding);
        plain.extend_from_slice(&padding);
        plain.extend_from_slice(&trailer_bytes);

        let secrets = derive_long("gapferry v1 frames", &[&content_key, &bound], 51);
        let (mut frame_key, mut nonce_prefix) = ([0; 32], [0; 19]);
        frame_key.copy_from_slice(&secrets[..32]);
        nonce_prefix.copy_from_slice(&secrets[32..]);
        let mut file = header;
        file.extend(self.frames(&plain, &frame_key, &nonce_prefix).concat());
        let opened = Opened {
            file_bytes: file.len() as u64,
            kind: self.kind,
            slots: self.slot_count(),
            id: self.id,
            plain_bytes,
            commitment,
            content_key,
            frame_key,
            nonce_prefix,
            trailer,
            seals,
            signed_message,
        };
        Sealed { file, opened }
    }

    fn slot_count(&self) -> u8 {
        self.slots.unwrap_or_else(|| u8::try_from(self.recipients.len()).expect("few recipients"))
    }

    /// The first 32 bytes of the header.
    fn bound(&self) -> [u8; 32] {
        let mut bound = [0; 32];
        bound[..8].copy_from_slice(&self.magic);
        bound[8..10].copy_from_slice(&self.version.to_le_bytes());
        bound[10] = self.kind;
        bound[11] = self.slot_count();
        bound[12..14].copy_from_slice(&self.suite.to_le_bytes());
        bound[14..16].copy_from_slice(&self.reserved);
        bound[16..].copy_from_slice(&self.id);
        bound
    }

    fn wrap(&self, content_key: &[u8; 32], bound: &[u8; 32]) -> Vec<Vec<u8>> {
        let information = [&b"gapferry v1 key"[..], bound].concat();
        let wrap = |(place, zone): (usize, &&Zone)| {
            let public = <XWing as Kem>::PublicKey::from_bytes(&zone.seal_public).expect("a zone's public key is valid");
            let mut entropy = Entropy::new(&format!("{}/slot {place}", self.entropy));
            let (encapsulated, ciphertext) =
                hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(&OpModeS::Base, &public, &information, content_key, b"", &mut entropy)
                    .expect("sealing to a valid key does not fail");
            [&encapsulated.to_bytes()[..], &ciphertext].concat()
        };
        self.recipients.iter().enumerate().map(wrap).collect()
    }

    fn seals(&self, signature: &[u8; 64]) -> (Seals, Vec<u8>) {
        let signature =
            Signature { suite: 1, signer: self.signer_id.unwrap_or_else(|| self.signer.id()), generation: self.signer.generation, bytes: signature.to_vec() };
        let mut seals = Seals { signatures: vec![signature], approvals: self.approvals.clone(), time_stamp: self.time_stamp.clone() };
        edit(&self.edit_seals, &mut seals);
        let mut bytes = encode::seals(&seals);
        edit(&self.edit_seals_bytes, &mut bytes);
        (seals, bytes)
    }

    /// STREAM with a 32-bit big-endian counter, written out.
    fn frames(&self, plain: &[u8], key: &[u8; 32], prefix: &[u8; 19]) -> Vec<Vec<u8>> {
        let mut pieces: Vec<Vec<u8>> = plain.chunks(FRAME).map(<[u8]>::to_vec).collect();
        edit(&self.edit_plain_frames, &mut pieces);
        let cipher = XChaCha20Poly1305::new(key.into());
        let count = pieces.len();
        let seal = |(place, piece): (usize, &Vec<u8>)| {
            let number = u32::try_from(place).expect("few frames") + u32::from(self.nonces == Nonces::FromOne);
            let last = match self.nonces {
                Nonces::NoneLast => false,
                Nonces::AllLast => true,
                _ => place + 1 == count,
            };
            let mut nonce = [0; 24];
            nonce[..19].copy_from_slice(prefix);
            nonce[19..23].copy_from_slice(&number.to_be_bytes());
            nonce[23] = u8::from(last);
            cipher.encrypt(&XNonce::from(nonce), piece.as_slice()).expect("a frame is short enough to seal")
        };
        let mut frames: Vec<Vec<u8>> = pieces.iter().enumerate().map(seal).collect();
        edit(&self.edit_frames, &mut frames);
        frames
    }
}

/// The id of the envelope with this entropy.
pub(crate) fn envelope_id(entropy: &str) -> [u8; 16] {
    noise_array(&format!("{entropy}/id"))
}

fn edit<T>(edit: &Edit<T>, value: &mut T) {
    if let Some(edit) = edit {
        edit(value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padded_lengths_are_those_of_the_paper() {
        for (length, padded) in
            [(9, 10), (1024, 1024), (1025, 1088), (2048, 2048), (2049, 2176), (16_384, 16_384), (16_385, 17_408), (131_073, 135_168), (262_145, 270_336)]
        {
            assert_eq!(padme(length), padded, "{length}");
            assert_eq!(padme(padded), padded, "{padded}");
        }
    }
}
