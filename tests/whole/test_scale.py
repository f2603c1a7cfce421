"""With 10 000 identity providers and 100 000 events, every page needs as many SQL statements as with ten."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jitprov.models import IdentityProvider, ProvisioningEvent
from tests.support.factories import UserFactory
from tests.support.many_rows import Rows
from tests.whole.test_isolation import ADMIN, API, Side, filled, side

pytestmark = pytest.mark.django_db
FEW = 10
IDENTITY_PROVIDERS = 10_000
EVENTS = 100_000
_PARAMETER = re.compile(r"<")


def addresses(owner: Side) -> Iterator[str]:
    """Yield a URL for each pattern that can be opened."""
    for pattern in [*ADMIN, *API]:
        if "(?P" in pattern or "schema" in pattern:
            continue
        yield from (
            list(filled(pattern, owner))[:1] if _PARAMETER.search(pattern) else [f"/{pattern}"]
        )
    yield from ("/admin/", "/admin/jitprov/")
    yield f"/admin/jitprov/provisioningevent/?q={owner.event.reference}"
    yield "/admin/jitprov/provisioningevent/?outcome__exact=refused"
    yield "/admin/jitprov/identityprovider/?q=idp-7"


def costs(browser: Client, pages: list[str]) -> dict[str, int]:
    """Return the number of statements of each page that answers 200."""
    found = {}
    for page in pages:
        cache.clear()
        with CaptureQueriesContext(connection) as statements:
            answer: Any = browser.get(page)
        assert answer.status_code in {200, 302, 403, 404, 405}, (page, answer.status_code)
        if answer.status_code == 200:
            found[page] = len(statements)
    return found


def test_the_number_of_statements_of_every_page_is_independent_of_the_rows() -> None:
    ours = side("ours")
    browsers = {
        "tenant's administrator": ours.administrator,
        "superuser": UserFactory.create(is_staff=True, is_superuser=True),
    }
    clients = {}
    for name, user in browsers.items():
        clients[name] = Client()
        clients[name].force_login(user)
    rows = Rows(ours.tenant, ours.idp, ours.person)
    rows.grow_to(FEW, FEW)
    pages = list(addresses(ours))
    for client in clients.values():
        costs(client, pages)  # fills Django's own caches
    few = {name: costs(client, pages) for name, client in clients.items()}

    rows.grow_to(IDENTITY_PROVIDERS, EVENTS)
    many = {name: costs(client, pages) for name, client in clients.items()}

    assert IdentityProvider.objects.count() > IDENTITY_PROVIDERS
    assert ProvisioningEvent.objects.count() > EVENTS
    for name in clients:
        assert len(few[name]) > 20
        assert few[name].keys() == many[name].keys()
        more = {
            page: (few[name][page], count)
            for page, count in many[name].items()
            if count > few[name][page]
        }
        assert not more, name
