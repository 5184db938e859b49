#!/usr/bin/env bash
# Runs every fuzz target: scripts/fuzz.sh [SECONDS_PER_TARGET], default 600.
# `scripts/fuzz.sh lint` only runs clippy.
#
# A finding fails the script and names the file with the input. To reproduce it:
#   target/fuzz/build/HOST/release/TARGET target/fuzz/findings/TARGET-crash-…
# The corpus stays in target/fuzz/corpus for the next run.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-600}

# libFuzzer is C++ and is compiled from source.
command -v c++ >/dev/null || { apt-get update -qq && apt-get install -y -qq g++ >/dev/null; }

# The coverage for libFuzzer is an LLVM pass, which the stable compiler has as well. Branches are not
# folded, so that each part of a condition counts as progress. An explicit --target keeps build scripts
# uninstrumented.
pass=-Cllvm-args=-sanitizer-coverage
flags="--cfg fuzzing -Cpasses=sancov-module $pass-level=4 $pass-inline-8bit-counters $pass-pc-table
    $pass-trace-compares -Cllvm-args=-simplifycfg-branch-fold-threshold=0"
host=$(rustc -vV | sed -n 's/^host: //p')
package=(--release --manifest-path fuzz/Cargo.toml --target "$host" --target-dir target/fuzz/build)
if [ "$seconds" = lint ]; then
    RUSTFLAGS='--cfg fuzzing' cargo clippy --quiet "${package[@]}" --all-targets -- -D warnings
    exit
fi
RUSTFLAGS=$(echo $flags) cargo build --quiet "${package[@]}"

findings=target/fuzz/findings
mkdir -p "$findings" target/proof
rm -f target/proof/fuzz
inputs=0
broken=()
for file in fuzz/targets/*.rs; do
    target=$(basename "$file" .rs)
    corpus=target/fuzz/corpus/$target
    log=target/fuzz/$target.log
    mkdir -p "$corpus"
    if ! "target/fuzz/build/$host/release/$target" \
        -max_total_time="$seconds" -max_len=4096 -timeout=10 -rss_limit_mb=1024 \
        -print_final_stats=1 -dict=fuzz/words.dict -artifact_prefix="$findings/$target-" \
        "$corpus" "fuzz/seeds/$target" >"$log" 2>&1; then
        broken+=("$target")
        grep -aE 'panicked at|ERROR: libFuzzer' -A 2 "$log" || tail -n 20 "$log"
        grep -a 'Test unit written to' "$log" || true
        continue
    fi
    executed=$(sed -n 's/^stat::number_of_executed_units: *//p' "$log")
    printf '%-14s %12d inputs\n' "$target" "$executed"
    inputs=$((inputs + executed))
done
if [ "${#broken[@]}" -gt 0 ]; then
    echo "fuzz: findings in ${broken[*]}; logs are in target/fuzz"
    exit 1
fi
echo "fuzz $inputs panics=0" | tee target/proof/fuzz
