//! A ledger of any length: followed whole, its index made anew, and random edits found at the first bad record (FAULTS K07, C06).
//!
//! `GAPFERRY_RECORDS` and `GAPFERRY_EDITS` say how many; the full size (tests/full/43-ledger.sh) is 10,000,000 and 100,000. The
//! edits are made to a view of the files, so that nothing has to be put back.

#![allow(clippy::unwrap_used, clippy::expect_used)]

mod edited;
mod stand;

use edited::{Edit, EditedDisk};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;
use store::ledger::{Head, Known, Ledger, LedgerError, Position};
use store::real::RealDisk;
use wire::manifest::Mark;
use wire::receipt::Range;
use wire::record::{Acted, Captured, CapturedRow, Carried, FileStat, PackBegun, Packed, PackedRow, Reconciled, Record, SettledRow};
use wire::{Digest, Incarnation, ItemId, MediumId, PackageId};

/// Items of the archive whose life is written.
const ITEMS: u64 = 2000;

fn size(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().map_or(usual, |text| text.parse().unwrap_or_else(|_| panic!("{variable} is no number: {text}")))
}

/// Bytes that differ from call to call.
fn id(number: u64, salt: u8) -> [u8; 32] {
    *blake3::Hasher::new().update(&number.to_le_bytes()).update(&[salt]).finalize().as_bytes()
}

/// The records of one crossing: an item changes, is packed, is proven by a replica that has seen this ledger up to `seen`.
fn crossing(number: u64, seen: Head) -> [Record; 5] {
    let (item, version) = ((number % ITEMS) as u32, number / ITEMS + 1);
    let stat = FileStat { size: 3000, modified: number as i64, changed: number as i64, inode: number, executable: false };
    let (package, digest) = (PackageId(id(number, 1)[..16].try_into().unwrap()), Digest(id(number, 2)));
    let (archive, route, sequence) = ("archive".to_owned(), "all".to_owned(), number + 1);
    let row = CapturedRow { item, id: (version == 1).then(|| ItemId(format!("folder {}/card {item}", item % 20).into_bytes())), version, stat: Some(stat) };
    let mark = if version == 1 { Mark::Add } else { Mark::Document };
    let packed = PackedRow {
        item,
        version,
        mark,
        digest,
        bytes: 3000,
        projected: digest,
        expected: digest,
        part: None,
        young: false,
        shape: wire::record::Shape::Plain,
        read: None,
    };
    let settled = SettledRow { item, version, projected: digest, digest, bytes: 3000, outcome: 1, part: None, removed: false, purged: None };
    let said = || Acted { who: "archivist".into(), host: "inside".into(), command: "carry /media/one".into(), reason: String::new(), result: "1 item".into() };
    [
        Captured { archive, root: None, rows: vec![row] }.into(),
        PackBegun { route: route.clone(), sequence, package }.into(),
        Packed {
            route: route.clone(),
            sequence,
            package,
            carried: Carried::Medium(MediumId([7; 16])),
            file_digest: digest,
            file_bytes: 20_000,
            document_bytes: 3000,
            acknowledges: number,
            full_receipt: false,
            inventory: None,
            rows: vec![packed],
            chunks: Vec::new(),
        }
        .into(),
        Reconciled {
            route,
            receipt: PackageId(id(number, 3)[..16].try_into().unwrap()),
            number: sequence,
            incarnation: Incarnation([3; 16]),
            ledger: Head { number: sequence * 5, digest },
            seen,
            answered: vec![Range { first: sequence, last: sequence }],
            highest: sequence,
            missing: Vec::new(),
            rows: vec![settled],
            state: Default::default(),
            more: false,
            extra: 0,
        }
        .into(),
        said().into(),
    ]
}

/// Where records lie that are to be edited: the chain known at the one before, and the places of it and of what follows.
struct Spot {
    number: u64,
    known: Known,
    /// Of the record before, of it, and of the two that follow it.
    places: [Position; 4],
}

/// Writes so many records behind what is there; gives the spots for the edits.
fn write(ledger: &mut Ledger, records: u64, spots: u64, random: &mut impl FnMut(u64) -> u64) -> Vec<Spot> {
    let mut wanted: Vec<u64> = (0..spots).map(|_| ledger.head_appended().number + 2 + random(records.saturating_sub(8))).collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut wanted = wanted.into_iter().peekable();
    let mut last: std::collections::VecDeque<(Position, Head)> = std::collections::VecDeque::new();
    let mut found = Vec::new();
    let first = ledger.head_appended().number;
    for number in 0.. {
        for record in &crossing(number, ledger.head_appended()) {
            let before = ledger.head_appended();
            if before.number - first >= records {
                ledger.commit().unwrap();
                return found;
            }
            let place = ledger.append(1_700_000_000 + before.number as i64, record.kind(), &record.encode()).unwrap();
            last.push_back((place, before));
            if last.len() > 4 {
                last.pop_front();
            }
            // The spot's record is the second of the four.
            if last.len() == 4 && wanted.next_if_eq(&last[1].1.number).is_some() {
                let places = [last[0].0, last[1].0, last[2].0, last[3].0];
                if places.iter().all(|place| place.segment == places[0].segment) {
                    found.push(Spot { number: last[1].1.number, known: Known { position: last[0].0, head: last[0].1 }, places });
                }
            }
        }
    }
    found
}

/// An edit at a spot, and the record at which it must be found.
fn edit(spot: &Spot, files: &Path, random: &mut impl FnMut(u64) -> u64) -> (&'static str, Edit, u64) {
    let [_, at, next, after] = spot.places.map(|place| place.offset);
    let bytes = |from: u64, to: u64| edited::bytes(&files.join(edited::file_name(&segment_name(spot.known.position.segment))), from, to);
    let edit = |at, removed, inserted| Edit { segment: segment_name(spot.known.position.segment), at, removed, inserted };
    match random(6) {
        0 => {
            let place = at + random(next - at);
            let flipped = bytes(place, place + 1)[0] ^ 1 << random(8);
            ("flipped", edit(place, 1, vec![flipped]), spot.number)
        }
        1 => ("deleted", edit(at, next - at, Vec::new()), spot.number),
        2 => ("doubled", edit(next, 0, bytes(at, next)), spot.number + 1),
        3 => ("swapped", edit(at, after - at, [bytes(next, after), bytes(at, next)].concat()), spot.number),
        4 => {
            let (place, byte) = (at + random(next - at), random(256) as u8);
            // A byte like all that follow it up to the end of the record leaves that as it is: the first bad one is the next.
            let leaves = bytes(place, next).iter().all(|following| *following == byte);
            ("byte inserted", edit(place, 0, vec![byte]), spot.number + u64::from(leaves))
        }
        _ => ("cut", edit(at + random(next - at), u64::MAX, Vec::new()), spot.number),
    }
}

fn segment_name(first: u64) -> Vec<u8> {
    store::frame::segment_name(first)
}

#[test]
fn a_long_ledger_is_followed_and_every_edit_found() {
    let (records, edits, seed) = (size("GAPFERRY_RECORDS", 20_000), size("GAPFERRY_EDITS", 600), size("GAPFERRY_SEED", 1));
    println!("GAPFERRY_SEED={seed}");
    let mut state = seed;
    let mut random = move |below: u64| {
        state += 1;
        u64::from_le_bytes(id(state, 9)[..8].try_into().unwrap()) % below.max(1)
    };
    let stand = stand::Stand::new();
    let home = stand.home("source");
    let files = home.join("ledger");
    let disk = Arc::new(RealDisk::new());
    let begun = Instant::now();
    let (mut ledger, _) = Ledger::open(disk.clone(), &files, None, None).unwrap();
    let spots = write(&mut ledger, records, edits, &mut random);
    let end = ledger.head();
    drop(ledger);
    println!("{} records written in {:.1} s", end.number, begun.elapsed().as_secs_f64());

    let begun = Instant::now();
    let report = driver::ledger_verify(&stand.world, &home).unwrap();
    println!("verified: {} records, {} bytes in {:.1} s", report.records, report.bytes, begun.elapsed().as_secs_f64());
    assert_eq!((report.records, report.first_bad), (end.number, None));
    let begun = Instant::now();
    let report = driver::ledger_rebuild(&stand.world, &home).unwrap();
    println!("index made anew in {:.1} s, opening and verifying included", begun.elapsed().as_secs_f64());
    assert_eq!(report.first_bad, None);

    let begun = Instant::now();
    let mut kinds = std::collections::BTreeMap::<&str, u64>::new();
    for spot in &spots {
        let (kind, edit, expected) = edit(spot, &files, &mut random);
        let unchanged = edit.changes_nothing(&files);
        let disk = Arc::new(EditedDisk::new(edit));
        match Ledger::open_reading(disk, &files, Some(spot.known), Some(end)) {
            Err(LedgerError::Damage(damage)) => assert_eq!(damage.number, expected, "{kind}"),
            other => assert!(unchanged, "{kind} of record {} was not found: {:?}", spot.number, other.map(|(_, opened)| opened)),
        }
        *kinds.entry(kind).or_default() += 1;
    }
    println!("{} edits found at the first bad record in {:.1} s: {kinds:?}", spots.len(), begun.elapsed().as_secs_f64());
    assert!(spots.len() as u64 > edits / 2);
}
