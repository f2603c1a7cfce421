from __future__ import annotations

import pytest

from jitprov.models import Tenant
from jitprov.testing import ANN

pytestmark = pytest.mark.django_db

IN_A_FRAME = {"sec-fetch-dest": "iframe", "sec-fetch-site": "cross-site"}


@pytest.fixture
def row(fake, connect_identity_provider):
    return connect_identity_provider(fake, Tenant.objects.create(slug="acme", name="Acme"))


def test_the_tab_leads_to_a_page_in_the_frame_that_opens_a_window(row, client):
    answer = client.get("/tab/", headers=IN_A_FRAME, follow=True, secure=True)
    assert answer.status_code == 200
    shown = answer.content.decode()
    assert 'target="_blank" rel="noopener"' in shown
    assert '<a href="/tab/">' in shown
    assert "X-Frame-Options" not in answer
    assert not answer.cookies


def test_the_frame_has_the_session_once_the_window_has_signed_in(fake, row, client, saml_sign_in):
    answer = saml_sign_in(row, fake)
    cookie = answer.cookies["sessionid"]
    assert (cookie["samesite"], cookie["secure"]) == ("None", True)
    tab = client.get("/tab/", headers=IN_A_FRAME, secure=True)
    assert f"Hello {ANN.upn}." in tab.content.decode()
    assert "X-Frame-Options" not in tab
    assert tab["Content-Security-Policy"].startswith("frame-ancestors https://teams.")


@pytest.mark.parametrize("page", ["/sign-in/", "/signed-in/"])
def test_the_pages_of_the_pop_up_are_there(client, page):
    assert client.get(page, secure=True).status_code == 200
