# `make run` and `make test` need Python 3.11+, Node 20+ and make; everything else they fetch, locked by hash.
PYTHON ?= python3
PORT ?= 8000
DATA_DIR ?= var
BIN := .venv/bin
STAMPS := .venv/stamps
# What is covered is asked of the rooms in these parts.
COVERED := kpr_portal/*,demonstration/* dashboards/*,publications/*,indicators/*,charts/*,spreadsheets/* quality/* submissions/* municipalities/*
# Extras stay in the lock: where a package asks for coverage[toml], pip takes the newest one for that, locked or not.
UV_COMPILE := $(BIN)/uv pip compile --quiet --universal --generate-hashes --no-strip-extras --python-version 3.11 \
	--custom-compile-command "make lock" --no-emit-index-url pyproject.toml

.PHONY: run test check setup mutation lock clean
.DELETE_ON_ERROR:

run: setup ## the demonstration portal on http://127.0.0.1:$(PORT)/
	@exec $(BIN)/python manage.py portal --demo --port $(PORT) --data-dir $(DATA_DIR)

test: check browser ## everything that CI runs
	$(BIN)/python -m pytest --numprocesses 2 --dist loadfile --no-loadscope-reorder --cov --cov-report=
	@set -f; for rooms in $(COVERED); do echo "Branch coverage of $$rooms, in per cent, of which at least 95 are wanted:"; \
		$(BIN)/coverage report --include="$$rooms" --format=total || exit 1; done

check: setup $(STAMPS)/test-python ## the part of CI that takes seconds: style, types, layers, migrations
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	PATH="$(CURDIR)/$(BIN):$$PATH" lint-imports
	KPR_ENVIRONMENT=test KPR_DATA_DIR=var/test $(BIN)/python manage.py makemigrations --check --dry-run

mutation: setup $(STAMPS)/mutation ## on demand, for hours: the share of deliberate faults that the tests find. DIGITS=05 tries a fifth of them
	$(BIN)/python -m tests.mutation $(if $(DIGITS),--digits $(DIGITS))

setup: $(STAMPS)/python $(STAMPS)/static $(STAMPS)/locale

$(STAMPS)/venv:
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or later is needed. Name one: make PYTHON=python3.12 ...")'
	$(PYTHON) -m venv .venv
	@mkdir -p $(STAMPS) && touch $@

$(STAMPS)/python: requirements.lock | $(STAMPS)/venv
	@echo "Installing the locked Python packages; nothing is told meanwhile, for a minute or so …"
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	@touch $@

$(STAMPS)/test-python: requirements-test.lock $(STAMPS)/python
	@echo "Installing what the tests need besides; nothing is told meanwhile, for a minute or so …"
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-test.lock
	@touch $@

$(STAMPS)/mutation: requirements-mutation.lock $(STAMPS)/test-python
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-mutation.lock
	@touch $@

$(STAMPS)/node: package.json package-lock.json | $(STAMPS)/venv
	npm ci --no-audit --no-fund --loglevel=error
	@touch $@

$(STAMPS)/static: $(STAMPS)/python $(STAMPS)/node build-static.mjs $(shell find static -type f -not -path 'static/vendor/*' 2>/dev/null)
	npm run --silent build
	KPR_ENVIRONMENT=test KPR_DATA_DIR=var/build $(BIN)/python manage.py collectstatic --no-input --clear --verbosity 0
	@touch $@

CATALOGS := $(wildcard locale/*/LC_MESSAGES/django.po)
$(STAMPS)/locale: $(STAMPS)/python $(CATALOGS)
	$(if $(CATALOGS),$(BIN)/pybabel --quiet compile --domain django --directory locale)
	@touch $@

# Debian's chromium where we may install it, else Playwright's own.
.PHONY: browser
browser: $(STAMPS)/test-python
	@command -v chromium >/dev/null 2>&1 || $(MAKE) --no-print-directory install-browser

.PHONY: install-browser
install-browser:
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; \
	then apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium; \
	else $(BIN)/playwright install chromium; fi

lock: $(STAMPS)/venv ## the lock files anew, from pyproject.toml: of a server, of one machine, and what comes to that
	$(BIN)/pip install --quiet --disable-pip-version-check uv
	$(UV_COMPILE) --output-file requirements-server.lock
	$(UV_COMPILE) --extra local --output-file requirements.lock
	$(UV_COMPILE) --extra local --extra test --output-file requirements-test.lock
	$(UV_COMPILE) --extra local --extra test --extra bench --output-file requirements-bench.lock
	$(UV_COMPILE) --extra local --extra test --extra mutation --output-file requirements-mutation.lock

clean: ## everything that was built; not the data in var/
	rm -rf .venv node_modules static/vendor staticfiles
