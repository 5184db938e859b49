#!/usr/bin/env bash
# Tests the store in SQLite with the oldest version of rusqlite that Cargo.toml allows, which is the one beside
# sqlx 0.8, and with the newest. `scripts/downstream.sh` has sqlx 0.9 in the same program.
set -euo pipefail
cd "$(dirname "$0")/../.."

# In a copy, because Cargo.lock changes.
copy=target/sqlite-versions
mkdir -p "$copy"
rsync -a --delete --exclude target --exclude .git ./ "$copy/source/"
cd "$copy/source"
tests=(--no-default-features --features sqlite --test sqlite_store --test sqlite_faults)
for version in 0.32.1 0.43.0; do
    cargo update --quiet --package rusqlite --precise "$version"
    cargo test "${tests[@]}" --target-dir ../target
done
mkdir -p ../../proof
echo 'sqlite-versions ok' >../../proof/sqlite-versions
