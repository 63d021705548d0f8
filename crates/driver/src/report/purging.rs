//! What purging reports: what was asked for, and what still holds the older versions.

use serde::Serialize;
use wire::ItemId;

use super::Problem;

/// `purge` and `purges`.
#[derive(Clone, Debug, Default, Serialize)]
pub struct PurgeReport {
    /// Only shown, not asked for.
    pub dry_run: bool,
    /// Per route on which something is purged.
    pub routes: Vec<RoutePurge>,
    /// What needs attention.
    pub problems: Vec<Problem>,
}

/// What is purged on one route.
#[derive(Clone, Debug, Default, Serialize)]
pub struct RoutePurge {
    /// The route.
    pub route: String,
    /// The zone of its replica.
    pub other_zone: String,
    /// Items of which nothing older is to be left.
    pub items: u64,
    /// Of these, such that go as a whole: they are gone at the source, or the route does not carry them.
    pub gone: u64,
    /// Of these, such whose purge is not proven yet.
    pub open: u64,
    /// Who agreed, where several people must and not all did yet.
    pub agreed: Vec<String>,
    /// How many others must.
    pub missing: u64,
    /// The items, at most `LISTED_MAX`.
    pub listed: Vec<PurgedItem>,
    /// Packages that brought older versions, oldest first, at most `LISTED_MAX`: what holds one of them holds the older versions.
    pub packages: Vec<HoldingPackage>,
    /// How many there are in all.
    pub packages_total: u64,
}

/// An item that is purged.
#[derive(Clone, Debug, Serialize)]
pub struct PurgedItem {
    /// The item.
    pub item: ItemId,
    /// Its newest captured version.
    pub version: u64,
    /// Whether that version stays at the replica; else nothing of it does.
    pub stays: bool,
    /// `new`, `agreed` (others must agree), `asked`, `packed` or `proven`.
    pub state: &'static str,
    /// When people asked for it, seconds since 1970; none while `new` or `agreed`.
    pub asked_at: Option<i64>,
    /// Sequence of the package that proved it, or brought it last; 0 for none.
    pub sequence: u64,
    /// When it was proven, seconds since 1970.
    pub proven_at: Option<i64>,
}

/// A package that brought older versions of what is purged.
#[derive(Clone, Debug, Serialize)]
pub struct HoldingPackage {
    /// Its sequence.
    pub sequence: u64,
    /// Its id, hex.
    pub package: String,
    /// The medium it was put on, hex; none: into the gateway folder.
    pub medium: Option<String>,
    /// When it was packed, seconds since 1970.
    pub packed_at: i64,
    /// Size of the file, bytes.
    pub file_bytes: u64,
    /// How many of the items it brought an older version of.
    pub items: u64,
    /// `open` (not answered), `answered`, `lost` (missing or damaged on its medium) or `void` (the route began anew since).
    pub state: &'static str,
}
