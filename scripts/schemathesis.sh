#!/usr/bin/env bash
# Runs schemathesis over every described operation of the mocks, with valid and invalid requests: no 5xx,
# no undocumented status, every response as described. Installs what it needs.
set -euo pipefail
cd "$(dirname "$0")/.."

tools=target/tools/schemathesis
wanted=scripts/schemathesis/requirements.txt
if ! cmp -s "$wanted" "$tools/requirements.txt"; then
    command -v python3 >/dev/null || {
        apt-get update -qq
        apt-get install -y -qq python3 python3-venv >/dev/null
    }
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check -r "$wanted"
    cp "$wanted" "$tools/requirements.txt"
fi

cargo build --quiet --all-features --bin vestibule-mock
mkdir -p target/proof
rm -f target/proof/schemathesis
"$tools/bin/python" scripts/schemathesis/run.py \
    "$PWD/target/debug/vestibule-mock" openapi target/proof/schemathesis
