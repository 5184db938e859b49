#!/usr/bin/env bash
# Checks the links of all pages, offline: files, and headings within them. Links into the web are not
# followed. Pages in src/ are rustdoc's, whose links are checked by `cargo doc`.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/check/tools.sh

# Only what is committed or about to be: no build output, no installed package.
mapfile -t pages < <(git ls-files --cached --others --exclude-standard -- '*.md' ':!src/')
target/tools/python/bin/lychee --offline --no-progress --include-fragments=anchor-only "${pages[@]}"
