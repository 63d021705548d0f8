//! Checkpoint and snapshot: what is kept beside the chain.

use super::*;
use std::io::Read;
use std::path::Path;

const KEY: [u8; 32] = [7; 32];

/// The place and the body of the snapshot there.
fn read(dir: &Path) -> Option<(Known, Vec<u8>)> {
    let snapshot = Ledger::read_snapshot(&*disk(), dir, &KEY, 7)?;
    let (known, mut body) = (snapshot.known, Vec::new());
    snapshot.body().read_to_end(&mut body).unwrap();
    Some((known, body))
}

#[test]
fn a_checkpoint_is_kept_and_replaced() {
    let ground = Ground::with(&[b"one"]);
    assert_eq!(Ledger::read_checkpoint(&*disk(), &ground.dir).unwrap(), None);
    assert_eq!(Ledger::read_checkpoint(&*disk(), &ground.dir.join("nowhere")).unwrap(), None);
    let (mut ledger, _) = ground.open(None).unwrap();
    for bytes in [&b"first"[..], b"", &[5; CHECKPOINT_BYTES_MAX as usize]] {
        ledger.write_checkpoint(bytes).unwrap();
        assert_eq!(Ledger::read_checkpoint(&*disk(), &ground.dir).unwrap().unwrap(), bytes);
    }
    std::fs::write(ground.dir.join("checkpoint"), [5; CHECKPOINT_BYTES_MAX as usize + 1]).unwrap();
    assert!(matches!(Ledger::read_checkpoint(&*disk(), &ground.dir), Err(LedgerError::Io(_))));
}

/// A ledger of five records with a snapshot after the third.
fn with_snapshot() -> (Ground, Known, Head) {
    let ground = Ground::with(&[b"one", b"two", b"three"]);
    let (mut ledger, _) = ground.open(None).unwrap();
    let known = ledger.known();
    ledger.write_snapshot(&KEY, 7, known, &mut |out| out.write_all(b"the view")).unwrap();
    for body in [b"four", b"five"] {
        ledger.append(0, 1, body).unwrap();
        ledger.commit().unwrap();
    }
    let head = ledger.head();
    (ground, known, head)
}

#[test]
fn a_snapshot_reads_back_and_is_replaced() {
    let (ground, known, _) = with_snapshot();
    assert_eq!(read(&ground.dir), Some((known, b"the view".to_vec())));
    assert!(Ledger::read_snapshot(&*disk(), &ground.dir, &KEY, 8).is_none(), "the body is of another form");
    assert!(Ledger::read_snapshot(&*disk(), &ground.dir, &[8; 32], 7).is_none(), "made without the key of the home");
    let (ledger, _) = ground.open(None).unwrap();
    for length in [0, 1, 5_000_000] {
        let body: Vec<u8> = (0..length).map(|n: u32| n as u8).collect();
        ledger.write_snapshot(&KEY, 7, ledger.known(), &mut |out| body.chunks(777).try_for_each(|piece| out.write_all(piece))).unwrap();
        assert_eq!(read(&ground.dir), Some((ledger.known(), body)));
    }
    let failed = ledger.write_snapshot(&KEY, 7, known, &mut |_| Err(io::Error::other("no")));
    assert!(matches!(failed, Err(LedgerError::Io(_))));
    assert_eq!(read(&ground.dir).unwrap().1.len(), 5_000_000, "a failed one leaves the one before");
    assert!(!ground.dir.join("snapshot.part").exists());
}

#[test]
fn a_damaged_snapshot_is_none() {
    let (ground, ..) = with_snapshot();
    let path = ground.dir.join("snapshot");
    let whole = std::fs::read(&path).unwrap();
    let mut altered: Vec<Vec<u8>> = (0..whole.len()).map(|length| whole[..length].to_vec()).collect();
    altered.push([&whole[..], b"x"].concat());
    for at in 0..whole.len() {
        for mask in [1, 0x80] {
            let mut flipped = whole.clone();
            flipped[at] ^= mask;
            altered.push(flipped);
        }
    }
    for bytes in altered {
        std::fs::write(&path, &bytes).unwrap();
        assert_eq!(read(&ground.dir), None);
    }
    std::fs::remove_file(&path).unwrap();
    assert_eq!(read(&ground.dir), None);
    std::fs::create_dir(&path).unwrap();
    assert_eq!(read(&ground.dir), None);
    assert_eq!(read(&ground.dir.join("nowhere")), None);
}

#[test]
fn opening_from_a_known_place_reads_only_what_follows() {
    let (ground, known, head) = with_snapshot();
    for durable in [None, Some(head), Some(known.head)] {
        let (ledger, opened) = Ledger::open(disk(), &ground.dir, Some(known), durable).unwrap();
        assert_eq!(opened, Opened { head, end: ledger.end(), torn: None, known: true, records: 2 });
        assert_eq!(records(&ledger).len(), 5);
        let (_, opened) = Ledger::open_reading(disk(), &ground.dir, Some(known), durable).unwrap();
        assert!(opened.known);
    }
    let end = Known { position: Position { segment: 0, offset: std::fs::metadata(ground.segment(0)).unwrap().len() }, head };
    assert_eq!(Ledger::open(disk(), &ground.dir, Some(end), Some(head)).unwrap().1.records, 0);
    assert_eq!(Ledger::open(disk(), &ground.dir, Some(Known::default()), None).unwrap().1.records, 5);
    // What lies before is not read; verifying reads it.
    let mut flipped = ground.bytes();
    flipped[16 + 60] ^= 1;
    ground.put(&flipped);
    let (ledger, opened) = Ledger::open(disk(), &ground.dir, Some(known), Some(head)).unwrap();
    assert_eq!(opened.records, 2);
    assert_eq!(damaged(ledger.verify(&mut |_, _| {})).number, 0);
}

#[test]
fn a_place_that_is_not_on_the_chain_is_not_used() {
    let (ground, known, head) = with_snapshot();
    let other = Head { digest: wire::Digest([9; 32]), ..known.head };
    let at = |segment, offset| Known { position: Position { segment, offset }, ..known };
    let offset = known.position.offset;
    for wrong in
        [Known { head: other, ..known }, at(0, offset + 1), at(0, offset - 1), at(0, 16), at(0, 0), at(0, u64::MAX), at(1, offset), at(3, 16), at(0, 1 << 30)]
    {
        let (_, opened) = Ledger::open(disk(), &ground.dir, Some(wrong), Some(head)).unwrap();
        assert_eq!((opened.known, opened.records), (false, 5), "{wrong:?}");
    }
    // A checkpoint before the place is proven only by reading all.
    let first = records(&ground.reading(None).unwrap().0)[0].1.head();
    let (_, opened) = Ledger::open(disk(), &ground.dir, Some(known), Some(first)).unwrap();
    assert_eq!((opened.known, opened.records), (false, 5));
    let forged = Head { digest: wire::Digest([9; 32]), ..first };
    assert_eq!(damaged(Ledger::open(disk(), &ground.dir, Some(known), Some(forged))).code(), "LDG-07");
    let forged = Head { digest: wire::Digest([9; 32]), ..known.head };
    assert_eq!(damaged(Ledger::open(disk(), &ground.dir, Some(known), Some(forged))).code(), "LDG-07");
}

#[test]
fn a_known_place_may_lie_at_the_seam_of_two_segments() {
    let ground = Ground::with(&[b"one", b"two"]);
    let (ledger, _) = ground.open(None).unwrap();
    let known = ledger.known();
    let mut ledger = ledger.with_segment_bytes_max(16);
    ledger.append(0, 1, b"three").unwrap();
    ledger.commit().unwrap();
    let head = ledger.head();
    drop(ledger);
    let seam = Known { position: Position { segment: 2, offset: 16 }, ..known };
    for place in [known, seam] {
        let (_, opened) = Ledger::open(disk(), &ground.dir, Some(place), Some(head)).unwrap();
        assert_eq!((opened.known, opened.records, opened.head), (true, 1, head));
    }
    let wrong = Known { head: Head { digest: head.digest, ..known.head }, ..seam };
    assert!(!Ledger::open(disk(), &ground.dir, Some(wrong), Some(head)).unwrap().1.known);
}
