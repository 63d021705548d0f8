#!/usr/bin/env bash
# Acceptance 6: a history of 50 crossings; the home of the source, that of the replica, and that with its tree are put back to each
# earlier point. Every time the fork is named, the way back works, and what travels again is far less than everything.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cargo build --release --locked
export GAPFERRY_BINARY=${GAPFERRY_BINARY:-$PWD/target/release/gapferry}
export GAPFERRY_REBASE_STEPS=50 GAPFERRY_REBASE_POINTS=49
cargo test --release --locked --test suite rebase:: -- --nocapture
