"""A setup link with a character too many still opens the page, so that nothing logs its address as one not found."""

from __future__ import annotations

import secrets

import pytest
from django.test import Client

from jitprov.configuration.setup_links import TOKEN_BYTES

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "ending", ["", "/", "//", "/.", "/)", ")/x", "/>/", ".", "%20/x", "/x/y/z/"]
)
def test_no_address_with_a_token_is_logged(
    client: Client, ending: str, caplog: pytest.LogCaptureFixture
) -> None:
    token = secrets.token_urlsafe(TOKEN_BYTES)
    response = client.get(f"/saml/setup/{token}{ending}")

    assert response.status_code in {200, 301}
    assert token not in caplog.text
