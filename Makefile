# Every target does its own set-up: it needs Python 3.11 or newer, make and git, and no activated environment. With a C
# compiler and the headers of Python it builds the kernel; without them all but `make test` works as well, more slowly.
# ARGS goes to the command: make test ARGS="-k layers", make bench ARGS=--json.

.PHONY: help run test test-pure coverage check format bench samples manual fuzz lock clean
.PHONY: check-lint check-format check-types check-packages check-samples check-lowest
.PHONY: fuzz-kernel fuzz-entries fuzz-readers fuzz-time
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

ARGS =
VENV := .venv
BIN := $(VENV)/bin
# Newer than pyproject.toml when the environment holds what pyproject.toml asks for, and newer than the sources of the
# kernel when that is built from them.
STAMP := $(VENV)/.installed
KERNEL_SOURCES := $(shell find logmatch -name '*.pyx' -o -name '*.pxi' -o -name '*.h')

# The versions that the tools and dependencies are installed in, so that a release of theirs changes nothing unasked. They
# were found with the Python that the file names; `make lock` finds them anew, CONSTRAINTS= takes the newest.
CONSTRAINTS := constraints-dev.txt
INSTALL := -m pip install -qq $(if $(CONSTRAINTS),--constraint $(CONSTRAINTS))

# How long each target of `make fuzz` runs, and from where on; other inputs each week.
MINUTES := 1
SEED := $(shell date +%G%V)

# An environment in which logmatch is installed as users have it, not from this tree, and without the kernel.
PURE_VENV := .venv-pure
PURE_BIN := $(PURE_VENV)/bin
PURE_STAMP := $(PURE_VENV)/.installed
PACKAGED := pyproject.toml README.md LICENSE $(shell find logmatch -name '*.py' -o -name '*.pyi' -o -name '*.toml' -o -name '*.md') docs/logmatch.1

# What the caller's shell has set must not decide which code runs.
unexport PYTHONPATH PYTHONHOME VIRTUAL_ENV
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_ROOT_USER_ACTION := ignore

help:  ## show the targets
	@awk -F ':.*## *' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: $(STAMP)  ## parse sample_logs/ and show the first records
	@mkdir -p build
	$(BIN)/logmatch parse sample_logs/*.log -t sample_logs -o build/sample_logs.jsonl --summary $(ARGS)
	@head -n 3 build/sample_logs.jsonl

# As many tests at a time as there are cores; ARGS="-n 0" runs one after the other in this process, as a debugger needs it.
test: $(STAMP)  ## run all tests on all engines, the native one included
	$(BIN)/python -m pytest -n auto $(ARGS)

# -P: not the logmatch of this directory, which may hold a kernel.
test-pure: $(PURE_STAMP)  ## run all tests on an installation without the kernel
	$(PURE_BIN)/python -P -m pytest -n auto --installed --pure $(ARGS)

coverage: $(STAMP)  ## run all tests and show the lines that none reached
	$(BIN)/python -m pytest -n auto --cov $(ARGS)

# Separate targets, so that `make --keep-going check` shows all that is wrong.
check: check-lint check-format check-types check-packages check-samples  ## lint, formatting, types, installed packages, the examples in the sample templates

check-lint: $(STAMP)
	$(BIN)/ruff check
	PATH="$(abspath $(BIN)):$$PATH" cython-lint logmatch

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

# Separate targets: those of the kernel need Linux and gcc.
fuzz: fuzz-kernel fuzz-entries fuzz-readers fuzz-time  ## give engines, parsers and readers random inputs, each for MINUTES=1, from SEED on (this week's)

fuzz-kernel: $(STAMP)
	$(BIN)/python tests/fuzz/fuzz.py --minutes $(MINUTES) --seed $(SEED)

fuzz-entries: $(STAMP)
	$(BIN)/python tests/fuzz/entries.py --minutes $(MINUTES) --seed $(SEED)

fuzz-readers: $(STAMP)
	$(BIN)/python tests/fuzz/readers.py --minutes $(MINUTES) --seed $(SEED)

# Bounded by the number of sets: together they take about a minute of one core.
fuzz-time: $(STAMP)
	$(BIN)/python tests/fuzz/search_steps.py --engine native --sets $$((5000 * $(MINUTES))) --seed $(SEED)
	$(BIN)/python tests/fuzz/search_steps.py --engine portable --sets $$((1500 * $(MINUTES))) --seed $(SEED)
	$(BIN)/python tests/fuzz/search_steps.py --engine reference --sets $$((1000 * $(MINUTES))) --seed $(SEED)

# Not a part of `make check`: it needs the oldest Python that is supported, PYTHON=python3.11.
check-lowest:
	$(call make_environment,build/lowest)
	sed -n 's/^    "\([a-z]*\)>=\([0-9][0-9.]*\).*/\1==\2/p' pyproject.toml >build/lowest.txt
	build/lowest/bin/python -m pip install -qq --constraint build/lowest.txt .
	build/lowest/bin/logmatch parse sample_logs/*.log -t sample_logs -o build/lowest.jsonl --summary
	rm -rf build/lowest build/lowest.txt

# In a new environment, so that nothing is named that is no longer needed.
lock:  ## write constraints-dev.txt anew: the newest versions that pyproject.toml allows
	$(call make_environment,build/lock)
	build/lock/bin/python -m pip install -qq '.[dev]'
	(build/lock/bin/python -c 'import sys; print(f"# Python {sys.version_info[0]}.{sys.version_info[1]}; written by make lock")'; \
	build/lock/bin/python -m pip freeze --exclude logmatch) >constraints-dev.txt
	rm -rf build/lock

samples: $(STAMP)  ## write sample_logs/ anew from the built-in samples
	$(BIN)/python -m logmatch.samples sample_logs $(ARGS)

manual: $(STAMP)  ## write docs/options.md and the man page anew from the declarations of options
	$(BIN)/python -m logmatch.commands .

clean:  ## remove everything that the other targets made, the environment included
	rm -rf $(VENV) $(PURE_VENV) build dist *.egg-info .hypothesis .mypy_cache .pytest_cache .ruff_cache .coverage .coverage.*
	find logmatch -name '*.so' -delete -o -name '_*.c' -delete
	find logmatch tests -name __pycache__ -type d -prune -exec rm -rf {} +

# Makes the environment $(1) from nothing, so that a dependency taken out of pyproject.toml is gone from it too.
define make_environment
@python=$$(for name in $(PYTHON) python3 python3.14 python3.13 python3.12 python3.11 python; do \
    "$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$name" && break; done) \
|| { echo "make: no Python 3.11 or newer found; name one: make PYTHON=/path/to/python3" >&2; exit 1; }; \
echo "setting up $(1) with $$python"; \
"$$python" -m venv --clear $(1)
endef

# Installs $(2) by the Python in $(1), with a dot for each package, so that a first `make run` is seen to work; what pip
# says is shown where it fails.
define install
@printf 'installing into $(dir $(1)), some packages and a compiler run: '; \
{ $(1)/python $(subst -qq,--progress-bar off --no-color,$(INSTALL)) $(2) 2>&1; echo "status $$?"; } | { \
    log=$(dir $(1))install.log; : >"$$log"; while IFS= read -r line; do case $$line in \
        'status 0') echo ' done';; \
        'status '*) echo; cat "$$log"; exit 1;; \
        Collecting*|*Building*|*Installing*) printf .;; \
        esac; printf '%s\n' "$$line" >>"$$log"; done; }
endef

# $? is what has changed. A kernel that can no longer be built is gone, and not that of older sources.
$(STAMP): pyproject.toml $(CONSTRAINTS) $(KERNEL_SOURCES)
	$(if $(filter pyproject.toml,$?),$(call make_environment,$(VENV)))
	@find logmatch -name '*.so' -delete
	$(call install,$(BIN),--editable '.[dev]')
	@touch $@

# A compiler may have come since the kernel could not be built, or someone removed what was built.
ifneq ($(filter test coverage,$(MAKECMDGOALS)),)
ifeq ($(wildcard logmatch/engine/native/_kernel.*.so),)
.PHONY: missing-kernel
$(STAMP): missing-kernel
endif
endif

# What an earlier build left in build/ would be packed again, its kernel too.
$(PURE_STAMP): $(PACKAGED) $(CONSTRAINTS)
	$(if $(filter pyproject.toml,$?),$(call make_environment,$(PURE_VENV)))
	@rm -rf build/lib.* build/bdist.*
	@CC=false $(PURE_BIN)/python $(INSTALL) '.[test]'
	@touch $@
