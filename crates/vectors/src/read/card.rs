//! Reads a card, written from spec/card.md: clauses CRD-01 to CRD-09.

use super::{Refusal, derive, require};
use crate::describe;
use crate::primitive::hex;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signature, VerifyingKey};
use hpke::kem::XWing;
use hpke::{Deserializable, Kem};
use serde_json::Value;

/// A zone as its card says.
#[derive(Clone)]
pub(super) struct Trusted {
    pub(super) id: [u8; 32],
    pub(super) role: String,
    pub(super) key: VerifyingKey,
    pub(super) generation: u32,
    /// The digest of the card.
    pub(super) card: [u8; 32],
    pub(super) name: String,
}

/// A card that is right.
pub(super) struct Card {
    pub(super) zone: Trusted,
    pub(super) expected: Value,
}

/// Whether this may name a zone or a route.
pub(super) fn is_name(name: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b".-_".contains(&byte);
    (1..=64).contains(&name.len()) && name.bytes().all(allowed) && name.as_bytes()[0].is_ascii_alphanumeric()
}

/// Reads a card; `typed` is the fingerprint that a person compared.
pub(super) fn read(bytes: &[u8], typed: Option<&str>) -> Result<Card, Refusal> {
    require(bytes.starts_with(b"gapferry card 1\n"), "CRD-01")?;
    require(bytes.len() <= 2953, "CRD-02")?;
    let text = core::str::from_utf8(bytes).map_err(|_| Refusal("CRD-02"))?;
    let lines: Vec<&str> = text.split('\n').collect();
    let later = lines.get(4).is_some_and(|line| line.starts_with("generation: "));
    let between: &[&str] = if later { &["generation: ", "first: "] } else { &[] };
    let labels = [&["zone: ", "role: ", "suite: "][..], between, &["sign: ", "seal: ", "proof: "]].concat();
    let mut fields = Vec::new();
    for (place, label) in labels.iter().enumerate() {
        fields.push(lines.get(place + 1).and_then(|line| line.strip_prefix(label)).ok_or(Refusal("CRD-02"))?);
    }
    let ([name, role, suite], [.., sign, seal, proof]) = ([fields[0], fields[1], fields[2]], fields.as_slice()) else { unreachable!("six fields or eight") };
    require(is_name(name), "CRD-03")?;
    require(role == "source" || role == "replica", "CRD-04")?;
    require(suite == "1", "CRD-05")?;
    let (mut generation, mut first) = (1u32, None);
    if later {
        generation = fields[3].parse().map_err(|_| Refusal("CRD-10"))?;
        let lower = fields[4].bytes().all(|byte| !byte.is_ascii_uppercase());
        first = Some(super::from_hex::<32>(fields[4]).ok_or(Refusal("CRD-10"))?);
        require((2..=1024).contains(&generation) && lower, "CRD-10")?;
    }
    let decoded = |field: &str, length: usize| STANDARD.decode(field).ok().filter(|bytes| bytes.len() == length).ok_or(Refusal("CRD-06"));
    let (sign, seal, proof) = (decoded(sign, 32)?, decoded(seal, 1216)?, decoded(proof, 64)?);
    let (mut sign_bytes, mut proof_bytes) = ([0; 32], [0; 64]);
    sign_bytes.copy_from_slice(&sign);
    proof_bytes.copy_from_slice(&proof);
    let key = VerifyingKey::from_bytes(&sign_bytes).map_err(|_| Refusal("CRD-06"))?;
    require(!key.is_weak() && <XWing as Kem>::PublicKey::from_bytes(&seal).is_ok(), "CRD-06")?;
    let mut claim = format!("{}\n", lines[..labels.len()].join("\n"));
    if later {
        claim = claim.replace(&format!("generation: {}\n", fields[3]), &format!("generation: {generation}\n"));
    }
    let whole = format!("{claim}proof: {}\n", STANDARD.encode(&proof));
    require(whole == text, "CRD-08")?;
    let message = derive("gapferry v1 card proof", &[claim.as_bytes()]);
    key.verify_strict(&message, &Signature::from_bytes(&proof_bytes)).map_err(|_| Refusal("CRD-07"))?;
    let digest = derive("gapferry v1 zone", &[claim.as_bytes()]);
    let groups: Vec<String> = digest[..20].chunks(2).map(hex).collect();
    if let Some(typed) = typed {
        let digits: String = typed.chars().filter(|character| !matches!(character, '-' | ' ')).map(|character| character.to_ascii_lowercase()).collect();
        require(digits == groups.concat(), "CRD-09")?;
    }
    let id = first.unwrap_or(digest);
    let expected = describe::card(name, role, generation, &sign, &seal, &proof, &id, &groups.join("-"));
    Ok(Card { zone: Trusted { id, role: role.into(), key, generation, card: digest, name: name.into() }, expected })
}
