#!/usr/bin/env bash
# How quickly a register of a million records answers - list, sorts, every declared filter, detail - and how long files of it take.
# JSON lines on standard output; fails when a page needs more than 50 ms 95 of 100 times.
#
#   bench/records.sh [sqlite|both]
#
# RECORDS changes the size, LIMIT_MS the limit, PROFILE the cargo profile (demo; dev measures our own code unoptimised); FILES=1 asks for the
# files alone. `more_kb` is by how much memory grew while a file was made.
# With `both` a private PostgreSQL is started and removed again.
set -euo pipefail
cd "$(dirname "$0")/.."
if [ "${1:-both}" = both ]; then
    folder=$(mktemp -d)
    chmod 711 "$folder"
    trap 'tests/postgres.sh stop "$folder"; rm -rf "$folder"' EXIT
    HUIMIN_TEST_POSTGRES=$(tests/postgres.sh start "$folder")
    export HUIMIN_TEST_POSTGRES
fi
cargo test --quiet --profile "${PROFILE:-demo}" -p office --test office -- --ignored --nocapture --exact \
    records_million::a_million_records_answer_in_time | grep '^{\|panicked\|µs'
