#!/usr/bin/env bash
# Fails if a call takes over 3 % more instructions or allocations than benches/recorded.tsv says. The
# same run counts reqwest by hand and scales by it, to remove the influence of another compiler or
# processor. After an intended change: scripts/cost-guard.sh --record.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never CARGO_INCREMENTAL=0

if ! command -v valgrind >/dev/null; then
    apt-get update -qq
    apt-get install -y -qq valgrind >/dev/null
fi
cargo build --quiet --release --locked --manifest-path benches/Cargo.toml --target-dir target \
    --bin overhead --bin server

recorded=benches/recorded.tsv
counted=target/cost.tsv
target/release/overhead cost >"$counted"
if [ "${1:-}" = --record ]; then
    cp "$counted" "$recorded"
fi
awk -F '\t' '
    NR == FNR { instructions[$1] = $2; allocations[$1] = $3; next }
    { now_instructions[$1] = $2; now_allocations[$1] = $3 }
    function check(what, now, recorded, machine,    change) {
        change = now / (recorded * machine) - 1
        printf "%s per call: %s, recorded %s, %+.2f %%\n", what, now, recorded, 100 * change
        if (change > 0.03) failed = 1
    }
    END {
        machine = now_instructions["reqwest"] / instructions["reqwest"]
        check("instructions", now_instructions["vestibule"], instructions["vestibule"], machine)
        check("allocations", now_allocations["vestibule"], allocations["vestibule"], 1)
        check("instructions with unknown members", now_instructions["real"], instructions["real"], machine)
        check("allocations with unknown members", now_allocations["real"], allocations["real"], 1)
        if (failed) print "a call costs over 3 % more than recorded: see docs/performance.md"
        exit failed
    }' "$recorded" "$counted"
mkdir -p target/proof
awk -F '\t' '$1 == "vestibule" { printf "call-cost instructions=%s allocations=%s\n", $2, $3 }' \
    "$counted" >target/proof/call-cost
