#!/usr/bin/env bash
# How much of engine, store and driver the simulated worlds run: lines in percent, over GAPFERRY_WORLDS worlds (200 unless told)
# from GAPFERRY_SEED (1 unless told). With --functions also the functions that no world reached. Only the crates of this
# workspace are built anew, with counters.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
host=$(rustc -vV | sed -n 's/^host: //p')
tools="$(rustc --print sysroot)/lib/rustlib/$host/bin"
[ -x "$tools/llvm-cov" ] || rustup component add llvm-tools
scratch="$(realpath -m "${CARGO_TARGET_DIR:-target}")/coverage"
rm -rf "$scratch"
mkdir -p "$scratch"
printf '#!/bin/sh\nrustc=$1\nshift\nexec "$rustc" -C instrument-coverage "$@"\n' >"$scratch/counting"
chmod +x "$scratch/counting"
export RUSTC_WORKSPACE_WRAPPER="$scratch/counting" LLVM_PROFILE_FILE="$scratch/%p.profraw"
cargo build --release --locked -p sim
cp "$scratch/../release/sim" "$scratch/sim"
rm -f "$scratch"/*.profraw
"$scratch/sim" --worlds "${GAPFERRY_WORLDS:-200}" --seed "${GAPFERRY_SEED:-1}" --jobs 2
"$tools/llvm-profdata" merge -sparse -o "$scratch/merged" "$scratch"/*.profraw
"$tools/llvm-cov" export --instr-profile "$scratch/merged" "$scratch/sim" >"$scratch/export.json"
python3 tests/full/coverage.py "$scratch/export.json" "$@"
rm -rf "$scratch"
