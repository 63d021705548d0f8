//! ST12, many media: a first sync that needs several of them; each package applies alone, in any order; who is killed goes on there; changes
//! of what has arrived go on beside it. (A million records and their time: tests/full/10-crossings.sh and 70-county.sh.)

use super::{medium, text};
use crate::kill_others::kill;
use crate::stand::{Random, Side, Stand};
use serde_json::json;
use std::path::PathBuf;
use std::time::Duration;

#[test]
fn st12_a_first_sync_over_many_media() {
    let mut random = Random::new("st12");
    let stand = Stand::new();
    stand.without_breaker();
    for number in 0..200 {
        stand.write(format!("village-{:02}/card-{number:03}", number / 20), random.bytes(4000));
    }
    let mut sticks: Vec<PathBuf> = Vec::new();
    loop {
        let stick = medium(&stand, &format!("stick-{}", sticks.len()));
        let packed = stand.run(Side::Source, &["carry", text(&stick), "--medium-size", "384KiB"]);
        sticks.push(stick);
        match packed.exit {
            Some(0) => break,
            // What waits is told; what is on its way and finds no room once more does not wait.
            Some(1) => assert!(packed.object["packed"]["waiting"][0]["items"].as_u64() > Some(0), "how much is left is told: {packed:#?}"),
            _ => panic!("{packed:#?}"),
        }
        assert!(sticks.len() < 12, "800 KiB need about three sticks");
    }
    assert!(sticks.len() >= 3, "{sticks:?}");
    // In any order; one of them is interrupted and goes on where it was.
    for (place, stick) in sticks.iter().rev().enumerate() {
        if place == 2 {
            kill(&mut stand.command(Side::Replica, &["carry", text(stick)]), random.moment(Duration::from_millis(30)));
        }
        let applied = stand.expect(Side::Replica, &["carry", text(stick)], 0);
        assert!(applied["applied"]["packages"].as_array().is_some_and(|packages| !packages.is_empty()), "{applied}");
        if place == 0 {
            // A village that has arrived changes while the others are still on their way.
            stand.expect(Side::Source, &["carry", text(stick)], 0);
            stand.write("village-09/card-199", "changed meanwhile");
            stand.expect(Side::Source, &["carry", text(stick)], 0);
            stand.expect(Side::Replica, &["carry", text(stick)], 0);
        }
    }
    sticks.iter().rev().for_each(|stick| drop(stand.expect(Side::Source, &["carry", text(stick)], 0)));
    stand.expect_true();
    assert_eq!(stand.route(Side::Source)["packages_unanswered"], json!(0));
}
