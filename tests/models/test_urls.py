"""A URL that is kept is the one that Django would make now."""

from __future__ import annotations

from collections.abc import Iterator
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from django.conf.urls.i18n import i18n_patterns
from django.db import connection
from django.urls import include, path, reverse, set_script_prefix, set_urlconf
from django.urls.base import get_script_prefix
from django.utils import translation

from jitprov.models.urls import _reversed, absolute_url
from tests.support.factories import IdentityProviderFactory

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db

HERE = "https://app.example"


def urlconf(*patterns: object) -> Any:
    module = ModuleType("somewhere_else")
    vars(module)["urlpatterns"] = list(patterns)
    return module


@pytest.fixture(autouse=True)
def as_it_was() -> Iterator[None]:
    prefix = get_script_prefix()
    yield
    set_script_prefix(prefix)
    set_urlconf(None)


def acs() -> str:
    url = absolute_url("acs", "acme")
    assert url == HERE + reverse("jitprov:acs", args=["acme"])
    assert absolute_url("acs", "acme") == url
    return url


def test_a_url_is_reversed_once() -> None:
    _reversed.cache_clear()
    row = IdentityProviderFactory.build(slug="acme")
    assert {row.url("acs") for _ in range(5)} == {f"{HERE}/saml/acme/acs/"}
    assert _reversed.cache_info().misses == 1


def test_each_view_and_identity_provider_has_its_own_url() -> None:
    assert absolute_url("acs", "acme") == f"{HERE}/saml/acme/acs/"
    assert absolute_url("metadata", "acme") == f"{HERE}/saml/acme/metadata/"
    assert absolute_url("acs", "globex") == f"{HERE}/saml/globex/acs/"


def test_a_changed_base_url_is_used(settings: Settings) -> None:
    absolute_url("acs", "acme")
    settings.JITPROV_BASE_URL = "https://other.example"
    assert absolute_url("acs", "acme") == "https://other.example/saml/acme/acs/"


def test_the_url_configuration_of_the_request_is_used() -> None:
    first = acs()
    set_urlconf(urlconf(path("sso/", include("jitprov.urls"))))
    assert acs() == f"{HERE}/sso/acme/acs/"
    set_urlconf(None)
    assert acs() == first


def test_a_changed_url_configuration_is_used(settings: Settings) -> None:
    acs()
    settings.ROOT_URLCONF = urlconf(path("other/", include("jitprov.urls")))
    assert acs() == f"{HERE}/other/acme/acs/"


def test_the_script_prefix_is_used() -> None:
    acs()
    set_script_prefix("/app/")
    assert acs() == f"{HERE}/app/saml/acme/acs/"


def test_the_language_of_the_request_does_not_matter() -> None:
    set_urlconf(urlconf(*i18n_patterns(path("saml/", include("jitprov.urls")))))
    for language in ("de", "fr", "de"):
        with translation.override(language):
            assert absolute_url("acs", "acme") == f"{HERE}/en/saml/acme/acs/"


def test_urls_are_kept_for_each_schema(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant's own prefix of every path may follow from it."""
    _reversed.cache_clear()
    for schema in ("acme", "globex", "acme"):
        with monkeypatch.context() as patch:
            patch.setattr(connection, "schema_name", schema, raising=False)
            acs()
    assert _reversed.cache_info().misses == 2


def test_a_bounded_number_is_kept() -> None:
    for number in range(5000):
        absolute_url("acs", f"customer-{number}")
    assert _reversed.cache_info().currsize <= 4096
