#!/usr/bin/env bash
# The long checks, in addition to `scripts/test.sh`: before a release, and before an issue is resolved.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never

# Unset it for the tests, which run a short soak of their own.
soak_seconds=${SOAK_SECONDS:-600}
unset SOAK_SECONDS

step() { printf '\n== %s\n' "$1"; }

step 'Tools'
scripts/check/tools.sh

step 'Fast checks'
scripts/check/fast.sh

step 'Public API'
scripts/check/public-api.sh

step 'Minimal versions'
scripts/check/minimal-versions.sh

step 'SQLite versions'
scripts/check/sqlite-versions.sh

step 'Newest versions'
scripts/check/newest-versions.sh

step 'Package'
cargo publish --dry-run --allow-dirty --target-dir target/publish

step 'Coverage'
scripts/check/coverage.sh

# The soak is mostly idle, and the fuzzers use one core.
step 'Soak and fuzz'
scripts/soak.sh "$soak_seconds" >target/soak.log 2>&1 &
soak=$!
fuzz=0
scripts/fuzz.sh "${FUZZ_SECONDS:-120}" || fuzz=$?
# Also after a finding, so that the soak does not keep running.
wait "$soak" || { cat target/soak.log; exit 1; }
[ "$fuzz" = 0 ] || exit "$fuzz"

step 'Proofs:'
cat target/proof/*
