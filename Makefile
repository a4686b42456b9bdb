# Two commands do everything on a fresh machine: `make demo` and `make test`.
# Both set themselves up in .venv from the hash-locked requirements.lock.

PYTHON ?= python3
VENV   ?= .venv
DATA   ?= ../shared/data
PYTEST_ARGS ?= -n auto --dist loadfile

BIN   := $(VENV)/bin
PY    := $(BIN)/python
READY := $(VENV)/.ready

.DEFAULT_GOAL := help
.PHONY: help setup demo test lint realdata bench bench-colour bench-texture gallery wheel ci samples variance validation lock clean

help:  ## list the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## */  make \1\t/' | expand -t 22

setup: $(READY)  ## create .venv and install everything, hash-locked

$(READY): requirements.lock pyproject.toml
	@command -v "$(PYTHON)" >/dev/null 2>&1 || { \
	  echo "$(PYTHON) was not found. Install Python 3.11 or newer, or name one: make PYTHON=python3.12" >&2; exit 1; }
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "$$("$(PYTHON)" --version 2>&1) is too old: dermadelta needs Python 3.11 or newer. Name one: make PYTHON=python3.12" >&2; exit 1; }
	@test -x "$(PY)" || "$(PYTHON)" -m venv "$(VENV)" || { \
	  rm -rf "$(VENV)"; \
	  echo "The virtual environment could not be made. Debian and Ubuntu: apt-get install python3-venv" >&2; exit 1; }
	"$(PY)" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	"$(PY)" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@"$(PY)" -c "import cv2" >/dev/null 2>&1 || "$(PY)" -m dermadelta measures
	@touch "$@"

demo: setup  ## measure sample_images/ and show where the report is
	"$(BIN)/dermadelta" run sample_images --out reports/demo

test: setup  ## run the tests (without real photographs)
	"$(PY)" -m pytest $(PYTEST_ARGS)

lint: setup  ## ruff, mypy and the import contracts
	"$(BIN)/ruff" check .
	"$(BIN)/ruff" format --check .
	"$(BIN)/mypy"
	"$(BIN)/lint-imports"

realdata: setup  ## run the tests on real photographs (DERMADELTA_DATA, default ../shared/data)
	DERMADELTA_DATA="$${DERMADELTA_DATA:-$(DATA)}" "$(PY)" -m pytest tests/realdata -p no:cacheprovider

bench: setup  ## hold alignment against ready-made methods (15 minutes; BENCH_ARGS=--quick: 2)
	DERMADELTA_DATA="$${DERMADELTA_DATA:-$(DATA)}" "$(PY)" tests/bench/alignment.py \
	  --out reports/bench $(BENCH_ARGS)

bench-colour: setup  ## hold colour, the target card and rulers against what is known (30 minutes)
	"$(PY)" tests/bench/colour.py --out reports/bench $(BENCH_ARGS)
	DERMADELTA_DATA="$${DERMADELTA_DATA:-$(DATA)}" "$(PY)" tests/bench/target_cards.py 400 200 200 \
	  > reports/bench/target.txt
	"$(PY)" tests/bench/rulers.py 200 6 43 > reports/bench/rulers.txt
	"$(PY)" tests/bench/colour_speed.py > reports/bench/colour_speed.txt

bench-texture: setup  ## hold texture, pores, lines and stretch marks against what is known (an hour or more; BENCH_ARGS=--quick: less)
	DERMADELTA_DATA="$${DERMADELTA_DATA:-$(DATA)}" "$(PY)" tests/bench/texture.py \
	  --out reports/validation/texture $(BENCH_ARGS)
	"$(PY)" tests/bench/texture_lamp.py
	"$(PY)" tests/bench/pores.py
	"$(PY)" tests/bench/lines.py
	"$(PY)" tests/bench/stretch.py
	"$(PY)" tests/bench/texture_speed.py > reports/bench/texture_speed.txt

gallery: setup  ## fill reports/gallery/ again: a pair that each gate refuses, and one that passes
	"$(PY)" tests/bench/gallery.py --out reports/gallery

wheel: setup  ## build the wheel and the source archive into dist/
	rm -rf dist
	"$(PY)" -m build --no-isolation

ci:  ## everything that must be green: tests, lint, real photographs
	bash .ci/run

samples: setup  ## make sample_images/ again
	"$(BIN)/dermadelta" phantom sample_images --samples

variance: setup  ## fit the packaged variance model again (hours; goes on where it stopped)
	"$(BIN)/dermadelta" fit-variance --pairs 720 --seed 0 --work reports/variance \
	  --out pipeline/dermadelta/variance/model.json

validation: setup  ## fill reports/validation/ again, real pairs of DATA included (hours; goes on)
	@real=reports/validation/work/real; data="$${DERMADELTA_DATA:-$(DATA)}"; set --; \
	if [ -d "$$data" ]; then \
	  DERMADELTA_DATA="$$data" "$(PY)" tests/realdata/prepare.py "$$real" || exit 1; \
	  for name in faces same_visit; do \
	    if [ -d "$$real/$$name" ]; then set -- "$$@" --data "$$real/$$name"; fi; \
	  done; \
	fi; \
	"$(BIN)/dermadelta" validate --pairs 800 --no-change-share 0.76 --out reports/validation "$$@"

lock:  ## pin the newest versions that pyproject.toml allows, with hashes
	uv pip compile pyproject.toml --extra test --extra dev --universal --python-version 3.11 \
	  --generate-hashes --no-strip-extras --no-emit-index-url --no-emit-find-links --no-config --upgrade \
	  --custom-compile-command "make lock" --quiet --output-file requirements.lock
	@! grep -n '://' requirements.lock

clean:  ## remove the environment, caches and the demo's results
	rm -rf "$(VENV)" build dist reports/demo .pytest_cache .mypy_cache .ruff_cache \
	  .import_linter_cache .hypothesis .coverage htmlcov
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
