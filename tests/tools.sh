#!/usr/bin/env bash
# Installs the Debian packages that are missing; says what it does and does nothing twice.
#   tests/tools.sh          what a build needs
#   tests/tools.sh test     and what the tests need: a browser, its letters, PostgreSQL
set -euo pipefail
as_root=; [ "$(id -u)" -eq 0 ] || as_root=sudo
missing=()
command -v cc >/dev/null || missing+=(build-essential)
if [ "${1:-}" = test ]; then
    command -v pdftotext >/dev/null || missing+=(poppler-utils)
    [ -x /usr/bin/chromium ] || missing+=(chromium)
    fc-list 2>/dev/null | grep -i "Noto.*CJK" >/dev/null || missing+=(fonts-noto-cjk)
    [ -x /usr/lib/postgresql/15/bin/initdb ] || missing+=(postgresql-15)
fi
if [ ${#missing[@]} -gt 0 ]; then
    echo "installing ${missing[*]} ..."
    # The server of the package must not start by itself: the tests want only the programs.
    $as_root mkdir -p /etc/postgresql-common
    [ -e /etc/postgresql-common/createcluster.conf ] ||
        echo 'create_main_cluster = false' | $as_root tee /etc/postgresql-common/createcluster.conf >/dev/null
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get update -qq
    $as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq -o Dpkg::Use-Pty=0 --no-install-recommends "${missing[@]}" >/dev/null
fi
command -v cargo >/dev/null || { echo "Rust 1.95 is needed: https://rustup.rs"; exit 1; }
command -v npm >/dev/null || { echo "Node 18 or later is needed"; exit 1; }
