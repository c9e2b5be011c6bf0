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
. bench/database.sh

cargo build --quiet --profile "$profile" -p huimin --bin huimin --example casework

measure() { # backend cases
    local name=$1-$2 database
    database=$(database "$1" "$name" "bench_$2")
    if [ ! -e "$folder/$name.json" ]; then
        rm -f "$folder/$name".*  # what an earlier, broken off making left
        "$casework" make --database "$database" --keys "$folder/$name.keys" --work "$folder/$name.json" \
            --people "$people" --cases "$2"
    fi
    [ "$only" != make ] || return 0
    HUIMIN_POPULATION="$folder/$name.population" "$casework" load --database "$database" --keys "$folder/$name.keys" --work "$folder/$name.json" \
        --server "$programs/huimin" --clients "$clients" --seconds "$seconds" --pause "$pause" ${AFTER_NIGHT:+--after-night} --about "$(about)"
}

[ "$which" = sqlite ] || start_postgres
for backend in sqlite postgres; do
    [ "$which" = both ] || [ "$which" = "$backend" ] || continue
    for size in "$cases" 0; do measure "$backend" "$size"; done
done
