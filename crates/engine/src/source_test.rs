//! The source's fold: what settled rows do to items, what a receipt does to packages, and the sum over what is proven.

use super::*;
use crate::scene::{Inside, OUTSIDE, Random, head, package, range};
use crate::standing::{self, Standing};
use alloc::vec;
use wire::ItemId;
use wire::receipt::{Form, Outcome, Receipt};
use wire::record::FileStat;
use wire::record::{Cancelled, CapturedRow, Described, DescribedRow, Judged, Lost, PackBegun, Read, ReadRow, Rebased, Resent, Rotten, SettledRow};

fn standing_of(inside: &Inside, name: &str) -> Standing {
    let (number, item) = inside.archive().find(&ItemId(name.as_bytes().to_vec())).unwrap();
    standing::of(item, &inside.route().item(number), inside.route(), 0, 1000)
}
fn scrub(inside: &Inside, number: u64, sequence: u64, outcome: Outcome) -> Receipt {
    inside.receipt(number, Form::Scrub { answers: vec![inside.answer(sequence, &[outcome])] })
}
fn take(inside: &mut Inside, receipt: &Receipt) {
    inside.take(receipt).unwrap();
    assert_eq!(inside.route().state, inside.state_of_items());
}

#[test]
fn an_outcome_proves_fails_or_takes_a_proof_away() {
    // Version 1 is proven, then version 2 is answered with this.
    for (outcome, proven, failed, discrepancy, stands) in [
        (Outcome::Applied, 2, false, 0, Standing::Done),
        (Outcome::KeptAside, 2, false, 0, Standing::Done),
        (Outcome::Superseded, 1, false, 0, Standing::Pending),
        (Outcome::NoSpace, 1, true, 17, Standing::Failed),
        (Outcome::PartsBroken, 1, true, 20, Standing::Failed),
        (Outcome::Corrupt, 0, true, 32, Standing::Failed),
        (Outcome::Missing, 0, true, 33, Standing::Failed),
    ] {
        let mut inside = Inside::with(&["a", "b"]);
        let first = inside.full(1, 1, &[Outcome::Applied; 2]);
        take(&mut inside, &first);
        inside.capture("a");
        inside.pack(2, &["a"]);
        let second = inside.full(2, 2, &[outcome]);
        take(&mut inside, &second);
        let sent = inside.sent("a");
        assert_eq!((sent.proven_version, sent.failed, sent.discrepancy, standing_of(&inside, "a")), (proven, failed, discrepancy, stands), "{outcome:?}");
        assert_eq!(inside.route().state.items, 1 + u64::from(proven > 0), "{outcome:?}");
    }
}

#[test]
fn what_is_let_go_while_it_is_folded_settles_the_same() {
    let inside = Inside::with(&["a", "b"]);
    let receipt = inside.full(1, 1, &[Outcome::Applied; 2]);
    let mut after = Inside { source: inside.source.clone(), packed: inside.packed.clone(), now: 0 };
    let mut record = after.take(&receipt).unwrap().record;
    // The last row of an item counts, whether both are let go together or not.
    let [a, b] = record.rows[..] else { panic!("two rows") };
    let lost = |row| SettledRow { outcome: Outcome::Corrupt.number(), ..row };
    record.rows = [vec![a, lost(a)], vec![b; settling::ROWS_TOGETHER], vec![lost(b)]].concat();
    let (mut one, mut two) = (inside.source.clone(), inside.source);
    one.fold(5, &record.clone().into());
    two.fold_own(5, record.into());
    assert_eq!(one, two);
    let proven = |number| two.routes["r"].item(number).proven_version;
    assert_eq!((proven(a.item), proven(b.item)), (0, 0));
}

#[test]
fn a_proof_counts_for_the_version_that_was_packed() {
    let mut inside = Inside::with(&["a"]);
    inside.capture("a");
    inside.pack(2, &["a"]);
    let newer = inside.full(1, 2, &[Outcome::Applied]);
    take(&mut inside, &newer);
    let older = inside.full(2, 1, &[Outcome::Applied]);
    take(&mut inside, &older);
    assert_eq!(inside.sent("a").proven_version, 2, "an older version proves nothing anew");
    inside.capture("a");
    assert_eq!(standing_of(&inside, "a"), Standing::Stale, "what changed since is not done");
}

#[test]
fn a_deletion_is_proven_and_leaves_the_sum() {
    let mut inside = Inside::with(&["a"]);
    let first = inside.full(1, 1, &[Outcome::Applied]);
    take(&mut inside, &first);
    inside.remove("a");
    inside.pack(2, &["a"]);
    let second = inside.full(2, 2, &[Outcome::Applied]);
    take(&mut inside, &second);
    let sent = inside.sent("a");
    assert_eq!((sent.proven_version, sent.proven_gone, inside.route().state, standing_of(&inside, "a")), (2, true, StateDigest::default(), Standing::Left));
}

#[test]
fn an_older_proof_after_a_newer_doubt_is_void() {
    // The receipt that proves has this number, the scrub that doubts has number 5.
    for (number, stands) in [(4, Standing::Failed), (5, Standing::Done), (6, Standing::Done)] {
        let mut inside = Inside::with(&["a"]);
        let doubt = scrub(&inside, 5, 1, Outcome::Missing);
        take(&mut inside, &doubt);
        assert_eq!((inside.sent("a").doubted, standing_of(&inside, "a")), (5, Standing::Failed));
        let proof = inside.full(number, 1, &[Outcome::Applied]);
        take(&mut inside, &proof);
        assert_eq!(standing_of(&inside, "a"), stands, "receipt {number}");
    }
}

#[test]
fn a_doubt_takes_back_what_was_proven_and_a_new_package_proves_it_again() {
    let mut inside = Inside::with(&["a"]);
    let proof = inside.full(1, 1, &[Outcome::Applied]);
    take(&mut inside, &proof);
    let doubt = scrub(&inside, 2, 1, Outcome::Corrupt);
    take(&mut inside, &doubt);
    assert_eq!((inside.sent("a").proven_version, inside.route().state), (0, StateDigest::default()));
    inside.pack(2, &["a"]);
    assert_eq!(standing_of(&inside, "a"), Standing::Packed, "it travels again");
    let again = inside.full(3, 2, &[Outcome::Unchanged]);
    take(&mut inside, &again);
    assert_eq!((standing_of(&inside, "a"), inside.sent("a").discrepancy), (Standing::Done, 0));
}

#[test]
fn a_doubt_of_an_older_version_leaves_the_newer_proof() {
    let mut inside = Inside::with(&["a"]);
    inside.capture("a");
    inside.pack(2, &["a"]);
    let proof = inside.full(1, 2, &[Outcome::Applied]);
    take(&mut inside, &proof);
    let doubt = scrub(&inside, 2, 1, Outcome::Corrupt);
    take(&mut inside, &doubt);
    assert_eq!((inside.sent("a").proven_version, inside.route().state.items), (2, 1));
}

fn parts(inside: &Inside) -> Vec<(u64, u64, bool)> {
    inside.sent("a").parts.map_or(vec![], |parts| parts.list.iter().map(|part| (part.offset, part.sequence, part.held)).collect())
}

#[test]
fn parts_are_held_one_by_one_until_the_document_is_proven() {
    let mut inside = Inside::new();
    inside.capture("a");
    inside.pack_part(1, "a", (60, 40));
    inside.pack_part(2, "a", (0, 60));
    assert_eq!((parts(&inside), inside.sent("a").attempts), (vec![(0, 2, false), (60, 1, false)], 1), "its parts are one attempt");
    let held = inside.full(1, 1, &[Outcome::Held]);
    take(&mut inside, &held);
    assert_eq!((parts(&inside), standing_of(&inside, "a")), (vec![(0, 2, false), (60, 1, true)], Standing::Packed));
    inside.pack_part(3, "a", (0, 60));
    assert_eq!(parts(&inside), [(0, 3, false), (60, 1, true)], "packed again, not twice in the list");
    let whole = inside.full(2, 3, &[Outcome::Applied]);
    take(&mut inside, &whole);
    assert_eq!((parts(&inside), standing_of(&inside, "a")), (vec![], Standing::Done));
}

/// FAULTS C07: a copy of the replica's home had taken one part and told of it; the replica told of the other, and the document waited for ever.
#[test]
fn parts_of_which_all_are_held_and_yet_no_document_is_there_travel_again() {
    let mut inside = Inside::new();
    inside.capture("a");
    for (sequence, part) in [(1, (0, 60)), (2, (60, 40))] {
        assert_eq!(standing_of(&inside, "a"), if sequence == 1 { Standing::Pending } else { Standing::Packed });
        inside.pack_part(sequence, "a", part);
        let held = inside.full(sequence, sequence, &[Outcome::Held]);
        take(&mut inside, &held);
    }
    assert_eq!((parts(&inside), standing_of(&inside, "a")), (vec![], Standing::Failed));
}

#[test]
fn parts_are_forgotten_when_they_broke_or_belong_to_an_older_version() {
    let mut inside = Inside::new();
    inside.capture("a");
    inside.pack_part(1, "a", (0, 60));
    let broken = inside.full(1, 1, &[Outcome::PartsBroken]);
    take(&mut inside, &broken);
    assert_eq!((parts(&inside), standing_of(&inside, "a")), (vec![], Standing::Failed));
    inside.pack_part(2, "a", (0, 60));
    inside.capture("a");
    inside.pack_part(3, "a", (50, 50));
    assert_eq!(parts(&inside), [(50, 3, false)]);
    let of_before = inside.full(2, 2, &[Outcome::Held]);
    take(&mut inside, &of_before);
    assert_eq!(parts(&inside), [(50, 3, false)], "a part of version 1 proves none of version 2");
    inside.pack(4, &["a"]);
    assert_eq!(parts(&inside), [], "it was packed whole");
}

#[test]
fn the_newest_receipt_is_the_witness_and_the_newest_answer_is_acknowledged() {
    let mut inside = Inside::with(&["a"]);
    inside.pack(2, &["a"]);
    inside.pack(3, &["a"]);
    assert_eq!((inside.route().acknowledgement(), inside.route().to_tell()), (None, 0));
    let nothing = inside.receipt(1, Form::Scrub { answers: vec![] });
    // Number of the receipt, what it answers; then the witness, what is acknowledged, and the head that is told.
    for (what, receipt, witness, answered, told) in [
        ("a scrub answers none", nothing, 1, 0, 0),
        ("an answer", inside.full(2, 1, &[Outcome::Applied]), 2, 2, 20),
        ("a later scrub brings its head alone", scrub(&inside, 5, 1, Outcome::Applied), 5, 2, 50),
        ("an older answer that comes late", inside.full(4, 3, &[Outcome::Applied]), 5, 4, 50),
        ("one older still", inside.full(3, 2, &[Outcome::Applied]), 5, 4, 50),
    ] {
        take(&mut inside, &receipt);
        let route = inside.route();
        assert_eq!((route.witness.map(|witness| witness.receipt), route.answered, route.to_tell()), (Some(witness), answered, told), "{what}");
        let expected = (answered > 0).then_some(Witness { incarnation: OUTSIDE, receipt: answered, ledger: head(told) });
        assert_eq!(route.acknowledgement(), expected, "{what}");
        assert_eq!(route.taken.get(&receipt.number), Some(&package(1000 + receipt.number)), "{what}");
    }
}

#[test]
fn two_later_answers_make_a_package_due() {
    let mut inside = Inside::with(&["a", "b", "c", "d"]);
    for (sequence, name) in (2..).zip(["a", "b", "c", "d"]) {
        inside.pack(sequence, &[name]);
    }
    let later = |inside: &Inside| inside.route().packages.iter().map(|(sequence, package)| (*sequence, package.answered_later)).collect::<Vec<_>>();
    let receipt = inside.full(1, 4, &[Outcome::Applied]);
    take(&mut inside, &receipt);
    assert_eq!((later(&inside), standing_of(&inside, "a")), (vec![(1, 1), (2, 1), (3, 1), (5, 0)], Standing::Packed));
    take(&mut inside, &Receipt { number: 2, ..receipt });
    assert_eq!(later(&inside), [(1, 1), (2, 1), (3, 1), (5, 0)], "the same answer again counts once");
    let receipt = inside.full(3, 3, &[Outcome::Applied]);
    take(&mut inside, &receipt);
    assert_eq!((later(&inside), standing_of(&inside, "a"), standing_of(&inside, "d")), (vec![(1, 2), (2, 2), (5, 0)], Standing::Pending, Standing::Packed));
}

#[test]
fn a_package_that_was_lost_is_due() {
    let mut inside = Inside::with(&["a"]);
    assert_eq!(standing_of(&inside, "a"), Standing::Packed);
    inside.tell(Lost { route: "r".into(), sequence: 1, damaged: true });
    assert_eq!(standing_of(&inside, "a"), Standing::Pending);
    inside.tell(Lost { route: "r".into(), sequence: 9, damaged: true });
    assert_eq!(inside.route().packages.len(), 1);
}

#[test]
fn packages_without_items_are_done_with_when_they_were_seen() {
    for (what, highest, missing, left) in [
        ("seen", 4, vec![], vec![1]),
        ("missing", 4, vec![range(2, 3)], vec![1, 2, 3]),
        ("beyond the highest seen", 3, vec![], vec![1, 4]),
        ("at the end of what is missing", 4, vec![range(2, 2), range(4, 4)], vec![1, 2, 4]),
    ] {
        let mut inside = Inside::with(&["a"]);
        (2..=4).for_each(|sequence| inside.pack(sequence, &[]));
        let mut receipt = inside.receipt(1, Form::Scrub { answers: vec![] });
        (receipt.source_seen.sequence, receipt.missing) = (highest, missing);
        take(&mut inside, &receipt);
        assert_eq!(inside.route().packages.keys().copied().collect::<Vec<u64>>(), left, "{what}");
    }
}

#[test]
fn a_full_receipt_is_wanted_while_the_states_differ() {
    let mut inside = Inside::with(&["a"]);
    let mut receipt = inside.full(1, 1, &[Outcome::Applied]);
    take(&mut inside, &receipt);
    assert_eq!((inside.route().want_full, inside.route().asked_full), (true, false), "the receipt said an empty state");
    let mut asks = inside.packed[&1].clone();
    (asks.sequence, asks.full_receipt) = (2, true);
    inside.tell(asks);
    receipt.number = 2;
    take(&mut inside, &receipt);
    assert_eq!((inside.route().want_full, inside.route().asked_full), (true, true), "it was asked for, and still differs");
    (receipt.number, receipt.state) = (3, inside.route().state);
    take(&mut inside, &receipt);
    assert_eq!((inside.route().want_full, inside.route().asked_full), (false, false), "equal");
    (receipt.number, receipt.state) = (2, StateDigest::default());
    take(&mut inside, &receipt);
    assert!(!inside.route().want_full, "what an older receipt says of the state is history");
}

/// FAULTS C07
#[test]
fn a_difference_that_stays_has_the_route_begin_anew_once() {
    let mut inside = Inside::with(&["a"]);
    let mut receipt = inside.full(1, 1, &[Outcome::Applied]);
    take(&mut inside, &receipt);
    assert!(!inside.route().is_doubtful(), "a full receipt was not asked for yet");
    inside.pack(2, &["a"]);
    let asks = Packed { full_receipt: true, ..inside.packed[&2].clone() };
    inside.tell(asks);
    receipt.number = 2;
    take(&mut inside, &receipt);
    assert!(!inside.route().is_doubtful(), "a package is on its way");
    let before = inside.source.clone();
    inside.tell(wire::record::Lost { route: "r".into(), sequence: 2, damaged: false });
    assert!(inside.route().is_doubtful(), "what is lost is on no way");
    inside.source = before;
    receipt = Receipt { number: 3, state: receipt.state, ..inside.full(3, 2, &[Outcome::Applied]) };
    take(&mut inside, &receipt);
    assert!(inside.route().is_doubtful(), "nothing is on its way, and it still differs");
    let reason = String::from("they differ");
    inside.tell(wire::record::Rebased { route: "r".into(), former: None, life: None, anew: true, reason });
    let is_open = |inside: &Inside| (inside.route().inventoried, inside.route().is_doubtful());
    assert_eq!((is_open(&inside), inside.route().floor, inside.route().asking.len()), ((true, false), 2, 1));
    inside.pack(3, &["a"]);
    receipt = Receipt { number: 4, ..inside.full(4, 3, &[Outcome::Applied]) };
    take(&mut inside, &receipt);
    assert_eq!(is_open(&inside), (true, false), "once, as long as it differs");
    receipt = Receipt { number: 5, state: inside.route().state, ..receipt };
    take(&mut inside, &receipt);
    assert_eq!(is_open(&inside), (false, false), "equal");
}

#[test]
fn a_person_puts_back_and_gives_up() {
    let mut inside = Inside::with(&["a"]);
    let receipt = inside.full(1, 1, &[Outcome::Applied]);
    take(&mut inside, &receipt);
    inside.tell(Resent { route: "r".into(), items: vec![0] });
    assert_eq!(standing_of(&inside, "a"), Standing::Pending);
    inside.pack(2, &["a"]);
    assert_eq!((standing_of(&inside, "a"), inside.sent("a").attempts), (Standing::Done, 2), "what is proven stays proven");
    inside.capture("a");
    inside.tell(Cancelled { route: "r".into(), items: vec![(0, 2)] });
    assert_eq!(standing_of(&inside, "a"), Standing::Cancelled);
    inside.tell(Resent { route: "r".into(), items: vec![0] });
    assert_eq!(standing_of(&inside, "a"), Standing::Stale, "the newest act counts");
    inside.tell(Cancelled { route: "r".into(), items: vec![(0, 2)] });
    inside.capture("a");
    assert_eq!(standing_of(&inside, "a"), Standing::Stale, "one version was given up");
}

/// What is given up is that a version is sent: never a withdrawal, and only under the template that it was given up under.
#[test]
fn another_template_ends_what_was_given_up_of_what_was_sent() {
    let mut inside = Inside::with(&["a"]);
    let receipt = inside.full(1, 1, &[Outcome::Applied]);
    take(&mut inside, &receipt);
    ["a", "new"].into_iter().for_each(|name| inside.capture(name));
    inside.tell(Cancelled { route: "r".into(), items: vec![(0, 2), (1, 1)] });
    inside.judge_out("a");
    assert_eq!(standing_of(&inside, "a"), Standing::Stale, "it is to be withdrawn");
    let carried = JudgedRow { item: 0, version: 2, verdict: Verdict::Same };
    inside.tell(Judged { route: "r".into(), rows: vec![carried] });
    assert_eq!(standing_of(&inside, "a"), Standing::Cancelled, "it is carried again, and given up");
    for anew in [false, true] {
        let mut inside = Inside { source: inside.source.clone(), packed: inside.packed.clone(), now: inside.now };
        if anew {
            inside.tell(Rebased { route: "r".into(), former: None, life: None, anew: true, reason: "why".into() });
            assert_eq!(standing_of(&inside, "a"), Standing::Cancelled);
        }
        inside.activate();
        assert_eq!((inside.sent("a").cancelled_version, inside.sent("new").cancelled_version), (0, 1), "anew {anew}");
        assert_eq!(standing_of(&inside, "new"), Standing::Cancelled, "it was never sent");
    }
}

#[test]
fn a_sequence_once_begun_is_never_used_again() {
    let mut inside = Inside::new();
    for (begun, next) in [(3, 4), (1, 4), (4, 5)] {
        inside.tell(PackBegun { route: "r".into(), sequence: begun, package: package(begun) });
        assert_eq!(inside.route().next_sequence, next, "{begun}");
    }
    for sequence in 5..RECENT_MAX as u64 + 3 {
        inside.tell(PackBegun { route: "r".into(), sequence, package: package(sequence) });
    }
    assert_eq!((inside.route().recent.len(), inside.route().recent.keys().next()), (RECENT_MAX, Some(&3)), "4096 are remembered, the newest");
}

#[test]
fn rot_stays_until_the_content_is_read_or_changes() {
    let read = |version| Read {
        archive: "a".into(),
        rows: vec![ReadRow { item: 0, version, digest: Digest([5; 32]), young: false, shape: wire::record::Shape::Unknown }],
    };
    for (what, version, change, still) in
        [("nothing", 1, None, true), ("other rights", 2, Some((7, true)), true), ("a later change", 2, Some((8, false)), false)]
    {
        let mut inside = Inside::with(&["a"]);
        inside.tell(read(1));
        inside.tell(Rotten { archive: "a".into(), items: vec![0] });
        if let Some((modified, executable)) = change {
            let stat = FileStat { modified: modified - 7 + inside.archive().items[0].stat.modified, executable, ..inside.archive().items[0].stat };
            inside.tell(wire::record::Captured { archive: "a".into(), root: None, rows: vec![CapturedRow { item: 0, id: None, version, stat: Some(stat) }] });
        }
        let item = &inside.archive().items[0];
        assert_eq!((item.rotten, item.digest), (still, still.then_some(Digest([5; 32]))), "{what}");
        inside.tell(read(version + 1));
        assert_eq!(inside.archive().items[0].rotten, still, "{what}: another version was read");
        inside.tell(read(version));
        assert!(!inside.archive().items[0].rotten, "{what}: read as it was");
    }
}

#[test]
fn the_state_is_the_sum_over_what_is_proven() {
    for seed in 0..60 {
        let mut random = Random(seed);
        let mut inside = Inside::new();
        let mut receipts: Vec<Receipt> = Vec::new();
        let (mut sequence, mut number) = (0, 0);
        for _ in 0..120 {
            let name = random.pick(&["a", "b", "c", "d/e", "d/f"]);
            let known = inside.archive().find(&ItemId(name.as_bytes().to_vec())).is_some_and(|(_, item)| !item.gone);
            match random.below(6) {
                0 if known && random.one_in(2) => inside.remove(name),
                0 | 1 => inside.capture(name),
                2 | 3 => {
                    sequence += 1;
                    let all: Vec<_> = inside.archive().items.iter().map(|item| item.id.clone()).collect();
                    let names: Vec<_> = all.iter().filter(|_| random.one_in(2)).map(|id| core::str::from_utf8(&id.0).unwrap()).collect();
                    inside.pack(sequence, &names);
                }
                _ if sequence == 0 => {}
                4 => {
                    number += 1;
                    let of = 1 + random.below(sequence);
                    let outcomes: Vec<Outcome> = inside.packed[&of].rows.iter().map(|_| random.pick(&Outcome::ALL)).collect();
                    let mut answer = inside.answer(of, &outcomes);
                    answer.rows.iter_mut().filter(|_| random.one_in(6)).for_each(|row| row.digest = Digest([9; 32]));
                    let answers = vec![answer];
                    receipts.push(inside.receipt(number, if random.one_in(2) { Form::Scrub { answers } } else { Form::Full { answers } }));
                }
                // Receipts arrive in any order, some twice, some never.
                _ if receipts.is_empty() => {}
                _ => {
                    let place = random.below(receipts.len() as u64) as usize;
                    let receipt = receipts[place].clone();
                    inside.take(&receipt).unwrap();
                }
            }
            assert_eq!(inside.route().state, inside.state_of_items(), "seed {seed}");
        }
        let proven = inside.route().items.iter().filter(|sent| sent.proven_version > 0 && !sent.proven_gone).count() as u64;
        assert_eq!(inside.route().state.items, proven, "seed {seed}");
        let restored = Source { archives: inside.source.archives.clone(), ..inside.source.clone() }.restored();
        assert_eq!(restored, inside.source, "seed {seed}: what a snapshot leaves out is made again");
    }
}

/// FAULTS P08
#[test]
fn over_a_gateway_a_package_without_items_takes_the_place_of_earlier_ones() {
    let mut inside = Inside::with(&["a"]);
    inside.pack(1, &["a"]);
    inside.pack(2, &[]);
    let by_gateway = |sequence: u64, inside: &mut Inside| {
        inside.pack(sequence, &[]);
        let mut package = inside.route().packages[&sequence].clone();
        package.carried = Carried::Gateway;
        inside.source.routes.get_mut("r").unwrap().packages.insert(sequence, package);
    };
    by_gateway(3, &mut inside);
    inside.tell(Packed {
        route: "r".into(),
        sequence: 4,
        package: package(4),
        carried: Carried::Gateway,
        file_digest: Digest::ZERO,
        file_bytes: 1,
        document_bytes: 0,
        acknowledges: 0,
        full_receipt: false,
        inventory: None,
        rows: vec![],
        chunks: vec![],
    });
    assert_eq!(inside.route().packages.keys().copied().collect::<Vec<u64>>(), [1, 2, 4], "what lies on a medium stays known");
}

/// FAULTS P08, C10
#[test]
fn when_the_replica_was_heard_of() {
    let mut inside = Inside::with(&["a"]);
    let fold = |inside: &mut Inside, time: i64, record: Record| inside.source.fold(time, &record);
    let reconciled = |inside: &Inside, number: u64| {
        let receipt = inside.receipt(number, Form::Scrub { answers: vec![] });
        Record::from(
            crate::reconcile::take("r", inside.route(), package(number), &receipt, &|_| None).map_or_else(|_| panic!("well formed"), |taken| taken.record),
        )
    };
    let acted =
        || Record::from(wire::record::Acted { who: String::new(), host: String::new(), command: String::new(), reason: String::new(), result: String::new() });
    inside.pack(1, &["a"]);
    for (what, time, record, heard) in [
        ("a receipt", 100, reconciled(&inside, 5), 100),
        ("an older one that was withheld", 200, reconciled(&inside, 4), 100),
        ("the clock went back", 50, acted(), 50),
        ("and is right again", 300, acted(), 50),
        ("a newer receipt", 400, reconciled(&inside, 6), 400),
    ] {
        fold(&mut inside, time, record);
        assert_eq!(inside.route().heard_at, heard, "{what}");
    }
}

/// FAULTS P19: a record that somebody wrote beside the ledger claims items and sequences that are not there; neither memory nor time is
/// spent on them.
#[test]
fn what_names_nothing_that_there_is_changes_nothing() {
    let mut inside = Inside::with(&["a", "b"]);
    let (before, name) = (inside.source.clone(), inside.source.routes.keys().next().unwrap().clone());
    inside.source.fold(1, &Resent { route: name.clone(), items: vec![u32::MAX, 2] }.into());
    inside.source.fold(1, &Cancelled { route: name, items: vec![(u32::MAX, 1), (2, 1)] }.into());
    assert_eq!(inside.source, before);
}

/// What left the selection is open until its removal is proven: what it changed together with must not come without that.
#[test]
fn up_to_which_version_nothing_is_open() {
    let item = |packed_version, proven_version, proven_gone, excluded_version| RouteItem {
        packed_version,
        proven_version,
        proven_gone,
        excluded_version,
        ..RouteItem::default()
    };
    for (what, item, settled, may_be_there) in [
        ("never sent", item(0, 0, false, 0), 0, false),
        ("never sent, not carried", item(0, 0, false, 3), 3, false),
        ("on its way", item(1, 0, false, 0), 0, true),
        ("on its way, and not carried any more", item(1, 0, false, 2), 0, true),
        ("proven, and on its way once more", item(2, 1, false, 0), 1, true),
        ("proven, and not carried any more", item(1, 1, false, 2), 1, true),
        ("its removal is on its way", item(2, 1, false, 2), 1, true),
        ("its removal is proven", item(2, 2, true, 2), 2, false),
        ("its removal is proven, and it changed again", item(2, 2, true, 3), 3, false),
        ("its removal is proven, and it is on its way again", item(3, 2, true, 0), 2, true),
    ] {
        assert_eq!((item.settled_version(), item.may_be_there()), (settled, may_be_there), "{what}");
    }
}

/// Which transactions made what a route has not settled yet is known as long as it has not.
#[test]
fn transactions_of_earlier_versions_are_known_until_they_are_settled() {
    let mut inside = Inside::with(&["a"]);
    let told = |inside: &mut Inside, version: u64, id: Option<u8>| {
        let row = DescribedRow { item: 0, version, rid: 1, transaction: id.map(|id| [id; 16]), fault: String::new() };
        inside.source.fold(1, &Record::Described(Described { archive: inside.route().archive.clone(), rows: vec![row] }));
    };
    let earlier = |inside: &Inside| inside.archive().items[0].earlier().iter().map(|(version, id)| (*version, id[0])).collect::<Vec<_>>();
    told(&mut inside, 1, Some(1));
    assert_eq!(earlier(&inside), []);
    for (version, id, known) in [(2, Some(2), vec![(1, 1)]), (3, None, vec![(1, 1), (2, 2)]), (4, Some(2), vec![(1, 1)])] {
        inside.capture("a");
        told(&mut inside, version, id);
        assert_eq!(earlier(&inside), known, "{version}");
    }
    inside.pack(2, &["a"]);
    let proof = inside.full(1, 2, &[Outcome::Applied]);
    take(&mut inside, &proof);
    inside.capture("a");
    told(&mut inside, 5, Some(3));
    assert_eq!(earlier(&inside), [], "what made the version that is proven is of no concern");
    inside.capture("a");
    told(&mut inside, 6, None);
    assert_eq!(earlier(&inside), [(5, 3)]);
}
