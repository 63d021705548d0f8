#!/usr/bin/env bash
# Builds the release binary and measures whole crossings with it, beside tar | zstd | age where those are installed.
# All arguments go to benches/crossing.py: see `benches/crossing.sh --help` and benches/README.md.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
command -v python3 >/dev/null || { echo "benches/crossing.sh: python3 is missing" >&2; exit 1; }
target=$(realpath -m "${CARGO_TARGET_DIR:-target}")
case " $* " in
  *" --help "* | *" -h "*) ;;
  *) cargo build --release --locked -p gapferry ;;
esac
exec python3 benches/crossing.py --gapferry "$target/release/gapferry" "$@"
