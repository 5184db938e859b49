#!/usr/bin/env bash
# Writes docs/operations.md and tests/support/operations.rs from the OpenAPI documents.
set -euo pipefail
cd "$(dirname "$0")/.."
WRITE_OPERATIONS_TABLE=1 cargo test --quiet --test operations_table
