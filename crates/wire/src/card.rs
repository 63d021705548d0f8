//! The public card of a zone: seven lines of text, small enough for a QR code (spec/card.md).
//!
//! This module reads and writes the form; whether the proof was made by the card's own key is the `seal` crate's to check.

use crate::clause::{self, Rejection, require};
use crate::digest;
use crate::id::ZoneId;
use crate::limits::CARD_BYTES_MAX;
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

/// A zone's public card, well formed; its proof not yet checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Card {
    /// The zone's name.
    pub zone: String,
    /// What it does.
    pub role: Role,
    /// Public signing key.
    pub sign: [u8; 32],
    /// Public sealing key, `SEAL_KEY_BYTES` long.
    pub seal: Vec<u8>,
    /// Signature of `proof_message` by the signing key.
    pub proof: [u8; 64],
}

impl Card {
    /// The first six lines: what the zone id and the proof cover.
    fn claim(&self) -> String {
        format!(
            "gapferry card 1\nzone: {}\nrole: {}\nsuite: 1\nsign: {}\nseal: {}\n",
            self.zone,
            self.role.word(),
            STANDARD.encode(self.sign),
            STANDARD.encode(&self.seal)
        )
    }

    /// The whole text.
    pub fn text(&self) -> String {
        format!("{}proof: {}\n", self.claim(), STANDARD.encode(self.proof))
    }

    /// The id of the zone.
    pub fn id(&self) -> ZoneId {
        ZoneId(digest::derive("gapferry v1 zone", &[self.claim().as_bytes()]).0)
    }

    /// What the proof signs.
    pub fn proof_message(&self) -> [u8; 32] {
        digest::derive("gapferry v1 card proof", &[self.claim().as_bytes()]).0
    }

    /// Ten groups of four hex digits for people to compare.
    pub fn fingerprint(&self) -> String {
        fingerprint(&self.id())
    }

    /// Reads a card (clauses CRD-01 to CRD-06 and CRD-08).
    pub fn parse(text: &[u8]) -> Result<Self, Rejection> {
        require(text.starts_with(b"gapferry card 1\n"), &clause::CRD_VERSION)?;
        require(text.len() <= CARD_BYTES_MAX, &clause::CRD_LINES)?;
        let text = core::str::from_utf8(text).map_err(|_| Rejection(&clause::CRD_LINES))?;
        let mut lines = text.split('\n').skip(1);
        let mut field = |label: &str| lines.next().and_then(|line| line.strip_prefix(label)).ok_or(Rejection(&clause::CRD_LINES));
        let (zone, role, suite) = (field("zone: ")?, field("role: ")?, field("suite: ")?);
        let (sign, seal, proof) = (field("sign: ")?, field("seal: ")?, field("proof: ")?);
        require(name::is_name(zone), &clause::CRD_NAME)?;
        let role = [Role::Source, Role::Replica].into_iter().find(|known| known.word() == role).ok_or(Rejection(&clause::CRD_ROLE))?;
        require(suite == "1", &clause::CRD_SUITE)?;
        let key = |text: &str| STANDARD.decode(text).map_err(|_| Rejection(&clause::CRD_KEYS));
        let seal = key(seal)?;
        require(seal.len() == SEAL_KEY_BYTES, &clause::CRD_KEYS)?;
        let card = Self {
            zone: zone.into(),
            role,
            sign: key(sign)?.try_into().map_err(|_| Rejection(&clause::CRD_KEYS))?,
            seal,
            proof: key(proof)?.try_into().map_err(|_| Rejection(&clause::CRD_KEYS))?,
        };
        require(card.text() == text, &clause::CRD_CANONICAL)?;
        Ok(card)
    }
}

/// Ten groups of four hex digits: the first 20 bytes of a zone id.
pub fn fingerprint(zone: &ZoneId) -> String {
    let groups: Vec<String> = zone.0[..20].chunks(2).map(|pair| format!("{:02x}{:02x}", pair[0], pair[1])).collect();
    groups.join("-")
}

/// Whether what a person typed is this fingerprint: case, dashes and spaces do not matter.
pub fn fingerprint_matches(zone: &ZoneId, typed: &str) -> bool {
    let digits = |text: &str| text.chars().filter(|c| !matches!(c, '-' | ' ' | ':')).map(|c| c.to_ascii_lowercase()).collect::<String>();
    digits(typed) == digits(&fingerprint(zone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    fn sample() -> Card {
        Card { zone: "inside".into(), role: Role::Source, sign: [1; 32], seal: vec![2; SEAL_KEY_BYTES], proof: [3; 64] }
    }

    #[test]
    fn there_and_back() {
        let card = sample();
        assert_eq!(Card::parse(card.text().as_bytes()), Ok(card.clone()));
        assert!(card.text().len() <= CARD_BYTES_MAX);
        assert!(fingerprint_matches(&card.id(), &card.fingerprint().to_uppercase().replace('-', " ")));
        assert!(!fingerprint_matches(&card.id(), &card.fingerprint()[1..]));
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
