#!/usr/bin/env bash
# A private PostgreSQL for tests: no port, a socket in DIR, nobody else's data.
#
#   tests/postgres.sh start DIR   starts (or finds) the server, prints its URL on standard output
#   tests/postgres.sh stop  DIR   stops it and removes what it stored
#
# Never use it for real work: fsync is off, and whoever reaches the socket is trusted.
set -euo pipefail

usage() { echo "usage: $0 start|stop DIR" >&2; exit 2; }
[ $# -eq 2 ] || usage
command=$1
mkdir -p "$2"
folder=$(cd "$2" && pwd)
server=$folder/server                      # the cluster's files
user=huimin_test                           # the cluster's superuser, and a name free of percent signs
log=$folder/log

find_programs() {
    local place
    for place in /usr/lib/postgresql/15/bin /usr/lib/postgresql/*/bin; do
        [ -x "$place/initdb" ] && { echo "$place"; return; }
    done
    if command -v initdb >/dev/null; then dirname "$(readlink -f "$(command -v initdb)")"; return; fi
    return 1
}

if ! programs=$(find_programs); then
    echo "installing postgresql-15 ..." >&2
    as_root=; [ "$(id -u)" -eq 0 ] || as_root=sudo
    # The package would start a server of its own on a port; a test wants only the programs.
    $as_root mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo 'create_main_cluster = false' | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq postgresql-15 >&2
    programs=$(find_programs)
fi

# PostgreSQL refuses to run as root: an account without rights owns the server then.
if [ "$(id -u)" -eq 0 ]; then
    account=huimin-test
    getent passwd "$account" >/dev/null ||
        useradd --system --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin "$account"
    run() { (cd / && runuser -u "$account" -- "$@"); }
else
    account=$(id -un)
    run() { "$@"; }
fi

running() { [ -e "$server/postmaster.pid" ] && run "$programs/pg_ctl" --pgdata="$server" status >/dev/null 2>&1; }

# What may stand unescaped in a URL's query; a folder with Chinese or spaces in its name is escaped byte by byte.
escaped() {
    local LC_ALL=C text=$1 sign index
    for ((index = 0; index < ${#text}; index++)); do
        sign=${text:index:1}
        case $sign in
            [a-zA-Z0-9./_-]) printf '%s' "$sign" ;;
            *) printf '%s' "$sign" | od -An -v -tx1 | tr -d '\n' | tr ' ' '%' ;;
        esac
    done
}

case $command in
start)
    # A socket's path is limited to 107 bytes by the system.
    socket=$folder/.s.PGSQL.5432
    [ "$(printf '%s' "$socket" | wc -c)" -le 107 ] || { echo "$folder: too long a path for a socket" >&2; exit 1; }
    if ! running; then
        [ "$(id -u)" -ne 0 ] || chown "$account" "$folder"
        if [ ! -e "$server/PG_VERSION" ]; then
            run "$programs/initdb" --pgdata="$server" --username="$user" --auth=trust --encoding=UTF8 \
                --locale=C.UTF-8 --no-sync >"$log.initdb" 2>&1 || { cat "$log.initdb" >&2; exit 1; }
            run tee -a "$server/postgresql.conf" >/dev/null <<CONF
listen_addresses = ''
unix_socket_directories = '$folder'
max_connections = 300
fsync = off
synchronous_commit = off
full_page_writes = off
max_wal_size = 4GB
shared_buffers = 512MB
# Hundreds of databases that live for seconds: nothing is worth tidying up, and nobody replicates them.
autovacuum = off
wal_level = minimal
max_wal_senders = 0
jit = off
CONF
        fi
        run "$programs/pg_ctl" --pgdata="$server" --log="$log" --wait --timeout=60 start >/dev/null </dev/null ||
            { tail -20 "$log" >&2; exit 1; }
    fi
    echo "postgres:///postgres?host=$(escaped "$folder")&user=$user"
    ;;
stop)
    if running; then run "$programs/pg_ctl" --pgdata="$server" --mode=immediate --wait stop >/dev/null; fi
    # Only what this script made.
    rm -rf "$server" "$log" "$log.initdb"
    rmdir "$folder" 2>/dev/null || true
    ;;
*) usage ;;
esac
