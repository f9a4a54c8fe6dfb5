# Two commands do everything: `make report` and `make test`. Each makes .venv when it is absent or out of date.
PYTHON ?= python3.11
ifeq ($(shell command -v $(PYTHON) 2>/dev/null),)
PYTHON := python3
endif
BIN := .venv/bin
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-warn-script-location

# The reports are made two at a time, each in a folder of its own; those that take longest begin.
LONGEST := analyses/04_underdiagnosis.py analyses/03_one_truth_many_designs.py

.PHONY: report test lint types bench verify reports studies synthetic docs clean

report: .venv/.run
	@$(BIN)/python analyses/00_main_report.py

test: .venv/.dev
	@$(BIN)/python -m pytest

lint: .venv/.dev
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .

types: .venv/.dev
	@$(BIN)/mypy

reports: .venv/.run
	@printf '%s\n' $(LONGEST) $(filter-out $(LONGEST),$(sort $(wildcard analyses/*.py))) | xargs -n 1 -P 2 $(BIN)/python

# The shipped studies from their first replicate on: some ten minutes. `reports` tells them from their tables.
studies: .venv/.run
	@for study in $$($(BIN)/sarcoid-epi studies | cut -d ' ' -f 1); do \
	  $(BIN)/sarcoid-epi study $$study --out reports/studies/$$study --workers 2 || exit 1; done

synthetic: .venv/.run
	@$(BIN)/python synthetic_data/make.py

docs: .venv/.run
	@$(BIN)/python docs/make.py

verify: .venv/.run
	@for report in $$(dirname reports/*/manifest.json reports/studies/*/report/manifest.json); do $(BIN)/sarcoid-epi verify $$report || exit 1; done

bench: .venv/.dev
	@for benchmark in benchmarks/*.py; do $(BIN)/python $$benchmark || exit 1; done

clean:
	rm -rf .venv out

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(f"Python 3.11 is needed, this is {sys.version.split()[0]}" if sys.version_info[:2] != (3, 11) else 0)'
	@$(PYTHON) -m venv .venv

.venv/.run: requirements/run.txt pyproject.toml | .venv/bin/python
	@$(PIP) --require-hashes -r requirements/run.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

.venv/.dev: requirements/dev.txt pyproject.toml | .venv/bin/python
	@$(PIP) --require-hashes -r requirements/dev.txt
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch .venv/.run $@
