#!/usr/bin/env bash
# Every suite, one after the other, each with its minutes. Stops at the first that fails; leaves nothing running.
set -euo pipefail
cd "$(dirname "$0")/.."
# In memory where there is room: tests make a thousand databases and keep none.
place=${TMPDIR:-/tmp}
room=$(df --output=avail /dev/shm 2>/dev/null | tail -1)
if [ -w /dev/shm ] && [ "${room:-0}" -gt 8000000 ]; then place=/dev/shm; fi
folder=$(mktemp -d -p "$place")
# The server runs as an account of its own, which must be able to walk in.
chmod 711 "$folder"
trap 'tests/postgres.sh stop "$folder/postgres" >/dev/null 2>&1 || true; [ -z "${server:-}" ] || kill "$server" 2>/dev/null || true; rm -rf "$folder"' EXIT

suite() {
    local name=$1 began=$SECONDS
    shift
    echo "== $name"
    "$@"
    echo "== $name: $(( (SECONDS - began) / 60 )) min $(( (SECONDS - began) % 60 )) s"
}

command -v cargo-nextest >/dev/null || suite "cargo-nextest" cargo install --locked --quiet cargo-nextest
command -v cargo-deny >/dev/null || suite "cargo-deny" cargo install --locked --quiet cargo-deny

HUIMIN_TEST_POSTGRES=$(tests/postgres.sh start "$folder/postgres")
# The same random cases on every run; try others with another seed.
export HUIMIN_TEST_POSTGRES PROPTEST_RNG_SEED="${PROPTEST_RNG_SEED:-20260701}" INSTA_UPDATE=no
# The databases of the tests go with the folder.
mkdir "$folder/tmp"
export TMPDIR=$folder/tmp

suite "format" cargo fmt --all -- --check
suite "lints" cargo clippy --workspace --all-targets --quiet -- -D clippy::todo -D clippy::dbg_macro -D unsafe_code
suite "licences" cargo deny --log-level error check licenses bans sources
# One build for everything below: another choice of packages would build third parties with other features once more.
suite "build" cargo nextest run --workspace --no-run
for city in wuhai baoding suqian wenshan county; do
    suite "packs of $city" "${CARGO_TARGET_DIR:-target}/debug/huimin" check-pack --synthetic packs/national "packs/$city" "packs/demo-$city"
done
# Half of a test's time is waiting for the disk: two to a core.
suite "tests on SQLite and PostgreSQL" cargo nextest run --workspace --no-fail-fast --test-threads "$(($(nproc) * 2))"
suite "examples in the documentation" cargo test --workspace --doc --quiet
suite "rules as SQL on three engines" tests/sql.sh 300
# Two rows a day, others every day: the mechanism is turned off and its test must go red.
suite "rows go red" tests/flip.sh --sample 2 --seed "$(date +%j)"
suite "browser" tests/browser/run.sh "$folder"
