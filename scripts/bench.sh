#!/usr/bin/env bash
# Measures vestibule against the alternatives. Installs what it needs, prints and writes
# target/bench.tsv: NAME, OURS, PEER, RATIO, GOAL, met, short or limit. docs/performance.md explains the figures.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0

missing=()
command -v valgrind >/dev/null || missing+=(valgrind)
command -v redis-server >/dev/null || missing+=(redis-server)
if [ "${#missing[@]}" -gt 0 ]; then
    apt-get update -qq
    apt-get install -y -qq "${missing[@]}" >/dev/null
fi
# `--target-dir` overrides CARGO_TARGET_DIR: the programs are run from target/.
build=(cargo build --quiet --release --locked --manifest-path benches/Cargo.toml --target-dir target)
"${build[@]}" --features redis --bin redis
"${build[@]}"

results=target/bench.tsv
printf 'name\tours\tpeer\tratio\tgoal\tmet\n' | tee "$results"
for bench in overhead signature decode storm early_refresh sessions redis; do
    "target/release/$bench" | tee -a "$results"
done
awk -F '\t' 'NR > 1 { count[$6]++ }
    END { printf "%d met, %d short\n", count["met"], count["short"] }' "$results"
