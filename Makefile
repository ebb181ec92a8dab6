# On a fresh machine with Python 3.11 or later and make, `make run` and `make test` just work.
OLD = import sys; sys.exit(sys.version_info < (3, 11))
# The first that runs: a name may be there and lead nowhere.
PYTHON ?= $(shell for each in python3.11 python3.12 python3.13 python3; do \
	$$each -c '$(OLD)' 2> /dev/null && echo $$each && exit; done; echo python3)
BIN := .venv/bin
# An environment that does not run any more, as after an upgrade of Python, has nothing installed.
$(shell $(BIN)/python -c '$(OLD)' 2> /dev/null || rm -f .venv/runtime .venv/test .venv/dev)
CLIENTS ?= .venv/clients
SENDBIRD := $(CLIENTS)/sendbird-2.1.5/.installed $(CLIENTS)/sendbird-0.0.16/.installed
PYTHON_CLIENT := $(CLIENTS)/python/.installed
SOCIALPLUS := tests/clients/socialplus/node_modules/.installed
LINTERS := tests/schema/node_modules
CLIENT_JS := clients/js/dist/.built
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

# Where both run, tests that find the same on both are dealt out, and random work is halved; not here.
LONG := $(addprefix tests/rules/test_,state_machine.py position_machine.py rollup_lives.py \
	privacy_walk.py private_deliveries_walk.py) tests/commands/test_import_any_order.py
test-long: .venv/test  ## what the suite does by halves, in full, on both (LEG='--leg sqlite': on that one)
	$(BIN)/python -m tests.legs $(LEG) -n auto -q $(or $(TESTS),$(LONG))

test-partitions: .venv/test  ## the same on hash partitions, PostgreSQL alone (TESTS=...: some of it)
	$(BIN)/python -m tests.legs --leg partitions -n auto -q $(TESTS)

test-citus: .venv/test  ## the same in a Citus cluster: TEST_CITUS_URL names its coordinator
	$(BIN)/python -m tests.legs --leg citus -n 2 -q $(TESTS)

# What marks, sends, waits for locks and repairs, one test file or two of each: for CI.
PARTITIONED := $(addprefix tests/rules/test_,marking.py races.py accounts.py order.py recipients.py \
	private_watermarks.py reactivating.py forgetting.py thread_marks.py thread_recipients.py \
	by_position.py) $(addprefix tests/commands/test_,races.py \
	prune.py) tests/api/test_batch.py tests/feed/test_events.py
test-partitions-ci: .venv/test
	$(BIN)/python -m tests.legs --leg partitions -n auto -q $(PARTITIONED)

test-browser: .venv/dev  ## test the pages in the installed Chromium (or CHROMIUM=...)
	DEMO=1 $(BIN)/python -m pytest -q tests/browser

test-clients: .venv/dev $(PYTHON_CLIENT) $(SENDBIRD) $(SOCIALPLUS) $(CLIENT_JS)  ## run our clients and vendors' own SDKs against Seenby
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
	made=$$(mktemp -d) && $(GENERATE) $$made/generated && \
		diff -r -x __pycache__ $(GENERATED) $$made/generated && rm -r $$made \
		|| { echo "The client for Python is behind docs/openapi.yaml: run make client."; exit 1; }
	made=$$(mktemp -d) && $(BIN)/python -m grpc_tools.protoc -I$(WIRE) --python_out=$$made \
		--pyi_out=$$made msync.proto && diff $$made/msync_pb2.py $(WIRE)/msync_pb2.py && rm -r $$made \
		|| { echo "Agora's frames changed: run make protobuf."; exit 1; }

WIRE := receipts/gateways/agora/wire
protobuf: .venv/dev  ## make the Python code of Agora's frames from their .proto
	$(BIN)/python -m grpc_tools.protoc -I$(WIRE) --python_out=$(WIRE) --pyi_out=$(WIRE) msync.proto

schema: .venv/dev  ## write the OpenAPI snapshot
	DEMO=1 $(BIN)/python manage.py spectacular --validate --fail-on-warn --file docs/openapi.yaml

GENERATED := clients/python/seenby_client/generated
GENERATE := PATH=$(abspath $(BIN)):$$PATH openapi-python-client generate --path docs/openapi.yaml \
	--meta none --config clients/python/generator.yaml --fail-on-warning --overwrite --output-path
client: .venv/dev  ## make the client for Python from the OpenAPI snapshot
	rm -rf $(GENERATED)
	$(GENERATE) $(GENERATED)

lint-schema: $(LINTERS)/.installed  ## lint the OpenAPI documents with Redocly and Spectral
	cd tests/schema && REDOCLY_TELEMETRY=off REDOCLY_SUPPRESS_UPDATE_NOTICE=true \
		node_modules/.bin/redocly lint --config redocly.yaml
	$(LINTERS)/.bin/spectral lint --fail-severity=warn -r tests/schema/spectral.yaml docs/openapi*.yaml

client-js: clients/js/node_modules/.installed  ## make the types and the built files of clients/js
	npm run --silent build --prefix clients/js

screenshots: .venv/dev  ## take the pictures in docs/pictures
	DEMO=1 $(BIN)/python -m tests.browser.screenshots

bench: .venv/test  ## measure the figures of benchmarks/README.md, as ratios
	$(BIN)/python -m benchmarks

format: .venv/dev  ## format the code, and fix what the linter can fix
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

lock: .venv/dev  ## pin requirements*.in and the SDKs' package.json with hashes
	for set in requirements requirements-build requirements-test requirements-dev \
			tests/clients/sendbird/2.1.5 tests/clients/sendbird/0.0.16 tests/clients/python/installed; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-header $$set.in -o $$set.txt; done
	for set in requirements-sentry requirements-otel; do \
		$(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
			--no-emit-index-url --no-header -c requirements.txt requirements.in $$set.in \
			-o $$set.txt; done
	for folder in clients/js tests/clients/socialplus $(UNCLEAR) tests/schema; do \
		npm install --silent --package-lock-only --omit-lockfile-registry-resolved \
			--prefix $$folder; done

# Each set is installed once, and again when its lock file changes.
.venv/runtime: requirements.txt
.venv/test: requirements-test.txt
.venv/dev: requirements-dev.txt
.venv/runtime .venv/test .venv/dev:
	@$(PYTHON) -c '$(OLD)' 2> /dev/null || $(BIN)/python -c '$(OLD)' 2> /dev/null || \
		{ echo "Python 3.11 or later is required, and $(PYTHON) is not; set PYTHON=... to its path."; \
		exit 1; }
	@# One that does not work, or is of an older Python, is made anew; one that cannot be made goes.
	@{ $(BIN)/python -c '$(OLD)' && $(BIN)/python -m pip --version; } > /dev/null 2>&1 || \
		$(PYTHON) -m venv --clear .venv || { rm -rf .venv; \
		echo "$(PYTHON) -m venv does not work; on Debian, install python3-venv."; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# For the flow on Node; what the service has is compared, not made.
$(CLIENT_JS): clients/js/node_modules/.installed $(wildcard clients/js/src/*.ts)
	cd clients/js && node build.mjs dist
	@touch $@

# Each client has its own environment, separate from the service's dependencies.
$(CLIENTS)/sendbird-%/.installed: tests/clients/sendbird/%.txt
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	@touch $@

# Ours is installed as its users install it, but with pinned dependencies.
$(PYTHON_CLIENT): tests/clients/python/installed.txt $(shell find clients/python -name '*.py' -o -name '*.toml')
	$(PYTHON) -m venv --clear $(@D)
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	rm -rf clients/python/build  # which may hold files that are gone
	$(@D)/bin/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation \
		--no-index ./clients/python
	@touch $@

%/node_modules/.installed: %/package-lock.json
	@command -v npm > /dev/null || { echo 'Node.js 20.19 or later is required, with npm.'; exit 1; }
	npm ci --silent --no-audit --no-fund --prefix $(<D)
	@touch $@

.PHONY: help client lint-schema run test test-long test-citus test-partitions test-partitions-ci test-browser test-clients test-clients-unclear check protobuf schema client-js screenshots bench \
	format lock
