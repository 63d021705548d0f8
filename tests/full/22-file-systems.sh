#!/usr/bin/env bash
# SIGKILL of the real program on ext4, xfs and btrfs, each on an image of its own behind a loop device: at every system call
# that changes something, command by command, and at random moments, until each file system has seen GAPFERRY_KILLS_EACH
# kills (5,000 unless told). Needs root. Prints the kills of each file system.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ "$(id -u)" = 0 ] || { echo "22-file-systems.sh: mounting an image needs root" >&2; exit 1; }
for tool in strace:strace mkfs.ext4:e2fsprogs mkfs.xfs:xfsprogs mkfs.btrfs:btrfs-progs; do
  command -v "${tool%%:*}" >/dev/null || apt-get install -y --no-install-recommends "${tool#*:}" >/dev/null
done
export GAPFERRY_BINARY=${GAPFERRY_BINARY:-$PWD/target/release/gapferry}
wanted=${GAPFERRY_KILLS_EACH:-5000}
scratch=$(mktemp -d)
cleanup() {
  for fs in ext4 xfs btrfs; do ! mountpoint -q "$scratch/$fs" || umount "$scratch/$fs"; done
  rm -rf "$scratch"
}
trap cleanup EXIT

# Kills that the output of the suite counts.
count() { grep -o '^[0-9]* kills' "$1" | awk '{ sum += $1 } END { print sum + 0 }'; }

one() {
  local fs=$1 log="$scratch/$1.log"
  truncate -s 3G "$scratch/$fs.image"
  "mkfs.$fs" -q "$scratch/$fs.image"
  mkdir "$scratch/$fs"
  mount -o loop "$scratch/$fs.image" "$scratch/$fs"
  export TMPDIR="$scratch/$fs"
  GAPFERRY_CALLS=0 cargo test --release --locked -p gapferry --test suite -- --nocapture kill_calls:: | tee "$log"
  GAPFERRY_KILLS_OTHERS=30 cargo test --release --locked -p gapferry --test suite -- --nocapture kill_others:: | tee -a "$log"
  local left=$((wanted - $(count "$log")))
  while [ "$left" -gt 0 ]; do
    GAPFERRY_KILLS=$((left < 500 ? left : 500)) GAPFERRY_DOCUMENTS=60 \
      cargo test --release --locked -p gapferry --test suite -- --nocapture kill::killed_anywhere_and_again | tee -a "$log"
    left=$((wanted - $(count "$log")))
  done
  echo "$fs: $(count "$log") kills, nothing lost"
  umount "$scratch/$fs"
  rm "$scratch/$fs.image"
}

for fs in ${GAPFERRY_FILE_SYSTEMS:-ext4 xfs btrfs}; do one "$fs"; done
