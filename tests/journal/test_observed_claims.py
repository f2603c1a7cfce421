"""Names of claims are kept with their days, values encrypted for a while, and the origin of an account's values."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.apps import apps
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from jitprov.journal import observed_claims
from jitprov.journal.observed_claims import (
    MAX_OBSERVED,
    claims_of,
    email_digest,
    email_digests,
    observe,
    recent_sign_ins,
    sealed_claims,
)
from jitprov.models import (
    MAX_CLAIM_NAME,
    ClaimMapping,
    ExternalIdentity,
    GrantedGroup,
    IdentityProvider,
    ObservedClaim,
    Outcome,
    ProvisioningEvent,
)
from jitprov.provisioning.types import Claims, Source
from jitprov.testing.person import ANN, EMAIL_CLAIM, GROUPS_CLAIM, SURNAME_CLAIM, Person
from tests.support.arrivals import all_at_once
from tests.support.factories import IdentityProviderFactory, map_group
from tests.support.latest import event
from tests.whole.test_sign_in import statements

pytestmark = pytest.mark.django_db

TODAY = timezone.now().date()
YESTERDAY = TODAY - timedelta(days=1)


def said(external_id: str = "ann", **values: str) -> Claims:
    return Claims(
        source=Source.SAML,
        external_id=external_id,
        values={name: (text,) for name, text in values.items()},
    )


def named(*names: str) -> Claims:
    return Claims(source=Source.SAML, external_id="ann", values=dict.fromkeys(names, ("secret",)))


def kept(row: IdentityProvider) -> dict[str, date]:
    return dict(
        ObservedClaim.objects.filter(identity_provider=row).values_list("name", "last_seen")
    )


@pytest.fixture
def row() -> IdentityProvider:
    found: IdentityProvider = IdentityProviderFactory.create()
    return found


# Names


def test_names_are_kept_with_the_day(row: IdentityProvider) -> None:
    observe(row, named("mail", "http://schemas.example/groups"))
    assert kept(row) == {"mail": TODAY, "http://schemas.example/groups": TODAY}
    assert "secret" not in json.dumps(list(ObservedClaim.objects.values("name", "name_digest")))


def test_the_first_day_stays_and_the_last_moves(row: IdentityProvider) -> None:
    observe(row, named("mail"))
    ObservedClaim.objects.update(first_seen=YESTERDAY, last_seen=YESTERDAY)
    observe(row, named("mail"))
    found = ObservedClaim.objects.get()
    assert (found.first_seen, found.last_seen) == (YESTERDAY, TODAY)


def test_a_name_that_came_no_more_keeps_its_day(row: IdentityProvider) -> None:
    observe(row, named("old"))
    ObservedClaim.objects.update(last_seen=YESTERDAY)
    observe(row, named("new"))
    assert kept(row) == {"old": YESTERDAY, "new": TODAY}


def test_names_that_differ_in_case_or_accents_only_are_two(row: IdentityProvider) -> None:
    names = ["mail", "Mail", "maíl", "mail "]
    observe(row, named(*names))
    observe(row, named(*names))
    assert set(kept(row)) == set(names)


def test_each_identity_provider_has_its_own_names(row: IdentityProvider) -> None:
    other = IdentityProviderFactory.create()
    observe(row, named("mail"))
    observe(other, named("mail"))
    assert ObservedClaim.objects.count() == 2


@pytest.mark.parametrize("name", ["a" * (MAX_CLAIM_NAME + 1), "a\x00b", "a\ud800"])
def test_names_that_cannot_be_stored_are_left_out(row: IdentityProvider, name: str) -> None:
    observe(row, named(name, "mail"))
    assert set(kept(row)) == {"mail"}


def test_the_longest_name_is_kept_whole(row: IdentityProvider) -> None:
    observe(row, named("😀" * MAX_CLAIM_NAME))
    assert set(kept(row)) == {"😀" * MAX_CLAIM_NAME}


def test_the_number_of_names_is_bounded_and_known_ones_are_still_updated(
    row: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(observed_claims, "MAX_OBSERVED", 3)
    observe(row, named("a", "b"))
    ObservedClaim.objects.update(last_seen=YESTERDAY)
    observe(row, named("a", "c", "d", "e"))
    assert kept(row) == {"a": TODAY, "b": YESTERDAY, "c": TODAY}
    observe(row, named("f"))
    assert len(kept(row)) == 3


def test_nobody_can_fill_the_table(row: IdentityProvider) -> None:
    for number in range(3):
        observe(row, named(*(f"{number}-{index}" for index in range(MAX_OBSERVED))))
    assert len(kept(row)) == MAX_OBSERVED


def test_once_a_day_it_is_written_and_then_only_read(row: IdentityProvider) -> None:
    configured = IdentityProvider.meant_by(row.slug)
    assert configured is not None
    with CaptureQueriesContext(connection) as queries:
        observe(configured, named("a", "b", "c"))
    assert len(statements(queries)) == 1
    again = IdentityProvider.meant_by(row.slug)
    assert again is not None
    with CaptureQueriesContext(connection) as queries:
        observe(again, named("a", "b", "c"))
    assert len(queries) == 0, "what is known was read with the configuration"


@pytest.mark.django_db(transaction=True)
def test_several_first_sign_ins_of_a_day_at_once_do_not_conflict() -> None:
    row = IdentityProviderFactory.create()
    names = [f"claim-{number}" for number in range(10)]

    def come(order: list[str]) -> Callable[[], None]:
        configured = IdentityProvider.meant_by(row.slug)
        assert configured is not None
        return lambda: observe(configured, named(*order))

    all_at_once([come(names if number % 2 else names[::-1]) for number in range(8)])
    assert kept(row) == dict.fromkeys(names, TODAY)


# What was said


@pytest.fixture
def kept_event(row: IdentityProvider) -> ProvisioningEvent:
    return happened(row, said(mail="ann@acme.example"))


def happened(row: IdentityProvider, claims: Claims, **columns: Any) -> ProvisioningEvent:
    return ProvisioningEvent.objects.create(
        identity_provider=row,
        **{"outcome": Outcome.CREATED, "claims": sealed_claims(claims), **columns},
    )


def aged(kept: ProvisioningEvent, **age: float) -> ProvisioningEvent:
    then = timezone.now() - timedelta(**age)
    ProvisioningEvent.objects.filter(pk=kept.pk).update(created_at=then)
    kept.refresh_from_db()
    return kept


def test_kept_claims_are_read_again_as_they_were(kept_event: ProvisioningEvent) -> None:
    assert claims_of(kept_event) == said(mail="ann@acme.example")


def test_claims_are_not_read_after_their_retention(
    kept_event: ProvisioningEvent, settings: Any
) -> None:
    assert claims_of(aged(kept_event, days=6.9)) is not None
    assert claims_of(aged(kept_event, days=7.1)) is None, "also before it was pruned"
    settings.JITPROV_CLAIMS_RETENTION = timedelta(days=8)
    assert claims_of(kept_event) is not None


def test_no_claims_are_kept_without_a_retention(row: IdentityProvider, settings: Any) -> None:
    before = happened(row, said(mail="a"))
    settings.JITPROV_CLAIMS_RETENTION = 0
    assert sealed_claims(said(mail="a")) == ""
    assert claims_of(before) is None
    assert recent_sign_ins(row) == []


def test_claims_that_are_too_large_are_not_kept(row: IdentityProvider) -> None:
    event = happened(row, said(photo="x" * 300_000))
    assert event.claims == ""
    assert claims_of(event) is None


def test_claims_are_unreadable_without_the_key(
    kept_event: ProvisioningEvent, settings: Any
) -> None:
    settings.SECRET_KEY = "another"
    assert claims_of(kept_event) is None
    assert recent_sign_ins(kept_event.identity_provider) == []  # type: ignore[arg-type]


def test_the_latest_sign_in_of_each_person_comes_newest_first(row: IdentityProvider) -> None:
    aged(happened(row, said("ann", mail="old")), hours=3)
    aged(happened(row, said("bob", mail="bob")), hours=2)
    aged(happened(row, said("ann", mail="new")), hours=1)
    found = [recent.claims.values["mail"] for recent in recent_sign_ins(row)]
    assert found == [("new",), ("bob",)]


def test_no_more_people_are_returned_than_asked_for(row: IdentityProvider) -> None:
    for number in range(4):
        happened(row, said(f"person {number}", mail="x"))
    assert len(recent_sign_ins(row, limit=2)) == 2


def test_sign_ins_of_another_identity_provider_are_not_read(kept_event: ProvisioningEvent) -> None:
    assert recent_sign_ins(IdentityProviderFactory.create()) == []


def test_refused_sign_ins_are_read_and_errors_are_not(row: IdentityProvider) -> None:
    happened(row, said("ann"), outcome=Outcome.REFUSED)
    happened(row, said("bob"), outcome=Outcome.ERROR)
    assert [recent.claims.external_id for recent in recent_sign_ins(row)] == ["ann"]


@pytest.mark.parametrize("count", [1, 10])
def test_recent_sign_ins_are_read_in_one_statement(row: IdentityProvider, count: int) -> None:
    for number in range(count):
        happened(row, said(f"person {number}"))
    with CaptureQueriesContext(connection) as queries:
        assert len(recent_sign_ins(row)) == count
    assert len(queries) == 1


# Attempts are found by e-mail address


@pytest.mark.parametrize("typed", ["ann@acme.example", " Ann@ACME.example\n"])
def test_an_address_is_found_however_it_is_written(typed: str) -> None:
    assert email_digest(typed) == email_digest("ann@acme.example")
    assert email_digests(typed) == [email_digest(typed)]


@pytest.mark.parametrize("nothing", ["", "  "])
def test_no_address_is_not_looked_for(nothing: str) -> None:
    assert email_digest(nothing) == ""
    assert email_digests(nothing) == []


def test_an_address_is_found_after_the_key_was_replaced(settings: Any) -> None:
    kept = email_digest("ann@acme.example")
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert email_digest("ann@acme.example") != kept
    assert kept in email_digests("ann@acme.example")


# Whole sign-ins


def test_a_sign_in_keeps_the_claims(sign_in: Callable[..., Any], idp: IdentityProvider) -> None:
    sign_in()
    (recent,) = recent_sign_ins(idp)
    assert recent.claims.external_id == ANN.object_id
    assert recent.claims.values[EMAIL_CLAIM] == (ANN.email,)
    assert EMAIL_CLAIM in kept(idp)
    assert event().email_digest == email_digest(ANN.email)


def test_a_refused_sign_in_keeps_the_claims(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    IdentityProvider.objects.update(create_users=False)
    assert sign_in().status_code == 403
    (recent,) = recent_sign_ins(idp)
    assert recent.event.reason == "creation_disabled"
    assert EMAIL_CLAIM in kept(idp)


def test_a_first_sign_in_of_the_day_costs_one_statement_more(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    sign_in()
    ObservedClaim.objects.update(last_seen=YESTERDAY)
    with CaptureQueriesContext(connection) as first:
        sign_in()
    with CaptureQueriesContext(connection) as second:
        sign_in()
    assert event().outcome == "unchanged"
    assert len(statements(first)) == len(statements(second)) + 1


def test_a_new_person_with_groups_costs_sixteen_statements_and_the_names_of_claims_one(
    saml_sign_in: Any, fake_identity_provider: Any, idp: IdentityProvider
) -> None:
    for value in ANN.groups:
        map_group(idp, value)
    response = saml_sign_in.begin(idp, fake_identity_provider, ANN)
    assert connection.features.supports_json_field  # a statement, the first time in a process
    with CaptureQueriesContext(connection) as queries:
        saml_sign_in.deliver(response)
    assert event().outcome == "created"
    assert len(statements(queries)) <= 16 + 1, "\n".join(statements(queries))


def test_a_sign_in_says_where_every_value_comes_from(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    finance = map_group(idp, ANN.groups[0])
    sign_in()
    first = event().reference
    identity = ExternalIdentity.objects.get()
    assert set(identity.provenance) == {"first_name", "last_name", "email", "username"}
    email = identity.provenance["email"]
    assert (email["claim"], email["source"], email["reference"]) == (EMAIL_CLAIM, "saml", first)
    assert datetime.fromisoformat(email["at"]) <= datetime.now(UTC)
    granted = GrantedGroup.objects.get()
    assert (granted.group, granted.claim, granted.value) == (finance, GROUPS_CLAIM, ANN.groups[0])
    assert granted.reference == first


def test_only_what_a_later_sign_in_wrote_is_its_own(sign_in: Callable[..., Any]) -> None:
    sign_in()
    first = event().reference
    sign_in(replace(ANN, surname="Baker"))
    provenance = ExternalIdentity.objects.get().provenance
    assert provenance["last_name"]["reference"] == event().reference
    assert provenance["last_name"]["claim"] == SURNAME_CLAIM
    assert provenance["email"]["reference"] == first


def test_a_sign_in_that_changes_nothing_leaves_it(sign_in: Callable[..., Any]) -> None:
    sign_in()
    before = ExternalIdentity.objects.get().provenance
    sign_in()
    assert ExternalIdentity.objects.get().provenance == before


# No value of a person is anywhere but in the account itself

SECRET = Person(
    object_id="5f0d3a61-1111-4222-8333-444455556666",
    given_name="Gwendolyn",
    surname="Quickenborne",
    email="gwendolyn.quickenborne@acme.example",
    upn="gquickenborne@acme.example",
    groups=("99990000-aaaa-4bbb-8ccc-ddddeeeeffff",),
    extra={"employeeid": "7744991188", "department": "Skunkworks " * 20},
)
# The identity is the anchor, and the account is the account.
ALLOWED = {("externalidentity", "external_id")}


def values_of(person: Person) -> set[str]:
    texts = {person.object_id, person.given_name, person.surname, person.email, person.upn}
    extra = {str(value) for value in person.extra.values()}
    return {text.strip().lower() for text in texts | extra | set(person.groups)}


def found_in_tables(values: set[str]) -> list[tuple[str, str, str]]:
    """Return every column of our tables that contains one of the texts."""
    return [
        (model._meta.model_name or "", name, value)
        for model in apps.get_app_config("jitprov").get_models()
        for row in model._default_manager.values()
        for name, content in row.items()
        for value in values
        if value in json.dumps(content, default=str, ensure_ascii=False).lower()
        and (model._meta.model_name, name) not in ALLOWED
    ]


def created(sign_in: Callable[..., Any], idp: IdentityProvider) -> None:
    assert sign_in(SECRET).status_code == 302


def updated(sign_in: Callable[..., Any], idp: IdentityProvider) -> None:
    sign_in(replace(SECRET, surname="Before", extra={}))
    assert sign_in(SECRET).status_code == 302


def nobody_new(sign_in: Callable[..., Any], idp: IdentityProvider) -> None:
    IdentityProvider.objects.update(create_users=False)
    assert sign_in(SECRET).status_code == 403


def invalid(sign_in: Callable[..., Any], idp: IdentityProvider) -> None:
    ClaimMapping.objects.create(
        identity_provider=idp,
        target="department",
        sources="department",
        position=9,
        when_invalid="refuse",
    )
    assert sign_in(SECRET).status_code == 403
    assert event().reason == "invalid_value"


def unknown_in_a_table(sign_in: Callable[..., Any], idp: IdentityProvider) -> None:
    ClaimMapping.objects.create(
        identity_provider=idp,
        target="department",
        sources="employeeid",
        transforms=[{"name": "table", "values": {"a": "b"}, "unknown": "refuse"}],
        position=9,
    )
    assert sign_in(SECRET).status_code == 403


def in_conflict(sign_in: Callable[..., Any], idp: IdentityProvider) -> None:
    ClaimMapping.objects.create(
        identity_provider=idp, target="employee_number", sources="employeeid", position=9
    )
    assert sign_in(replace(SECRET, object_id="another")).status_code == 302
    assert sign_in(SECRET).status_code == 403
    assert event().reason == "conflict"


def required(sign_in: Callable[..., Any], idp: IdentityProvider) -> None:
    idp.claim_mappings.create(target="department", sources="gone", required=True, position=9)
    assert sign_in(SECRET).status_code == 403


def for_somebody_else(sign_in: Callable[..., Any], idp: IdentityProvider) -> None:
    assert sign_in(SECRET, audience_restrictions=[["urn:other"]]).status_code == 403


def unsigned(sign_in: Callable[..., Any], idp: IdentityProvider) -> None:
    assert sign_in(SECRET, sign=None).status_code == 403


@pytest.mark.parametrize(
    "come",
    [
        created,
        updated,
        nobody_new,
        invalid,
        unknown_in_a_table,
        in_conflict,
        required,
        for_somebody_else,
        unsigned,
    ],
)
def test_no_claim_value_can_be_read_in_our_tables_or_in_the_log(
    come: Callable[..., None],
    sign_in: Callable[..., Any],
    idp: IdentityProvider,
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "jitprov")
    come(sign_in, idp)
    assert ProvisioningEvent.objects.exists()
    assert found_in_tables(values_of(SECRET)) == []
    assert not [value for value in values_of(SECRET) if value in caplog.text.lower()]


def test_a_claim_value_in_a_table_would_be_found(idp: IdentityProvider) -> None:
    happened(idp, said(), details={"received": [SECRET.surname]})
    assert found_in_tables(values_of(SECRET)) == [("provisioningevent", "details", "quickenborne")]
