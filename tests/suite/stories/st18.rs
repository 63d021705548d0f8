//! ST18, mass delete guard: a wrong import loses a third of the members. Nothing leaves; undone, all is as it was; when it is meant, people say so
//! with a reason, inside and outside.

use crate::stand::{Side, Stand, tree};
use serde_json::json;
use std::fs;

#[test]
fn st18_a_mass_deletion_waits_for_people() {
    let stand = Stand::new();
    let name = |number: u64| format!("member/{number:03}.json");
    for number in 0..360 {
        stand.write(name(number), format!("member {number}"));
    }
    stand.round();
    let (before, sequence) = (tree(&stand.replica), stand.route(Side::Source)["sequence"].clone());
    let lose = || (0..130).for_each(|number| fs::remove_file(stand.archive.join(name(number))).expect("the import removes it"));
    lose();
    let stopped = stand.run(Side::Source, &["carry", "medium"]);
    assert_eq!((stopped.exit, stopped.codes().contains(&"SRC-03".to_owned())), (Some(5), true), "{stopped:#?}");
    let route = stand.route(Side::Source);
    assert_eq!((&route["sequence"], &route["next"]), (&sequence, &json!("release-breaker")), "{route}");
    stand.carry(Side::Replica);
    assert_eq!(tree(&stand.replica), before);
    // It was a mistake: what comes back is what it was, and people say that the route may go on.
    (0..130).for_each(|number| stand.write(name(number), format!("member {number}")));
    stand.expect(Side::Source, &["capture"], 0);
    stand.expect(Side::Source, &["breaker", "release", "outward", "--reason", "the import was undone"], 0);
    stand.round();
    assert_eq!((stand.counts(), tree(&stand.replica).len()), ((360, 360), 360));
    // This time it is meant. Without a reason nobody agrees; and outside people agree once more.
    lose();
    assert_eq!(stand.run(Side::Source, &["carry", "medium"]).exit, Some(5));
    assert_eq!(stand.run(Side::Source, &["breaker", "release", "outward"]).exit, Some(2), "a reason is asked for");
    stand.expect(Side::Source, &["breaker", "release", "outward", "--reason", "130 members have moved away"], 0);
    stand.carry(Side::Source);
    let held = stand.run(Side::Replica, &["carry", "medium"]);
    assert_eq!((held.exit, held.codes().contains(&"RPL-01".to_owned())), (Some(5), true), "{held:#?}");
    assert_eq!(tree(&stand.replica).len(), 360);
    stand.expect(Side::Replica, &["breaker", "release", "outward", "--reason", "told by telephone"], 0);
    stand.carry(Side::Replica);
    stand.carry(Side::Source);
    assert_eq!(tree(&stand.replica).len(), 230);
    stand.expect_true();
}
