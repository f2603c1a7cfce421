"""How people authenticate at their directory is required by the row, of every response that could let somebody in."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.test import Client

from jitprov.models import ConsumedAssertion, IdentityProvider, SignInSession
from jitprov.saml.contexts import METHODS, SEVERAL_FACTORS
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.round_trip import SignIn
from tests.support.latest import event

pytestmark = pytest.mark.django_db

CARD = "urn:oasis:names:tc:SAML:2.0:ac:classes:Smartcard"


def begun(idp: IdentityProvider, fake: FakeIdentityProvider, browser: SignIn, **knobs: Any) -> Any:
    """Return an answer to a request, or a response that nobody asked for and that the row accepts."""
    if idp.unsolicited == "accept":
        sp = idp.as_service_provider()
        return fake.respond(acs_url=sp.acs_url, audience=sp.entity_id, **knobs)
    return browser.begin(idp, fake, **knobs)


@pytest.mark.parametrize("unsolicited", ["restart", "accept"])
@pytest.mark.parametrize(
    ("columns", "knobs", "status"),
    [
        ({"required_contexts": CARD}, {}, 403),
        ({"required_contexts": CARD}, {"authn_context": CARD}, 302),
        ({"required_contexts": f"{CARD}\n{SEVERAL_FACTORS}"}, {}, 403),
        (
            {"required_contexts": f"{CARD}\n{SEVERAL_FACTORS}"},
            {"attributes": {METHODS: [SEVERAL_FACTORS]}},
            302,
        ),
        ({"authn_contexts": CARD}, {}, 403),
        ({"authn_contexts": CARD}, {"authn_context": CARD}, 302),
        # What counts need not be what is asked for.
        (
            {"authn_contexts": CARD, "required_contexts": SEVERAL_FACTORS},
            {"authn_context": CARD},
            403,
        ),
    ],
)
def test_a_person_without_a_required_context_does_not_come_in(
    client: Client,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    unsolicited: str,
    columns: dict[str, str],
    knobs: dict[str, Any],
    status: int,
) -> None:
    IdentityProvider.objects.update(unsolicited=unsolicited, **columns)
    idp.refresh_from_db()
    browser = SignIn(client)

    answer = browser.deliver(begun(idp, fake_identity_provider, browser, **knobs))

    assert answer.status_code == status
    is_in = status == 302
    assert get_user_model().objects.exists() is is_in
    assert SignInSession.objects.exists() is is_in
    assert ConsumedAssertion.objects.exists() is is_in
    if not is_in:
        assert event().reason == "authn_context_unmet"
        assert event().verified
        assert b"stronger sign-in" in answer.content


def test_required_contexts_are_not_asked_for(
    client: Client, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    IdentityProvider.objects.update(required_contexts=CARD)
    leaving = client.get("/saml/acme/login/")
    assert fake_identity_provider.read_request(leaving["Location"]).authn_contexts == ()
