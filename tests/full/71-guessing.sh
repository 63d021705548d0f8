#!/usr/bin/env bash
# Identity numbers that the template for the internet withholds, against somebody who holds the replica, all its secrets and everything that travelled,
# and tries for each person the 1000 numbers that remain where place and day of birth are known. The number of people may be given.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export GAPFERRY_PERSONS=${1:-10000}
cargo test --release --locked -p driver --test guessing -- --nocapture --test-threads=1
