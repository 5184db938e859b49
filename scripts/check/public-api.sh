#!/usr/bin/env bash
# Compares the public API and its foreign types with the record in docs/, and fails if a public type is not
# Send, Sync and Unpin. `--record` updates the record: public-api.txt has what is written by hand, with derived
# and auto traits; public-api-generated.txt what is generated, with derived traits.
set -euo pipefail
cd "$(dirname "$0")/../.."

tool=target/tools/public-api
if [ ! -x "$tool/bin/cargo-public-api" ]; then
    cargo install --quiet --locked --debug --root "$tool" --version 0.52.0 cargo-public-api
fi
# Rustdoc's JSON output is unstable; RUSTC_BOOTSTRAP enables it on the stable compiler.
RUSTC_BOOTSTRAP=1 "$tool/bin/cargo-public-api" public-api --all-features -s \
    --target-dir target/api >target/public-api-whole.txt
if grep -E '^impl.* !core::marker::(Send|Sync|Unpin) for' target/public-api-whole.txt; then
    echo 'these public types must be Send, Sync and Unpin' >&2
    exit 1
fi
# Unstable traits, and those that say nothing about a type.
grep -vE '^impl.* !?core::(marker::(Freeze|StructuralPartialEq|UnsafeUnpin)|panic::unwind_safe::\w+) for' \
    target/public-api-whole.txt >target/public-api-all.txt
python3 - <<'PYTHON'
import re

# The item that a line is about, before its arguments and its type.
def item(line):
    line = re.sub(r"^impl(<[^>]*>)? (.* for )?", "", line)
    return re.split(r"[(<]|: ", line)[0]

generated = re.compile(r"vestibule::\w+::(api|auth_api|user_api)::")
auto = re.compile(r"^impl.* core::marker::(Send|Sync|Unpin) for")
ours, theirs = [], []
for line in open("target/public-api-all.txt"):
    if not generated.search(item(line)):
        ours.append(line)
    elif not auto.match(line):
        theirs.append(line)
open("target/public-api.txt", "w").writelines(ours)
open("target/public-api-generated.txt", "w").writelines(theirs)
paths = re.findall(r"\b(?:[a-z_][a-z0-9_]*::)+[A-Z]\w*", "".join(ours))
local = ("vestibule::", "core::", "alloc::", "std::")
foreign = sorted({path for path in paths if not path.startswith(local)})
open("target/foreign-types.txt", "w").write("\n".join(foreign) + "\n")
PYTHON

if [ "${1:-}" = --record ]; then
    cp target/public-api.txt target/public-api-generated.txt target/foreign-types.txt docs/
else
    diff -u docs/public-api.txt target/public-api.txt
    diff -u docs/public-api-generated.txt target/public-api-generated.txt
    diff -u docs/foreign-types.txt target/foreign-types.txt
fi
mkdir -p target/proof
echo "public-api items=$(wc -l <target/public-api.txt) generated=$(wc -l <target/public-api-generated.txt) foreign-types=$(wc -l <target/foreign-types.txt)" \
    >target/proof/public-api
