#!/usr/bin/env bash
# Soak test: processes share sessions while network, store and processes fail in turn.
#
#     scripts/soak.sh [SECONDS]
#
# Default ten minutes; the tests run one minute. Needs Redis and PostgreSQL, which scripts/services.sh
# installs.
set -euo pipefail
cd "$(dirname "$0")/.."
export SOAK_SECONDS=${1:-600}
cargo test --all-features --test processes soak:: -- --nocapture
cat target/proof/soak target/proof/soak-postgres
