#!/usr/bin/env bash
# Checks that the crate builds with the oldest versions of its dependencies that Cargo.toml allows.
set -euo pipefail
cd "$(dirname "$0")/../.."

# In a copy, because Cargo.lock changes.
copy=target/minimal-versions
mkdir -p "$copy"
rsync -a --delete --exclude target --exclude .git ./ "$copy/source/"
cd "$copy/source"
RUSTC_BOOTSTRAP=1 cargo -Z direct-minimal-versions update --quiet
cargo check --all-features --target-dir ../target
