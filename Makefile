# Everything runs from .venv, which these rules build with nothing but python3 and pip.
# Relative paths only: the folder's own path may hold spaces.

PYTHON := .venv/bin/python
PIP := python3 -m pip --disable-pip-version-check --python $(PYTHON)

.PHONY: run test check format lint types imports migrations deploy-check bench chaos e2e mutation clean

run: .venv/.run
	$(PYTHON) manage.py run

test: .venv/.dev
	$(PYTHON) -m pytest -n 2
	$(PYTHON) -m tests.on_postgres -n 2 -m database

check: lint types imports migrations deploy-check test

format: .venv/.dev
	$(PYTHON) -m ruff format .
	$(PYTHON) -m ruff check --fix .

lint: .venv/.dev
	$(PYTHON) -m ruff format --check .
	$(PYTHON) -m ruff check .

types: .venv/.dev
	$(PYTHON) -m mypy .

imports: .venv/.dev
	.venv/bin/python -c "from importlinter.cli import lint_imports_command; lint_imports_command()"

migrations: .venv/.run
	$(PYTHON) manage.py makemigrations --check --dry-run

deploy-check: .venv/.run
	HTTPS=1 SECRET_KEY=$$($(PYTHON) -c "import secrets; print(secrets.token_urlsafe(64))") \
		SOLANA_RPC_URL=https://rpc.example.org \
		$(PYTHON) manage.py check --deploy --fail-level WARNING

bench: .venv/.dev
	$(PYTHON) -m benchmarks.fetch_and_score
	$(PYTHON) -m benchmarks.scoring
	$(PYTHON) -m benchmarks.lateness
	$(PYTHON) -m benchmarks.faults

# A minute of faults on two clusters, on SQLite and then on PostgreSQL; prints its seed.
chaos: .venv/.dev
	$(PYTHON) -m tests.faults.storm

# Two hosts in two network namespaces, one of them cut off for 20 s; needs root and iproute2.
e2e: .venv/.dev
	$(PYTHON) -m tests.faults.two_hosts

# Takes each safeguard away in turn and expects the tests to notice.
mutation: .venv/.dev
	$(PYTHON) -m tests.faults.mutate

clean:
	rm -rf .venv var

# Debian keeps ensurepip in a package of its own; pip can install into a venv that has none.
.venv/bin/python:
	python3 -m venv --without-pip .venv

.venv/.run: requirements.txt | .venv/bin/python
	$(PIP) install --quiet -r requirements.txt
	touch $@

.venv/.dev: requirements-dev.txt .venv/.run
	$(PIP) install --quiet -r requirements-dev.txt
	touch $@
