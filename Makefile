# Trigger Center. `make help` says what there is; every target sets up what it needs.
# Mirrors: pip obeys PIP_INDEX_URL, npm obeys npm_config_registry.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PY := $(BIN)/python
PIP := $(PY) -m pip install --quiet --disable-pip-version-check
JOBS ?= 2
ROUNDS ?= 100

# --- what is set up, and from what -------------------------------------------------------
# Stamps live in the environment that they describe, so removing it removes them.

INSTALLED := $(VENV)/.installed
INSTALLED_TEST := $(VENV)/.installed-test
INSTALLED_DEV := $(VENV)/.installed-dev
CONSOLE := agent_console/static/index.html
# Folders too: a removed file changes only its folder.
CONSOLE_SOURCES := $(wildcard package.json package-lock.json .npmrc *.config.ts *.config.js \
	tsconfig*.json) $(shell find agent_console/web channels/webchat/widget 2>/dev/null)

$(PY):
	@echo "Making the environment in $(VENV)"
	@$(PYTHON) -m venv $(VENV)

# The build requirements come first and are used in place: the Node among them builds the
# console too, so it is fetched and unpacked once. setuptools and wheel are for the two
# dependencies that are published as sources alone.
$(INSTALLED): pyproject.toml hatch_build.py | $(PY)
	@echo "Installing the hub and what it needs (some minutes the first time)"
	@$(PY) -c 'import tomllib; f = open("pyproject.toml", "rb"); \
		print(*tomllib.load(f)["build-system"]["requires"], sep="\n")' > $(VENV)/build-requires.txt
	@$(PIP) --requirement $(VENV)/build-requires.txt setuptools wheel
	@$(PIP) --no-build-isolation --editable .
	@touch $@

$(INSTALLED_TEST): $(INSTALLED)
	@echo "Installing what the tests need"
	@$(PIP) --no-build-isolation --editable '.[test]'
	@touch $@

$(INSTALLED_DEV): $(INSTALLED)
	@echo "Installing what the checks need"
	@$(PIP) --no-build-isolation --editable '.[dev]'
	@touch $@ $(INSTALLED_TEST)

$(CONSOLE): $(CONSOLE_SOURCES) | $(INSTALLED)
	@echo "Building the console"
	@$(PY) hatch_build.py
	@touch $@

# --- what a person asks for --------------------------------------------------------------

.PHONY: help setup console run test browser strace check format bench crash soak screenshots clean

help: ## Say what there is
	@awk 'BEGIN { FS = ":.*## " } /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' \
		$(MAKEFILE_LIST)

setup: $(INSTALLED) $(CONSOLE) ## Environment, dependencies and console, nothing started

console: $(CONSOLE) ## Build the console if its sources changed

run: setup ## The hub with its demo company: http://localhost:8080, SMTP on 8025
	@exec $(BIN)/triggerhub serve --demo

test: $(INSTALLED_TEST) $(CONSOLE) browser strace ## Everything the tests need, then all tests
	@$(PY) hatch_build.py run --silent test
	@$(PY) -m pytest --numprocesses $(JOBS) --dist loadscope $(ALONE:%=--ignore %)
	@$(PY) -m pytest $(ALONE)

browser: $(INSTALLED_TEST)
	@$(PY) -m tests.services.chromium

strace: $(INSTALLED_TEST)
	@$(PY) -m tests.services.strace

# What starts whole hubs and loads them has the machine to itself.
ALONE := tests/acceptance tests/integration/bench

# The longest first, so that the others run beside it.
CHECKS := check-unit check-types check-front check-lint check-format check-imports check-deps \
	check-dead
.PHONY: $(CHECKS)

check: $(INSTALLED_DEV) ## Format, lint, types, imports, unit tests: before each commit
	@$(MAKE) --jobs=$(JOBS) --keep-going --output-sync=target $(CHECKS)

check-format:
	@$(BIN)/ruff format --check --quiet . || { $(BIN)/ruff format --diff --quiet .; false; }

check-lint:
	@$(BIN)/ruff check --quiet .

check-types:
	@$(BIN)/mypy

check-imports:
	@$(BIN)/lint-imports --no-logo

check-deps:
	@$(BIN)/deptry .

check-dead:
	@$(BIN)/vulture

check-front:
	@$(PY) hatch_build.py run --silent check

check-unit:
	@$(PY) -m pytest -q -m "not soak and not thorough" tests/unit tests/arch --ignore tests/arch/test_imports.py \
		--ignore tests/arch/test_wheel.py

format: $(INSTALLED_DEV) ## Put the sources in form
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format --quiet .

bench: $(INSTALLED_TEST) $(CONSOLE) ## Measure against the floor; tables and plots in bench/results
	@$(PY) -m bench

crash: $(INSTALLED_TEST) $(CONSOLE) ## Kill the hub at random moments, ROUNDS=n times on each database
	@CRASH_ROUNDS=$(ROUNDS) $(PY) -m pytest -m crash --timeout 0

soak: $(INSTALLED_TEST) $(CONSOLE) browser ## The long tests
	@$(PY) -m pytest -m soak --timeout 0

screenshots: $(INSTALLED_TEST) $(CONSOLE) browser ## Pictures of the console for the docs
	@$(PY) -m tests.screenshots

clean: ## Remove what was built and the environment; data stay
	@rm -rf $(VENV) node_modules agent_console/static channels/webchat/static build dist \
		test-results .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
