from __future__ import annotations

import re

import pytest
from acme.models import Customer
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.test import Client

from jitprov.models import IdentityProvider, TenantAdministrator


@pytest.fixture
def tenants(db):
    for name in ("Editors", "Acme: payroll", "Owners of everything"):
        Group.objects.create(name=name)
    return [Customer.objects.create(slug=name, name=name.title()) for name in ("acme", "globex")]


def staff(name, **columns):
    return get_user_model().objects.create_user(name, is_staff=True, **columns)


def browser_of(user):
    client = Client()
    client.force_login(user)
    return client


def make_draft(client, tenant):
    return client.post(
        "/admin/jitprov/identityprovider/add/", {"tenant": tenant.pk, "preset": "entra"}
    )


def by_row(tenant):
    user = staff("by-row")
    TenantAdministrator.objects.create(user=user, tenant=tenant)
    return user


def by_our_own_model(tenant):
    tenant.looked_after_by = staff("by-us")
    tenant.save()
    return tenant.looked_after_by


@pytest.mark.parametrize("administrator", [by_row, by_our_own_model])
def test_an_administrator_connects_their_own_tenant_and_sees_no_other(administrator, tenants):
    acme, globex = tenants
    elsewhere = IdentityProvider.objects.create(tenant=globex, slug="globex", enabled=False)
    client = browser_of(administrator(acme))

    page = client.get(make_draft(client, acme)["Location"]).content.decode()

    assert "Their metadata" in page
    assert client.get(f"/admin/jitprov/identityprovider/{elsewhere.pk}/change/").status_code == 404
    assert make_draft(client, globex).status_code == 200  # the form again, with an error
    assert "globex" not in client.get("/admin/jitprov/identityprovider/").content.decode()
    assert IdentityProvider.objects.filter(tenant=globex).count() == 1


def test_users_need_a_tenant_and_the_staff_status_to_see_anything(tenants):
    assert "jitprov" not in browser_of(staff("staff")).get("/admin/").content.decode()
    nobody = by_row(tenants[0])
    nobody.is_staff = False
    nobody.save()
    assert browser_of(nobody).get("/admin/jitprov/identityprovider/").status_code == 302


def options_of(client, page):
    return re.findall(r"<option[^>]*>([^<]+)</option>", client.get(page).content.decode())


def test_administrators_are_offered_the_groups_that_the_host_allows_the_tenant(tenants):
    offered = []
    for tenant in tenants:
        client = browser_of(get_user_model().objects.create_superuser(tenant.slug))
        offered.append(options_of(client, make_draft(client, tenant)["Location"]))

    assert all("Department" in one and "Editors" in one for one in offered)
    assert not any("Cost centre" in one or "Owners of everything" in one for one in offered)
    assert ["Acme: payroll" in one for one in offered] == [True, False]


def test_the_pages_work_under_the_policy(tenants):
    client = browser_of(by_row(tenants[0]))
    address = make_draft(client, tenants[0])["Location"]
    for page in ("/admin/", address):
        answer = client.get(page)
        assert "unsafe-inline" not in answer["Content-Security-Policy"]
        html = answer.content.decode()
        assert not re.search(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=", html)
