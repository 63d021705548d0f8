//! The zones of the fixtures as homes in memory, and what such a home knows: for tests and fuzz targets alike.

#![allow(dead_code, reason = "each test that stands on it uses its own part")]

use super::memory::Memory;
use driver::progress::Silent;
use driver::{Actor, World};
use engine::replica::Replica;
use engine::source::Source;
use seal::keys::SecretKeys;
use std::sync::Arc;
use store::clock::{RealClock, RealEntropy};
use store::frame::{Chain, SEGMENT_HEAD};
use wire::card::Card;
use wire::id::Bytes;
use wire::manifest::{Head, Mark};
use wire::record::*;
use wire::{Digest, Incarnation, ItemId, MediumId, PackageId};

const KEYS: &str = include_str!("../../../../fixtures/keys/keys.txt");
/// The route of the fixtures.
pub const ROUTE: &str = "assets";
/// Where homes lie in memory.
pub const HOME: &str = "/home";

/// A field of a zone of the fixtures.
fn key_of(zone: &str, field: &str) -> String {
    let text = KEYS.split("\n\n").find(|part| part.contains(&format!("zone: {zone}\n"))).expect("the zone is in the file");
    text.lines().find_map(|line| line.strip_prefix(&format!("{field}: "))).expect("the zone has the field").to_owned()
}

fn unhex(text: &str) -> [u8; 32] {
    let byte = |at: usize| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).expect("hex digits");
    std::array::from_fn(byte)
}

/// The secrets of a zone of the fixtures.
pub fn keys(zone: &str) -> SecretKeys {
    SecretKeys { sign: unhex(&key_of(zone, "sign-seed")), seal: unhex(&key_of(zone, "seal-seed")) }
}

/// The card of a zone of the fixtures.
pub fn card(zone: &str) -> Card {
    let role = if key_of(zone, "role") == "source" { wire::card::Role::Source } else { wire::card::Role::Replica };
    keys(zone).card(zone, role)
}

/// The records of a home at the fixtures' zone, a route and a few packages among them.
pub fn records(zone: &str) -> Vec<Record> {
    let (inside, outside) = (card("inside").id(), card("outside").id());
    let route_id = wire::digest::route_id(&inside, &outside, ROUTE);
    let mut records = vec![Record::from(Born { incarnation: Incarnation([7; 16]), zone: card(zone).id(), name: zone.into(), role: card(zone).role })];
    if zone == "outside" {
        records.push(RouteAccepted { route: ROUTE.into(), route_id, source: inside, into: Bytes(b"/tree".to_vec()) }.into());
        return records;
    }
    records.push(ArchiveAdded { archive: "a".into(), root: Bytes(b"/archive".to_vec()) }.into());
    records.push(RouteAdded { route: ROUTE.into(), route_id, archive: "a".into(), replica: outside }.into());
    let stat = FileStat { size: 1, modified: 2, changed: 3, inode: 4, executable: false };
    let captured = |item: u32| CapturedRow { item, id: Some(ItemId(vec![b'a' + item as u8])), version: 1, stat: Some(stat) };
    records.push(Captured { archive: "a".into(), root: None, rows: (0..4).map(captured).collect() }.into());
    for sequence in 1..=4u8 {
        let package = PackageId([sequence; 16]);
        records.push(PackBegun { route: ROUTE.into(), sequence: sequence.into(), package }.into());
        records.push(packed(sequence, package).into());
    }
    records
}

/// A package of two items as it was packed; the fourth has none.
pub fn packed(sequence: u8, package: PackageId) -> Packed {
    let row = |item: u32| PackedRow {
        item,
        version: 1,
        mark: Mark::Add,
        digest: Digest([sequence; 32]),
        bytes: 1,
        projected: Digest([sequence + 1; 32]),
        expected: Digest([0; 32]),
        part: None,
        young: false,
        shape: Shape::Unknown,
        read: None,
    };
    Packed {
        route: ROUTE.into(),
        sequence: sequence.into(),
        package,
        carried: Carried::Medium(MediumId([9; 16])),
        file_digest: Digest::ZERO,
        file_bytes: 1,
        document_bytes: 1,
        acknowledges: 0,
        full_receipt: false,
        inventory: None,
        rows: if sequence == 4 { Vec::new() } else { vec![row(sequence.into()), row(0)] },
        chunks: Vec::new(),
    }
}

/// A segment with these records.
pub fn segment(records: &[Record]) -> Vec<u8> {
    let (chain, mut bytes, mut previous) = (Chain::default(), SEGMENT_HEAD.to_vec(), Digest::ZERO);
    for (number, record) in (0u64..).zip(records) {
        previous = chain.write(&mut bytes, number, 1_800_000_000, previous, record.kind(), &record.encode());
    }
    bytes
}

/// What a source knows after its records.
pub fn source() -> Source {
    let mut source = Source::default();
    records("inside").iter().for_each(|record| source.fold(1, record));
    source
}

/// What a replica knows after its records.
pub fn replica() -> Replica {
    let mut replica = Replica::default();
    records("outside").iter().for_each(|record| replica.fold(1, record));
    replica
}

/// A home in memory.
pub struct Home {
    /// Its files.
    pub memory: Arc<Memory>,
    /// The world that reaches them.
    pub world: World,
}

impl Home {
    /// The home of a zone that trusts the other one.
    pub fn of(zone: &str) -> Self {
        let memory = Arc::new(Memory::default());
        let put = |path: &str, bytes: &[u8]| memory.put(format!("{HOME}/{path}").as_bytes(), bytes.to_vec());
        let role = card(zone).role;
        let routes = match role {
            wire::card::Role::Source => "[archives.a]\nroot = '/archive'\n[routes.assets]\narchive = 'a'\nto = 'outside'\n",
            wire::card::Role::Replica => "[routes.assets]\nfrom = 'inside'\ninto = '/tree'\n",
        };
        put("gapferry.toml", format!("zone = '{zone}'\nrole = '{}'\n{routes}", role.word()).as_bytes());
        put("keys/zone.key", key_text(&keys(zone)).as_bytes());
        let other = if zone == "inside" { "outside" } else { "inside" };
        put("trust/other.card", card(other).text().as_bytes());
        put("ledger/0000000000000000.seg", &segment(&records(zone)));
        let world = World {
            disk: memory.clone(),
            indexes: Arc::new(store::index::SledIndexes),
            clock: Arc::new(RealClock),
            entropy: Arc::new(RealEntropy),
            progress: Arc::new(Silent),
            actor: Actor::default(),
            passphrase: Arc::new(|| None),
        };
        Self { memory, world }
    }

    /// Puts a file into the home.
    pub fn put(&self, path: &str, bytes: &[u8]) {
        self.memory.put(format!("{HOME}/{path}").as_bytes(), bytes.to_vec());
    }

    /// Opens it, reading only.
    pub fn open(&self) -> Result<driver::home::Home, driver::Failure> {
        driver::home::Home::open(&self.world, HOME.as_ref(), driver::home::Access::Read)
    }
}

/// The one text of a key file in the clear.
pub fn key_text(keys: &SecretKeys) -> String {
    key_text_of(std::slice::from_ref(keys))
}

/// The text of a key file with these generations.
pub fn key_text_of(generations: &[SecretKeys]) -> String {
    let secrets: Vec<u8> = generations.iter().flat_map(|keys| [keys.sign, keys.seal]).flatten().collect();
    let hex: String = secrets.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("gapferry key 1 clear\n{hex}{}\n", &wire::digest::derive("gapferry v1 key file", &[&secrets]).to_string()[..8])
}

/// The end of the ledger of `zone`.
pub fn head(zone: &str) -> Head {
    let bytes = segment(&records(zone));
    Head { number: records(zone).len() as u64, digest: Digest(bytes[bytes.len() - 32..].try_into().expect("32 bytes")) }
}
