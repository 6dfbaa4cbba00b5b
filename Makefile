# Everything runs from .venv, which these rules build with nothing but python3 and pip.
# Relative paths only: the folder's own path may hold spaces.

PYTHON := .venv/bin/python
PIP := python3 -m pip --disable-pip-version-check --python $(PYTHON)

# An environment that forbids compiled modules makes every process that tests start compile ours anew.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run test test-postgres fuzz storms long browser chromium check compiled format lint types imports docs site migrations deploy-check bench chaos soak e2e mutation model simulate pins audit wheel release image-check clean

run: .venv/.run
	$(PYTHON) manage.py run

# Mostly waiting for real processes, so more of them than cores. The damaged replies are fewer here than in `fuzz`.
PYTEST := -m pytest -n 4 --dist worksteal
ON_POSTGRES := -m tests.on_postgres -n 4 --dist worksteal

# Their processes share the machine with others, so what fails is tried once more, alone: twice is a failure.
AGAIN := --last-failed --last-failed-no-failures none

test: .venv/.dev
	FUZZ_MUTATIONS=100 $(PYTHON) $(PYTEST) -m "not storm and not browser" || \
		$(PYTHON) -m pytest $(AGAIN) -m "not storm and not browser"

# What stores and claims, once more on PostgreSQL; `check` runs both.
test-postgres: .venv/.dev
	FUZZ_MUTATIONS=40 $(PYTHON) $(ON_POSTGRES) -m "database and not storm" || \
		$(PYTHON) -m tests.on_postgres $(AGAIN) -m "database and not storm"

FUZZED := $(shell grep -rl --include='*.py' FUZZ_MUTATIONS tests)

# Two thousand damaged replies for every method; `test` sends some hundreds.
fuzz: .venv/.dev
	FUZZ_MUTATIONS=2000 $(PYTHON) $(PYTEST) $(FUZZED)

# A short storm of faults on two clusters and a short soak, on either database (`chaos` and `soak` are the long
# ones), all of mainnet's recorded epochs into PostgreSQL and out again, and a standby that takes over.
storms: .venv/.dev
	$(PYTHON) -m pytest -m storm tests/faults
	$(PYTHON) -m tests.on_postgres -m storm tests/faults tests/validators/services/history tests/standby

# The scheduler under seeds, and the whole product twice at once, toured by the commands of the README. And what takes
# long and few changes break: the model's largest, and the scores of recorded mainnet in either world.
LONG := tests/simulation tests/staking_project tests/proof/test_model.py tests/validators/scoring/test_both_worlds.py

long: .venv/.dev
	$(PYTHON) -m pytest -m storm $(LONG)

# Clicks through every page of two running stacks in a real Chromium; skips, and says so, where there is none.
browser: .venv/.dev
	$(PYTHON) -m pytest -n 2 --dist loadfile -m browser tests/e2e || $(PYTHON) -m pytest $(AGAIN) -m browser tests/e2e

# A machine of one's own gets no browser unasked: `.ci/run` says by which program.
chromium:
	$(CHROMIUM_BY)

# The storms wait more than they compute, so what takes longest is done beside them, and then what only reads the code.
check: .venv/.dev
	$(MAKE) --jobs 2 --output-sync=target storms long chromium lint types imports site migrations deploy-check compiled
	$(MAKE) browser
	$(MAKE) test
	$(MAKE) test-postgres

# Reads all tests once, so that not each of the four processes of `test` compiles them all in a fresh clone.
compiled: .venv/.dev
	$(PYTHON) -m pytest --collect-only -qq > .venv/collected || { tail .venv/collected; exit 1; }

format: .venv/.dev
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

lint: .venv/.dev
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

types: .venv/.dev
	$(PYTHON) -m mypy .

# And that the pictures in docs/architecture.md are of these imports.
imports: .venv/.dev
	$(PYTHON) -c "from importlinter.cli import lint_imports_command; lint_imports_command()"
	$(PYTHON) docs/draw_house.py --check

# Draws those pictures again, writes docs/reference/ from the code, and makes the site of it all in .venv/site.
docs: .venv/.dev
	$(PYTHON) docs/draw_house.py
	$(PYTHON) -m docs.reference_pages
	$(MAKE) site

# Fails on a link that leads nowhere, and on a page that would load something from another host.
site: .venv/tools/.done
	NO_MKDOCS_2_WARNING=1 .venv/tools/bin/mkdocs build --strict --quiet

migrations: .venv/.run
	DATABASE_URL=sqlite://:memory: $(PYTHON) manage.py makemigrations --check --dry-run

deploy-check: .venv/.run
	HTTPS=1 SECRET_KEY=$$($(PYTHON) -c "import secrets; print(secrets.token_urlsafe(64))") \
		SOLANA_RPC_URL=https://rpc.example.org \
		$(PYTHON) manage.py check --deploy --fail-level WARNING

# Every benchmark that has a bar, in some forty minutes, and at the end which bars are met; fails where one breaks.
bench: .venv/.dev
	$(PYTHON) -m benchmarks.everything

# A minute of faults on two clusters, on SQLite and then on PostgreSQL; prints its seed.
chaos: .venv/.dev
	$(PYTHON) -m tests.faults.storm
	$(PYTHON) -m pytest -m storm tests/scheduling/engine

# Two hundred epochs behind one address of bad nodes, in a few minutes; prints its seed.
soak: .venv/.dev
	$(PYTHON) -m tests.faults.soak

# Beside the browser: two hosts in two network namespaces, one cut off for 20 s; needs root and iproute2.
e2e: browser
	$(PYTHON) -m tests.faults.two_hosts

# Takes each safeguard away in turn and expects the tests to notice.
mutation: .venv/.dev
	$(PYTHON) -m tests.faults.mutate

# Tries every order of steps of the scheduler's model (docs/proof/specification.md), in seven minutes; prints how many
# states there are, and the shortest story where a rule breaks.
model: .venv/.dev
	$(PYTHON) -m tests.proof

# Runs the real dispatcher, workers and operations under so many seeds (docs/proof/specification.md); one that breaks a
# rule is shrunk and told. `make simulate POSTGRES=yes SEEDS=100` has PostgreSQL's statements and row locks in it;
# `python -m tests.simulation --mutants` takes safeguards away.
SEEDS := 1000
simulate: .venv/.dev
	$(PYTHON) -m tests.simulation --seeds $(SEEDS) $(if $(POSTGRES),--postgres)

# Writes requirements*.txt: what the short lists of requirements*.in bring along, each with its hashes, for every
# Python and platform. What is pinned already stays; `make pins UPGRADE=--upgrade` takes the newest.
PIN := .venv/tools/bin/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 \
	--no-header --no-annotate

pins: .venv/tools/.done
	for name in requirements requirements-dev requirements-uv requirements-tools; do \
		$(PIN) $(UPGRADE) $$name.in -o $$name.txt || exit 1; \
	done
	for name in requirements-alerts requirements-fit requirements-mcp; do \
		$(PIN) $(UPGRADE) requirements.in $$name.in -o $$name.txt || exit 1; \
	done

# Asks which of them have known holes; needs the network, and fails where it cannot be told.
audit: .venv/tools/.done
	for name in requirements-dev requirements-fit requirements-tools; do \
		.venv/tools/bin/pip-audit --strict --disable-pip --require-hashes -r $$name.txt || exit 1; \
	done

# Source and wheel of what is committed, into dist/.
wheel: .venv/tools/.done
	rm -rf dist
	source=$$(mktemp -d) && git archive HEAD | tar -x -C "$$source" && \
		.venv/tools/bin/uv build --quiet --out-dir dist "$$source"; status=$$?; rm -rf "$$source"; exit $$status

# Checks what is built, starts the product from it in a new environment, and makes the tag; RELEASE=--dry-run does not.
release: wheel .venv/.dev
	$(PYTHON) -m tests.packaging.release $(RELEASE)

# The steps of the image, where no engine is: asks the package registry, takes two minutes, and root.
image-check: .venv/.dev .venv/tools/.done
	$(PYTHON) -m tests.packaging.image

clean:
	rm -rf .venv var build dist *.egg-info

# Debian keeps ensurepip in a package of its own; pip can install into a venv that has none.
.venv/bin/python:
	python3 -m venv --without-pip .venv

.venv/.run: requirements.txt | .venv/bin/python
	$(PIP) install --quiet --require-hashes -r requirements.txt
	touch $@

# All of `.run` is among it. By uv, which is in an environment of its own; by pip, from the same hashes, where uv
# reaches no registry: it does not read pip's settings.
.venv/.dev: requirements-dev.txt requirements.txt | .venv/bin/python .venv/uv/.done
	.venv/uv/bin/uv pip install --quiet --python $(PYTHON) --require-hashes -r requirements-dev.txt || \
		$(PIP) install --quiet --require-hashes -r requirements-dev.txt
	touch .venv/.run $@

.venv/uv/.done: requirements-uv.txt
	python3 -m venv --without-pip .venv/uv
	python3 -m pip --disable-pip-version-check --python .venv/uv/bin/python install --quiet --require-hashes \
		-r requirements-uv.txt
	touch $@

.venv/tools/.done: requirements-tools.txt
	python3 -m venv --without-pip .venv/tools
	python3 -m pip --disable-pip-version-check --python .venv/tools/bin/python install --quiet --require-hashes \
		-r requirements-tools.txt
	touch $@
