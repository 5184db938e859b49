#!/usr/bin/env bash
# Measures the time of a clean release build and the size of the program, against reqwest by hand. Prints
# and writes target/build-times.tsv: NAME, OURS, PEER, RATIO, GOAL, met or short. Run it on an idle
# machine: builds are timed by the wall clock.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0

package=(--manifest-path benches/builds/Cargo.toml)
cargo fetch --quiet --locked "${package[@]}"
folder=target/build-times
declare -A seconds bytes
for name in reqwest-alone by-hand one-system all-systems; do
    rm -rf "$folder"
    began=$(date +%s%N)
    cargo build --quiet --release --locked "${package[@]}" --target-dir "$folder" \
        --features "$name" --bin "$name"
    seconds[$name]=$((($(date +%s%N) - began) / 1000000))
    bytes[$name]=$(stat -c %s "$folder/release/$name")
    printf '%s: %d ms, %d bytes\n' "$name" "${seconds[$name]}" "${bytes[$name]}" >&2
done
rm -rf "$folder"

results=target/build-times.tsv
row() {
    awk -v name="$1" -v ours="$2" -v peer="$3" -v goal="$4" 'BEGIN {
        ratio = ours / peer
        printf "%s\t%d\t%d\t%.3f\t<= %s\t%s\n", name, ours, peer, ratio, goal, ratio <= goal ? "met" : "short"
    }' | tee -a "$results"
}
printf 'name\tours\tpeer\tratio\tgoal\tmet\n' | tee "$results"
row build/milliseconds-one-system:reqwest-alone "${seconds[one-system]}" "${seconds[reqwest-alone]}" 1.45
row build/milliseconds-all-systems:reqwest-alone "${seconds[all-systems]}" "${seconds[reqwest-alone]}" 1.8
row build/bytes-minimal-sign-in:by-hand "${bytes[one-system]}" "${bytes[by-hand]}" 1.25
