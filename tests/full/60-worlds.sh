#!/usr/bin/env bash
# Simulated worlds from a fresh seed, which is printed, for GAPFERRY_SECONDS (60 unless told). A failure prints the command that
# replays it and the smallest list of steps that still fails.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
cargo run --release --locked -p sim -- --seconds "${GAPFERRY_SECONDS:-60}" --jobs 2
