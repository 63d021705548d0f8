//! Readers beside a writer, and places that are none.

use super::*;

#[test]
fn a_reader_sees_what_was_committed_when_it_opened() {
    let ground = Ground::with(&[b"one"]);
    let (mut ledger, _) = ground.open(None).unwrap();
    let (early, _) = ground.reading(None).unwrap();
    let running = ledger.read_from(Position::START);
    ledger.append(0, 1, b"two").unwrap();
    let (pending, _) = ground.reading(None).unwrap();
    ledger.commit().unwrap();
    let (late, _) = ground.reading(None).unwrap();
    assert_eq!((bodies(&early).len(), bodies(&pending).len(), bodies(&late).len(), running.count()), (1, 1, 2, 1));
    assert_eq!(bodies(&ledger).len(), 2);
    // Rotation does not disturb a reader.
    let mut ledger = ledger.with_segment_bytes_max(16);
    for body in [b"three", b"4four", b"5five"] {
        ledger.append(0, 1, body).unwrap();
        ledger.commit().unwrap();
        assert_eq!(early.verify(&mut |_, _| {}).unwrap().records, 2, "verifying goes to the end of the segments it knows");
        assert_eq!(bodies(&late).len(), 2);
    }
    assert_eq!(ground.reading(Some(ledger.head())).unwrap().1.records, 5);
}

#[test]
fn a_place_that_is_none_is_refused() {
    let ground = Ground::with(&[b"one", b"two"]);
    let (ledger, _) = ground.open(None).unwrap();
    let end = ledger.end();
    let places = [
        Position { segment: 0, offset: 0 },
        Position { segment: 0, offset: 15 },
        end,
        Position { segment: 0, offset: end.offset + 1 },
        Position { segment: 0, offset: u64::MAX },
        Position { segment: 1, offset: 16 },
        Position { segment: u64::MAX, offset: 16 },
    ];
    for place in places {
        assert!(matches!(ledger.read_at(place), Err(LedgerError::NoRecord(at)) if at == place), "{place:?}");
        let mut read = ledger.read_from(place);
        if place < end {
            assert!(matches!(read.next(), Some(Err(LedgerError::NoRecord(at))) if at == place), "{place:?}");
        }
        assert!(read.next().is_none());
    }
    for offset in 17..end.offset {
        let place = Position { segment: 0, offset };
        let second = records(&ledger)[1].0;
        if place != second {
            damaged(ledger.read_at(place));
            damaged(ledger.read_from(place).next().unwrap());
        }
    }
}

#[test]
fn a_snapshot_of_the_files_taken_while_writing_opens() {
    // What a killed writer leaves: some prefix of its appends, seen by a reader that has no lock.
    let ground = Ground::with(&[b"one", b"two", b"three"]);
    let whole = ground.bytes();
    for length in 16..whole.len() {
        ground.put(&whole[..length]);
        let (reading, opened) = ground.reading(None).unwrap();
        let verified = reading.verify(&mut |_, _| {}).unwrap();
        assert_eq!((verified.head, verified.torn), (opened.head, opened.torn));
        assert_eq!(ground.bytes(), whole[..length]);
    }
}
