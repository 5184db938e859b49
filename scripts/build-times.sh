#!/usr/bin/env bash
# Measures clean release builds, by CPU seconds and by the wall clock, and the size of the program: against
# a crate whose build script runs progenitor on the same documents, against reqwest by hand, and reqwest
# alone. Prints and writes target/build-times.tsv: NAME, OURS, PEER, RATIO, GOAL, met or short. Run it on an
# idle machine.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0

package=(--manifest-path benches/builds/Cargo.toml)
cargo fetch --quiet --locked "${package[@]}"
folder=target/build-times
declare -A wall cpu bytes
for name in reqwest-alone by-hand progenitor progenitor-all-systems one-system all-systems; do
    rm -rf "$folder"
    bin=${name/progenitor-all-systems/progenitor}
    TIMEFORMAT='%R %U %S'
    times=$({ time cargo build --quiet --release --locked "${package[@]}" --target-dir "$folder" \
        --features "$name" --bin "$bin" >&2; } 2>&1 | tail -n 1)
    read -r real user system <<<"$times"
    wall[$name]=$(awk "BEGIN { print int($real * 1000) }")
    cpu[$name]=$(awk "BEGIN { print int(($user + $system) * 1000) }")
    bytes[$name]=$(stat -c %s "$folder/release/$bin")
    printf '%s: %d ms, %d ms of CPU, %d bytes\n' "$name" "${wall[$name]}" "${cpu[$name]}" "${bytes[$name]}" >&2
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
row build/cpu-milliseconds-one-system:progenitor "${cpu[one-system]}" "${cpu[progenitor]}" 1.25
row build/wall-milliseconds-one-system:progenitor "${wall[one-system]}" "${wall[progenitor]}" 1.25
row build/cpu-milliseconds-all-systems:progenitor "${cpu[all-systems]}" "${cpu[progenitor-all-systems]}" 1.45
row build/wall-milliseconds-all-systems:progenitor "${wall[all-systems]}" "${wall[progenitor-all-systems]}" 1.45
row build/bytes-minimal-sign-in:by-hand "${bytes[one-system]}" "${bytes[by-hand]}" 1.25
awk -v one="${cpu[one-system]}" -v all="${cpu[all-systems]}" -v alone="${cpu[reqwest-alone]}" \
    'BEGIN { printf "beside reqwest alone, CPU: one system %.3f, all four %.3f\n", one / alone, all / alone }' >&2
