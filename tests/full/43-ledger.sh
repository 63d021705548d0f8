#!/usr/bin/env bash
# A ledger of 10,000,000 records: verified, its index made anew, 100,000 random edits of it found at the first bad record. Needs
# 10 GiB below TMPDIR. Prints how long each took.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export GAPFERRY_RECORDS=${GAPFERRY_RECORDS:-10000000} GAPFERRY_EDITS=${GAPFERRY_EDITS:-101000}
cargo test --release --locked -p driver --test ledger_size -- --nocapture
