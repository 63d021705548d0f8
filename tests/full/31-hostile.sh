#!/usr/bin/env bash
# Hostile bytes and names at full size; every count is printed.
#   - every bit of a small package, receipt, card, label, ledger segment, checkpoint and key file, every prefix, every byte removed, a byte
#     put in at every place, 1 to 4096 bytes behind, parts crossed (minutes), and the whole commands over spoilt files
#   - all characters of the basic plane and a million generated names; somebody who swaps folders for links for ten minutes
# GAPFERRY_RACE_SECONDS and GAPFERRY_NAMES may be set to less.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export GAPFERRY_BINARY=${GAPFERRY_BINARY:-$PWD/target/release/gapferry}
export GAPFERRY_FULL=1 GAPFERRY_EVERY_POINT=1
export GAPFERRY_NAMES=${GAPFERRY_NAMES:-1000000} GAPFERRY_RACE_SECONDS=${GAPFERRY_RACE_SECONDS:-600}
for test in altered hostile names; do
  cargo test --release --locked -p driver --test "$test" -- --nocapture --test-threads=1
done
