#!/usr/bin/env bash
# Acceptance 6 at full size: 200 kills and more, at least 20 in each phase of capture, pack, apply, attest and reconcile
# (counted and printed), over 3,000 documents; then every other command, 20 kills of each.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export GAPFERRY_BINARY=${GAPFERRY_BINARY:-$PWD/target/release/gapferry}
export GAPFERRY_KILLS=200 GAPFERRY_DOCUMENTS=3000 GAPFERRY_KILLS_OTHERS=20
cargo test --release --locked -p gapferry --test suite -- --nocapture --test-threads=1 kill::killed_anywhere_and_again kill_others::
