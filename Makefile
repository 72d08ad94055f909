# Huitou. `make help` lists the commands; each explains itself behind its ##.

PYTHON3 ?= $(shell command -v python3.11 || command -v python3)
VENV := .venv
PYTHON := $(VENV)/bin/python
PORT ?= 8000
HOST ?= 127.0.0.1
ARGS ?=
PYTEST_ARGS ?= -n auto --dist loadfile
# Database, lake, uploads and keys of `make run`.
export HUITOU_HOME ?= $(CURDIR)/.huitou

INSTALL := $(PYTHON) -m pip install --quiet --disable-pip-version-check --no-input
SOURCES := src tests web bench conftest.py hatch_build.py

.DEFAULT_GOAL := help
.PHONY: help run test check lint types layers migrations bench wheel assets clean

help: ## list the commands
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## (.*)/  make \1\t\2/' | expand -t 20

run: $(VENV)/.run assets ## start everything on 127.0.0.1:8000 (PORT=…, HOST=…, ARGS=--no-demo); Ctrl-C stops it
	@exec $(PYTHON) -m huitou up --host $(HOST) --port $(PORT) $(ARGS)

test: $(VENV)/.dev assets ## run all tests, browser tests included where a Chromium is (PYTEST_ARGS=…)
	$(PYTHON) -m pytest $(PYTEST_ARGS)

check: lint types layers migrations ## style, types, room order, missing migrations

lint: $(VENV)/.dev ## ruff: lint and format
	$(VENV)/bin/ruff check $(wildcard $(SOURCES))
	$(VENV)/bin/ruff format --check $(wildcard $(SOURCES))

types: $(VENV)/.dev ## mypy
	$(VENV)/bin/mypy

layers: $(VENV)/.dev ## import-linter: rooms import only rooms below
	$(VENV)/bin/lint-imports

migrations: $(VENV)/.dev ## every model change has its migration
	$(PYTHON) -W ignore::RuntimeWarning -m django makemigrations --check --dry-run --settings huitou.config.settings

bench: $(VENV)/.dev $(VENV)-bench/.ready assets ## measure speed and write bench/RESULTS.md
	$(PYTHON) bench/run.py $(ARGS)

wheel: $(VENV)/.dev ## build the wheel into dist/
	$(PYTHON) -m build --wheel --no-isolation

assets: $(VENV)/.run ## build the console's scripts and styles (needs nothing: node comes as a wheel if absent)
	@$(PYTHON) web/build.py

clean: ## remove everything built or downloaded, but not the data in .huitou
	rm -rf $(VENV) $(VENV)-bench build dist web/node_modules web/.node src/huitou/ui/static/dist
	rm -rf .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis
	find src tests -name __pycache__ -prune -exec rm -rf {} +
	find src -name '*.mo' -delete

# Stamps are written last, so an interrupted installation starts over.
$(PYTHON):
	@test -n "$(PYTHON3)" || { echo "Python 3.11 is needed: set PYTHON3=/path/to/python3.11"; exit 1; }
	@$(PYTHON3) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || \
		{ echo "Python 3.11 is needed, $(PYTHON3) is another; set PYTHON3=/path/to/python3.11"; exit 1; }
	$(PYTHON3) -m venv $(VENV)

$(VENV)/.run: requirements/run.txt requirements/build.txt pyproject.toml | $(PYTHON)
	@echo "Installing the locked dependencies …"
	@# Killed while it was made, an environment has Python but no pip.
	@$(PYTHON) -m pip --version >/dev/null 2>&1 || $(PYTHON3) -m venv --clear $(VENV)
	@$(INSTALL) --require-hashes --no-deps -r requirements/run.txt -r requirements/build.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

# What the benches compare the product with; it needs other versions than the product does.
$(VENV)-bench/.ready: requirements/bench.txt | $(PYTHON)
	@$(PYTHON) -m venv --clear $(VENV)-bench
	@$(VENV)-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-input \
		--require-hashes --no-deps -r requirements/bench.txt
	@touch $@

$(VENV)/.dev: requirements/dev.txt $(VENV)/.run
	@$(INSTALL) --require-hashes --no-deps -r requirements/dev.txt
	@touch $@
