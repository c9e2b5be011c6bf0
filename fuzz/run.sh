#!/usr/bin/env bash
# Fuzzes the rules, the sweep, the reading of families and of packs with libFuzzer, one target after the other.
#
#   fuzz/run.sh [SECONDS] [TARGET…]     600 seconds each, all four targets
#
# cargo-fuzz is installed if it is missing. It runs on the stable compiler: coverage needs no nightly flag, and there is no
# sanitizer (`-s none`) but overflow checks and debug assertions. What a target has learnt stays in fuzz/corpus, what broke
# it in fuzz/artifacts. On a machine with other work: nice -n 19 fuzz/run.sh.
set -euo pipefail
cd "$(dirname "$0")"
seconds=${1:-600}
shift || true
[ $# -gt 0 ] || set -- expressions three_ways families packs
command -v cargo-fuzz >/dev/null || cargo install --locked --quiet cargo-fuzz
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-target}

# What there is in the repository is what each target begins with.
seed() { mkdir -p "corpus/$1"; }
seed expressions
grep -hoE '^expr = "[^"]+"' -r ../packs --include='*.toml' | sed 's/^expr = "//; s/"$//' | sort -u |
    { count=0; while IFS= read -r text; do printf '%s' "$text" >"corpus/expressions/packs-$((count += 1))"; done; }
seed three_ways
seed families
printf '%s' '{"division":"150302001002","complete":true,"household":{"registered_here":true,"deposits":"18000.00","members":[{"born_on":"1980-05-01","relation":"head","wage_income":"1800.80","employed":true},{"born_on":"2012-09-01","relation":"child","disability_kind":"physical","disability_level":1}]},"head":0,"findings":{"dibao":{"cooperation":true}},"choices":{"members[0]":"dibao"}}' >corpus/families/docs
seed packs
cp ../crates/catalogue/tests/catalogue/good.toml corpus/packs/good
for file in ../packs/national/*/*.toml; do
    name=${file#../packs/national/}
    [ -e "corpus/packs/${name/\//-}" ] || cp "$file" "corpus/packs/${name/\//-}"
done

words() { grep -hoE '\b[a-z][a-z_]{2,}\b' "$@" | sort -u | head -2000 | sed 's/.*/"&"/'; }
mkdir -p dictionaries
words ../crates/catalogue/tests/catalogue/good.toml ../docs/rules-language.md >dictionaries/rules
words ../packs/national/*/facts.toml >dictionaries/families
for target in "$@"; do
    dictionary=dictionaries/rules
    [ "$target" != families ] || dictionary=dictionaries/families
    echo "== $target, $seconds s"
    cargo fuzz build --sanitizer none --fuzz-dir . "$target" >"dictionaries/$target.log" 2>&1 ||
        { cat "dictionaries/$target.log"; echo "$target does not build"; exit 1; }
    begun=$(date +%s)
    cargo fuzz run --sanitizer none --fuzz-dir . "$target" -- -max_total_time="$seconds" -rss_limit_mb=3000 \
        -max_len=20000 -timeout=120 -report_slow_units=120 -dict="$dictionary" -print_final_stats=1 2>&1 |
        grep -E 'panicked|ERROR|SUMMARY|stat::number_of_executed_units|stat::new_units_added|differs|Test unit written|error(\[|:)' || true
    [ -z "$(ls -A "artifacts/$target" 2>/dev/null)" ] || { echo "$target broke: see fuzz/artifacts/$target"; exit 1; }
    echo "   nothing broke in $(($(date +%s) - begun)) s"
done
