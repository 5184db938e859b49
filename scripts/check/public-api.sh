#!/usr/bin/env bash
# Compares the public API and its foreign types with the record in docs/. `--record` updates the record.
# The generated API is excluded: its documents are its record.
set -euo pipefail
cd "$(dirname "$0")/../.."

tool=target/tools/public-api
if [ ! -x "$tool/bin/cargo-public-api" ]; then
    cargo install --quiet --locked --debug --root "$tool" --version 0.52.0 cargo-public-api
fi
# Rustdoc's JSON output is unstable; RUSTC_BOOTSTRAP enables it on the stable compiler.
RUSTC_BOOTSTRAP=1 "$tool/bin/cargo-public-api" public-api --all-features -sss \
    --target-dir target/api >target/public-api-whole.txt
grep -vE '::(api|auth_api|user_api)::' target/public-api-whole.txt >target/public-api.txt
python3 - target/public-api.txt >target/foreign-types.txt <<'PYTHON'
import re
import sys

text = open(sys.argv[1]).read()
paths = re.findall(r"\b(?:[a-z_][a-z0-9_]*::)+[A-Z]\w*", text)
ours = ("vestibule::", "core::", "alloc::", "std::")
print("\n".join(sorted({path for path in paths if not path.startswith(ours)})))
PYTHON

if [ "${1:-}" = --record ]; then
    cp target/public-api.txt target/foreign-types.txt docs/
else
    diff -u docs/public-api.txt target/public-api.txt
    diff -u docs/foreign-types.txt target/foreign-types.txt
fi
mkdir -p target/proof
echo "public-api items=$(wc -l <target/public-api.txt) foreign-types=$(wc -l <target/foreign-types.txt)" \
    >target/proof/public-api
