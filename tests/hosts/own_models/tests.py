from __future__ import annotations

from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from acme.models import Employee, Person
from django.contrib.auth.models import Group, Permission
from django.contrib.auth.signals import user_logged_in, user_login_failed
from django.db.models.signals import m2m_changed, post_save, pre_save

from jitprov.models import (
    ClaimMapping,
    ExternalIdentity,
    GroupMapping,
    ProvisioningEvent,
    Tenant,
)
from jitprov.provisioner import Provisioner
from jitprov.testing import ANN
from jitprov.testing.person import GROUPS_CLAIM

MARRIED = replace(ANN, surname="Arden")

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(fake, connect_identity_provider):
    return connect_identity_provider(fake, Tenant.objects.create(slug="acme", name="Acme"))


@contextmanager
def heard(signal, sender=None):
    calls = []

    def receive(**facts):
        calls.append(facts)

    signal.connect(receive, sender=sender)
    try:
        yield calls
    finally:
        signal.disconnect(receive, sender=sender)


def ann():
    return Employee._base_manager.earliest("pk")


def latest():
    return ProvisioningEvent.objects.latest("pk")


class Finds(Provisioner):
    def find(self, claims):
        stale = Employee.objects.first()
        Employee.objects.update(desk="4.12", is_active=True)  # meanwhile
        return stale


# save(), and fields that write themselves


def test_values_that_save_works_out_are_stored_at_every_write(fake, row, saml_sign_in):
    saml_sign_in(row, fake)
    assert (ann().sort_name, ann().version) == ("archer, ann", 1)
    saml_sign_in(row, fake, MARRIED)
    assert (ann().sort_name, ann().version) == ("arden, ann", 2)


def test_a_time_of_the_last_change_moves_with_a_change_and_with_nothing_else(
    fake, row, saml_sign_in
):
    saml_sign_in(row, fake)
    long_ago = datetime(2020, 1, 1, tzinfo=UTC)
    Person.objects.update(changed_at=long_ago)
    saml_sign_in(row, fake)
    assert ann().changed_at == long_ago
    saml_sign_in(row, fake, MARRIED)
    assert ann().changed_at > long_ago


def test_both_tables_of_an_inherited_user_are_written(fake, row, saml_sign_in, settings):
    settings.JITPROV_MAPPABLE_FIELDS = ["username", "email", "first_name", "last_name", "desk"]
    ClaimMapping.objects.create(identity_provider=row, sources="desk", target="desk", position=9)
    saml_sign_in(row, fake, replace(ANN, extra={"desk": "1.01"}))
    saml_sign_in(row, fake, replace(MARRIED, extra={"desk": "2.02"}))
    assert (ann().desk, ann().last_name) == ("2.02", "Arden")


def test_nothing_that_was_changed_meanwhile_is_written_back(fake, row, saml_sign_in, settings):
    settings.JITPROV_PROVISIONER = "tests.Finds"
    row.link_existing_users = True
    row.save()
    Employee.objects.create_user("ann", first_name="Anna", desk="1.01")
    assert saml_sign_in(row, fake).status_code == 302
    assert (ann().first_name, ann().desk) == ("Ann", "4.12")


# clean(), normal forms


def test_values_that_clean_fills_in_are_stored_with_a_new_account(fake, row, saml_sign_in):
    saml_sign_in(row, fake)
    assert ann().display_name == "Ann Archer"


def test_an_address_is_stored_as_the_manager_writes_it_and_then_stays(fake, row, saml_sign_in):
    loud = replace(ANN, email="Ann@ACME.example")
    for outcome in ("created", "unchanged"):
        assert saml_sign_in(row, fake, loud).status_code == 302
        assert ann().email == "ann@acme.example"
        assert latest().outcome == outcome


# Signals


def test_receivers_hear_of_each_write_and_may_change_it(fake, row, saml_sign_in):
    def shout(instance, **_):
        instance.desk = instance.desk.upper() or "lobby"

    pre_save.connect(shout, sender=Employee)
    try:
        with heard(post_save, Employee) as saved:
            saml_sign_in(row, fake)
            saml_sign_in(row, fake, MARRIED)
    finally:
        pre_save.disconnect(shout, sender=Employee)
    ours = [call for call in saved if call["update_fields"] != frozenset({"last_login"})]
    assert [call["created"] for call in ours] == [True, False]
    assert ann().desk == "LOBBY"


def test_receivers_hear_of_each_group(fake, row, saml_sign_in, settings):
    settings.JITPROV_ASSIGNABLE_GROUPS = ["Editors"]
    group = Group.objects.create(name="Editors")
    GroupMapping.objects.create(
        identity_provider=row, claim=GROUPS_CLAIM, value=ANN.groups[0], group=group
    )
    with heard(m2m_changed, Employee.groups.through) as heard_of:
        saml_sign_in(row, fake)
        saml_sign_in(row, fake, replace(ANN, groups=("other",)))
    done = [(call["action"], call["pk_set"]) for call in heard_of if "post" in call["action"]]
    assert done == [("post_add", {group.pk}), ("post_remove", {group.pk})]


def test_the_permissions_of_a_group_hold_from_the_sign_in_on(fake, row, saml_sign_in, settings):
    settings.JITPROV_ASSIGNABLE_GROUPS = ["Editors"]
    group = Group.objects.create(name="Editors")
    group.permissions.add(Permission.objects.get(codename="view_session"))
    GroupMapping.objects.create(
        identity_provider=row, claim=GROUPS_CLAIM, value=ANN.groups[0], group=group
    )
    with heard(user_logged_in) as entered:
        saml_sign_in(row, fake)
    assert entered[0]["user"].has_perm("sessions.view_session")


def test_a_sign_in_is_one_like_any_other(fake, row, saml_sign_in):
    with heard(user_logged_in) as entered:
        saml_sign_in(row, fake)
    assert [call["user"].username for call in entered] == [ANN.upn]
    assert ann().last_login is not None


# Whom the default manager hides


def test_nobody_comes_in_whom_the_default_manager_hides(fake, row, saml_sign_in, client):
    saml_sign_in(row, fake)
    client.logout()
    Person.objects.update(left_on=date(2026, 1, 31))
    with heard(user_login_failed) as failed:
        assert saml_sign_in(row, fake, MARRIED).status_code == 403
    assert (latest().outcome, latest().reason) == ("refused", "host_denied")
    assert latest().user == ann()
    assert (ann().last_name, len(failed)) == ("Archer", 1)
    assert "_auth_user_id" not in client.session
    assert ExternalIdentity.objects.get().user == ann()


def test_a_hidden_persons_names_are_not_given_to_somebody_else(fake, row, saml_sign_in):
    saml_sign_in(row, fake)
    Person.objects.update(left_on=date(2026, 1, 31))
    other = replace(ANN, object_id="other")
    assert saml_sign_in(row, fake, other).status_code == 302
    assert ann().username == ANN.upn != Employee.objects.get().username
