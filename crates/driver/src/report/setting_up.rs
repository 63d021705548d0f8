//! What the commands report that make a home, its zones and its routes known.

use serde::Serialize;

/// `init`: a home was made (or was there already with equal arguments).
#[derive(Clone, Debug, Serialize)]
pub struct InitReport {
    /// Path of the home.
    pub home: String,
    /// Zone name.
    pub zone: String,
    /// `source` or `replica`.
    pub role: &'static str,
    /// Fingerprint of the zone's card.
    pub fingerprint: String,
    /// False when it was there already.
    pub created: bool,
}

/// `card`.
#[derive(Clone, Debug, Serialize)]
pub struct CardReport {
    /// Zone name.
    pub zone: String,
    /// `source` or `replica`.
    pub role: &'static str,
    /// Generation of the keys in it.
    pub generation: u32,
    /// Fingerprint.
    pub fingerprint: String,
    /// Zone id, hex.
    pub id: String,
    /// The card's text.
    pub card: String,
}

/// `trust`.
#[derive(Clone, Debug, Serialize)]
pub struct TrustReport {
    /// Zone name.
    pub zone: String,
    /// `source` or `replica`.
    pub role: &'static str,
    /// Fingerprint.
    pub fingerprint: String,
    /// False when it was trusted already.
    pub added: bool,
}

/// `archive add`, `route add`, `route accept`.
#[derive(Clone, Debug, Serialize)]
pub struct SetupReport {
    /// `archive` or `route`.
    pub kind: &'static str,
    /// Its name.
    pub name: String,
    /// The archive's root, or the replica's tree, or the archive's name of a source route.
    pub place: String,
    /// False when it was there already with equal arguments.
    pub added: bool,
    /// A route over records on which no template is active: it carries every field of every record.
    pub carries_all: bool,
}
