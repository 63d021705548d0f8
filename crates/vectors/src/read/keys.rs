//! What a reader knows of keys, and the clauses about them, written from spec/keys.md.

use super::card::Trusted;
use super::cursor::{Cursor, Invalid};
use super::{Refusal, derive, require};
use crate::model::{KeyNotice, NextKeys};
use crate::primitive::hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use hpke::kem::XWing;
use hpke::{Deserializable, Kem};

/// From which number on a generation of a zone's keys counts, or is revoked.
pub(super) struct Mark {
    pub(super) zone: [u8; 32],
    pub(super) generation: u32,
    pub(super) from: u64,
}

/// What a reader knows of keys.
pub(super) struct Known {
    pub(super) trusted: Vec<Trusted>,
    pub(super) switched: Vec<Mark>,
    pub(super) revoked: Vec<Mark>,
}

/// The codes of a page for the same three clauses: revoked, does not count, announced keys.
pub(super) struct Codes(pub(super) &'static str, pub(super) &'static str, pub(super) &'static str);

/// Reads the notice of a body.
pub(super) fn decode(from: &mut Cursor) -> Result<KeyNotice, Invalid> {
    let next = |from: &mut Cursor| Ok(NextKeys { generation: from.u32()?, sign: from.array()?, seal: from.array::<1216>()?.to_vec(), proof: from.array()? });
    Ok(KeyNotice { from: from.u64()?, known: from.u32()?, next: from.option(next)? })
}

/// Whether its numbers are in their ranges, in a body with this number.
pub(super) fn in_range(notice: &KeyNotice, number: u64) -> bool {
    let next = notice.next.as_ref().is_none_or(|next| (2..=1024).contains(&next.generation));
    (1..=number).contains(&notice.from) && (1..=1024).contains(&notice.known) && next
}

/// Compares a notice with what the reader knows.
pub(super) fn check(known: &Known, signer: &Trusted, notice: &KeyNotice, number: u64, codes: &Codes) -> Result<(), Refusal> {
    let of_signer = |marks: &[Mark]| marks.iter().filter(|mark| mark.zone == signer.id).map(|mark| (mark.generation, mark.from)).collect::<Vec<_>>();
    let revoked = of_signer(&known.revoked);
    require(!revoked.iter().any(|(generation, from)| *generation == signer.generation && number >= *from), codes.0)?;
    for (generation, from) in of_signer(&known.switched) {
        let fits = match generation.cmp(&signer.generation) {
            std::cmp::Ordering::Less => from < notice.from,
            std::cmp::Ordering::Equal => from == notice.from,
            std::cmp::Ordering::Greater => number < from,
        };
        require(fits, codes.1)?;
    }
    let Some(next) = &notice.next else { return Ok(()) };
    require(next.generation == signer.generation + 1, codes.2)?;
    let claim = format!(
        "gapferry card 1\nzone: {}\nrole: {}\nsuite: 1\ngeneration: {}\nfirst: {}\nsign: {}\nseal: {}\n",
        signer.name,
        signer.role,
        next.generation,
        hex(&signer.id),
        STANDARD.encode(next.sign),
        STANDARD.encode(&next.seal)
    );
    let key = VerifyingKey::from_bytes(&next.sign).map_err(|_| Refusal(codes.2))?;
    require(!key.is_weak() && <XWing as Kem>::PublicKey::from_bytes(&next.seal).is_ok(), codes.2)?;
    let message = derive("gapferry v1 card proof", &[claim.as_bytes()]);
    key.verify_strict(&message, &Signature::from_bytes(&next.proof)).map_err(|_| Refusal(codes.2))?;
    let digest = derive("gapferry v1 zone", &[claim.as_bytes()]);
    let other = |zone: &Trusted| zone.id == signer.id && zone.generation == next.generation && zone.card != digest;
    require(!known.trusted.iter().any(other), codes.2)
}
