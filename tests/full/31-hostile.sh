#!/usr/bin/env bash
# Acceptance 5 whole: every byte of the small package, receipt, card and label altered in turn, every prefix, every pair joined. The
# counts are printed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export GAPFERRY_BINARY=${GAPFERRY_BINARY:-$PWD/target/release/gapferry}
export GAPFERRY_FULL=1
cargo test --release --locked -p driver --test hostile -- --nocapture --test-threads=1
