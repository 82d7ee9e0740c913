# What you need: git >= 2.39, make, Python >= 3.11 with venv. `make help` lists what there is.
# Another Python: make PYTHON=python3.12 test

PYTHON ?= python3
VENV ?= .venv
AGENTS ?= .agents
BIN := $(VENV)/bin
PYTEST ?=
# More than processors: some tests wait.
WORKERS ?= $$(( ($$(getconf _NPROCESSORS_ONLN) * 3 + 1) / 2 ))

.DEFAULT_GOAL := help
.PHONY: help demo test test-long test-agents lint types bench reference clean

help: ## say what can be made
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/make \1	\2/p' Makefile | expand -t 18

demo: $(VENV)/.installed ## run a plan of three waves in a small repository made for it
	@$(BIN)/gitpar demo

test: $(VENV)/.installed-test ## run the tests (PYTEST="-k name" picks some)
	@$(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -m "not long" $(PYTEST)

test-long: $(VENV)/.installed-test ## run all tests with their whole sets: hundreds of kills, thousands of merges
	@WHOLE_SETS=1 COLD_STARTS=1 $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal -o faulthandler_timeout=3600 $(PYTEST)

test-agents: $(VENV)/.installed-test ## try the real claude and codex, from npm, against a model on this machine
	@sh .ci/agents "$(AGENTS)" "$(BIN)/python" $(PYTEST)

lint: $(VENV)/.installed-lint ## check format and rules
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .

types: $(VENV)/.installed-lint ## check types
	@$(BIN)/mypy --strict gitpar tests benchmarks docs

bench: $(VENV)/.installed-test ## time gitpar against a good shell script
	@$(BIN)/python -m benchmarks

reference: $(VENV)/.installed-test ## write docs/reference.md from the code
	@$(BIN)/python docs/make_reference.py

clean: ## remove what make made
	rm -rf $(VENV) build dist .pytest_cache .mypy_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp a set of packages, older than pyproject.toml or this file when those changed. The installs
# are editable, so a change to the code needs none of them again.
$(VENV)/bin/python:
	@sh .ci/machine "$(PYTHON)"
	@echo "making $(VENV)"
	@"$(PYTHON)" -m venv $(VENV)

$(VENV)/.installed: EXTRAS =
$(VENV)/.installed-test: EXTRAS = [symbols,test]
$(VENV)/.installed-lint: EXTRAS = [lint,symbols,test]
$(VENV)/.installed $(VENV)/.installed-test $(VENV)/.installed-lint: pyproject.toml Makefile | $(VENV)/bin/python
	@sh .ci/machine "$(PYTHON)"
	@echo "installing gitpar$(EXTRAS) into $(VENV)"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -e '.$(EXTRAS)'
	@$(BIN)/python -m compileall -q gitpar # as pip does with what is not editable; the start is twice as quick
	@touch $@
