# Everything one does with this repository. `make` alone lists it.
#
# PYTHON  the interpreter the virtual environment is made from (3.11 or newer)
# ARGS    handed to pytest: make unit ARGS='-k queue -x'; for --pdb, ARGS='-n 0 --pdb'
# WORKERS how many live tests run side by side; 0 runs one after the other, as --pdb needs it
# CALLBRIDGE_CACHE  where Asterisk is kept; shared by all clones

PYTHON ?= python3
PREFIX ?= /usr
ARGS ?=
WORKERS ?= 4
export PYTHON PREFIX DESTDIR ONCE
# Tests compiled anew in every run cost each worker of `make unit` some four seconds.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.SILENT:
.NOTPARALLEL:
.PHONY: help setup system venv lock test quick lint types arch unit properties live faults bench demo docs install clean

BIN := .venv/bin
QUICK_TESTS := tests/unit tests/stories tests/tapes tests/cel tests/properties

# The stamps carry what they were made from in their names, so a checkout's dates mean nothing.
hash = $(shell cat $(1) | sha256sum | cut -c1-12)
LOCKED := .venv/.locked-$(call hash,requirements/dev.txt requirements/venv.sh)
LINKED := .venv/.linked-$(call hash,requirements/dev.txt requirements/venv.sh pyproject.toml)

help: ## this list
	awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

setup: system venv ## what tests and demo need: system packages, Asterisk 22, the virtual environment

test: setup lint types arch ## everything, live calls on a real Asterisk included (sets itself up)
	$(BIN)/pytest -n $(WORKERS) $(ARGS)

quick: lint types arch unit ## what fits in a minute: all but live calls and faults

lint: venv ## ruff: rules and format
	$(BIN)/ruff check --quiet
	$(BIN)/ruff format --check --quiet

types: venv ## mypy, strict
	$(BIN)/mypy

arch: venv ## the layers (import-linter)
	$(BIN)/lint-imports --no-logo

unit: venv ## unit tests, stories, tapes, and some of the properties
	CALLBRIDGE_EFFORT=quick $(BIN)/pytest -n 2 $(QUICK_TESTS) -m "not postgres and not patient" $(ARGS)

properties: venv ## all swaps, cuts and restarts of all tapes, and thousands of made-up calls; some minutes
	CALLBRIDGE_EFFORT=slow $(BIN)/pytest --timeout 0 tests/properties $(ARGS)

live: setup ## real SIP phones on a real Asterisk
	$(BIN)/pytest -n $(WORKERS) tests/live $(ARGS)

faults: setup ## things broken on purpose, as often as docs/reliability.md says; an hour and more
	CALLBRIDGE_EFFORT=slow $(BIN)/pytest -n $(WORKERS) --timeout 0 tests/faults $(ARGS)

bench: venv ## the figures of docs/benchmarks.md
	$(BIN)/python -m tests.bench $(ARGS)

# Without a shell in between, so that it ends with a make that is killed, too.
demo: setup ## a PBX, phones, the daemon and a sample CRM; Ctrl-C ends it, ONCE=1 ends by itself
	setpriv --pdeathsig TERM $(BIN)/python -m tests.demo

docs: venv ## draw the tables and pictures of docs/ from the code; ARGS=--check only compares
	$(BIN)/python -m tests.docs.generate $(ARGS)

lock: venv ## the lock files from pyproject.toml; ARGS=--upgrade lifts the pins
	requirements/lock.sh $(ARGS)

install: PYTHON = /usr/bin/python3
install: ## this machine's service, as root; DESTDIR and PREFIX are heeded
	systemd/install.sh

clean: ## all that was made here; the cached Asterisk stays
	rm -rf .venv build dist callbridge.egg-info .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# Status 3 is "not everything can be had here": the list was printed, and what needs it is skipped.
system:
	tests/lab/setup.sh || [ $$? -eq 3 ]

venv: $(LINKED)

$(LOCKED):
	$(PYTHON) -c 'import ensurepip' 2>/dev/null || tests/lab/setup.sh python || true
	flock requirements/dev.txt sh -euc '[ -e $@ ] || { requirements/venv.sh .venv requirements/dev.txt; rm -f .venv/.locked-*; touch $@; }'

$(LINKED): $(LOCKED)
	flock requirements/dev.txt sh -euc '[ -e $@ ] || { PYTHONWARNINGS=ignore $(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .; rm -f .venv/.linked-*; touch $@; }'
