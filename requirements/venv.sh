#!/bin/sh
# venv.sh FOLDER LOCK: a virtual environment of exactly what the lock file names, every file
# checked against its hash, nothing compiled here. One that is there already is brought up to date.
set -eu
folder=$1 lock=$2
python=${PYTHON:-python3}

die() { printf '%s\n' "$@" >&2; exit 1; }

"$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    die "callbridge needs Python 3.11 or newer; $python is $("$python" -V 2>&1)." 'Name another: make PYTHON=/path/to/python3.12'
"$python" -c 'import ensurepip, venv' 2>/dev/null ||
    die "$python cannot make virtual environments. As root: apt-get install python3-venv"

[ -x "$folder/bin/python" ] || "$python" -m venv "$folder"
"$folder/bin/python" -m pip --disable-pip-version-check install --progress-bar=on \
    --require-hashes --only-binary=:all: --requirement "$lock"
