# Needs Python 3.11, 3.12 or 3.13 and make. `make help` lists the targets; ARGS="…" is passed on.

PYTHON ?= $(shell for python in python3 python3.13 python3.12 python3.11; do \
	$$python -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null \
	&& echo $$python && break; done)
MINOR := $(if $(PYTHON),$(shell $(PYTHON) -c 'import sys; print("%d%d" % sys.version_info[:2])'))
LOCK := requirements/py$(MINOR).txt
BIN := .venv/bin
INSTALLED := .venv/.installed-py$(MINOR)
VENDOR := console/static/vendor/.lock-sha256

# faust-streaming has no wheel for arm64; its source installs without a compiler.
WHEELS := --only-binary :all: $(if $(filter aarch64 arm64,$(shell uname -m)),--no-binary faust-streaming)
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet install

.DELETE_ON_ERROR:
.PHONY: help install run test lint peers format lock

help: ## List the targets
	@sed -n 's/^\([a-z]*\):.*## /\1\t/p' $(MAKEFILE_LIST) | expand -t 10

run: install ## Install if needed, then run everything with simulated merchants until Ctrl-C
	@$(BIN)/hoadon up --demo $(ARGS)

test: install ## Install if needed, then run the whole test suite
	@$(if $(ARGS),$(BIN)/python -m pytest $(ARGS),\
		$(BIN)/python -m pytest -n 2 tests/unit && $(BIN)/python -m pytest -n 2 --dist loadfile tests/integration && \
		$(BIN)/python -m pytest tests/e2e)

lint: install ## Check style and types
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy

peers: ## Install what load.peers compares with into .venv-peers (Python 3.11)
	@python3.11 -m venv --clear .venv-peers
	@.venv-peers/bin/python -m pip --disable-pip-version-check --quiet install --require-hashes $(WHEELS) \
		-r requirements/peers-py311.txt
	@.venv-peers/bin/python -m pip --disable-pip-version-check --quiet install --no-deps --no-build-isolation \
		--config-settings editable_mode=compat --editable .

format: install ## Put the code in style
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

install: $(INSTALLED) $(VENDOR)

$(INSTALLED): $(LOCK) pyproject.toml
	@echo "Installing into .venv from $(LOCK); the first time this takes a minute or two"
	@$(PYTHON) -m venv --clear .venv
	@$(PIP) --require-hashes $(WHEELS) -r $(LOCK)
	@$(PIP) --no-deps --no-build-isolation --config-settings editable_mode=compat --editable .
	@touch $@

$(VENDOR): hoadon/artifacts.lock.json $(INSTALLED)
	@echo "Fetching Kafka and the pages' browser libraries"
	@$(BIN)/python -m hoadon.artifacts
	@touch $@

$(LOCK):
	@echo "hoadon needs Python 3.11, 3.12 or 3.13 (or name one: make PYTHON=python3.12)" >&2; exit 2

# Locks record versions and hashes only, so they hold wherever the packages are fetched from.
lock: install ## Write the lock files anew (Python packages, jars)
	@$(PIP) uv
	@for minor in 11 12 13; do \
		$(BIN)/uv pip compile pyproject.toml requirements/build.in --all-extras --universal --upgrade --quiet \
			--python-version 3.$$minor --generate-hashes --no-header --no-emit-index-url --no-emit-find-links \
			--output-file requirements/py3$$minor.txt || exit; \
	done
	@$(BIN)/uv pip compile pyproject.toml requirements/peers.in requirements/build.in --upgrade --quiet \
		--extra service --extra embedded --extra load --universal --python-version 3.11 --generate-hashes \
		--no-header --no-emit-index-url --no-emit-find-links --output-file requirements/peers-py311.txt
	@$(BIN)/python -m hoadon.artifacts_lock
