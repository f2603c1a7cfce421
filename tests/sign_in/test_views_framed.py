"""A sign-in that begins in a frame of another page, as a tab of Microsoft Teams is."""

from __future__ import annotations

import pytest
from django.test import Client

from jitprov.models import IdentityProvider, ProvisioningEvent
from jitprov.testing import FakeIdentityProvider
from tests.support.factories import connected

pytestmark = pytest.mark.django_db

LOGIN = "/saml/acme/login/?next=/reports/%3Fa%3D%22%3E"
FRAMES = ["iframe", "frame", "fencedframe", "embed", "object"]


@pytest.fixture(autouse=True)
def acme() -> IdentityProvider:
    return connected(FakeIdentityProvider(), slug="acme")


@pytest.mark.parametrize("kind", FRAMES)
@pytest.mark.parametrize("address", [LOGIN, "/saml/login/?next=/reports/"])
def test_a_frame_gets_a_page_with_a_way_out_and_no_redirect(
    client: Client, kind: str, address: str
) -> None:
    answer = client.get(address, headers={"sec-fetch-dest": kind})
    assert answer.status_code == 200
    shown = answer.content.decode()
    assert 'target="_blank" rel="noopener"' in shown
    assert f'href="{address}"' in shown
    assert '<a href="/reports/' in shown
    assert "X-Frame-Options" not in answer
    assert "Sec-Fetch-Dest" in answer["Vary"]
    assert not answer.cookies


def test_the_window_of_its_own_is_sent_on(client: Client) -> None:
    answer = client.get(LOGIN, headers={"sec-fetch-dest": "document"})
    assert answer.status_code == 302
    assert client.get(LOGIN).status_code == 302


def test_the_address_of_a_test_is_not_used_up_in_a_frame(client: Client) -> None:
    answer = client.get("/saml/acme/test/?token=x", headers={"sec-fetch-dest": "iframe"})
    assert answer.status_code == 200
    assert not ProvisioningEvent.objects.exists()


def test_the_way_on_leads_to_no_other_site(client: Client) -> None:
    answer = client.get(
        "/saml/acme/login/?next=https://evil.example/", headers={"sec-fetch-dest": "iframe"}
    )
    assert '<a href="https://evil' not in answer.content.decode()


def test_an_address_that_would_break_out_of_the_link_is_escaped(client: Client) -> None:
    answer = client.get('/saml/login/?next="><script>', headers={"sec-fetch-dest": "iframe"})
    assert "<script>" not in answer.content.decode()


def test_a_response_is_still_taken_in_a_frame(client: Client) -> None:
    answer = client.post("/saml/acme/acs/", {}, headers={"sec-fetch-dest": "iframe"}, follow=True)
    assert answer.status_code == 400
    assert answer["X-Frame-Options"] == "DENY"
