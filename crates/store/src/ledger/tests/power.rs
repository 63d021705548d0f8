//! Power loss in the middle of a commit: any block of what was being written may be there or not.

use super::*;

const BLOCK: usize = 512;

/// What may be left of `after` when the blocks in `lost` never reached the medium, which held `before`.
fn left(before: &[u8], after: &[u8], lost: impl Fn(usize) -> bool) -> Vec<u8> {
    let mut bytes = after.to_vec();
    for (n, block) in bytes.chunks_mut(BLOCK).enumerate() {
        if lost(n) {
            for (at, byte) in block.iter_mut().enumerate() {
                *byte = before.get(n * BLOCK + at).copied().unwrap_or(0);
            }
        }
    }
    bytes
}

#[test]
fn whatever_is_left_of_a_commit_what_was_committed_before_is_whole() {
    let ground = Ground::with(&[b"committed", &[1; 700]]);
    let before = ground.bytes();
    let (mut ledger, _) = ground.open(None).unwrap();
    let durable = ledger.head();
    for n in 0..6u8 {
        ledger.append(0, 9, &vec![n; 100 + 90 * usize::from(n)]).unwrap();
    }
    ledger.commit().unwrap();
    drop(ledger);
    let after = ground.bytes();
    let group = std::fs::read(ground.dir.join("group")).unwrap();
    let (first, end) = (before.len() / BLOCK, after.len().div_ceil(BLOCK));
    let mut cuts = 0;
    let mut check = |bytes: &[u8]| {
        ground.put(bytes);
        std::fs::write(ground.dir.join("group"), &group).unwrap();
        let (mut ledger, opened) = ground.open(Some(durable)).unwrap();
        assert!((2..=8).contains(&opened.head.number));
        cuts += usize::from(opened.torn.is_some());
        assert_eq!(records(&ledger).len() as u64, opened.head.number);
        // And it goes on from there, under the strict rule.
        ledger.append(0, 9, b"on").unwrap();
        ledger.commit().unwrap();
        ledger.append(0, 9, b"and on").unwrap();
        ledger.commit().unwrap();
        let mut bytes = ground.bytes();
        bytes[opened.end.offset as usize + 57] ^= 1;
        ground.put(&bytes);
        assert_eq!(damaged(ground.open(Some(durable))).number, opened.head.number);
    };
    // Every set of lost blocks, and every length to which the file may have come.
    assert!(end - first < 10);
    for set in 0..1usize << (end - first) {
        check(&left(&before, &after, |n| n >= first && set >> (n - first) & 1 == 1));
    }
    for length in before.len()..=after.len() {
        check(&after[..length]);
    }
    assert!(cuts > 500, "the test tears: {cuts}");
}

#[test]
fn a_group_that_was_followed_is_committed() {
    let ground = Ground::with(&[b"one"]);
    let (mut ledger, _) = ground.open(None).unwrap();
    let start = ledger.end();
    for n in 0..4u8 {
        ledger.append(0, 9, &[n; 50]).unwrap();
    }
    ledger.commit().unwrap();
    let group_only = ground.bytes();
    let durable = ledger.head();
    ledger.append(0, 9, b"single").unwrap();
    ledger.commit().unwrap();
    drop(ledger);
    let whole = ground.bytes();
    let mut before_it = group_only.clone();
    before_it[20] ^= 1;
    ground.put(&before_it);
    assert_eq!(damaged(ground.open(None)).number, 0, "an announcement speaks of its own records alone");
    for n in 0..4 {
        let at = start.offset as usize + 138 * n + 60;
        let mut bytes = whole.clone();
        bytes[at] ^= 1;
        ground.put(&bytes);
        assert_eq!(damaged(ground.open(None)).number, 1 + n as u64, "a record behind the group proves it committed");
        let mut bytes = group_only.clone();
        bytes[at] ^= 1;
        ground.put(&bytes);
        assert_eq!(damaged(ground.open(Some(durable))).number, 1 + n as u64, "the checkpoint proves it committed");
        if n < 3 {
            // Without its announcement the strict rule holds.
            let announcement = std::fs::read(ground.dir.join("group")).unwrap();
            let flipped = (0..announcement.len()).map(|at| {
                let mut altered = announcement.clone();
                altered[at] ^= 1;
                altered
            });
            let resized = [announcement[..71].to_vec(), vec![], [&announcement[..], b"x"].concat()];
            for altered in flipped.chain(resized) {
                std::fs::write(ground.dir.join("group"), &altered).unwrap();
                assert_eq!(damaged(ground.open(None)).number, 1 + n as u64);
            }
            std::fs::remove_file(ground.dir.join("group")).unwrap();
            assert_eq!(damaged(ground.open(None)).number, 1 + n as u64);
            std::fs::write(ground.dir.join("group"), &announcement).unwrap();
        }
    }
    assert!(ground.dir.join("group").exists());
    let mut bytes = group_only.clone();
    bytes[start.offset as usize + 60] ^= 1;
    ground.put(&bytes);
    let (_, opened) = ground.open(None).unwrap();
    assert_eq!((opened.head.number, opened.torn.unwrap().offset), (1, start.offset), "an announced group that nothing proves committed");
    assert!(!ground.dir.join("group").exists(), "its announcement is over");
}
