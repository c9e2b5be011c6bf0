#!/usr/bin/env bash
# The rules as SQL against the rules themselves, on SQLite, PostgreSQL and DuckDB.
#
#   tests/sql.sh [FAMILIES]     random families for each programme of the packs (2000)
#
# Uses the server of HUIMIN_TEST_POSTGRES, or starts one. HUIMIN_SQL_SEED and HUIMIN_SQL_PROGRAMMES try other random rules.
# Installs what is missing: the command sqlite3, PostgreSQL's programs, and DuckDB in a Python environment of its own.
set -euo pipefail
cd "$(dirname "$0")/.."
as_root=; [ "$(id -u)" -eq 0 ] || as_root=sudo
command -v sqlite3 >/dev/null || $as_root apt-get install -y -qq sqlite3 >&2
python3 -c 'import ensurepip' 2>/dev/null || $as_root apt-get install -y -qq python3-venv >&2
command -v psql >/dev/null || $as_root apt-get install -y -qq postgresql-client >&2
environment=${HUIMIN_DUCKDB_ENVIRONMENT:-target/duckdb}
engines=sqlite,postgres,duckdb
if ! [ -x "$environment/bin/python" ] && ! { python3 -m venv "$environment" && "$environment/bin/pip" install -q duckdb; }; then
    rm -rf "$environment"
    engines=sqlite,postgres
    echo "!! DuckDB could not be installed from PyPI: the rules are held against SQLite and PostgreSQL alone." >&2
fi
if [ -z "${HUIMIN_TEST_POSTGRES:-}" ]; then
    folder=$(mktemp -d /tmp/huimin-sql.XXXXXX)
    chmod 711 "$folder"
    trap 'tests/postgres.sh stop "$folder"; rm -rf "$folder"' EXIT
    HUIMIN_TEST_POSTGRES=$(tests/postgres.sh start "$folder")
fi
[ ! -d "$environment" ] || HUIMIN_DUCKDB_PYTHON=$(cd "$environment" && pwd)/bin/python
export HUIMIN_TEST_POSTGRES HUIMIN_DUCKDB_PYTHON
export HUIMIN_SQL_ENGINES=$engines HUIMIN_SQL_FAMILIES=${1:-2000}
# With the whole workspace nothing that the suites have built is built again.
run() { cargo nextest run --workspace --run-ignored only --no-capture -E "$1"; }
run 'package(catalogue) & test(sql)'
HUIMIN_SQL_FAMILIES=300 run 'package(rules) & test(sql)'
