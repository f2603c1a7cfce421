"""A tenant's own domain: responses arrive there, so sign-ins begin there."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from jitprov.journal.actors import Actor
from jitprov.models import EmailDomain, IdentityProvider
from jitprov.sign_in import rehearsal
from jitprov.sign_in.discovery import elsewhere
from jitprov.testing import FakeIdentityProvider
from tests.support.factories import UserFactory, connected

pytestmark = pytest.mark.django_db

PORTAL, APP = "portal.customer.example", "app.example"
ACS = f"https://{PORTAL}/saml/acme/acs/"


@pytest.fixture(autouse=True)
def both_hosts(settings: object) -> None:
    settings.ALLOWED_HOSTS = [APP, PORTAL]  # type: ignore[attr-defined]
    settings.JITPROV_BASE_URL = f"https://{APP}"  # type: ignore[attr-defined]


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def row(fake: FakeIdentityProvider) -> IdentityProvider:
    row = connected(fake, slug="acme")
    row.sp_acs_url = ACS
    row.save()
    EmailDomain.objects.create(identity_provider=row, domain="acme.example")
    return row


def browser(host: str) -> Client:
    return Client(SERVER_NAME=host)


def follow(url: str) -> object:
    parts = urlsplit(url)
    return browser(parts.netloc).get(f"{parts.path}?{parts.query}", secure=True)


@pytest.mark.parametrize(
    "begin",
    [
        pytest.param("/saml/acme/login/?next=/reports/", id="the login page"),
        pytest.param("/saml/login/?email=ann@acme.example&next=/reports/", id="an address"),
    ],
)
def test_a_sign_in_that_begins_at_the_application_goes_on_at_the_own_domain(
    row: IdentityProvider, fake: FakeIdentityProvider, begin: str
) -> None:
    hop = browser(APP).get(begin, secure=True)["Location"]

    assert hop.startswith(f"https://{PORTAL}/saml/acme/login/?")
    assert parse_qs(urlsplit(hop).query)["next"] == ["/reports/"]
    customer = browser(PORTAL)
    leaving = customer.get("/" + hop.split("/", 3)[3], secure=True)
    response = fake.answer(fake.read_request(leaving["Location"]))
    answer = customer.post("/saml/acme/acs/", response.form, secure=True)
    assert (answer.status_code, answer["Location"]) == (302, "/reports/")


def test_a_test_sign_in_begins_at_the_own_domain_and_its_report_is_at_the_application(
    row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    admin, customer = browser(APP), browser(PORTAL)
    begun = rehearsal.begin(row, actor=Actor.person(UserFactory.create()), report_url="/report/")
    start = rehearsal.start_url(begun)

    assert start.startswith(f"https://{PORTAL}/saml/acme/test/?token=")
    path = "/" + start.split("/", 3)[3]
    assert admin.get(path, secure=True)["Location"] == start
    leaving = customer.get(path, secure=True)
    response = fake.answer(fake.read_request(leaving["Location"]))
    answer = customer.post("/saml/acme/acs/", response.form, secure=True)
    assert answer["Location"] == f"https://{APP}/report/"
    row.refresh_from_db()
    assert row.tested_at is not None


@pytest.mark.parametrize(
    ("acs_url", "host", "expected"),
    [
        pytest.param("", APP, "", id="no domain of its own"),
        pytest.param(f"https://{APP}/old/acs/", APP, "", id="another path of the application"),
        pytest.param(f"https://{APP.upper()}:443/acs/", APP, "", id="the same host otherwise said"),
        pytest.param(f"http://{APP}/acs/", APP, "", id="the same host by another scheme"),
        pytest.param(ACS, APP, f"https://{PORTAL}/x", id="from the application"),
        pytest.param(ACS, APP.upper(), f"https://{PORTAL}/x", id="in capitals"),
        pytest.param(ACS, PORTAL, "", id="there already"),
        pytest.param(ACS, "10.0.0.7:8000", "", id="behind a proxy that says nothing of hosts"),
    ],
)
def test_a_browser_is_sent_on_once_and_never_in_circles(
    acs_url: str, host: str, expected: str
) -> None:
    row = IdentityProvider(slug="acme", sp_acs_url=acs_url)
    assert elsewhere(row, host=host, path="/x") == expected
