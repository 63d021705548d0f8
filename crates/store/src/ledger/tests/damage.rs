//! Bytes altered, cut off and added: what is cut, and what is named as damage.

use super::*;

const BODIES: [&[u8]; 5] = [b"first", b"", b"the third, a little longer", b"4", b"and the last"];

/// Where record `number` of [`BODIES`] starts; the end for 5.
fn start(number: usize) -> usize {
    16 + BODIES[..number].iter().map(|body| 88 + body.len()).sum::<usize>()
}

/// The head after all five.
fn durable(ground: &Ground) -> Head {
    ground.open(None).unwrap().1.head
}

#[test]
fn a_tail_torn_at_any_byte_is_cut() {
    let ground = Ground::with(&BODIES);
    let whole = ground.bytes();
    assert_eq!(whole.len(), start(5));
    let durable = durable(&ground);
    for length in start(4)..start(5) {
        ground.put(&whole[..length]);
        let (reading, opened) = ground.reading(None).unwrap();
        assert_eq!((opened.head.number, reading.head().number), (4, 4), "length {length}");
        assert_eq!(ground.bytes().len(), length, "a reader never cuts");
        let below_checkpoint = damaged(ground.open(Some(durable)));
        assert_eq!((below_checkpoint.number, below_checkpoint.code()), (4, if length == start(4) { "LDG-07" } else { "LDG-02" }), "length {length}");
        assert_eq!(ground.bytes().len(), length, "damage is left as it is");

        let (mut ledger, opened) = ground.open(None).unwrap();
        let torn = Torn { segment: 0, offset: start(4) as u64, bytes: (length - start(4)) as u64, clause: wire::Rejection(&wire::clause::LDG_LENGTH) };
        assert_eq!(opened.torn, (torn.bytes > 0).then_some(torn), "length {length}");
        assert_eq!(ground.bytes(), whole[..start(4)], "length {length}");
        ledger.append(1004, 4, BODIES[4]).unwrap();
        ledger.commit().unwrap();
        assert_eq!(ground.bytes(), whole, "the same record gives the same bytes");
        assert_eq!(ground.open(Some(durable)).unwrap().1.torn, None);
    }
}

#[test]
fn every_prefix_is_the_ledger_up_to_there() {
    let ground = Ground::with(&BODIES);
    let whole = ground.bytes();
    for length in 0..=whole.len() {
        ground.put(&whole[..length]);
        if length < 16 {
            let damage = damaged(ground.open(None));
            assert_eq!((damage.number, damage.code(), damage.offset), (0, "LDG-01", 0));
            continue;
        }
        let records = (0..5).filter(|number| start(number + 1) <= length).count();
        let (ledger, opened) = ground.open(None).unwrap();
        assert_eq!(opened.head.number, records as u64);
        assert_eq!(bodies(&ledger), BODIES[..records]);
    }
}

#[test]
fn every_byte_flipped_is_named_or_a_torn_tail() {
    let ground = Ground::with(&BODIES);
    let whole = ground.bytes();
    let durable = durable(&ground);
    for at in 0..whole.len() {
        let record = (0..5).rev().find(|number| start(*number) <= at);
        let fields: &[&str] = match record.map(|record| at - start(record)) {
            None => &["LDG-01"],
            Some(0..4) => &["LDG-02", "LDG-05"],
            Some(8..16) => &["LDG-03"],
            Some(24..56) => &["LDG-04"],
            Some(_) => &["LDG-05"],
        };
        for mask in [0x01, 0x80, 0xff] {
            let mut flipped = whole.clone();
            flipped[at] ^= mask;
            ground.put(&flipped);
            let named = |damage: Damage| {
                assert_eq!(damage.number, record.unwrap_or(0) as u64, "byte {at}: {damage}");
                assert_eq!(damage.offset, record.map_or(0, start) as u64, "byte {at}: {damage}");
                assert!(fields.contains(&damage.code()), "byte {at}: {damage}");
            };
            // Below the checkpoint everything is damage, and left as it is.
            named(damaged(ground.open(Some(durable))));
            named(damaged(ground.reading(Some(durable))));
            let (reading, opened) = match ground.reading(None) {
                Ok(opened) => opened,
                Err(error) => {
                    named(damaged(Err::<(), _>(error)));
                    assert!(record.is_none_or(|record| record < 4), "byte {at}");
                    named(damaged(ground.open(None)));
                    assert_eq!(ground.bytes(), flipped);
                    continue;
                }
            };
            // Above it the last record, and no other, may be taken for an append that was never committed.
            assert_eq!(record, Some(4), "byte {at}");
            assert_eq!(opened.torn.unwrap().offset, start(4) as u64);
            assert_eq!(reading.verify(&mut |_, _| {}).unwrap().torn, opened.torn);
            assert_eq!(ground.bytes(), flipped);
            assert_eq!(ground.open(None).unwrap().1.torn, opened.torn);
            assert_eq!(ground.bytes(), whole[..start(4)]);
        }
    }
}

#[test]
fn garbage_behind_the_tail_is_cut() {
    let ground = Ground::with(&BODIES);
    let whole = ground.bytes();
    let durable = durable(&ground);
    let pattern = |byte: u8, length: usize| vec![byte; length];
    for garbage in [pattern(0, 1), pattern(0, 87), pattern(0, 88), pattern(0, 5000), pattern(1, 300), pattern(0xff, 300), whole[16..100].to_vec()] {
        ground.put(&[&whole[..], &garbage].concat());
        let (ledger, opened) = ground.open(Some(durable)).unwrap();
        assert_eq!(opened.torn.unwrap().bytes, garbage.len() as u64);
        assert_eq!(bodies(&ledger), BODIES);
        assert_eq!(ground.bytes(), whole);
    }
}

#[test]
fn a_whole_record_that_does_not_continue_the_chain_is_damage() {
    let ground = Ground::with(&BODIES);
    let whole = ground.bytes();
    let chain = frame::Chain::default();
    let previous = records(&ground.reading(None).unwrap().0)[4].1.digest;
    let written = |number, previous| {
        let mut bytes = whole.clone();
        chain.write(&mut bytes, number, 0, previous, 1, b"foreign");
        bytes
    };
    let doubled = [&whole[..], &whole[start(4)..]].concat();
    for (bytes, code) in
        [(doubled, "LDG-03"), (written(6, previous), "LDG-03"), (written(4, previous), "LDG-03"), (written(5, wire::Digest([1; 32])), "LDG-04")]
    {
        ground.put(&bytes);
        let damage = damaged(ground.open(None));
        assert_eq!((damage.number, damage.code(), damage.offset), (5, code, start(5) as u64));
        assert_eq!(ground.bytes(), bytes);
    }
    ground.put(&written(5, previous));
    assert_eq!(ground.open(None).unwrap().1.head.number, 6);
}

#[test]
fn a_whole_record_far_behind_is_found_wherever_it_starts() {
    // Around the seam of the windows in which it is looked for.
    for before in [0, 1, 30, 54, 55, 56, 57, 100] {
        let body = vec![0; (1 << 20) - before - 87];
        let ground = Ground::with(&[&body, b"behind"]);
        let mut bytes = ground.bytes();
        bytes[16 + 60] ^= 1;
        ground.put(&bytes);
        assert_eq!(damaged(ground.open(None)).number, 0, "{before} before the seam");
    }
}

#[test]
fn a_record_of_a_later_version_is_never_cut() {
    let ground = Ground::with(&BODIES);
    let whole = ground.bytes();
    let previous = records(&ground.reading(None).unwrap().0)[4].1.digest;
    let mut later = frame::Header { body_bytes: 3, kind: 1, version: 2, number: 5, time: 0, previous }.encode().to_vec();
    later.extend_from_slice(b"new");
    let digest = blake3::derive_key(frame::CONTEXT, &later);
    later.extend_from_slice(&digest);
    ground.put(&[&whole[..], &later].concat());
    assert_eq!(damaged(ground.open(None)).code(), "LDG-06");
    // Nor is it overlooked behind a record that is not whole.
    let mut torn = [&whole[..], &later].concat();
    torn[start(4) + 60] ^= 1;
    ground.put(&torn);
    assert_eq!(damaged(ground.open(None)).number, 4);
}

#[test]
fn the_checkpoint_binds() {
    let ground = Ground::with(&BODIES);
    let heads: Vec<Head> = records(&ground.reading(None).unwrap().0).iter().map(|(_, record)| record.head()).collect();
    for head in &heads {
        ground.open(Some(*head)).unwrap();
        ground.reading(Some(*head)).unwrap();
        let other = Head { digest: wire::Digest([7; 32]), ..*head };
        for damage in [damaged(ground.open(Some(other))), damaged(ground.reading(Some(other)))] {
            assert_eq!((damage.code(), damage.number), ("LDG-07", head.number - 1));
        }
    }
    for ahead in [6, 7, u64::MAX] {
        let damage = damaged(ground.open(Some(Head { number: ahead, digest: heads[4].digest })));
        assert_eq!((damage.code(), damage.number), ("LDG-07", 5));
    }
    let whole = ground.bytes();
    for number in 0..5 {
        ground.put(&whole[..start(number)]);
        let damage = damaged(ground.open(Some(heads[4])));
        assert_eq!((damage.code(), damage.number), ("LDG-07", number as u64), "cut at a record's end");
    }
}

#[test]
fn reading_stops_at_damage() {
    let ground = Ground::with(&BODIES);
    let (reading, _) = ground.reading(None).unwrap();
    let all = records(&reading);
    let mut flipped = ground.bytes();
    flipped[start(2) + 60] ^= 1;
    ground.put(&flipped);
    let mut read = reading.read_from(Position::START);
    assert_eq!(read.next().unwrap().unwrap(), all[0]);
    assert_eq!(read.next().unwrap().unwrap(), all[1]);
    assert_eq!(damaged(read.next().unwrap()).number, 2);
    assert!(read.next().is_none(), "nothing after damage");
    assert_eq!(damaged(reading.read_at(all[2].0)).number, 2);
    assert_eq!(reading.read_at(all[3].0).unwrap(), all[3].1);
    assert_eq!(damaged(reading.verify(&mut |_, _| {})).number, 2);
}
