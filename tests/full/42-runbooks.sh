#!/usr/bin/env bash
# The runbooks of deploy/runbooks at full size: a lost source, a lost home of the source and a lost home of a replica, each with 100,000
# documents, followed to the letter. Prints the minutes of each. The number of documents may be given: tests/full/42-runbooks.sh 1000000.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cargo build --release --locked
export GAPFERRY_BINARY=${GAPFERRY_BINARY:-$PWD/target/release/gapferry}
export GAPFERRY_DOCUMENTS=${1:-100000}
cargo test --release --locked -p gapferry --test suite runbooks::a_lost -- --nocapture --test-threads=1
