"""The product as people know it: shown where they are, and nothing of it that could be a script."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.test import Client
from django.urls import reverse

from jitprov.host.product import Product, style
from jitprov.models import IdentityProvider
from jitprov.provisioner import Provisioner
from tests.support.setup_link_holder import Holder

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db

SETTINGS = {
    "JITPROV_PRODUCT_NAME": "Corner Desk",
    "JITPROV_PRODUCT_LOGO": "https://cdn.desk.example/logo.svg",
    "JITPROV_PRODUCT_COLOUR": "#0a7A3c",
    "JITPROV_SUPPORT_CONTACT": "help@desk.example",
    "JITPROV_RETURN_URL": "https://desk.example/",
}


class OwnColours(Provisioner):
    """A host with a product for each tenant."""

    @classmethod
    def product_for(cls, tenant: Any) -> Product:
        return Product(name=f"Desk of {tenant}", support="Ask the desk.")


@pytest.fixture
def branded(settings: Settings) -> None:
    for name, value in SETTINGS.items():
        setattr(settings, name, value)


@pytest.fixture
def holder(idp: IdentityProvider) -> Holder:
    holder = Holder(idp)
    holder.open()
    return holder


@pytest.mark.usefixtures("branded")
def test_a_setup_link_is_in_the_products_clothes(holder: Holder) -> None:
    answer = holder.page()

    text = answer.content.decode()
    assert '<img class="jitprov-logo" src="https://cdn.desk.example/logo.svg"' in text
    assert 'href="mailto:help@desk.example"' in text
    assert 'href="/saml/colours/0a7a3c.css"' in text
    policy = dict(part.split(" ", 1) for part in answer["Content-Security-Policy"].split("; "))
    assert policy["img-src"] == "'self' https://cdn.desk.example"
    assert policy["style-src"] == "'self'"


@pytest.mark.usefixtures("branded")
def test_the_end_of_a_setup_link_leads_back(holder: Holder) -> None:
    text = holder.text()

    assert "You are done." in text
    assert '<a href="https://desk.example/">Go to Corner Desk</a>' in text


@pytest.mark.usefixtures("branded")
def test_a_refusal_says_whom_to_ask(client: Client, idp: IdentityProvider) -> None:
    text = client.post(
        reverse("jitprov:acs", args=[idp.slug]), {"SAMLResponse": "x"}, follow=True
    ).content

    assert b'href="mailto:help@desk.example"' in text


@pytest.mark.usefixtures("branded")
def test_discovery_names_the_product(client: Client) -> None:
    assert b"Sign in to Corner Desk with your organisation" in client.get("/saml/login/").content


def test_a_tenant_may_have_a_product_of_its_own(
    client: Client, holder: Holder, settings: Settings
) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.OwnColours"

    refused = client.post(
        reverse("jitprov:acs", args=[holder.row.slug]), {"SAMLResponse": "x"}, follow=True
    )

    assert f"Desk of {holder.row.tenant}" in holder.text()
    assert b"Ask the desk." in refused.content


UNUSABLE = ["javascript:alert(1)", "//evil.example", "http://x.example/", "https:\\\\x", "data:,x"]


@pytest.mark.parametrize("address", UNUSABLE)
def test_an_address_that_could_be_a_script_is_left_out(address: str) -> None:
    product = Product(logo=address, return_url=address, support=address)

    assert (product.logo_url, product.way_back, product.support_url) == ("", "", "")


@pytest.mark.parametrize(
    ("support", "url"),
    [
        ("help@desk.example", "mailto:help@desk.example"),
        ("https://desk.example/help", "https://desk.example/help"),
        ("help@desk.example?bcc=x@y.example", ""),
        ("Call 100.", ""),
    ],
)
def test_the_support_is_a_link_if_it_is_an_address(support: str, url: str) -> None:
    assert Product(support=support).support_url == url


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "#123456;}", "url(x)", "123456"])
def test_a_colour_that_is_none_is_left_out(colour: str) -> None:
    assert Product(colour=colour).colour_url == ""


def test_the_style_sheet_of_a_colour_needs_no_sign_in(client: Client) -> None:
    answer = client.get("/saml/colours/0a7a3c.css")

    assert answer["Content-Type"] == "text/css"
    assert "max-age" in answer["Cache-Control"]
    assert b"--jitprov-accent: #0a7a3c; --jitprov-on-accent: #ffffff" in answer.content
    assert client.get("/saml/colours/red.css").status_code == 404
    assert client.post("/saml/colours/0a7a3c.css").status_code == 405


@pytest.mark.parametrize(
    ("colour", "text"), [("ffffff", "#000000"), ("ffd400", "#000000"), ("1d4ed8", "#ffffff")]
)
def test_the_text_of_a_button_is_read_on_its_colour(colour: str, text: str) -> None:
    assert f"--jitprov-on-accent: {text};" in style(colour)
