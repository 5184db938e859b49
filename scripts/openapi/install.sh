#!/usr/bin/env bash
# Installs Redocly and Prism, in the versions of the lockfile.
set -euo pipefail
cd "$(dirname "$0")/../.."

tools=target/tools/openapi
if cmp -s scripts/openapi/package-lock.json "$tools/package-lock.json" \
    && [ -x "$tools/node_modules/.bin/prism" ]; then
    exit 0
fi
command -v npm >/dev/null || {
    apt-get update -qq
    apt-get install -y -qq nodejs npm >/dev/null
}
mkdir -p "$tools"
cp scripts/openapi/package.json scripts/openapi/package-lock.json "$tools/"
npm ci --prefix "$tools" --no-audit --no-fund --loglevel=error
