#!/bin/sh
# Puts in place what the tests and the demo need beside Python: `setup.sh`, or
# `setup.sh python` for the virtual environment's one package alone.
#
# What is there already is left alone. Status: 0 all there; 3 something is missing
# and neither root nor sudo is to be had (the list is printed, tests that need it skip).
set -eu

here=$(dirname -- "$0")
python=${PYTHON:-python3}
missing=''

say() { printf 'setup: %s\n' "$*"; }

# need PACKAGE WHAT-FOR TEST...: note the package unless the test succeeds.
need() {
    package=$1 purpose=$2
    shift 2
    "$@" >/dev/null 2>&1 || missing="$missing$(printf '  %-14s %s' "$package" "$purpose")
"
}

has_odbc_driver() { ls /usr/lib/*/odbc/"$1"; }
has_faketime() { ls /usr/lib/*/faketime/libfaketimeMT.so.1; }
has_postgres_server() { ls /usr/lib/postgresql/*/bin/initdb || command -v initdb; }

has_nats_server() { command -v nats-server || command -v /usr/sbin/nats-server; }

list_missing() {
    need python3-venv 'the virtual environment' "$python" -c 'import ensurepip, venv'
    [ "${1-}" = python ] && return
    need sip-tester 'SIP phones that follow a script' command -v sipp
    need baresip-core 'SIP phones that hold and transfer' command -v baresip
    need postgresql 'the store on PostgreSQL' has_postgres_server
    need nats-server 'the stream between daemons and workers' has_nats_server
    need libsqliteodbc 'a log kept by ODBC' has_odbc_driver libsqlite3odbc.so
    need odbc-postgresql 'a log kept by ODBC' has_odbc_driver psqlodbcw.so
    need faketime 'a daemon whose clock is set' has_faketime
    need systemd 'the check of the unit (systemd-analyze)' command -v systemd-analyze
}

# The way to root: nothing at all, "sudo -n", or "sudo" where somebody can type a password.
find_root() {
    [ "$(id -u)" -ne 0 ] || return 0
    command -v sudo >/dev/null || return 1
    if sudo -n true 2>/dev/null; then
        root='sudo -n'
    elif [ -t 0 ] && [ -t 1 ]; then
        root=sudo
    else
        return 1
    fi
}

# Without this the postgresql package starts a cluster of its own, and at every boot.
forbid_main_cluster() {
    conf=/etc/postgresql-common/createcluster.conf
    [ ! -e $conf ] || return 0
    $root mkdir -p "${conf%/*}"
    echo 'create_main_cluster = false' | $root tee $conf >/dev/null
}

# Without this the nats-server package starts one that listens on every address, and at every boot.
forbid_nats_service() {
    unit=/etc/systemd/system/nats-server.service
    [ ! -e $unit ] || return 0
    $root mkdir -p "${unit%/*}"
    $root ln -s /dev/null $unit
    say 'nats-server is not started as a service; to have it: systemctl unmask nats-server'
}

install_packages() {
    say "installing$1"
    case $1 in *postgresql*) forbid_main_cluster ;; esac
    case $1 in *nats-server*) forbid_nats_service ;; esac
    $root apt-get -q update || say 'apt-get update had errors; going on with the lists there are'
    # shellcheck disable=SC2086  # a list of words, and a prefix that may be nothing
    $root env DEBIAN_FRONTEND=noninteractive apt-get -q -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 -o Dpkg::Options::=--force-confold install $1
}

explain_missing() {
    printf '\nMissing, and neither root nor sudo is to be had to install it:\n%s' "$missing"
    printf 'Have root run:\n  apt-get update && apt-get install --no-install-recommends%s\n' "$1"
    printf 'Until then the tests that need it are skipped, and say so.\n\n'
}

root=''
status=0
list_missing "${1-}"
if [ -n "$missing" ]; then
    packages=$(printf '%s' "$missing" | awk '{ printf " %s", $1 }')
    if find_root; then
        install_packages "$packages"
    else
        [ "${1-}" = python ] || explain_missing "$packages" # venv.sh says it in its own words
        status=3
    fi
fi
if [ "${1-}" != python ]; then
    "$here/fetch_asterisk.sh" || status=3
    "$here/fetch_asterisk.sh" 16 || : # of use to its own tests alone
fi
exit $status
