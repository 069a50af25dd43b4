# Every target makes .venv itself from python3 alone (or with uv, when it is on
# the PATH) and installs only what it needs. All paths are relative, so a folder
# with a space in its name will do.

PYTHON ?= python3
# the versions that were tested together; `make PINS= test` takes the newest
PINS ?= -c constraints.txt
# more options for pytest, jaxsim demo or a benchmark: make test ARGS="-k delay"
ARGS ?=
JOBS ?= 2

py := .venv/bin/python
stamps := .venv/installed

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test lint format slow notebooks docs bench lowest lock clean distclean

help:
	@echo 'make demo       a whole brain, seen by EEG, swept and fitted: figures in demo-output/'
	@echo 'make test       the default tests (ARGS="-k delay" chooses)'
	@echo 'make lint       ruff, pyright, import-linter'
	@echo 'make format     let ruff rewrite what it can'
	@echo 'make slow       the tests that take minutes'
	@echo 'make docs       the documentation, in docs/_build/html'
	@echo 'make notebooks  run every notebook, and build the documentation with their pictures'
	@echo 'make bench      the benchmarks (ARGS=compile_times chooses one)'
	@echo 'make lowest     a smoke test with the oldest versions that pyproject.toml allows'
	@echo 'make lock       renew uv.lock and constraints.txt'
	@echo 'make clean      remove what was built; make distclean removes .venv too'

demo: $(stamps)/demo
	@$(py) -m jaxsim demo $(ARGS)

test: $(stamps)/test
	@echo '== tests, on $(JOBS) processes'
	@$(py) -m pytest -n $(JOBS) --dist worksteal -p no:randomly -q --durations 15 $(ARGS)

slow: $(stamps)/test
	@echo '== slow tests, on $(JOBS) processes'
	@$(py) -m pytest -n $(JOBS) --dist worksteal -q --durations 15 -m 'slow and not gpu' $(ARGS)

lint: $(stamps)/lint
	@echo '== ruff check'
	@$(py) -m ruff check .
	@echo '== ruff format --check'
	@$(py) -m ruff format --check .
	@echo '== pyright'
	@$(py) -m pyright --pythonpath $(py)
	@echo '== import-linter'
	@$(py) -c 'from importlinter.cli import lint_imports_command as run; run()' --no-logo
	@echo '== constraints.txt against uv.lock'
	@$(py) .ci/check_lock.py

format: $(stamps)/lint
	@$(py) -m ruff check --fix .
	@$(py) -m ruff format .

docs: $(stamps)/docs
	@echo '== docs, notebooks not run'
	@$(py) -m sphinx -q -W --keep-going -b html docs docs/_build/html
	@echo 'built: docs/_build/html/index.html'

notebooks: $(stamps)/docs
	@echo '== docs, every notebook run'
	@JAXSIM_RUN_NOTEBOOKS=1 $(py) -m sphinx -W --keep-going -b html docs docs/_build/html
	@echo 'built: docs/_build/html/index.html'

bench: $(stamps)/test
	@$(py) -m benchmarks $(ARGS)

lowest: $(stamps)/dev
	@$(py) .ci/check_lowest.py $(ARGS)

lock: $(stamps)/dev
	@echo '== uv lock'
	@$(py) -m uv lock --upgrade --default-index https://pypi.org/simple
	@$(py) -m uv export --quiet --frozen --no-hashes --no-annotate --no-header \
	    --no-emit-project --all-extras --output-file constraints.txt
	@$(py) .ci/check_lock.py

clean:
	rm -rf build dist demo-output docs/_build docs/api/generated \
	    docs/notebooks .pytest_cache .ruff_cache .import_linter_cache .hypothesis
	find . -name .venv -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

distclean: clean
	rm -rf .venv

# A set of extras is installed when its stamp is newer than what it was made from.
# The stamp is written last: an install that was broken off is done again.
$(stamps)/%: pyproject.toml constraints.txt
	@PYTHON='$(PYTHON)' sh .ci/environment.sh '$*' $(PINS)
