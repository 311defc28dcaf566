# One command a job. `make help` prints the comments beside the targets and variables below.

# Variables
SUITE ?=##         core: the main scenario and its controls; empty: everything
SCENARIO ?=##      part of a test's name, to run it alone: SCENARIO=stray_pod
KEEP ?=##          1: keep the cluster for the next run, until `make down`
CLUSTER_FROM ?=##  pulled or built: where the images come from; empty: pulled where a registry answers
CONTEXT ?=##       a context of your kubeconfig: use that cluster and create none
PYTHON ?= python3##  the Python (3.11 or newer) that makes .venv

BIN := .venv/bin
GIVEN = $(foreach name,SUITE SCENARIO KEEP CLUSTER_FROM CONTEXT,$(if $($(name)),$(name)=$($(name))))
OPTIONS = $(strip $(if $(SUITE),-m $(SUITE)) $(if $(SCENARIO),-k $(SCENARIO)) $(if $(KEEP),--keep-cluster) \
    $(if $(CLUSTER_FROM),--cluster-from $(CLUSTER_FROM)) $(if $(CONTEXT),--context $(CONTEXT)))

.PHONY: help e2e test coverage browser report down clean lock
.DEFAULT_GOAL := help

help:  ## list the targets and variables
	@echo "make TARGET [VARIABLE=value ...]"; echo
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s%s\n", $$1, $$2}'; echo
	@sed -nE 's/^([A-Z_]+) \?=[^#]*## *(.*)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-16s%s\n", $$1, $$2}'

e2e: .venv/ready  ## run the suite on a real kind cluster; leaves reports/latest/report.html
	@EVENLY_COMMAND="$(strip make e2e $(GIVEN))" $(BIN)/pytest --verbose e2e/test_*.py $(OPTIONS)

test: .venv/ready  ## lint, types and unit tests: no Docker, no root, no browser
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/mypy & types=$$!; $(BIN)/pytest e2e/unit; tests=$$?; wait $$types && exit $$tests  # at the same time

coverage: .venv/ready  ## which lines of the product the unit tests reach
	@$(BIN)/coverage run -m pytest e2e/unit
	@$(BIN)/coverage report

browser: .venv/ready  ## open the latest report in headless chromium: silent, offline, and fits the screen
	@$(BIN)/pytest e2e/browser

report: .venv/ready  ## rebuild the latest report from its records and say where it is
	@$(BIN)/evenly report reports/latest

down: .venv/ready  ## remove a kept cluster and the private engine
	@$(BIN)/evenly down

clean: down  ## remove the caches, after `make down`
	@$(BIN)/evenly down --cache
	@rm -rf .venv .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage .pytest-kind

lock: .venv/ready  ## write requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-annotate \
	    --custom-compile-command "make lock" --group dev pyproject.toml -o requirements.lock

.venv/ready: requirements.lock pyproject.toml
	@echo "Setting up .venv (usually 60 s)"
	@$(PYTHON) -m venv .venv
	@$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes --requirement requirements.lock
	@$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@
