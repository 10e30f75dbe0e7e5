# Every target does its own set-up: it needs Python 3.11 or newer, make and git, and no activated environment.
# ARGS goes to the command: make test ARGS="-k layers", make bench ARGS=--json.

.PHONY: help run test coverage check format bench samples clean
.PHONY: check-lint check-format check-types check-packages check-samples
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

ARGS =
VENV := .venv
BIN := $(VENV)/bin
# Newer than pyproject.toml when the environment holds what pyproject.toml asks for.
STAMP := $(VENV)/.installed

# What the caller's shell has set must not decide which code runs.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

help:  ## show the targets
	@awk -F ':.*## *' '/^[a-z]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(STAMP)  ## parse sample_logs/ and show the first records
	@mkdir -p build
	$(BIN)/logmatch parse sample_logs/*.log -t sample_logs -o build/sample_logs.jsonl --summary $(ARGS)
	@head -n 3 build/sample_logs.jsonl

test: $(STAMP)  ## run all tests
	$(BIN)/python -m pytest $(ARGS)

coverage: $(STAMP)  ## run all tests and show the lines that none reached
	$(BIN)/python -m pytest --cov $(ARGS)

# Separate targets, so that `make --keep-going check` shows all that is wrong.
check: check-lint check-format check-types check-packages check-samples  ## lint, formatting, types, installed packages, the examples in the sample templates

check-lint: $(STAMP)
	$(BIN)/ruff check

check-format: $(STAMP)
	$(BIN)/ruff format --check

check-types: $(STAMP)
	$(BIN)/mypy

check-packages: $(STAMP)
	$(BIN)/python -m pip check

check-samples: $(STAMP)
	$(BIN)/logmatch check sample_logs

format: $(STAMP)  ## format the code and mend what ruff can mend
	$(BIN)/ruff check --fix-only
	$(BIN)/ruff format

bench: $(STAMP)  ## measure one and two workers on a corpus made from the built-in samples
	$(BIN)/logmatch bench --workers 2 $(ARGS)

samples: $(STAMP)  ## write sample_logs/ anew from the built-in samples
	$(BIN)/python -m logmatch.samples sample_logs $(ARGS)

clean:  ## remove everything that the other targets made, the environment included
	rm -rf $(VENV) build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage .coverage.*
	find logmatch tests -name __pycache__ -type d -prune -exec rm -rf {} +

# The environment is made from nothing, so that a dependency taken out of pyproject.toml is gone from it too.
$(STAMP): pyproject.toml
	@python=$$(for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
	    "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done) \
	|| { echo "make: no Python 3.11 or newer found; name one: make PYTHON=/path/to/python3" >&2; exit 1; }; \
	echo "setting up $(VENV) with $$python"; \
	"$$python" -m venv --clear $(VENV)
	@$(BIN)/python -m pip install -qq --editable '.[dev]'
	@touch $@
