from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from django.test import Client

from jitprov.models import Tenant
from jitprov.testing import ANN, FakeIdentityProvider

REPORTS = "https://acme.app.example/reports/?year=2026"


class Browser:
    """A browser that follows absolute URLs to any host."""

    def __init__(self):
        self.client = Client()

    def get(self, url):
        parts = urlsplit(url)
        path = f"{parts.path}?{parts.query}"
        return self.client.get(path, headers={"host": parts.netloc}, secure=True)

    def post(self, url, form):
        parts = urlsplit(url)
        return self.client.post(parts.path, form, headers={"host": parts.netloc}, secure=True)


@pytest.fixture
def directories(db, connect_identity_provider):
    """Return the identity providers of two tenants."""
    found = {slug: FakeIdentityProvider(tenant_id=slug) for slug in ("acme", "globex")}
    for slug, fake in found.items():
        tenant = Tenant.objects.create(slug=slug, name=slug.title())
        connect_identity_provider(fake, tenant, slug=slug)
    return found


def sign_in(browser, fake, url):
    """Request a page and pass the sign-in on the way; return the response that leads back to it."""
    to_us = browser.get(url)["Location"]
    leaving = browser.get(to_us)
    assert leaving["Location"].startswith(fake.sso_url)
    response = fake.answer(fake.read_request(leaving["Location"]), person=ANN)
    return to_us, leaving, browser.post(response.acs_url, response.form)


def test_a_sign_in_leads_from_a_tenants_page_over_the_central_host_and_back(directories):
    browser = Browser()
    to_us, leaving, done = sign_in(browser, directories["acme"], REPORTS)
    assert to_us.startswith("https://app.example/saml/login/?tenant=acme&")
    assert done["Location"] == REPORTS
    assert browser.get(REPORTS).content.decode() == f"Acme for {ANN.email}"
    # Each cookie has the scope that it needs: the session every host, a request the central host only.
    assert done.cookies["sessionid"]["domain"] == ".app.example"
    pending = {name: leaving.cookies[name]["domain"] for name in leaving.cookies}
    assert list(pending.values()) == [""]
    assert next(iter(pending)).startswith("__Host-")


def test_the_session_of_one_tenant_is_not_accepted_at_another(directories):
    browser = Browser()
    sign_in(browser, directories["acme"], REPORTS)
    elsewhere = browser.get("https://globex.app.example/reports/")
    assert elsewhere["Location"].startswith("https://app.example/saml/login/?tenant=globex&")


def test_an_unknown_subdomain_has_no_tenant(directories):
    assert Browser().get("https://evil.app.example/reports/").status_code == 404


@pytest.mark.parametrize(
    "wanted", ["https://acme.app.example.evil.example/", "https://evil.example/"]
)
def test_nobody_is_sent_on_to_another_domain(directories, wanted):
    fake, browser = directories["acme"], Browser()
    leaving = browser.get(f"https://app.example/saml/acme/login/?next={wanted}")
    response = fake.answer(fake.read_request(leaving["Location"]), person=ANN)
    assert browser.post(response.acs_url, response.form)["Location"] == "/accounts/profile/"
