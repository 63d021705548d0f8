//! What worlds have found, each as the few steps that show it, named by its cause. The weather chooses where it strikes by the draw
//! of a step, so every draw of a range is played.

use sim::weather::plan::{Act, Deed, Plan, Shape, Step, Strike};
use sim::world::Scene;
use sim::worlds::{alone, play};

const SHAPE: Shape = Shape { by_medium: 1, gateway: false, media: 2, tree_with_home: false, small_media: false, parity: false, records: None };

/// Plays these acts once for each draw of the last one, and the calm after them.
fn every_draw(shape: Shape, acts: &[Act], draws: u64) {
    alone(|| {
        let scene = Scene::new();
        for draw in 0..draws {
            let drawn = |place: usize| if place + 1 == acts.len() { draw } else { place as u64 * 7 + 3 };
            let steps = acts
                .iter()
                .enumerate()
                .map(|(place, act)| Step { number: u16::try_from(place).expect("a short list"), act: *act, draw: drawn(place) })
                .collect();
            let (_, result) = play(&scene, &Plan { seed: 0, shape, steps });
            result.unwrap_or_else(|failed| panic!("draw {draw}: {failed:?}"));
        }
    });
}

fn there_and_back(deed: Deed) -> Vec<Act> {
    let source = Act::Source { medium: 0, strike: None };
    vec![Act::People(deed), source, Act::Replica { replica: 0, medium: 0, strike: None }, source]
}

/// FAULTS C04: the replica took a failed read of its own ledger for a head that it had never quoted, and stopped its route for
/// ever as forked (FRK-02).
#[test]
fn a_failed_read_is_no_fork() {
    let mut acts = there_and_back(Deed::Create);
    acts.extend([Act::People(Deed::Create), Act::Source { medium: 0, strike: None }, Act::Replica { replica: 0, medium: 0, strike: Some(Strike::ReadFails) }]);
    every_draw(SHAPE, &acts, 24);
}

/// FAULTS C04: the source took a failed read of its own ledger for a receipt about a package that was never sent (RCT-08).
#[test]
fn a_failed_read_is_no_forged_receipt() {
    let mut acts = there_and_back(Deed::Create);
    acts.pop();
    acts.push(Act::Source { medium: 0, strike: Some(Strike::ReadFails) });
    every_draw(SHAPE, &acts, 24);
}
