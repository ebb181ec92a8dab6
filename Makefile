# On a fresh machine with Python 3.11 and make, `make run` and `make test` just work.
PYTHON ?= $(shell command -v python3.11 || echo python3)
BIN := .venv/bin
CLIENTS ?= .venv/clients
SENDBIRD := $(CLIENTS)/sendbird-2.1.5/.installed $(CLIENTS)/sendbird-0.0.16/.installed
SOCIALPLUS := tests/clients/socialplus/node_modules/.installed
# Their packages name a licence without a file: left out of CI until their terms are clear.
UNCLEAR := tests/clients/easemob tests/clients/tencent
.DEFAULT_GOAL := help

help:  ## list the targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 24

run: .venv/runtime  ## install, load demo data, serve (HOST, PORT, DATABASE_URL)
	DEMO=$${DEMO:-1} LOG_FORMAT=$${LOG_FORMAT:-text} LOG_LEVEL=$${LOG_LEVEL:-WARNING} \
		$(BIN)/python manage.py demo

test: .venv/test  ## run the whole suite, on SQLite and on a real PostgreSQL
	$(BIN)/python -m tests.legs --deal -n auto -q

test-partitions: .venv/test  ## the same on hash partitions, PostgreSQL alone (TESTS=...: some of it)
	$(BIN)/python -m tests.legs --leg partitions -n auto -q $(TESTS)

test-citus: .venv/test  ## the same in a Citus cluster: TEST_CITUS_URL names its coordinator
	$(BIN)/python -m tests.legs --leg citus -n 2 -q $(TESTS)

# What marks, sends, waits for locks and repairs, one test file or two of each: for CI.
PARTITIONED := $(addprefix tests/rules/test_,marking.py races.py accounts.py order.py recipients.py \
	private_watermarks.py reactivating.py forgetting.py) $(addprefix tests/commands/test_,races.py \
	prune.py) tests/api/test_batch.py tests/feed/test_events.py
test-partitions-ci: .venv/test
	$(BIN)/python -m tests.legs --leg partitions -n auto -q $(PARTITIONED)

test-browser: .venv/dev  ## test the pages in the installed Chromium (or CHROMIUM=...)
	DEMO=1 $(BIN)/python -m pytest -q tests/browser

test-clients: .venv/dev $(SENDBIRD) $(SOCIALPLUS)  ## run vendors' own SDKs against Seenby
	DEMO=1 CLIENTS=$(CLIENTS) $(BIN)/python -m pytest -q tests/clients $(UNCLEAR:%=--ignore=%)

test-clients-unclear: .venv/dev $(UNCLEAR:%=%/node_modules/.installed)  ## run those whose terms are unclear
	DEMO=1 $(BIN)/python -m pytest -q $(UNCLEAR)

check: .venv/dev  ## run formatter, linter, type checker, Django's checks, migrations, OpenAPI snapshot
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	DEMO=1 $(BIN)/python manage.py check --fail-level WARNING
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(48))') \
		$(BIN)/python manage.py check --deploy --fail-level WARNING
	DEMO=1 $(BIN)/python manage.py makemigrations --check --dry-run
	DEMO=1 $(BIN)/python -m pytest -q tests/plan  # who may import whom, and the rules
	DEMO=1 $(BIN)/python manage.py spectacular --validate --fail-on-warn | diff docs/openapi.yaml - \
		|| { echo 'The API changed: check the difference, then run make schema.'; exit 1; }
	made=$$(mktemp -d) && $(BIN)/python -m grpc_tools.protoc -I$(WIRE) --python_out=$$made \
		--pyi_out=$$made msync.proto && diff $$made/msync_pb2.py $(WIRE)/msync_pb2.py && rm -r $$made \
		|| { echo "Agora's frames changed: run make protobuf."; exit 1; }

WIRE := receipts/gateways/agora/wire
protobuf: .venv/dev  ## make the Python code of Agora's frames from their .proto
	$(BIN)/python -m grpc_tools.protoc -I$(WIRE) --python_out=$(WIRE) --pyi_out=$(WIRE) msync.proto

schema: .venv/dev  ## write the OpenAPI snapshot
	DEMO=1 $(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

screenshots: .venv/dev  ## take the pictures in docs/pictures
	DEMO=1 $(BIN)/python -m tests.browser.screenshots

bench: .venv/test  ## measure the figures of benchmarks/README.md, as ratios
	$(BIN)/python -m benchmarks

format: .venv/dev  ## format the code, and fix what the linter can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/dev  ## pin requirements*.in and the SDKs' package.json with hashes
	for set in requirements requirements-test requirements-dev \
			tests/clients/sendbird/2.1.5 tests/clients/sendbird/0.0.16; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-header $$set.in -o $$set.txt; done
	for folder in tests/clients/socialplus $(UNCLEAR); do \
		npm install --silent --package-lock-only --omit-lockfile-registry-resolved \
			--prefix $$folder; done

# Each set is installed once, and again when its lock file changes.
.venv/runtime: requirements.txt
.venv/test: requirements-test.txt
.venv/dev: requirements-dev.txt
.venv/runtime .venv/test .venv/dev:
	@test -x $(BIN)/python || $(PYTHON) -m venv .venv || \
		{ echo 'Python 3.11 is required; set PYTHON=... to its path.'; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Each client has its own environment, separate from the service's dependencies.
$(CLIENTS)/sendbird-%/.installed: tests/clients/sendbird/%.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

tests/clients/%/node_modules/.installed: tests/clients/%/package-lock.json
	@command -v npm > /dev/null || { echo 'Node.js 18 or later is required, with npm.'; exit 1; }
	npm ci --silent --no-audit --no-fund --prefix $(<D)
	@touch $@

.PHONY: help run test test-citus test-partitions test-partitions-ci test-browser test-clients test-clients-unclear check protobuf schema screenshots bench \
	format lock
