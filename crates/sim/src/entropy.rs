//! Entropy from a seed: the output stream of BLAKE3 under a key.
//!
//! Guarantees: the same seed gives the same bytes in the same order of asking; a fork's stream depends on the seed and the
//! fork's name alone, so that one actor's draws do not disturb another's. It is for simulation; nothing it gives is secret.

use std::sync::Mutex;
use store::clock::Entropy;

/// A stream of bytes from a seed.
pub struct SimEntropy {
    seed: [u8; 32],
    stream: Mutex<blake3::OutputReader>,
}

impl SimEntropy {
    /// The stream of a number.
    pub fn new(seed: u64) -> Self {
        Self::of(*blake3::hash(&seed.to_le_bytes()).as_bytes())
    }

    /// The stream of 32 bytes.
    pub fn of(seed: [u8; 32]) -> Self {
        Self { seed, stream: Mutex::new(stream(&seed)) }
    }

    /// A stream of its own, from the seed of this one and a name; how much was drawn here plays no part.
    pub fn fork(&self, name: &str) -> Self {
        Self::of(*blake3::keyed_hash(&self.seed, name.as_bytes()).as_bytes())
    }

    /// Begins the stream of `seed` from its start.
    pub fn reset(&self, seed: &[u8; 32]) {
        *self.lock() = stream(seed);
    }

    /// A number below `end`, which is not 0.
    pub fn below(&self, end: u64) -> u64 {
        let mut bytes = [0; 16];
        self.fill(&mut bytes);
        // 128 bits over 64: what is left of a bias nobody can see.
        u64::try_from(u128::from_le_bytes(bytes) % u128::from(end)).unwrap_or(0)
    }

    /// True once in `of` times.
    pub fn once_in(&self, of: u64) -> bool {
        self.below(of) == 0
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, blake3::OutputReader> {
        self.stream.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }
}

fn stream(seed: &[u8; 32]) -> blake3::OutputReader {
    blake3::Hasher::new_keyed(seed).finalize_xof()
}

impl Entropy for SimEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        self.lock().fill(bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_seed_gives_the_same_bytes_and_forks_stand_apart() {
        let draw = |entropy: &SimEntropy| entropy.below(u64::MAX);
        let (one, two) = (SimEntropy::new(7), SimEntropy::new(7));
        assert_eq!(draw(&one), draw(&two));
        draw(&one);
        assert_eq!(draw(&one.fork("a")), draw(&two.fork("a")), "a fork does not depend on what was drawn");
        assert_ne!(draw(&one.fork("a")), draw(&one.fork("b")));
        assert_ne!(draw(&one), draw(&SimEntropy::new(8)));
        assert!((0..1000).all(|_| one.below(3) < 3));
    }
}
