//! The keys of an open home: its own secrets of every generation, and the cards of the zones it trusts, those that were
//! announced or replaced included. The ledger says which generation counts; the key file and the folder `trust` hold the rest.

use engine::keys::Keys;
use seal::keys::SecretKeys;
use seal::suite::SUITE;
use std::collections::BTreeMap;
use std::io;
use store::disk::Dir;
use wire::card::{Card, Role, Succession};
use wire::clause::{self, Rejection};
use wire::keys::Signer;
use wire::{Digest, ZoneId};
use zeroize::Zeroizing;

use super::{Home, State};
use crate::config::Config;
use crate::keys::{FILE, KEY_FILE_BYTES_MAX, KeyFile, Protection, read as parse, write};
use crate::report::Failure;
use crate::world::World;

/// Secrets and cards.
pub struct Keyring {
    /// Oldest first; as many as the ledger says were made.
    secrets: Vec<SecretKeys>,
    protection: Option<Protection>,
    /// The cards that a person trusted first, by zone: files of the folder `trust`.
    trusted: BTreeMap<ZoneId, Card>,
    /// All cards that are known, by zone and generation.
    cards: BTreeMap<(ZoneId, u32), Card>,
}

/// Reads the key file; `known` is how it was protected when it was read before.
pub fn read(world: &World, dir: &Dir, known: Option<Protection>) -> Result<KeyFile, Failure> {
    let disk = &*world.disk;
    let read = || {
        let folder = disk.dir(dir, b"keys", false)?;
        store::spool::read_whole(disk, &folder, FILE, KEY_FILE_BYTES_MAX as u64)
    };
    let failed = |error: io::Error| match error.kind() {
        io::ErrorKind::PermissionDenied => Failure::io("keys/zone.key", &error),
        _ => Failure::new("HOM-05", "keys/zone.key", error.to_string()),
    };
    let bytes = Zeroizing::new(read().map_err(failed)?);
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::new("HOM-05", "keys/zone.key", "the key file is not well formed"))?;
    parse(text, known, &*world.passphrase)
}

impl Keyring {
    /// The keys that the ledger counts. What an interrupted `keys rotate` left in the key file was never in use.
    pub fn new(file: KeyFile, trusted: BTreeMap<ZoneId, Card>, keys: &Keys) -> Result<Self, Failure> {
        let KeyFile { generations: mut secrets, protection } = file;
        let made = keys.generation() as usize;
        if secrets.len() < made {
            let detail = format!("it holds {} generations of keys, the ledger says that {made} were made: put the newest key file back", secrets.len());
            return Err(Failure::new("HOM-05", "keys/zone.key", detail));
        }
        secrets.truncate(made);
        let mut ring = Self { secrets, protection, trusted, cards: BTreeMap::new() };
        ring.gather(keys);
        Ok(ring)
    }

    /// Brings the cards up to what the ledger says; gives those to wrap for and to name zones by.
    fn gather(&mut self, keys: &Keys) -> BTreeMap<ZoneId, Card> {
        self.cards = self.trusted.iter().map(|(zone, card)| ((*zone, card.generation()), card.clone())).collect();
        for (zone, generations) in &keys.learned {
            let Some(first) = self.trusted.get(zone) else { continue };
            self.cards.extend(generations.values().map(|next| ((*zone, next.generation), next.card(first))));
        }
        let newest = |zone: &ZoneId, card: &Card| {
            let known = self.cards.range((*zone, 0)..=(*zone, u32::MAX)).rev();
            known.map(|(_, card)| card).find(|card| !keys.is_revoked(zone, card.generation())).unwrap_or(card).clone()
        };
        self.trusted.iter().map(|(zone, card)| (*zone, newest(zone, card))).collect()
    }

    /// The card of one of this zone's generations.
    pub fn card(&self, config: &Config, generation: u32) -> Card {
        card_of(&self.secrets, &config.zone, config.role, generation)
    }

    /// All secrets, oldest first.
    pub fn secrets(&self) -> &[SecretKeys] {
        &self.secrets
    }
}

/// The card of one generation of a zone with these secrets.
pub fn card_of(secrets: &[SecretKeys], zone: &str, role: Role, generation: u32) -> Card {
    let succession = (generation > 1).then(|| Succession { generation, first: secrets[0].card(zone, role).id() });
    secrets[generation as usize - 1].later_card(zone, role, succession)
}

/// The key of the snapshot of the ledger: who cannot sign for this zone cannot make one.
pub fn snapshot_key(generations: &[SecretKeys]) -> Zeroizing<[u8; 32]> {
    generations[0].derived("gapferry v1 ledger snapshot", &[])
}

impl Home {
    /// What the ledger says of keys.
    pub fn key_state(&self) -> &Keys {
        self.state.keys()
    }

    /// Whether the key file is closed by a passphrase.
    pub fn is_protected(&self) -> bool {
        self.keyring.protection.is_some()
    }

    /// This zone's secret keys of every generation, oldest first: they open what was wrapped for this zone.
    pub fn keys(&self) -> &[SecretKeys] {
        self.keyring.secrets()
    }

    /// The secret keys that sign on a route, and as whom.
    pub fn signer(&self, route: &str) -> (&SecretKeys, Signer) {
        self.signer_of(self.key_state().signing(route).generation)
    }

    /// The secret keys of a generation, and whom they sign as.
    pub fn signer_of(&self, generation: u32) -> (&SecretKeys, Signer) {
        (&self.keyring.secrets[generation as usize - 1], Signer { zone: self.zone_id(), generation })
    }

    /// The newest secret keys, and whom they sign as: for what this zone writes for itself.
    pub fn newest_signer(&self) -> (&SecretKeys, Signer) {
        self.signer_of(self.key_state().generation())
    }

    /// The card of one of this zone's generations.
    pub fn card_of(&self, generation: u32) -> Card {
        self.keyring.card(&self.config, generation)
    }

    /// The public signing key of a trusted zone (clauses ENV-15 and ENV-19).
    pub fn signing_key(&self, signer: &Signer) -> Result<[u8; 32], Rejection> {
        let not_trusted = if self.trust.contains_key(&signer.zone) { &clause::ENV_GENERATION } else { &clause::ENV_SIGNER };
        self.known_card(&signer.zone, signer.generation).map(|card| card.sign).ok_or(Rejection(not_trusted))
    }

    /// The same for what this zone may have made itself: a label.
    pub fn label_key(&self, signer: &Signer) -> Result<[u8; 32], Rejection> {
        if signer.zone != self.zone_id() {
            return self.signing_key(signer);
        }
        let made = (1..=self.key_state().generation()).contains(&signer.generation);
        if made { Ok(SUITE.sign_public(&self.keyring.secrets[signer.generation as usize - 1].sign)) } else { Err(Rejection(&clause::ENV_GENERATION)) }
    }

    /// The card of a generation of a trusted zone's keys, where it is known.
    pub fn known_card(&self, zone: &ZoneId, generation: u32) -> Option<&Card> {
        self.keyring.cards.get(&(*zone, generation))
    }

    /// All cards that are known of a trusted zone, oldest first.
    pub fn known_cards(&self, zone: &ZoneId) -> impl Iterator<Item = &Card> {
        self.keyring.cards.range((*zone, 0)..=(*zone, u32::MAX)).map(|(_, card)| card)
    }

    /// The card of a trusted zone to wrap for: the newest; where that is revoked, none.
    pub fn recipient(&self, zone: &ZoneId) -> Result<&Card, Failure> {
        let card = self.trust.get(zone).ok_or_else(|| Failure::new("USE-01", self.zone_name(zone), "the card of this zone is no longer trusted"))?;
        // Whoever has the secrets of a generation has those of all before it: they lie in one file.
        let newest = self.known_cards(zone).last().map_or(card.generation(), Card::generation);
        let newest = if wire::planted::is("sealed-for-an-older-generation") { card.generation() } else { newest };
        if self.key_state().is_revoked(zone, newest) {
            return Err(Failure::new("KEY-01", &card.zone, "its newest keys that are known here are revoked, and no later card is trusted"));
        }
        Ok(card)
    }

    /// Whether a route is read for another zone, whose packages this one can open as their escrow holder: its id is that of a
    /// route to the other zone.
    pub fn reads_for_another(&self, route: &str) -> bool {
        let State::Replica(replica) = &self.state else { return false };
        replica.routes.get(route).is_some_and(|known| known.route_id != wire::digest::route_id(&known.source, &self.zone_id(), route))
    }

    /// Cards to wrap for and to name zones by.
    pub(super) fn gather_trust(&mut self) {
        self.trust = self.keyring.gather(self.state.keys());
    }

    /// Makes the next generation of keys: into the key file, which is whole or as it was, then into the ledger, which makes it
    /// count. An interruption in between leaves secrets that nobody uses and the next call replaces.
    pub fn make_keys(&mut self, reason: &str) -> Result<Card, Failure> {
        let failed = |error: std::io::Error| Failure::io("keys/zone.key", &error);
        let world = self.world.clone();
        let generation = self.key_state().generation() + 1;
        let (sign, seal) = (Zeroizing::new(world.random()), Zeroizing::new(world.random()));
        // No room to grow into: what is moved would be left behind as it was.
        let mut secrets = Vec::with_capacity(self.keyring.secrets.len() + 1);
        secrets.extend_from_slice(&self.keyring.secrets);
        secrets.push(SecretKeys { sign: *sign, seal: *seal });
        let card = card_of(&secrets, &self.config.zone, self.config.role, generation);
        let text = write(&world, &secrets, self.keyring.protection.as_ref());
        let folder = world.disk.dir(&self.dir, b"keys", false).map_err(failed)?;
        store::spool::write_whole_with_mode(&*world.disk, &folder, FILE, text.as_bytes(), 0o600).map_err(failed)?;
        self.record(wire::record::KeysMade { generation, card: Digest(card.digest().0), reason: reason.into() })?;
        self.commit()?;
        self.keyring.secrets = secrets;
        self.card = card.clone();
        Ok(card)
    }
}

/// The cards that people trusted.
pub fn read_trust(world: &World, dir: &Dir) -> Result<BTreeMap<ZoneId, Card>, Failure> {
    let disk = &*world.disk;
    let folder = disk.dir(dir, b"trust", false).map_err(|error| Failure::io("trust", &error))?;
    let mut trust = BTreeMap::new();
    let mut entries = disk.list(&folder).map_err(|error| Failure::io("trust", &error))?;
    entries.sort_by(|one, two| one.name.cmp(&two.name));
    for entry in entries.iter().filter(|entry| entry.name.ends_with(b".card")) {
        let name = String::from_utf8_lossy(&entry.name).into_owned();
        let bytes = store::spool::read_whole(disk, &folder, &entry.name, wire::limits::CARD_BYTES_MAX as u64).map_err(|error| Failure::io(&name, &error))?;
        let card = seal::keys::read_card(&bytes).map_err(|rejection| Failure::new(rejection.code(), format!("trust/{name}"), rejection.0.says))?;
        trust.insert(card.id(), card);
    }
    Ok(trust)
}
