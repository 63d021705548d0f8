//! A ledger that was damaged in any way: `ledger verify` names the first bad record and ends with 5, and no command changes
//! anything any more. What a crash may leave behind the last record is no damage and is cut off.
//!
//! The records are taken apart and put together here by the words of spec/ledger.md alone.

use crate::stand::{Random, Side, Stand, copy, tree};
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// Bytes before the records of a segment.
const HEAD: usize = 16;

/// A record as it lies in its segment.
#[derive(Clone)]
struct Record {
    bytes: Vec<u8>,
}

impl Record {
    fn number(&self) -> u64 {
        u64::from_le_bytes(self.bytes[8..16].try_into().expect("8 bytes"))
    }

    /// Gives the record the digest that it must have.
    fn digested(mut self) -> Self {
        let body_end = self.bytes.len() - 32;
        let digest = wire::digest::derive("gapferry v1 ledger", &[&self.bytes[..body_end]]);
        self.bytes[body_end..].copy_from_slice(&digest.0);
        self
    }
}

fn take_apart(segment: &[u8]) -> Vec<Record> {
    let (mut records, mut at) = (Vec::new(), HEAD);
    while at < segment.len() {
        let body = u32::from_le_bytes(segment[at..at + 4].try_into().expect("4 bytes")) as usize;
        records.push(Record { bytes: segment[at..at + 88 + body].to_vec() });
        at += 88 + body;
    }
    records
}

fn put_together(head: &[u8], records: &[Record]) -> Vec<u8> {
    [head.to_vec(), records.iter().flat_map(|record| record.bytes.clone()).collect()].concat()
}

/// Continues the chain anew from record `from` on: what somebody would do who wants to hide a change.
fn chained_anew(records: &mut [Record], from: usize) {
    for place in from..records.len() {
        let previous = records[place - 1].bytes[records[place - 1].bytes.len() - 32..].to_vec();
        records[place].bytes[24..56].copy_from_slice(&previous);
        records[place] = records[place].clone().digested();
    }
}

/// The folder of a ledger, to be damaged.
struct Damaged {
    folder: PathBuf,
    head: Vec<u8>,
    records: Vec<Record>,
}

impl Damaged {
    fn segment(&self) -> PathBuf {
        self.folder.join("0000000000000000.seg")
    }

    fn write(&self) {
        fs::write(self.segment(), put_together(&self.head, &self.records)).expect("it can be written");
    }

    fn without_checkpoint(&self) {
        fs::remove_file(self.folder.join("checkpoint")).expect("there is a checkpoint");
    }
}

/// Does its damage; gives the number of the first bad record and the code that must be named.
type Harm = fn(&mut Damaged, &mut Random) -> (u64, &'static str);

/// A record in the middle.
fn middle(ledger: &Damaged, random: &mut Random) -> usize {
    1 + random.below(ledger.records.len() as u64 - 2) as usize
}

fn flip(ledger: &mut Damaged, random: &mut Random, record: usize, from: usize, to: usize) {
    let at = from + random.below((to - from) as u64) as usize;
    ledger.records[record].bytes[at] ^= 1 << random.below(8);
    ledger.write();
}

const HARMS: &[(&str, Harm)] = &[
    ("the segment's magic is altered", |ledger, random| {
        ledger.head[random.below(8) as usize] ^= 1;
        ledger.write();
        (0, "LDG-01")
    }),
    ("the segment is of a later version", |ledger, _| {
        ledger.head[8] = 2;
        ledger.write();
        (0, "LDG-01")
    }),
    ("the segment's reserved bytes are not zero", |ledger, random| {
        ledger.head[12 + random.below(4) as usize] = 1;
        ledger.write();
        (0, "LDG-01")
    }),
    ("the segment is emptied", |ledger, _| {
        fs::write(ledger.segment(), "").expect("it can be written");
        (0, "LDG-01")
    }),
    ("a length is impossible", |ledger, random| {
        let record = middle(ledger, random);
        ledger.records[record].bytes[..4].copy_from_slice(&u32::MAX.to_le_bytes());
        ledger.write();
        (record as u64, "LDG-02")
    }),
    ("the end is cut within a record", |ledger, random| {
        let bytes = put_together(&ledger.head, &ledger.records);
        let last = ledger.records.last().expect("there are records").bytes.len() as u64;
        let cut = bytes.len() - 1 - random.below(last - 1) as usize;
        fs::write(ledger.segment(), &bytes[..cut]).expect("it can be written");
        (ledger.records.len() as u64 - 1, "LDG-02")
    }),
    ("the end is cut between two records", |ledger, random| {
        let record = middle(ledger, random);
        ledger.records.truncate(record);
        ledger.write();
        (record as u64, "LDG-07")
    }),
    ("nothing is left but the segment's head", |ledger, _| {
        ledger.records.clear();
        ledger.write();
        (0, "LDG-07")
    }),
    ("the segment is gone", |ledger, _| {
        fs::remove_file(ledger.segment()).expect("it can be removed");
        (0, "LDG-07")
    }),
    ("the segment has another name", |ledger, _| {
        fs::rename(ledger.segment(), ledger.folder.join("0000000000000001.seg")).expect("it can be renamed");
        (0, "LDG-03")
    }),
    ("a record is missing", |ledger, random| {
        let record = middle(ledger, random);
        ledger.records.remove(record);
        ledger.write();
        (record as u64, "LDG-03")
    }),
    ("a record is there twice", |ledger, random| {
        let record = middle(ledger, random);
        ledger.records.insert(record, ledger.records[record].clone());
        ledger.write();
        (record as u64 + 1, "LDG-03")
    }),
    ("two records have changed places", |ledger, random| {
        let record = 1 + random.below(ledger.records.len() as u64 - 3) as usize;
        ledger.records.swap(record, record + 1);
        ledger.write();
        (record as u64, "LDG-03")
    }),
    ("a number is altered and the digest mended", |ledger, random| {
        let record = middle(ledger, random);
        ledger.records[record].bytes[8..16].copy_from_slice(&(record as u64 + 7).to_le_bytes());
        ledger.records[record] = ledger.records[record].clone().digested();
        ledger.write();
        (record as u64, "LDG-03")
    }),
    ("a record continues another one", |ledger, random| {
        let record = middle(ledger, random);
        ledger.records[record].bytes[24 + random.below(32) as usize] ^= 1;
        ledger.records[record] = ledger.records[record].clone().digested();
        ledger.write();
        (record as u64, "LDG-04")
    }),
    ("a record is altered and its digest mended", |ledger, random| {
        let record = middle(ledger, random);
        ledger.records[record].bytes[16] ^= 1;
        ledger.records[record] = ledger.records[record].clone().digested();
        ledger.write();
        (record as u64 + 1, "LDG-04")
    }),
    ("a bit of a body is flipped", |ledger, random| {
        let record = middle(ledger, random);
        let end = ledger.records[record].bytes.len() - 32;
        flip(ledger, random, record, 56, end);
        (record as u64, "LDG-05")
    }),
    ("a bit of a time is flipped", |ledger, random| {
        let record = middle(ledger, random);
        flip(ledger, random, record, 16, 24);
        (record as u64, "LDG-05")
    }),
    ("a bit of a digest is flipped", |ledger, random| {
        let record = middle(ledger, random);
        let end = ledger.records[record].bytes.len();
        flip(ledger, random, record, end - 32, end);
        (record as u64, "LDG-05")
    }),
    ("a bit of the last record is flipped", |ledger, random| {
        let record = ledger.records.len() - 1;
        let end = ledger.records[record].bytes.len();
        flip(ledger, random, record, 56, end);
        (record as u64, "LDG-05")
    }),
    ("zeros in the middle", |ledger, random| {
        let record = middle(ledger, random);
        let end = ledger.records[record].bytes.len();
        ledger.records[record].bytes[56..end].fill(0);
        ledger.write();
        (record as u64, "LDG-05")
    }),
    ("a kind that nobody knows, the chain made anew, no checkpoint", |ledger, random| {
        let record = middle(ledger, random);
        ledger.records[record].bytes[4..6].copy_from_slice(&999u16.to_le_bytes());
        chained_anew(&mut ledger.records, record);
        ledger.write();
        ledger.without_checkpoint();
        (record as u64, "LDG-06")
    }),
    ("a later version of a record, the chain made anew, no checkpoint", |ledger, random| {
        let record = middle(ledger, random);
        ledger.records[record].bytes[6] = 2;
        chained_anew(&mut ledger.records, record);
        ledger.write();
        ledger.without_checkpoint();
        (record as u64, "LDG-06")
    }),
    ("a body with a byte too many, the chain made anew, no checkpoint", |ledger, random| {
        let record = middle(ledger, random);
        let bytes = &mut ledger.records[record].bytes;
        let body = u32::from_le_bytes(bytes[..4].try_into().expect("4 bytes"));
        bytes.insert(56 + body as usize, 0);
        bytes[..4].copy_from_slice(&(body + 1).to_le_bytes());
        chained_anew(&mut ledger.records, record);
        ledger.write();
        ledger.without_checkpoint();
        (record as u64, "LDG-06")
    }),
    ("a whole history made anew under the old checkpoint", |ledger, random| {
        let record = middle(ledger, random);
        ledger.records[record].bytes[16] ^= 1;
        chained_anew(&mut ledger.records, record + 1);
        ledger.records[record] = ledger.records[record].clone().digested();
        chained_anew(&mut ledger.records, record + 1);
        ledger.write();
        (ledger.records.len() as u64 - 1, "LDG-07")
    }),
    ("the checkpoint is altered", |ledger, random| {
        let file = ledger.folder.join("checkpoint");
        let mut bytes = fs::read(&file).expect("there is a checkpoint");
        let at = random.below(bytes.len() as u64) as usize;
        bytes[at] ^= 1 << random.below(8);
        fs::write(file, bytes).expect("it can be written");
        (ledger.records.len() as u64, "LDG-07")
    }),
    ("the checkpoint is cut", |ledger, random| {
        let file = ledger.folder.join("checkpoint");
        let bytes = fs::read(&file).expect("there is a checkpoint");
        fs::write(file, &bytes[..random.below(bytes.len() as u64) as usize]).expect("it can be written");
        (ledger.records.len() as u64, "LDG-07")
    }),
    ("the checkpoint is of another zone", |ledger, _| {
        let other = if ledger.folder.ends_with("home-source/ledger") { "home-replica" } else { "home-source" };
        let file = ledger.folder.join("../..").join(other).join("ledger/checkpoint");
        fs::copy(file, ledger.folder.join("checkpoint")).expect("there is a checkpoint");
        (ledger.records.len() as u64, "LDG-07")
    }),
];

fn open(home: &Path) -> Damaged {
    let folder = home.join("ledger");
    let bytes = fs::read(folder.join("0000000000000000.seg")).expect("there is a segment");
    let records = take_apart(&bytes);
    assert!(records.len() > 8 && records.iter().zip(0..).all(|(record, number)| record.number() == number), "the ledger is small, and whole");
    assert!(records.iter().all(|record| record.clone().digested().bytes == record.bytes), "the digests are those of the specification");
    Damaged { folder, head: bytes[..HEAD].to_vec(), records }
}

fn stand() -> Stand {
    let stand = Stand::new();
    stand.write("a", "content");
    stand.round();
    stand.write("a", "changed");
    stand.carry(Side::Source);
    stand.write("b", "new");
    stand
}

fn changing(side: Side) -> Vec<Vec<&'static str>> {
    let mut lines = match side {
        Side::Source => vec![
            vec!["capture"],
            vec!["pack", "--to", "medium"],
            vec!["reconcile", "--from", "medium"],
            vec!["resend", "--route", "outward", "--item", "a", "--reason", "r"],
            vec!["cancel", "--route", "outward", "--item", "a", "--reason", "r"],
            vec!["purge", "--route", "outward", "--item", "a", "--reason", "r", "--yes"],
            vec!["archive", "add", "other", "archive"],
            vec!["route", "add", "other", "--archive", "cards", "--to", "outside"],
        ],
        Side::Replica => vec![vec!["apply", "--from", "medium"], vec!["scrub"], vec!["route", "accept", "other", "--from", "inside", "--into", "other"]],
    };
    lines.extend([vec!["carry", "medium"], vec!["breaker", "release", "outward", "--reason", "r"], vec!["ledger", "rebuild"], vec!["run", "--once"]]);
    lines
}

#[test]
fn every_damage_is_named_and_stops_the_home() {
    let mut random = Random::new("every_damage_is_named_and_stops_the_home");
    let stand = stand();
    let pristine = stand.keep();
    let mut wrong = Vec::new();
    for side in [Side::Source, Side::Replica] {
        let lines = changing(side);
        for (place, (name, harm)) in HARMS.iter().enumerate() {
            stand.restore(&pristine);
            let (first_bad, code) = harm(&mut open(&stand.home(side)), &mut random);
            let verified = stand.run(side, &["ledger", "verify"]);
            let found = (verified.exit, verified.object["first_bad"].as_u64(), verified.codes());
            if found != (Some(5), Some(first_bad), vec![code.to_owned()]) {
                wrong.push(format!("{side:?}: {name}: first bad record {first_bad} with {code}, but verify says {found:?}"));
            }
            // What lies before it is vouched for, and nothing of what comes behind.
            if verified.object["records"].as_u64() != Some(first_bad) {
                wrong.push(format!("{side:?}: {name}: first bad record {first_bad}, but {} are verified", verified.object["records"]));
            }
            let before = tree(&stand.root);
            // Two commands for each damage; every command meets many.
            for line in [&lines[place % lines.len()], &lines[(place * 5 + 3) % lines.len()]] {
                let ran = stand.run(side, line);
                if ran.exit != Some(5) || !ran.codes().iter().all(|code| code.starts_with("LDG-")) {
                    wrong.push(format!("{side:?}: {name}: {line:?} ended with {:?} {:?}", ran.exit, ran.codes()));
                }
            }
            if tree(&stand.root) != before {
                let after = tree(&stand.root);
                let changed: Vec<_> =
                    after.iter().filter(|(path, leaf)| before.get(*path) != Some(leaf)).map(|(path, _)| String::from_utf8_lossy(path).into_owned()).collect();
                wrong.push(format!("{side:?}: {name}: something changed: {changed:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    println!("{} kinds of damage on either side", HARMS.len());
}

#[test]
fn a_torn_tail_is_cut_off() {
    let mut random = Random::new("a_torn_tail_is_cut_off");
    let stand = stand();
    let pristine = stand.keep();
    for side in [Side::Source, Side::Replica] {
        for turn in 0..6 {
            stand.restore(&pristine);
            let ledger = open(&stand.home(side));
            let mut bytes = put_together(&ledger.head, &ledger.records);
            let records = ledger.records.len();
            // Behind the checkpoint lies the beginning of one more record, or what never was one.
            let mut next = ledger.records[records - 1].clone();
            next.bytes[8..16].copy_from_slice(&(records as u64).to_le_bytes());
            let previous = next.bytes[next.bytes.len() - 32..].to_vec();
            next.bytes[24..56].copy_from_slice(&previous);
            let next = next.digested();
            match turn % 3 {
                0 => bytes.extend_from_slice(&next.bytes[..1 + random.below(next.bytes.len() as u64 - 1) as usize]),
                1 => bytes.extend(std::iter::repeat_n(0, 1 + random.below(5000) as usize)),
                _ => bytes.extend(random.bytes(1 + turn * 700)),
            }
            fs::write(ledger.segment(), bytes).expect("it can be written");
            let verified = stand.run(side, &["ledger", "verify"]);
            assert_eq!(
                (verified.exit, verified.object["records"].as_u64(), &verified.object["first_bad"]),
                (Some(0), Some(records as u64), &Value::Null),
                "{verified:#?}"
            );
            let ran = stand.run(side, &["carry", "medium"]);
            assert_eq!(ran.exit, Some(0), "{ran:#?}");
            let said = verified.stderr + &ran.stderr;
            assert_eq!(said.matches("cut off the ledger").count(), 1, "one of the two cuts it and says so: {said:?}");
            for side in [Side::Source, Side::Replica, Side::Source, Side::Replica, Side::Source] {
                stand.carry(side);
            }
            stand.expect_true();
            stand.expect_whole();
        }
    }
}

/// Everything that belongs to one of the zones was put back from a copy.
fn put_back(stand: &Stand, side: Side, copied: &Path) {
    let home = stand.home(side);
    fs::remove_dir_all(&home).expect("it can be removed");
    copy(copied, &home);
}

/// What a side says once it has met the other one.
fn stopped(stand: &Stand, side: Side, code: &str) {
    let ran = stand.run(side, &["carry", "medium"]);
    assert_eq!(ran.exit, Some(5), "{side:?}: {ran:#?}");
    assert!(ran.codes().iter().any(|named| named == code), "{side:?}: {code} is to be named: {:?}", ran.codes());
    let route = stand.route(side);
    assert_eq!((route["stopped"].as_str(), route["next"].as_str()), (Some(code), Some("rebase")), "{route}");
    assert_eq!(stand.run(side, &["carry", "medium"]).exit, Some(5), "and stays so");
}

#[test]
fn an_older_copy_of_the_source_is_noticed() {
    // By the replica, whatever the old copy packs first.
    let stand = Stand::new();
    stand.write("a", "content");
    stand.round();
    copy(&stand.home(Side::Source), &stand.folder("copy"));
    stand.write("a", "changed");
    stand.round();
    stand.expect_true();
    let replica = tree(&stand.replica);
    put_back(&stand, Side::Source, &stand.folder("copy"));
    stand.write("b", "new");
    stand.run(Side::Source, &["carry", "medium"]);
    let ran = stand.run(Side::Replica, &["carry", "medium"]);
    assert_eq!(ran.exit, Some(5), "{ran:#?}");
    assert!(ran.codes().iter().any(|code| code.starts_with("FRK-0")), "{:?}", ran.codes());
    assert_eq!(tree(&stand.replica), replica, "nothing of it was applied");
    assert!(stand.route(Side::Replica)["stopped"].as_str().is_some_and(|code| code.starts_with("FRK-0")), "{}", stand.route(Side::Replica));
    assert_eq!(stand.run(Side::Replica, &["carry", "medium"]).exit, Some(5), "and stays so");
}

#[test]
fn an_older_copy_of_the_source_notices_itself() {
    // The receipt of a package that this ledger never packed.
    let stand = Stand::new();
    stand.write("a", "content");
    stand.round();
    copy(&stand.home(Side::Source), &stand.folder("copy"));
    stand.write("a", "changed");
    stand.carry(Side::Source);
    stand.carry(Side::Replica);
    put_back(&stand, Side::Source, &stand.folder("copy"));
    stopped(&stand, Side::Source, "FRK-01");
}

#[test]
fn an_older_copy_of_the_replica_is_noticed() {
    let stand = Stand::new();
    stand.write("a", "content");
    stand.round();
    stand.carry(Side::Replica);
    copy(&stand.home(Side::Replica), &stand.folder("copy"));
    stand.write("a", "changed");
    stand.round();
    stand.expect_true();
    put_back(&stand, Side::Replica, &stand.folder("copy"));
    stand.write("b", "new");
    stand.carry(Side::Source);
    // The package quotes what the source has seen of the replica's ledger: more than there is.
    stopped(&stand, Side::Replica, "FRK-02");
}

#[test]
fn a_home_made_anew_is_another_zone() {
    let stand = Stand::new();
    stand.write("a", "content");
    stand.round();
    fs::remove_dir_all(stand.home(Side::Replica)).expect("it can be removed");
    stand.expect(Side::Replica, &["init", "--zone", "outside", "--role", "replica"], 0);
    let card = stand.expect(Side::Source, &["card"], 0);
    stand.expect(Side::Replica, &["trust", "inside.card", "--fingerprint", card["fingerprint"].as_str().expect("a fingerprint")], 0);
    stand.expect(Side::Replica, &["route", "accept", "outward", "--from", "inside", "--into", "replica"], 0);
    stand.write("b", "new");
    stand.carry(Side::Source);
    let ran = stand.run(Side::Replica, &["carry", "medium"]);
    assert_eq!(ran.exit, Some(3), "sealed for keys that are no more: {ran:#?}");
}
