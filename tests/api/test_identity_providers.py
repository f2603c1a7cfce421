"""Identity providers in the API: list, add, read, change, enable, disable and remove, with the record of changes."""

from __future__ import annotations

from typing import Any

import pytest

from jitprov.journal.audit import configuration_digest
from jitprov.models import ConfigurationChange, EmailDomain, IdentityProvider, Via
from tests.api.client import Api
from tests.support.factories import IdentityProviderFactory, TenantFactory

pytestmark = pytest.mark.django_db

ACME = "identity-providers/acme/"


def mark_tested(idp: IdentityProvider) -> None:
    IdentityProvider.objects.filter(pk=idp.pk).update(tested_digest=configuration_digest(idp))


def test_the_list_has_only_the_tenants_own_rows(ours: Api, idp: IdentityProvider) -> None:
    IdentityProviderFactory.create(slug="theirs")

    answer = ours.get("identity-providers/")

    assert [one["slug"] for one in answer.json["results"]] == ["acme"]
    assert answer.json["results"][0]["tenant"] == {
        "id": idp.tenant.slug,
        "name": idp.tenant.name,
    }
    assert answer.json["next"] is None


def test_the_list_can_be_filtered(superuser: Api, idp: IdentityProvider) -> None:
    other = IdentityProviderFactory.create(slug="other", enabled=False, entity_id="urn:other")

    def slugs(**query: Any) -> list[str]:
        return [
            one["slug"] for one in superuser.get("identity-providers/", **query).json["results"]
        ]

    assert slugs() == ["acme", "other"]
    assert slugs(enabled="false") == ["other"]
    assert slugs(tenant=other.tenant.slug) == ["other"]
    assert slugs(search="URN:OTH") == ["other"]
    assert slugs(search="acm") == ["acme"]


def test_an_unknown_query_parameter_is_refused(ours: Api) -> None:
    answer = ours.get("identity-providers/", tennant="acme")

    assert answer.status == 400
    assert answer.codes == {"tennant": ["unknown"]}


def test_a_draft_has_the_mappings_of_its_preset(ours: Api, idp: IdentityProvider) -> None:
    answer = ours.post(
        "identity-providers/", {"tenant": idp.tenant.slug, "slug": "acme-2", "preset": "entra"}
    )

    assert answer.status == 201
    assert answer.json["enabled"] is False
    assert answer.json["is_draft"] is True
    assert answer.json["state"] == "draft"
    assert [one["code"] for one in answer.json["missing"]] == ["metadata", "certificate", "test"]
    row = IdentityProvider.objects.get(slug="acme-2")
    assert row.claim_mappings.exists()
    assert ConfigurationChange.objects.filter(identity_provider=row, via=Via.API).exists()


def test_a_draft_without_a_slug_gets_a_generated_one(ours: Api, idp: IdentityProvider) -> None:
    answer = ours.post("identity-providers/", {"tenant": idp.tenant.slug})

    assert answer.json["slug"] == idp.tenant.slug


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({}, {"tenant": ["required"]}),
        ({"tenant": 1}, {"tenant": ["invalid"]}),
        ({"tenant": "nobody"}, {"tenant": ["invalid_choice"]}),
        ({"tenant": "ours", "slug": "no slug"}, {"slug": ["invalid"]}),
        ({"tenant": "ours", "slug": "acme"}, {"slug": ["unique"]}),
        ({"tenant": "ours", "preset": "of ours"}, {"preset": ["invalid_choice"]}),
        ({"tenant": "ours", "enabled": True}, {"enabled": ["unknown"]}),
    ],
)
def test_an_invalid_draft_is_refused_at_its_field(
    ours: Api, idp: IdentityProvider, body: dict[str, Any], codes: dict[str, list[str]]
) -> None:
    if body.get("tenant") == "ours":
        body = {**body, "tenant": idp.tenant.slug}

    answer = ours.post("identity-providers/", body)

    assert (answer.status, answer.json["code"]) == (400, "invalid")
    assert answer.codes == codes


def test_an_identity_provider_lists_our_values_with_their_places(
    ours: Api, idp: IdentityProvider
) -> None:
    IdentityProvider.objects.update(preset="entra")
    EmailDomain.objects.create(identity_provider=idp, domain="acme.example")

    answer = ours.get(ACME)

    values = {one["value"]: one for one in answer.json["our_values"]}
    assert values["acs_url"]["content"] == "https://app.example/saml/acme/acs/"
    assert values["acs_url"]["path"]
    assert values["acs_url"]["field"]
    assert answer.json["email_domains"] == ["acme.example"]
    assert answer.json["certificates"][0]["fingerprint"] == idp.certificates.get().fingerprint


def test_only_the_sent_fields_are_changed_and_recorded(ours: Api, idp: IdentityProvider) -> None:
    answer = ours.patch(ACME, {"create_users": False, "sso_url": "https://idp.example/sso"})

    assert answer.status == 200
    assert answer.json["create_users"] is False
    idp.refresh_from_db()
    assert idp.sso_url == "https://idp.example/sso"
    change = ConfigurationChange.objects.get()
    assert change.via == Via.API
    assert change.changes["create_users"] == [True, False]


@pytest.mark.parametrize(
    ("body", "codes"),
    [
        ({"sso_url": "nowhere/at all"}, {"sso_url": ["invalid"]}),
        ({"sso_url": "http://idp.example/"}, {"sso_url": ["invalid"]}),
        ({"entity_id": "a\nb"}, {"entity_id": ["invalid"]}),
        ({"link_existing_users": True}, {"link_existing_users": ["permission_denied"]}),
        ({"allow_privileged": True}, {"allow_privileged": ["permission_denied"]}),
        ({"sso_url": ""}, {"sso_url": ["invalid"]}),
        ({"create_users": "no"}, {"create_users": ["invalid"]}),
        ({"create_users": 1}, {"create_users": ["invalid"]}),
        ({"unsolicited": "shrug"}, {"unsolicited": ["invalid_choice"]}),
        ({"entity_id": "x" * 1025}, {"entity_id": ["max_length"]}),
        ({"slug": "another"}, {"slug": ["unknown"]}),
        ({"tenant": 2}, {"tenant": ["unknown"]}),
        ({"enabled": True}, {"enabled": ["unknown"]}),
    ],
)
def test_an_invalid_change_is_refused_at_its_field(
    ours: Api, idp: IdentityProvider, body: dict[str, Any], codes: dict[str, list[str]]
) -> None:
    answer = ours.patch(ACME, body)

    assert answer.status == 400
    assert answer.codes == codes
    assert not ConfigurationChange.objects.exists()


@pytest.mark.parametrize("column", ["link_existing_users", "allow_privileged"])
def test_a_superuser_may_allow_what_a_tenant_may_not(
    superuser: Api, idp: IdentityProvider, column: str
) -> None:
    assert superuser.patch(ACME, {column: True}).json[column] is True


def test_a_change_without_effect_is_not_recorded(ours: Api, idp: IdentityProvider) -> None:
    assert ours.patch(ACME, {}).status == 200
    assert ours.patch(ACME, {"create_users": True}).status == 200
    assert not ConfigurationChange.objects.exists()


def test_an_identity_provider_is_enabled_only_after_a_test(
    ours: Api, idp: IdentityProvider
) -> None:
    IdentityProvider.objects.update(enabled=False)

    refused = ours.post(ACME + "enable/", {})
    assert (refused.status, refused.json["code"]) == (409, "not_tested")

    mark_tested(idp)
    assert ours.post(ACME + "enable/", {}).json["enabled"] is True
    assert ours.post(ACME + "disable/").json["enabled"] is False


def test_a_draft_without_metadata_cannot_be_enabled(ours: Api, idp: IdentityProvider) -> None:
    IdentityProvider.objects.update(enabled=False, sso_url="")

    answer = ours.post(ACME + "enable/", {})

    assert (answer.status, answer.json["code"]) == (409, "not_complete")


def test_only_a_superuser_may_enable_without_a_test(
    ours: Api, superuser: Api, idp: IdentityProvider
) -> None:
    IdentityProvider.objects.update(enabled=False)

    assert ours.post(ACME + "enable/", {"override": True}).status == 403
    assert superuser.post(ACME + "enable/", {"override": True}).json["state"] != "draft"
    assert ConfigurationChange.objects.get().note


def test_an_identity_provider_can_be_removed(ours: Api, idp: IdentityProvider) -> None:
    assert ours.delete(ACME).status == 204
    assert not IdentityProvider.objects.exists()
    assert ConfigurationChange.objects.filter(action="removed", what="identity_provider").exists()


def test_lists_are_paged(superuser: Api) -> None:
    tenant = TenantFactory.create()
    for number in range(5):
        IdentityProviderFactory.create(slug=f"row-{number}", tenant=tenant)

    first = superuser.get("identity-providers/", limit=2).json
    second = superuser.get("identity-providers/", limit=2, after=first["next"]).json
    third = superuser.get("identity-providers/", limit=2, after=second["next"]).json

    found = [one["slug"] for page in (first, second, third) for one in page["results"]]
    assert found == [f"row-{number}" for number in range(5)]
    assert third["next"] is None
