//! The ledger on the real disk: as tables of what can happen to its files.

mod damage;
mod failing;
mod power;
mod reading;
mod rotation;
mod views;

use super::*;
use crate::real::RealDisk;
use std::path::PathBuf;

/// A ledger directory of its own.
pub struct Ground {
    _scratch: tempfile::TempDir,
    pub dir: PathBuf,
}

impl Ground {
    /// In memory where there is a place for it: thousands of syncs are waited for.
    pub fn new() -> Self {
        Self::below(tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).unwrap())
    }

    /// On a disk: for what is large.
    pub fn on_disk() -> Self {
        Self::below(tempfile::tempdir().unwrap())
    }

    fn below(scratch: tempfile::TempDir) -> Self {
        let dir = scratch.path().join("ledger");
        Self { _scratch: scratch, dir }
    }

    /// With records of these bodies, each committed by itself.
    pub fn with(bodies: &[&[u8]]) -> Self {
        let ground = Self::new();
        let mut ledger = ground.create();
        for (body, n) in bodies.iter().zip(0u16..) {
            ledger.append(1000 + i64::from(n), n, body).unwrap();
            ledger.commit().unwrap();
        }
        ground
    }

    pub fn create(&self) -> Ledger {
        Ledger::create(disk(), &self.dir).unwrap()
    }

    pub fn open(&self, durable: Option<Head>) -> Result<(Ledger, Opened), LedgerError> {
        Ledger::open(disk(), &self.dir, None, durable)
    }

    pub fn reading(&self, durable: Option<Head>) -> Result<(Reading, Opened), LedgerError> {
        Ledger::open_reading(disk(), &self.dir, None, durable)
    }

    pub fn segment(&self, first: u64) -> PathBuf {
        self.dir.join(String::from_utf8(frame::segment_name(first)).unwrap())
    }

    pub fn bytes(&self) -> Vec<u8> {
        std::fs::read(self.segment(0)).unwrap()
    }

    pub fn put(&self, bytes: &[u8]) {
        std::fs::write(self.segment(0), bytes).unwrap();
    }

    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = std::fs::read_dir(&self.dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

pub fn disk() -> Arc<dyn Disk> {
    Arc::new(RealDisk::new())
}

pub fn records(reading: &Reading) -> Vec<(Position, Record)> {
    reading.read_from(Position::START).map(Result::unwrap).collect()
}

pub fn bodies(reading: &Reading) -> Vec<Vec<u8>> {
    records(reading).into_iter().map(|(_, record)| record.body).collect()
}

pub fn damaged<T>(result: Result<T, LedgerError>) -> Damage {
    match result {
        Err(LedgerError::Damage(damage)) => damage,
        Err(other) => panic!("not damage but: {other}"),
        Ok(_) => panic!("no damage was seen"),
    }
}

#[test]
fn what_is_committed_is_there_again() {
    let ground = Ground::on_disk();
    let bodies: Vec<Vec<u8>> = [0usize, 1, 5, 1000, 100_000, 3 << 20].iter().map(|length| vec![*length as u8; *length]).collect();
    let mut ledger = ground.create();
    assert_eq!((ledger.head(), ledger.end()), (Head::default(), Position::START));
    let mut positions = Vec::new();
    for (body, n) in bodies.iter().zip(0u16..) {
        positions.push(ledger.append(-5 + i64::from(n), 7 * n, body).unwrap());
        if n % 2 == 1 {
            ledger.commit().unwrap();
        }
    }
    let (head, end) = (ledger.head(), ledger.end());
    assert_eq!(head, ledger.head_appended());
    drop(ledger);
    let (ledger, opened) = ground.open(Some(head)).unwrap();
    assert_eq!(opened, Opened { head, end, torn: None, known: false, records: 6 });
    let all = records(&ledger);
    let mut previous = wire::Digest::ZERO;
    for (n, (position, record)) in all.iter().enumerate() {
        assert_eq!(*position, positions[n]);
        assert_eq!((record.number, record.time, record.kind, record.previous), (n as u64, n as i64 - 5, n as u16 * 7, previous));
        assert_eq!(record.body, bodies[n]);
        assert_eq!(ledger.read_at(*position).unwrap(), *record);
        previous = record.digest;
    }
    assert_eq!(all.last().unwrap().1.head(), head);
    assert_eq!(ledger.verify(&mut |_, _| {}).unwrap(), Verified { records: 6, segments: 1, bytes: end.offset - 16, head, torn: None });
}

#[test]
fn only_what_is_committed_is_read_and_kept() {
    let ground = Ground::with(&[b"one"]);
    let (mut ledger, _) = ground.open(None).unwrap();
    let position = ledger.append(0, 1, b"two").unwrap();
    assert_eq!((ledger.head().number, ledger.head_appended().number), (1, 2));
    assert!(matches!(ledger.read_at(position), Err(LedgerError::NoRecord(at)) if at == position));
    assert_eq!(bodies(&ledger), [b"one"]);
    drop(ledger);
    let (mut ledger, opened) = ground.open(None).unwrap();
    assert_eq!(opened.head.number, 1);
    assert_eq!(ledger.append(0, 1, b"two").unwrap(), position);
    ledger.commit().unwrap();
    ledger.commit().unwrap();
    assert_eq!(bodies(&ledger), [b"one", b"two"]);
    assert_eq!(ledger.read_at(position).unwrap().body, b"two");
}

#[test]
fn an_empty_ledger_opens() {
    let ground = Ground::with(&[]);
    let (ledger, opened) = ground.open(Some(Head::default())).unwrap();
    assert_eq!(opened, Opened { head: Head::default(), end: Position::START, torn: None, known: false, records: 0 });
    assert_eq!(records(&ledger), []);
    assert_eq!(ledger.verify(&mut |_, _| {}).unwrap().records, 0);
}

#[test]
fn there_is_one_ledger_or_none() {
    let ground = Ground::new();
    assert!(matches!(ground.open(None), Err(LedgerError::Missing)));
    assert!(matches!(ground.reading(None), Err(LedgerError::Missing)));
    std::fs::create_dir(&ground.dir).unwrap();
    assert!(matches!(ground.open(None), Err(LedgerError::Missing)));
    assert_eq!(damaged(ground.open(Some(Head { number: 1, digest: wire::Digest([1; 32]) }))).code(), "LDG-07");
    // What an interrupted creation leaves is no obstacle.
    std::fs::write(ground.segment(0).with_extension("seg.part"), b"GFLED").unwrap();
    ground.create();
    assert!(matches!(Ledger::create(disk(), &ground.dir), Err(LedgerError::Exists)));
    assert_eq!(ground.names(), ["0000000000000000.seg"]);
}

#[test]
fn a_body_of_the_limit_and_not_one_byte_more() {
    let ground = Ground::on_disk();
    let mut ledger = ground.create();
    let first = ledger.append(0, 1, b"first").unwrap();
    let mut body = vec![3; limits::RECORD_BYTES_MAX + 1];
    assert!(matches!(ledger.append(0, 1, &body), Err(LedgerError::TooLarge { bytes }) if bytes == body.len() as u64));
    body.pop();
    let position = ledger.append(0, 1, &body).unwrap();
    ledger.commit().unwrap();
    drop(ledger);
    let (ledger, opened) = ground.open(None).unwrap();
    assert_eq!(opened.head.number, 2);
    assert!(ledger.read_at(position).unwrap().body == body);
    assert_eq!(ledger.read_at(first).unwrap().body, b"first", "what is refused leaves nothing");
}

#[test]
fn much_that_is_pending_is_committed_early() {
    let ground = Ground::on_disk();
    let mut ledger = ground.create();
    let body = vec![1; 1 << 20];
    for _ in 0..9 {
        ledger.append(0, 1, &body).unwrap();
        assert!(ledger.pending.len() < PENDING_BYTES_MAX);
    }
    assert_eq!(ledger.head().number, 8);
    assert_eq!(ledger.head_appended().number, 9);
}

#[test]
fn positions_read_back_and_keep_their_order() {
    let positions =
        [Position::START, Position { segment: 0, offset: 17 }, Position { segment: 1, offset: 16 }, Position { segment: u64::MAX, offset: u64::MAX }];
    for pair in positions.windows(2) {
        assert!(pair[0] < pair[1]);
    }
    for position in positions {
        assert_eq!(Position::from_bytes(position.to_bytes()), position);
    }
    assert_eq!(Position { segment: 1, offset: 2 }.to_bytes(), [1, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0]);
}
