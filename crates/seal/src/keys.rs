//! A zone's secret keys, the cards they make, and the check of a card's proof.

use crate::suite::SUITE;
use wire::card::{Card, Role, Succession};
use wire::clause::{self, Rejection, require};
use zeroize::{Zeroize, ZeroizeOnDrop, Zeroizing};

/// The two secrets of one generation of a zone's keys, 32 bytes each. No `Debug`, zeroed when dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct SecretKeys {
    /// Ed25519 seed.
    pub sign: [u8; 32],
    /// X-Wing secret key.
    pub seal: [u8; 32],
}

impl SecretKeys {
    /// The first card of a zone, with these keys.
    pub fn card(&self, zone: &str, role: Role) -> Card {
        self.later_card(zone, role, None)
    }

    /// The card of a zone with these keys, later than its first one where it has a place in the succession.
    pub fn later_card(&self, zone: &str, role: Role, succession: Option<Succession>) -> Card {
        let mut card = Card { zone: zone.into(), role, succession, sign: SUITE.sign_public(&self.sign), seal: SUITE.seal_public(&self.seal), proof: [0; 64] };
        card.proof = SUITE.sign(&self.sign, &card.proof_message());
        card
    }

    /// A key of its own for one purpose, which tells nothing of the secrets: BLAKE3 in its key derivation mode, `purpose` as the context.
    pub fn derived(&self, purpose: &'static str, of: &[u8]) -> Zeroizing<[u8; 32]> {
        let mut hasher = blake3::Hasher::new_derive_key(purpose);
        hasher.update(&self.sign).update(of);
        Zeroizing::new(*hasher.finalize().as_bytes())
    }

    /// Signs a message with the zone's key.
    pub fn signature(&self, message: &[u8]) -> [u8; 64] {
        SUITE.sign(&self.sign, message)
    }
}

/// Reads a card and checks its keys and its proof (all clauses of spec/card.md but the fingerprint).
pub fn read_card(text: &[u8]) -> Result<Card, Rejection> {
    let card = Card::parse(text)?;
    check_card(&card)?;
    Ok(card)
}

/// Checks the keys of a card and its proof (clauses CRD-06 and CRD-07).
pub fn check_card(card: &Card) -> Result<(), Rejection> {
    require(SUITE.is_recipient(&card.seal) && SUITE.is_signer(&card.sign), &clause::CRD_KEYS)?;
    SUITE.verify(&card.sign, &card.proof_message(), &card.proof).map_err(|_| Rejection(&clause::CRD_PROOF))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_keys_of_a_card_must_be_keys() {
        let card = SecretKeys { sign: [1; 32], seal: [2; 32] }.card("inside", Role::Source);
        let bad = [Card { sign: [0; 32], ..card.clone() }, Card { seal: vec![0; card.seal.len()], ..card.clone() }];
        for (at, bad) in bad.iter().enumerate() {
            assert_eq!(check_card(bad).unwrap_err().code(), "CRD-06", "{at}");
        }
    }

    #[test]
    fn a_card_proves_its_keys() {
        let keys = SecretKeys { sign: [1; 32], seal: [2; 32] };
        let card = keys.card("inside", Role::Source);
        let text = card.text();
        assert_eq!(read_card(text.as_bytes()), Ok(card.clone()));
        for (from, to) in [("inside", "insidf"), ("source", "replica")] {
            assert_eq!(read_card(text.replace(from, to).as_bytes()).unwrap_err().code(), "CRD-07", "{from}");
        }
        for at in 0..text.len() {
            for bit in 0..8 {
                let mut altered = text.clone().into_bytes();
                altered[at] ^= 1 << bit;
                assert!(read_card(&altered).is_err(), "byte {at} bit {bit}");
            }
            assert!(read_card(&text.as_bytes()[..at]).is_err(), "prefix {at}");
        }
    }
}
