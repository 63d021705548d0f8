//! The public card of a zone: seven or nine lines of text, small enough for a QR code (spec/card.md).
//!
//! This module reads and writes the form; whether the proof was made by the card's own key is the `seal` crate's to check.

use crate::clause::{self, Rejection, require};
use crate::digest;
use crate::id::{Digest, ZoneId};
use crate::limits::{CARD_BYTES_MAX, GENERATION_MAX};
use crate::name;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// Bytes of the public sealing key in suite 1 (X-Wing).
pub const SEAL_KEY_BYTES: usize = 1216;

/// What a zone does on its routes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Role {
    /// Where the archive originates.
    Source,
    /// Where it follows.
    Replica,
}

impl Role {
    /// The word on the card and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Role::Source => "source",
            Role::Replica => "replica",
        }
    }
}

/// Where a later card stands among those of its zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Succession {
    /// The generation of its keys, from 2.
    pub generation: u32,
    /// The zone: the id of its first card.
    pub first: ZoneId,
}

/// A zone's public card, well formed; its proof not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The zone's name.
    pub zone: String,
    /// What it does.
    pub role: Role,
    /// Where it stands among the cards of its zone; none for the first.
    pub succession: Option<Succession>,
    /// Public signing key.
    pub sign: [u8; 32],
    /// Public sealing key, `SEAL_KEY_BYTES` long.
    pub seal: Vec<u8>,
    /// Signature of `proof_message` by the signing key.
    pub proof: [u8; 64],
}

impl Card {
    /// All lines but the last: what the card's digest and the proof cover.
    fn claim(&self) -> String {
        let succession = self.succession.map(|later| format!("generation: {}\nfirst: {}\n", later.generation, later.first)).unwrap_or_default();
        let mut text = format!("gapferry card 1\nzone: {}\nrole: {}\nsuite: 1\n{succession}sign: ", self.zone, self.role.word());
        text.reserve_exact(2 * self.seal.len());
        STANDARD.encode_string(self.sign, &mut text);
        text.push_str("\nseal: ");
        STANDARD.encode_string(&self.seal, &mut text);
        text.push('\n');
        text
    }

    /// The whole text.
    pub fn text(&self) -> String {
        format!("{}proof: {}\n", self.claim(), STANDARD.encode(self.proof))
    }

    /// The id of the zone: the digest of its first card.
    pub fn id(&self) -> ZoneId {
        self.succession.map_or_else(|| ZoneId(self.digest().0), |later| later.first)
    }

    /// The digest of this card.
    pub fn digest(&self) -> Digest {
        digest::derive("gapferry v1 zone", &[self.claim().as_bytes()])
    }

    /// The generation of its keys.
    pub fn generation(&self) -> u32 {
        self.succession.map_or(1, |later| later.generation)
    }

    /// What the proof signs.
    pub fn proof_message(&self) -> [u8; 32] {
        digest::derive("gapferry v1 card proof", &[self.claim().as_bytes()]).0
    }

    /// Ten groups of four hex digits for people to compare: they stand for this card, keys and all.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.digest())
    }

    /// Reads a card (clauses CRD-01 to CRD-06, CRD-08 and CRD-10).
    pub fn parse(text: &[u8]) -> Result<Self, Rejection> {
        require(text.starts_with(b"gapferry card 1\n"), &clause::CRD_VERSION)?;
        require(text.len() <= CARD_BYTES_MAX, &clause::CRD_LINES)?;
        let text = core::str::from_utf8(text).map_err(|_| Rejection(&clause::CRD_LINES))?;
        let mut lines = text.split('\n').skip(1);
        let is_later = text.split('\n').nth(4).is_some_and(|line| line.starts_with("generation: "));
        let mut field = |label: &str| lines.next().and_then(|line| line.strip_prefix(label)).ok_or(Rejection(&clause::CRD_LINES));
        let (zone, role, suite) = (field("zone: ")?, field("role: ")?, field("suite: ")?);
        let later = if is_later { Some((field("generation: ")?, field("first: ")?)) } else { None };
        let (sign, seal, proof) = (field("sign: ")?, field("seal: ")?, field("proof: ")?);
        require(name::is_name(zone), &clause::CRD_NAME)?;
        let role = [Role::Source, Role::Replica].into_iter().find(|known| known.word() == role).ok_or(Rejection(&clause::CRD_ROLE))?;
        require(suite == "1", &clause::CRD_SUITE)?;
        let succession = later.map(|(generation, first)| succession(generation, first).ok_or(Rejection(&clause::CRD_GENERATION))).transpose()?;
        let key = |text: &str| STANDARD.decode(text).map_err(|_| Rejection(&clause::CRD_KEYS));
        let seal = key(seal)?;
        require(seal.len() == SEAL_KEY_BYTES, &clause::CRD_KEYS)?;
        let card = Self {
            zone: zone.into(),
            role,
            succession,
            sign: key(sign)?.try_into().map_err(|_| Rejection(&clause::CRD_KEYS))?,
            seal,
            proof: key(proof)?.try_into().map_err(|_| Rejection(&clause::CRD_KEYS))?,
        };
        require(card.text() == text, &clause::CRD_CANONICAL)?;
        Ok(card)
    }
}

/// Lines 5 and 6 of a later card.
fn succession(generation: &str, first: &str) -> Option<Succession> {
    let generation = generation.parse().ok().filter(|generation| (2..=GENERATION_MAX).contains(generation))?;
    Some(Succession { generation, first: ZoneId::from_hex(first)? })
}

/// Ten groups of four hex digits: the first 20 bytes of a card's digest.
pub fn fingerprint(card: &Digest) -> String {
    let groups: Vec<String> = card.0[..20].chunks(2).map(|pair| format!("{:02x}{:02x}", pair[0], pair[1])).collect();
    groups.join("-")
}

/// Whether what a person typed is this fingerprint: case, dashes and spaces do not matter.
pub fn fingerprint_matches(card: &Digest, typed: &str) -> bool {
    let digits = |text: &str| text.chars().filter(|c| !matches!(c, '-' | ' ' | ':')).map(|c| c.to_ascii_lowercase()).collect::<String>();
    digits(typed) == digits(&fingerprint(card))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn sample() -> Card {
        Card { zone: "inside".into(), role: Role::Source, succession: None, sign: [1; 32], seal: vec![2; SEAL_KEY_BYTES], proof: [3; 64] }
    }

    #[test]
    fn there_and_back() {
        let card = sample();
        assert_eq!(Card::parse(card.text().as_bytes()), Ok(card.clone()));
        assert!(card.text().len() <= CARD_BYTES_MAX);
        assert!(fingerprint_matches(&card.digest(), &card.fingerprint().to_uppercase().replace('-', " ")));
        assert!(!fingerprint_matches(&card.digest(), &card.fingerprint()[1..]));
    }

    #[test]
    fn a_later_card_is_of_the_same_zone_and_has_its_own_fingerprint() {
        let first = sample();
        let later = Card { succession: Some(Succession { generation: 2, first: first.id() }), sign: [7; 32], ..first.clone() };
        assert_eq!(Card::parse(later.text().as_bytes()), Ok(later.clone()));
        assert_eq!((later.id(), later.generation()), (first.id(), 2));
        assert_ne!(later.fingerprint(), first.fingerprint());
        for (from, to, code) in [
            ("generation: 2", "generation: 1", "CRD-10"),
            ("generation: 2", "generation: 1025", "CRD-10"),
            ("generation: 2", "generation: ", "CRD-10"),
            ("generation: 2", "generation: 02", "CRD-08"),
            ("generation: 2", "generation: +2", "CRD-08"),
            ("first: ", "first: 0", "CRD-10"),
            ("first: ", "First: ", "CRD-02"),
        ] {
            let bad = later.text().replace(from, to);
            assert_eq!(Card::parse(bad.as_bytes()).unwrap_err().code(), code, "{from} -> {to}");
        }
    }

    #[test]
    fn each_line_has_its_clause() {
        let good = sample().text();
        for (from, to, code) in [
            ("card 1", "card 2", "CRD-01"),
            ("zone:", "zones:", "CRD-02"),
            ("inside", "In side", "CRD-03"),
            ("role: source", "role: both", "CRD-04"),
            ("suite: 1", "suite: 2", "CRD-05"),
            ("sign: AQEB", "sign: AQ", "CRD-06"),
            ("seal: AgIC", "seal: ????", "CRD-06"),
            ("proof: ", "proof:", "CRD-02"),
            ("proof: AwMD", "proof: AwMDAwMD", "CRD-06"),
        ] {
            let bad = good.replace(from, to);
            assert_ne!(bad, good);
            assert_eq!(Card::parse(bad.as_bytes()).unwrap_err().code(), code, "{from} -> {to}");
        }
        for bad in [good.clone() + "\n", good.clone() + "x", good.trim_end().into(), good.replace('\n', "\r\n")] {
            assert!(Card::parse(bad.as_bytes()).is_err());
        }
    }
}
