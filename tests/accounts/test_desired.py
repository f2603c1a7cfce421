"""From a value that does not fit its field to what its mapping wants then."""

from __future__ import annotations

from typing import Any

import pytest
from django.contrib.auth import get_user_model

from jitprov.accounts import preview, provision
from jitprov.exceptions import JitprovError
from jitprov.models import ClaimMapping, IdentityProvider, ProvisioningEvent
from jitprov.provisioning.types import Claims, Source
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.person import EMAIL_CLAIM, NAME_CLAIM
from tests.support.factories import connected

pytestmark = pytest.mark.django_db

User = get_user_model()

TOO_LONG = "x" * 31

NO_VALUES = pytest.mark.parametrize(
    ("target", "good", "bad"),
    [
        pytest.param("department", "Ops", TOO_LONG, id="longer than the field"),
        pytest.param("employee_number", "7", "A1", id="refused by the field's own validator"),
        pytest.param("floor", "3", "third", id="not a number"),
        pytest.param("born_on", "1990-02-03", "yesterday", id="not a date"),
        pytest.param("language", "de", "fr", id="not one of the choices"),
        pytest.param("email", "ann@acme.example", "nobody", id="not an e-mail address"),
    ],
)


@pytest.fixture
def idp() -> IdentityProvider:
    return connected(FakeIdentityProvider(), slug="acme")


def map_to(idp: IdentityProvider, target: str, **columns: Any) -> None:
    ClaimMapping.objects.update_or_create(
        identity_provider=idp,
        target=target,
        defaults={"sources": target, "position": 50, **columns},
    )


def ann(**values: str) -> Claims:
    said = {NAME_CLAIM: ("ann",), **{name: (value,) for name, value in values.items()}}
    return Claims(source=Source.SAML, external_id="ann-1", values=said)


def refused(idp: IdentityProvider, claims: Claims) -> ProvisioningEvent:
    with pytest.raises(JitprovError) as caught:
        provision(idp, claims)
    event = ProvisioningEvent.objects.latest("pk")
    assert caught.value.code == event.reason
    return event


@NO_VALUES
@pytest.mark.parametrize("columns", [{"when_invalid": "refuse"}, {"required": True}], ids=str)
def test_a_value_that_its_field_refuses_is_a_refusal_where_its_mapping_says_so(
    idp: IdentityProvider, target: str, good: str, bad: str, columns: dict[str, Any]
) -> None:
    map_to(idp, target, **columns)
    event = refused(idp, ann(**{target: bad}))
    assert (event.reason, event.changed_fields) == ("invalid_value", [target])
    assert not User.objects.exists()


@NO_VALUES
def test_a_value_that_its_field_refuses_is_left_out_with_a_note(
    idp: IdentityProvider, target: str, good: str, bad: str
) -> None:
    map_to(idp, target)
    before = provision(idp, ann(**{target: good}))

    after = provision(idp, ann(**{target: bad}))

    user: Any = User.objects.get()
    assert getattr(user, target) == getattr(before.user, target) != bad
    assert after.event.outcome == "unchanged"
    assert "value_not_usable" in after.event.notes
    [problem] = after.event.details["problems"]
    assert (problem["field"], problem["reason"]) == (target, "invalid_value")
    assert bad not in str(after.event.details)


@NO_VALUES
def test_a_new_person_comes_in_without_the_value_that_its_field_refuses(
    idp: IdentityProvider, target: str, good: str, bad: str
) -> None:
    map_to(idp, target)
    made = provision(idp, ann(**{target: bad}))
    assert made.event.outcome == "created"
    assert "value_not_usable" in made.event.notes
    assert str(getattr(made.user, target)) != bad


@pytest.mark.parametrize(
    ("target", "good", "bad", "empty"),
    [("department", "Ops", TOO_LONG, ""), ("floor", "3", "third", None)],
)
def test_a_value_that_its_field_refuses_empties_the_field_where_its_mapping_says_so(
    idp: IdentityProvider, target: str, good: str, bad: str, empty: str | None
) -> None:
    map_to(idp, target, when_invalid="clear")
    provision(idp, ann(**{target: good}))
    result = provision(idp, ann(**{target: bad}))
    assert getattr(User.objects.get(), target) == empty
    assert result.event.changed_fields == [target]
    assert result.event.notes == ["value_not_usable"]


def test_a_field_that_must_not_be_empty_refuses_what_it_cannot_be_emptied_of(
    idp: IdentityProvider,
) -> None:
    map_to(idp, "language", when_invalid="clear")
    event = refused(idp, ann(language="fr"))
    assert (event.reason, event.changed_fields) == ("invalid_value", ["language"])


def test_an_emptied_value_that_its_field_refuses_is_left_out_too(idp: IdentityProvider) -> None:
    map_to(idp, "language", when_empty="clear")
    provision(idp, ann(language="de"))
    result = provision(idp, ann())
    assert User.objects.get().language == "de"
    assert "value_not_usable" in result.event.notes


def test_a_value_that_a_transform_refuses_is_left_out_like_one_that_its_field_refuses(
    idp: IdentityProvider,
) -> None:
    map_to(idp, "is_contractor", transforms=[{"name": "boolean"}])
    result = provision(idp, ann(is_contractor="perhaps"))
    assert "value_not_usable" in result.event.notes
    assert result.event.details["problems"][0]["field"] == "is_contractor"


def test_nothing_is_left_out_of_values_that_nobody_could_work_on(idp: IdentityProvider) -> None:
    steps = [{"name": "regex_extract", "pattern": r"^\w*\w*"}] * 10
    for target in ("department", "job_title", "first_name", "last_name"):
        map_to(idp, target, sources="said", transforms=steps)
    assert refused(idp, ann(said="a" * 1500)).reason == "invalid_value"


def test_a_preview_says_that_a_value_would_be_left_out(idp: IdentityProvider) -> None:
    map_to(idp, "department")
    found = preview(idp, ann(department=TOO_LONG))
    [unfit] = found.desired.unfit
    assert (unfit.field, unfit.detail) == ("department", "max_length")
    assert "department" not in found.settled.fields


def test_an_unusable_e_mail_address_that_is_the_user_name_is_the_reason(
    idp: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(User, "USERNAME_FIELD", "email")
    map_to(idp, "email", sources=EMAIL_CLAIM)
    claims = Claims(source=Source.SAML, external_id="b-1", values={EMAIL_CLAIM: ("nobody",)})
    event = refused(idp, claims)
    assert (event.reason, event.changed_fields) == ("invalid_value", ["email"])
