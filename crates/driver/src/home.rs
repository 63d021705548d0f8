//! A home: configuration, keys, trust, ledger, index, and what the ledger says, opened together.
//!
//! One process at a time changes a home (lock); who only reads takes no lock and does not open the index. A record is
//! durable when `commit` returns; nothing it describes happens before.

use engine::replica::Replica;
use engine::source::Source;
use seal::keys::SecretKeys;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use store::disk::{Dir, Lock};
use store::index::Index;
use store::ledger::{Ledger, Position};
use wire::card::{Card, Role};
use wire::manifest::Head;
use wire::record::{Acted, Begun, ChunkList, Packed, Record};
use wire::{Digest, Incarnation, PackageId, ZoneId};

use crate::config::{self, Config};
use crate::keys;
use crate::report::Failure;
use crate::world::World;

/// A snapshot is written when so many bytes of records came after the last one.
const SNAPSHOT_EVERY_BYTES: u64 = 16 << 20;

/// Whether a home is opened to change it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Takes the lock; exit 75 where another process holds it.
    Change,
    /// Takes no lock and changes nothing.
    Read,
}

/// An open home.
pub struct Home {
    /// The outer world.
    pub world: World,
    /// Where it lies.
    pub path: PathBuf,
    /// Its directory.
    pub dir: Dir,
    /// Its configuration.
    pub config: Config,
    /// Trusted cards by zone.
    pub trust: BTreeMap<ZoneId, Card>,
    /// The public card of this zone.
    pub card: Card,
    keys: SecretKeys,
    ledger: Ledger,
    index: Option<Index>,
    state: State,
    changed: bool,
    since_snapshot: u64,
    _lock: Option<Lock>,
}

/// What the ledger says, by role.
enum State {
    Source(Box<Source>),
    Replica(Box<Replica>),
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Failure + '_ {
    move |error| Failure::io(path.display().to_string(), &error)
}

/// What the index is asked for.
pub mod key {
    use wire::{Digest, PackageId};

    /// The record of the package with this sequence.
    pub fn sequence(route: &str, sequence: u64) -> Vec<u8> {
        [b"s", route.as_bytes(), b"\0", &sequence.to_be_bytes()].concat()
    }
    /// The attestation of the package with this sequence.
    pub fn attested(route: &str, sequence: u64) -> Vec<u8> {
        [b"a", route.as_bytes(), b"\0", &sequence.to_be_bytes()].concat()
    }
    /// The record of the package with this id.
    pub fn package(package: &PackageId) -> Vec<u8> {
        [b"p".as_slice(), &package.0].concat()
    }
    /// The record with the chunks of this document.
    pub fn chunks(document: &Digest) -> Vec<u8> {
        [b"c".as_slice(), &document.0].concat()
    }
    /// The record of a receipt that was taken in.
    pub fn receipt(receipt: &PackageId) -> Vec<u8> {
        [b"r".as_slice(), &receipt.0].concat()
    }
}

/// The index entries of a record.
fn index_keys(record: &Record) -> Vec<Vec<u8>> {
    match record {
        Record::Packed(packed) => {
            let mut keys = vec![key::sequence(&packed.route, packed.sequence), key::package(&packed.package)];
            keys.extend(packed.chunks.iter().map(|list| key::chunks(&list.document)));
            keys
        }
        Record::Begun(begun) => vec![key::sequence(&begun.route, begun.sequence), key::package(&begun.package)],
        Record::Attested(attested) => vec![key::attested(&attested.route, attested.sequence)],
        Record::Reconciled(reconciled) => vec![key::receipt(&reconciled.receipt)],
        _ => Vec::new(),
    }
}

impl Home {
    /// Opens a home.
    pub fn open(world: &World, path: &Path, access: Access) -> Result<Self, Failure> {
        let disk = &*world.disk;
        let dir = disk.root(path).map_err(|_| no_home(path))?;
        let text = store::spool::read_whole(disk, &dir, config::FILE.as_bytes(), config::CONFIG_BYTES_MAX as u64).map_err(|_| no_home(path))?;
        let text = String::from_utf8(text).map_err(|_| Failure::new("HOM-03", config::FILE, "not UTF-8"))?;
        let config = Config::parse(&text)?;
        let lock = match access {
            Access::Read => None,
            Access::Change => match disk.lock(&dir, b"lock").map_err(failed(path))? {
                Some(lock) => Some(lock),
                None => return Err(Failure::new("HOM-01", path.display().to_string(), "another gapferry holds this home")),
            },
        };
        let keys = read_keys(world, &dir)?;
        let card = keys.card(&config.zone, config.role);
        let trust = read_trust(world, &dir)?;
        let ledger_dir = disk.dir(&dir, b"ledger", false).map_err(failed(path))?;
        let durable = checkpoint(world, &ledger_dir, &card)?;
        let opened = if access == Access::Change { Ledger::open(&world.disk, &path.join("ledger"), durable) } else { Ledger::open_reading(&world.disk, &path.join("ledger"), durable) };
        let (ledger, opened) = opened.map_err(ledger_failure)?;
        if let Some(cut) = opened.cut {
            world.progress.notice("ledger-tail-cut", &format!("{cut} bytes"));
        }
        let (state, since_snapshot) = load(&ledger, config.role)?;
        let mut home = Self { world: world.clone(), path: path.to_path_buf(), dir, config, trust, card, keys, ledger, index: None, state, changed: false, since_snapshot, _lock: lock };
        if access == Access::Change {
            home.open_index()?;
        }
        Ok(home)
    }

    /// Opens the index and lets it catch up with the ledger; makes it anew where it is damaged, missing or not ours.
    fn open_index(&mut self) -> Result<(), Failure> {
        let (index_path, mark) = (self.path.join("index"), self.path.join("ledger").join("index.mark"));
        let (index, repair) = Index::open(&index_path, &mark).map_err(|error| Failure::new("IO-01", "index", error.to_string()))?;
        self.index = Some(index);
        let caught_up = self.catch_up();
        let reason = match (repair, caught_up) {
            (Some(repair), Ok(())) => Some(repair.reason),
            (None, Ok(())) => None,
            (_, Err(error)) => {
                let reason = error.0.detail;
                self.index = None;
                self.index = Some(Index::create(&index_path, &mark).map_err(|error| Failure::new("IO-01", "index", error.to_string()))?);
                self.catch_up()?;
                Some(reason)
            }
        };
        if let Some(reason) = reason {
            self.world.progress.notice("index-repaired", &reason);
        }
        Ok(())
    }

    /// Puts what the ledger holds beyond the index's cursor into the index.
    fn catch_up(&mut self) -> Result<(), Failure> {
        let index = self.index.as_mut().expect("called with an open index");
        let damaged = |error: store::index::IndexError| Failure::new("IO-01", "index", error.to_string());
        let start = match index.cursor().map_err(damaged)? {
            Some((position, head)) if self.ledger.has(position, &head) => position,
            Some(_) => return Err(Failure::new("IO-01", "index", "it belongs to another ledger")),
            None => self.ledger.start(),
        };
        if start == self.ledger.end() {
            return Ok(());
        }
        let mut batch = Vec::new();
        for record in self.ledger.read_from(start).map_err(ledger_failure)? {
            let (position, record) = record.map_err(ledger_failure)?;
            let decoded = Record::decode(record.kind, &record.body).map_err(|rejection| Failure::new(rejection.code(), "ledger", format!("record {}", record.number)))?;
            batch.extend(index_keys(&decoded).into_iter().map(|key| (key, position)));
            if batch.len() >= 400 {
                index.put_batch(&batch, None).map_err(damaged)?;
                batch.clear();
            }
        }
        index.put_batch(&batch, Some((self.ledger.end(), self.ledger.head()))).map_err(damaged)
    }

    /// Appends a record; durable with the next `commit`.
    pub fn record(&mut self, record: impl Into<Record>) -> Result<(), Failure> {
        let record = record.into();
        let time = self.world.now_seconds();
        let body = record.encode();
        self.since_snapshot += body.len() as u64;
        self.ledger.append(time, record.kind(), &body).map_err(ledger_failure)?;
        match &mut self.state {
            State::Source(source) => source.fold(time, &record),
            State::Replica(replica) => replica.fold(time, &record),
        }
        self.changed = true;
        Ok(())
    }

    /// Makes everything recorded so far durable.
    pub fn commit(&mut self) -> Result<(), Failure> {
        self.ledger.commit().map_err(ledger_failure)
    }

    /// Ends the command: leaves its record if it changed something, makes all durable, brings the index up to date.
    pub fn close(mut self, reason: &str, result: &str) -> Result<(), Failure> {
        if self.changed {
            let actor = self.world.actor.clone();
            self.record(Acted { who: actor.user, host: actor.host, command: actor.command, reason: reason.into(), result: result.into() })?;
        }
        self.settle()
    }

    /// Makes all durable, writes checkpoint and snapshot where due, brings the index up to date. The daemon calls it between
    /// its rounds.
    pub fn settle(&mut self) -> Result<(), Failure> {
        if !self.changed {
            return self.close_index();
        }
        self.commit()?;
        let head = self.head();
        let message = checkpoint_message(&self.incarnation(), &head);
        let bytes = [self.incarnation().0.as_slice(), &head.number.to_le_bytes(), &head.digest.0, &self.keys.signature(&message)].concat();
        self.ledger.write_checkpoint(&bytes).map_err(ledger_failure)?;
        if self.since_snapshot >= SNAPSHOT_EVERY_BYTES {
            self.write_snapshot()?;
        }
        if self.index.is_some() {
            if self.catch_up().is_err() {
                self.rebuild_index()?;
            }
            self.close_index()?;
        }
        self.changed = false;
        Ok(())
    }

    fn close_index(&mut self) -> Result<(), Failure> {
        match self.index.take() {
            Some(index) => index.close().map_err(|error| Failure::new("IO-01", "index", error.to_string())),
            None => Ok(()),
        }
    }

    /// Makes the index anew from the ledger.
    pub fn rebuild_index(&mut self) -> Result<(), Failure> {
        self.index = None;
        let index = Index::create(&self.path.join("index"), &self.path.join("ledger").join("index.mark")).map_err(|error| Failure::new("IO-01", "index", error.to_string()))?;
        self.index = Some(index);
        self.catch_up()
    }

    /// Writes what the ledger says now, so that the next opening need not fold it from the start.
    pub fn write_snapshot(&mut self) -> Result<(), Failure> {
        let body = match &self.state {
            State::Source(source) => wire::codec::encode(source.as_ref()),
            State::Replica(replica) => wire::codec::encode(replica.as_ref()),
        };
        self.ledger.write_snapshot(&body).map_err(ledger_failure)?;
        self.since_snapshot = 0;
        Ok(())
    }

    /// The record at a position, found through the index.
    fn lookup(&self, key: &[u8]) -> Option<Record> {
        let position = self.index.as_ref()?.get(key).ok().flatten();
        let record = match position {
            Some(position) => self.ledger.read_at(position).ok().map(|(_, record)| record)?,
            None => return self.in_tail(key),
        };
        Record::decode(record.kind, &record.body).ok().filter(|record| index_keys(record).iter().any(|known| known == key))
    }

    /// Looks among the records that this command wrote: the index catches up when it ends.
    fn in_tail(&self, key: &[u8]) -> Option<Record> {
        let (position, _) = self.index.as_ref()?.cursor().ok()??;
        let records = self.ledger.read_from(position).ok()?;
        records.filter_map(Result::ok).filter_map(|(_, record)| Record::decode(record.kind, &record.body).ok()).filter(|record| index_keys(record).iter().any(|known| known == key)).last()
    }

    /// The package with this sequence as it was packed.
    pub fn packed(&self, route: &str, sequence: u64) -> Option<Packed> {
        match self.lookup(&key::sequence(route, sequence)) {
            Some(Record::Packed(packed)) => Some(packed),
            _ => None,
        }
    }

    /// The package with this id as it was packed.
    pub fn packed_as(&self, package: &PackageId) -> Option<Packed> {
        match self.lookup(&key::package(package)) {
            Some(Record::Packed(packed)) => Some(packed),
            _ => None,
        }
    }

    /// The apply record of the package with this sequence.
    pub fn begun(&self, route: &str, sequence: u64) -> Option<Begun> {
        match self.lookup(&key::sequence(route, sequence)) {
            Some(Record::Begun(begun)) => Some(begun),
            _ => None,
        }
    }

    /// What was read back of the package with this sequence.
    pub fn attested(&self, route: &str, sequence: u64) -> Option<wire::record::Attested> {
        match self.lookup(&key::attested(route, sequence)) {
            Some(Record::Attested(attested)) => Some(attested),
            _ => None,
        }
    }

    /// Whether the receipt with this id was taken in.
    pub fn has_taken(&self, receipt: &PackageId) -> bool {
        self.lookup(&key::receipt(receipt)).is_some()
    }

    /// The chunks of a document that was packed before.
    pub fn chunk_list(&self, document: &Digest) -> Option<ChunkList> {
        match self.lookup(&key::chunks(document)) {
            Some(Record::Packed(packed)) => packed.chunks.into_iter().find(|list| list.document == *document && list.chunker == seal::chunk::CHUNKER),
            _ => None,
        }
    }

    /// The ledger, for the commands about it.
    pub fn ledger(&self) -> &Ledger {
        &self.ledger
    }

    /// End of the ledger.
    pub fn head(&self) -> Head {
        let head = self.ledger.head();
        Head { number: head.number, digest: Digest(head.digest) }
    }

    /// Incarnation of the ledger.
    pub fn incarnation(&self) -> Incarnation {
        match &self.state {
            State::Source(source) => source.incarnation,
            State::Replica(replica) => replica.incarnation,
        }
    }

    /// What a source knows.
    ///
    /// # Panics
    /// On a replica: the caller asks `source_home` first.
    pub fn source(&self) -> &Source {
        match &self.state {
            State::Source(source) => source,
            State::Replica(_) => panic!("the role was checked before"),
        }
    }

    /// What a replica knows.
    ///
    /// # Panics
    /// On a source: the caller asks `require` first.
    pub fn replica(&self) -> &Replica {
        match &self.state {
            State::Replica(replica) => replica,
            State::Source(_) => panic!("the role was checked before"),
        }
    }

    /// Fails with advice when this home has the other role.
    pub fn require(&self, role: Role, command: &str) -> Result<(), Failure> {
        if self.config.role == role {
            return Ok(());
        }
        Err(Failure::new("USE-01", command, format!("this home is a {}; {command} is for a {}", self.config.role.word(), role.word())))
    }

    /// This zone.
    pub fn zone_id(&self) -> ZoneId {
        self.card.id()
    }

    /// This zone's secret keys.
    pub fn keys(&self) -> &SecretKeys {
        &self.keys
    }

    /// The public signing key of a trusted zone of this role.
    pub fn signing_key(&self, zone: &ZoneId, role: Role) -> Option<[u8; 32]> {
        self.trust.get(zone).filter(|card| card.role == role).map(|card| card.sign)
    }

    /// The trusted card of the zone with this name and role.
    pub fn trusted(&self, name: &str, role: Role) -> Result<&Card, Failure> {
        let found = self.trust.values().find(|card| card.zone == name && card.role == role);
        found.ok_or_else(|| Failure::new("USE-01", name, format!("no {} zone of this name is trusted here", role.word())))
    }

    /// The name of a zone, if it is trusted.
    pub fn zone_name(&self, zone: &ZoneId) -> String {
        self.trust.get(zone).map_or_else(|| wire::card::fingerprint(zone), |card| card.zone.clone())
    }
}

fn no_home(path: &Path) -> Failure {
    Failure::new("HOM-02", path.display().to_string(), "there is no gapferry home here")
}

fn read_keys(world: &World, dir: &Dir) -> Result<SecretKeys, Failure> {
    let disk = &*world.disk;
    let read = || {
        let folder = disk.dir(dir, b"keys", false)?;
        store::spool::read_whole(disk, &folder, keys::FILE, keys::KEY_FILE_BYTES_MAX as u64)
    };
    let bytes = zeroize::Zeroizing::new(read().map_err(|error| Failure::new("HOM-05", "keys/zone.key", error.to_string()))?);
    let text = std::str::from_utf8(&bytes).map_err(|_| Failure::new("HOM-05", "keys/zone.key", "the key file is not well formed"))?;
    keys::read(text, &*world.passphrase)
}

fn read_trust(world: &World, dir: &Dir) -> Result<BTreeMap<ZoneId, Card>, Failure> {
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

fn checkpoint_message(incarnation: &Incarnation, head: &Head) -> [u8; 32] {
    wire::digest::derive("gapferry v1 checkpoint", &[&incarnation.0, &head.number.to_le_bytes(), &head.digest.0]).0
}

/// The head that the signed checkpoint vouches for, if there is one.
fn checkpoint(world: &World, ledger: &Dir, card: &Card) -> Result<Option<store::ledger::Head>, Failure> {
    let Ok(bytes) = store::spool::read_whole(&*world.disk, ledger, b"checkpoint", 120) else { return Ok(None) };
    let wrong = || Failure::new("LDG-07", "ledger/checkpoint", "the checkpoint is damaged or not signed by this zone");
    let bytes: [u8; 120] = bytes.try_into().map_err(|_| wrong())?;
    let (incarnation, rest) = bytes.split_at(16);
    let head = Head { number: u64::from_le_bytes(rest[..8].try_into().expect("8 bytes")), digest: Digest(rest[8..40].try_into().expect("32 bytes")) };
    let message = checkpoint_message(&Incarnation(incarnation.try_into().expect("16 bytes")), &head);
    seal::suite::SUITE.verify(&card.sign, &message, rest[40..].try_into().expect("64 bytes")).map_err(|_| wrong())?;
    Ok(Some(store::ledger::Head { number: head.number, digest: head.digest.0 }))
}

/// A failure of the ledger: damage stops everything, the rest is input or output.
pub fn ledger_failure(error: store::ledger::LedgerError) -> Failure {
    match error {
        store::ledger::LedgerError::Damage(damage) => Failure::new(damage.code, "ledger", format!("record {} in {}", damage.number, damage.segment)),
        store::ledger::LedgerError::Io(error) => Failure::io("ledger", &error),
        store::ledger::LedgerError::Poisoned => Failure::new("IO-01", "ledger", "an earlier write failed; nothing more is written"),
    }
}

/// What the ledger says, from the snapshot and the records after it; and how many bytes those were.
fn load(ledger: &Ledger, role: Role) -> Result<(State, u64), Failure> {
    let snapshot = ledger.read_snapshot();
    let fresh = || match role {
        Role::Source => State::Source(Box::default()),
        Role::Replica => State::Replica(Box::default()),
    };
    let restored = snapshot.and_then(|(position, body)| {
        let state = match role {
            Role::Source => wire::codec::decode_own::<Source>(&body).map(|source| State::Source(Box::new(source.restored()))),
            Role::Replica => wire::codec::decode_own::<Replica>(&body).map(|replica| State::Replica(Box::new(replica.restored()))),
        };
        state.map(|state| (state, position))
    });
    let (mut state, position) = restored.unwrap_or_else(|| (fresh(), ledger.start()));
    let mut bytes = 0;
    for record in ledger.read_from(position).map_err(ledger_failure)? {
        let (_, record) = record.map_err(ledger_failure)?;
        bytes += record.body.len() as u64;
        let decoded = Record::decode(record.kind, &record.body).map_err(|rejection| Failure::new(rejection.code(), "ledger", format!("record {}", record.number)))?;
        match &mut state {
            State::Source(source) => source.fold(record.time, &decoded),
            State::Replica(replica) => replica.fold(record.time, &decoded),
        }
    }
    Ok((state, bytes))
}

/// Where a record lies, for those who list the ledger.
pub type RecordPosition = Position;
