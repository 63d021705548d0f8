//! `keys rotate`, `keys revoke`, `trust --replaces`: what people do about keys (spec/keys.md). Everything after it is carried by
//! packages and receipts.

use std::path::Path;
use wire::ZoneId;
use wire::card::{Card, Role, fingerprint_matches};
use wire::keys::NextKeys;
use wire::limits::{GENERATION_MAX, NUMBER_MAX};
use wire::planted;
use wire::record::{KeysLearned, KeysRevoked, KeysSwitched, Lost};

use crate::home::{Access, Home};
use crate::report::{Failure, KeysReport, KeysRevokedReport, RouteKeysReport, TrustReport};
use crate::setup::read_card_file;
use crate::world::World;

/// The next sequence of a route on a source, the next receipt number on a replica.
pub fn next_number(home: &Home, route: &str) -> u64 {
    match home.config.role {
        Role::Source => home.source().routes.get(route).map_or(1, |route| route.next_sequence),
        Role::Replica => home.replica().routes.get(route).map_or(1, |route| route.receipts + 1),
    }
}

/// Makes the next generation of this zone's keys. They sign on a route once the other zone has confirmed them there, or, with
/// `at_once`, from its next package or receipt on.
///
/// # Errors
/// `USE-01` when no further generation is allowed, or without a reason; `HOM-*`, `IO-01`.
pub fn keys_rotate(world: &World, path: &Path, at_once: bool, reason: &str) -> Result<KeysReport, Failure> {
    let mut home = rotating(world, path, Access::Change, reason)?;
    let card = home.make_keys(reason)?;
    if at_once || planted::is("unconfirmed-keys-sign") {
        for route in signed_routes(&home) {
            let from = next_number(&home, &route);
            home.record(KeysSwitched { route, zone: home.zone_id(), generation: card.generation(), from })?;
        }
        home.commit()?;
        if home.config.role == Role::Replica && !planted::is("old-keys-on-waiting-receipts") {
            signed_routes(&home).iter().try_for_each(|route| crate::receipts::sign_anew(&mut home, route))?;
        }
    }
    let report = KeysReport {
        zone: card.zone.clone(),
        generation: card.generation(),
        fingerprint: Some(card.fingerprint()),
        at_once,
        routes: signed_routes(&home).iter().map(|route| of_route(&home, route)).collect(),
        dry_run: false,
    };
    home.close(reason, &format!("generation {} {}", card.generation(), card.fingerprint()))?;
    Ok(report)
}

/// What `keys_rotate` would come to; no keys are made.
///
/// # Errors
/// As `keys_rotate`.
pub fn keys_rotate_foreseen(world: &World, path: &Path, at_once: bool, reason: &str) -> Result<KeysReport, Failure> {
    let home = rotating(world, path, Access::Read, reason)?;
    let generation = home.key_state().generation() + 1;
    let route = |name: &String| {
        let now = of_route(&home, name);
        match at_once {
            true => RouteKeysReport { signs: generation, from: next_number(&home, name), unconfirmed: None, ..now },
            false => RouteKeysReport { unconfirmed: now.unconfirmed.or(Some(generation)), ..now },
        }
    };
    let routes = signed_routes(&home).iter().map(route).collect();
    Ok(KeysReport { zone: home.config.zone.clone(), generation, fingerprint: None, at_once, routes, dry_run: true })
}

/// A home whose keys may be rotated.
fn rotating(world: &World, path: &Path, access: Access, reason: &str) -> Result<Home, Failure> {
    crate::acts::require_reason("keys rotate", reason)?;
    let home = Home::open(world, path, access)?;
    if home.key_state().generation() >= GENERATION_MAX {
        return Err(Failure::new("USE-01", "keys rotate", format!("a zone has at most {GENERATION_MAX} generations of keys")));
    }
    Ok(home)
}

/// Routes on which this zone signs something: not those that it reads for another zone.
fn signed_routes(home: &Home) -> Vec<String> {
    home.key_state().routes.keys().filter(|route| !home.reads_for_another(route)).cloned().collect()
}

/// Where a route stands as far as keys go.
pub fn of_route(home: &Home, route: &str) -> RouteKeysReport {
    let keys = home.key_state();
    let signing = keys.signing(route);
    let other = keys.routes.get(route).map_or(ZoneId::ZERO, |route| route.other);
    RouteKeysReport {
        route: route.into(),
        other_zone: home.zone_name(&other),
        signs: signing.generation,
        from: signing.from,
        unconfirmed: keys.to_announce(route).filter(|_| !home.reads_for_another(route)),
        other_keys: home.trust.get(&other).map_or(0, |card| card.generation()),
        other_fingerprint: home.trust.get(&other).map_or_else(String::new, Card::fingerprint),
    }
}

/// The trusted zone of this name; where a source and a replica share it, the one that holds a card with this fingerprint.
fn zone_named(home: &Home, name: &str, fingerprint: &str) -> Result<(ZoneId, Card), Failure> {
    let zones = || home.trust.iter().filter(|(_, card)| card.zone == name).map(|(zone, _)| *zone);
    if zones().next().is_none() {
        return Err(Failure::new("USE-01", name, "no zone of this name is trusted here"));
    }
    let of = |zone: ZoneId| home.known_cards(&zone).find(|card| fingerprint_matches(&card.digest(), fingerprint)).map(|card| (zone, card.clone()));
    zones().find_map(of).ok_or_else(|| {
        let known: Vec<String> = zones().flat_map(|zone| home.known_cards(&zone).map(Card::fingerprint).collect::<Vec<_>>()).collect();
        Failure::new("USE-01", name, format!("no card with this fingerprint is known of it; known are {}", known.join(", ")))
    })
}

/// Takes a generation of another zone's keys out of use: from `from` on, on these routes (on all of that zone where none is
/// named).
///
/// # Errors
/// `USE-01` when zone, card or route is not known, or the number is none; `HOM-*`, `IO-01`.
pub fn keys_revoke(
    world: &World,
    path: &Path,
    zone: &str,
    fingerprint: &str,
    from: u64,
    routes: &[String],
    reason: &str,
) -> Result<KeysRevokedReport, Failure> {
    revoke(world, path, (zone, fingerprint), from, routes, (reason, false))
}

/// What `keys_revoke` would come to; nothing is revoked.
///
/// # Errors
/// As `keys_revoke`.
pub fn keys_revoke_foreseen(
    world: &World,
    path: &Path,
    zone: &str,
    fingerprint: &str,
    from: u64,
    routes: &[String],
    reason: &str,
) -> Result<KeysRevokedReport, Failure> {
    revoke(world, path, (zone, fingerprint), from, routes, (reason, true))
}

fn revoke(
    world: &World,
    path: &Path,
    (zone, fingerprint): (&str, &str),
    from: u64,
    routes: &[String],
    (reason, dry_run): (&str, bool),
) -> Result<KeysRevokedReport, Failure> {
    crate::acts::require_reason("keys revoke", reason)?;
    if !(1..=NUMBER_MAX).contains(&from) {
        return Err(Failure::new("USE-01", "--from", format!("a sequence or receipt number is 1 to {NUMBER_MAX}")));
    }
    let mut home = Home::open(world, path, if dry_run { Access::Read } else { Access::Change })?;
    let (id, card) = zone_named(&home, zone, fingerprint)?;
    let keys = home.key_state();
    let of_zone: Vec<String> = keys.routes.iter().filter(|(_, route)| route.other == id).map(|(name, _)| name.clone()).collect();
    if let Some(stranger) = routes.iter().find(|route| !of_zone.contains(route)) {
        return Err(Failure::new("USE-01", stranger, format!("no route of this name with zone {zone}")));
    }
    let named = if routes.is_empty() { of_zone } else { routes.to_vec() };
    let mut cuts: Vec<(String, u64)> = keys.revoked.get(&id).and_then(|revoked| revoked.get(&card.generation())).cloned().unwrap_or_default();
    cuts.retain(|(route, _)| !named.contains(route));
    cuts.extend(named.iter().map(|route| (route.clone(), from)));
    cuts.sort();
    let report = KeysRevokedReport { zone: zone.into(), generation: card.generation(), fingerprint: card.fingerprint(), from, routes: named, dry_run };
    if dry_run {
        return Ok(report);
    }
    let known = keys.revoked.get(&id).and_then(|revoked| revoked.get(&card.generation()));
    if known != Some(&cuts) {
        home.record(KeysRevoked { zone: id, generation: card.generation(), from: cuts, reason: reason.into() })?;
        home.commit()?;
    }
    home.close(reason, &format!("revoked {zone} {}", card.fingerprint()))?;
    Ok(report)
}

/// The packages to a zone that are not answered yet, on a source.
fn under_way(home: &Home, zone: &ZoneId) -> Vec<(String, u64)> {
    if home.config.role != Role::Source {
        return Vec::new();
    }
    let routes = home.source().routes.iter().filter(|(_, route)| route.replica == *zone);
    let open = |(name, route): (&String, &engine::source::Route)| {
        let packages = route.packages.iter().filter(|(_, package)| !package.lost);
        packages.map(|(sequence, _)| (name.clone(), *sequence)).collect::<Vec<_>>()
    };
    routes.flat_map(open).collect()
}

/// Trusts a later card of a zone that is trusted, in place of what is known of its keys from that generation on. Older
/// generations stay known: what they signed before counts unless it is revoked.
///
/// # Errors
/// `CRD-*`; `USE-01` when it is no later card of that zone; `HOM-*`, `IO-01`.
pub fn trust_replacing(world: &World, path: &Path, file: &Path, fingerprint: &str, replaces: &str) -> Result<TrustReport, Failure> {
    let card = read_card_file(world, file)?;
    if !fingerprint_matches(&card.digest(), fingerprint) {
        return Err(Failure::new("CRD-09", file.display().to_string(), format!("the card's fingerprint is {}", card.fingerprint())));
    }
    let mut home = Home::open(world, path, Access::Change)?;
    let wrong = |detail: String| Err(Failure::new("USE-01", replaces, detail));
    let Some(known) = home.trust.get(&card.id()).filter(|known| known.zone == replaces) else {
        return wrong("this is not the zone that the card says it succeeds; a card of another zone is trusted without --replaces".into());
    };
    if (&known.zone, known.role) != (&card.zone, card.role) {
        return wrong(format!("name and role of a zone stay the same: it is {} ({})", known.zone, known.role.word()));
    }
    let first = home.known_cards(&card.id()).next().map_or(1, Card::generation);
    let report = |added| TrustReport { zone: card.zone.clone(), role: card.role.word(), fingerprint: card.fingerprint(), added };
    let is_known = home.known_card(&card.id(), card.generation()).is_some_and(|known| known.digest() == card.digest());
    if is_known && !home.key_state().is_revoked(&card.id(), card.generation()) {
        home.settle()?;
        return Ok(report(false));
    }
    let Some(keys) = NextKeys::of(&card).filter(|keys| keys.generation > first) else {
        return wrong(format!("the card is of generation {}, the one that was trusted first is {first}", card.generation()));
    };
    home.record(KeysLearned { zone: card.id(), keys, by_person: true })?;
    // What is under way was sealed to keys that a person replaces: it may be that nobody can open it any more.
    for (route, sequence) in under_way(&home, &card.id()) {
        home.record(Lost { route, sequence, damaged: false })?;
    }
    home.commit()?;
    home.close("", &format!("trusted {} generation {} {}", card.zone, card.generation(), card.fingerprint()))?;
    Ok(report(true))
}
