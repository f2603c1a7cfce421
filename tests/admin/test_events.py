"""The list of attempts: search, filters and SQL statements."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jitprov.admin import events
from jitprov.models import (
    IdentityProvider,
    ProvisioningEvent,
)
from jitprov.provisioning.presets import Preset
from jitprov.testing.person import ANN
from tests.support.admin_pages import (
    LIST,
    administrator_of,
    listed,
    page_of,
    statements,
    text_of,
)
from tests.support.factories import (
    ExternalIdentityFactory,
    IdentityProviderFactory,
)
from tests.support.latest import event

pytestmark = pytest.mark.django_db

User = get_user_model()


@pytest.fixture
def browser(idp: IdentityProvider) -> Client:
    IdentityProvider.objects.update(preset=Preset.ENTRA.value)
    return administrator_of(idp)


@pytest.fixture
def stranger() -> Client:
    """An administrator of another tenant."""
    return administrator_of(IdentityProviderFactory.create())


# The list


@pytest.fixture
def attempts(sign_in: Callable[..., Any], idp: IdentityProvider) -> dict[str, str]:
    """A sign-in, a refusal of a stranger, and one of a person here."""
    sign_in()
    created = event().reference
    sign_in(audience_restrictions=[["https://wrong.example"]])
    refused = event().reference
    IdentityProvider.objects.update(create_users=False)
    sign_in(replace(ANN, object_id="another", email="bob@acme.example", upn="bob"))
    return {"created": created, "audience": refused, "stranger": event().reference}


@pytest.mark.parametrize(
    ("words", "found"),
    [
        ("ann.archer@acme.example", ["created"]),
        ("ann.archer", ["created"]),
        ("BOB@acme.example", ["stranger"]),
        ("audience_mismatch", ["audience"]),
        ("creation acme", ["stranger"]),
        ("acme", ["stranger", "audience", "created"]),
        ("1999-12-31", []),
        ("9999-12-31", []),
        ("0001-01-01", []),
        ("2026-02-30", []),
        ("nothing-like-it", []),
        ("ob@acme.example", []),
    ],
)
def test_attempts_are_found_by_name_address_reason_and_slug(
    attempts: dict[str, str], browser: Client, words: str, found: list[str]
) -> None:
    assert listed(browser, q=words) == [attempts[name] for name in found]


def test_attempts_are_found_by_reference(attempts: dict[str, str], browser: Client) -> None:
    assert listed(browser, q=attempts["audience"].lower()) == [attempts["audience"]]


def test_attempts_are_found_by_day(attempts: dict[str, str], browser: Client) -> None:
    ProvisioningEvent.objects.filter(reference=attempts["created"]).update(
        created_at=datetime(2026, 3, 1, 12, tzinfo=UTC)
    )

    assert listed(browser, q="2026-03-01") == [attempts["created"]]
    assert listed(browser, q="2026-03-01 refused") == []
    assert listed(browser, q="2026-02-28") == []


@pytest.mark.parametrize(
    ("name", "value", "found"),
    [
        ("reason", "audience_mismatch", ["audience"]),
        ("outcome__exact", "created", ["created"]),
        ("verified__exact", "0", []),
        ("created_at__gte", "2100-01-01 00:00:00+00:00", []),
    ],
)
def test_attempts_can_be_filtered(
    attempts: dict[str, str], browser: Client, name: str, value: str, found: list[str]
) -> None:
    assert listed(browser, **{name: value}) == [attempts[one] for one in found]


def test_only_reasons_that_occurred_in_the_tenant_are_offered(
    attempts: dict[str, str], browser: Client, stranger: Client
) -> None:
    assert "?reason=audience_mismatch" in text_of(browser, LIST)
    assert "audience_mismatch" not in text_of(stranger, LIST)


def test_a_list_beyond_the_limit_is_cut_and_says_so(
    attempts: dict[str, str], browser: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Only the first of them" not in text_of(browser, LIST)
    monkeypatch.setattr(events, "MAX_COUNTED", 2)

    assert "Only the first of them" in text_of(browser, LIST)


def test_the_list_does_not_read_the_claims(attempts: dict[str, str], browser: Client) -> None:
    page = page_of(event())
    with CaptureQueriesContext(connection) as queries:
        browser.get(LIST)
        browser.get(page)

    assert [query["sql"] for query in queries if '"claims"' in query["sql"]] == []


@pytest.mark.parametrize("words", ["x" * 5000, "a " * 3000, "%", "'", "\x00", "@"])
def test_unusual_search_words_cause_no_server_error(browser: Client, words: str) -> None:
    assert browser.get(LIST, {"q": words}).status_code == 200


def test_the_number_of_statements_does_not_grow_with_the_list(
    sign_in: Callable[..., Any], idp: IdentityProvider, browser: Client
) -> None:
    sign_in()
    question = f"{LIST}?q=acme"
    statements(browser, question)
    few = statements(browser, question)
    ProvisioningEvent.objects.bulk_create(
        ProvisioningEvent(
            identity_provider=idp,
            tenant=idp.tenant,
            user=ExternalIdentityFactory.create(identity_provider=idp).user,
            outcome="refused",
            reason=f"reason_{number}",
        )
        for number in range(30)
    )

    assert statements(browser, question) == few <= 12
