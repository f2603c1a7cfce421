"""Metadata is imported into an existing row, and each import is recorded."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from jitprov.journal.actors import Actor
from jitprov.metadata import source
from jitprov.metadata.importing import ImportResult, import_metadata
from jitprov.metadata.source import ImportRefused
from jitprov.models import ConfigurationChange, ExternalIdentity, IdentityProvider, Tenant, Via
from jitprov.provisioning.presets import Preset
from tests.saml.documents import entity, idp_role, key_descriptor, signed
from tests.support.factories import (
    ENTRA_MAPPINGS,
    ExternalIdentityFactory,
    IdentityProviderFactory,
    TenantFactory,
    UserFactory,
)
from tests.support.federations import federation, members
from tests.support.importing import ENTRA_ID, ENTRA_URL, NOW, Runner, entra, key_pair

pytestmark = pytest.mark.django_db

URL = "https://login.microsoftonline.com/x/metadata.xml?appid=1"
OBJECT_ID = "http://schemas.microsoft.com/identity/claims/objectidentifier"


@pytest.fixture
def draft() -> IdentityProvider:
    row: IdentityProvider = IdentityProviderFactory.create(
        slug="draft", entity_id="", sso_url="", subject_claim="", enabled=False
    )
    return row


def load(document: str, into: IdentityProvider, **options: Any) -> ImportResult:
    result = import_metadata(document.encode(), into=into, **options)
    into.refresh_from_db()
    return result


def changes() -> list[tuple[str, str, str]]:
    return list(ConfigurationChange.objects.order_by("pk").values_list("what", "label", "action"))


# Drafts


def test_a_draft_takes_everything_from_its_metadata(draft: IdentityProvider) -> None:
    result = load(entra(), draft)
    assert (draft.entity_id, draft.sso_url, draft.preset) == (ENTRA_ID, ENTRA_URL, "entra")
    assert draft.subject_claim == OBJECT_ID
    assert not draft.enabled
    assert not draft.is_draft
    assert draft.certificates.count() == 1
    assert result.mapped_fields == tuple(target for target, _ in ENTRA_MAPPINGS)
    assert not result.created
    assert result.identity_provider.pk == draft.pk


def test_a_draft_keeps_what_was_chosen_before(draft: IdentityProvider) -> None:
    draft.preset, draft.subject_claim = Preset.OKTA.value, "employee"
    draft.save()
    draft.claim_mappings.create(target="email", sources="mail")
    result = load(entra(), draft)
    assert (draft.preset, draft.subject_claim) == ("okta", "employee")
    assert list(draft.claim_mappings.values_list("target", flat=True)) == ["email"]
    assert result.mapped_fields == ()


def test_a_draft_takes_a_preset_that_is_given(draft: IdentityProvider) -> None:
    load(entity(idp_role(keys=key_descriptor(key_pair()))), draft, preset=Preset.ENTRA)
    assert (draft.preset, draft.subject_claim) == ("entra", OBJECT_ID)


def test_an_emptied_mapping_is_not_filled_again(draft: IdentityProvider) -> None:
    load(entra(), draft)
    draft.claim_mappings.all().delete()
    load(entra(url="https://idp.example/new"), draft)
    assert not draft.claim_mappings.exists()


# A row that is there


def test_exactly_this_row_is_changed_although_others_fit(draft: IdentityProvider) -> None:
    other = IdentityProviderFactory.create(tenant=draft.tenant, entity_id=ENTRA_ID)
    load(entra(), draft)
    assert draft.entity_id == ENTRA_ID
    assert not other.certificates.exists()


def test_another_entity_id_is_taken_and_said(draft: IdentityProvider) -> None:
    load(entra(), draft)
    ExternalIdentityFactory.create(identity_provider=draft, user=UserFactory.create())
    result = load(entra(entity_id="https://other.example/"), draft, dry_run=True)
    assert result.linked_people == 1
    assert [(one.field, one.before, one.after) for one in result.changes] == [
        ("entity_id", ENTRA_ID, "https://other.example/")
    ]


def test_a_dry_run_changes_nothing_and_leaves_no_trace(draft: IdentityProvider) -> None:
    result = load(entra(), draft, dry_run=True)
    assert result.changed
    assert draft.is_draft
    assert not draft.certificates.exists()
    assert changes() == []


def test_a_deleted_row_is_refused(draft: IdentityProvider) -> None:
    gone = IdentityProvider.objects.get(pk=draft.pk)
    draft.delete()
    with pytest.raises(ImportRefused, match="deleted"):
        import_metadata(entra().encode(), into=gone)
    assert not IdentityProvider.objects.exists()


# From where


def test_the_url_is_remembered_and_an_old_failure_forgotten(draft: IdentityProvider) -> None:
    IdentityProvider.objects.update(metadata_error="metadata_fetch_failed")
    result = load(entra(), draft, metadata_url=URL, now=NOW)
    assert (draft.metadata_url, draft.metadata_checked_at) == (URL, NOW)
    assert draft.metadata_error == ""
    assert "metadata_checked_at" not in {one.field for one in result.changes}


def test_a_file_leaves_the_url_alone(draft: IdentityProvider) -> None:
    load(entra(), draft, metadata_url=URL, now=NOW)
    load(entra(url="https://idp.example/new"), draft)
    assert (draft.metadata_url, draft.metadata_checked_at) == (URL, NOW)


def test_the_same_metadata_again_is_no_change(draft: IdentityProvider) -> None:
    load(entra(), draft, metadata_url=URL)
    before, seen = changes(), draft.updated_at
    assert not load(entra(), draft, metadata_url=URL, now=NOW).changed
    assert (changes(), draft.updated_at, draft.metadata_checked_at) == (before, seen, NOW)


def test_a_new_certificate_alone_changes_the_row_s_time(draft: IdentityProvider) -> None:
    load(entra(), draft)
    seen = draft.updated_at
    load(entra(key_pair(), key_pair("ec")), draft)
    assert draft.updated_at > seen


@pytest.mark.parametrize(("verified", "remembered"), [(False, URL), (True, "")])
def test_the_command_remembers_a_url_that_can_be_asked_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, verified: bool, remembered: str
) -> None:
    TenantFactory.create(slug="acme")
    run = Runner(tmp_path, monkeypatch)
    pair = key_pair()
    document = signed(entra(pair), pair) if verified else entra(pair)
    monkeypatch.setattr(source, "fetch_metadata", lambda url, **_: document.encode())
    args = ["--verify-with", run.file(pair.certificate, "trusted.pem")] if verified else []
    run.source(URL, *args)
    assert IdentityProvider.objects.get().metadata_url == remembered


# What is written down


def test_an_import_is_written_down_with_who_did_it(draft: IdentityProvider) -> None:
    user = UserFactory.create(username="ann")
    load(entra(), draft, actor=Actor.person(user))
    assert ("identity_provider", "draft", "changed") in changes()
    assert {what for what, _, action in changes() if action == "added"} == {
        "certificate",
        "claim_mapping",
    }
    written = ConfigurationChange.objects.first()
    assert written is not None
    assert (written.user, written.actor, written.via) == (user, "ann", Via.ADMIN)
    assert written.tenant == draft.tenant


def test_without_an_actor_the_application_is_recorded(draft: IdentityProvider) -> None:
    load(entra(), draft)
    assert set(ConfigurationChange.objects.values_list("actor", "via")) == {
        ("import_metadata", "code")
    }


def test_the_command_says_who_ran_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    TenantFactory.create(slug="acme")
    Runner(tmp_path, monkeypatch)(entra())
    written = ConfigurationChange.objects.filter(what="identity_provider").get()
    assert written.via == Via.COMMAND
    assert written.actor.startswith("import_idp_metadata (")
    assert (written.action, written.identity_provider) == (
        "added",
        IdentityProvider.objects.get(),
    )


def test_a_federation_s_rows_are_written_down_each(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = federation(tmp_path, monkeypatch)
    run.many(members(3), 3)
    added = ConfigurationChange.objects.filter(what="identity_provider", action="added")
    assert set(added.values_list("slug", "tenant__slug")) == {
        (f"idp-{number}", "acme") for number in range(3)
    }
    assert ConfigurationChange.objects.filter(what="certificate", action="added").count() == 3
    assert ConfigurationChange.objects.filter(via=Via.COMMAND).count() == len(changes())
    before = changes()
    run.many(members(3), 3)
    assert changes() == before, "nothing changed"


def test_a_federation_s_dry_run_leaves_no_trace(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    federation(tmp_path, monkeypatch).many(members(3), 3, "--dry-run")
    assert changes() == []
    assert Tenant.objects.count() == 2
    assert not ExternalIdentity.objects.exists()
