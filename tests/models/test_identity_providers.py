"""A draft may lack values that an enabled identity provider needs; e-mail domains are stored as they are compared."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from jitprov.models import EmailDomain, IdentityProvider
from tests.support.factories import IdentityProviderFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> IdentityProvider:
    return IdentityProviderFactory.create()


def test_a_draft_may_be_empty_until_it_is_enabled() -> None:
    draft = IdentityProviderFactory.create(entity_id="", sso_url="", enabled=False)

    draft.full_clean()
    assert draft.is_draft
    draft.enabled = True
    with pytest.raises(ValidationError) as refusal:
        draft.full_clean()
    assert set(refusal.value.message_dict) == {"entity_id", "sso_url"}


@pytest.mark.parametrize("missing", ["entity_id", "sso_url"])
def test_each_missing_value_of_a_draft_is_asked_for(missing: str) -> None:
    row = IdentityProviderFactory.build(**{missing: ""})

    assert row.is_draft
    with pytest.raises(ValidationError) as refusal:
        row.clean()
    assert set(refusal.value.message_dict) == {missing}


@pytest.mark.parametrize("typed", ["acme.example", "ACME.Example", " acme.example\n"])
def test_a_domain_is_kept_as_discovery_compares_it(row: IdentityProvider, typed: str) -> None:
    domain = EmailDomain.objects.create(identity_provider=row, domain=typed)

    assert domain.domain == "acme.example"


def test_a_domain_in_other_letters_is_taken_already(row: IdentityProvider) -> None:
    EmailDomain.objects.create(identity_provider=row, domain="acme.example")

    with pytest.raises(ValidationError, match="already exists"):
        EmailDomain(identity_provider=row, domain="ACME.example").full_clean()
