# One entry for every chore. `make` alone lists them.

PYTHON ?= python3
PORT ?= 8080
WORKERS ?=
DEMO ?=
TESTS ?= tests
JOBS ?= auto

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
DEV := $(VENV)/.installed-dev
PIP := --quiet --disable-pip-version-check

.DEFAULT_GOAL := help
.PHONY: help up test check lint bench clean
.NOTPARALLEL:

help: ## List the chores
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 10

up: $(STAMP) ## Run everything on this machine (PORT=8080 WORKERS=1 DEMO=1)
	@exec $(BIN)/inlet up --port $(PORT) $(if $(WORKERS),--workers $(WORKERS)) $(if $(DEMO),--demo)

test: $(DEV) ## Run all tests, on Postgres and Redis of their own (TESTS=tests/routing JOBS=4)
	$(BIN)/python -m pytest $(TESTS) -n $(JOBS) --maxprocesses 8

check: lint test ## What has to pass before a commit: lint, then tests

lint: $(DEV) ## Check format, style and types
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy

bench: $(DEV) ## Measure throughput and latency on this machine
	$(BIN)/python -m tests.bench

clean: ## Remove the environment and caches; the data folder stays
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build dist *.egg-info

# Installed again only when what is to be installed has changed; what only the tests need, only for them.
$(STAMP): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "Inlet needs Python 3.11 or newer, and $(PYTHON) is `$(PYTHON) --version 2>&1`."; \
	  echo "Name another one: make PYTHON=/path/to/python3.11 $(MAKECMDGOALS)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing into $(VENV) ..."
	@$(BIN)/python -m pip install $(PIP) --editable . --constraint constraints.txt
	@touch $@

$(DEV): $(STAMP)
	@$(BIN)/python -m pip install $(PIP) --editable '.[dev]' --constraint constraints.txt
	@touch $@
