#!/usr/bin/env bash
# Line coverage of the hand-written code: in total, of the pipeline and of sessions.
set -euo pipefail
cd "$(dirname "$0")/../.."

if [ ! -x /usr/bin/llvm-cov-22 ]; then
    apt-get update -qq
    apt-get install -y -qq llvm-22 >/dev/null
fi
# CARGO_LLVM_COV_SETUP=no prevents the download of a toolchain component.
export LLVM_COV=/usr/bin/llvm-cov-22 LLVM_PROFDATA=/usr/bin/llvm-profdata-22 CARGO_LLVM_COV_SETUP=no
export CARGO_INCREMENTAL=0
# Doctests are not counted: stable Rust does not support that. The compile-fail tests run no code.
scripts/services.sh target/tools/python/bin/cargo-llvm-cov llvm-cov nextest --all-features -E 'not binary(ui)' \
    --ignore-filename-regex '(/generated|/out/|tests/|examples/|build/)' \
    --json --output-path target/coverage.json
python3 - target/coverage.json <<'PYTHON'
import json
import pathlib
import sys

files = json.load(open(sys.argv[1]))["data"][0]["files"]
here = str(pathlib.Path.cwd()) + "/"


def share(prefix):
    lines = [f["summary"]["lines"] for f in files if f["filename"].startswith(here + prefix)]
    covered, count = (sum(line[key] for line in lines) for key in ("covered", "count"))
    return covered, count


parts = {name: share(prefix) for name, prefix in
         [("all", "src/"), ("pipeline", "src/pipeline/"), ("session", "src/session/")]}
for name, (covered, count) in parts.items():
    print(f"{name}: {covered} of {count} lines, {100 * covered / count:.2f}%")
for f in sorted(files, key=lambda f: f["summary"]["lines"]["percent"])[:25]:
    lines = f["summary"]["lines"]
    if lines["percent"] < 100:
        print(f'{lines["percent"]:6.2f}% {f["filename"].removeprefix(here)}')
covered, count = parts["all"]
proof = pathlib.Path("target/proof/coverage")
proof.parent.mkdir(exist_ok=True)
proof.write_text(f"coverage {100 * covered / count:.2f}%\n")
PYTHON
