//! What packages and receipts say of keys (spec/keys.md): written into those that leave, examined in those that arrive, and
//! taken over into the ledger before what they bring.

use engine::keys::Clauses;
use seal::keys::check_card;
use wire::ZoneId;
use wire::clause::{Rejection, require};
use wire::keys::{KeyNotice, NextKeys, Signer};
use wire::record::{KeysLearned, KeysSwitched};

use crate::home::Home;
use crate::report::Failure;

/// Whether a package or receipt of a route is to be made for what it tells of keys.
pub fn is_due(home: &Home, route: &str) -> bool {
    home.key_state().must_tell(route, home.world.now_seconds(), crate::terms::deadline(home, route))
}

/// What the next package or receipt of a route says of keys.
pub fn notice(home: &Home, route: &str, other: &ZoneId) -> KeyNotice {
    let keys = home.key_state();
    let next = keys.to_announce(route).and_then(|generation| NextKeys::of(&home.card_of(generation)));
    KeyNotice { from: keys.signing(route).from, known: home.trust.get(other).map_or(1, |card| card.generation()), next }
}

/// Whether what a body says of keys fits what is known here (clauses 1 to 3 of spec/keys.md).
pub fn examine(home: &Home, route: &str, signer: &Signer, said: &KeyNotice, number: u64, clauses: &Clauses) -> Result<(), Rejection> {
    home.key_state().judge(route, signer, said.from, number, clauses)?;
    let Some(next) = &said.next else { return Ok(()) };
    let wrong = Rejection(clauses.next);
    require(next.generation == signer.generation + 1, clauses.next)?;
    let card = next.card(home.known_card(&signer.zone, signer.generation).ok_or(wrong)?);
    check_card(&card).map_err(|_| wrong)?;
    require(home.known_card(&signer.zone, next.generation).is_none_or(|known| known.digest() == card.digest()), clauses.next)
}

/// Records what a body that was examined tells of keys. `next_number` is the next one that this zone takes on the route: from
/// there on it signs with what the other zone confirms; none where it signs nothing on it.
pub fn take(home: &mut Home, route: &str, signer: &Signer, said: &KeyNotice, next_number: Option<u64>) -> Result<(), Failure> {
    let mut changed = false;
    if home.key_state().is_new_switch(route, signer, said.from) {
        home.record(KeysSwitched { route: route.into(), zone: signer.zone, generation: signer.generation, from: said.from })?;
        changed = true;
    }
    let newest = home.known_cards(&signer.zone).last().map_or(0, |card| card.generation());
    if let Some(next) = said.next.as_ref().filter(|next| next.generation > newest && signer.generation == newest) {
        home.record(KeysLearned { zone: signer.zone, keys: next.clone(), by_person: false })?;
        changed = true;
        home.world.progress.notice("keys-learned", &format!("{} {}", home.zone_name(&signer.zone), next.generation));
    }
    if let Some((generation, from)) = home.key_state().confirmed(route, said.known).zip(next_number) {
        home.record(KeysSwitched { route: route.into(), zone: home.zone_id(), generation, from })?;
        changed = true;
        home.world.progress.notice("keys-switched", &format!("{route} {generation}"));
    }
    if changed { home.commit() } else { Ok(()) }
}
