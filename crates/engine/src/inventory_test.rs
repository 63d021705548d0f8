//! A route that begins anew, from the first question to the last answer.

use super::*;
use crate::scene::{INSIDE, Inside, id, range};
use crate::select::{Carrier, select};
use alloc::vec;
use wire::receipt::{Form, Outcome};
use wire::record::{Cancelled, Rebased, Reborn};
use wire::{Incarnation, ItemId};

/// Ids of what would travel with content.
fn going(inside: &Inside) -> Vec<ItemId> {
    let (holds, holds_parts, urgent) = (Default::default(), Default::default(), Default::default());
    let carrier = Carrier { holds: &holds, holds_parts: &holds_parts, urgent: &urgent, cumulative: true, now: 0, deadline_seconds: 100 };
    select(inside.archive(), inside.route(), &carrier, None).iter().map(|selected| inside.archive().items[selected.item as usize].id.clone()).collect()
}

fn asked(inside: &Inside, now: i64) -> Option<(Span, Vec<(ItemId, bool)>)> {
    let (span, entries) = next(inside.archive(), inside.route(), inside.route().next_sequence, now, 100, &|_| true)?;
    Some((span, entries.iter().map(|entry| (inside.archive().items[entry.item as usize].id.clone(), entry.claimed)).collect()))
}

fn rebased() -> Rebased {
    Rebased { route: "r".into(), former: None, life: None, anew: true, reason: "test".into() }
}

fn span(after: Option<&str>, up_to: Option<&str>) -> Span {
    Span { after: after.map(id), up_to: up_to.map(id) }
}

/// FAULTS C07
#[test]
fn what_the_replica_holds_is_proven_and_only_the_rest_travels() {
    let mut inside = Inside::with(&["a", "b", "c"]);
    inside.take(&inside.full(1, 1, &[Outcome::Applied; 3])).unwrap();
    inside.tell(rebased());
    assert_eq!((inside.route().floor, inside.route().state.items, going(&inside)), (1, 0, vec![]), "nothing is proven, nothing travels unasked");
    inside.capture("d");
    assert_eq!(asked(&inside, 0).unwrap(), (Span::default(), ["a", "b", "c", "d"].map(|name| (id(name), true)).to_vec()));
    inside.pack_inventory(2, span(None, None), &["a", "b", "c", "d"]);
    assert_eq!((asked(&inside, 0), going(&inside)), (None, vec![]), "the answer is awaited");
    let receipt = inside.full(2, 2, &[Outcome::Unchanged, Outcome::BaseMissing, Outcome::Unchanged, Outcome::BaseMissing]);
    let taken = inside.take(&receipt).unwrap();
    assert_eq!((taken.proven, taken.failed, taken.not_held), (2, vec![], 2));
    assert_eq!(going(&inside), [id("b"), id("d")]);
    assert_eq!((inside.sent("b").failed, inside.sent("b").attempts, inside.route().asking.len()), (false, 0, 0));
    assert_eq!(inside.route().state, inside.state_of_items());
    // It travels like anything else from here on; gone before it does, its deletion travels.
    inside.remove("b");
    assert_eq!(going(&inside), [id("b"), id("d")]);
}

#[test]
fn what_waits_to_be_confirmed_is_not_known_to_travel() {
    let mut inside = Inside::with(&["a", "b"]);
    inside.take(&inside.full(1, 1, &[Outcome::Applied, Outcome::Corrupt])).unwrap();
    let foreseen = |inside: &Inside| {
        let ahead = outlook(inside.archive(), inside.route());
        (ahead.confirm, ahead.send)
    };
    assert_eq!(foreseen(&inside), (2, 1));
    inside.tell(rebased());
    assert_eq!(foreseen(&inside), (2, 0), "nothing is proven, and nothing is known to be missing");
    inside.pack_inventory(2, span(None, None), &["a", "b"]);
    assert_eq!(foreseen(&inside), (2, 0), "asked, and not answered");
    inside.take(&inside.full(2, 2, &[Outcome::Unchanged, Outcome::BaseMissing])).unwrap();
    assert_eq!(foreseen(&inside), (2, 1));
}

/// FAULTS C07
#[test]
fn a_span_is_asked_for_again_when_its_package_is_lost() {
    let mut inside = Inside::with(&["a", "b", "c", "d"]);
    inside.tell(rebased());
    inside.pack_inventory(2, span(None, Some("b")), &["a", "b"]);
    assert_eq!(asked(&inside, 0).unwrap().0, span(Some("b"), None), "the rest of the span");
    inside.pack_inventory(3, span(Some("b"), None), &["c", "d"]);
    assert_eq!(asked(&inside, 99), None);
    assert!(
        asked(&inside, 100).is_some() && next(inside.archive(), inside.route(), 2, 100, 100, &|_| true).is_none(),
        "who asks for longer than that asks once"
    );
    inside.take(&inside.full(1, 3, &[Outcome::Unchanged; 2])).unwrap();
    inside.capture("aa");
    assert_eq!(going(&inside), [id("aa")], "new since: it is not asked for");
    let again = asked(&inside, 100).unwrap();
    assert_eq!(again, (span(None, Some("b")), vec![(id("a"), true), (id("aa"), false), (id("b"), true)]), "named without a claim, so that it stays");
    inside.pack_inventory(4, again.0, &["a", "b"]);
    inside.take(&inside.full(2, 4, &[Outcome::Unchanged; 2])).unwrap();
    assert_eq!((asked(&inside, 1000), going(&inside)), (None, vec![id("aa")]));
}

/// FAULTS C07
#[test]
fn what_is_gone_since_it_was_asked_for_in_vain_is_told() {
    let mut inside = Inside::with(&["a", "b"]);
    inside.tell(rebased());
    inside.pack_inventory(2, span(None, None), &["a", "b"]);
    inside.remove("a");
    assert_eq!(going(&inside), [], "the answer is awaited");
    let again = asked(&inside, 100).unwrap();
    assert_eq!(again.1, [(id("b"), true)]);
    inside.pack_inventory(3, again.0, &["b"]);
    assert_eq!(going(&inside), [id("a")], "the first inventory may come late, and the replica take it up");
    inside.take(&inside.full(1, 3, &[Outcome::Unchanged])).unwrap();
    assert_eq!((asked(&inside, 1000), going(&inside)), (None, vec![id("a")]));
}

#[test]
fn what_cannot_be_claimed_is_named_and_travels_as_ever() {
    let mut inside = Inside::with(&["a", "b", "c"]);
    inside.tell(Cancelled { route: "r".into(), items: vec![(1, 1)] });
    inside.tell(rebased());
    assert_eq!(asked(&inside, 0).unwrap().1, [(id("a"), true), (id("b"), false), (id("c"), true)]);
    // "c" could not be read.
    inside.pack_inventory(2, span(None, None), &["a"]);
    assert_eq!(going(&inside), [id("c")], "what a person gave up stays given up");
    inside.remove("c");
    assert_eq!(going(&inside), [id("c")], "the replica may hold it: its deletion travels");
}

/// FAULTS K09, C07: what lies there may be of another life, at a name that this one gave since to what the route does not carry.
#[test]
fn what_never_travelled_under_a_template_is_not_named_without_a_claim() {
    let mut inside = Inside::with(&["a", "b"]);
    inside.activate();
    inside.tell(rebased());
    inside.pack_inventory(2, span(None, None), &["a"]);
    inside.capture("c");
    inside.capture("d");
    inside.pack(3, &["d"]);
    let again = asked(&inside, 100).unwrap();
    assert_eq!(again.1, [(id("a"), true), (id("b"), false), (id("d"), false)]);
    inside.pack_inventory(4, again.0, &["a"]);
    inside.take(&inside.full(1, 4, &[Outcome::Unchanged])).unwrap();
    inside.judge_out("b");
    inside.judge_out("c");
    assert_eq!(going(&inside), [id("b"), id("d")], "what was named is withdrawn by its name; of the other one nothing is outside");
}

/// FAULTS K09: the name of what a route does not carry leaves neither with a claim nor with a withdrawal.
#[test]
fn what_the_route_does_not_carry_is_withdrawn_where_it_was_named_and_never_named_otherwise() {
    let mut inside = Inside::with(&["a", "c"]);
    inside.activate();
    inside.capture("b");
    inside.judge_out("b");
    inside.judge_out("c");
    inside.tell(rebased());
    assert_eq!(asked(&inside, 0).unwrap().1, [(id("a"), true), (id("c"), false)]);
    inside.pack_inventory(2, span(None, None), &["a"]);
    assert_eq!(going(&inside), [id("c")], "of what is only let go of the history would keep what was withdrawn");
    inside.take(&inside.full(1, 2, &[Outcome::Unchanged])).unwrap();
    assert_eq!(going(&inside), [id("c")]);
}

#[test]
fn an_older_claim_of_what_changed_since_proves_the_older_version() {
    let mut inside = Inside::with(&["a"]);
    inside.tell(rebased());
    inside.pack_inventory(2, span(None, None), &["a"]);
    inside.capture("a");
    inside.take(&inside.full(1, 2, &[Outcome::Unchanged])).unwrap();
    assert_eq!((inside.sent("a").proven_version, going(&inside)), (1, vec![id("a")]));
}

/// FAULTS C07
#[test]
fn receipts_about_what_is_void_settle_nothing() {
    let mut inside = Inside::with(&["a"]);
    inside.capture("b");
    inside.pack(2, &["b"]);
    inside.tell(rebased());
    let old = inside.full(1, 1, &[Outcome::Missing]);
    let taken = inside.take(&old).unwrap();
    assert_eq!((taken.proven, taken.failed.len(), inside.route().want_full), (0, 0, false), "neither proof nor failure, nor a state to compare");
    assert_eq!(asked(&inside, 0).unwrap().1.len(), 2);
}

/// FAULTS C07
#[test]
fn a_new_life_goes_on_above_every_number() {
    let mut inside = Inside::with(&["a", "b"]);
    inside.capture("b");
    inside.tell(Cancelled { route: "r".into(), items: vec![(1, 2)] });
    let floor = inside.source.next_floor();
    assert_eq!(floor, 2 << 24);
    let other = Incarnation([7; 16]);
    inside.tell(Reborn { incarnation: other, floor, reason: "put back".into() });
    assert_eq!((inside.source.incarnation, inside.source.lives.as_slice()), (other, &[INSIDE][..]));
    assert_eq!((inside.route().next_sequence, inside.route().floor), (floor + 1, floor));
    assert!(inside.archive().items.iter().all(|item| item.version == floor + 1));
    assert_eq!(asked(&inside, 0).unwrap().1, [(id("a"), true), (id("b"), false)], "what a person gave up stays given up");
    assert_eq!(inside.source.next_floor(), 4 << 24, "and another life above that");
}

#[test]
fn an_inventory_of_nothing_is_answered_by_being_seen() {
    let mut inside = Inside::with(&["a"]);
    inside.remove("a");
    inside.tell(rebased());
    assert_eq!(asked(&inside, 0).unwrap().1, []);
    inside.pack_inventory(2, span(None, None), &[]);
    assert_eq!(asked(&inside, 99), None);
    let mut receipt = inside.receipt(1, Form::Scrub { answers: vec![] });
    receipt.missing = vec![range(2, 2)];
    (receipt.source_seen.sequence, receipt.source_seen.package) = (3, crate::scene::package(3));
    inside.take(&receipt).unwrap();
    assert!(asked(&inside, 100).is_some(), "it never came");
    let seen = inside.receipt(2, Form::Scrub { answers: vec![] });
    inside.take(&seen).unwrap();
    assert_eq!(asked(&inside, 1000), None);
}
