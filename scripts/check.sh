#!/usr/bin/env bash
# What takes long, beside `scripts/test.sh`: before a release, and before an issue is resolved.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never

# The tests run a soak too, which is to stay as short as it is.
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

step 'Newest versions'
scripts/check/newest-versions.sh

step 'What would be published'
cargo publish --dry-run --allow-dirty --target-dir target/publish

step 'Coverage'
scripts/check/coverage.sh

# The soak waits most of its time, and the fuzzers take one core.
step 'Soak, and fuzz'
scripts/soak.sh "$soak_seconds" >target/soak.log 2>&1 &
soak=$!
fuzz=0
scripts/fuzz.sh "${FUZZ_SECONDS:-120}" || fuzz=$?
# Also after a finding, so that nothing is left running.
wait "$soak" || { cat target/soak.log; exit 1; }
[ "$fuzz" = 0 ] || exit "$fuzz"

step 'Proofs:'
cat target/proof/*
