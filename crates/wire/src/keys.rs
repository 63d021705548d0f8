//! What packages and receipts say of keys: from where the generation that signs counts, which generation of the reader's the
//! writer knows, and the next one of the writer's until it is confirmed (spec/keys.md). Fixed form, no string.

use crate::card::{Card, SEAL_KEY_BYTES, Succession};
use crate::id::{Fixed, ZoneId};
use crate::limits::{GENERATION_MAX, NUMBER_MAX};
use alloc::boxed::Box;
use serde::{Deserialize, Serialize};

/// The public keys of a later generation, as they are announced: what a card adds to the one before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NextKeys {
    /// Their generation: that of the signer and one.
    pub generation: u32,
    /// Public signing key.
    pub sign: Fixed<32>,
    /// Public sealing key.
    pub seal: Fixed<SEAL_KEY_BYTES>,
    /// The proof of their card, made by the new signing key.
    pub proof: Fixed<64>,
}

impl NextKeys {
    /// The keys of a card of a later generation; none for a first card.
    pub fn of(card: &Card) -> Option<Self> {
        let seal = Fixed(Box::new(card.seal.as_slice().try_into().ok()?));
        Some(Self { generation: card.succession?.generation, sign: Fixed(Box::new(card.sign)), seal, proof: Fixed(Box::new(card.proof)) })
    }

    /// The card of these keys for the zone of an earlier card; its proof not yet checked.
    pub fn card(&self, earlier: &Card) -> Card {
        let succession = Some(Succession { generation: self.generation, first: earlier.id() });
        let (sign, seal, proof) = (*self.sign.0, self.seal.0.to_vec(), *self.proof.0);
        Card { zone: earlier.zone.clone(), role: earlier.role, succession, sign, seal, proof }
    }
}

/// What the body of a package or receipt says of keys.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyNotice {
    /// The first sequence (or receipt number) of this route that the generation counts for that signs this.
    pub from: u64,
    /// The newest generation of the reader's keys that the writer knows.
    pub known: u32,
    /// The writer's next generation, until the reader has confirmed it.
    pub next: Option<NextKeys>,
}

impl KeyNotice {
    /// Two zones that never changed their keys.
    pub const FIRST: Self = Self { from: 1, known: 1, next: None };

    /// Whether its numbers are in their ranges, in a body with this sequence or receipt number.
    pub fn is_formed(&self, number: u64) -> bool {
        let next = self.next.as_ref().is_none_or(|next| (2..=GENERATION_MAX).contains(&next.generation));
        (1..=number.min(NUMBER_MAX)).contains(&self.from) && (1..=GENERATION_MAX).contains(&self.known) && next
    }
}

/// Whose keys, and which generation of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signer {
    /// The zone.
    pub zone: ZoneId,
    /// The generation of its keys.
    pub generation: u32,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::card::Role;
    use alloc::vec;

    #[test]
    fn a_card_and_what_is_announced_of_it_are_the_same() {
        let first = Card { zone: "inside".into(), role: Role::Source, succession: None, sign: [1; 32], seal: vec![2; SEAL_KEY_BYTES], proof: [3; 64] };
        assert_eq!(NextKeys::of(&first), None);
        let succession = Some(Succession { generation: 2, first: first.id() });
        let second = Card { succession, sign: [4; 32], seal: vec![5; SEAL_KEY_BYTES], proof: [6; 64], ..first.clone() };
        let next = NextKeys::of(&second).unwrap();
        assert_eq!(next.card(&first), second);
        assert_eq!(next.card(&second), second, "the zone is that of the first card, whichever earlier one is given");
        assert_eq!(crate::codec::encode(&next).len(), 1316);
    }

    #[test]
    fn numbers_have_their_ranges() {
        let at = |from, known, number| KeyNotice { from, known, next: None }.is_formed(number);
        for (from, known, number, formed) in [
            (1, 1, 1, true),
            (0, 1, 1, false),
            (2, 1, 1, false),
            (7, GENERATION_MAX, 7, true),
            (1, GENERATION_MAX + 1, 1, false),
            (1, 0, 1, false),
            (NUMBER_MAX, 1, NUMBER_MAX, true),
        ] {
            assert_eq!(at(from, known, number), formed, "{from} {known} {number}");
        }
    }
}
