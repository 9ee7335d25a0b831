.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin
export PREFECT_SERVER_ANALYTICS_ENABLED := false
export DO_NOT_TRACK := 1
export GX_ANALYTICS_ENABLED := false
# what is imported is compiled once, not by every command that a test runs: that takes twice as long as the import
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help install demo test check bench lock clean

help: ## Show what can be made
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: .venv/installed ## Build .venv from requirements.lock

.venv/installed: requirements.lock pyproject.toml
	test -d .venv || $(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --no-compile --no-deps --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	$(BIN)/python -m cms.scheduling.precompile
	touch $@

demo: install ## Run the main job end to end on generated data, under var/demo
	$(BIN)/cms demo

test: install ## Run the tests
	$(BIN)/pytest -n 2 --dist worksteal

check: install ## Format, lint, types, import contracts, tests with coverage: the only definition of green
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/pytest -n 2 --dist worksteal --cov --cov-report=
	$(BIN)/coverage report --fail-under=95 --include='cms/domain/*,cms/aggregation/*,cms/capacity/*,cms/scheduling/*,cms/application/*'

bench: install ## Run the benchmarks
	$(BIN)/python -m tests.benchmarks

lock: ## Resolve requirements.lock anew (needs uv)
	uv pip compile --python-version 3.11 --all-extras --generate-hashes --no-emit-index-url --no-header --quiet \
	  --output-file requirements.lock pyproject.toml

clean: ## Remove the environment and everything under var
	rm -rf .venv var
