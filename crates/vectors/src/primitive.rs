//! Digests and entropy of the fixtures. Everything that would be random in a real file comes out of BLAKE3 of a label here,
//! so that the same program writes the same bytes on every machine. Nothing in it is secret.

use hpke::rand_core::{TryCryptoRng, TryRng};
use std::convert::Infallible;

/// BLAKE3 in key derivation mode over the joined parts: `DK` of the specification.
pub(crate) fn derive(context: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(part);
    }
    *hasher.finalize().as_bytes()
}

/// The first `length` bytes of the same with extended output.
pub(crate) fn derive_long(context: &str, parts: &[&[u8]], length: usize) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new_derive_key(context);
    for part in parts {
        hasher.update(part);
    }
    let mut output = vec![0; length];
    hasher.finalize_xof().fill(&mut output);
    output
}

/// Plain BLAKE3: `H` of the specification.
pub(crate) fn digest(bytes: &[u8]) -> [u8; 32] {
    *blake3::hash(bytes).as_bytes()
}

/// Bytes that look random and are fixed by their label.
pub(crate) fn noise(label: &str, length: usize) -> Vec<u8> {
    derive_long("gapferry fixtures noise", &[label.as_bytes()], length)
}

/// A fixed array that looks random.
pub(crate) fn noise_array<const N: usize>(label: &str) -> [u8; N] {
    let mut array = [0; N];
    array.copy_from_slice(&noise(label, N));
    array
}

/// Takes the last byte off.
pub(crate) fn shorten(bytes: &mut Vec<u8>) {
    bytes.truncate(bytes.len() - 1);
}

/// Lower-case hex.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A source of "randomness" for the key encapsulation that is fixed by a label.
pub(crate) struct Entropy(blake3::OutputReader);

impl Entropy {
    /// The source with this label.
    pub(crate) fn new(label: &str) -> Self {
        Self(blake3::Hasher::new_derive_key("gapferry fixtures encapsulation").update(label.as_bytes()).finalize_xof())
    }
}

impl TryRng for Entropy {
    type Error = Infallible;
    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let mut bytes = [0; 4];
        self.0.fill(&mut bytes);
        Ok(u32::from_le_bytes(bytes))
    }
    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        Ok(u64::from_le_bytes(bytes))
    }
    fn try_fill_bytes(&mut self, output: &mut [u8]) -> Result<(), Infallible> {
        self.0.fill(output);
        Ok(())
    }
}
impl TryCryptoRng for Entropy {}
