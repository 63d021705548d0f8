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
    require(!key.is_weak() && !is_of_small_order(&seal[1184..]) && <XWing as Kem>::PublicKey::from_bytes(&seal).is_ok(), "CRD-06")?;
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

/// Whether an X25519 key is 0, 1, -1 or one of the two of order 8, written in whatever way; the highest bit is ignored.
fn is_of_small_order(key: &[u8]) -> bool {
    const EIGHT: [[u8; 32]; 2] = [
        [
            0xe0, 0xeb, 0x7a, 0x7c, 0x3b, 0x41, 0xb8, 0xae, 0x16, 0x56, 0xe3, 0xfa, 0xf1, 0x9f, 0xc4, 0x6a, 0xda, 0x09, 0x8d, 0xeb, 0x9c, 0x32, 0xb1, 0xfd,
            0x86, 0x62, 0x05, 0x16, 0x5f, 0x49, 0xb8, 0x00,
        ],
        [
            0x5f, 0x9c, 0x95, 0xbc, 0xa3, 0x50, 0x8c, 0x24, 0xb1, 0xd0, 0xb1, 0x55, 0x9c, 0x83, 0xef, 0x5b, 0x04, 0x44, 0x5c, 0xc4, 0x58, 0x1c, 0x8e, 0x86,
            0xd8, 0x22, 0x4e, 0xdd, 0xd0, 0x9f, 0x11, 0x57,
        ],
    ];
    let (first, last) = (key[0], key[31] & 0x7f);
    let small = first <= 1 && key[1..31].iter().all(|byte| *byte == 0) && last == 0;
    let near_the_prime = (0xec..=0xee).contains(&first) && key[1..31].iter().all(|byte| *byte == 0xff) && last == 0x7f;
    small || near_the_prime || EIGHT.iter().any(|point| point[..31] == key[..31] && point[31] == last)
}
