# Each target sets up what it needs in .venv, from a bare Python 3.11 or newer, and is quick the second time.
#
#     make demo [ARGS=--once] [PYTHON=python3.13]

PYTHON ?= python3
ARGS ?=

VENV := .venv
BIN := $(VENV)/bin
PURE := tests/saml tests/provisioning

.PHONY: demo test check docs messages pictures bench
.DELETE_ON_ERROR:

# The example site, with three tenants and a fake Entra.
demo: $(VENV)/installed-example
	$(BIN)/python manage.py demo $(ARGS)

# Everything. Real identity providers and the browser are skipped where they are not, unless JITPROV_REQUIRE_PEERS=1.
# What decides who gets in must be covered to the last branch, by the tests of its own that need no database.
test: export PYTHONDEVMODE = 1
# Without its debugging allocator: python-xmlsec frees with one allocator what another gave it, which that makes fatal.
test: export PYTHONMALLOC = default
test: $(VENV)/installed-dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest $(PURE)
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --include='jitprov/saml/*,jitprov/provisioning/*' --fail-under=100
	$(BIN)/coverage run -m pytest --numprocesses auto $(addprefix --ignore=,$(PURE))
	$(BIN)/coverage combine --quiet --append
	$(BIN)/coverage report

# Format, lint, types, imports, system checks, missing migrations, and that the documentation can be built.
check: $(VENV)/installed-dev docs
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/mypy --config-file example_site/mypy.ini example_site
	$(BIN)/lint-imports
	set -e; for settings in tests.settings tests.settings_swapped example_site.settings; do \
		echo "manage.py check and makemigrations --check with $$settings"; \
		$(BIN)/python -W error manage.py check --fail-level WARNING --settings $$settings; \
		$(BIN)/python -W error manage.py makemigrations --check --dry-run --settings $$settings; \
	done

# The documentation as a site, in docs/_build/html. What is warned of is an error.
docs: $(VENV)/installed-docs
	$(BIN)/python -m sphinx --builder html --fail-on-warning --keep-going --nitpicky --quiet --fresh-env docs docs/_build/html

# The catalogues of all texts, brought up to date with the code; needs gettext. Then translate what is new in the .po files,
# and run it again.
messages: $(VENV)/installed-dev
	cd jitprov && ../$(BIN)/django-admin makemessages --locale de --locale fr --no-obsolete --no-location --verbosity 0
	cd jitprov && ../$(BIN)/django-admin compilemessages --verbosity 0

# The pictures of pages in the documentation, by a walk through the demo in Chromium.
pictures: $(VENV)/installed-dev
	$(BIN)/python -m tests.e2e.pictures

# What a sign-in costs, beside django-allauth in .venv-bench: ARGS=--quick takes two minutes, ARGS=--write keeps the results.
bench: $(VENV)/installed-test
	$(BIN)/python -m tests.bench $(ARGS)

$(VENV)/installed-%: pyproject.toml | $(VENV)/created
	$(BIN)/python -m pip install --quiet --editable . --group $*
	touch $@

# Groups need pip 25.1; the one that comes with Python is often older.
$(VENV)/created:
	$(PYTHON) -c 'import sys; sys.version_info >= (3, 11) or sys.exit("jitprov needs Python 3.11 or newer: make PYTHON=...")'
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'
	touch $@
