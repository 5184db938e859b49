#!/usr/bin/env bash
# Endurance: processes share sessions while wire, store and processes fail in turn.
#
#     scripts/soak.sh [SECONDS]
#
# Ten minutes unless told otherwise; the tests run half a minute of it. Needs redis-server, which
# scripts/services.sh installs.
set -euo pipefail
cd "$(dirname "$0")/.."
export SOAK_SECONDS=${1:-600}
cargo test --all-features --test processes soak:: -- --nocapture
cat target/proof/soak
