//! A small fixed set of crash states: every cut of every operation, each with what was durable alone and one more variant.

use super::*;

/// FAULTS C01, C02, C03, C05, C06, M02, A07, K09
#[test]
fn crash_states_of_every_operation() {
    let options = Options { operation: None, seed: 1, states_max: None, variants_max: Some(2), again: 0, threads: 2, only: Only::default() };
    let report = run(&options).expect("the scene can be made");
    println!("{report}");
    assert!(report.failures.is_empty(), "{report}");
    assert!(NAMES.iter().all(|name| report.operations[name].tried > 0), "every operation is cut\n{report}");
}
