//! Rotation and revocation as a table: what counts at which number, in and out of order (FAULTS K02, K03).

use super::*;
use alloc::boxed::Box;
use alloc::format;
use alloc::vec;
use wire::card::Role;
use wire::id::{Bytes, Fixed};
use wire::record::{Born, KeysLearned, KeysMade, KeysRevoked, KeysSwitched, RouteAccepted};
use wire::{Digest, Incarnation, RouteId};

const OURS: ZoneId = ZoneId([1; 32]);
const THEIRS: ZoneId = ZoneId([2; 32]);

fn home() -> Keys {
    let mut keys = Keys::default();
    keys.fold(0, &Born { incarnation: Incarnation::ZERO, zone: OURS, name: "outside".into(), role: Role::Replica }.into());
    keys.fold(0, &accepted("r", THEIRS));
    keys
}

fn accepted(route: &str, source: ZoneId) -> Record {
    RouteAccepted { route: route.into(), route_id: RouteId::ZERO, source, into: Bytes(Vec::new()) }.into()
}

fn switched(zone: ZoneId, generation: u32, from: u64) -> Record {
    KeysSwitched { route: "r".into(), zone, generation, from }.into()
}

fn made(generation: u32) -> Record {
    KeysMade { generation, card: Digest::ZERO, reason: "yearly".into() }.into()
}

fn learned(generation: u32, key: u8, by_person: bool) -> Record {
    let keys = NextKeys { generation, sign: Fixed(Box::new([key; 32])), seal: Fixed(Box::new([key; 1216])), proof: Fixed(Box::new([key; 64])) };
    KeysLearned { zone: THEIRS, keys, by_person }.into()
}

/// A receipt was made.
fn told() -> Record {
    let receipted =
        wire::record::Receipted { route: "r".into(), number: 1, receipt: wire::PackageId::ZERO, full: true, scrub: false, answered: vec![], more: false };
    receipted.into()
}

fn code(keys: &Keys, generation: u32, from: u64, number: u64) -> &'static str {
    keys.judge("r", &Signer { zone: THEIRS, generation }, from, number, &PACKAGE).map_or_else(|rejection| rejection.code(), |()| "")
}

/// FAULTS K02, P13
#[test]
fn a_generation_counts_between_its_switch_and_the_next() {
    let mut keys = home();
    assert_eq!(code(&keys, 1, 1, u64::from(u32::MAX)), "", "nothing is known of a later one");
    keys.fold(0, &switched(THEIRS, 3, 50));
    keys.fold(0, &switched(THEIRS, 2, 20));
    for (generation, from, number, expected) in [
        (1, 1, 1, ""),
        (1, 1, 19, ""),
        (1, 1, 20, "PKG-17"),
        (1, 1, 60, "PKG-17"),
        (2, 20, 20, ""),
        (2, 20, 49, ""),
        (2, 20, 50, "PKG-17"),
        (2, 21, 30, "PKG-17"),
        (3, 50, 50, ""),
        (3, 50, 1 << 40, ""),
        (3, 49, 60, "PKG-17"),
        (4, 50, 60, "PKG-17"),
        (4, 51, 60, ""),
        (4, 20, 60, "PKG-17"),
    ] {
        assert_eq!(code(&keys, generation, from, number), expected, "generation {generation} from {from} at {number}");
    }
    assert!(!keys.is_new_switch("r", &Signer { zone: THEIRS, generation: 3 }, 50));
    assert!(keys.is_new_switch("r", &Signer { zone: THEIRS, generation: 4 }, 51));
    assert!(!home().is_new_switch("r", &Signer { zone: THEIRS, generation: 1 }, 1), "the first generation from the start goes without saying");
}

/// FAULTS K03
#[test]
fn what_is_revoked_ends_at_its_cut_in_whatever_order_it_comes() {
    let mut keys = home();
    let revoke = |generation: u32, from: &[(&str, u64)]| {
        let from = from.iter().map(|(route, from)| ((*route).into(), *from)).collect();
        Record::from(KeysRevoked { zone: THEIRS, generation, from, reason: "stolen".into() })
    };
    keys.fold(0, &revoke(1, &[("r", 20), ("other", 5)]));
    for number in [40, 19, 20, 1] {
        assert_eq!(code(&keys, 1, 1, number), if number < 20 { "" } else { "PKG-16" }, "{number}");
    }
    assert!(keys.is_revoked(&THEIRS, 1) && !keys.is_revoked(&THEIRS, 2) && !keys.is_revoked(&OURS, 1));
    keys.fold(0, &accepted("later", THEIRS));
    let at = |keys: &Keys, route: &str, number| keys.judge(route, &Signer { zone: THEIRS, generation: 1 }, 1, number, &RECEIPT).is_ok();
    assert!(!at(&keys, "later", 1), "a route that the revocation does not name takes nothing by it");
    keys.fold(0, &switched(THEIRS, 2, 10));
    assert_eq!(code(&keys, 1, 1, 25), "PKG-16", "revoked is said first");
    assert_eq!(code(&keys, 1, 1, 15), "PKG-17");
}

/// FAULTS K03: a thief's package said that the keys count from a number far ahead; the honest zone was shut out until it got there.
#[test]
fn what_stolen_keys_said_of_themselves_ends_with_their_revocation() {
    let mut keys = home();
    keys.fold(0, &switched(THEIRS, 1, 1 << 26));
    assert_eq!((code(&keys, 1, 1, 20), code(&keys, 2, 40, 40)), ("PKG-17", "PKG-17"));
    let revoked = |generation| KeysRevoked { zone: THEIRS, generation, from: vec![("r".into(), 30)], reason: "stolen".into() }.into();
    keys.fold(0, &revoked(1));
    keys.fold(0, &learned(2, 2, true));
    assert_eq!((code(&keys, 1, 1, 20), code(&keys, 1, 1, 30)), ("", "PKG-16"));
    assert_eq!(code(&keys, 2, 40, 40), "", "the new card counts at once");
    // The older keys of a file that was stolen stay shut out, though nobody revoked them.
    let mut keys = home();
    keys.fold(0, &switched(THEIRS, 2, 10));
    keys.fold(0, &revoked(2));
    assert_eq!(code(&keys, 1, 1, 40), "PKG-17");
}

/// FAULTS K03
#[test]
fn a_card_that_a_person_compared_ends_what_was_announced_by_a_thief() {
    let mut keys = home();
    keys.fold(0, &learned(2, 66, false));
    keys.fold(0, &learned(3, 67, false));
    keys.fold(0, &switched(THEIRS, 2, 7));
    keys.fold(0, &KeysRevoked { zone: THEIRS, generation: 2, from: vec![], reason: "a thief's".into() }.into());
    keys.fold(0, &learned(2, 2, true));
    assert_eq!(keys.learned[&THEIRS].keys().copied().collect::<Vec<_>>(), [2]);
    assert_eq!(*keys.learned[&THEIRS][&2].sign.0, [2; 32]);
    assert!(!keys.is_revoked(&THEIRS, 2) && keys.routes["r"].theirs.is_empty());
    assert_eq!(code(&keys, 2, 9, 9), "");
}

/// FAULTS K02
#[test]
fn what_there_is_to_tell_is_told_once_and_again_when_it_was_in_vain() {
    let mut keys = home();
    assert!(!keys.must_tell("r", 9, 10) && !keys.must_tell("no route", 9, 10));
    keys.fold(0, &made(2));
    assert!(keys.must_tell("r", 9, 10));
    keys.fold(0, &told());
    assert!(!keys.must_tell("r", 9, 10));
    keys.heard("r");
    assert!(keys.must_tell("r", 9, 10), "the other zone was heard of and did not confirm it");
    keys.fold(0, &switched(OURS, 2, 4));
    assert!(!keys.must_tell("r", 9, 10));
    keys.fold(0, &learned(2, 9, false));
    assert!(keys.must_tell("r", 9, 10), "it is to be confirmed");
    keys.fold(0, &told());
    keys.heard("r");
    assert!(!keys.must_tell("r", 9, 10));
    keys.fold(0, &Record::from(wire::record::Lost { route: "r".into(), sequence: 1, damaged: false }));
    assert!(keys.must_tell("r", 9, 10), "what told it is lost");
}

/// FAULTS K02
#[test]
fn what_was_told_and_shows_no_effect_is_told_again_after_the_deadline() {
    let mut keys = home();
    keys.fold(0, &told());
    assert!(!keys.must_tell("r", 1 << 40, 10), "there is nothing to tell");
    keys.fold(0, &made(2));
    keys.fold(5, &told());
    for (now, again) in [(5, false), (14, false), (15, true), (-4, false), (-5, true)] {
        assert_eq!(keys.must_tell("r", now, 10), again, "announced at 5, it is {now}");
    }
    keys.fold(6, &switched(OURS, 2, 4));
    assert!(!keys.must_tell("r", 100, 10), "it was confirmed");
    keys.fold(7, &learned(2, 9, false));
    keys.fold(20, &told());
    assert!(!keys.must_tell("r", 29, 10) && keys.must_tell("r", 30, 10), "they do not sign with it");
    keys.fold(31, &switched(THEIRS, 2, 8));
    assert!(!keys.must_tell("r", 100, 10), "they sign with it");
}

/// FAULTS K02
#[test]
fn one_generation_after_the_other_is_announced_and_signs_when_it_is_confirmed() {
    let mut keys = home();
    assert_eq!((keys.generation(), keys.to_announce("r"), keys.confirmed("r", 2)), (1, None, None));
    keys.fold(0, &made(2));
    keys.fold(0, &made(3));
    assert_eq!((keys.to_announce("r"), keys.signing("r").generation), (Some(2), 1));
    for (known, expected) in [(0, None), (1, None), (2, Some(2)), (3, Some(3)), (4, None), (u32::MAX, None)] {
        assert_eq!(keys.confirmed("r", known), expected, "{known}");
    }
    keys.fold(0, &switched(OURS, 2, 12));
    assert_eq!((keys.to_announce("r"), keys.signing("r")), (Some(3), Switch { generation: 2, from: 12 }));
    keys.fold(0, &accepted("second", THEIRS));
    keys.fold(0, &accepted("stranger", ZoneId([3; 32])));
    assert_eq!((keys.signing("second").generation, keys.signing("stranger").generation), (2, 3));
    keys.fold(0, &switched(OURS, 3, 15));
    assert_eq!(keys.to_announce("r"), None);
    assert_eq!(format!("{:?}", keys.confirmed("r", 3)), "None");
}
