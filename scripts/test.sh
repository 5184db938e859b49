#!/usr/bin/env bash
# Runs every check. Installs what it needs and prints the proofs at the end.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never

step() { printf '\n== %s (%s)\n' "$1" "$(date +%T)"; }

# Separate packages, with their own dependencies.
opentelemetry=examples/opentelemetry/Cargo.toml
postgres=examples/postgres-store/Cargo.toml
backend=examples/axum-backend/Cargo.toml
json=examples/axum-json/Cargo.toml
downstream=examples/downstream/Cargo.toml

step 'Tools'
scripts/check/tools.sh
export PATH="$PWD/target/tools/python/bin:$PATH"
scripts/openapi/install.sh

rm -rf target/proof target/store-conformance
mkdir -p target/proof

step 'Format'
for package in Cargo.toml "$opentelemetry" "$postgres" "$backend" "$json" "$downstream" benches/Cargo.toml \
    fuzz/Cargo.toml; do
    cargo fmt --check --manifest-path "$package"
done

step 'Licences, sources, dependencies, typing errors, links'
scripts/check/fast.sh

step 'Lints'
cargo clippy --all-targets --all-features -- -D warnings
for package in "$opentelemetry" "$postgres" "$backend" "$json"; do
    cargo clippy --manifest-path "$package" --target-dir target --all-targets -- -D warnings
done
scripts/fuzz.sh lint

step 'OpenAPI documents'
scripts/lint-openapi.sh

step 'Tests'
scripts/services.sh cargo nextest run --all-features

step 'Without TLS, and with TLS by the platform'
cargo nextest run --no-default-features --features goodcity --test without_tls
cargo nextest run --no-default-features --features goodcity,native-tls --test connection_settings

step 'Examples in the documentation'
cargo test --all-features --doc

step 'The example store, on PostgreSQL'
scripts/services.sh cargo test --manifest-path "$postgres" --target-dir target

step 'Spans, exported with OpenTelemetry'
cargo test --manifest-path "$opentelemetry" --target-dir target
cargo run --quiet --manifest-path "$opentelemetry" --target-dir target >target/opentelemetry.txt

step 'A JSON API, over HTTP'
cargo test --manifest-path "$json" --target-dir target

step 'Short examples'
scripts/services.sh scripts/examples.sh

step 'The mocks against the documents'
scripts/schemathesis.sh

step 'A downstream app, with the packaged crate'
scripts/downstream.sh

step 'The back end, in a browser'
scripts/browser.sh

step 'Fuzz'
scripts/fuzz.sh 12

step 'Documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --all-features --no-deps

step 'Each feature alone'
RUSTFLAGS='-D warnings' cargo hack check --each-feature --no-dev-deps --target-dir target/hack

step 'The generator runs only when a document changes'
scripts/generator-stays-quiet.sh

step 'What a call costs'
scripts/cost-guard.sh

step 'Proofs:'
cat target/proof/*
