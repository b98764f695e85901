#!/bin/sh
# Installs callbridge as a service of this machine; `make install` calls it. Run it again to
# upgrade: program and unit are replaced, configuration and secrets are never touched.
#
# DESTDIR  stage below this folder instead (a package build); asks nothing of the machine
# PREFIX   where link, unit and example go (/usr); the program itself is in /opt/callbridge
# PYTHON   the interpreter (/usr/bin/python3); the service cannot see one below a home
set -eu
umask 022

stage=${DESTDIR:+$(readlink -m -- "$DESTDIR")}
prefix=${PREFIX:-/usr}
python=${PYTHON:-/usr/bin/python3}
opt=/opt/callbridge
etc=$stage/etc/callbridge
new=$stage$opt.new

cd "$(dirname -- "$0")/.."

say() { printf 'install: %s\n' "$*"; }
die() { printf 'install: %s\n' "$@" >&2; exit 1; }

check() {
    [ -n "$stage" ] || [ "$(id -u)" -eq 0 ] || die 'this writes to /opt, /etc and /usr: run it as root, or stage it with DESTDIR=folder'
    case $(readlink -m -- "$(command -v "$python" || echo "$python")") in
    /home/* | /root/*) die "$python is below a home, which the service cannot see. Name another with PYTHON=" ;;
    esac
}

# Built beside the old one and swapped in when it is whole, so that an install cut short leaves
# the old one working.
install_program() {
    say "the program, to $stage$opt"
    rm -rf -- "$new"
    mkdir -p "$stage/opt"
    PYTHON=$python requirements/venv.sh "$new" requirements/run.txt
    build_wheel
    "$new/bin/pip" install --quiet --no-deps --no-index --find-links="$scratch" callbridge
    "$new/bin/pip" uninstall --quiet --yes setuptools pip 2>/dev/null
    say_where_it_lives
    rm -rf -- "$stage$opt.old"
    [ ! -e "$stage$opt" ] || mv -T -- "$stage$opt" "$stage$opt.old"
    mv -T -- "$new" "$stage$opt"
    rm -rf -- "$stage$opt.old"
}

# From a copy: setuptools writes beside what it builds, and this may be root in somebody's clone.
build_wheel() {
    mkdir "$scratch/source"
    cp -R pyproject.toml callbridge "$scratch/source"
    [ ! -e README.md ] || cp README.md "$scratch/source"
    PYTHONWARNINGS=ignore "$new/bin/pip" wheel --quiet --no-deps --no-build-isolation \
        --wheel-dir="$scratch" "$scratch/source"
}

# pip writes the folder it sees into scripts and compiled files.
say_where_it_lives() {
    grep -lIF -- "$new" "$new"/bin/* "$new/pyvenv.cfg" | xargs sed -i "s|$new|$opt|g"
    find "$new" -name __pycache__ -type d -prune -exec rm -rf {} +
    "$new/bin/python" -m compileall -q -s "$new" -p "$opt" "$new/lib"
}

install_files() {
    say "command, units and user, to $stage$prefix"
    mkdir -p "$stage$prefix/bin"
    ln -sfn "$opt/bin/callbridge" "$stage$prefix/bin/callbridge"
    install -D -m 0644 systemd/callbridge.service "$stage$prefix/lib/systemd/system/callbridge.service"
    install -D -m 0644 systemd/callbridge-dispatch@.service "$stage$prefix/lib/systemd/system/callbridge-dispatch@.service"
    install -D -m 0644 systemd/callbridge.sysusers "$stage$prefix/lib/sysusers.d/callbridge.conf"
    install -D -m 0644 config/callbridge.example.toml "$stage$prefix/share/doc/callbridge/callbridge.example.toml"
}

# By hand where there is no systemd-sysusers: a container image, say.
make_user() {
    [ -z "$stage" ] || return 0
    if command -v systemd-sysusers >/dev/null; then
        systemd-sysusers "$prefix/lib/sysusers.d/callbridge.conf"
    elif ! id callbridge >/dev/null 2>&1; then
        useradd --system --user-group --home-dir /var/lib/callbridge --shell /usr/sbin/nologin callbridge
    fi
    if getent group asterisk >/dev/null; then
        usermod --append --groups asterisk callbridge
        say 'callbridge is in the group asterisk, to read recordings'
    fi
}

# An empty secret lets the unit start and the daemon say what is missing; a file that is not
# there makes systemd refuse with a line about credentials that helps nobody.
install_config() {
    mkdir -p "$etc"
    [ -e "$etc/callbridge.toml" ] || install -m 0640 config/callbridge.example.toml "$etc/callbridge.toml"
    for secret in ami.secret ari.secret; do
        [ -e "$etc/$secret" ] || install -m 0600 /dev/null "$etc/$secret"
    done
    [ -n "$stage" ] || chgrp callbridge "$etc/callbridge.toml"
}

# Also after a failure between the two moves of the swap.
clean_up() {
    rm -rf -- "$scratch" "$new"
    [ -e "$stage$opt" ] || [ ! -e "$stage$opt.old" ] || mv -T -- "$stage$opt.old" "$stage$opt"
}

tell_systemd() {
    [ -z "$stage" ] && [ -d /run/systemd/system ] || return 0
    systemctl daemon-reload
    ! systemctl --quiet is-active callbridge || say 'the old version is still running: systemctl restart callbridge'
}

check
scratch=$(mktemp -d)
trap clean_up EXIT
trap 'exit 130' INT TERM HUP
install_program
install_files
make_user
install_config
tell_systemd
say "done. Fill in $etc/callbridge.toml, ami.secret and ari.secret, then: callbridge check"
