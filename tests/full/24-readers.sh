#!/usr/bin/env bash
# A household is split and joined again 1,000 times while a reader of spec/reading.md looks; in each round `apply` is killed at one of its
# renames. What the reader saw, and how many kills left half a package behind, is printed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export GAPFERRY_BINARY=${GAPFERRY_BINARY:-$PWD/target/release/gapferry}
export GAPFERRY_ROUNDS=${GAPFERRY_ROUNDS:-1000}
cargo test --release --locked -p gapferry --test suite -- --nocapture --exact readers::readers_never_see_half_of_a_split
