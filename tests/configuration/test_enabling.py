"""Enabling and disabling an identity provider, and the changes after which it has to be tested again."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from jitprov.configuration.enabling import (
    WITHOUT_TEST,
    Missing,
    NotComplete,
    NotTested,
    State,
    can_be_tested,
    disable,
    enable,
    is_tested,
    missing,
    state_of,
)
from jitprov.journal.actors import Actor
from jitprov.journal.audit import configuration_digest
from jitprov.models import (
    ConfigurationChange,
    EmailDomain,
    ExternalIdentity,
    IdentityProvider,
    ObservedClaim,
    SetupLink,
    SigningCertificate,
    UnprovedRefusals,
    Via,
)
from jitprov.testing import FakeIdentityProvider, rsa_key_pair
from tests.support.factories import (
    ExternalIdentityFactory,
    GroupFactory,
    IdentityProviderFactory,
    TenantFactory,
    connected,
    map_group,
)

pytestmark = pytest.mark.django_db

ACTOR = Actor(via=Via.ADMIN, name="ann")
LATER = datetime(2040, 1, 1, tzinfo=UTC)


@pytest.fixture
def draft() -> IdentityProvider:
    """A draft that is complete but for a test."""
    row = connected(FakeIdentityProvider(), slug="acme", enabled=False)
    map_group(row, "finance")
    return row


def passed(row: IdentityProvider) -> IdentityProvider:
    """Store a passed test of the present configuration."""
    row.tested_digest, row.tested_at = configuration_digest(row), LATER
    row.save()
    return row


def notes() -> list[str]:
    return list(ConfigurationChange.objects.order_by("pk").values_list("note", flat=True))


# What is missing


def test_an_empty_draft_lacks_everything() -> None:
    row = IdentityProviderFactory.create(entity_id="", sso_url="", enabled=False)
    assert missing(row) == list(Missing)
    assert not can_be_tested(row)
    assert state_of(row) == State.DRAFT


def test_a_complete_draft_lacks_a_test(draft: IdentityProvider) -> None:
    assert missing(draft) == [Missing.TEST]
    assert can_be_tested(draft)
    assert state_of(draft) == State.DRAFT


def test_nothing_is_missing_after_a_test(draft: IdentityProvider) -> None:
    assert missing(passed(draft)) == []
    assert state_of(draft) == State.TESTED


def test_without_a_certificate_nothing_can_be_tested(draft: IdentityProvider) -> None:
    draft.certificates.all().delete()
    assert missing(draft) == [Missing.CERTIFICATE, Missing.TEST]
    assert not can_be_tested(draft)


def test_a_draft_without_a_mapping_can_be_tested(draft: IdentityProvider) -> None:
    draft.claim_mappings.all().delete()
    assert missing(draft) == [Missing.MAPPING, Missing.TEST]
    assert can_be_tested(draft)


# Enabling


def test_a_tested_draft_can_be_enabled(draft: IdentityProvider) -> None:
    enable(passed(draft), ACTOR)
    after = IdentityProvider.objects.get()
    assert (draft.enabled, after.enabled) == (True, True)
    assert after.enabled_at == draft.enabled_at
    assert after.enabled_at is not None
    assert state_of(after) == State.ENABLED
    change = ConfigurationChange.objects.get()
    assert (change.actor, change.changes, change.note) == ("ann", {"enabled": [False, True]}, "")


def test_an_untested_draft_cannot_be_enabled(draft: IdentityProvider) -> None:
    with pytest.raises(NotTested):
        enable(draft, ACTOR)
    assert not IdentityProvider.objects.get().enabled
    assert notes() == []


def test_enabling_without_a_test_is_recorded(draft: IdentityProvider) -> None:
    enable(draft, ACTOR, override=True)
    assert IdentityProvider.objects.get().enabled
    assert notes() == [WITHOUT_TEST]


def test_an_override_does_not_enable_an_incomplete_draft(draft: IdentityProvider) -> None:
    draft.certificates.all().delete()
    with pytest.raises(NotComplete):
        enable(passed(draft), ACTOR, override=True)
    assert not IdentityProvider.objects.get().enabled


def test_a_draft_without_metadata_cannot_be_enabled(draft: IdentityProvider) -> None:
    draft.sso_url = ""
    with pytest.raises(NotComplete):
        enable(passed(draft), ACTOR, override=True)


def test_enabling_judges_the_stored_row(draft: IdentityProvider) -> None:
    stale = IdentityProvider.objects.get()
    passed(draft)
    IdentityProvider.objects.update(sso_url="https://evil.example/")
    with pytest.raises(NotTested):
        enable(draft, ACTOR)
    IdentityProvider.objects.update(sso_url=draft.sso_url)
    enable(stale, ACTOR)
    assert stale.enabled


def test_a_deleted_identity_provider_cannot_be_enabled(draft: IdentityProvider) -> None:
    IdentityProvider.objects.all().delete()
    with pytest.raises(NotComplete):
        enable(draft, ACTOR, override=True)


def test_disabling_needs_no_test_and_is_recorded(draft: IdentityProvider) -> None:
    enable(passed(draft), ACTOR)
    since = draft.enabled_at
    disable(draft, ACTOR)
    after = IdentityProvider.objects.get()
    assert (after.enabled, after.enabled_at) == (False, since)
    assert state_of(after) == State.SWITCHED_OFF
    assert ConfigurationChange.objects.count() == 2


def test_a_change_does_not_disable_an_identity_provider(draft: IdentityProvider) -> None:
    enable(passed(draft), ACTOR)
    draft.claim_mappings.all().delete()
    assert state_of(IdentityProvider.objects.get()) == State.ENABLED
    assert not is_tested(draft)


# Changes that need another test, and changes that do not


def changed(**columns: Any) -> Callable[[IdentityProvider], object]:
    return lambda row: IdentityProvider.objects.filter(pk=row.pk).update(**columns)


UNDO: dict[str, Callable[[IdentityProvider], object]] = {
    "the entity ID": changed(entity_id="https://other.example/"),
    "where people are sent": changed(sso_url="https://other.example/"),
    "how": changed(sso_binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"),
    "signed requests": changed(want_authn_requests_signed=True),
    "who is who": changed(subject_claim="mail"),
    "our entity ID": changed(sp_entity_id="urn:us"),
    "our ACS URL": changed(sp_acs_url="https://app.example/old/acs"),
    "who is created": changed(create_users=False),
    "who is attached": changed(link_existing_users=True),
    "sign-ins started from My Apps or another portal": changed(unsolicited="accept"),
    "the password": changed(force_authn=True),
    "the NameID": changed(name_id_format="urn:x"),
    "how people authenticate": changed(authn_contexts="urn:x"),
    "a certificate more": lambda row: SigningCertificate.objects.create(
        identity_provider=row, pem=rsa_key_pair("more").certificate
    ),
    "a certificate less": lambda row: row.certificates.all().delete(),
    "an expired certificate": lambda row: row.certificates.update(allow_expired=True),
    "a mapping more": lambda row: row.claim_mappings.create(target="department", sources="x"),
    "a mapping less": lambda row: row.claim_mappings.filter(target="email").delete(),
    "another claim": lambda row: row.claim_mappings.filter(target="email").update(sources="x"),
    "another transform": lambda row: row.claim_mappings.filter(target="email").update(
        transforms=[{"name": "lower"}]
    ),
    "a required claim": lambda row: row.claim_mappings.filter(target="email").update(required=True),
    "when it is written": lambda row: row.claim_mappings.update(sync="on_create"),
    "without a value": lambda row: row.claim_mappings.update(when_empty="clear"),
    "a group more": lambda row: map_group(row, "sales"),
    "a group less": lambda row: row.group_mappings.all().delete(),
    "another group": lambda row: row.group_mappings.update(group=GroupFactory.create()),
    "another value": lambda row: row.group_mappings.update(value="sales"),
}
KEEP: dict[str, Callable[[IdentityProvider], object]] = {
    "an e-mail domain": lambda row: EmailDomain.objects.create(
        identity_provider=row, domain="acme.example"
    ),
    "where the metadata comes from": changed(metadata_url="https://idp.example/metadata"),
    "a failed refresh": changed(metadata_error="metadata_fetch_failed", metadata_checked_at=LATER),
    "the kind": changed(preset="entra"),
    "the tenant": lambda row: IdentityProvider.objects.update(tenant=TenantFactory.create()),
    "a group's name there": lambda row: row.group_mappings.update(name="Finance"),
    "people": lambda row: ExternalIdentityFactory.create(identity_provider=row),
    "junk that was refused": lambda row: UnprovedRefusals.objects.create(
        identity_provider=row, count=7, counted_at=LATER
    ),
    "claims that came": lambda row: ObservedClaim.objects.create(
        identity_provider=row, name="a", name_digest="a", first_seen=LATER, last_seen=LATER
    ),
    "a setup link": lambda row: SetupLink.objects.create(identity_provider=row, expires_at=LATER),
    "that it is enabled": changed(enabled=True),
}


@pytest.mark.parametrize("change", UNDO.values(), ids=UNDO)
def test_a_change_of_what_a_sign_in_depends_on_needs_another_test(
    draft: IdentityProvider, change: Callable[[IdentityProvider], object]
) -> None:
    passed(draft)
    change(draft)
    assert not is_tested(IdentityProvider.objects.get())


@pytest.mark.parametrize("change", KEEP.values(), ids=KEEP)
def test_a_change_of_anything_else_needs_no_other_test(
    draft: IdentityProvider, change: Callable[[IdentityProvider], object]
) -> None:
    passed(draft)
    change(draft)
    assert is_tested(IdentityProvider.objects.get())


def test_rewriting_equal_rows_needs_no_other_test(
    draft: IdentityProvider,
) -> None:
    passed(draft)
    for relation in ("claim_mappings", "group_mappings", "certificates"):
        related: Any = getattr(draft, relation)
        rows = list(related.all())
        related.all().delete()
        for row in reversed(rows):
            row.pk = None
            row.save()
    assert is_tested(draft)


def test_reverting_a_change_restores_the_passed_test(draft: IdentityProvider) -> None:
    passed(draft)
    IdentityProvider.objects.update(create_users=False)
    assert not is_tested(draft)
    IdentityProvider.objects.update(create_users=True)
    assert is_tested(draft)


def test_an_empty_digest_does_not_count_as_a_test() -> None:
    row = IdentityProviderFactory.create()
    assert not is_tested(row)
    assert not ExternalIdentity.objects.exists()
