"""A sign-in over HTTP: the responses that the browser gets, and the rows in the database afterwards."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jitprov.models import (
    ClaimMapping,
    ConsumedAssertion,
    ExternalIdentity,
    IdentityProvider,
    ProvisioningEvent,
    SigningCertificate,
)
from jitprov.provisioner import Provisioner
from jitprov.saml.types import Binding
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.keys import rsa_key_pair
from jitprov.testing.person import ANN, Person
from jitprov.testing.round_trip import SignIn
from tests.support.factories import TenantFactory, connected, map_group
from tests.support.latest import event

pytestmark = pytest.mark.django_db

User = get_user_model()
STATEMENTS = ("SELECT", "INSERT", "UPDATE", "DELETE")


def statements(queries: CaptureQueriesContext) -> list[str]:
    # Django logs a statement that ran for many rows as "3 times: INSERT ...".
    texts = [re.sub(r"^\d+ times: ", "", query["sql"]) for query in queries]
    return [text for text in texts if text.startswith(STATEMENTS)]


# Signing in


def test_the_first_sign_in_creates_the_person(
    client: Client, sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    answer = sign_in(next_url="/reports/")
    assert (answer.status_code, answer.url) == (302, "/reports/")
    user = User.objects.get()
    assert (user.first_name, user.last_name, user.email) == ("Ann", "Archer", ANN.email)
    assert user.username == "Ann.Archer@acme.example"
    assert not user.has_usable_password()
    assert not user.is_staff
    assert client.session["_auth_user_id"] == str(user.pk)
    identity = ExternalIdentity.objects.get()
    assert (identity.identity_provider, identity.external_id) == (idp, ANN.object_id)


def test_a_later_sign_in_with_other_names_updates_the_same_person(
    sign_in: Callable[..., Any],
) -> None:
    sign_in()
    renamed = Person(
        object_id=ANN.object_id.upper(),
        given_name="Ann",
        surname="Baker",
        email="ann.baker@acme.example",
        upn="ann.baker@acme.example",
    )
    sign_in(renamed)
    user = User.objects.get()
    assert (user.last_name, user.email, user.username) == (
        "Baker",
        "ann.baker@acme.example",
        "ann.baker@acme.example",
    )
    assert event().outcome == "updated"
    assert event().changed_fields == ["email", "last_name", "username"]


def test_a_person_of_another_tenant_with_the_same_details_gets_another_account(
    saml_sign_in: SignIn, sign_in: Callable[..., Any]
) -> None:
    sign_in()
    other = FakeIdentityProvider(tenant_id="b7c9d1e2-0000-4000-8000-000000000002")
    saml_sign_in(connected(other, slug="globex"), other, ANN)
    assert User.objects.count() == 2
    assert {user.username for user in User.objects.all()} == {
        "Ann.Archer@acme.example",
        "Ann.Archer@acme.example-2",
    }


def test_the_suffix_of_a_user_name_is_kept(saml_sign_in: SignIn, sign_in: Any) -> None:
    sign_in()
    other = FakeIdentityProvider(tenant_id="b7c9d1e2-0000-4000-8000-000000000002")
    row = connected(other, slug="globex")
    saml_sign_in(row, other, ANN)
    saml_sign_in(row, other, ANN)
    assert event().outcome == "unchanged"
    assert User.objects.filter(username="Ann.Archer@acme.example-2").exists()


def test_a_returning_sign_in_needs_at_most_eight_statements_at_any_size(
    sign_in: Callable[..., Any],
    idp: IdentityProvider,
    saml_sign_in: SignIn,
    fake_identity_provider: Any,
) -> None:
    for number in range(20):
        TenantFactory.create()
        connected(FakeIdentityProvider(), slug=f"other-{number}")
        SigningCertificate.objects.create(
            identity_provider=idp,
            pem=rsa_key_pair(f"extra {number % 3}", common_name=f"{number}").certificate,
        )
        map_group(idp, f"group {number}")
    groups = [map_group(idp, value) for value in ANN.groups]
    ClaimMapping.objects.create(
        identity_provider=idp, target="department", sources="department", position=9
    )
    sign_in()
    assert set(User.objects.get().groups.all()) == set(groups)
    response = saml_sign_in.begin(idp, fake_identity_provider, ANN)
    with CaptureQueriesContext(connection) as queries:
        assert saml_sign_in.deliver(response).status_code == 302
    assert event().outcome == "unchanged"
    assert len(statements(queries)) <= 8, "\n".join(statements(queries))


def test_the_session_key_rotates(client: Client, sign_in: Callable[..., Any]) -> None:
    session = client.session
    session["basket"] = 1
    session.save()
    before = client.cookies["sessionid"].value
    sign_in()
    assert client.cookies["sessionid"].value != before
    assert not Session.objects.filter(session_key=before).exists()


def test_our_session_ends_with_the_identity_providers_session(
    client: Client, sign_in: Callable[..., Any]
) -> None:
    end = datetime.now(UTC) + timedelta(hours=1)
    sign_in(session_not_on_or_after=end)
    assert abs(client.session.get_expiry_date() - end) < timedelta(seconds=1)


def test_the_session_end_of_an_earlier_sign_in_does_not_hold_for_a_later_one(
    client: Client, sign_in: Callable[..., Any]
) -> None:
    usual = client.session.get_expiry_age()
    sign_in(session_not_on_or_after=datetime.now(UTC) + timedelta(hours=1))
    sign_in()
    assert client.session.get_expiry_age() == usual


def test_the_identity_provider_cannot_lengthen_our_session(
    client: Client, sign_in: Callable[..., Any]
) -> None:
    usual = client.session.get_expiry_age()
    sign_in(session_not_on_or_after=datetime.now(UTC) + timedelta(days=365))
    assert client.session.get_expiry_age() <= usual


def test_an_identity_provider_with_http_post_gets_a_form(
    client: Client, saml_sign_in: SignIn
) -> None:
    fake = FakeIdentityProvider(sso_binding=Binding.POST)
    row = connected(fake, slug="google")
    leaving = client.get(reverse("jitprov:login", args=["google"]))
    assert leaving.status_code == 200
    assert b'name="SAMLRequest"' in leaving.content
    assert saml_sign_in(row, fake).status_code == 302


def test_requests_are_signed_and_our_metadata_says_so_if_the_identity_provider_wants_it(
    client: Client,
    idp: IdentityProvider,
    fake_identity_provider: FakeIdentityProvider,
    settings: Any,
) -> None:
    settings.JITPROV_SP_KEY_PAIRS = [rsa_key_pair("ours")]
    login, metadata = (reverse(f"jitprov:{view}", args=["acme"]) for view in ("login", "metadata"))
    assert not fake_identity_provider.read_request(client.get(login)["Location"]).signed
    assert b'AuthnRequestsSigned="false"' in client.get(metadata).content
    IdentityProvider.objects.update(want_authn_requests_signed=True)
    assert fake_identity_provider.read_request(client.get(login)["Location"]).signed
    assert b'AuthnRequestsSigned="true"' in client.get(metadata).content


# Errors in our code or the host's


class BrokenProvisioner(Provisioner):
    def create_user(self, create: Any) -> Any:
        super().create_user(create)
        raise RuntimeError("a bug of the host's")


def test_an_unexpected_error_rolls_back_the_account_but_not_the_consumed_assertion(
    client: Client, sign_in: Callable[..., Any], settings: Any
) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.BrokenProvisioner"
    with pytest.raises(RuntimeError):
        sign_in()
    assert not User.objects.exists()
    assert not ExternalIdentity.objects.exists()
    assert ConsumedAssertion.objects.count() == 1
    assert [item.outcome for item in ProvisioningEvent.objects.all()] == ["error"]
    assert "_auth_user_id" not in client.session


@pytest.mark.django_db(transaction=True)
def test_an_unexpected_error_does_the_same_with_atomic_requests(
    client: Client, sign_in: Callable[..., Any], settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(connection.settings_dict, "ATOMIC_REQUESTS", True)
    settings.JITPROV_PROVISIONER = f"{__name__}.BrokenProvisioner"
    with pytest.raises(RuntimeError):
        sign_in()
    assert ConsumedAssertion.objects.count() == 1
    assert ProvisioningEvent.objects.count() == 1


@pytest.mark.parametrize(
    "columns",
    [{"transforms": [{"name": "explode"}]}, {"sync": "never"}, {"when_empty": "?"}],
    ids=["an unknown transform", "an unknown sync mode", "an unknown choice for empty claims"],
)
def test_an_invalid_mapping_is_a_refusal(
    sign_in: Callable[..., Any], idp: IdentityProvider, columns: dict[str, Any]
) -> None:
    ClaimMapping.objects.filter(target="email").update(**columns)
    answer = sign_in()
    assert answer.status_code == 403
    assert event().reason == "mapping_invalid"
    assert event().verified
    assert not User.objects.exists()


def test_events_and_logs_hold_no_personal_value(
    sign_in: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("DEBUG")
    sign_in()
    User.objects.update(is_active=False)
    sign_in()
    kept = " ".join(
        [*(str(row) for row in ProvisioningEvent.objects.values_list()), *caplog.messages]
    )
    personal = (ANN.email, ANN.surname, ANN.object_id, ANN.upn, ANN.groups[0])
    assert not [value for value in personal if value.lower() in kept.lower()]


def test_the_log_has_the_expected_and_the_received_value(
    sign_in: Callable[..., Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="jitprov")
    sign_in(audience_restrictions=[["https://other.example"]])
    assert (
        f"{event().reference} was refused: expected 'https://app.example/saml/acme/metadata/', "
        "received 'https://other.example'"
    ) in caplog.text
