#!/usr/bin/env bash
# The crate builds with the newest versions of its dependencies, also of those that Cargo.toml pins
# with `=` because build/ reads what they generate.
set -euo pipefail
cd "$(dirname "$0")/../.."

# In a copy, because Cargo.toml and Cargo.lock change.
copy=target/newest-versions
mkdir -p "$copy"
rsync -a --delete --exclude target --exclude .git ./ "$copy/source/"
cd "$copy/source"
sed -i -E 's/"=([0-9])/"\1/' Cargo.toml
cargo update --quiet
cargo check --all-features --target-dir ../target
