#!/usr/bin/env bash
# Uses the control API of `vestibule-mock` from Python (httpx) and JavaScript (fetch), and the page of each
# mock in a headless Chromium, with accessibility checks by axe. Installs what it needs; screenshots are in
# target/mock-page afterwards.
set -euo pipefail
cd "$(dirname "$0")/.."
sources=scripts/mock-control
tools=target/tools/mock-control

missing=()
command -v chromium >/dev/null || missing+=(chromium)
command -v npm >/dev/null || missing+=(nodejs npm)
command -v python3 >/dev/null || missing+=(python3 python3-venv)
if [ "${#missing[@]}" -gt 0 ]; then
    echo "installing ${missing[*]}"
    apt-get update -qq
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "${missing[@]}" >/dev/null
fi
mkdir -p "$tools" target/proof

# Copies of the two files mark what is installed.
if ! cmp -s "$sources/requirements.txt" "$tools/requirements.txt"; then
    python3 -m venv "$tools/python"
    "$tools/python/bin/pip" install --quiet --disable-pip-version-check -r "$sources/requirements.txt"
    cp "$sources/requirements.txt" "$tools"
fi
if ! cmp -s "$sources/package-lock.json" "$tools/installed"; then
    cp "$sources"/package{,-lock}.json "$tools"
    npm ci --prefix "$tools" --ignore-scripts --no-audit --no-fund --silent
    cp "$tools/package-lock.json" "$tools/installed"
fi

rm -rf target/mock-page target/proof/mock-control target/proof/mock-page
mkdir -p target/mock-page
cargo build --quiet --all-features --bin vestibule-mock
server=${CARGO_TARGET_DIR:-target}/debug/vestibule-mock
python=$tools/python/bin/python
run() { "$python" "$sources/mocks.py" "$server" "$@"; }

systems=('{wunder}' '{walletcrew}' '{goodcity}' '{fynd}')
by_python=$(run -- "$python" "$sources/smoke.py" "${systems[@]}")
by_javascript=$(run -- node "$sources/smoke.mjs" "${systems[@]}")
[ "$by_python" = "$by_javascript" ]
line="mock-control python=ok javascript=ok operations=$by_python mocks=${#systems[@]}"
echo "$line" | tee target/proof/mock-control

# Node resolves packages beside the script.
cp "$sources/page.mjs" "$tools"
token=$(head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \n')
figures=$(MOCK_TOKEN=$token run -- node "$tools/page.mjs" "$(command -v chromium)" \
    "$tools/node_modules/axe-core/axe.min.js" target/mock-page "$token" \
    '{wunder_with_token}' '{goodcity}' '{walletcrew}' '{fynd}')
echo "mock-page $figures" | tee target/proof/mock-page
