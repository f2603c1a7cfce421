"""Explanations of attempts and of people, after real sign-ins."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.contrib.auth import get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from jitprov.explain import as_json, explain_event, explain_user
from jitprov.explain.events import EventExplanation
from jitprov.explain.fields import FieldExplanation, MappingNow
from jitprov.models import (
    ClaimMapping,
    ExternalIdentity,
    GroupMapping,
    IdentityProvider,
    ProvisioningEvent,
    Tenant,
)
from jitprov.provisioning.presets import Preset
from jitprov.provisioning.types import Note, RefusalReason
from jitprov.scope import EVERYTHING, NOTHING, Scope
from jitprov.testing import FakeIdentityProvider, rsa_key_pair
from jitprov.testing.person import ANN, EMAIL_CLAIM, GROUPS_CLAIM, SURNAME_CLAIM
from jitprov.testing.round_trip import SignIn
from jitprov.words.refusals import EXPLANATIONS
from tests.support.factories import (
    ExternalIdentityFactory,
    GroupFactory,
    IdentityProviderFactory,
    UserFactory,
    connected,
    map_group,
)
from tests.support.latest import event

pytestmark = pytest.mark.django_db

User = get_user_model()
CODES = sorted({*EXPLANATIONS, *RefusalReason, "internal_error"})


def scope_of_tenant(idp: IdentityProvider) -> Scope:
    return Scope(tenants=Tenant.objects.filter(pk=idp.tenant_id), something=True)


def field_of(user: Any, name: str, scope: Scope = EVERYTHING) -> FieldExplanation:
    [found] = [one for one in explain_user(user, scope).fields if one.field == name]
    return found


def latest() -> EventExplanation:
    return explain_event(event())


# An attempt


def test_a_first_sign_in_lists_the_written_fields_with_their_claims(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    group = map_group(idp, ANN.groups[0])
    sign_in()

    found = latest()
    assert (found.came_in, found.code, found.remedy, found.problems) == (True, "", None, ())
    assert "account was made" in str(found.happened)
    claims = {one.field: one.claim and one.claim.name for one in found.fields}
    assert claims["last_name"] == SURNAME_CLAIM
    assert claims["email"] == EMAIL_CLAIM
    assert found.joined == (group.name,)
    assert found.username == ANN.upn
    assert ANN.email not in json.dumps(as_json(replace(found, username="")))


def test_a_later_sign_in_lists_changed_fields_and_left_groups(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    group = map_group(idp, ANN.groups[0])
    sign_in()
    sign_in(replace(ANN, surname="Baker", groups=ANN.groups[1:]))

    found = latest()
    assert [one.field for one in found.fields] == ["last_name"]
    assert (found.joined, found.left) == ((), (group.name,))
    sign_in(replace(ANN, surname="Baker", groups=ANN.groups[1:]))
    assert (latest().fields, latest().left) == ((), ())
    assert latest().came_in


def test_a_wrong_certificate_is_explained_and_the_response_counts_as_unverified(
    sign_in: Callable[..., Any],
) -> None:
    sign_in(signing_key_pair=rsa_key_pair("another"))

    found = latest()
    assert (found.code, found.verified, found.came_in) == ("signature_invalid", False, False)
    assert found.expected
    assert found.remedy is not None
    assert "metadata" in str(found.remedy.where) + str(found.remedy.fix)


def test_a_wrong_audience_is_shown_beside_the_expected_one(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    IdentityProvider.objects.update(preset=Preset.ENTRA.value)
    sign_in(audience_restrictions=[["https://wrong.example"]])

    found = latest()
    assert (found.code, found.verified) == ("audience_mismatch", True)
    assert found.expected == idp.as_service_provider().entity_id
    assert found.received == ("https://wrong.example",)
    assert found.remedy is not None
    assert str(found.remedy.where).endswith("Basic SAML Configuration > Identifier (Entity ID)")


def test_a_response_from_the_future_shows_the_clock_difference(sign_in: Callable[..., Any]) -> None:
    sign_in(not_before=datetime.now(UTC) + timedelta(minutes=30))

    found = latest()
    assert found.code == "not_yet_valid"
    assert found.clock_difference is not None
    assert abs(found.clock_difference - timedelta(minutes=30)) < timedelta(seconds=10)
    assert "later" in str(found.clock_in_words)
    assert as_json(found)["clock_difference"] == pytest.approx(1800, abs=10)


def test_an_expired_response_shows_the_clock_difference(sign_in: Callable[..., Any]) -> None:
    sign_in(not_on_or_after=datetime.now(UTC) - timedelta(hours=1))

    assert latest().code == "expired"
    assert "1:0" in str(latest().clock_in_words)
    assert "earlier" in str(latest().clock_in_words)


@pytest.mark.parametrize("came", [True, False])
def test_a_missing_claim_is_named_with_the_field_that_needs_it(
    sign_in: Callable[..., Any], came: bool
) -> None:
    ClaimMapping.objects.filter(target="last_name").update(required=True)
    sign_in(replace(ANN, surname=""), attributes={SURNAME_CLAIM: [""]} if came else {})

    [problem] = latest().problems
    assert (problem.field, problem.label) == ("last_name", "last name")
    assert problem.code == "required_claim_missing"
    assert [(one.claim.name, one.came) for one in problem.claims] == [(SURNAME_CLAIM, came)]
    assert problem.mapped
    assert str(problem.remedy.fix)


@pytest.mark.parametrize("when_invalid", ["keep", "refuse"])
def test_a_value_that_its_field_refuses_is_explained_in_words(
    sign_in: Callable[..., Any], when_invalid: str
) -> None:
    ClaimMapping.objects.filter(target="last_name").update(when_invalid=when_invalid)
    sign_in(replace(ANN, surname="x" * 151))

    [problem] = latest().problems
    assert (problem.field, problem.code) == ("last_name", "invalid_value")
    assert [str(one) for one in problem.details] == ["The value is longer than the field allows."]


def test_the_text_of_a_transform_that_refused_a_value_stays_whole(
    sign_in: Callable[..., Any],
) -> None:
    ClaimMapping.objects.filter(target="last_name").update(transforms=[{"name": "boolean"}])
    sign_in()

    [problem] = latest().problems
    assert problem.details == (
        f"{SURNAME_CLAIM}: boolean: the value is none of true, false, 1, 0, yes, no",
    )


def test_a_value_of_another_user_names_the_field(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    ClaimMapping.objects.create(identity_provider=idp, target="employee_number", sources="number")
    UserFactory.create(employee_number="7")
    sign_in(replace(ANN, extra={"number": "7"}))

    assert latest().code == "conflict"
    assert [one.field for one in latest().problems] == ["employee_number"]


def test_a_problem_shows_that_its_mapping_was_removed(sign_in: Callable[..., Any]) -> None:
    sign_in(replace(ANN, surname="x" * 151))
    ClaimMapping.objects.all().delete()

    [problem] = latest().problems
    assert (problem.mapped, problem.claims) == (False, ())


def test_a_deactivated_account_is_explained(sign_in: Callable[..., Any]) -> None:
    sign_in()
    User.objects.update(is_active=False)
    sign_in()

    found = latest()
    assert (found.code, found.username) == ("account_disabled", ANN.upn)
    assert "switched off" in str(found.happened)


def test_too_many_groups_are_a_note_with_a_remedy(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    IdentityProvider.objects.update(preset=Preset.ENTRA.value)
    map_group(idp, ANN.groups[0])
    sign_in(replace(ANN, groups=(), group_overage=True))

    [note] = latest().notes
    assert latest().came_in
    assert note.code == Note.GROUPS_OVERAGE
    assert "150" in str(note.remedy.happened)
    assert "Add a group claim" in str(note.remedy.where)


def test_a_restarted_sign_in_is_not_explained_as_a_refusal(
    client: Client, idp: IdentityProvider
) -> None:
    ProvisioningEvent.objects.create(
        identity_provider=idp, tenant=idp.tenant, outcome="restarted", reason="unsolicited"
    )

    assert latest().remedy is None
    assert "began at the identity provider" in str(latest().happened)


def test_entras_own_codes_are_explained(sign_in: Callable[..., Any]) -> None:
    sign_in(
        status="urn:oasis:names:tc:SAML:2.0:status:Responder",
        status_message="AADSTS50105: Your administrator has configured the application",
    )

    assert latest().code == "status_not_success"
    [hint] = latest().hints
    assert "assigned" in str(hint)


def test_an_event_without_its_identity_provider_is_still_explained(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    sign_in(replace(ANN, surname="x" * 151))
    idp.delete()

    assert latest().identity_provider == ""
    assert [one.field for one in latest().problems] == ["last_name"]


@pytest.mark.parametrize("code", CODES)
def test_every_code_is_explained_with_a_remedy(code: str) -> None:
    outcome = "error" if code == "internal_error" else "refused"
    for preset in Preset:
        idp = IdentityProviderFactory.build(preset=preset.value)
        found = explain_event(
            ProvisioningEvent(identity_provider=idp, outcome=outcome, reason=code)
        )
        assert str(found.happened)
        assert found.remedy is not None
        assert str(found.remedy.fix)
        assert str(found.remedy.by.label)
        json.dumps(as_json(found))


# A person


def test_every_field_shows_the_claim_that_set_it_and_the_time(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    sign_in()
    first = event()
    sign_in(replace(ANN, surname="Baker"))
    user = User.objects.get()

    last_name, first_name = field_of(user, "last_name"), field_of(user, "first_name")
    assert last_name.value == "Baker"
    assert last_name.written is not None
    assert first_name.written is not None
    assert last_name.written.claim is not None
    assert last_name.written.claim.name == SURNAME_CLAIM
    assert (last_name.written.source, last_name.written.mapping) == ("saml", MappingNow.THERE)
    assert (last_name.written.reference, last_name.written.event) == (event().reference, event().pk)
    assert first_name.written.reference == first.reference
    [mapping] = last_name.mappings
    assert (mapping.identity_provider, mapping.sync) == ("acme", "always")
    assert last_name.written.at is not None
    assert abs(datetime.now(UTC) - last_name.written.at) < timedelta(minutes=1)


def test_a_field_that_no_sign_in_wrote_is_shown_without_a_claim(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    sign_in()
    ClaimMapping.objects.create(
        identity_provider=idp,
        target="department",
        sources="dept\nou",
        transforms=[{"name": "split", "separator": ";"}, {"name": "first"}],
        sync="if_empty",
    )
    User.objects.update(department="Finance")

    found = field_of(User.objects.get(), "department")
    assert (found.value, found.written) == ("Finance", None)
    [mapping] = found.mappings
    assert [claim.name for claim in mapping.claims] == ["dept", "ou"]
    assert mapping.transforms == ("split (separator: ;)", "first")


@pytest.mark.parametrize(
    ("change", "now"),
    [
        (lambda rows: rows.update(sources="another"), MappingNow.OTHER_CLAIM),
        (lambda rows: rows.delete(), MappingNow.GONE),
    ],
)
def test_a_field_shows_that_its_mapping_was_changed_or_removed(
    sign_in: Callable[..., Any], change: Callable[[Any], object], now: MappingNow
) -> None:
    sign_in()
    change(ClaimMapping.objects.filter(target="last_name"))

    written = field_of(User.objects.get(), "last_name").written
    assert written is not None
    assert written.mapping is now
    assert str(now.label)


def test_a_generated_user_name_is_shown_without_a_claim(sign_in: Callable[..., Any]) -> None:
    ClaimMapping.objects.filter(target="username").delete()
    sign_in()

    written = field_of(User.objects.get(), "username").written
    assert written is not None
    assert (written.claim, written.mapping) == (None, MappingNow.NEVER)


def test_a_field_that_is_no_longer_mappable_hides_its_value(
    sign_in: Callable[..., Any], settings: Any
) -> None:
    sign_in()
    settings.JITPROV_MAPPABLE_FIELDS = ["email"]

    assert field_of(User.objects.get(), "last_name").value is None


def test_groups_show_whether_a_claim_or_a_person_gave_them(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    group = map_group(idp, ANN.groups[0])
    GroupMapping.objects.update(name="Finance people")
    sign_in()
    user = User.objects.get()
    by_hand = GroupFactory.create()
    user.groups.add(by_hand)

    granted, given = explain_user(user, EVERYTHING).groups
    assert (granted.name, given.name, given.grants) == (group.name, by_hand.name, ())
    [grant] = granted.grants
    assert grant.claim is not None
    assert (grant.claim.name, grant.value) == (GROUPS_CLAIM, ANN.groups[0])
    assert (grant.directory_name, grant.mapped, grant.event) == ("Finance people", True, event().pk)
    user.groups.clear()
    GroupMapping.objects.all().delete()
    [granted] = explain_user(user, EVERYTHING).groups
    assert (granted.member, granted.grants[0].mapped) == (False, False)


def test_attempts_are_listed_newest_first_with_the_reason_of_each_refusal(
    sign_in: Callable[..., Any],
) -> None:
    sign_in()
    User.objects.update(is_active=False)
    sign_in()

    refused, created = explain_user(User.objects.get(), EVERYTHING).attempts
    assert (refused.code, created.outcome, created.happened) == ("account_disabled", "created", "")
    assert "switched off" in str(refused.happened)


def test_a_refused_stranger_with_the_persons_email_address_is_listed(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    IdentityProvider.objects.update(create_users=False)
    identity = ExternalIdentityFactory.create(identity_provider=idp, user__email=ANN.email.upper())
    sign_in()

    [attempt] = explain_user(identity.user, EVERYTHING).attempts
    assert (attempt.code, attempt.by_email) == ("creation_disabled", True)


# Tenants


@pytest.fixture
def elsewhere(
    client: Client, saml_sign_in: SignIn, sign_in: Callable[..., Any]
) -> IdentityProvider:
    """Let Ann sign in at another tenant too, which writes her department and gives her a group."""
    sign_in()
    fake = FakeIdentityProvider(tenant_id="0f8b1f6e-3c1d-4b0e-9c41-7d2a5b9e6c10")
    row = connected(fake, slug="elsewhere")
    ExternalIdentityFactory.create(
        identity_provider=row, external_id=ANN.object_id, user=User.objects.get()
    )
    ClaimMapping.objects.create(identity_provider=row, target="department", sources="dept")
    map_group(row, ANN.groups[0])
    saml_sign_in(row, fake, replace(ANN, extra={"dept": "Secret"}))
    assert event().outcome == "updated"
    return row


def test_another_tenants_part_of_a_person_is_neither_shown_nor_counted(
    elsewhere: IdentityProvider, idp: IdentityProvider
) -> None:
    user = User.objects.get()

    here = explain_user(user, scope_of_tenant(idp))
    there = explain_user(user, scope_of_tenant(elsewhere))
    everywhere = explain_user(user, EVERYTHING)
    assert [one.identity_provider for one in here.identities] == ["acme"]
    assert [one.identity_provider for one in there.identities] == ["elsewhere"]
    assert [len(one.attempts) for one in (here, there, everywhere)] == [1, 1, 2]
    assert [len(one.groups) for one in (here, there, everywhere)] == [0, 1, 1]
    assert "department" not in {one.field for one in here.fields}
    text = json.dumps(as_json(here))
    assert "elsewhere" not in text
    assert "Secret" not in text


def test_groups_given_by_hand_are_shown_to_superusers_alone(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    sign_in()
    user = User.objects.get()
    user.groups.set([GroupFactory.create(name="Readers"), GroupFactory.create(name="Operators")])

    assert explain_user(user, scope_of_tenant(idp)).groups == ()
    assert len(explain_user(user, EVERYTHING).groups) == 2


def test_an_empty_scope_gives_an_empty_explanation(sign_in: Callable[..., Any]) -> None:
    sign_in()

    found = explain_user(User.objects.get(), NOTHING)
    assert (found.identities, found.fields, found.groups, found.attempts) == ((), (), (), ())


def test_the_number_of_statements_does_not_grow_with_the_rows(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    map_group(idp, ANN.groups[0])
    sign_in()
    user = User.objects.get()

    def statements() -> int:
        with CaptureQueriesContext(connection) as queries:
            explain_user(user, scope_of_tenant(idp))
        return len(queries)

    few = statements()
    for number in range(5):
        other = connected(FakeIdentityProvider(), tenant=idp.tenant)
        ExternalIdentityFactory.create(identity_provider=other, user=user)
        sign_in(replace(ANN, surname=f"Baker {number}"))
        user.groups.add(GroupFactory.create())

    assert statements() == few <= 10


def test_the_list_of_attempts_is_cut_to_the_limit(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    sign_in()
    user = User.objects.get()
    ProvisioningEvent.objects.bulk_create(
        ProvisioningEvent(identity_provider=idp, tenant=idp.tenant, user=user, outcome="unchanged")
        for _ in range(60)
    )

    assert len(explain_user(user, EVERYTHING).attempts) == 50


def test_the_explanation_can_be_written_as_json(
    sign_in: Callable[..., Any], idp: IdentityProvider
) -> None:
    map_group(idp, ANN.groups[0])
    sign_in()

    found = as_json(explain_user(User.objects.get(), EVERYTHING))
    assert json.loads(json.dumps(found)) == found
    assert found["identities"][0]["external_id"] == ExternalIdentity.objects.get().external_id
