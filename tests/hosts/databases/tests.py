from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from acme.models import Desk
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connections
from django.test import Client

from jitprov.models import ConsumedAssertion, GroupMapping, ProvisioningEvent, Tenant
from jitprov.provisioner import Provisioner
from jitprov.signals import account_provisioned, login_refused
from jitprov.testing import ANN
from jitprov.testing.person import GROUPS_CLAIM
from jitprov.testing.round_trip import SignIn, connect

pytestmark = pytest.mark.django_db(transaction=True, databases=["default", "accounts"])
User = get_user_model()


@pytest.fixture
def acme(fake):
    return connect(fake, Tenant.objects.create(slug="acme", name="Acme"))


def tables(alias):
    return set(connections[alias].introspection.table_names())


def test_each_table_is_in_its_database():
    assert {"auth_user", "jitprov_tenant", "jitprov_externalidentity"} <= tables("accounts")
    assert not {name for name in tables("default") if name.startswith(("jitprov_", "auth_"))}
    assert {"acme_desk", "django_session"} <= tables("default")


def test_a_person_is_created_and_updated_with_groups_and_related_rows(acme, fake, saml_sign_in):
    group = get_user_model().groups.rel.model.objects.create(name="Editors")
    GroupMapping.objects.create(
        identity_provider=acme, claim=GROUPS_CLAIM, value=ANN.groups[0], group=group
    )
    assert saml_sign_in(acme, fake).status_code == 302
    assert saml_sign_in(acme, fake).status_code == 302
    ann = User.objects.using("accounts").get()
    assert (ann.email, list(ann.groups.all())) == (ANN.email, [group])
    assert [event.outcome for event in ProvisioningEvent.objects.all()] == ["unchanged", "created"]
    # The signal was sent after the commit on the accounts' database, so that its receiver found the user.
    assert Desk.objects.get().owner_id == ann.pk


@pytest.mark.parametrize(
    ("signal", "columns"), [(account_provisioned, {}), (login_refused, {"create_users": False})]
)
def test_signals_are_sent_after_the_commit_on_the_accounts_database(
    fake, saml_sign_in, signal, columns
):
    seen = []

    def receive(event, **kwargs):
        seen.append(connections["accounts"].in_atomic_block)

    row = connect(fake, Tenant.objects.create(slug="acme", name="Acme"), **columns)
    signal.connect(receive)
    saml_sign_in(row, fake)
    signal.disconnect(receive)
    assert seen == [False]


class Broken(Provisioner):
    def write_related(self, user, desired):
        raise RuntimeError("the host's mistake")


@pytest.mark.parametrize("atomic", [False, True], ids=["", "requests are transactions"])
def test_a_failed_sign_in_leaves_no_account_and_a_consumed_assertion(
    acme, fake, saml_sign_in, settings, monkeypatch, atomic
):
    for alias in connections:
        monkeypatch.setitem(connections[alias].settings_dict, "ATOMIC_REQUESTS", atomic)
    settings.JITPROV_PROVISIONER = "tests.Broken"
    with pytest.raises(RuntimeError):
        saml_sign_in(acme, fake)
    assert not User.objects.exists()
    assert ConsumedAssertion.objects.count() == 1
    assert [event.outcome for event in ProvisioningEvent.objects.all()] == ["error"]


def test_concurrent_first_sign_ins_of_one_person_make_one_user(acme, fake):
    browsers = [SignIn(Client()) for _ in range(8)]
    answers = [browser.begin(acme, fake) for browser in browsers]

    def deliver(browser, answer):
        try:
            return browser.deliver(answer).status_code
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as threads:
        assert set(threads.map(deliver, browsers, answers)) == {302}
    assert User.objects.count() == 1


@pytest.mark.parametrize("dry_run", [True, False])
def test_metadata_is_imported_completely_or_not_at_all(fake, tmp_path, dry_run):
    Tenant.objects.create(slug="globex", name="Globex")
    file = tmp_path / "metadata.xml"
    file.write_text(fake.metadata_xml())
    call_command("import_idp_metadata", str(file), "--tenant=globex", dry_run=dry_run, json=True)
    found = Tenant.objects.get().identity_providers.count()
    assert found == int(not dry_run)
