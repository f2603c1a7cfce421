from __future__ import annotations

from dataclasses import replace
from io import StringIO

import pytest
from customers.models import Customer, Domain
from desks.models import Member
from desks.sso import DeskProvisioner
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django_tenants.utils import schema_context

from jitprov.models import ProvisioningEvent
from jitprov.provisioner import ProvisioningRefused
from jitprov.provisioning.types import RefusalReason, Refuse
from jitprov.testing import ANN, FakeIdentityProvider
from jitprov.testing.round_trip import SignIn, connect

User = get_user_model()


@pytest.fixture
def customers(db):
    """Return two customers, each with its own schema, and the public one."""
    found = {}
    for name in ("public", "acme", "globex"):
        found[name] = Customer(schema_name=name, name=name.title())
        found[name].save(verbosity=0)
        domain = "app.example" if name == "public" else f"{name}.app.example"
        Domain.objects.create(domain=domain, tenant=found[name], is_primary=True)
    yield found
    connection.set_schema_to_public()


@pytest.fixture
def rows(customers):
    """Return the identity providers of both, by slug."""
    return {
        slug: connect(FakeIdentityProvider(tenant_id=slug), customers[slug], slug=slug)
        for slug in ("acme", "globex")
    }


@pytest.fixture
def browser():
    return Client(headers={"host": "app.example"})


def sign_in(browser, row, department="Design"):
    fake = FakeIdentityProvider(tenant_id=row.slug)
    person = replace(ANN, extra={"department": department})
    home = f"https://{row.slug}.app.example/members/"
    return SignIn(browser)(row, fake, person, next_url=home)


def members(schema):
    with schema_context(schema):
        return list(Member.objects.values_list("user__email", "department"))


def test_a_member_is_written_to_the_customers_schema_and_the_user_to_the_public_one(rows, browser):
    assert sign_in(browser, rows["acme"])["Location"] == "https://acme.app.example/members/"
    sign_in(browser, rows["acme"], "Sales")
    assert members("acme") == [(ANN.email, "Sales")]
    assert members("globex") == []
    assert User.objects.count() == 1
    assert [item.outcome for item in ProvisioningEvent.objects.all()] == ["unchanged", "created"]


def test_the_same_person_at_another_customer_is_somebody_else(rows, browser):
    sign_in(browser, rows["acme"])
    sign_in(browser, rows["globex"], "Sales")
    assert User.objects.count() == 2
    assert members("acme") == [(ANN.email, "Design")]
    assert members("globex") == [(ANN.email, "Sales")]


def test_the_session_works_at_the_customers_address_and_at_no_other(rows, browser):
    sign_in(browser, rows["acme"])
    at_home = browser.get("/members/", headers={"host": "acme.app.example"}).json()
    elsewhere = browser.get("/members/", headers={"host": "globex.app.example"}).json()
    assert at_home == {"mine": True, "people": [[ANN.email, "Design"]]}
    assert elsewhere == {"mine": False, "people": []}


class FullHouse(DeskProvisioner):
    def write_related(self, user, desired):
        super().write_related(user, desired)
        raise ProvisioningRefused(Refuse(reason=RefusalReason.CREATION_DISABLED))


def test_a_refused_person_leaves_no_row_in_either_schema(rows, browser, settings):
    settings.JITPROV_PROVISIONER = "tests.FullHouse"
    assert sign_in(browser, rows["acme"]).status_code == 403
    assert members("acme") == []
    assert not User.objects.exists()
    assert ProvisioningEvent.objects.get().reason == "creation_disabled"


def test_an_import_names_the_customer_by_its_schema(customers, tmp_path):
    file = tmp_path / "metadata.xml"
    file.write_text(FakeIdentityProvider().metadata_xml())
    call_command("import_idp_metadata", str(file), "--tenant=acme", stdout=StringIO())
    assert customers["acme"].identity_providers.count() == 1
