//! Several segments: how they follow one another, and what happens when one is gone.

use super::*;

/// A ledger of 20 records in segments of a few each.
fn segments() -> (Ground, Vec<u64>, Head) {
    let ground = Ground::new();
    let mut ledger = ground.create().with_segment_bytes_max(500);
    for n in 0..20u8 {
        ledger.append(i64::from(n), 1, &vec![n; usize::from(n) * 5]).unwrap();
        if n % 3 == 0 {
            ledger.commit().unwrap();
        }
    }
    ledger.commit().unwrap();
    let firsts = ledger.files.segments.clone();
    assert!(firsts.len() > 4);
    let head = ledger.head();
    (ground, firsts, head)
}

#[test]
fn records_go_on_from_segment_to_segment() {
    let (ground, firsts, head) = segments();
    assert_eq!(ground.names().len(), firsts.len() + 1);
    for (ledger, opened) in [ground.reading(Some(head)).unwrap(), ground.reading(None).unwrap()] {
        assert_eq!((opened.head, opened.torn, opened.records), (head, None, 20));
        let all = records(&ledger);
        for (n, (position, record)) in all.iter().enumerate() {
            assert_eq!((record.number, record.body.len()), (n as u64, n * 5));
            assert_eq!(firsts.contains(&record.number), position.offset == 16, "a segment is named by its first record");
            assert_eq!(ledger.read_at(*position).unwrap(), *record);
            let rest: Vec<_> = ledger.read_from(*position).map(Result::unwrap).collect();
            assert_eq!(rest, all[n..]);
        }
        assert_eq!(ledger.read_from(ledger.end()).count(), 0);
        let mut told = Vec::new();
        let verified = ledger.verify(&mut |done, total| told.push((done, total))).unwrap();
        assert_eq!((verified.records, verified.head, verified.bytes), (20, head, all.iter().map(|(_, record)| 88 + record.body.len() as u64).sum()));
        assert_eq!((told[0], *told.last().unwrap()), ((0, verified.bytes), (verified.bytes, verified.bytes)));
    }
    for first in &firsts[..firsts.len() - 1] {
        let length = std::fs::metadata(ground.segment(*first)).unwrap().len();
        assert!((500..700).contains(&length), "a segment ends with the record that passes the limit: {length}");
    }
}

/// FAULTS K07: what the other side has seen is looked up by its number, wherever a segment ends.
#[test]
fn the_end_after_each_record_is_found() {
    let (ground, firsts, head) = segments();
    let (ledger, _) = ground.reading(None).unwrap();
    let heads: Vec<Head> = records(&ledger).iter().map(|(_, record)| record.head()).collect();
    assert!(firsts[1..].iter().all(|first| heads.iter().any(|head| head.number == *first)));
    for head in &heads {
        assert_eq!(ledger.head_at(head.number).unwrap(), Some(*head), "after {} records", head.number);
    }
    assert_eq!((ledger.head_at(0).unwrap(), ledger.head_at(head.number + 1).unwrap()), (None, None));
}

#[test]
fn a_ledger_goes_on_in_its_last_segment() {
    let (ground, firsts, head) = segments();
    let (mut ledger, _) = ground.open(None).unwrap();
    let position = ledger.append(0, 1, b"more").unwrap();
    ledger.commit().unwrap();
    assert_eq!(position.segment, *firsts.last().unwrap());
    assert_eq!(ledger.head().number, head.number + 1);
    let mut ledger = ledger.with_segment_bytes_max(16);
    let position = ledger.append(0, 1, b"still more").unwrap();
    assert_eq!(position, Position { segment: 21, offset: 16 });
    drop(ledger);
    // A segment that has no record yet.
    let (ledger, opened) = ground.open(None).unwrap();
    assert_eq!((opened.head.number, opened.end, opened.torn), (21, position, None));
    assert_eq!(records(&ledger).len(), 21);
    let mut ledger = ledger;
    assert_eq!(ledger.append(0, 1, b"still more").unwrap(), position);
    ledger.commit().unwrap();
    assert_eq!(ground.open(None).unwrap().1.head.number, 22);
}

#[test]
fn a_segment_that_is_gone_is_named() {
    let (ground, firsts, head) = segments();
    let away = ground.dir.join("away");
    for (index, &first) in firsts.iter().enumerate() {
        std::fs::rename(ground.segment(first), &away).unwrap();
        let last = index + 1 == firsts.len();
        let damage = damaged(ground.open(Some(head)));
        assert_eq!((damage.number, damage.code()), (first, if last { "LDG-07" } else { "LDG-03" }));
        if last {
            assert_eq!(ground.open(None).unwrap().1.head.number, first, "without a checkpoint a missing end cannot be seen");
        } else {
            assert_eq!(damaged(ground.open(None)), damage);
        }
        std::fs::rename(&away, ground.segment(first)).unwrap();
    }
    ground.open(Some(head)).unwrap();
}

#[test]
fn a_segment_that_is_cut_is_damage_unless_it_is_the_last() {
    let (ground, firsts, _) = segments();
    let starts: Vec<Position> = records(&ground.reading(None).unwrap().0).iter().map(|(position, _)| *position).collect();
    for (index, &first) in firsts.iter().enumerate() {
        let whole = std::fs::read(ground.segment(first)).unwrap();
        let last = index + 1 == firsts.len();
        for length in 0..whole.len() {
            std::fs::write(ground.segment(first), &whole[..length]).unwrap();
            match ground.reading(None) {
                Ok((_, opened)) => assert!(last && length >= 16 && opened.head.number >= first),
                Err(error) => {
                    let damage = damaged(Err::<(), _>(error));
                    assert!(!last || length < 16);
                    // The first record of this segment that is not whole, or is missing before the next segment starts.
                    let end = |n: &usize| starts.get(n + 1).filter(|next| next.segment == first).map_or(whole.len(), |next| next.offset as usize);
                    let number = (first as usize..20).find(|n| end(n) > length).unwrap();
                    let code = match length {
                        0..16 => "LDG-01",
                        _ if starts[number].offset as usize == length => "LDG-03",
                        _ => "LDG-02",
                    };
                    assert_eq!((damage.number, damage.code()), (number as u64, code), "segment {first}, {length} bytes");
                }
            }
        }
        std::fs::write(ground.segment(first), &whole).unwrap();
    }
}

#[test]
fn segments_that_changed_places_are_damage() {
    let (ground, firsts, _) = segments();
    let (one, two) = (ground.segment(firsts[1]), ground.segment(firsts[2]));
    let bytes = (std::fs::read(&one).unwrap(), std::fs::read(&two).unwrap());
    std::fs::write(&one, bytes.1).unwrap();
    std::fs::write(&two, bytes.0).unwrap();
    let damage = damaged(ground.open(None));
    assert_eq!((damage.number, damage.segment, damage.code()), (firsts[1], firsts[1], "LDG-03"));
    std::fs::rename(&one, ground.dir.join("away")).unwrap();
    std::fs::rename(&two, &one).unwrap();
    std::fs::rename(ground.dir.join("away"), &two).unwrap();
    let (_, opened) = ground.open(None).unwrap();
    let foreign = ground.segment(1_000_000);
    std::fs::write(foreign, frame::SEGMENT_HEAD).unwrap();
    let damage = damaged(ground.open(None));
    assert_eq!((damage.number, damage.segment, damage.code()), (20, 1_000_000, "LDG-03"), "an empty segment of a wrong name");
    assert_eq!(opened.head.number, 20);
}

#[test]
fn what_an_interrupted_rotation_leaves_is_removed() {
    let (ground, _, head) = segments();
    std::fs::write(ground.segment(20).with_extension("seg.part"), b"GFLEDG").unwrap();
    std::fs::write(ground.dir.join("snapshot.part"), b"half").unwrap();
    let before = ground.names();
    ground.reading(Some(head)).unwrap();
    assert_eq!(ground.names(), before, "a reader removes nothing");
    ground.open(Some(head)).unwrap();
    assert_eq!(ground.names().len(), before.len() - 2);
}

#[test]
fn a_known_place_does_not_excuse_a_missing_start() {
    let (ground, firsts, head) = segments();
    let known = ground.reading(None).unwrap().0.known();
    std::fs::remove_file(ground.segment(0)).unwrap();
    let damage = damaged(Ledger::open(disk(), &ground.dir, Some(known), Some(head)));
    assert_eq!((damage.number, damage.segment, damage.code()), (0, firsts[1], "LDG-03"));
}

#[test]
fn the_record_that_reaches_the_limit_is_the_last() {
    for (limit, segments) in [(16 + 88 + 4, vec![0, 1]), (16 + 88 + 5, vec![0, 2])] {
        let ground = Ground::new();
        let mut ledger = ground.create().with_segment_bytes_max(limit);
        for _ in 0..segments[1] + 1 {
            ledger.append(0, 1, b"four").unwrap();
        }
        assert_eq!(ledger.files.segments, segments);
    }
}

#[test]
fn a_segment_ends_when_it_has_reached_64_mib() {
    let ground = Ground::on_disk();
    let mut ledger = ground.create();
    let body = vec![0; (1 << 20) - 88];
    for _ in 0..65 {
        ledger.append(0, 1, &body).unwrap();
    }
    ledger.commit().unwrap();
    assert_eq!(ledger.files.segments, [0, 64], "16 bytes of head and 64 MiB of records are at the limit");
    assert_eq!(ledger.verify(&mut |_, _| {}).unwrap().bytes, 65 << 20);
}
