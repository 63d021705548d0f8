//! Opens an envelope, written from spec/envelope.md: clauses ENV-01 to ENV-17 and ENV-19 in their order.

use super::card::Trusted;
use super::cursor::{Cursor, Invalid};
use super::{Refusal, derive, require};
use crate::model::{Opened, Seals, Signature, Trailer};
use chacha20poly1305::aead::{Aead, KeyInit};
use chacha20poly1305::{XChaCha20Poly1305, XNonce};
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::{Deserializable, Kem, OpModeR};

const FRAME: u64 = 131_072;
const SLOT: usize = 1168;

/// An envelope whose signature is right.
pub(super) struct Contents<'t> {
    pub(super) opened: Opened,
    pub(super) content: Vec<u8>,
    pub(super) body: Vec<u8>,
    pub(super) signer: &'t Trusted,
}

/// The rules that differ by kind.
struct Kind {
    number: u8,
    padded_min: u64,
    body_max: u64,
    context: &'static str,
}

const KINDS: [Kind; 3] = [
    Kind { number: 1, padded_min: 16_384, body_max: 64 << 20, context: "gapferry v1 package signature" },
    Kind { number: 2, padded_min: 2048, body_max: 64 << 20, context: "gapferry v1 receipt signature" },
    Kind { number: 3, padded_min: 1024, body_max: 64 << 10, context: "gapferry v1 label signature" },
];

fn array<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&bytes[at..at + N]);
    array
}

fn padded(length: u64) -> u64 {
    let exponent = length.ilog2();
    let step = 1u64 << (exponent - (exponent.ilog2() + 1));
    length.div_ceil(step) * step
}

/// Opens `file` as the given kind with the X-Wing secret of the reading zone.
pub(super) fn open<'t>(file: &[u8], kind: u8, secret: &[u8; 32], trusted: &'t [Trusted]) -> Result<Contents<'t>, Refusal> {
    let kind = &KINDS[usize::from(kind) - 1];
    require(file.len() >= 8 && &file[..8] == b"GAPFERRY", "ENV-01")?;
    require(file.len() >= 72, "ENV-08")?;
    require(file[8..10] == [1, 0], "ENV-02")?;
    require(file[10] == kind.number, "ENV-03")?;
    let slots = file[11];
    let receipt = kind.number == 2;
    require((1..=if receipt { 1 } else { 8 }).contains(&slots), "ENV-04")?;
    require(file[12..14] == [1, 0], "ENV-05")?;
    require(file[14..16] == [0, 0], "ENV-06")?;
    let plain_bytes = u64::from_le_bytes(array(file, 32));
    require((kind.padded_min..1 << 48).contains(&plain_bytes) && padded(plain_bytes) == plain_bytes, "ENV-07")?;
    let header_bytes = 72 + SLOT * usize::from(slots);
    let frames = plain_bytes.div_ceil(FRAME);
    require(file.len() as u64 == header_bytes as u64 + plain_bytes + 16 * frames, "ENV-08")?;
    let (header, sealed) = file.split_at(header_bytes);

    let bound: [u8; 32] = array(header, 0);
    let content_key = header[72..].chunks(SLOT).find_map(|slot| unwrap(slot, secret, &bound)).ok_or(Refusal("ENV-09"))?;
    let commitment: [u8; 32] = array(header, 40);
    require(derive("gapferry v1 commitment", &[&content_key, &bound]) == commitment, "ENV-10")?;

    let mut hasher = blake3::Hasher::new_derive_key("gapferry v1 frames");
    hasher.update(&content_key).update(&bound);
    let mut secrets = [0; 51];
    hasher.finalize_xof().fill(&mut secrets);
    let (frame_key, nonce_prefix): ([u8; 32], [u8; 19]) = (array(&secrets, 0), array(&secrets, 32));
    let plain = open_frames(sealed, frames, &frame_key, &nonce_prefix)?;

    let (before_trailer, trailer_bytes) = plain.split_at(plain.len() - 64);
    let trailer = read_trailer(trailer_bytes);
    require(trailer.reserved == [0; 32] && (kind.number == 1 || trailer.body_at == 0), "ENV-12")?;
    require(trailer.body_stored > 0 && trailer.body_stored <= trailer.body_plain, "ENV-12")?;
    require((1..=128 << 10).contains(&trailer.seals_bytes), "ENV-12")?;
    let lengths = [trailer.body_at, trailer.body_stored, trailer.seals_bytes, 64];
    let used = lengths.into_iter().try_fold(0u64, u64::checked_add).ok_or(Refusal("ENV-12"))?;
    require(used <= plain_bytes && padded(used.max(kind.padded_min)) == plain_bytes, "ENV-12")?;
    let place = |at: u64| usize::try_from(at).expect("it lies within the plaintext, which is in memory");
    let (content, rest) = before_trailer.split_at(place(trailer.body_at));
    let (stored, rest) = rest.split_at(place(trailer.body_stored));
    let (seals_bytes, padding) = rest.split_at(place(trailer.seals_bytes));
    require(padding.iter().all(|byte| *byte == 0), "ENV-13")?;

    let seals = read_seals(seals_bytes).map_err(|Invalid| Refusal("ENV-14"))?;
    let formed = |signature: &Signature| signature.suite == 1 && signature.bytes.len() == 64 && (1..=1024).contains(&signature.generation);
    require(seals.signatures.len() == 1 && seals.approvals.len() <= 8, "ENV-14")?;
    require(seals.signatures.iter().chain(&seals.approvals).all(formed), "ENV-14")?;
    require(seals.time_stamp.as_ref().is_none_or(|stamp| stamp.len() <= 65_536), "ENV-14")?;
    require(kind.number == 1 || seals.approvals.is_empty() && seals.time_stamp.is_none(), "ENV-14")?;
    let signature = &seals.signatures[0];
    require(trusted.iter().any(|zone| zone.id == signature.signer), "ENV-15")?;
    let signer = trusted.iter().find(|zone| zone.id == signature.signer && zone.generation == signature.generation).ok_or(Refusal("ENV-19"))?;
    let signed_message = derive(kind.context, &[header, trailer_bytes, stored]);
    let bytes = ed25519_dalek::Signature::from_bytes(&array(&signature.bytes, 0));
    signer.key.verify_strict(&signed_message, &bytes).map_err(|_| Refusal("ENV-16"))?;
    require(trailer.body_plain <= kind.body_max && (!receipt || trailer.body_plain == trailer.body_stored), "ENV-17")?;
    let body =
        if trailer.body_plain == trailer.body_stored { stored.to_vec() } else { decompress(stored, place(trailer.body_plain)).ok_or(Refusal("ENV-17"))? };
    let opened = Opened {
        file_bytes: file.len() as u64,
        kind: kind.number,
        slots,
        id: array(header, 16),
        plain_bytes,
        commitment,
        content_key,
        frame_key,
        nonce_prefix,
        trailer,
        seals,
        signed_message,
    };
    Ok(Contents { opened, content: content.to_vec(), body, signer })
}

/// The file with its frames opened and each tag zero: what a reader sees that checks no seal (fuzz/README.md). None when no slot
/// opens with this secret.
pub(super) fn unsealed(file: &[u8], secret: &[u8; 32]) -> Option<Vec<u8>> {
    let header_bytes = 72 + SLOT * usize::from(*file.get(11)?);
    let (header, sealed) = file.split_at_checked(header_bytes)?;
    let bound: [u8; 32] = array(header, 0);
    let content_key = header[72..].chunks(SLOT).find_map(|slot| unwrap(slot, secret, &bound))?;
    let mut hasher = blake3::Hasher::new_derive_key("gapferry v1 frames");
    hasher.update(&content_key).update(&bound);
    let mut secrets = [0; 51];
    hasher.finalize_xof().fill(&mut secrets);
    let plain = open_frames(sealed, sealed.len().div_ceil(131_072 + 16) as u64, &array(&secrets, 0), &array(&secrets, 32)).ok()?;
    let frames = plain.chunks(131_072).map(|frame| [frame, &[0; 16]].concat());
    Some([header.to_vec(), frames.collect::<Vec<_>>().concat()].concat())
}

/// Length of the content, and the decompressed body, of an unsealed file with one slot and one frame or more.
pub(super) fn body_of(unsealed: &[u8]) -> Option<(u64, Vec<u8>)> {
    let header_bytes = 72 + SLOT * usize::from(unsealed[11]);
    let plain: Vec<u8> = unsealed[header_bytes..].chunks(131_072 + 16).flat_map(|frame| frame[..frame.len() - 16].to_vec()).collect();
    let trailer = read_trailer(plain.last_chunk::<64>()?);
    let at = usize::try_from(trailer.body_at).ok()?;
    let stored = plain.get(at..at.checked_add(usize::try_from(trailer.body_stored).ok()?)?)?;
    let raw = trailer.body_plain == trailer.body_stored;
    let body = if raw { stored.to_vec() } else { decompress(stored, usize::try_from(trailer.body_plain).ok().filter(|plain| *plain <= 1 << 20)?)? };
    Some((trailer.body_at, body))
}

fn unwrap(slot: &[u8], secret: &[u8; 32], bound: &[u8; 32]) -> Option<[u8; 32]> {
    let secret = <XWing as Kem>::PrivateKey::from_bytes(secret).ok()?;
    let encapsulated = <XWing as Kem>::EncappedKey::from_bytes(&slot[..1120]).ok()?;
    let information = [&b"gapferry v1 key"[..], bound].concat();
    let key = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(&OpModeR::Base, &secret, &encapsulated, &information, &slot[1120..], b"");
    key.ok()?.as_slice().try_into().ok()
}

fn open_frames(sealed: &[u8], frames: u64, key: &[u8; 32], prefix: &[u8; 19]) -> Result<Vec<u8>, Refusal> {
    let cipher = XChaCha20Poly1305::new(key.into());
    let mut plain = Vec::with_capacity(sealed.len());
    for (number, frame) in (0u32..).zip(sealed.chunks(131_072 + 16)) {
        let mut nonce = [0; 24];
        nonce[..19].copy_from_slice(prefix);
        nonce[19..23].copy_from_slice(&number.to_be_bytes());
        nonce[23] = u8::from(u64::from(number) + 1 == frames);
        plain.extend(cipher.decrypt(&XNonce::from(nonce), frame).map_err(|_| Refusal("ENV-11"))?);
    }
    Ok(plain)
}

fn read_trailer(bytes: &[u8]) -> Trailer {
    let number = |at: usize| u64::from_le_bytes(array(bytes, at));
    Trailer { body_at: number(0), body_stored: number(8), body_plain: number(16), seals_bytes: number(24), reserved: array(bytes, 32) }
}

fn read_seals(bytes: &[u8]) -> Result<Seals, Invalid> {
    let mut from = Cursor::new(bytes);
    let signature = |from: &mut Cursor| Ok(Signature { suite: from.u16()?, signer: from.array()?, generation: from.u32()?, bytes: from.bytes()? });
    let seals = Seals { signatures: from.list(signature)?, approvals: from.list(signature)?, time_stamp: from.option(Cursor::bytes)? };
    from.end().map(|()| seals)
}

/// Exactly one zstd frame that ends where `stored` ends and gives exactly `plain_bytes`.
pub(super) fn decompress(stored: &[u8], plain_bytes: usize) -> Option<Vec<u8>> {
    let whole = zstd::zstd_safe::find_frame_compressed_size(stored).ok()? == stored.len();
    let is_frame = stored.starts_with(&[0x28, 0xb5, 0x2f, 0xfd]);
    let plain = zstd::bulk::decompress(stored, plain_bytes).ok()?;
    (whole && is_frame && plain.len() == plain_bytes).then_some(plain)
}
