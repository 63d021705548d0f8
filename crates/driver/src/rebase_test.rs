//! A new life of a home and the way back to a route whose sides agree.

use super::begin_new_life;
use crate::home::{Access, Home};
use crate::status::scene::Scene;

/// FAULTS C07
#[test]
fn a_new_life_has_another_incarnation_and_numbers_above_all_earlier_ones() {
    let scene = Scene::new();
    scene.write("a", "one");
    scene.round();
    for home in [scene.source(), scene.replica()] {
        let mut opened = Home::open(&scene.world, &home, Access::Change).unwrap();
        let before = opened.incarnation();
        let after = begin_new_life(&mut opened, "put back").unwrap();
        assert_ne!(before, after);
        opened.close("put back", "a new life").unwrap();
        // The checkpoint of the new life is taken; so is one that an earlier life left behind.
        let opened = Home::open(&scene.world, &home, Access::Read).unwrap();
        assert_eq!(opened.incarnation(), after);
    }
    let source = Home::open(&scene.world, &scene.source(), Access::Read).unwrap();
    let (route, archive) = (&source.source().routes["all"], &source.source().archives["archive"]);
    assert!(route.next_sequence > 1 << 24 && archive.items[0].version > 1 << 24);
    let replica = Home::open(&scene.world, &scene.replica(), Access::Read).unwrap();
    assert!(replica.replica().routes["all"].receipts > 1 << 24);
}
