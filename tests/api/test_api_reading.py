"""What the API only reads: previews, test sign-ins, events, status and changes, and their SQL statements."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jitprov.models import (
    ClaimMapping,
    ConfigurationChange,
    GroupMapping,
    IdentityProvider,
    ProvisioningEvent,
)
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.person import EMAIL_CLAIM, GIVEN_NAME_CLAIM, OBJECT_ID_CLAIM
from jitprov.testing.round_trip import SignIn
from tests.api.client import Api
from tests.support.factories import GroupFactory, IdentityProviderFactory

pytestmark = pytest.mark.django_db

ACME = "identity-providers/acme/"
PREVIEW = f"{ACME}preview/"
TESTS = f"{ACME}test-sign-ins/"


# Preview


def test_a_preview_shows_fields_before_and_after_for_recent_sign_ins(
    ours: Api, idp: IdentityProvider, sign_in: Any
) -> None:
    sign_in()
    row = {"target": "first_name", "sources": [EMAIL_CLAIM], "transforms": [{"name": "upper"}]}

    answer = ours.post(PREVIEW, {"claim_mappings": [row]})

    [person] = answer.json["people"]
    [field] = [one for one in person["fields"] if one["target"] == "first_name"]
    assert (field["before"], field["after"]) == (ANN.given_name, ANN.email.upper())
    assert person["origin"] == "sign_in"
    assert person["decision"] == "update"
    assert get_user_model().objects.get(email=ANN.email).first_name == ANN.given_name
    assert idp.claim_mappings.count() == 4


def test_a_preview_of_sent_claims_writes_nothing(ours: Api, idp: IdentityProvider) -> None:
    claims = {OBJECT_ID_CLAIM: "1", GIVEN_NAME_CLAIM: ["Zoe"], "urn:name": "zoe"}

    answer = ours.post(PREVIEW, {"claims": claims, "recent": False})

    [person] = answer.json["people"]
    assert (person["decision"], person["origin"], person["proved"]) == ("create", "claims", False)
    assert not get_user_model().objects.filter(first_name="Zoe").exists()


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"claims": {"a": 1}}, "claims"),
        ({"claims": []}, "claims"),
        ({"claims": "text"}, "claims"),
        ({"saml_response": "nonsense"}, "saml_response"),
        ({"saml_response": {}}, "saml_response"),
        ({"claim_mappings": [{"target": "password"}]}, "claim_mappings.0.target"),
        (
            {"group_mappings": [{"claim": "a", "value": "b", "group": 999}]},
            "group_mappings.0.group",
        ),
    ],
)
def test_an_invalid_preview_is_refused_at_its_field(
    ours: Api, idp: IdentityProvider, body: dict[str, Any], path: str
) -> None:
    answer = ours.post(PREVIEW, body)

    assert answer.status == 400
    assert list(answer.codes) == [path]


def test_a_saml_response_can_be_previewed(
    ours: Api, idp: IdentityProvider, client: Any, fake_identity_provider: FakeIdentityProvider
) -> None:
    response = SignIn(client).begin(idp, fake_identity_provider, ANN)

    answer = ours.post(PREVIEW, {"saml_response": response.form["SAMLResponse"], "recent": False})

    assert [one["origin"] for one in answer.json["people"]] == ["response"]


# Test sign-ins


def test_a_test_sign_in_is_begun_run_and_reported(
    ours: Api, idp: IdentityProvider, fake_identity_provider: FakeIdentityProvider
) -> None:
    begun = ours.post(TESTS, {"report_url": "/settings/sso/"})
    assert begun.status == 201
    reference, start_url = begun.json["reference"], begun.json["start_url"]
    assert begun.json["passed"] is None
    assert ours.get(f"{TESTS}{reference}/").json["report"] is None

    there = ours.client.get(start_url.removeprefix("https://app.example"))
    assert urlsplit(there["Location"]).netloc == urlsplit(fake_identity_provider.sso_url).netloc
    asked = fake_identity_provider.read_request(there["Location"])
    back = SignIn(ours.client).deliver(fake_identity_provider.answer(asked, person=ANN))
    assert back["Location"] == "/settings/sso/"

    told = ours.get(f"{TESTS}{reference}/").json
    assert told["passed"] is True
    assert told["report"]["decision"] == "create"
    assert GIVEN_NAME_CLAIM in {one["name"] for one in told["report"]["claims"]}
    assert [one["reference"] for one in ours.get(TESTS).json["results"]] == [reference]
    assert ours.get(ACME).json["tested_at"]
    assert not get_user_model().objects.filter(email=ANN.email).exists()


def test_a_draft_cannot_be_tested(ours: Api, idp: IdentityProvider) -> None:
    idp.certificates.all().delete()

    answer = ours.post(TESTS, {})

    assert (answer.status, answer.json["code"]) == (409, "not_complete")


@pytest.mark.parametrize("url", ["https://evil.example/", "//evil.example", "javascript:alert(1)"])
def test_a_report_url_on_another_site_is_refused(
    ours: Api, idp: IdentityProvider, url: str
) -> None:
    assert list(ours.post(TESTS, {"report_url": url}).codes) == ["report_url"]


# Events


def test_an_event_is_explained(ours: Api, idp: IdentityProvider, sign_in: Any) -> None:
    IdentityProvider.objects.update(create_users=False)
    sign_in()

    [event] = ours.get("events/").json["results"]
    told = ours.get(f"events/{event['reference'].lower()}/").json

    assert event["outcome"] == "refused"
    assert told["code"] == told["explanation"]["code"] == "creation_disabled"
    assert told["explanation"]["happened"]
    assert told["explanation"]["remedy"]["fix"]
    assert ANN.email not in str(told)


def test_events_can_be_filtered(ours: Api, idp: IdentityProvider, sign_in: Any) -> None:
    sign_in()
    [event] = ours.get("events/").json["results"]
    tomorrow = (timezone.now() + timedelta(days=1)).isoformat()

    def found(**query: str) -> int:
        return len(ours.get("events/", **query).json["results"])

    assert found(email=ANN.email.upper()) == 1
    assert found(email="nobody@acme.example") == 0
    assert found(reference=event["reference"].lower()) == 1
    assert found(user=event["user"]) == 1
    assert found(outcome="created", identity_provider="acme") == 1
    assert found(outcome="refused") == 0
    assert found(code="creation_disabled") == 0
    assert found(since=tomorrow) == 0
    assert found(until=tomorrow) == 1


# Status and changes


def test_status_lists_what_needs_attention(ours: Api, idp: IdentityProvider, sign_in: Any) -> None:
    sign_in()
    idp.certificates.update(not_after=timezone.now() - timedelta(days=1))

    status = ours.get("status/", days=7).json

    assert status["total"] == len(status["attention"]) > 0
    assert status["attention"][0]["identity_provider"] == "acme"
    assert len(status["days"]) == 7
    assert status["days"][-1]["sign_ins"] == 1
    assert ours.get(ACME).json["state"] == "attention"


def test_changes_are_listed_with_their_actor(ours: Api, idp: IdentityProvider) -> None:
    ours.patch(ACME, {"create_users": False})

    [change] = ours.get("changes/", identity_provider="acme").json["results"]

    assert change["changes"] == {"create_users": [True, False]}
    assert (change["via"], change["action"]) == ("api", "changed")
    assert ours.get("changes/", identity_provider="other").json["results"] == []


# SQL statements


def statements(api: Api, path: str) -> int:
    api.get(path)  # content types and the like are looked up once
    with CaptureQueriesContext(
        connection,
    ) as captured:
        assert api.get(path).status == 200
    return len(captured)


LISTS = [
    "tenants/",
    "identity-providers/",
    "events/",
    "changes/",
    "status/",
    f"{ACME}claim-mappings/",
    f"{ACME}group-mappings/",
    f"{ACME}test-sign-ins/",
    f"{ACME}choices/",
    ACME,
]


def more(idp: IdentityProvider, superuser_pk: Any) -> None:
    """Make many rows of every kind."""
    for number in range(30):
        row = IdentityProviderFactory.create(metadata_error="metadata_fetch_failed")
        common = {"identity_provider": row, "tenant": row.tenant}
        ProvisioningEvent.objects.create(outcome="refused", user_id=superuser_pk, **common)
        ConfigurationChange.objects.create(what="x", action="done", via="api", **common)
        GroupMapping.objects.create(
            identity_provider=idp, claim="g", value=str(number), group=GroupFactory.create()
        )
    ClaimMapping.objects.filter(identity_provider=idp, target="email").update(transforms=[])


@pytest.mark.parametrize("path", LISTS)
def test_the_number_of_statements_does_not_grow_with_the_rows(
    superuser: Api, idp: IdentityProvider, path: str
) -> None:
    before = statements(superuser, path)
    more(idp, get_user_model().objects.get().pk)

    assert statements(superuser, path) == before <= 26
