#!/usr/bin/env bash
# Acceptance 3 at full size: a document of 5 GiB where no file may be larger than 4 GiB - 1 (a limit on the process that packs),
# on a medium of that size at most, which takes it in parts; and an archive four times its medium.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
export GAPFERRY_BINARY=${GAPFERRY_BINARY:-$PWD/target/release/gapferry}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
source=("$GAPFERRY_BINARY" --home "$work/inside" --json)
replica=("$GAPFERRY_BINARY" --home "$work/outside" --json)
field() { python3 -c 'import json, sys; print(eval("json.load(sys.stdin)" + sys.argv[1]))' "$1"; }
mkdir "$work/archive" "$work/medium"
"${source[@]}" init --zone inside --role source >/dev/null
"${replica[@]}" init --zone outside --role replica >/dev/null
"$GAPFERRY_BINARY" --home "$work/inside" card >"$work/inside.card"
"$GAPFERRY_BINARY" --home "$work/outside" card >"$work/outside.card"
"${replica[@]}" trust "$work/inside.card" --fingerprint "$("${source[@]}" card | field '["fingerprint"]')" >/dev/null
"${source[@]}" trust "$work/outside.card" --fingerprint "$("${replica[@]}" card | field '["fingerprint"]')" >/dev/null
"${source[@]}" archive add archive "$work/archive" >/dev/null
"${source[@]}" route add outward --archive archive --to outside >/dev/null
"${replica[@]}" route accept outward --from inside --into "$work/replica" >/dev/null
head -c $((5 << 30)) /dev/urandom >"$work/archive/larger than a file may be"
printf 'small\n' >"$work/archive/small"
for visit in 1 2 3 4 5 6; do
  (ulimit -f 4194303 && "${source[@]}" carry "$work/medium" >/dev/null) || [ $? -eq 1 ]
  largest=$(find "$work/medium" -type f -printf '%s\n' | sort -n | tail -1)
  "${replica[@]}" carry "$work/medium" >/dev/null
  (ulimit -f 4194303 && "${source[@]}" carry "$work/medium" >/dev/null) || [ $? -eq 1 ]
  items=$("${source[@]}" status | field '["routes"][0]["items"]')
  printf 'visit %s: largest file on the medium %s bytes; %s\n' "$visit" "$largest" "$items"
  [ "$largest" -lt $((4 << 30)) ]
  if [ "$("${source[@]}" status | field '["routes"][0]["items"]["done"]')" = 2 ]; then break; fi
done
cmp "$work/archive/larger than a file may be" "$work/replica/larger than a file may be"
rm -rf "$work"
export GAPFERRY_MEDIUM_MIB=64 GAPFERRY_ARCHIVE_MIB=300
cargo test --release --locked -p gapferry --test suite -- --nocapture --test-threads=1 media::
