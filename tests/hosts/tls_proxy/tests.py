from __future__ import annotations

import re

import pytest
from django.test import Client

from jitprov.models import EmailDomain, Tenant
from jitprov.testing import ANN
from jitprov.testing.round_trip import SignIn

HOSTS = ["app.example", "10.0.0.5:8000"]
"""Host headers that a proxy may send: the public host, or the address that it connects to."""


@pytest.fixture
def acme(fake, connect_identity_provider):
    row = connect_identity_provider(fake, Tenant.objects.create(slug="acme", name="Acme"))
    EmailDomain.objects.create(identity_provider=row, domain="acme.example")
    return row


@pytest.fixture(params=HOSTS)
def behind_the_proxy(request):
    """Return a browser whose requests arrive without TLS."""
    return Client(enforce_csrf_checks=True, headers={"host": request.param})


def test_a_person_signs_in_over_https_although_it_arrives_as_http(acme, fake, behind_the_proxy):
    browser = SignIn(behind_the_proxy)
    response = browser.begin(acme, fake, next_url="https://app.example/reports/")
    assert response.acs_url == "https://app.example/saml/acme/acs/"
    answer = browser.deliver(response)
    assert answer["Location"] == "https://app.example/reports/"
    assert answer.cookies["sessionid"]["secure"]
    assert acme.identities.get().user.email == ANN.email


def test_no_url_for_the_identity_provider_comes_from_the_request(acme, behind_the_proxy):
    document = behind_the_proxy.get("/saml/acme/metadata/").content.decode()
    assert 'entityID="https://app.example/saml/acme/metadata/"' in document
    assert "10.0.0.5" not in document
    assert "http://app.example" not in document


def test_the_discovery_form_can_be_posted(acme, fake, behind_the_proxy):
    page = behind_the_proxy.get("/saml/login/").content.decode()
    token = re.search(r'name="csrfmiddlewaretoken" value="(\w+)"', page)[1]
    answer = behind_the_proxy.post(
        "/saml/login/",
        {"email": ANN.email, "csrfmiddlewaretoken": token},
        headers={"origin": "https://app.example"},  # as browsers see it
    )
    assert answer.status_code == 302
    assert answer["Location"].startswith(fake.sso_url)


def test_an_unknown_host_name_is_refused(acme):
    client = Client(headers={"host": "evil.example"})
    assert client.get("/saml/acme/login/").status_code == 400
