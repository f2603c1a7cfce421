"""Who can do more than a tenant may decide about does not come in by its sign-in, unless a superuser allowed it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY, get_user_model
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from jitprov.models import (
    ExternalIdentity,
    IdentityProvider,
    ProvisioningEvent,
    TenantAdministrator,
)
from jitprov.provisioner import Provisioner, ProvisioningRefused, preview, provision
from jitprov.provisioning.types import Claims, RefusalReason, Refuse, Source
from jitprov.testing import ANN, FakeIdentityProvider, rsa_key_pair
from jitprov.testing.person import NAME_CLAIM
from jitprov.testing.round_trip import SignIn
from tests.support.factories import ExternalIdentityFactory, TenantFactory, UserFactory, connected

pytestmark = pytest.mark.django_db

User: Any = get_user_model()
Power = Callable[[Any, IdentityProvider], None]


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def idp(fake: FakeIdentityProvider) -> IdentityProvider:
    return connected(fake, slug="acme")


def ann() -> Claims:
    return Claims(source=Source.SAML, external_id="ann-1", values={NAME_CLAIM: ("ann",)})


def superuser(user: Any, idp: IdentityProvider) -> None:
    User.objects.filter(pk=user.pk).update(is_superuser=True)


def staff(user: Any, idp: IdentityProvider) -> None:
    User.objects.filter(pk=user.pk).update(is_staff=True)


def own_administrator(user: Any, idp: IdentityProvider) -> None:
    staff(user, idp)
    TenantAdministrator.objects.create(user=user, tenant=idp.tenant)


def administrator_elsewhere(user: Any, idp: IdentityProvider) -> None:
    TenantAdministrator.objects.create(user=user, tenant=TenantFactory.create())


def administrator_of_two(user: Any, idp: IdentityProvider) -> None:
    own_administrator(user, idp)
    administrator_elsewhere(user, idp)


POWERS = [superuser, staff, administrator_elsewhere, administrator_of_two]


def reason(idp: IdentityProvider) -> str:
    with pytest.raises(ProvisioningRefused) as caught:
        provision(idp, ann())
    return caught.value.code


@pytest.mark.parametrize("power", POWERS)
def test_power_that_came_after_the_identity_is_refused(idp: IdentityProvider, power: Power) -> None:
    user = provision(idp, ann()).user
    power(user, idp)
    before = User.objects.filter(pk=user.pk).values().get()

    assert reason(idp) == "account_privileged"

    assert User.objects.filter(pk=user.pk).values().get() == before
    event = ProvisioningEvent.objects.latest("pk")
    assert (event.outcome, event.reason, event.user_id) == (
        "refused",
        "account_privileged",
        user.pk,
    )
    assert preview(idp, ann()).decision == Refuse(reason=RefusalReason.ACCOUNT_PRIVILEGED)


def test_an_administrator_of_this_tenant_alone_comes_in(idp: IdentityProvider) -> None:
    user = provision(idp, ann()).user
    own_administrator(user, idp)
    assert provision(idp, ann()).user == user


@pytest.mark.parametrize("power", POWERS)
@pytest.mark.parametrize("model", [ExternalIdentity, IdentityProvider])
def test_power_is_let_in_where_a_superuser_allowed_it(
    idp: IdentityProvider, power: Power, model: Any
) -> None:
    user = provision(idp, ann()).user
    power(user, idp)
    model.objects.update(allow_privileged=True)
    idp.refresh_from_db()
    assert provision(idp, ann()).user == user


def test_an_identity_is_allowed_it_and_no_other_of_the_same_person(idp: IdentityProvider) -> None:
    user = provision(idp, ann()).user
    ExternalIdentityFactory.create(user=user, allow_privileged=True)
    superuser(user, idp)
    assert reason(idp) == "account_privileged"


def test_to_judge_power_takes_no_statement_more(idp: IdentityProvider) -> None:
    user = provision(idp, ann()).user
    with CaptureQueriesContext(connection) as ordinary:
        provision(idp, ann())
    own_administrator(user, idp)
    with CaptureQueriesContext(connection) as administrator:
        provision(idp, ann())
    assert len(administrator) == len(ordinary)


class Operators(Provisioner):
    """Takes administrators from a list of its own."""

    administered: Any = ()

    @classmethod
    def tenants_administered_by(cls, user: Any) -> Any:
        return type_of_tenants().filter(pk__in=cls.administered)


def type_of_tenants() -> Any:
    return IdentityProvider._meta.get_field("tenant").related_model._default_manager


def test_a_host_that_says_who_administers_pays_one_statement(
    idp: IdentityProvider, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = provision(idp, ann()).user
    with CaptureQueriesContext(connection) as ordinary:
        provision(idp, ann())
    settings.JITPROV_PROVISIONER = f"{__name__}.Operators"
    staff(user, idp)
    assert reason(idp) == "account_privileged"

    monkeypatch.setattr(Operators, "administered", [idp.tenant_id])
    with CaptureQueriesContext(connection) as asked:
        provision(idp, ann())
    assert len(asked) == len(ordinary) + 1

    monkeypatch.setattr(Operators, "administered", [idp.tenant_id, TenantFactory.create().pk])
    assert reason(idp) == "account_privileged"


class Cautious(Provisioner):
    """Knows a power of its own."""

    def exceeds_tenant(self, user: Any) -> bool:
        return bool(user.username == "ann")


def test_a_host_says_what_exceeds_a_tenant(idp: IdentityProvider, settings: Any) -> None:
    provision(idp, ann())
    settings.JITPROV_PROVISIONER = f"{__name__}.Cautious"
    assert reason(idp) == "account_privileged"


# The attack


@pytest.mark.parametrize("power", POWERS)
def test_a_swapped_certificate_makes_nobody_a_colleague_with_power(
    idp: IdentityProvider, fake: FakeIdentityProvider, client: Client, power: Power
) -> None:
    SignIn(client)(idp, fake, ANN)
    colleague = User.objects.get()
    power(colleague, idp)
    mallory = FakeIdentityProvider(tenant_id=fake.tenant_id, key_pairs=[rsa_key_pair("mallory")])
    idp.certificates.all().delete()
    for certificate in mallory.idp_metadata().signing_certificates:
        idp.certificates.create(pem=certificate.pem)

    attacker = Client()
    answer = SignIn(attacker)(idp, mallory, ANN)

    assert answer.status_code == 403
    assert ProvisioningEvent.objects.latest("pk").reason == "account_privileged"
    assert SESSION_KEY not in attacker.session


# Only a superuser allows it


@pytest.mark.parametrize(("is_superuser", "allowed"), [(False, False), (True, True)])
def test_only_a_superuser_allows_it_for_a_person(
    idp: IdentityProvider, is_superuser: bool, allowed: bool
) -> None:
    identity = ExternalIdentityFactory.create(identity_provider=idp)
    admin = UserFactory.create(is_staff=True, is_superuser=is_superuser)
    TenantAdministrator.objects.create(user=admin, tenant=idp.tenant)
    browser = Client()
    browser.force_login(admin)
    inline = "granted_groups"
    form = {f"{inline}-TOTAL_FORMS": 0, f"{inline}-INITIAL_FORMS": 0}
    url = reverse("admin:jitprov_externalidentity_change", args=[identity.pk])

    answer = browser.post(url, {**form, "active": "on", "allow_privileged": "on"})

    assert answer.status_code == 302
    identity.refresh_from_db()
    assert identity.allow_privileged is allowed
    changes = idp.configuration_changes.filter(what="identity")
    assert changes.count() == int(allowed)
