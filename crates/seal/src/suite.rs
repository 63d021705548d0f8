//! The suite of algorithms: one provider behind one trait, so that licensed algorithms or devices can take its place.
//!
//! Suite 1: X-Wing (X25519 and ML-KEM-768) in HPKE base mode, XChaCha20-Poly1305, Ed25519, BLAKE3. A suite is pinned per
//! route and never negotiated; the clause ENV-05 refuses every other number.
//!
//! `cfg!(fuzzing)`, here and where frames are opened and digests compared, lets a fuzzer past what it cannot forge, so that the
//! parsers behind are reached (fuzz/README.md). The program itself does not compile with it.

use crate::provided::Provided;
use hpke::aead::ChaCha20Poly1305;
use hpke::kdf::HkdfSha256;
use hpke::kem::XWing;
use hpke::rand_core::{TryCryptoRng, TryRng};
use hpke::{Deserializable, Kem, OpModeR, OpModeS, Serializable};
use std::convert::Infallible;
use wire::clause::{self, Rejection};
use wire::header::SLOT_BYTES;
use wire::planted;
use zeroize::Zeroizing;

/// Entropy that one wrapping takes: 32 bytes for each half of the hybrid encapsulation.
pub const WRAP_ENTROPY_BYTES: usize = 64;

const ENCAPSULATION_BYTES: usize = 1120;

/// What a suite must offer. All lengths are those of suite 1 in this version of the format.
pub trait Suite: Send + Sync {
    /// Its number in the header.
    fn number(&self) -> u16;
    /// Wraps a content key for a recipient, bound to `info`; `None` if the recipient's key is not valid.
    fn wrap(&self, recipient: &[u8], info: &[u8], content_key: &[u8; 32], entropy: &[u8; WRAP_ENTROPY_BYTES]) -> Option<Vec<u8>>;
    /// Unwraps a content key; `None` if it was not wrapped for this key and `info`.
    fn unwrap(&self, secret: &[u8; 32], info: &[u8], wrapped: &[u8]) -> Option<Zeroizing<[u8; 32]>>;
    /// The public sealing key that belongs to a secret one.
    fn seal_public(&self, secret: &[u8; 32]) -> Vec<u8>;
    /// Whether `recipient` is a valid public sealing key.
    fn is_recipient(&self, recipient: &[u8]) -> bool;
    /// Whether `signer` is a valid public signing key: a point of the curve, not of small order.
    fn is_signer(&self, signer: &[u8; 32]) -> bool;
    /// The public signing key that belongs to a secret one.
    fn sign_public(&self, secret: &[u8; 32]) -> [u8; 32];
    /// Signs.
    fn sign(&self, secret: &[u8; 32], message: &[u8]) -> [u8; 64];
    /// Verifies strictly (no small-order keys, canonical scalars; clause ENV-16).
    fn verify(&self, public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Result<(), Rejection>;
}

/// Suite 1. An X25519 shared secret of zero is refused: the other side gave none.
pub struct International1;

/// The suite of this version, by whoever provides it in this process.
pub static SUITE: Provided = Provided::unnamed();

impl Suite for International1 {
    fn number(&self) -> u16 {
        1
    }

    fn wrap(&self, recipient: &[u8], info: &[u8], content_key: &[u8; 32], entropy: &[u8; WRAP_ENTROPY_BYTES]) -> Option<Vec<u8>> {
        if is_of_small_order(recipient) {
            return None;
        }
        let recipient = <XWing as Kem>::PublicKey::from_bytes(recipient).ok()?;
        let mut given = Given { bytes: entropy, used: 0 };
        let (encapsulated, sealed) =
            hpke::single_shot_seal_with_rng::<ChaCha20Poly1305, HkdfSha256, XWing>(&OpModeS::Base, &recipient, info, content_key, b"", &mut given).ok()?;
        let mut wrapped = encapsulated.to_bytes().to_vec();
        wrapped.extend_from_slice(&sealed);
        assert_eq!(wrapped.len(), SLOT_BYTES, "suite 1 has one length of wrapped key");
        Some(wrapped)
    }

    fn unwrap(&self, secret: &[u8; 32], info: &[u8], wrapped: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
        if cfg!(fuzzing) {
            return (wrapped.len() == SLOT_BYTES).then(|| Zeroizing::new([0; 32]));
        }
        let secret = <XWing as Kem>::PrivateKey::from_bytes(secret).ok()?;
        let (encapsulated, sealed) = wrapped.split_at_checked(ENCAPSULATION_BYTES)?;
        if is_of_small_order(encapsulated) {
            return None;
        }
        let encapsulated = <XWing as Kem>::EncappedKey::from_bytes(encapsulated).ok()?;
        let plain = hpke::single_shot_open::<ChaCha20Poly1305, HkdfSha256, XWing>(&OpModeR::Base, &secret, &encapsulated, info, sealed, b"").ok()?;
        Zeroizing::new(plain).as_slice().try_into().ok().map(Zeroizing::new)
    }

    fn seal_public(&self, secret: &[u8; 32]) -> Vec<u8> {
        let secret = <XWing as Kem>::PrivateKey::from_bytes(secret).expect("32 bytes are an X-Wing secret key");
        XWing::sk_to_pk(&secret).to_bytes().to_vec()
    }

    fn is_recipient(&self, recipient: &[u8]) -> bool {
        !is_of_small_order(recipient) && <XWing as Kem>::PublicKey::from_bytes(recipient).is_ok()
    }

    fn is_signer(&self, signer: &[u8; 32]) -> bool {
        ed25519_dalek::VerifyingKey::from_bytes(signer).is_ok_and(|key| !key.is_weak())
    }

    fn sign_public(&self, secret: &[u8; 32]) -> [u8; 32] {
        ed25519_dalek::SigningKey::from_bytes(secret).verifying_key().to_bytes()
    }

    fn sign(&self, secret: &[u8; 32], message: &[u8]) -> [u8; 64] {
        use ed25519_dalek::Signer;
        ed25519_dalek::SigningKey::from_bytes(secret).sign(message).to_bytes()
    }

    fn verify(&self, public: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> Result<(), Rejection> {
        if cfg!(fuzzing) {
            return Ok(());
        }
        ed25519_dalek::VerifyingKey::from_bytes(public)
            .and_then(|key| {
                let signature = ed25519_dalek::Signature::from_bytes(signature);
                if planted::is("lenient-signatures") {
                    ed25519_dalek::Verifier::verify(&key, message, &signature)
                } else {
                    key.verify_strict(message, &signature)
                }
            })
            .or_else(|error| if planted::is("signature-unchecked") { Ok(()) } else { Err(error) })
            .map_err(|_| Rejection(&clause::ENV_SIGNATURE))
    }
}

/// Whether the X25519 half, which ends a public key and an encapsulation of X-Wing, has the same shared secret with everybody: zero.
/// Every secret is a multiple of 8, and takes just the points of small order there.
fn is_of_small_order(hybrid: &[u8]) -> bool {
    let half = hybrid.last_chunk().copied().unwrap_or_default();
    x25519_dalek::x25519([8; 32], half) == [0; 32] && !planted::is("zero-secret-taken")
}

/// Hands out entropy that the caller gave; running past its end is a fault of ours, not of an input.
struct Given<'a> {
    bytes: &'a [u8; WRAP_ENTROPY_BYTES],
    used: usize,
}

impl TryRng for Given<'_> {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.try_fill_bytes(&mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }
    fn try_fill_bytes(&mut self, target: &mut [u8]) -> Result<(), Infallible> {
        let end = self.used + target.len();
        target.copy_from_slice(self.bytes.get(self.used..end).expect("one encapsulation takes 64 bytes of entropy, each used once"));
        self.used = end;
        Ok(())
    }
}
impl TryCryptoRng for Given<'_> {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_for_one_and_nobody_else() {
        let (ours, other) = ([1; 32], [2; 32]);
        let public = SUITE.seal_public(&ours);
        let wrapped = SUITE.wrap(&public, b"info", &[7; 32], &[9; 64]).unwrap();
        assert_eq!(wrapped, SUITE.wrap(&public, b"info", &[7; 32], &[9; 64]).unwrap(), "same entropy, same bytes");
        assert_ne!(wrapped, SUITE.wrap(&public, b"info", &[7; 32], &[8; 64]).unwrap());
        assert_eq!(SUITE.unwrap(&ours, b"info", &wrapped).unwrap().as_slice(), &[7; 32]);
        assert!(SUITE.unwrap(&other, b"info", &wrapped).is_none());
        assert!(SUITE.unwrap(&ours, b"ofni", &wrapped).is_none());
        assert!(SUITE.unwrap(&ours, b"info", &wrapped[..1000]).is_none());
        for at in (0..wrapped.len()).step_by(97) {
            let mut altered = wrapped.clone();
            altered[at] ^= 1;
            assert!(SUITE.unwrap(&ours, b"info", &altered).is_none(), "byte {at}");
        }
    }

    #[test]
    fn signatures() {
        let public = SUITE.sign_public(&[3; 32]);
        let mut signature = SUITE.sign(&[3; 32], b"message");
        assert_eq!(SUITE.verify(&public, b"message", &signature), Ok(()));
        assert!(SUITE.verify(&public, b"massage", &signature).is_err());
        assert!(SUITE.verify(&SUITE.sign_public(&[4; 32]), b"message", &signature).is_err());
        signature[63] ^= 0x80;
        assert!(SUITE.verify(&public, b"message", &signature).is_err());
        // The neutral element as key and commitment: without strictness it signs everything (FAULTS P15).
        let (mut neutral, mut of_anything) = ([0; 32], [0; 64]);
        (neutral[0], of_anything[0]) = (1, 1);
        assert!(SUITE.verify(&neutral, b"message", &of_anything).is_err());
    }
}
