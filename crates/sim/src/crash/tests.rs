//! A small fixed set of crash states: every cut of every operation, each with what was durable alone and one more variant.

use super::*;
use crate::disk::{Fate, SimDisk};
use std::path::Path;
use std::sync::Arc;
use store::ledger::Ledger;

fn few() -> Options {
    Options { operation: None, seed: 1, seeds: 1, exchanges: true, states_max: None, variants_max: Some(2), again: 0, threads: 2, only: Only::default() }
}

/// FAULTS C01, C02, C03, C05, C06, C07, K02, M01, M02, A07, K09
#[test]
fn crash_states_of_every_operation() {
    let report = run(&few(), &mut |_, _| ()).expect("the scene can be made");
    println!("{report}");
    assert!(report.failures.is_empty(), "{report}");
    assert!(NAMES.iter().all(|name| report.operations[name].tried > 0), "every operation is cut\n{report}");
}

/// FAULTS C01, C02, A07: where the file system cannot exchange two names in one step, a copy stands in for it.
#[test]
fn crash_states_where_names_cannot_be_exchanged() {
    let report = run(&Options { operation: Some("apply".into()), exchanges: false, ..few() }, &mut |_, _| ()).expect("the scene can be made");
    println!("{report}");
    assert!(report.failures.is_empty(), "{report}");
}

/// FAULTS C03: the folder on a medium that is used for the first time is as durable as what lies in it.
#[test]
fn what_is_packed_onto_a_new_medium_is_durable() {
    let pack = || {
        let scene = scene::Scene::new(1);
        scene.ground().expect("there is nothing yet");
        scene.first_archive();
        scene.set_up().expect("the homes can be made");
        scene.carry(scene::Side::Source).expect("the medium takes it");
        checks::what_ended_is_durable(&scene.disk.snapshot())
    };
    std::thread::scope(|scope| scope.spawn(pack).join().expect("no panic")).expect("all is durable");
}

/// FAULTS C03: a segment that begins is there after a loss of power, with what was committed into it.
#[test]
fn a_new_segment_of_a_ledger_is_durable() {
    let (disk, path) = (SimDisk::new(), Path::new("/ledger"));
    let mut ledger = Ledger::create(Arc::new(disk.clone()), path).expect("there is none");
    while ledger.end().segment == 0 {
        ledger.append(0, 1, &vec![7; 8 << 20]).and_then(|_| ledger.commit()).expect("nothing fails");
    }
    let left = SimDisk::new();
    left.restore(&disk.snapshot().crashed(&mut |_, _| Fate::Dropped));
    let (_, opened) = Ledger::open(Arc::new(left), path, None, Some(ledger.head())).expect("all that was committed is there");
    assert_eq!(opened.head, ledger.head());
}
