//! What the outer world gives: passed in, so that a simulated one can take its place.

use std::sync::Arc;
use store::clock::{Clock, Entropy};
use store::disk::Disk;
use store::index::Indexes;
use zeroize::Zeroizing;

use crate::progress::Progress;

/// Asks for the passphrase of the key file; `None` when there is nobody to ask.
pub type AskPassphrase = Arc<dyn Fn() -> Option<Zeroizing<String>> + Send + Sync>;

/// Disk, indexes, clock, entropy, and who acts.
#[derive(Clone)]
pub struct World {
    /// All file access.
    pub disk: Arc<dyn Disk>,
    /// Where the views of the ledgers are kept.
    pub indexes: Arc<dyn Indexes>,
    /// The time; orders nothing.
    pub clock: Arc<dyn Clock>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// Where progress is shown.
    pub progress: Arc<dyn Progress>,
    /// Who acts, for the ledger.
    pub actor: Actor,
    /// Asked only when the key file is protected.
    pub passphrase: AskPassphrase,
}

/// Who acts.
#[derive(Clone, Debug, Default)]
pub struct Actor {
    /// User name.
    pub user: String,
    /// Host name.
    pub host: String,
    /// The command, without secrets.
    pub command: String,
}

impl World {
    /// `N` random bytes.
    pub fn random<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.entropy.fill(&mut bytes);
        bytes
    }

    /// Seconds since 1970.
    pub fn now_seconds(&self) -> i64 {
        self.clock.now().div_euclid(1_000_000_000)
    }
}
