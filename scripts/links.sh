#!/usr/bin/env bash
# Checks the links of all pages, offline: files and their headings. External links are not followed.
# `cargo doc` checks the pages in src/.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/check/tools.sh

# Only tracked and new files: no build output, no installed packages.
mapfile -t pages < <(git ls-files --cached --others --exclude-standard -- '*.md' ':!src/')
target/tools/python/bin/lychee --offline --no-progress --include-fragments=anchor-only "${pages[@]}"
