#!/bin/sh
# Makes the lock files anew from pyproject.toml: run.txt is the product with every extra and what
# builds it, dev.txt that and the dev group. Pins stay unless pyproject forbids them; `--upgrade`
# as an argument lifts them. Hashes only: where packages come from is the machine's own affair.
set -eu
cd "$(dirname -- "$0")/.."
python=.venv/bin/python
export CUSTOM_COMPILE_COMMAND='make lock'

compile() {
    "$python" -m piptools compile --quiet --strip-extras --allow-unsafe --generate-hashes --no-emit-options "$@"
}

dev_group() {
    "$python" -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["dependency-groups"]["dev"], sep="\n")'
}

compile "$@" --all-extras --all-build-deps --output-file=requirements/run.txt pyproject.toml
dev_group | compile "$@" --output-file=requirements/dev.txt requirements/run.txt -
