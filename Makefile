# One command a job. `make help` prints the comments beside the targets and variables below.

# Variables
SUITE ?=##         core: the main scenario and its controls; empty: everything
SCENARIO ?=##      part of a test's name, to run it alone: SCENARIO=stray_pod
KEEP ?=##          1: keep the cluster for the next run, until `make down`
CLUSTER_FROM ?=##  pulled or built: where the images come from; empty: pulled where a registry answers
PROXY ?=##         iptables or nftables: kube-proxy's mode in the cluster; empty: iptables
LOCUSTFILE ?=##    a locustfile of yours to send the load with; empty: each request on a new connection
WORKERS ?=##       processes that send the load together, each on a core of its own; empty: one
WORKERS_IN_CLUSTER ?=##  pods that send the load in the place of this machine, to the Service's name; empty: none
RATE ?=##          attempts a second, such as 400/s; empty: as fast as the clients can
HOLD ?=##          how long the load goes on after PASS, such as 30s: FAIL may still come then
PATIENCE ?=##      factor for every time limit, such as 2 on a slow cluster or machine; empty: 1
CONTEXT ?=##       a context of your kubeconfig: use that cluster and create none
RUNS ?=##          how many runs `make soak` interrupts (50), how many loads `make planes` sends through each plane (1)
TARGET ?=##        ADDRESS:PORT of a Service for `make bench`, such as a node's mapped port; empty: servers of its own
PYTHON ?= python3##  the Python (3.11 or newer) that makes .venv

BIN := .venv/bin
GIVEN = $(foreach name,SUITE SCENARIO KEEP CLUSTER_FROM PROXY LOCUSTFILE WORKERS WORKERS_IN_CLUSTER RATE HOLD PATIENCE CONTEXT,$(if $($(name)),$(name)=$($(name))))
OPTIONS = $(strip $(if $(SUITE),-m $(SUITE)) $(if $(SCENARIO),-k $(SCENARIO)) $(if $(KEEP),--keep-cluster) \
    $(if $(CLUSTER_FROM),--cluster-from $(CLUSTER_FROM)) $(if $(PROXY),--proxy-mode $(PROXY)) $(if $(HOLD),--hold $(HOLD)) \
    $(if $(LOCUSTFILE),--locustfile $(LOCUSTFILE)) $(if $(WORKERS),--workers $(WORKERS)) $(if $(RATE),--rate $(RATE)) \
    $(if $(WORKERS_IN_CLUSTER),--workers-in-cluster $(WORKERS_IN_CLUSTER)) $(if $(PATIENCE),--patience $(PATIENCE)) \
    $(if $(CONTEXT),--context $(CONTEXT)))
# With bytecode that is kept, or each of some hundred Pythons that tests start would compile evenly anew.
PYTEST_IN_PARALLEL := env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest -n logical --maxprocesses 4 --dist worksteal

.PHONY: help try doctor e2e test test-slow coverage calibrate bench browser planes soak workflows report down clean lock
.DEFAULT_GOAL := help

help:  ## list the targets and variables
	@echo "make TARGET [VARIABLE=value ...]"; echo
	@sed -nE 's/^([a-z0-9-]+):[^#]*## (.*)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-20s%s\n", $$1, $$2}'; echo
	@sed -nE 's/^([A-Z_]+) \?=[^#]*## *(.*)/  \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{printf "%-20s%s\n", $$1, $$2}'

try: .venv/ready  ## take a guided tour of a Service on a real cluster, about a minute
	@EVENLY_CLUSTER_FROM=$(CLUSTER_FROM) EVENLY_PROXY_MODE=$(PROXY) EVENLY_PATIENCE=$(PATIENCE) $(BIN)/evenly try

doctor: .venv/ready  ## what this machine has and lacks for a cluster, with the remedies; changes nothing
	@EVENLY_CLUSTER_FROM=$(CLUSTER_FROM) $(BIN)/evenly doctor

e2e: .venv/ready  ## run the suite on a real kind cluster; leaves reports/latest/report.html
	@EVENLY_COMMAND="$(strip make e2e $(GIVEN))" $(BIN)/pytest --verbose e2e/test_*.py $(OPTIONS)

test: .venv/ready  ## lint, types, contracts and unit tests but slow ones: no Docker, no root, no browser; under a minute
	@$(BIN)/ruff check
	@$(BIN)/ruff format --check
	@$(BIN)/lint-imports --no-logo
	@$(BIN)/zizmor --offline --quiet --pedantic .github/workflows
	@$(BIN)/mypy & types=$$!; $(PYTEST_IN_PARALLEL) -m "not slow" e2e/unit; tests=$$?; wait $$types && exit $$tests  # at the same time

test-slow: .venv/ready  ## the unit tests that `make test` leaves out: Locusts, pytests, many simulated runs; two minutes
	@$(PYTEST_IN_PARALLEL) -m slow e2e/unit

coverage: .venv/ready  ## which lines of the product the unit tests reach
	@$(BIN)/coverage run -m pytest e2e/unit
	@$(BIN)/coverage report

calibrate: .venv/ready  ## measure how often verdicts are wrong; leaves reports/calibration/table.md; about 3 min
	@$(BIN)/python -m calibration

browser: .venv/ready  ## open the latest report in headless chromium: silent, offline, and fits the screen
	@$(BIN)/pytest e2e/browser

bench: .venv/ready  ## compare the load with wrk, ab and fortio; root, no cluster; leaves reports/bench/table.md
	@$(BIN)/python -m bench $(TARGET)

planes: .venv/ready  ## judge data planes whose truth is known, in a network of their own; root, no cluster; about 1 min
	@$(BIN)/pytest --verbose e2e/planes $(if $(RUNS),--runs $(RUNS))

soak: .venv/ready  ## the bad days for real: runs that are interrupted, killed, starved; nothing may be left; about 40 min
	@$(BIN)/pytest --verbose e2e/soak $(if $(RUNS),--runs $(RUNS))

workflows: .venv/ready  ## check GitHub's workflows with actionlint, which is compiled once
	@$(BIN)/pytest e2e/workflows

report: .venv/ready  ## rebuild the latest report from its records and say where it is
	@$(BIN)/evenly report reports/latest

down: .venv/ready  ## remove a kept cluster and the private engine
	@$(BIN)/evenly down

clean: down  ## remove the caches, after `make down`
	@$(BIN)/evenly down --cache
	@rm -rf .venv .mypy_cache .ruff_cache .import_linter_cache .pytest_cache .hypothesis .coverage .pytest-kind

lock: .venv/ready  ## write requirements.lock anew from pyproject.toml (needs uv)
	uv pip compile --universal --generate-hashes --python-version 3.11 --no-annotate \
	    --custom-compile-command "make lock" --group dev pyproject.toml -o requirements.lock

fail = { printf 'evenly: %s\n  What to do: %s\n' '$(1)' '$(2)' >&2; exit 1; }
fail_without_venv = { rm -rf .venv; $(call fail,$(1),$(2)); }
PIP := $(BIN)/pip install --quiet --disable-pip-version-check

.venv/ready: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	    $(call fail,$(PYTHON) is not Python 3.11 or newer,install one and name it: make $(MAKECMDGOALS) PYTHON=python3.12)
	@echo "Setting up .venv (usually 60 s)"
	@$(PYTHON) -m venv .venv || \
	    $(call fail_without_venv,$(PYTHON) cannot make .venv,install its venv module (on Debian: apt install python3-venv) and run again)
	@$(PIP) --require-hashes --requirement requirements.lock && $(PIP) --no-deps --no-build-isolation --editable . || \
	    $(call fail_without_venv,pip could not install what evenly needs,check the network (pip config list names proxy and index); run again)
	@touch $@
