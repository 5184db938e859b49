#!/usr/bin/env bash
# Runs two linters over the documents of the systems and that of the control API; errors and warnings fail.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/openapi/install.sh
tools=target/tools/openapi
python=target/tools/python
[ -x "$python/bin/python" ] || python3 -m venv "$python"
"$python/bin/python" -c 'import openapi_spec_validator' 2>/dev/null \
    || "$python/bin/pip" install --quiet --disable-pip-version-check openapi-spec-validator==0.9.0

documents=(openapi/*.yaml src/testing/control/openapi.yaml)
findings=$("$tools/node_modules/.bin/redocly" lint --config scripts/openapi/redocly.yaml \
    --format json "${documents[@]}" 2>/dev/null) || true
"$python/bin/python" - "$findings" <<'PYTHON'
import json, sys

rest = sys.argv[1].lstrip()
documents = found = 0
while rest:
    report, end = json.JSONDecoder().raw_decode(rest)
    rest = rest[end:].lstrip()
    documents += 1
    for problem in report["problems"]:
        place = problem["location"][0]
        print(problem["severity"], place["source"]["ref"], place.get("pointer"), problem["message"])
    found += report["totals"]["errors"] + report["totals"]["warnings"]
print(f"redocly: {documents} documents, {found} errors and warnings")
sys.exit(documents == 0 or found > 0)
PYTHON
"$python/bin/openapi-spec-validator" --schema 3.0 "${documents[@]}"
