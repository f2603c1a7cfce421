"""What an extra enlists is seen wherever its kind of thing is shown, and costs what it must."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.management import call_command
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext

from jitprov import extras
from jitprov.extras import Extra
from jitprov.models import IdentityProvider
from jitprov.status import attention, watched
from jitprov.testing import FakeIdentityProvider
from tests.setup.pages import superuser, url
from tests.support.factories import connected

CODE = "extra_without_logout"


@pytest.fixture(autouse=True)
def _of_this_test_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "_enlisted", {})


@contextmanager
def installed() -> Iterator[None]:
    with override_settings(INSTALLED_APPS=[*settings.INSTALLED_APPS, "tests.support.extra"]):
        yield


@pytest.fixture
def row() -> IdentityProvider:
    return connected(FakeIdentityProvider(), slug="acme")


@pytest.mark.django_db
def test_the_command_reports_a_kind_of_an_extra(row: IdentityProvider) -> None:
    written = io.StringIO()

    with installed(), pytest.raises(SystemExit) as ended:
        call_command("jitprov_status", "--json", stdout=written)

    [item] = json.loads(written.getvalue())["attention"]
    assert (item["code"], item["facts"]) == (CODE, {"slug": "acme"})
    assert item["text"] == "acme has no address for signing out."
    assert ended.value.code == 2


@pytest.mark.django_db
def test_the_api_reports_a_kind_of_an_extra(client: Client, row: IdentityProvider) -> None:
    client.force_login(superuser())

    with installed():
        answer = client.get("/sso-api/v1/status/").json()

    assert [item["code"] for item in answer["attention"]] == [CODE]
    assert answer["total"] == 1


@pytest.mark.django_db
def test_the_set_up_page_shows_kind_and_section_of_an_extra(
    client: Client, row: IdentityProvider
) -> None:
    client.force_login(superuser())
    page = url("change", row.pk)

    without = client.get(page).content.decode()
    with installed():
        shown = client.get(page).content.decode()

    assert "acme has no address for signing out." in shown
    assert '<h2 id="extra-heading">Of the extra</h2>' in shown
    assert "<p>slug: acme</p>" in shown
    assert "acme has no address for signing out." not in without
    assert 'id="extra"' not in without


@pytest.mark.django_db
def test_a_kind_of_an_extra_costs_one_statement(row: IdentityProvider) -> None:
    with CaptureQueriesContext(connection) as without:
        attention.overview(IdentityProvider.objects.all())
    with installed(), CaptureQueriesContext(connection) as statements:
        attention.overview(IdentityProvider.objects.all())

    assert len(statements) == len(without) + 1


def test_kinds_of_extras_stand_among_ours_the_worst_first() -> None:
    with installed():
        found = watched.kinds()

    critical = [kind for kind in found if kind.severity is watched.Severity.CRITICAL]
    assert list(found[: len(critical)]) == critical
    assert critical[-1].code == CODE


def test_two_extras_cannot_have_one_name() -> None:
    extras.add(Extra(name="one"))

    with pytest.raises(ImproperlyConfigured, match="two extras have the name one"):
        extras.add(Extra(name="one", kinds="elsewhere.KINDS"))


def test_an_extra_that_is_enlisted_again_is_there_once() -> None:
    extras.add(Extra(name="one"))
    extras.add(Extra(name="one"))

    assert extras.enlisted() == (Extra(name="one"),)


def test_without_an_extra_there_is_nothing() -> None:
    assert extras.enlisted() == ()
    assert watched.kinds() == watched.KINDS
    assert list(extras.sections()) == []
