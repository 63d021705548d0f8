#!/usr/bin/env bash
# Acceptance 4 at full size: 2,000 voyages of 60 steps in every weather, each brought to its end by carrying alone; the history
# of acceptance 9 and the names over many documents.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export GAPFERRY_BINARY=${GAPFERRY_BINARY:-$PWD/target/release/gapferry}
export GAPFERRY_VOYAGES=${GAPFERRY_VOYAGES:-2000} GAPFERRY_STEPS=60 GAPFERRY_ROUNDS=20 GAPFERRY_EVERY=1
cargo test --release --locked -p gapferry --test suite -- --nocapture weather:: deltas:: replica:: opaque::
