#!/usr/bin/env bash
# The component gallery and the main job in Debian's Chromium, against a small synthetic city.
#   tests/browser/run.sh FOLDER     FOLDER takes the city; it is thrown away by the caller
set -euo pipefail
cd "$(dirname "$0")/../.."
folder=$1
listen=127.0.0.1:18080
# As the suites build it; nothing when that was just done.
cargo nextest run --workspace --no-run 2>/dev/null
target=${CARGO_TARGET_DIR:-target}
"$target/debug/huimin" demo --folder "$folder/city" --people 1500 --listen "$listen" >"$folder/server.log" 2>&1 &
server=$!
trap 'kill "$server" 2>/dev/null || true; wait "$server" 2>/dev/null || true' EXIT
# While the city is made.
node tests/browser/gallery.mjs
for _ in $(seq 1 900); do
    curl -fs "http://$listen/healthz" >/dev/null 2>&1 && break
    kill -0 "$server" 2>/dev/null || { cat "$folder/server.log"; exit 1; }
    sleep 1
done
for part in main_job journey registers assistance matters plan; do
    node "tests/browser/$part.mjs" "http://$listen" 2>&1 | tee "$folder/$part.log" && continue
    # What went wrong comes last, below what the server said.
    tail -40 "$folder/server.log"
    tail -40 "$folder/$part.log"
    exit 1
done
