//! Worlds from fixed seeds, one of each layout at least: whatever the weather was, every promise holds after each step, and the
//! calm brings every replica to the end. Fresh seeds are the business of `cargo run --release -p sim`.

use sim::weather::plan::plan;
use sim::world::Scene;
use sim::worlds::{alone, play, seed_of};

/// Worlds that are played.
const WORLDS: u64 = 6;

/// FAULTS P01, P02, P06, P07, P11, M02, M06, M10, C01, C02, C03, C04, C07, C08, C10, K02, S05, A07, A08
#[test]
fn worlds_of_fixed_seeds() {
    alone(|| {
        let scene = Scene::new();
        let mut crossings = 0;
        for number in 0..WORLDS {
            let seed = seed_of(2026, number);
            let (counts, result) = play(&scene, &plan(seed, 12));
            result.unwrap_or_else(|failed| panic!("cargo run --release -p sim -- --replay {seed} --crossings 12: {failed:?}"));
            crossings += counts.crossings;
        }
        assert!(crossings > WORLDS, "{crossings} crossings: the worlds stand still");
    });
}

/// Seeds of worlds of records, and how many of each are played: with them every bug that names them as its check is caught
/// (spec/faults.md).
const WORLDS_OF_RECORDS: [(u64, usize); 2] = [(2, 3), (2027, 10)];

/// FAULTS P06, A07, K09: what each route makes of records, whatever its templates become, and nothing that they withhold.
#[test]
fn worlds_of_records_of_fixed_seeds() {
    alone(|| {
        let scene = Scene::new();
        let of = |seed: u64| (0..).map(move |number| plan(seed_of(seed, number), 24)).filter(|plan| plan.shape.records.is_some());
        for plan in WORLDS_OF_RECORDS.into_iter().flat_map(|(seed, worlds)| of(seed).take(worlds)) {
            let (_, result) = play(&scene, &plan);
            result.unwrap_or_else(|failed| panic!("cargo run --release -p sim -- --replay {} --crossings 24: {failed:?}", plan.seed));
        }
    });
}

/// A world is a function of its seed, down to the counts.
#[test]
fn a_seed_makes_one_world() {
    alone(|| {
        let scene = Scene::new();
        let plan = plan(seed_of(7, 3), 9);
        assert_eq!(play(&scene, &plan), play(&Scene::new(), &plan));
    });
}
