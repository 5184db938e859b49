#!/usr/bin/env bash
# Runs a command with the databases that the tests need:
#
#     scripts/services.sh cargo test --all-features
#
# Installs what is missing, starts PostgreSQL on a free loopback port, passes its address in POSTGRES_URL,
# and stops it after the command. Each test starts its own Redis, so that it can kill it; this script only
# installs Redis.
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)

missing=()
command -v redis-server >/dev/null || missing+=(redis-server)
postgres_bin() { find /usr/lib/postgresql/*/bin -name initdb -printf '%h\n' 2>/dev/null | sort -V | tail -n 1; }
[ -n "$(postgres_bin)" ] || missing+=(postgresql)
if [ "${#missing[@]}" -gt 0 ]; then
    echo "installing ${missing[*]}"
    apt-get update -qq
    apt-get install -y -qq "${missing[@]}" >/dev/null
fi

mkdir -p "$root/target"
data=$(mktemp -d "$root/target/services.XXXXXX")
bin=$(postgres_bin)
# PostgreSQL refuses to run as root.
as_owner=()
if [ "$(id -u)" -eq 0 ]; then
    chown postgres "$data"
    as_owner=(runuser -u postgres --)
fi
owner() { (cd "$data" && "${as_owner[@]}" "$@"); }

stop() {
    owner "$bin/pg_ctl" --pgdata "$data/postgres" --mode immediate stop >/dev/null 2>&1 || true
    rm -rf "$data"
}
trap stop EXIT

free_port() { python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'; }
owner "$bin/initdb" --pgdata "$data/postgres" --username vestibule --auth trust --encoding UTF8 \
    --locale C >/dev/null
started=
for _ in 1 2 3; do
    port=$(free_port)
    options="-c listen_addresses=127.0.0.1 -c port=$port -c unix_socket_directories='' -c fsync=off"
    if owner "$bin/pg_ctl" --pgdata "$data/postgres" --log "$data/postgres.log" --wait \
        --options "$options" start >/dev/null; then
        started=yes
        break
    fi
done
if [ -z "$started" ]; then
    cat "$data/postgres.log" >&2
    exit 1
fi
export POSTGRES_URL="postgres://vestibule@127.0.0.1:$port/postgres"

"$@"
