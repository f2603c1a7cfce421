"""The demo works as documented, and its browser follows the rules for cookies."""

from __future__ import annotations

import os
import subprocess
import sys
from email.message import Message
from pathlib import Path

import pytest

from example_site.demo.cookies import Cookies, Journey
from example_site.demo.page import Page

CHECKOUT = Path(__file__).resolve().parents[2]
PRODUCT = "http://localhost:8000/saml/acme/acs/"
DIRECTORY = "http://127.0.0.1:8000/directory"

DISAPPOINTED = """
from django.core.management import execute_from_command_line
import django; django.setup()
from example_site.demo import walk
object.__setattr__(walk.VISITS[0], "values", {"job_title": "Astronaut"})
execute_from_command_line(["manage.py", "demo", "--once"])
"""

REGISTERING = """
import django; django.setup()
from django.conf import settings
from django.test import Client
from example_site.directory.directories import INITECH

directory = Client(headers={"host": "127.0.0.1:8000"})
page = f"/{INITECH.tenant_id}/application"
for base in ("http://localhost:8000.evil.example", "http://localhost:8000"):
    entered = {name: f"{base}/saml/initech/{name}/" for name in ("entity_id", "acs_url")}
    print(directory.post(page, entered).status_code, INITECH.application)
print(Client(enforce_csrf_checks=True, headers={"host": "127.0.0.1:8000"}).post(page, entered).status_code)
"""

STAFF = """
import django; django.setup()
from django.core.management import call_command
from django.core.management.base import OutputWrapper
import io
call_command("migrate", verbosity=0)
from example_site.demo.seed import ensure_tenant_admin, seed
from example_site.people.models import User
from jitprov.scope import scope_of
for _ in range(2):
    seed(OutputWrapper(io.StringIO()))
    password = ensure_tenant_admin()
carla = User.objects.get(username="carla")
print(carla.check_password(password), carla.is_staff, carla.is_superuser, carla.get_all_permissions())
print([tenant.name for tenant in scope_of(carla).visible_tenants()])
"""


def run(folder: Path, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in the checkout, with no settings but the data folder."""
    clean = {name: value for name, value in os.environ.items() if name in {"PATH", "HOME", "LANG"}}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=CHECKOUT,
        env={
            **clean,
            "DJANGO_SETTINGS_MODULE": "example_site.settings",
            "DATA_DIR": str(folder),
            **environment,
        },
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_one_walk_shows_people_created_updated_and_refused(tmp_path: Path) -> None:
    result = run(tmp_path, "manage.py", "demo", "--once")

    assert result.returncode == 0, result.stderr
    assert result.stderr == ""
    for line in (
        "=> created: department, email, first_name, job_title, last_name, username",
        "=> updated: job_title",
        "=> updated: last_name",
        "=> refused: account_disabled (reference ",
        "=> refused: signature_invalid (reference ",
        "Everything went as expected.",
    ):
        assert line in result.stdout
    assert "/saml/acme/slo/" in result.stdout  # the directory has signed the person out, too
    people = result.stdout.partition("\nPeople\n")[2].partition("\nEvents\n")[0]
    assert "Hanna Hale-Miller  Globex" in people
    assert "Senior account manager" in people


def test_one_walk_leaves_nothing_behind(tmp_path: Path) -> None:
    run(tmp_path, "manage.py", "demo", "--once", TMPDIR=str(tmp_path))

    assert list(tmp_path.iterdir()) == []


def test_a_walk_with_an_unexpected_outcome_fails(tmp_path: Path) -> None:
    result = run(tmp_path, "-c", DISAPPOINTED)

    assert result.returncode == 1
    assert "CommandError: Not as expected: user: expected {'job_title': 'Astronaut'}" in (
        result.stderr
    )


def test_the_third_customers_admin_sees_only_that_customer(tmp_path: Path) -> None:
    result = run(tmp_path, "-c", STAFF)

    assert result.stdout.splitlines() == ["True True False set()", "['Initech']"], result.stderr


def test_a_directory_answers_only_the_registered_application(tmp_path: Path) -> None:
    elsewhere, here, forged = run(tmp_path, "-c", REGISTERING).stdout.splitlines()

    assert elsewhere == "400 None"
    assert here.startswith("302 Application(entity_id='http://localhost:8000/saml/initech/")
    assert forged == "403"


@pytest.mark.parametrize("arguments", [[], ["--once"]])
def test_the_demo_needs_debug(tmp_path: Path, arguments: list[str]) -> None:
    result = run(tmp_path, "manage.py", "demo", *arguments, DEBUG="False", SECRET_KEY="x" * 50)

    assert result.returncode == 1
    assert "only with DEBUG" in result.stderr


def test_without_debug_a_secret_key_is_required(tmp_path: Path) -> None:
    result = run(tmp_path, "manage.py", "check", DEBUG="False")

    assert result.returncode == 1
    assert "SECRET_KEY" in result.stderr


def test_the_example_passes_all_checks(tmp_path: Path) -> None:
    result = run(tmp_path, "manage.py", "check", "--fail-level", "WARNING")

    assert result.returncode == 0, result.stderr


def test_no_migration_is_missing(tmp_path: Path) -> None:
    result = run(tmp_path, "manage.py", "makemigrations", "--check", "--dry-run")

    assert result.returncode == 0, result.stdout


def cookies(*lines: str, set_by: str = PRODUCT) -> Cookies:
    """Return the cookies that a browser keeps of a response."""
    headers = Message()
    for line in lines:
        headers["Set-Cookie"] = line
    kept = Cookies()
    kept.keep(set_by, headers)
    return kept


@pytest.mark.parametrize(
    ("line", "journey", "sent"),
    [
        pytest.param(
            "a=1; Path=/; SameSite=Lax",
            Journey(url=PRODUCT, method="POST", begun_at=DIRECTORY),
            "",
            id="Lax stays at home when another site posts",
        ),
        pytest.param(
            "a=1; Path=/",
            Journey(url=PRODUCT, method="POST", begun_at=DIRECTORY),
            "",
            id="without SameSite it is Lax",
        ),
        pytest.param(
            "a=1; Path=/; SameSite=Lax",
            Journey(url=PRODUCT, method="GET", begun_at=DIRECTORY),
            "a=1",
            id="Lax comes along with a link from another site",
        ),
        pytest.param(
            "a=1; Path=/; SameSite=Strict",
            Journey(url=PRODUCT, method="GET", begun_at=DIRECTORY),
            "",
            id="Strict does not",
        ),
        pytest.param(
            "a=1; Path=/; SameSite=Strict",
            Journey(url=PRODUCT, method="POST", begun_at="http://localhost:9000/"),
            "a=1",
            id="another port is the same site",
        ),
        pytest.param(
            "__Host-a=1; Path=/; Secure; HttpOnly; SameSite=None",
            Journey(url=PRODUCT, method="POST", begun_at=DIRECTORY),
            "__Host-a=1",
            id="None comes along with a post, on this machine without https",
        ),
        pytest.param(
            "a=1; Path=/; SameSite=None",
            Journey(url=PRODUCT, method="GET"),
            "",
            id="None without Secure is not kept",
        ),
        pytest.param(
            "__Host-a=1; Path=/saml/; Secure",
            Journey(url=PRODUCT, method="GET"),
            "",
            id="__Host- with a path is not kept",
        ),
        pytest.param(
            "__Host-a=1; Path=/; Domain=localhost; Secure",
            Journey(url=PRODUCT, method="GET"),
            "",
            id="__Host- with a domain is not kept",
        ),
        pytest.param(
            "__Host-a=1; Path=/",
            Journey(url=PRODUCT, method="GET"),
            "",
            id="__Host- without Secure is not kept",
        ),
        pytest.param(
            "a=1; Path=/desks/",
            Journey(url=PRODUCT, method="GET"),
            "",
            id="a cookie of another path stays there",
        ),
        pytest.param(
            "a=1; Path=/; Secure; SameSite=None",
            Journey(url=DIRECTORY, method="GET"),
            "",
            id="a cookie of another host stays there",
        ),
    ],
)
def test_the_browser_sends_cookies_by_the_rules_for_their_site(
    line: str, journey: Journey, sent: str
) -> None:
    assert cookies(line).header_for(journey) == sent


def test_a_secure_cookie_is_not_kept_without_https() -> None:
    elsewhere = "http://app.example/"

    kept = cookies("a=1; Path=/; Secure", set_by=elsewhere)

    assert kept.header_for(Journey(url=elsewhere, method="GET")) == ""


def test_a_cookie_can_be_deleted() -> None:
    kept = cookies("a=1; Path=/", "a=; Path=/; Max-Age=0")

    assert kept.header_for(Journey(url=PRODUCT, method="GET")) == ""


def test_the_browser_reads_forms() -> None:
    html = (
        '<form method="post" action="/there"><input type="hidden" name="a" value="1&amp;2"></form>'
    )

    page = Page(url="http://localhost:8000/here", status=200, html=html)

    assert [(form.action, form.method, form.fields) for form in page.forms] == [
        ("http://localhost:8000/there", "POST", {"a": "1&2"})
    ]
