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
. bench/database.sh

cargo build --quiet --profile "$profile" -p huimin --example casework

[ "$which" = sqlite ] || start_postgres
for backend in sqlite postgres; do
    [ "$which" = both ] || [ "$which" = "$backend" ] || continue
    name=$backend-month
    database=$(database "$backend" "$name" bench_month)
    if [ ! -e "$folder/$name.json" ]; then
        rm -f "$folder/$name".*  # what an earlier, broken off making left
        "$casework" make --database "$database" --keys "$folder/$name.keys" --work "$folder/$name.json" \
            --people "$people" --cases 0 --drafts 0 --confirmations 0 --on-roll "$families" --persons "$persons"
    fi
    for _ in $(seq "$months"); do
        "$casework" month --database "$database" --keys "$folder/$name.keys" --work "$folder/$name.json" --about "$(about "$backend")"
    done
done
