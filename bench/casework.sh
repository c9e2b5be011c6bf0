#!/usr/bin/env bash
# How quickly the desks answer: work list, family page, searches, lists, filing, confirming, with sixteen clients, in a
# database of a million people and a hundred thousand cases and in one without cases. JSON lines on standard output.
#
#   bench/run casework [sqlite|postgres|both] [make]     with `make` the databases are made and not measured yet
#
# PEOPLE, CASES, CLIENTS, SECONDS_EACH change the size; PAUSE is the milliseconds a client reads before it asks again (0: never).
# AFTER_NIGHT=1 waits first until the server has done its nightly work, and says how long that took; without, it goes on beside.
# FOLDER keeps the databases for the next time (they take minutes to make).
# The database is synthetic; PostgreSQL is a private one of this script, as safe with what it writes as a real one.
set -euo pipefail
cd "$(dirname "$0")/.."
which=${1:-both} only=${2:-}
people=${PEOPLE:-1000000} cases=${CASES:-100000} clients=${CLIENTS:-16} seconds=${SECONDS_EACH:-10} pause=${PAUSE:-0}
profile=${PROFILE:-demo}
target=${CARGO_TARGET_DIR:-target}
if [ -n "${FOLDER:-}" ]; then
    folder=$FOLDER
    mkdir -p "$folder"
else
    folder=$(mktemp -d)
fi
chmod 711 "$folder"
finish() {
    if [ -n "${url:-}" ]; then
        if [ -n "${FOLDER:-}" ]; then stop_postgres; else tests/postgres.sh stop "$folder/pg"; fi
    fi
    [ -n "${FOLDER:-}" ] || rm -rf "$folder"
}
# Stops the server and keeps what it stored.
stop_postgres() {
    local pid
    pid=$(head -1 "$folder/pg/server/postmaster.pid" 2>/dev/null) || return 0
    kill -INT "$pid"
    while kill -0 "$pid" 2>/dev/null; do sleep 0.2; done
}
trap finish EXIT

cargo build --quiet --profile "$profile" -p huimin --bin huimin --example casework
program=$target/$profile/huimin
casework=$target/$profile/examples/casework

about() {
    printf '{"commit":"%s","processor":"%s","cores":%s,"memory_mb":%s,"load":%s,"profile":"%s"}' \
        "$(git rev-parse --short HEAD)" "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)" "$(nproc)" \
        "$(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo)" "$(cut -d' ' -f1 /proc/loadavg)" "$profile"
}

start_postgres() {
    url=$(tests/postgres.sh start "$folder/pg")
    local psql
    psql=$(ls /usr/lib/postgresql/*/bin/psql | tail -1)
    # Tests may lose what they write; a measurement must pay for keeping it.
    for setting in "fsync = on" "synchronous_commit = on" "full_page_writes = on" "autovacuum = on" "shared_buffers = '1GB'"; do
        "$psql" --quiet "$url" -c "ALTER SYSTEM SET $setting"
    done
    stop_postgres
    url=$(tests/postgres.sh start "$folder/pg")
}

measure() { # backend cases
    local name=$1-$2 database
    case $1 in
    sqlite) database=sqlite:$folder/$name.db ;;
    postgres) database=${url/\/postgres?/\/bench_$2?} ;;
    esac
    if [ ! -e "$folder/$name.json" ]; then
        rm -f "$folder/$name".*  # what an earlier, broken off making left
        "$casework" make --database "$database" --keys "$folder/$name.keys" --work "$folder/$name.json" \
            --people "$people" --cases "$2"
    fi
    [ "$only" != make ] || return 0
    "$casework" load --database "$database" --keys "$folder/$name.keys" --work "$folder/$name.json" \
        --server "$program" --clients "$clients" --seconds "$seconds" --pause "$pause" ${AFTER_NIGHT:+--after-night} --about "$(about)"
}

[ "$which" = sqlite ] || start_postgres
for backend in sqlite postgres; do
    [ "$which" = both ] || [ "$which" = "$backend" ] || continue
    for size in "$cases" 0; do measure "$backend" "$size"; done
done
