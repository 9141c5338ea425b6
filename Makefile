# `make` lists the targets. `serve` and `test` set themselves up.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
RUN := $(BIN)/python -m
export PYTHONPATH := .

.DEFAULT_GOAL := help
.PHONY: help setup serve train test test-browser test-system test-postgres test-wordpress test-full test-hard lint format bench lock clean screenshots

help: ## list the targets
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F':.*## ' '{printf "  make %-15s %s\n", $$1, $$2}'

setup: $(VENV)/.dev ## install everything into .venv
	@echo "Ready. Next: make serve, or make test."

$(VENV)/.run: requirements.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { echo "Python 3.11 or newer is needed; name it: make PYTHON=python3.12 …"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@echo "Installing what the service needs …" && $(RUN) pip install -q --disable-pip-version-check --require-hashes -r requirements.txt
	@touch $@

$(VENV)/.dev: $(VENV)/.run requirements-dev.txt
	@echo "Installing what the tests need …" && $(RUN) pip install -q --disable-pip-version-check --require-hashes -r requirements-dev.txt
	@touch $@

serve: $(VENV)/.run ## train the starter model if there is none, and serve on http://127.0.0.1:8000
	@test -f $${TAGGER_MODELS:-var/models}/champion.json || $(RUN) classifier train
	@exec $(RUN) classifier serve

train: $(VENV)/.run ## train on training_data/ and make the model champion
	@$(RUN) classifier train

test: $(VENV)/.dev ## run the tests; browser tests run where a Chromium is found
	@$(RUN) pytest

test-browser: $(VENV)/.dev ## run the browser tests; they fail where there is no Chromium
	@TAGGER_TEST_NEEDS=chromium $(RUN) pytest -m browser --no-cov

test-wordpress: $(VENV)/.dev ## run the plugin's tests in a real WordPress; they fail where its packages are missing
	@$(RUN) pytest -m wordpress --no-cov --junitxml=var/test-wordpress.xml tests/wordpress

test-system: $(VENV)/.dev ## run what needs root or more programs: strace, a full disk, no network, PHP, Node
	@TAGGER_TEST_NEEDS=system $(RUN) pytest tests/test_faults.py tests/test_deploy.py tests/test_privacy.py tests/test_connect.py --no-cov

test-postgres: $(VENV)/.dev ## run the tests of the store on a PostgreSQL of their own (Debian's package)
	@TAGGER_TEST_NEEDS=postgres $(RUN) tests.postgres $(BIN)/python -m pytest --no-cov

test-full: test-browser test-system test-postgres test-wordpress ## run what needs Debian's packages (root installs them: .ci/install)

test-hard: $(VENV)/.dev ## run the hard tests in full (long): what was done, how often, what was lost
	@TAGGER_TEST_SIZE=hard $(RUN) pytest tests/test_nothing_lost.py tests/test_faults.py tests/test_promotion_under_load.py tests/test_database_faults.py tests/test_backup.py tests/test_postgres.py --no-cov

lint: $(VENV)/.dev ## check style, types, layers and dependencies
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy
	@$(BIN)/lint-imports --no-cache
	@$(RUN) deptry .

format: $(VENV)/.dev ## format the code
	@$(RUN) ruff check --fix-only -q . ; $(RUN) ruff format -q .

bench: $(VENV)/.dev ## measure quality, cost and speed beside peers (installs them into .venv-peers)
	@$(RUN) benchmarks.run

screenshots: $(VENV)/.dev ## take the screenshots of the README
	@test -f $${TAGGER_MODELS:-var/models}/champion.json || $(RUN) classifier train
	@$(RUN) tests.screenshots

lock: $(VENV)/.dev ## resolve the dependencies again, with hashes
	@$(RUN) pip install -q --disable-pip-version-check uv
	@$(BIN)/uv pip compile -q --upgrade --generate-hashes --python-version 3.11 --no-annotate --no-header requirements.in -o requirements.txt
	@$(BIN)/uv pip compile -q --upgrade --generate-hashes --python-version 3.11 --no-annotate --no-header --no-strip-extras requirements-dev.in -o requirements-dev.txt

clean: ## remove .venv, .venv-peers and caches (not var/)
	@rm -rf $(VENV) .venv-peers .mypy_cache .ruff_cache .pytest_cache .hypothesis .coverage
