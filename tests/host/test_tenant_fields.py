"""A host says for each tenant which user fields it may map to, and that holds everywhere."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pytest
from django.test import Client

from jitprov.configuration.identity_providers import preset_mappings
from jitprov.host.tenant_fields import fields_of, has_own_fields
from jitprov.host.user_fields import mappable_fields
from jitprov.mapping_review.review import review
from jitprov.models import ClaimMapping, IdentityProvider
from jitprov.provisioner import Provisioner, Rules, provision
from jitprov.provisioning.types import Claims, Note, Source
from jitprov.status.attention import attention_for
from tests.api.client import Api
from tests.setup.pages import Page, administrator_of, errors_of
from tests.support.factories import IdentityProviderFactory

pytestmark = pytest.mark.django_db


class ByTenant(Provisioner):
    """Lets one tenant map to the department too, and never to what nobody may map to."""

    def mappable_fields(self) -> Collection[str]:
        if self.identity_provider.tenant.slug == "large":
            return ("username", "department", "is_superuser")
        return ("username",)


@pytest.fixture
def large(settings: Any) -> IdentityProvider:
    settings.JITPROV_PROVISIONER = f"{__name__}.ByTenant"
    return IdentityProviderFactory.create(tenant__slug="large", slug="large", preset="entra")


@pytest.fixture
def small(large: IdentityProvider) -> IdentityProvider:
    return IdentityProviderFactory.create(tenant__slug="small", slug="small", preset="entra")


def mapped(row: IdentityProvider) -> ClaimMapping:
    return ClaimMapping.objects.create(
        identity_provider=row, position=0, sources="dep", target="department"
    )


def api_of(row: IdentityProvider) -> Api:
    client = Client()
    client.force_login(administrator_of(row))
    return Api(client)


def test_without_the_method_the_setting_counts(idp: IdentityProvider) -> None:
    assert not has_own_fields()
    assert fields_of(idp) == mappable_fields()


def test_each_tenant_has_its_fields_and_nobody_the_forbidden_ones(
    large: IdentityProvider, small: IdentityProvider
) -> None:
    assert has_own_fields()
    assert set(fields_of(large)) == {"username", "department"}
    assert set(fields_of(small)) == {"username"}


def test_a_sign_in_writes_what_the_tenant_may_map_to(
    large: IdentityProvider, small: IdentityProvider
) -> None:
    claims = Claims(source=Source.SAML, external_id="1", values={"dep": ("Sales",)})
    for row, department in ((large, "Sales"), (small, "")):
        mapped(row)
        done = provision(row, claims)
        assert getattr(done.user, "department") == department  # noqa: B009 -- of the host's model
        assert (Note.FIELD_NOT_MAPPABLE.value in done.event.notes) is (row is small)


def test_the_page_and_the_api_offer_and_take_only_these(
    large: IdentityProvider, small: IdentityProvider, client: Client
) -> None:
    for row, names in ((large, {"username", "department"}), (small, {"username"})):
        offered = api_of(row).get(f"identity-providers/{row.slug}/choices/").json["user_fields"]
        assert {one["name"] for one in offered} == names
    sent = {"sources": ["dep"], "target": "department"}
    path = "identity-providers/{}/claim-mappings/"
    assert api_of(large).post(path.format("large"), sent).status == 201
    assert api_of(small).post(path.format("small"), sent).status == 400

    client.force_login(administrator_of(small))
    page = Page(client, small)
    typed = page.add_row("claim_mappings", {"sources": "dep", "target": "department"})
    assert "claim_mappings-0-target" in errors_of(page.press("_save", "Save", typed))


def test_presets_reviews_and_what_needs_attention_follow(
    large: IdentityProvider, small: IdentityProvider
) -> None:
    assert {row.target for row in preset_mappings(large)} == {"username"}
    rule = mapped(small).as_rule()
    found = review(small, Rules(claim_rules=(rule,), group_rules=()))
    assert any(remark.target == "department" for remark in found)
    assert "field_not_mappable" not in {one.code for one in attention_for(large)}
