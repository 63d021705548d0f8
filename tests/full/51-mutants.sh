#!/usr/bin/env bash
# Mutation testing of the inner ring with cargo-mutants: each decision of `seal`, `wire` and `engine` is altered in turn, and
# the tests of that crate must notice. What .cargo/mutants.toml leaves out stands there with its reason.
#
#   tests/full/51-mutants.sh [CRATE]...     ends with the number of survivors, and with 1 when there is one
#
# About 1,900 mutants, 10 s of processor time each; goes on where it was stopped (GAPFERRY_MUTANTS: folder of the results).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
command -v cargo-mutants >/dev/null || cargo install cargo-mutants --locked
results=${GAPFERRY_MUTANTS:-target/mutants}
[ "$#" -gt 0 ] || set -- seal wire engine
export CARGO_PROFILE_DEV_DEBUG=0
failed=0
for crate in "$@"; do
  mkdir -p "$results/$crate"
  cargo mutants --package "$crate" --iterate --timeout 120 --build-timeout 900 --no-shuffle --colors never -o "$results/$crate" || failed=1
  printf '%s: %s survive\n' "$crate" "$(cat "$results/$crate"/mutants.out/missed.txt 2>/dev/null | wc -l)"
done
exit "$failed"
