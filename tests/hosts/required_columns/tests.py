from __future__ import annotations

from dataclasses import replace

import pytest
from acme.models import Company, User
from django.core.checks import run_checks
from django.core.management import call_command

from jitprov.models import ClaimMapping, ProvisioningEvent
from jitprov.provisioner import Provisioner, preview
from jitprov.provisioning.types import Claims, Create, Refuse, Source
from jitprov.testing import ANN
from jitprov.testing.person import EMAIL_CLAIM, NAME_CLAIM

NOBODY_FILLS = "jitprov.provisioner.Provisioner"


class WritesItself(Provisioner):
    def create_user(self, create):
        user = self.new_user(create)
        user.company = self.identity_provider.tenant
        user.save()
        return user


class ForgetsIt(Provisioner):
    def create_user(self, create):
        user = self.new_user(create)
        user.save()
        return user


class Approves(Provisioner):
    def new_user(self, create):
        user = super().new_user(create)
        user.company, user.is_active = self.identity_provider.tenant, False
        return user


@pytest.fixture
def row(fake, connect_identity_provider):
    company = Company.objects.create(slug="acme", domain="acme.example")
    return connect_identity_provider(fake, company)


def latest():
    event = ProvisioningEvent.objects.latest("pk")
    return event.outcome, event.reason, event.changed_fields


def said(**values):
    values = {NAME_CLAIM: ("ann",), EMAIL_CLAIM: ("ann@acme.example",), **values}
    return Claims(source=Source.SAML, external_id="ann", values=values)


def test_the_provisioner_fills_the_column(fake, row, saml_sign_in):
    assert isinstance(preview(row, said()).decision, Create)
    assert saml_sign_in(row, fake).status_code == 302
    assert User.objects.get().company.slug == "acme"


def test_nobody_fills_the_column(fake, row, saml_sign_in, settings):
    settings.JITPROV_PROVISIONER = NOBODY_FILLS
    refusal = preview(row, said()).decision
    assert isinstance(refusal, Refuse)
    assert (refusal.reason, refusal.fields) == ("account_invalid", ("company",))
    assert saml_sign_in(row, fake).status_code == 403
    assert latest() == ("refused", "account_invalid", ["company"])
    assert not User.objects.exists()
    assert [(one.id, "company" in one.msg) for one in run_checks()] == [("jitprov.W022", True)]


def test_the_host_writes_accounts_itself(fake, row, saml_sign_in, settings):
    settings.JITPROV_PROVISIONER = "tests.WritesItself"
    assert run_checks() == []
    assert isinstance(preview(row, said()).decision, Create)
    assert saml_sign_in(row, fake).status_code == 302


def test_the_database_says_no(fake, row, saml_sign_in, settings, caplog):
    settings.JITPROV_PROVISIONER = "tests.ForgetsIt"
    answer = saml_sign_in(row, fake)
    assert answer.status_code == 503
    assert latest() == ("error", "configuration_error", [])
    assert ProvisioningEvent.objects.latest("pk").reference in answer.content.decode()
    assert "company" in caplog.text
    assert ANN.email not in caplog.text
    assert not User.objects.exists()


def test_the_models_own_rules_hold_for_a_new_account(fake, row, saml_sign_in):
    stranger = replace(ANN, email="ann@globex.example")
    assert saml_sign_in(row, fake, stranger).status_code == 403
    assert latest() == ("refused", "account_invalid", ["email"])
    assert not User.objects.exists()
    assert saml_sign_in(row, fake).status_code == 302


def test_a_constraint_holds_for_new_and_for_known_people(fake, row, saml_sign_in, settings):
    settings.JITPROV_MAPPABLE_FIELDS = ["username", "email", "seat"]
    ClaimMapping.objects.create(identity_provider=row, sources="seat", target="seat", position=9)
    high = replace(ANN, extra={"seat": "1000"})
    assert saml_sign_in(row, fake, high).status_code == 403
    assert not User.objects.exists()
    assert saml_sign_in(row, fake, replace(ANN, extra={"seat": "999"})).status_code == 302
    assert saml_sign_in(row, fake, high).status_code == 403
    assert latest()[:2] == ("refused", "account_invalid")
    assert User.objects.get().seat == 999


def test_a_value_that_does_not_change_is_not_judged_again(fake, row, saml_sign_in):
    saml_sign_in(row, fake)
    Company.objects.update(domain="acme.test")
    assert saml_sign_in(row, fake).status_code == 302
    assert saml_sign_in(row, fake, replace(ANN, given_name="Anna")).status_code == 302


def test_an_account_that_must_be_approved_stays(fake, row, saml_sign_in, settings):
    settings.JITPROV_PROVISIONER = "tests.Approves"
    assert saml_sign_in(row, fake).status_code == 403
    assert latest()[:2] == ("refused", "account_disabled")
    event = ProvisioningEvent.objects.get()
    assert event.user == User.objects.get()
    User.objects.update(is_active=True)
    assert saml_sign_in(row, fake).status_code == 302


pytestmark = pytest.mark.django_db


def test_the_check_is_quiet_where_the_host_fills_it():
    call_command("check", fail_level="WARNING")
