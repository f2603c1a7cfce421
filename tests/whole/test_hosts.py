"""Host projects in tests/hosts: each one's own tests pass, and its page shows its code."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import environ
import psycopg
import pytest

from tests.support.pages import DOCS, Fence, fences_of

TESTS = Path(__file__).parents[1]
PROJECTS = TESTS / "hosts"
HOSTS = sorted(file.parent.name for file in PROJECTS.glob("*/tests.py"))
PAGES = sorted((DOCS / "how-to/hosts").glob("*.md"))
ELSEWHERE = {"own_tenant_model": TESTS, "no_user_name": TESTS}
"""Hosts without a folder in tests/hosts; tests/whole/test_tenant_swap.py signs people in at them."""
NEEDS = {
    "allauth": "allauth",
    "asgi": "uvicorn",
    "own_settings_page": "drf_spectacular",
    "schemas": "django_tenants",
    "single_page_application": "rest_framework",
}
NOT_SHOWN = {"__init__.py", "database.py", "asgi.py", "wsgi.py", "tests.py"}


def host_of(page: Path) -> str:
    return page.stem.replace("-", "_")


def folder_of(host: str) -> Path:
    return ELSEWHERE.get(host, PROJECTS / host)


def shared_file(name: str) -> Path:
    """Return a file that all hosts share, or an app of those without a folder."""
    return next(file for file in (PROJECTS / name, TESTS / "support" / name) if file.is_file())


# The code works


def require(host: str) -> None:
    """Skip a host that this machine cannot run. The dev group has the packages, so that `make test` needs them."""
    package = NEEDS.get(host, "django")
    if not is_installed(package):
        if os.environ.get("JITPROV_REQUIRE_PEERS") == "1":
            pytest.fail(f"{package} is not installed: pip install --group hosts")
        pytest.skip(f"{package} is not installed: pip install --group hosts")
    if host == "schemas" and not postgresql_answers():
        pytest.skip("schemas are PostgreSQL's, and none lets us in")


def is_installed(package: str) -> bool:
    spec = find_spec(package)
    # pytest puts tests/hosts on the path, where a folder may have the name of a package, but has no file of its own.
    return spec is not None and spec.origin is not None


def postgresql_answers() -> bool:
    """Say whether the database of tests/hosts/schemas/database.py can be reached."""
    url = os.environ.get("DATABASE_URL", "")
    if not url.startswith("postgres"):
        url = "postgres://postgres@127.0.0.1:5432/postgres"
    parts = environ.Env.db_url_config(url)
    try:
        psycopg.connect(
            host=parts["HOST"],
            port=parts["PORT"] or None,
            user=parts["USER"],
            password=parts["PASSWORD"],
            dbname=parts["NAME"],
            connect_timeout=5,
        ).close()
    except psycopg.OperationalError:
        return False
    return True


def copy(host: str, folder: Path) -> None:
    """Make a project from the shared files and those of this host."""
    for part in (*PROJECTS.glob("*.py"), *(PROJECTS / host).iterdir()):
        if part.is_file():
            shutil.copy(part, folder)
        elif part.name != "__pycache__":
            shutil.copytree(part, folder / part.name, ignore=shutil.ignore_patterns("__pycache__"))


@pytest.mark.parametrize("host", HOSTS)
def test_a_host_passes_its_own_tests(host: str, tmp_path: Path) -> None:
    """In a separate process, because settings cannot be changed in a running one."""
    require(host)
    copy(host, tmp_path)
    strict = ["-W", "error"]
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")},
        "DJANGO_SETTINGS_MODULE": "settings",
        "PYTHONPATH": str(tmp_path),
    }
    done = subprocess.run(
        [sys.executable, *strict, "-m", "pytest", *strict, "-p", "no:cacheprovider", "tests.py"],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=180,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert not re.search(r"\d+ (skipped|xfailed|deselected)", done.stdout), done.stdout


# The pages show it


def shown(page: Path) -> list[Fence]:
    return [fence for fence in fences_of(page) if fence.language in {"python", "html"}]


def code_of(file: Path) -> str:
    """Return a file without the line that every file here must begin with."""
    return file.read_text("utf-8").replace("from __future__ import annotations\n\n", "", 1)


def test_every_host_has_a_page_and_every_page_has_a_host() -> None:
    assert sorted(map(host_of, PAGES)) == sorted([*HOSTS, *ELSEWHERE])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_block_of_code_equals_the_file_that_it_names(page: Path) -> None:
    for fence in shown(page):
        file = folder_of(host_of(page)) / fence.role
        if not file.is_file():
            file = shared_file(fence.role)
        assert fence.code in code_of(file), f"{fence} is not in {file}"


@pytest.mark.parametrize("host", HOSTS)
def test_a_page_shows_all_of_its_hosts_code(host: str) -> None:
    [page] = [page for page in PAGES if host_of(page) == host]
    for file in sorted((PROJECTS / host).rglob("*.py")):
        if file.name not in NOT_SHOWN:
            name = file.relative_to(PROJECTS / host).as_posix()
            blocks = [fence.code for fence in shown(page) if fence.role == name]
            assert blocks, f"{page.name} does not show {name}"
            if file.name not in {
                "settings.py",
                "models.py",
            }:  # the lines of these that concern jitprov
                assert blocks == [code_of(file)], f"{page.name} shows only a part of {name}"


# Lines of code

MEMBERSHIPS = DOCS / "how-to/hosts/memberships.md"


def lines_of(fence: Fence) -> int:
    """Return the number of lines without blank ones and comments, as the other packages were counted."""
    lines = (line.strip() for line in fence.code.splitlines())
    return sum(bool(line) and not line.startswith("#") for line in lines)


def test_a_host_with_two_tenants_own_fields_and_groups_needs_few_lines() -> None:
    ours = {fence.role: lines_of(fence) for fence in shown(MEMBERSHIPS)}
    ours.pop("acme/models.py")  # the host has these with or without jitprov
    glue, other = ours.pop("acme/sso.py"), sum(ours.values())
    assert ours.keys() == {"settings.py", "urls.py"}
    assert glue + other <= 23
    row = f"| jitprov | {glue} | 0 | {other} | **{glue + other}** |"
    assert row in MEMBERSHIPS.read_text("utf-8")
