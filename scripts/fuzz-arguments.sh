#!/usr/bin/env bash
# Writes fuzz/arguments.json from the OpenAPI documents.
set -euo pipefail
cd "$(dirname "$0")/.."
WRITE_FUZZ_ARGUMENTS=1 cargo test --quiet --test fuzz_arguments
