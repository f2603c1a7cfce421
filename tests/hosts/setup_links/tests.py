from __future__ import annotations

import re

import pytest
from django.contrib.auth import get_user_model
from django.core import mail

from jitprov.configuration import setup_links
from jitprov.journal.actors import Actor
from jitprov.models import IdentityProvider, SetupLink, Tenant, Via


@pytest.fixture
def acme(db):
    return Tenant.objects.create(slug="acme", name="Acme")


@pytest.fixture
def staff(client, acme):
    user = get_user_model().objects.create_superuser("staff")
    client.force_login(user)
    return user


def invite(client):
    return client.post("/customers/acme/invite/", {"email": "it@acme.example"})


def test_the_customers_admin_gets_a_valid_link(client, staff):
    assert invite(client).status_code == 302

    url = re.search(r"https://app\.example(\S+)", mail.outbox[0].body)[1]
    client.logout()
    page = client.get(url)
    token = url.rpartition("=")[2]
    assert "Continue" in page.content.decode()
    opened = client.post("/saml/setup/open/", {"token": token}, follow=True).content.decode()
    assert "Acme" in opened
    assert "it@acme.example" in opened


def test_an_invitation_makes_a_draft_that_is_switched_off(client, staff, acme):
    invite(client)

    row = IdentityProvider.objects.get(tenant=acme)
    assert (row.slug, row.enabled, row.is_draft) == ("acme", False, True)
    assert SetupLink.objects.get().created_by == staff


def test_a_link_that_is_revoked_opens_nothing(client, staff):
    invite(client)
    url = re.search(r"https://app\.example(\S+)", mail.outbox[0].body)[1]
    token = url.rpartition("=")[2]

    setup_links.revoke(SetupLink.objects.get(), Actor(via=Via.CODE, name="support"))

    assert client.post("/saml/setup/open/", {"token": token}).status_code == 404


def test_only_permitted_staff_can_invite(client, acme):
    client.force_login(get_user_model().objects.create_user("somebody"))
    assert invite(client).status_code == 403
    assert not SetupLink.objects.exists()
