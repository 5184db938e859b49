#!/usr/bin/env bash
# Runs a command with the databases that the tests need:
#
#     scripts/services.sh cargo test --all-features
#
# Installs what is missing. Each test starts its own servers, on free ports, so that it can kill them.
set -euo pipefail

missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
command -v redis-sentinel >/dev/null || missing+=(redis-sentinel)
[ -n "$(find /usr/lib/postgresql/*/bin -name initdb 2>/dev/null)" ] || missing+=(postgresql)
if [ "${#missing[@]}" -gt 0 ]; then
    echo "installing ${missing[*]}"
    apt-get update -qq
    apt-get install -y -qq "${missing[@]}" >/dev/null
fi

"$@"
