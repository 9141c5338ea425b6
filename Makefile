# `make` lists the targets. `serve` and `test` set themselves up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m
TOOLS := .venv-tools
DASK := .venv-dask
FUZZ := .venv-fuzz
UV_INSTALL = $(TOOLS)/bin/uv pip install -q --only-binary :all:
export PYTHONPATH := .
# Python keeps what it has compiled, also where the machine says otherwise: the tests start many processes.
export PYTHONDONTWRITEBYTECODE :=

.DEFAULT_GOAL := help
.PHONY: help setup serve train plugin-zip plugin-screenshots test-superdesk test test-slow coverage test-notebooks test-browser test-javascript test-system test-postgres test-wordpress test-dask test-supply test-versions test-full sbom audit test-hard lint format bench lock clean screenshots notebooks

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

setup: $(VENV)/.dev ## install everything into .venv
	@echo "Ready. Next: make serve, or make test."

$(VENV)/.run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the service needs (once, a minute or two) …" && $(RUN) pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

# The project itself, in place, which installs the script article-tagger. It is built without the network.
$(VENV)/.script: $(VENV)/.run requirements-build.txt pyproject.toml
	@$(RUN) pip install -q --disable-pip-version-check --require-hashes -r requirements-build.txt
	@$(RUN) pip install -q --disable-pip-version-check --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.script requirements-dev.txt
	@echo "Installing what the tests need …" && $(RUN) pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

serve: $(VENV)/.script ## train the starter model if there is none, and serve on http://127.0.0.1:8000
	@test -f $${TAGGER_MODELS:-var/models}/champion.json || { echo "Training the starter model (once, a minute or two) …" && $(RUN) classifier train; }
	@echo "Starting …" && exec $(RUN) classifier serve --log $${TAGGER_LOG:-var/serve.log}

train: $(VENV)/.script ## train on training_data/ and make the model champion
	@$(RUN) classifier train

PLAIN := not browser and not wordpress and not load and not notebook
# With COVERAGE=yes the quick tests also count the lines that they run, and fail under 90 %. Counting takes half as long again.
COVER = $(if $(COVERAGE),--cov=classifier --cov-report=term:skip-covered --cov-fail-under=90)

test: $(VENV)/.dev ## run the tests that need nothing installed and no patience; the others: make test-full
	@$(RUN) pytest -m "$(PLAIN) and not slow" --numprocesses 3 --dist worksteal $(COVER)

test-slow: $(VENV)/.dev ## run those that kill processes, wait for clocks or compute for seconds
	@TAGGER_TEST_NEEDS=system $(RUN) pytest -m "$(PLAIN) and slow" --numprocesses 3 --dist worksteal

coverage: ## run the quick tests and count the lines that they run; fails under 90 %
	@$(MAKE) test COVERAGE=yes

# One after the other: of two kernels that start at once, one may take the port that the other has just found free.
test-notebooks: $(VENV)/.dev ## run the notebooks on a few articles
	@$(RUN) pytest -m notebook tests/test_notebooks.py

test-browser: $(VENV)/.dev ## run the tests in a browser; they fail where there is no Chromium
	@TAGGER_TEST_NEEDS=chromium $(RUN) pytest -m browser --numprocesses 2 --dist loadfile

test-javascript: ## run the unit tests of the review page's modules in Node (Debian's nodejs); they fail where it is missing
	@node --test tests/javascript/*.test.mjs

test-superdesk: $(VENV)/.dev ## run Superdesk's own client against the service (fetches its wheel, which is AGPL and not kept)
	@mkdir -p var && $(VENV)/bin/pip download --no-deps --quiet --dest var/superdesk superdesk-core==2.5.3
	@TAGGER_TEST_SUPERDESK=$$(ls $(CURDIR)/var/superdesk/*.whl) $(RUN) pytest tests/test_superdesk.py

plugin-zip: ## write the WordPress plugin as a zip into dist/ (needs gettext)
	@integrations/wordpress/make-zip dist

test-wordpress: $(VENV)/.dev ## run the plugin's tests in Debian's WordPress, then a smoke test in the newest that npm offers; they fail where packages are missing
	@$(RUN) pytest -m wordpress --numprocesses 2 --dist loadfile --junitxml=var/test-wordpress.xml tests/wordpress
	@$(RUN) tests.wordpress.newest

plugin-screenshots: $(VENV)/.dev ## take the pictures of the plugin for its documents and the directory (packages of .ci/install, a model in var/models)
	@$(RUN) tests.wordpress.screenshots

test-system: $(VENV)/.dev ## run what needs root or more programs: strace, a full disk, no network, PHP, Node
	@TAGGER_TEST_NEEDS=system $(RUN) pytest tests/test_faults.py tests/test_deploy.py tests/test_proxy.py tests/test_privacy.py tests/test_connect.py tests/test_open_mode.py -m "not slow"

test-postgres: $(VENV)/.dev ## run the tests of the store on a PostgreSQL of their own (Debian's package)
	@TAGGER_TEST_NEEDS=postgres $(RUN) tests.postgres $(BIN)/python -m pytest --numprocesses 3 --dist worksteal

$(TOOLS)/.done: requirements-tools.txt
	@test -x $(TOOLS)/bin/python || $(PYTHON) -m venv $(TOOLS)
	@echo "Installing what looks at dependencies …" && $(TOOLS)/bin/python -m pip install -q --disable-pip-version-check --require-hashes -r requirements-tools.txt
	@touch $@

# The product and its optional part, and nothing else: also what the SBOM and the licences are read from.
$(DASK)/.done: $(TOOLS)/.done requirements.txt requirements-dask.txt
	@$(TOOLS)/bin/uv venv -q --clear --python $(PYTHON) $(DASK)
	@$(UV_INSTALL) --python $(DASK)/bin/python --require-hashes -r requirements.txt -r requirements-dask.txt
	@touch $@

$(FUZZ)/.done: $(TOOLS)/.done requirements.txt requirements-fuzz.txt
	@$(TOOLS)/bin/uv venv -q --clear --python $(PYTHON) $(FUZZ)
	@$(UV_INSTALL) --python $(FUZZ)/bin/python --require-hashes -r requirements.txt -r requirements-fuzz.txt
	@touch $@

test-dask: $(VENV)/.dev $(DASK)/.done ## run the tests of work past one machine: a Dask scheduler and two workers
	@TAGGER_TEST_NEEDS=dask $(RUN) pytest tests/test_dask.py

test-supply: $(VENV)/.dev sbom ## check the bill of materials, the licences, and that an audit does not pass unseen
	@TAGGER_TEST_NEEDS=supply $(RUN) pytest tests/test_supply_chain.py

FAST_TESTS := $(patsubst %,tests/test_%.py,articles html taxonomy terms mentions fitting model model_files export store migrations metrics)

test-versions: $(TOOLS)/.done ## run the fast tests with the lowest versions of requirements.in, and with the newest
	@for versions in lowest-direct highest; do \
	  echo "Versions: $$versions" && venv=.venv-$$versions && \
	  $(TOOLS)/bin/uv venv -q --clear --python $(PYTHON) $$venv && \
	  $(UV_INSTALL) --python $$venv/bin/python --resolution $$versions -r requirements.in && \
	  $(UV_INSTALL) --python $$venv/bin/python pytest hypothesis psutil && \
	  $$venv/bin/python -m pytest -q -o addopts= -o filterwarnings=default -p no:cacheprovider -W ignore $(FAST_TESTS) || exit 1; \
	done

sbom: $(DASK)/.done ## write the bill of materials (CycloneDX) and the licences of what is installed into var/
	@mkdir -p var
	@$(TOOLS)/bin/cyclonedx-py environment --pyproject pyproject.toml -o var/sbom.cdx.json $(DASK)/bin/python
	@$(TOOLS)/bin/pip-licenses --python $(DASK)/bin/python --from mixed --format markdown --with-urls --output-file var/licences.md >/dev/null
	@echo "var/sbom.cdx.json, var/licences.md"

audit: $(TOOLS)/.done ## look up known vulnerabilities of all that is locked; fails where one package could not be looked up
	@for lock in requirements.txt requirements-build.txt requirements-dask.txt requirements-fuzz.txt requirements-dev.txt requirements-tools.txt; do \
	  echo $$lock && $(TOOLS)/bin/pip-audit --strict --disable-pip --require-hashes --progress-spinner off -r $$lock || exit 1; \
	done

test-full: test-slow test-notebooks test-browser test-javascript test-system test-postgres test-wordpress test-superdesk test-dask test-supply test-versions ## run the other tests; most need Debian's packages (root installs them: .ci/install)

test-hard: $(VENV)/.dev $(DASK)/.done $(FUZZ)/.done sbom test-versions ## run the hard tests in full (an hour, ten minutes of it a fuzzer: TAGGER_TEST_FUZZ_SECONDS): what was done, how often, what was lost
	@$(RUN) tests.hard --output var/test-hard.md

lint: $(VENV)/.dev ## check style, types, layers and dependencies
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(BIN)/lint-imports --no-cache
	@$(RUN) deptry .

format: $(VENV)/.dev ## format the code
	@$(RUN) ruff check --fix-only -q . ; $(RUN) ruff format -q .

bench: $(VENV)/.dev ## measure quality, cost and speed beside peers (installs them into .venv-peers), replay faults and honest nights, cost of pages, orders of the queue
	@$(RUN) benchmarks.run
	@$(RUN) benchmarks.replay --json benchmarks/faults.json
	@$(RUN) benchmarks.pages
	@$(RUN) benchmarks.queue_orders

notebooks: $(VENV)/.dev ## run the notebooks on a few starter articles and write their pages into docs/notebooks/
	@rm -rf docs/notebooks/*_files
	@PYTHONPATH=$(CURDIR) TAGGER_EVAL_DATA=none TAGGER_NOTEBOOK_ARTICLES=400 TAGGER_NOTEBOOK_STEPS=6 $(RUN) nbconvert --log-level=WARN --execute --to markdown --output-dir docs/notebooks notebooks/*.ipynb

screenshots: $(VENV)/.dev ## take the screenshots of the README, and of each page in three widths and both themes (var/screenshots)
	@test -f $${TAGGER_MODELS:-var/models}/champion.json || $(RUN) classifier train
	@$(RUN) tests.screenshots

lock: $(TOOLS)/.done ## resolve the dependencies again, with hashes
	@for name in requirements requirements-dask requirements-fuzz; do \
	  $(TOOLS)/bin/uv pip compile -q --upgrade --generate-hashes --python-version 3.11 --no-annotate --no-header $$name.in -o $$name.txt || exit 1; \
	done
	@for name in requirements-build requirements-dev requirements-tools; do \
	  $(TOOLS)/bin/uv pip compile -q --upgrade --generate-hashes --python-version 3.11 --no-annotate --no-header --no-strip-extras $$name.in -o $$name.txt || exit 1; \
	done

clean: ## remove the environments and caches (not var/)
	@rm -rf $(VENV) $(TOOLS) $(DASK) $(FUZZ) .venv-peers .venv-lowest-direct .venv-highest .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage article_tagger.egg-info
