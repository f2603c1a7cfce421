from __future__ import annotations

from dataclasses import replace

import pytest
from django.contrib.auth import get_user_model

from jitprov.models import EmailDomain, Tenant
from jitprov.testing import ANN, FakeIdentityProvider


@pytest.fixture
def acme(db):
    return Tenant.objects.create(slug="acme", name="Acme")


@pytest.fixture
def staff(acme, connect_identity_provider, fake):
    row = connect_identity_provider(fake, acme, slug="acme")
    EmailDomain.objects.create(identity_provider=row, domain="acme.example")
    return row


@pytest.fixture
def agency():
    return FakeIdentityProvider(tenant_id="agency")


@pytest.fixture
def temps(acme, connect_identity_provider, agency):
    row = connect_identity_provider(agency, acme, slug="acme-temps")
    EmailDomain.objects.create(identity_provider=row, domain="agency.example")
    return row


def people():
    return get_user_model().objects.count()


def test_people_choose_or_are_sent_by_their_address(client, staff, temps, agency):
    page = client.get("/saml/login/?tenant=acme&next=/reports/").content.decode()
    assert "/saml/acme/login/?next=%2Freports%2F" in page
    assert "/saml/acme-temps/login/?next=%2Freports%2F" in page
    sent = client.get("/saml/login/?email=tom@agency.example")
    assert sent["Location"].startswith(agency.sso_url)


def test_one_address_at_two_identity_providers_is_two_people(
    staff, temps, fake, agency, saml_sign_in
):
    saml_sign_in(staff, fake, ANN)
    assert saml_sign_in(temps, agency, replace(ANN, object_id="another")).status_code == 302
    assert people() == 2


def test_an_identity_provider_cannot_sign_people_of_another_in(staff, temps, agency, saml_sign_in):
    saml_sign_in(temps, agency, ANN)
    assert saml_sign_in(staff, agency, ANN).status_code == 403


@pytest.mark.parametrize(
    ("link", "status", "users"), [(True, 302, 1), (False, 403, 1)], ids=["allowed", "not allowed"]
)
def test_a_person_of_the_same_directory_is_linked_if_the_row_allows_it(
    acme, staff, fake, connect_identity_provider, saml_sign_in, link, status, users
):
    row = connect_identity_provider(fake, acme, slug="acme-admins", link_existing_users=link)
    saml_sign_in(staff, fake, ANN)
    assert saml_sign_in(row, fake, ANN).status_code == status
    assert people() == users
    assert row.identities.count() == int(link)


def test_the_same_identifier_in_another_directory_is_another_person(
    staff, temps, fake, agency, saml_sign_in
):
    temps.link_existing_users = True
    temps.save()
    saml_sign_in(staff, fake, ANN)
    saml_sign_in(temps, agency, ANN)
    assert people() == 2
