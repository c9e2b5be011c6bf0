# What the scripts that measure on a database share; they source it at the root of the repository.
#
# FOLDER keeps the databases for the next call, else they are thrown away. PROFILE (demo) is what is measured. PostgreSQL is a private one of the script,
# as safe with what it writes as a real one.
profile=${PROFILE:-demo}
[ "$profile" = dev ] && built=debug || built=$profile
programs=${CARGO_TARGET_DIR:-target}/$built
casework=$programs/examples/casework
if [ -n "${FOLDER:-}" ]; then
    folder=$FOLDER
    mkdir -p "$folder"
else
    folder=$(mktemp -d)
fi
chmod 711 "$folder"
url=
# Leaves a server alone that another call started in the same folder.
finish() {
    if [ -n "$url" ]; then
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

# The address of a database: backend, its file without ending, its name in PostgreSQL.
database() {
    case $1 in
    sqlite) echo "sqlite:$folder/$2.db" ;;
    postgres) echo "${url/\/postgres?/\/$3?}" ;;
    esac
}

# The machine and what is measured, as JSON; with the backend where one is given.
about() {
    printf '{%s"commit":"%s","processor":"%s","cores":%s,"memory_mb":%s,"load":%s,"profile":"%s"}' "${1:+\"backend\":\"$1\",}" \
        "$(git rev-parse --short HEAD)" "$(sed -n 's/^model name.*: //p' /proc/cpuinfo | head -1)" "$(nproc)" \
        "$(awk '/MemTotal/ {print int($2 / 1024)}' /proc/meminfo)" "$(cut -d' ' -f1 /proc/loadavg)" "$profile"
}
