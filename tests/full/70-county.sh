#!/usr/bin/env bash
# An invented county through RT1 to RT5 to five replicas, first and after changes, each compared with the independent check in Python.
# The number of households may be given: tests/full/70-county.sh 50000 makes about 1,700,000 records.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cargo build --release --locked
export GAPFERRY_BINARY=${GAPFERRY_BINARY:-$PWD/target/release/gapferry}
export GAPFERRY_HOUSEHOLDS=${1:-2000}
cargo test --release --locked -p gapferry --test suite county:: -- --nocapture --test-threads=1
