#!/usr/bin/env bash
# Acceptance 2 and 11 at full size: 100,000 records, 20,000 mixed files of about 3 GB and 4 GiB of scans cross, then five changes of
# each; after every step the replica equals the archive and every item is proven. Time, memory and bytes are printed.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export GAPFERRY_BINARY=${GAPFERRY_BINARY:-$PWD/target/release/gapferry}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 benches/crossing.py --gapferry "$GAPFERRY_BINARY" --scale 1 --rounds 1 --changes 5 --no-peer --work "$work"
