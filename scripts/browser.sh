#!/usr/bin/env bash
# Runs the scenarios of examples/axum-backend in a headless Chromium, with accessibility checks by axe
# on every page. Installs what it needs; a second run installs nothing. Screenshots are in
# target/browser afterwards. SCENARIO runs only the scenarios whose name contains its value.
set -euo pipefail
cd "$(dirname "$0")/.."
package=examples/axum-backend

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v chromedriver >/dev/null || missing+=(chromium-driver)
command -v redis-server >/dev/null || missing+=(redis-server)
command -v npm >/dev/null || missing+=(nodejs npm)
if [ "${#missing[@]}" -gt 0 ]; then
    echo "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
fi

# A copy of the lockfile marks what is installed.
axe=target/tools/axe
if ! cmp -s "$package/tests/browser/package-lock.json" "$axe/installed"; then
    mkdir -p "$axe"
    cp "$package"/tests/browser/package{,-lock}.json "$axe"
    npm ci --prefix "$axe" --ignore-scripts --no-audit --no-fund --silent
    cp "$axe/package-lock.json" "$axe/installed"
fi

rm -rf target/browser target/proof/browser target/proof/axe
mkdir -p target/browser target/proof
cargo test --manifest-path "$package/Cargo.toml" --target-dir target "$@"
if [ -z "${SCENARIO:-}" ]; then
    cat target/proof/browser target/proof/axe
fi
