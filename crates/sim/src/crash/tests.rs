//! A small fixed set of crash states, and the proof that the checks can fail.

use super::*;

fn options(operation: &str) -> Options {
    Options { operation: Some(operation.into()), seed: 1, states_max: Some(25), again: 1, threads: 1, only: Only::default() }
}

/// FAULTS C01, C02, C03, C05, C06, P07, A07, K09
#[test]
fn a_few_states_of_every_operation_recover() {
    for name in NAMES {
        let report = run(&options(name)).expect("the scene can be made");
        assert!(report.failures.is_empty(), "{}", report.failures.join("\n"));
        assert!(report.states() > 0, "{name} has states");
    }
}
