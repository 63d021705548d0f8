#!/usr/bin/env bash
# Every planted bug of spec/faults.md is caught by the check that the page names.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
python3 tests/full/planted.py
