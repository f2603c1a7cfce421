"""A host can write the tag of the overview into any template."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.template import engines
from django.test import RequestFactory

from tests.support.factories import IdentityProviderFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def render() -> Callable[..., str]:
    """Render the tag where a host has written it."""
    written = engines["django"].from_string("{% load jitprov_status %}{% jitprov_overview %}")
    return lambda context, request=None: written.render(context, request)


def test_without_a_request_or_a_user_the_tag_shows_nothing(render: Callable[..., str]) -> None:
    assert render({}).strip() == ""
    assert render({"request": RequestFactory().get("/")}).strip() == ""


def test_a_host_can_write_the_tag_anywhere(render: Callable[..., str]) -> None:
    IdentityProviderFactory.create(slug="acme-entra")
    request = RequestFactory().get("/")
    request.user = UserFactory.create(is_superuser=True)

    assert "acme-entra" in render({}, request)
