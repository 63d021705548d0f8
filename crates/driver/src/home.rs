//! A home: configuration, keys, trust, ledger, index, and what the ledger says, opened together.
//!
//! One process at a time changes a home (lock); who only reads takes no lock and does not open the index. A record is
//! durable when `commit` returns; nothing it describes happens before.

mod agreeing;
mod keyring;
mod lookups;

use engine::keys::Keys;
use engine::rebase::Agreements;
use engine::replica::Replica;
use engine::source::Source;
use keyring::{Keyring, read_trust, snapshot_key};
use seal::keys::SecretKeys;
use seal::suite::SUITE;
use std::collections::{BTreeMap, HashMap};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use store::disk::{Dir, Hold, Lock};
use store::index::Index;
use store::ledger::{Known, Ledger, LedgerError, Position, Reading};
use template::{Fault, Template};
use wire::card::{Card, Role};
use wire::manifest::Head;
use wire::record::{Acted, Record};
use wire::{Digest, Incarnation, ZoneId, planted};

use crate::config::{self, ArchiveConfig, Config};
use crate::index_key;
use crate::report::Failure;
use crate::setup::overlap;
use crate::world::World;

/// Rows of the index put together: some 100 bytes each.
const INDEX_ROWS: usize = 1 << 20;

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
    /// The newest cards of trusted zones, by zone; of revoked ones only where there is no other.
    pub trust: BTreeMap<ZoneId, Card>,
    /// The newest public card of this zone.
    pub card: Card,
    zone: ZoneId,
    keyring: Keyring,
    chain: Chain,
    index: Option<Box<dyn Index>>,
    /// Index entries of what this command recorded.
    fresh: HashMap<Vec<u8>, Position>,
    state: State,
    /// A head that the other side has quoted and that was found in the chain.
    found_head: Mutex<Option<Head>>,
    /// Templates that were read, by their text: every package, its receipt and its deadline ask for them.
    templates: Mutex<HashMap<String, Arc<Template>>>,
    changed: bool,
    since_snapshot: u64,
    _lock: Option<Lock>,
}

/// The ledger, as this process may use it.
enum Chain {
    Writing(Box<Ledger>),
    Reading(Box<Reading>),
}

impl Chain {
    fn reading(&self) -> &Reading {
        match self {
            Chain::Writing(ledger) => ledger,
            Chain::Reading(reading) => reading,
        }
    }

    fn writing(&mut self) -> Result<&mut Ledger, Failure> {
        match self {
            Chain::Writing(ledger) => Ok(ledger),
            Chain::Reading(_) => Err(Failure::new("HOM-01", "ledger", "this command reads only")),
        }
    }
}

/// What the ledger says, by role.
enum State {
    Source(Box<Source>),
    Replica(Box<Replica>),
}

/// A command that ends early leaves its record too, and the index closed: nothing is alarmed by a typing error.
impl Drop for Home {
    fn drop(&mut self) {
        if std::thread::panicking() || self.index.is_none() {
            return;
        }
        if self.changed {
            let actor = self.world.actor.clone();
            let ended = Acted { who: actor.user, host: actor.host, command: actor.command, reason: String::new(), result: "ended early by a failure".into() };
            if let Err(failure) = self.record(ended) {
                tracing::warn!(%failure, "the record of this command could not be written");
                return;
            }
        }
        if let Err(failure) = self.settle() {
            tracing::warn!(%failure, "the home could not be closed");
        }
    }
}

impl State {
    fn keys(&self) -> &Keys {
        match self {
            State::Source(source) => &source.keys,
            State::Replica(replica) => &replica.keys,
        }
    }

    fn incarnation(&self) -> Incarnation {
        match self {
            State::Source(source) => source.incarnation,
            State::Replica(replica) => replica.incarnation,
        }
    }

    fn lives(&self) -> &[Incarnation] {
        match self {
            State::Source(source) => &source.lives,
            State::Replica(replica) => &replica.lives,
        }
    }
}

fn failed(path: &Path) -> impl Fn(std::io::Error) -> Failure + '_ {
    move |error| Failure::io(path.display().to_string(), &error)
}

impl Home {
    /// Opens a home; one that is to be changed with its index.
    pub fn open(world: &World, path: &Path, access: Access) -> Result<Self, Failure> {
        let mut home = Self::without_index(world, path, access)?;
        if access == Access::Change {
            home.open_index()?;
        }
        Ok(home)
    }

    /// Opens a home whose index is not looked at: it is made anew next, or not needed.
    pub fn without_index(world: &World, path: &Path, access: Access) -> Result<Self, Failure> {
        let disk = &*world.disk;
        let dir = disk.root(path).map_err(|error| no_home(path, &error))?;
        let text = store::spool::read_whole(disk, &dir, config::FILE.as_bytes(), config::CONFIG_BYTES_MAX as u64);
        let text = text.map_err(|error| crate::setup::without_configuration(disk, &dir).unwrap_or_else(|| no_home(path, &error)))?;
        let text = config::utf8(text, "HOM-03", config::FILE)?;
        let config = Config::parse(&text)?;
        // Before anything is read of them: an archive that holds this home would carry its keys out.
        overlap::configured(&config, path)?;
        let lock = match access {
            Access::Change if !planted::is("home-not-locked") => match disk.lock(&dir, b"lock", Hold::Alone).map_err(failed(path))? {
                Some(lock) => Some(lock),
                None => return Err(Failure::new("HOM-01", path.display().to_string(), "another gapferry holds this home")),
            },
            _ => None,
        };
        // Who reads holds no lock, and keys are only ever added, before anything tells of them: they are read after what they signed.
        let checkpoint = disk.dir(&dir, b"ledger", false).map_err(|error| no_ledger(path, &error)).and_then(|ledger| read_checkpoint(world, &ledger));
        let mut key_file = keyring::read(world, &dir, None)?;
        let trust = read_trust(world, &dir)?;
        let ledger_path = path.join("ledger");
        let checkpoint = checkpoint?.map(|bytes| vouched(&bytes, &key_file.generations)).transpose()?;
        let durable = checkpoint.map(|(_, head)| head);
        let snapshot = Ledger::read_snapshot(disk, &ledger_path, &snapshot_key(&key_file.generations), engine::STATE_FORM);
        let known = snapshot.as_ref().map(|snapshot| snapshot.known);
        let (chain, opened) = match access {
            Access::Change => Ledger::open(world.disk.clone(), &ledger_path, known, durable).map(|(ledger, opened)| (Chain::Writing(Box::new(ledger)), opened)),
            Access::Read => {
                Ledger::open_reading(world.disk.clone(), &ledger_path, known, durable).map(|(reading, opened)| (Chain::Reading(Box::new(reading)), opened))
            }
        }
        .map_err(ledger_failure)?;
        if let Some(torn) = opened.torn.filter(|_| access == Access::Change) {
            world.progress.notice("ledger-tail-cut", &format!("{} bytes", torn.bytes));
        }
        agreeing::of_zone(&config, chain.reading())?;
        let (state, since_snapshot) = load(chain.reading(), snapshot.filter(|_| opened.known), config.role)?;
        // A checkpoint of an earlier life vouches for what that life wrote.
        if checkpoint.is_some_and(|(incarnation, _)| incarnation != state.incarnation() && !state.lives().contains(&incarnation)) {
            return Err(Failure::new("LDG-07", "ledger/checkpoint", "the checkpoint is of another ledger"));
        }
        if access == Access::Read && key_file.generations.len() < state.keys().generation() as usize && !planted::is("torn-reading-told") {
            key_file = keyring::read(world, &dir, key_file.protection)?;
        }
        let fresh = HashMap::new();
        let keyring = Keyring::new(key_file, trust, state.keys())?;
        let card = keyring.card(&config, state.keys().generation());
        let mut home = Self {
            world: world.clone(),
            path: path.to_path_buf(),
            dir,
            config,
            trust: BTreeMap::new(),
            zone: card.id(),
            card,
            keyring,
            chain,
            index: None,
            fresh,
            state,
            found_head: Mutex::default(),
            templates: Mutex::default(),
            changed: false,
            since_snapshot,
            _lock: lock,
        };
        home.gather_trust();
        home.agrees()?;
        Ok(home)
    }

    /// Opens the index and lets it catch up with the ledger; makes it anew where it is damaged, missing or not of this ledger.
    fn open_index(&mut self) -> Result<(), Failure> {
        let (dir, mark) = self.index_paths();
        let (index, repair) = self.world.indexes.open(&dir, &mark).map_err(index_failure)?;
        self.index = Some(index);
        let mut reason = repair.map(|repair| repair.to_string());
        if let Err(failure) = self.catch_up() {
            reason = reason.or(Some(failure.0.detail));
            self.rebuild_index()?;
        }
        if let Some(reason) = reason {
            self.world.progress.notice("index-repaired", &reason);
        }
        Ok(())
    }

    fn index_paths(&self) -> (PathBuf, PathBuf) {
        (self.path.join("index"), self.path.join("ledger").join("index.mark"))
    }

    /// Puts what the ledger holds beyond the index's cursor into the index.
    fn catch_up(&mut self) -> Result<(), Failure> {
        let index = self.index.as_ref().ok_or_else(|| Failure::new("IO-01", "index", "it is not open"))?;
        let (cursor, end) = (index.cursor().map_err(index_failure)?, self.chain.reading().known());
        if cursor == end {
            return Ok(());
        }
        if !planted::is("index-of-another-chain-taken") && (cursor.head.number > end.head.number || !follows(self.chain.reading(), &cursor)) {
            return Err(Failure::new("IO-01", "index", "it does not belong to this ledger"));
        }
        let (mut batch, mut rows) = (Vec::<(Vec<u8>, Position)>::new(), 0);
        // In the order of the index, so that each of its pages is visited once and not for every row; of two with one key the later counts.
        let put = |batch: &mut Vec<(Vec<u8>, Position)>, cursor: Known| {
            batch.sort_by(|(one, _), (two, _)| one.cmp(two));
            let put = index.put_batch(batch, cursor).map_err(index_failure);
            batch.clear();
            put
        };
        for record in self.chain.reading().read_from(cursor.position) {
            let (position, record) = record.map_err(ledger_failure)?;
            batch.extend(index_key::of(&decoded(&record)?).into_iter().map(|key| (key, position)));
            if batch.len() >= INDEX_ROWS {
                rows += batch.len();
                put(&mut batch, cursor)?;
            }
        }
        tracing::debug!(rows = rows + batch.len(), "index caught up");
        put(&mut batch, end)
    }

    /// Appends a record; durable with the next `commit`.
    pub fn record(&mut self, record: impl Into<Record>) -> Result<(), Failure> {
        let record = record.into();
        record.check().map_err(|rejection| Failure::new(rejection.code(), "ledger", rejection.0.says))?;
        let time = self.world.now_seconds();
        let mut bytes = 0;
        let mut fill = |out: &mut Vec<u8>| {
            let before = out.len();
            record.append_to(out);
            bytes = out.len() - before;
        };
        let position = self.chain.writing()?.append_with(time, record.kind(), &mut fill).map_err(ledger_failure)?;
        self.since_snapshot += bytes as u64;
        self.fresh.extend(index_key::of(&record).into_iter().map(|key| (key, position)));
        let of_keys = matches!(record, Record::KeysLearned(_) | Record::KeysRevoked(_));
        match &mut self.state {
            State::Source(source) => source.fold_own(time, record),
            State::Replica(replica) => replica.fold(time, &record),
        }
        if of_keys {
            self.gather_trust();
        }
        self.changed = true;
        Ok(())
    }

    /// Makes everything recorded so far durable.
    pub fn commit(&mut self) -> Result<(), Failure> {
        self.chain.writing()?.commit().map_err(ledger_failure)
    }

    /// Ends the command: leaves its record if it changed something, makes all durable, brings the index up to date.
    pub fn close(mut self, reason: &str, result: &str) -> Result<(), Failure> {
        if self.changed {
            let actor = self.world.actor.clone();
            self.record(Acted { who: actor.user, host: actor.host, command: actor.command, reason: reason.into(), result: result.into() })?;
        }
        let settled = self.settle();
        if settled.is_err() {
            // Its end is recorded; the index is made anew from that.
            self.index = None;
        }
        settled
    }

    /// Makes all durable, writes checkpoint and snapshot where due, brings the index up to date. The daemon calls it between
    /// its rounds.
    pub fn settle(&mut self) -> Result<(), Failure> {
        if !self.changed {
            return self.close_index();
        }
        self.commit()?;
        if self.since_snapshot >= self.config.policy.snapshot_bytes {
            // A view: without a new one the next opening reads more of the chain, and what was recorded is durable.
            self.write_snapshot().unwrap_or_else(|failure| tracing::warn!(%failure, "no snapshot of the ledger could be written"));
        }
        // The checkpoint follows the snapshot: one that vouches for less would have the whole chain read again.
        let head = self.head();
        let message = checkpoint_message(&self.incarnation(), &head);
        let bytes =
            [self.incarnation().0.as_slice(), &head.number.to_le_bytes(), &head.digest.0, &self.signer_of(self.key_state().generation()).0.signature(&message)]
                .concat();
        self.chain.writing()?.write_checkpoint(&bytes).map_err(ledger_failure)?;
        if self.put_fresh().is_err() {
            self.rebuild_index()?;
        }
        self.close_index()?;
        self.changed = false;
        Ok(())
    }

    /// Puts the entries of this command's records into the index.
    fn put_fresh(&mut self) -> Result<(), Failure> {
        let end = self.chain.reading().known();
        let Some(index) = &self.index else { return Ok(()) };
        let mut rows: Vec<(Vec<u8>, Position)> = self.fresh.drain().collect();
        rows.sort();
        index.put_batch(&rows, end).map_err(index_failure)
    }

    fn close_index(&mut self) -> Result<(), Failure> {
        match self.index.take() {
            Some(index) => index.close().map_err(index_failure),
            None => Ok(()),
        }
    }

    /// Makes the index anew from the ledger.
    pub fn rebuild_index(&mut self) -> Result<(), Failure> {
        self.index = None;
        let (dir, mark) = self.index_paths();
        self.index = Some(self.world.indexes.fresh(&dir, &mark).map_err(index_failure)?);
        self.fresh.clear();
        self.catch_up()
    }

    /// Writes what the ledger says now, so that the next opening need not fold it from the start.
    pub fn write_snapshot(&mut self) -> Result<(), Failure> {
        let (key, ledger, state) = (snapshot_key(self.keys()), self.chain.writing()?, &self.state);
        let mut fill = |to: &mut dyn std::io::Write| match state {
            State::Source(source) => wire::codec::encode_to(source.as_ref(), &mut |bytes| to.write_all(bytes)),
            State::Replica(replica) => wire::codec::encode_to(replica.as_ref(), &mut |bytes| to.write_all(bytes)),
        };
        ledger.write_snapshot(&key, engine::STATE_FORM, ledger.known(), &mut fill).map_err(ledger_failure)?;
        self.since_snapshot = 0;
        Ok(())
    }

    /// The template of this text, read once.
    pub fn template(&self, text: &str) -> Result<Arc<Template>, Vec<Fault>> {
        let mut templates = self.templates.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(template) = templates.get(text) {
            return Ok(template.clone());
        }
        let template = Arc::new(Template::parse(text)?);
        templates.insert(text.into(), template.clone());
        Ok(template)
    }

    /// The ledger, for the commands about it.
    pub fn ledger(&self) -> &Reading {
        self.chain.reading()
    }

    /// End of the ledger.
    pub fn head(&self) -> Head {
        self.chain.reading().head()
    }

    /// Incarnation of the ledger.
    pub fn incarnation(&self) -> Incarnation {
        self.state.incarnation()
    }

    /// Whether this was a life of this ledger before the present one.
    pub fn had_life(&self, life: &Incarnation) -> bool {
        self.state.lives().contains(life)
    }

    /// Who has agreed that a route begins anew.
    pub fn agreements(&self) -> &Agreements {
        match &self.state {
            State::Source(source) => &source.agreements,
            State::Replica(replica) => &replica.agreements,
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

    /// The configuration of an archive.
    pub fn archive_config(&self, name: &str) -> Result<&ArchiveConfig, Failure> {
        self.config.archives.get(name).ok_or_else(|| Failure::new("HOM-03", name, "the archive is in the ledger but not in gapferry.toml"))
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
        self.zone
    }

    /// Whether a trusted zone has this role.
    pub fn has_role(&self, zone: &ZoneId, role: Role) -> bool {
        self.trust.get(zone).is_some_and(|card| card.role == role || planted::is("role-of-the-signer-unchecked"))
    }

    /// The trusted card of the zone with this name and role.
    pub fn trusted(&self, name: &str, role: Role) -> Result<&Card, Failure> {
        let found = self.trust.values().find(|card| card.zone == name && card.role == role);
        found.ok_or_else(|| Failure::new("USE-01", name, format!("no {} zone of this name is trusted here", role.word())))
    }
}

/// Why a folder could not be opened as a home: only where nothing is there it is none.
pub fn no_home(path: &Path, error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => Failure::new("HOM-02", path.display().to_string(), "there is no gapferry home here"),
        ErrorKind::FileTooLarge => Failure::new("HOM-03", config::FILE, format!("longer than {} bytes", config::CONFIG_BYTES_MAX)),
        ErrorKind::InvalidInput => Failure::new("HOM-03", config::FILE, error.to_string()),
        _ => Failure::io(path.display().to_string(), error),
    }
}

fn no_ledger(path: &Path, error: &std::io::Error) -> Failure {
    match error.kind() {
        ErrorKind::NotFound => Failure::new("LDG-07", "ledger", "its folder is not there"),
        _ => Failure::io(path.join("ledger").display().to_string(), error),
    }
}

fn checkpoint_message(incarnation: &Incarnation, head: &Head) -> [u8; 32] {
    wire::digest::derive("gapferry v1 checkpoint", &[&incarnation.0, &head.number.to_le_bytes(), &head.digest.0]).0
}

fn wrong_checkpoint() -> Failure {
    Failure::new("LDG-07", "ledger/checkpoint", "the checkpoint is damaged or not signed by this zone")
}

/// The bytes of the checkpoint, if there is one.
fn read_checkpoint(world: &World, ledger: &Dir) -> Result<Option<[u8; 120]>, Failure> {
    match store::spool::read_whole(&*world.disk, ledger, b"checkpoint", 120) {
        Ok(bytes) => bytes.try_into().map(Some).map_err(|_| wrong_checkpoint()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        // Too long to be one, or no file at all: it is there, and what it said is lost.
        Err(error) if matches!(error.kind(), ErrorKind::FileTooLarge | ErrorKind::InvalidInput) => Err(wrong_checkpoint()),
        Err(error) => Err(Failure::io("ledger/checkpoint", &error)),
    }
}

/// The head that a checkpoint vouches for, signed by one of these keys.
fn vouched(checkpoint: &[u8; 120], secrets: &[SecretKeys]) -> Result<(Incarnation, Head), Failure> {
    let (incarnation, rest) = checkpoint.split_at(16);
    let incarnation = Incarnation(incarnation.try_into().expect("16 bytes"));
    let head = Head { number: u64::from_le_bytes(rest[..8].try_into().expect("8 bytes")), digest: Digest(rest[8..40].try_into().expect("32 bytes")) };
    let message = checkpoint_message(&incarnation, &head);
    let signature = rest[40..].try_into().expect("64 bytes");
    let by = |keys: &SecretKeys| SUITE.verify(&SUITE.sign_public(&keys.sign), &message, signature).is_ok() || planted::is("checkpoint-unverified");
    secrets.iter().rev().find(|keys| by(keys)).ok_or_else(wrong_checkpoint)?;
    Ok((incarnation, head))
}

/// A failure of the ledger: damage stops everything, the rest is input or output.
pub fn ledger_failure(error: LedgerError) -> Failure {
    match error.damage() {
        Some(damage) => Failure::new(damage.code(), "ledger", damage.to_string()),
        None => Failure::new("IO-01", "ledger", error.to_string()),
    }
}

fn index_failure(error: store::index::IndexError) -> Failure {
    Failure::new("IO-01", "index", error.to_string())
}

/// What a record of the ledger says.
pub(crate) fn decoded(record: &store::ledger::Record) -> Result<Record, Failure> {
    Record::decode(record.kind, &record.body).map_err(|rejection| Failure::new(rejection.code(), "ledger", format!("record {}", record.number)))
}

/// Whether the ledger has exactly this head at this place: the record there continues it.
fn follows(reading: &Reading, known: &Known) -> bool {
    let continues = |record: &store::ledger::Record| record.number == known.head.number && record.previous == known.head.digest;
    reading.read_at(known.position).is_ok_and(|record| continues(&record))
}

/// What the ledger says, from the snapshot and the records after it; and how many bytes those were.
fn load(reading: &Reading, snapshot: Option<store::ledger::Snapshot>, role: Role) -> Result<(State, u64), Failure> {
    let fresh = || match role {
        Role::Source => State::Source(Box::default()),
        Role::Replica => State::Replica(Box::default()),
    };
    let restored = snapshot.and_then(|snapshot| {
        let (position, mut body) = (snapshot.known.position, snapshot.body());
        let fill = &mut |into: &mut [u8]| body.read_exact(into).is_ok();
        let state = match role {
            Role::Source => wire::codec::decode_own_from::<Source>(fill).map(|source| State::Source(Box::new(source.restored()))),
            Role::Replica => wire::codec::decode_own_from::<Replica>(fill).map(|replica| State::Replica(Box::new(replica.restored()))),
        };
        // What is left over is of another version.
        state.filter(|_| matches!(body.read(&mut [0]), Ok(0))).map(|state| (state, position))
    });
    let (mut state, position) = restored.unwrap_or_else(|| (fresh(), Position::START));
    let mut bytes = 0;
    if position == reading.end() {
        return Ok((state, bytes));
    }
    for record in reading.read_from(position) {
        let (_, record) = record.map_err(ledger_failure)?;
        bytes += record.body.len() as u64;
        match &mut state {
            State::Source(source) => source.fold_own(record.time, decoded(&record)?),
            State::Replica(replica) => replica.fold(record.time, &decoded(&record)?),
        }
    }
    Ok((state, bytes))
}
