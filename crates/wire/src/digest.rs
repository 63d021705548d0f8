//! The digests that the formats define, each under a context string of its own so that none can stand for another.

use crate::id::{Digest, ItemId, PackageId, RouteId, ZoneId};

/// Digest of a document, a block, a file: plain BLAKE3.
pub fn of_bytes(bytes: &[u8]) -> Digest {
    Digest(*blake3::hash(bytes).as_bytes())
}

/// BLAKE3 in key derivation mode over the joined `parts`.
pub fn derive(context: &'static str, parts: &[&[u8]]) -> Digest {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(part);
    }
    Digest(*hasher.finalize().as_bytes())
}

/// The id of the route `name` between two zones.
pub fn route_id(source: &ZoneId, replica: &ZoneId, name: &str) -> RouteId {
    let digest = derive("gapferry v1 route", &[&source.0, &replica.0, name.as_bytes()]);
    let mut id = [0; 16];
    id.copy_from_slice(&digest.0[..16]);
    RouteId(id)
}

/// The digest of what a template made of an item; in layout `files` its document with its attributes.
pub fn projection(document: &Digest, size: u64, modified: i64, executable: bool) -> Digest {
    derive("gapferry v1 projection", &[&document.0, &size.to_le_bytes(), &modified.to_le_bytes(), &[u8::from(executable)]])
}

/// The key under which the replica digests what it reads back, and the source what it packs.
pub fn possession_key(nonce: &[u8; 32], package: &PackageId) -> [u8; 32] {
    derive("gapferry v1 possession", &[nonce, &package.0]).0
}

/// The digest of a whole replica state: a sum modulo 2^256 of one term per item, so that it
/// follows each change in constant time and adds up across shards.
/// It detects accidents, not malice.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct StateDigest {
    /// Items counted.
    pub items: u64,
    /// The sum, little-endian.
    pub sum: Digest,
}

impl StateDigest {
    fn term(id: &ItemId, version: u64, projected: &Digest) -> [u8; 32] {
        let length = id.0.len() as u64;
        derive("gapferry v1 state", &[&length.to_le_bytes(), &id.0, &version.to_le_bytes(), &projected.0]).0
    }

    /// Counts an item in.
    pub fn add(&mut self, id: &ItemId, version: u64, projected: &Digest) {
        let mut carry = 0u16;
        for (byte, term) in self.sum.0.iter_mut().zip(Self::term(id, version, projected)) {
            let sum = u16::from(*byte) + u16::from(term) + carry;
            *byte = sum as u8;
            carry = sum >> 8;
        }
        self.items = self.items.wrapping_add(1);
    }

    /// Counts an item out that was counted in with the same arguments.
    pub fn remove(&mut self, id: &ItemId, version: u64, projected: &Digest) {
        let mut borrow = 0i16;
        for (byte, term) in self.sum.0.iter_mut().zip(Self::term(id, version, projected)) {
            let difference = i16::from(*byte) - i16::from(term) - borrow;
            *byte = difference.rem_euclid(256) as u8;
            borrow = i16::from(difference < 0);
        }
        self.items = self.items.wrapping_sub(1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn state_follows_in_any_order(order in Just((0..20u64).collect::<vec::Vec<_>>()).prop_shuffle()) {
            let item = |n: u64| (ItemId(n.to_le_bytes().to_vec()), n + 1, of_bytes(&n.to_le_bytes()));
            let mut forward = StateDigest::default();
            for n in 0..10 {
                let (id, version, digest) = item(n);
                forward.add(&id, version, &digest);
            }
            let mut shuffled = StateDigest::default();
            for n in &order {
                let (id, version, digest) = item(*n);
                shuffled.add(&id, version, &digest);
            }
            prop_assert_ne!(forward, shuffled);
            for n in order.iter().filter(|n| **n >= 10) {
                let (id, version, digest) = item(*n);
                shuffled.remove(&id, version, &digest);
            }
            prop_assert_eq!(forward, shuffled);
        }
    }

    #[test]
    fn terms_do_not_run_into_one_another() {
        let digest = of_bytes(b"x");
        let mut one = StateDigest::default();
        one.add(&ItemId(b"a".to_vec()), 1, &digest);
        for (id, version, other) in [(&b"b"[..], 1, digest), (b"a", 2, digest), (b"a", 1, of_bytes(b"y"))] {
            let mut two = StateDigest::default();
            two.add(&ItemId(id.to_vec()), version, &other);
            assert_ne!(one, two);
        }
    }
}
