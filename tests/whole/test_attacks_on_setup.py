"""Attacks by a tenant's admin, or by the holder of a setup link, on whatever they can reach."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.test import Client
from django.urls import reverse

from jitprov.configuration import identity_providers
from jitprov.models import (
    GrantedGroup,
    IdentityProvider,
)
from jitprov.testing import FakeIdentityProvider
from tests.setup.pages import Page, errors_of
from tests.setup.pages import administrator_of as setup_administrator_of
from tests.support.admin_pages import administrator_of
from tests.support.factories import ExternalIdentityFactory, GroupFactory, UserFactory, connected

pytestmark = pytest.mark.django_db


def test_the_command_prints_no_control_characters(idp: IdentityProvider) -> None:
    user = UserFactory.create(first_name="Ann\x1b]0;owned\x07\x9b2J", username="ann")
    ExternalIdentityFactory.create(identity_provider=idp, user=user, external_id="a\nadmin: known")
    said = StringIO()
    call_command("explain_user", "ann", stdout=said)
    assert "\x1b" not in said.getvalue()
    assert "\x9b" not in said.getvalue()
    assert "\nadmin: known" not in said.getvalue()


def test_a_forged_row_grants_no_group(idp: IdentityProvider) -> None:
    browser = administrator_of(idp)
    identity = ExternalIdentityFactory.create(identity_provider=idp)
    other = ExternalIdentityFactory.create()
    theirs = GrantedGroup.objects.create(identity=other, group=GroupFactory.create())
    page = reverse("admin:jitprov_externalidentity_change", args=[identity.pk])
    for key in (str(theirs.pk), "999999", ""):
        for initial in ("0", "1"):
            answer = browser.post(
                page,
                {
                    "granted_groups-TOTAL_FORMS": "1",
                    "granted_groups-INITIAL_FORMS": initial,
                    "granted_groups-0-id": key,
                    "granted_groups-0-identity": str(identity.pk),
                    "granted_groups-0-group": str(GroupFactory.create().pk),
                    "granted_groups-0-DELETE": "on",
                    "active": "on",
                },
            )
            assert answer.status_code in {200, 302}, (key, initial)
    assert GrantedGroup.objects.count() == 1


@pytest.mark.parametrize(
    "address",
    [
        "/admin/jitprov/provisioningevent/?reason=%00",
        "/admin/jitprov/provisioningevent/?q=%00",
        "/admin/jitprov/provisioningevent/?q=%EF%BF%BF",
        "/admin/jitprov/provisioningevent/?details__a=%00",
        "/admin/jitprov/provisioningevent/?reference=%00",
        "/admin/jitprov/provisioningevent/?created_at__gte=%00",
        "/admin/jitprov/provisioningevent/?outcome__exact=%00",
        "/admin/jitprov/provisioningevent/?identity_provider__id__exact=%00",
        "/admin/jitprov/provisioningevent/?identity_provider__id__exact=99999999999999999999999",
        "/admin/jitprov/provisioningevent/?tenant__id__exact=x",
        "/admin/jitprov/provisioningevent/reference/%00/",
        "/admin/jitprov/provisioningevent/%00/change/",
        "/admin/jitprov/configurationchange/?what=%00",
        "/admin/jitprov/configurationchange/?actor=%00",
        "/admin/jitprov/configurationchange/?changes__a__b=1",
        "/admin/jitprov/identityprovider/?slug=%00",
        "/admin/jitprov/identityprovider/?enabled__exact=2",
        "/admin/jitprov/identityprovider/?tested_digest__regex=(",
        "/admin/jitprov/identityprovider/99999999999999999999999/change/",
        "/admin/jitprov/identityprovider/%00/change/",
        "/admin/jitprov/externalidentity/?external_id=%00",
        "/admin/jitprov/externalidentity/?q=%00",
        "/admin/jitprov/externalidentity/person/%00/",
        "/admin/jitprov/externalidentity/person/99999999999999999999999/",
    ],
)
def test_invalid_admin_urls_cause_no_server_error(idp: IdentityProvider, address: str) -> None:
    answer = administrator_of(idp).get(address)
    assert answer.status_code in {200, 302, 400, 404}


@pytest.mark.parametrize(
    "address",
    [
        "/saml/setup/tests/%00/",
        "/saml/setup/%00/",
        "/saml/setup/a%0d%0ab/",
        "/saml/acme/test/?token=%00",
        "/saml/acme/test/?token=%ED%A0%80:a:b",
        "/saml/%00/test/",
    ],
)
def test_invalid_public_urls_cause_no_server_error(idp: IdentityProvider, address: str) -> None:
    assert Client().get(address).status_code in {200, 302, 400, 403, 404}


@pytest.mark.parametrize(("column", "view"), [("sp_entity_id", "metadata"), ("sp_acs_url", "acs")])
def test_the_entity_id_and_acs_url_of_another_tenant_are_refused(
    idp: IdentityProvider, column: str, view: str
) -> None:
    theirs = connected(FakeIdentityProvider(), slug="globex")
    browser = Client()
    browser.force_login(setup_administrator_of(idp))
    page = Page(browser, idp)
    field = f"by_hand-{column}"

    refused = page.save({field: theirs.url(view)})

    assert field in errors_of(refused)
    # The error must not tell whether there is such a tenant.
    nobody = theirs.url(view).replace("globex", "nobody")
    assert errors_of(page.save({field: nobody}))[field] == errors_of(refused)[field]
    legacy = f"https://app.example/saml/{view}/"
    assert page.save({field: legacy}).status_code == 302
    assert page.save({field: idp.url(view)}).status_code == 302


def test_drafts_of_a_tenant_beyond_the_limit_are_refused(
    idp: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(identity_providers, "MAX_SWITCHED_OFF", 2)
    browser = administrator_of(idp)
    draft = {"tenant": idp.tenant_id, "preset": "entra", "slug": ""}

    for _ in range(5):
        browser.post(reverse("admin:jitprov_identityprovider_add"), draft)

    assert IdentityProvider.objects.filter(tenant=idp.tenant, enabled=False).count() == 2
