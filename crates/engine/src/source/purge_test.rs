//! A purge on the source: when it travels, what proves it, and what it outlives.

use crate::scene::{Inside, OUTSIDE, head, package};
use crate::select::{Because, Carrier, Held, mark_of_part, select};
use crate::source::{Purge, RouteItem};
use crate::standing::{self, Standing};
use alloc::boxed::Box;
use alloc::collections::BTreeSet;
use alloc::vec;
use alloc::vec::Vec;
use wire::manifest::{Mark, Span};
use wire::receipt::{AnswersDigest, Exception, Form, Outcome, Range, Receipt};
use wire::record::{Cancelled, Lost, PurgeAsked, Rebased, Reborn, TemplateActivated};
use wire::{Digest, Incarnation, ItemId};

fn standing_of(inside: &Inside, name: &str) -> Standing {
    let (number, item) = inside.archive().find(&ItemId(name.as_bytes().to_vec())).unwrap();
    standing::of(item, &inside.route().item(number), inside.route(), 0, 1000)
}
/// Why each item would travel onto a medium that validly holds these.
fn selected(inside: &Inside, holds: &[(u32, u64)]) -> Vec<Because> {
    let (items, parts) = (holds.iter().copied().collect::<Held>(), BTreeSet::new());
    let carrier = Carrier { holds: &items, holds_parts: &parts, urgent: &BTreeSet::new(), cumulative: true, now: 0, deadline_seconds: 1000 };
    select(inside.archive(), inside.route(), &carrier, None).iter().map(|selected| selected.because).collect()
}
fn proven_in(inside: &Inside) -> u64 {
    inside.sent("a").purge.map_or(0, |purge| purge.proven_in)
}
fn take(inside: &mut Inside, receipt: &Receipt) {
    inside.take(receipt).unwrap();
    assert_eq!(inside.route().state, inside.state_of_items());
}
/// Version 2 of `a` is proven, after version 1; there or gone.
fn proven(gone: bool) -> Inside {
    let mut inside = Inside::with(&["a"]);
    if gone {
        inside.remove("a")
    } else {
        inside.capture("a")
    }
    inside.pack(2, &["a"]);
    let receipt = inside.full(1, 2, &[Outcome::Applied]);
    take(&mut inside, &receipt);
    inside
}

#[test]
fn it_travels_whether_the_item_is_there_or_gone_and_ends_with_its_proof() {
    for (gone, before, after) in [(false, Standing::Done, Standing::Done), (true, Standing::Left, Standing::Left)] {
        let mut inside = proven(gone);
        assert_eq!((standing_of(&inside, "a"), selected(&inside, &[])), (before, vec![]));
        inside.now = 50;
        inside.purge(&["a"]);
        assert_eq!((standing_of(&inside, "a"), selected(&inside, &[(0, 2)])), (Standing::Pending, vec![Because::New]), "a medium that holds it purges nothing");
        inside.pack(3, &["a"]);
        let row = &inside.packed[&3].rows[0];
        assert_eq!((row.mark, row.removes()), (Mark::Purge, gone));
        assert_eq!((standing_of(&inside, "a"), selected(&inside, &[]), selected(&inside, &[(0, 2)])), (Standing::Packed, vec![Because::Unproven], vec![]));
        inside.tell(Lost { route: "r".into(), sequence: 3, damaged: false });
        assert_eq!((standing_of(&inside, "a"), selected(&inside, &[])), (Standing::Pending, vec![Because::Due]), "a medium was lost");
        inside.pack(4, &["a"]);
        inside.now = 60;
        let receipt = inside.full(2, 4, &[Outcome::Unchanged]);
        take(&mut inside, &receipt);
        assert_eq!((standing_of(&inside, "a"), selected(&inside, &[])), (after, vec![]));
        let purge = Purge { asked_at: 50, asked_from: 3, from: 3, packed_in: 4, proven_in: 4, proven_at: 60 };
        assert_eq!(inside.sent("a").purge, Some(Box::new(purge)));
    }
}

/// FAULTS K09
#[test]
fn only_the_answer_to_a_purge_proves_it() {
    for (outcome, proves, stands) in [
        (Outcome::Applied, true, Standing::Done),
        (Outcome::Unchanged, true, Standing::Done),
        (Outcome::Superseded, false, Standing::Pending),
        (Outcome::NotErased, false, Standing::Failed),
        (Outcome::BaseMissing, false, Standing::Failed),
        (Outcome::Missing, false, Standing::Failed),
    ] {
        let mut inside = proven(false);
        inside.purge(&["a"]);
        // What is older, and what brought it before, is answered again.
        for (number, sequence) in [(2, 1), (3, 2)] {
            let receipt = inside.full(number, sequence, &[Outcome::Applied]);
            take(&mut inside, &receipt);
        }
        inside.pack(3, &["a"]);
        // What reads the replica again searches for nothing.
        let scrub = inside.receipt(4, Form::Scrub { answers: vec![inside.answer(3, &[Outcome::Unchanged])] });
        take(&mut inside, &scrub);
        assert_eq!((proven_in(&inside), standing_of(&inside, "a")), (0, Standing::Packed), "{outcome:?}");
        let receipt = inside.full(5, 3, &[outcome]);
        take(&mut inside, &receipt);
        assert_eq!((proven_in(&inside) == 3, standing_of(&inside, "a")), (proves, stands), "{outcome:?}");
        assert_eq!(selected(&inside, &[]).len(), usize::from(!proves), "{outcome:?}");
    }
}

#[test]
fn a_digest_that_is_as_expected_proves_it() {
    let mut inside = proven(true);
    inside.purge(&["a"]);
    inside.pack(3, &["a"]);
    let form = |sequence, outcome: Outcome| {
        let mut digest = AnswersDigest::default();
        digest.package(sequence, &package(sequence), 1);
        digest.row(outcome, &Digest::ZERO);
        let exceptions = if outcome.proves() { vec![] } else { vec![Exception { sequence, row: 0, outcome: outcome.number(), digest: Digest::ZERO }] };
        Form::Digest { answered: vec![Range { first: sequence, last: sequence }], digest: digest.finish(), exceptions }
    };
    let left = inside.receipt(2, form(3, Outcome::NotErased));
    take(&mut inside, &left);
    assert_eq!((proven_in(&inside), standing_of(&inside, "a")), (0, Standing::Failed));
    inside.pack(4, &["a"]);
    let nothing = inside.receipt(3, form(4, Outcome::Applied));
    take(&mut inside, &nothing);
    assert_eq!((proven_in(&inside), standing_of(&inside, "a")), (4, Standing::Left));
}

/// The replica counts it as gone, or both would differ for ever.
#[test]
fn what_is_removed_and_left_something_is_not_there_any_more() {
    for (removed, items) in [(false, 1), (true, 0)] {
        let mut inside = proven(false);
        if removed {
            inside.remove("a");
        } else {
            inside.purge(&["a"]);
        }
        inside.pack(3, &["a"]);
        let left = inside.full(2, 3, &[Outcome::NotErased]);
        take(&mut inside, &left);
        assert_eq!((inside.route().state.items, standing_of(&inside, "a")), (items, Standing::Failed), "{removed}");
    }
}

#[test]
fn what_was_asked_for_again_is_proven_again() {
    let mut inside = proven(false);
    inside.purge(&["a"]);
    inside.pack(3, &["a"]);
    inside.capture("a");
    inside.purge(&["a"]);
    let receipt = inside.full(2, 3, &[Outcome::Unchanged]);
    take(&mut inside, &receipt);
    assert_eq!(proven_in(&inside), 0, "it was packed before");
    inside.pack(4, &["a"]);
    let receipt = inside.full(3, 4, &[Outcome::Applied]);
    take(&mut inside, &receipt);
    assert_eq!((proven_in(&inside), standing_of(&inside, "a")), (4, Standing::Done));
    inside.capture("a");
    inside.pack(5, &["a"]);
    assert_eq!(inside.packed[&5].rows[0].mark, Mark::Document, "what changes later has a history of its own");
}

#[test]
fn a_change_that_comes_first_takes_the_mark() {
    let mut inside = proven(false);
    inside.purge(&["a"]);
    inside.pack(3, &["a"]);
    inside.capture("a");
    assert_eq!((standing_of(&inside, "a"), selected(&inside, &[])), (Standing::Stale, vec![Because::New]));
    inside.pack(4, &["a"]);
    assert_eq!((inside.packed[&4].rows[0].mark, inside.packed[&4].rows[0].version), (Mark::Purge, 3));
    let receipt = inside.full(2, 4, &[Outcome::Applied]);
    take(&mut inside, &receipt);
    assert_eq!((proven_in(&inside), standing_of(&inside, "a")), (4, Standing::Done));
}

/// FAULTS C07: an earlier state of the replica may be back, with its history.
#[test]
fn a_route_that_begins_anew_purges_again() {
    for proven_before in [false, true] {
        for gone in [false, true] {
            let mut inside = proven(gone);
            inside.purge(&["a"]);
            inside.pack(3, &["a"]);
            if proven_before {
                let receipt = inside.full(2, 3, &[Outcome::Unchanged]);
                take(&mut inside, &receipt);
            }
            inside.tell(Rebased { route: "r".into(), former: None, life: None, anew: true, reason: "why".into() });
            assert_eq!((standing_of(&inside, "a"), selected(&inside, &[])), (Standing::Pending, vec![]), "what is there is asked first");
            inside.pack_inventory(4, Span::default(), if gone { &[] } else { &["a"] });
            if gone {
                // It claims nothing: being seen is its answer.
                inside.tell(wire::record::Reconciled { highest: 4, ..taken(&inside, 3) });
            } else {
                let receipt = inside.full(3, 4, &[Outcome::Unchanged]);
                take(&mut inside, &receipt);
            }
            assert_eq!((standing_of(&inside, "a"), selected(&inside, &[]), proven_in(&inside)), (Standing::Pending, vec![Because::New], 0));
            inside.pack(5, &["a"]);
            let late = inside.full(4, 3, &[Outcome::Unchanged]);
            take(&mut inside, &late);
            assert_eq!(proven_in(&inside), 0, "a package from before the route began anew is void");
            let receipt = inside.full(5, 5, &[Outcome::Unchanged]);
            take(&mut inside, &receipt);
            assert_eq!((proven_in(&inside), inside.sent("a").purge.map(|purge| purge.asked_from)), (5, Some(3)));
        }
    }
    let mut inside = proven(true);
    inside.purge(&["a"]);
    inside.tell(Reborn { incarnation: Incarnation([9; 16]), floor: 1 << 24, reason: "why".into() });
    assert_eq!(inside.sent("a").purge.map(|purge| (purge.from, purge.packed_in)), Some(((1 << 24) + 1, 0)));
}

/// A receipt of which nothing follows but that its packages were seen.
fn taken(inside: &Inside, number: u64) -> wire::record::Reconciled {
    wire::record::Reconciled {
        route: "r".into(),
        receipt: package(1000 + number),
        number,
        incarnation: OUTSIDE,
        ledger: head(number * 10),
        seen: head(1),
        answered: Vec::new(),
        highest: 0,
        missing: Vec::new(),
        rows: Vec::new(),
        state: inside.route().state,
        more: false,
        extra: 0,
    }
}

#[test]
fn neither_a_template_nor_giving_up_ends_it() {
    let mut inside = proven(false);
    inside.purge(&["a"]);
    inside.pack(3, &["a"]);
    inside.tell(Cancelled { route: "r".into(), items: vec![(0, 2)] });
    assert_eq!(standing_of(&inside, "a"), Standing::Packed);
    let (template, text) = ("t".into(), alloc::string::String::new());
    inside.tell(TemplateActivated { route: "r".into(), template, version: 1, digest: Digest::ZERO, text, reason: "why".into() });
    assert_eq!((inside.sent("a").is_purging(), selected(&inside, &[(0, 2)])), (true, vec![Because::New]));
    // What was given up before is taken up again.
    let mut inside = proven(false);
    inside.tell(Cancelled { route: "r".into(), items: vec![(0, 2)] });
    inside.purge(&["a"]);
    inside.pack(3, &["a"]);
    let receipt = inside.full(2, 3, &[Outcome::Unchanged]);
    take(&mut inside, &receipt);
    assert_eq!((standing_of(&inside, "a"), inside.sent("a").cancelled_version), (Standing::Done, 0));
}

/// FAULTS K04
#[test]
fn several_people_agree_to_the_same_items() {
    let mut inside = proven(false);
    let asked = |who: &str, items: &[u32], enough| PurgeAsked { route: "r".into(), who: who.into(), items: items.to_vec(), enough, reason: "why".into() };
    let people = |inside: &Inside| inside.route().purging.as_ref().map(|consent| (consent.over.clone(), consent.people.len()));
    inside.tell(asked("li", &[0], false));
    inside.tell(asked("li", &[0], false));
    assert_eq!((people(&inside), inside.sent("a").purge), (Some((vec![0], 1)), None), "one of two changes nothing");
    inside.tell(asked("wang", &[0, 7], false));
    assert_eq!(people(&inside), Some((vec![0, 7], 1)), "other items are something else");
    inside.tell(asked("li", &[0, 7], true));
    assert_eq!((people(&inside), inside.sent("a").is_purging(), inside.route().items.len()), (None, true, 1), "what the archive does not have changes nothing");
}

#[test]
fn a_part_is_no_purge() {
    let mut inside = proven(false);
    inside.purge(&["a"]);
    let (_, item) = inside.archive().find(&ItemId(b"a".to_vec())).unwrap();
    assert_eq!(mark_of_part(item, &inside.sent("a"), &Digest([1; 32])), Mark::Document);
    let item = item.clone();
    inside.pack_part(3, "a", (0, 50));
    assert_eq!(inside.packed[&3].rows[0].mark, Mark::Document);
    assert!(!inside.sent("a").is_packed(&item), "the mark has not travelled yet");
    assert!(RouteItem::default().is_purge_packed());
}
