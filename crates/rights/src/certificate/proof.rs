//! The member `proof` of a certificate: as it stays inside, with its secret, and as it goes with what a route shows.

use super::clause::{CRT_ALGORITHM, CRT_PROOF, Refused, require};
use super::commitments::Committed;
use super::{ALGORITHM, Fields, MEMBER, SET_BY_ROUTE, Signer};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

/// Most generations of a zone's keys.
pub(super) const GENERATION_MAX: u64 = 1024;

/// Inside.
pub(super) struct Inside {
    pub signer: Signer,
    pub root: [u8; 32],
    pub secret: [u8; 32],
    pub signature: [u8; 64],
}

/// Shown.
pub(super) struct Shown {
    pub signer: Signer,
    /// Names with their salts.
    pub opened: Vec<(String, [u8; 32])>,
    pub withheld: Vec<[u8; 32]>,
    pub signature: [u8; 64],
}

/// Either.
pub(super) enum Proof {
    Inside(Inside),
    Shown(Shown),
}

impl Proof {
    /// Reads the member (clauses CRT-02 and CRT-03).
    pub fn read(value: &Value) -> Result<Self, Refused> {
        let malformed = || Refused(&CRT_PROOF);
        let proof = value.as_object().ok_or_else(malformed)?;
        let text = |name: &str| proof.get(name).and_then(Value::as_str).ok_or_else(malformed);
        require(text("alg")? == ALGORITHM, &CRT_ALGORITHM)?;
        let generation = proof.get("generation").and_then(Value::as_u64).filter(|generation| (1..=GENERATION_MAX).contains(generation));
        let generation = generation.and_then(|generation| u32::try_from(generation).ok()).ok_or_else(malformed)?;
        let signer = Signer { zone: unhex(text("zone")?).ok_or_else(malformed)?, generation };
        let signature = bytes(text("signature")?).ok_or_else(malformed)?;
        require(proof.len() == 6, &CRT_PROOF)?;
        if proof.contains_key("secret") {
            let (root, secret) = (bytes(text("root")?).ok_or_else(malformed)?, bytes(text("secret")?).ok_or_else(malformed)?);
            return Ok(Self::Inside(Inside { signer, root, secret, signature }));
        }
        let opened = proof.get("opened").and_then(Value::as_object).ok_or_else(malformed)?;
        let opened = opened.iter().map(|(name, salt)| Some((name.clone(), bytes(salt.as_str()?)?)));
        let withheld = proof.get("withheld").and_then(Value::as_array).ok_or_else(malformed)?;
        let withheld: Option<Vec<[u8; 32]>> = withheld.iter().map(|commitment| bytes(commitment.as_str()?)).collect();
        let withheld = withheld.filter(|withheld| withheld.is_sorted_by(|one, next| one < next)).ok_or_else(malformed)?;
        Ok(Self::Shown(Shown { signer, opened: opened.collect::<Option<_>>().ok_or_else(malformed)?, withheld, signature }))
    }
}

/// The member as it stays inside.
pub(super) fn inside(signer: &Signer, root: &[u8; 32], secret: &[u8; 32], signature: &[u8; 64]) -> Value {
    json!({
        "alg": ALGORITHM,
        "generation": signer.generation,
        "root": encode(root),
        "secret": encode(secret),
        "signature": encode(signature),
        "zone": hex(&signer.zone),
    })
}

/// The member as it goes.
pub(super) fn shown(inside: &Inside, opened: Vec<Committed>, withheld: Vec<Committed>) -> Value {
    let salts: Map<String, Value> = opened.into_iter().map(|one| (one.name, encode(&one.salt).into())).collect();
    let mut withheld: Vec<[u8; 32]> = withheld.into_iter().map(|one| one.commitment).collect();
    withheld.sort_unstable();
    json!({
        "alg": ALGORITHM,
        "generation": inside.signer.generation,
        "opened": salts,
        "signature": encode(&inside.signature),
        "withheld": withheld.iter().map(|commitment| encode(commitment)).collect::<Vec<_>>(),
        "zone": hex(&inside.signer.zone),
    })
}

/// What is committed to of a record.
pub(super) fn keep(fields: &Fields) -> Fields {
    fields.iter().filter(|(name, _)| *name != MEMBER).map(|(name, value)| (name.clone(), value.clone())).collect()
}

/// What can be proven of what is shown.
pub(super) fn keep_shown(fields: &Fields) -> Fields {
    let mut kept = keep(fields);
    kept.retain(|name, _| !SET_BY_ROUTE.contains(&name.as_str()));
    kept
}

/// base64url without padding.
pub(super) fn encode(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// So many bytes of it.
pub(super) fn bytes<const N: usize>(text: &str) -> Option<[u8; N]> {
    URL_SAFE_NO_PAD.decode(text).ok()?.try_into().ok()
}

fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn unhex(text: &str) -> Option<[u8; 32]> {
    let digit = |byte: u8| char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase());
    let pairs = text.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some((digit(*high)? << 4 | digit(*low)?) as u8),
        _ => None,
    });
    pairs.collect::<Option<Vec<u8>>>()?.try_into().ok()
}
