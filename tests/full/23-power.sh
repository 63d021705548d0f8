#!/usr/bin/env bash
# Power cuts below real file systems: ext4, xfs and btrfs on an image whose unflushed writes are forgotten, torn or kept, by
# GAPFERRY_CUTS states each (2,000 unless told); see power.py. Needs root and /dev/fuse. Prints the states by command.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
[ "$(id -u)" = 0 ] && [ -e /dev/fuse ] || { echo "23-power.sh: this needs root and /dev/fuse" >&2; exit 1; }
for tool in mkfs.ext4:e2fsprogs mkfs.xfs:xfsprogs mkfs.btrfs:btrfs-progs; do
  command -v "${tool%%:*}" >/dev/null || apt-get install -y --no-install-recommends "${tool#*:}" >/dev/null
done
/usr/bin/python3 -c 'import fusepy' 2>/dev/null || apt-get install -y --no-install-recommends python3-fusepy >/dev/null
for fs in ${GAPFERRY_FILE_SYSTEMS:-ext4 xfs btrfs}; do
  /usr/bin/python3 tests/full/power.py "${GAPFERRY_BINARY:-target/release/gapferry}" "$fs" "${GAPFERRY_CUTS:-2000}"
done
