#!/usr/bin/env bash
# Acceptance 8, first half, at full size: a replica of 100,000 records of which 1 % is damaged at random heals by carrying alone, and
# the receipt names exactly those. The number of records may be given: tests/full/41-heal.sh 1000000.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export GAPFERRY_BINARY=${GAPFERRY_BINARY:-$PWD/target/release/gapferry}
export GAPFERRY_DOCUMENTS=${1:-100000}
cargo test --release -p gapferry --test suite heal::a_damaged_replica -- --nocapture
