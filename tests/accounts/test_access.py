"""Access is taken away and given back by one routine: what follows, what stays, and what is in nobody's way."""

from __future__ import annotations

import time
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.db import IntegrityError
from django.utils import timezone

from jitprov.accounts.access import Account
from jitprov.accounts.sessions import Proof, begin, is_live
from jitprov.exceptions import ConfigurationError
from jitprov.journal.actors import Actor
from jitprov.models import (
    ClaimMapping,
    ExternalIdentity,
    IdentityProvider,
    ProvisioningEvent,
    Road,
    TenantAdministrator,
)
from jitprov.provisioner import (
    Provisioner,
    ProvisioningRefused,
    Refuse,
    deprovision,
    provision,
    reprovision,
)
from jitprov.provisioning.problems import MappingError
from jitprov.provisioning.types import Claims, RefusalReason, Source, Update
from jitprov.signals import access_ended, access_returned
from jitprov.testing import FakeIdentityProvider
from jitprov.testing.person import EMAIL_CLAIM, GROUPS_CLAIM, NAME_CLAIM
from tests.support.accounts.models import User
from tests.support.factories import ExternalIdentityFactory, GroupFactory, connected, map_group

pytestmark = pytest.mark.django_db

DAY = timedelta(days=1)


@pytest.fixture
def idp() -> IdentityProvider:
    return connected(FakeIdentityProvider(), slug="acme")


@pytest.fixture
def other() -> IdentityProvider:
    return connected(FakeIdentityProvider(), slug="other")


def said(
    *, active: bool | None = None, name: str = "ann", source: Source = Source.SCIM, more: Any = None
) -> Claims:
    values = {NAME_CLAIM: (name,), EMAIL_CLAIM: (f"{name}@acme.example",), **(more or {})}
    return Claims(source=source, external_id="ann-1", values=values, active=active)


def ann_of(idp: IdentityProvider) -> ExternalIdentity:
    return provision(idp, said(source=Source.SAML)).identity


def account_after(identity: ExternalIdentity) -> str:
    event = deprovision(identity)
    assert event is not None
    return str(event.details["account"])


def fresh(identity: ExternalIdentity) -> ExternalIdentity:
    return ExternalIdentity.objects.select_related("user").get(pk=identity.pk)


def signed_in(identity: ExternalIdentity) -> Any:
    """Return a question that tells whether a session of this person goes on."""
    proof = Proof(name_id={}, authn_instant=timezone.now())
    token, _end = begin(fresh(identity), identity.identity_provider, proof, DAY)
    return lambda: is_live(token, str(identity.user_id), DAY)


# Ending


def test_the_road_the_reason_and_the_time_are_kept(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    event = deprovision(identity, "left the company", Road.ADMIN)
    now = fresh(identity)
    assert (now.active, now.ended_by, now.ended_reason) == (False, "admin", "left the company")
    assert now.ended_at is not None
    assert event is not None
    assert (event.outcome, event.source, event.user) == ("ended", "admin", identity.user)
    assert event.details["why"] == "left the company"


def test_a_person_who_asked_is_named_by_primary_key(idp: IdentityProvider) -> None:
    admin = User.objects.create_user("boss")
    event = deprovision(ann_of(idp), source=Road.ADMIN, actor=Actor.person(admin))
    assert event is not None
    assert event.details["by"] == {"user": str(admin.pk)}
    assert "boss" not in str(event.details)


def test_a_program_that_asked_is_named(idp: IdentityProvider) -> None:
    event = deprovision(ann_of(idp), source=Road.COMMAND, actor=Actor.command("end_access"))
    assert event is not None
    assert event.details["by"]["name"].startswith("end_access (")


def test_a_long_reason_is_cut(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    deprovision(identity, "x" * 1000)
    assert fresh(identity).ended_reason == "x" * 200


def test_the_account_that_was_made_for_the_person_follows(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    assert account_after(identity) == Account.SWITCHED_OFF
    assert not fresh(identity).user.is_active


def test_an_account_from_before_stays_active(idp: IdentityProvider) -> None:
    identity = ExternalIdentityFactory.create(identity_provider=idp)
    assert account_after(identity) == Account.NOT_OURS
    assert fresh(identity).user.is_active


def test_an_account_with_a_password_stays_active(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    identity.user.set_password("a long pass phrase")
    identity.user.save()
    assert account_after(identity) == Account.HAS_PASSWORD
    assert fresh(identity).user.is_active


def test_an_account_above_the_tenant_stays_active(
    idp: IdentityProvider, other: IdentityProvider
) -> None:
    identity = ann_of(idp)
    TenantAdministrator.objects.create(user=identity.user, tenant=other.tenant)
    assert account_after(identity) == Account.ABOVE_TENANT
    assert fresh(identity).user.is_active


def test_an_account_with_another_active_identity_stays_until_that_ends_too(
    idp: IdentityProvider, other: IdentityProvider
) -> None:
    identity = ann_of(idp)
    second = ExternalIdentityFactory.create(identity_provider=other, user=identity.user)
    assert account_after(identity) == Account.OTHER_IDENTITY
    assert account_after(second) == Account.SWITCHED_OFF
    assert not fresh(identity).user.is_active


def test_only_the_sessions_of_this_identity_end(
    idp: IdentityProvider, other: IdentityProvider
) -> None:
    identity = ann_of(idp)
    elsewhere = ExternalIdentityFactory.create(identity_provider=other, user=identity.user)
    here, there = signed_in(identity), signed_in(elsewhere)
    event = deprovision(identity)
    assert (here(), there()) == (False, True)
    assert event is not None
    assert len(event.details["sessions"]) == 1


def test_ended_sessions_stay_ended_when_access_is_given_back(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    goes_on = signed_in(identity)
    deprovision(identity)
    reprovision(identity)
    assert not goes_on()


def test_ending_twice_is_ending_once(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    assert deprovision(identity, "first", Road.SCIM) is not None
    assert deprovision(identity, "second", Road.SCIM) is None
    assert fresh(identity).ended_reason == "first"
    assert ProvisioningEvent.objects.filter(outcome="ended").count() == 1


def test_a_person_decides_for_good_what_a_directory_decided_before(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    deprovision(identity, source=Road.SCIM)
    assert deprovision(identity, "fraud", Road.ADMIN) is not None
    with pytest.raises(ProvisioningRefused):
        provision(idp, said(active=True))
    assert fresh(identity).ended_by == "admin"


def test_an_identity_that_is_gone_has_nothing_to_end(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    ExternalIdentity.objects.all().delete()
    assert deprovision(identity) is None


def test_a_host_is_told_after_the_commit(
    idp: IdentityProvider, django_capture_on_commit_callbacks: Any
) -> None:
    told: list[Any] = []

    def listen(sender: Any, **values: Any) -> None:
        told.append((values["identity"].pk, values["user"].is_active, values["event"].outcome))

    identity = ann_of(idp)
    access_ended.connect(listen)
    access_returned.connect(listen)
    try:
        with django_capture_on_commit_callbacks(execute=True):
            deprovision(identity)
            assert not told
        with django_capture_on_commit_callbacks(execute=True):
            reprovision(identity)
    finally:
        access_ended.disconnect(listen)
        access_returned.disconnect(listen)
    assert told == [(identity.pk, False, "ended"), (identity.pk, True, "returned")]


# What the host says


class Careful(Provisioner):
    """A host with tokens, with owners, and that wants groups taken away."""

    revoked: list[Any] = []

    def may_leave(self, identity: ExternalIdentity) -> Refuse | None:
        if identity.user.get_username() == "owner":
            return Refuse(reason="last_owner", text="Make somebody else an owner first.")
        return None

    def keeps_groups(self, identity: ExternalIdentity) -> bool:
        return False

    def access_ended(self, user: AbstractBaseUser, identity: ExternalIdentity) -> None:
        self.revoked.append((user.pk, identity.pk))


class Failing(Provisioner):
    """A host that cannot revoke a token."""

    def access_ended(self, user: AbstractBaseUser, identity: ExternalIdentity) -> None:
        raise IntegrityError("no token table")


class Closed(Provisioner):
    """A host whose tenant is switched off."""

    def is_tenant_enabled(self) -> bool:
        return False


class Stubborn(Provisioner):
    """A host that cannot save anybody."""

    def update_user(self, user: AbstractBaseUser, update: Update) -> None:
        raise IntegrityError("no column")


@pytest.fixture
def careful(settings: Any) -> type[Careful]:
    settings.JITPROV_PROVISIONER = f"{__name__}.Careful"
    Careful.revoked = []
    return Careful


def test_the_host_keeps_the_last_owner_and_it_is_recorded(
    idp: IdentityProvider, careful: type[Careful]
) -> None:
    identity = provision(idp, said(name="owner", source=Source.SAML)).identity
    goes_on = signed_in(identity)
    with pytest.raises(ProvisioningRefused) as caught:
        deprovision(identity, "gone", Road.ADMIN)
    assert (caught.value.code, caught.value.text) == (
        "last_owner",
        "Make somebody else an owner first.",
    )
    event = ProvisioningEvent.objects.get(reference=caught.value.reference)
    assert (event.outcome, event.reason, event.source) == ("kept", "last_owner", "admin")
    assert fresh(identity).active
    assert goes_on()
    assert careful.revoked == []


def test_the_host_revokes_tokens_in_the_same_transaction(
    idp: IdentityProvider, careful: type[Careful]
) -> None:
    identity = ann_of(idp)
    deprovision(identity)
    assert careful.revoked == [(identity.user_id, identity.pk)]


def test_nothing_is_half_ended_where_the_host_fails(idp: IdentityProvider, settings: Any) -> None:
    identity = ann_of(idp)
    settings.JITPROV_PROVISIONER = f"{__name__}.Failing"
    with pytest.raises(IntegrityError):
        deprovision(identity)
    now = fresh(identity)
    assert now.active
    assert now.user.is_active
    assert not ProvisioningEvent.objects.filter(outcome="ended").exists()


@pytest.mark.usefixtures("careful")
def test_groups_are_taken_away_and_come_back_if_the_host_wants_that(
    idp: IdentityProvider,
) -> None:
    granted, by_hand = map_group(idp, "g"), GroupFactory.create()
    identity = provision(idp, said(source=Source.SAML, more={GROUPS_CLAIM: ("g",)})).identity
    user = User.objects.get(pk=identity.user_id)
    user.groups.add(by_hand)
    event = deprovision(identity)
    assert event is not None
    assert event.details["groups"]["left"] == [granted.pk]
    assert set(user.groups.all()) == {by_hand}
    assert identity.granted_groups.count() == 1
    reprovision(identity)
    assert set(user.groups.all()) == {granted, by_hand}


@pytest.mark.usefixtures("careful")
def test_a_group_that_another_identity_grants_stays(
    idp: IdentityProvider, other: IdentityProvider
) -> None:
    group = map_group(idp, "g")
    identity = provision(idp, said(source=Source.SAML, more={GROUPS_CLAIM: ("g",)})).identity
    second = ExternalIdentityFactory.create(identity_provider=other, user=identity.user)
    second.granted_groups.create(group=group)
    deprovision(identity)
    assert identity.user.groups.filter(pk=group.pk).exists()
    deprovision(second)
    assert not identity.user.groups.filter(pk=group.pk).exists()


def test_groups_stay_by_default(idp: IdentityProvider) -> None:
    group = map_group(idp, "g")
    identity = provision(idp, said(source=Source.SAML, more={GROUPS_CLAIM: ("g",)})).identity
    deprovision(identity)
    assert group in User.objects.get(pk=identity.user_id).groups.all()


# Giving back


def test_access_comes_back_with_the_account_that_was_switched_off(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    deprovision(identity)
    event = reprovision(identity, "came back", Road.ADMIN)
    now = fresh(identity)
    assert event is not None
    assert event.details["account"] == Account.SWITCHED_ON
    assert (now.active, now.user.is_active, now.ended_by, now.ended_at) == (True, True, "", None)
    assert provision(idp, said(source=Source.SAML)).user == identity.user


def test_an_account_that_staff_switched_off_stays_off(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    User.objects.update(is_active=False)
    assert account_after(identity) == Account.ALREADY_OFF
    reprovision(identity)
    assert not fresh(identity).user.is_active


def test_the_account_comes_back_with_any_of_its_identities(
    idp: IdentityProvider, other: IdentityProvider
) -> None:
    identity = ann_of(idp)
    second = ExternalIdentityFactory.create(identity_provider=other, user=identity.user)
    deprovision(identity)
    deprovision(second)
    reprovision(identity)
    assert fresh(identity).user.is_active
    assert not ExternalIdentity.objects.filter(ended_account=True).exists()


def test_giving_back_what_nobody_took_is_nothing(idp: IdentityProvider) -> None:
    assert reprovision(ann_of(idp)) is None


def test_a_directory_gives_back_only_what_a_directory_took(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    deprovision(identity, source=Road.ADMIN)
    with pytest.raises(ProvisioningRefused) as caught:
        reprovision(identity, source=Road.SCIM)
    assert caught.value.code == "identity_disabled"
    assert ProvisioningEvent.objects.get(reference=caught.value.reference).source == "scim"
    assert not fresh(identity).active


def test_a_leaving_date_that_has_passed_is_forgotten(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    ExternalIdentity.objects.update(leaves_at=timezone.now() - DAY)
    assert reprovision(identity) is not None
    assert fresh(identity).leaves_at is None


# A leaving date


def test_nobody_comes_in_after_their_leaving_date(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    goes_on = signed_in(identity)
    ExternalIdentity.objects.update(leaves_at=timezone.now() + DAY)
    assert provision(idp, said(source=Source.SAML)).user == identity.user
    assert goes_on()
    ExternalIdentity.objects.update(leaves_at=timezone.now())
    with pytest.raises(ProvisioningRefused) as caught:
        provision(idp, said(source=Source.SAML))
    assert caught.value.code == "leaving_date_passed"


def test_a_session_ends_on_the_leaving_date(idp: IdentityProvider, settings: Any) -> None:
    settings.JITPROV_SESSION_CHECK_AGE = timedelta(0)
    identity = ann_of(idp)
    goes_on = signed_in(identity)
    assert goes_on()
    ExternalIdentity.objects.update(leaves_at=timezone.now())
    assert not goes_on()


def test_a_cache_forgets_a_session_by_the_leaving_date(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    ExternalIdentity.objects.update(leaves_at=timezone.now() + timedelta(seconds=1))
    goes_on = signed_in(identity)
    assert goes_on()
    time.sleep(1.1)
    assert not goes_on()


# What a source says


def test_a_source_ends_access_and_gives_it_back(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    result = provision(idp, said(active=False))
    now = fresh(identity)
    assert (now.active, now.ended_by, now.user.is_active) == (False, "scim", False)
    assert result.unwritten is None
    back = provision(idp, said(active=True))
    now = fresh(identity)
    assert (now.active, now.user.is_active) == (True, True)
    assert back.event.source == "scim"


def test_values_that_come_with_the_end_are_written(idp: IdentityProvider) -> None:
    ClaimMapping.objects.create(
        identity_provider=idp, target="department", sources="department", position=50
    )
    identity = ann_of(idp)
    provision(idp, said(active=False, more={"department": ("Alumni",)}))
    assert fresh(identity).user.department == "Alumni"


def missing_claim(idp: IdentityProvider) -> None:
    ClaimMapping.objects.create(
        identity_provider=idp, target="department", sources="x", position=50, required=True
    )


def value_of_somebody_else(idp: IdentityProvider) -> None:
    User.objects.create_user("bob", employee_number="7")
    ClaimMapping.objects.create(
        identity_provider=idp, target="employee_number", sources="number", position=50
    )


def disabled(idp: IdentityProvider) -> None:
    IdentityProvider.objects.filter(pk=idp.pk).update(enabled=False)


def broken_mapping(idp: IdentityProvider) -> None:
    ClaimMapping.objects.filter(identity_provider=idp).update(transforms=[{"name": "nonsense"}])


@pytest.mark.parametrize("trouble", [missing_claim, value_of_somebody_else, disabled])
def test_no_other_trouble_keeps_somebody_in(idp: IdentityProvider, trouble: Any) -> None:
    identity = ann_of(idp)
    trouble(idp)
    result = provision(
        IdentityProvider.objects.get(pk=idp.pk), said(active=False, more={"number": ("7",)})
    )
    assert result.unwritten is not None
    assert result.event.notes[-1] == str(result.unwritten.reason)
    now = fresh(identity)
    assert (now.active, now.user.is_active) == (False, False)


def test_a_mapping_that_makes_no_sense_keeps_nobody_in(idp: IdentityProvider) -> None:
    identity = ann_of(idp)
    broken_mapping(idp)
    with pytest.raises(MappingError):
        provision(IdentityProvider.objects.get(pk=idp.pk), said(active=False))
    now = fresh(identity)
    assert (now.active, now.user.is_active) == (False, False)


def test_a_tenant_that_is_switched_off_keeps_nobody_in(
    idp: IdentityProvider, settings: Any
) -> None:
    identity = ann_of(idp)
    settings.JITPROV_PROVISIONER = f"{__name__}.Closed"
    result = provision(idp, said(active=False))
    assert result.unwritten == Refuse(reason=RefusalReason.TENANT_DISABLED)
    assert not fresh(identity).active


def test_a_host_that_fails_keeps_nobody_in(idp: IdentityProvider, settings: Any) -> None:
    identity = ann_of(idp)
    settings.JITPROV_PROVISIONER = f"{__name__}.Stubborn"
    with pytest.raises(ConfigurationError):
        provision(idp, said(active=False))
    assert not fresh(identity).active


def test_somebody_unknown_who_is_inactive_gets_no_account(idp: IdentityProvider) -> None:
    before = User.objects.count()
    with pytest.raises(ProvisioningRefused) as caught:
        provision(idp, said(active=False))
    assert caught.value.code == "inactive"
    assert User.objects.count() == before
    assert not ExternalIdentity.objects.exists()


def test_somebody_known_from_before_the_directory_was_connected_anew_leaves(
    idp: IdentityProvider,
) -> None:
    fake = FakeIdentityProvider()
    idp = connected(fake, slug="again")
    identity = ann_of(idp)
    tenant = idp.tenant
    idp.delete()
    anew = connected(fake, slug="anew", tenant=tenant)
    provision(anew, said(active=False))
    now = ExternalIdentity.objects.get(identity_provider=anew)
    assert (now.user_id, now.active, now.made_account) == (identity.user_id, False, True)
    assert not now.user.is_active
