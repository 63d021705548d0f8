#!/usr/bin/env bash
# Acceptance 10 at full size: two daemons over shared folders, 100,000 documents; a change to one of them is proven within
# five seconds, five times in a row. The measured times are printed. To be run on a machine that has nothing else to do.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export GAPFERRY_BINARY=${GAPFERRY_BINARY:-$PWD/target/release/gapferry}
export GAPFERRY_DOCUMENTS=100000 GAPFERRY_CHANGES=5 GAPFERRY_SECONDS_MAX=5
cargo test --release --locked -p gapferry --test suite -- --nocapture --exact daemons::a_change_is_proven_by_itself
