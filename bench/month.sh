#!/usr/bin/env bash
# How long the whole city's month takes: 40,000 families and 25,000 persons in two runs, made, compared with the month before, approved by a second
# person and exported for the bank, through the use-cases and jobs of the pages. One JSON line for each database on standard output.
#
#   bench/run month [sqlite|postgres|both]
#
# PEOPLE, FAMILIES, PERSONS change the size, MONTHS how many months are run one after the other. FOLDER keeps the databases (they take minutes to make; each
# further call runs the month after). PostgreSQL is a private one of this script, as safe with what it writes as a real one.
set -euo pipefail
cd "$(dirname "$0")/.."
which=${1:-both}
people=${PEOPLE:-400000} families=${FAMILIES:-40000} persons=${PERSONS:-25000} months=${MONTHS:-2}
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
    if [ -d "$folder/pg" ]; then
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

[ -n "${CASEWORK:-}" ] || cargo build --quiet --profile "$profile" -p huimin --example casework
[ "$profile" = dev ] && built=debug || built=$profile
casework=${CASEWORK:-$target/$built/examples/casework}

about() { # backend
    printf '{"backend":"%s","commit":"%s","processor":"%s","cores":%s,"memory_mb":%s,"load":%s,"profile":"%s"}' \
        "$1" "$(git rev-parse --short HEAD)" "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)" "$(nproc)" \
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

[ "$which" = sqlite ] || start_postgres
for backend in sqlite postgres; do
    [ "$which" = both ] || [ "$which" = "$backend" ] || continue
    name=$backend-month
    case $backend in
    sqlite) database=sqlite:$folder/$name.db ;;
    postgres) database=${url/\/postgres?/\/bench_month?} ;;
    esac
    if [ ! -e "$folder/$name.json" ]; then
        "$casework" make --database "$database" --keys "$folder/$name.keys" --work "$folder/$name.json" \
            --people "$people" --cases 0 --drafts 0 --confirmations 0 --on-roll "$families" --persons "$persons"
    fi
    for _ in $(seq "$months"); do
        "$casework" month --database "$database" --keys "$folder/$name.keys" --work "$folder/$name.json" --about "$(about "$backend")"
    done
done
