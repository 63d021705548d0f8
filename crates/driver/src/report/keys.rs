//! Reports about keys.

use serde::Serialize;

/// A route as far as keys go.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct RouteKeysReport {
    /// The route.
    pub route: String,
    /// The zone on the other side.
    pub other_zone: String,
    /// Generation of this zone's keys that signs.
    pub signs: u32,
    /// The first sequence (source) or receipt number (replica) that it signs.
    pub from: u64,
    /// The next generation, while the other zone has not confirmed it.
    pub unconfirmed: Option<u32>,
    /// Newest generation of the other zone's keys that is known here and not revoked.
    pub other_keys: u32,
    /// Fingerprint of the card of that generation, as it is known here.
    pub other_fingerprint: String,
}

/// `keys rotate`.
#[derive(Clone, Debug, Serialize)]
pub struct KeysReport {
    /// Zone name.
    pub zone: String,
    /// The new generation.
    pub generation: u32,
    /// Fingerprint of its card; none in a dry run, which makes no keys.
    pub fingerprint: Option<String>,
    /// Whether it signs from now on, confirmed or not.
    pub at_once: bool,
    /// Per route.
    pub routes: Vec<RouteKeysReport>,
    /// Whether nothing was done because of `--dry-run`.
    pub dry_run: bool,
}

/// `keys revoke`.
#[derive(Clone, Debug, Serialize)]
pub struct KeysRevokedReport {
    /// The other zone.
    pub zone: String,
    /// The generation of its keys.
    pub generation: u32,
    /// Fingerprint of its card.
    pub fingerprint: String,
    /// The first sequence (source) or receipt number (replica) that is refused.
    pub from: u64,
    /// On these routes; on others nothing that it signed is taken.
    pub routes: Vec<String>,
    /// Whether nothing was done because of `--dry-run`.
    pub dry_run: bool,
}
