"""A person is forgotten on request, also when their account is gone; what stays is said."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.core.management import CommandError, call_command
from django.utils import timezone

from jitprov.models import ExternalIdentity, IdentityProvider, ProvisioningEvent, SignInSession
from jitprov.provisioner import Provisioner, deprovision
from jitprov.testing import ANN
from tests.support.accounts.models import User

pytestmark = pytest.mark.django_db


class Erasing(Provisioner):
    """A host that deletes accounts on request."""

    def erase(self, user: AbstractBaseUser) -> bool:
        user.delete()
        return True


def forget(*args: str) -> str:
    out = io.StringIO()
    call_command("forget_person", *args, stdout=out)
    return out.getvalue()


@pytest.fixture
def ann(sign_in: Any, idp: IdentityProvider) -> ExternalIdentity:
    sign_in()
    identity = ExternalIdentity.objects.get()
    deprovision(identity, "too personal")
    return identity


def everything() -> str:
    """Return all that our tables keep, as text."""
    models = (ProvisioningEvent, ExternalIdentity, SignInSession)
    return "".join(str(row) for model in models for row in model.objects.values())


def test_without_yes_nothing_is_changed(ann: ExternalIdentity) -> None:
    before = everything()
    said = forget("--user", str(ann.user_id))
    assert "2 events of sign-ins would be emptied" in said
    assert "1 sessions would be" in said
    assert "Nothing was changed" in said
    assert everything() == before


def test_all_that_is_kept_of_a_person_is_emptied(ann: ExternalIdentity) -> None:
    said = forget("--user", str(ann.user_id), "--yes")
    assert "2 events of sign-ins emptied" in said
    assert "Kept: the account" in said
    assert "Kept: the external ID" in said
    ann.refresh_from_db()
    assert (ann.provenance, ann.ended_reason, ann.active) == ({}, "", False)
    assert not SignInSession.objects.exists()
    assert "too personal" not in everything()
    assert not ProvisioningEvent.objects.exclude(claims="").exists()
    assert "0 events of sign-ins emptied" in forget("--user", str(ann.user_id), "--yes")


def test_the_host_erases_the_account_if_it_says_how(ann: ExternalIdentity, settings: Any) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.Erasing"
    assert "Kept" not in forget("--user", str(ann.user_id), "--yes")
    assert not User.objects.filter(pk=ann.user_id).exists()
    assert not ExternalIdentity.objects.exists()


def test_somebody_is_forgotten_whose_account_was_deleted_by_other_hands(
    ann: ExternalIdentity,
) -> None:
    ProvisioningEvent.objects.update(user=None)
    ExternalIdentity.objects.all().delete()
    User.objects.filter(pk=ann.user_id)._raw_delete("default")
    assert ProvisioningEvent.objects.exclude(claims="").exists()
    assert "1 events of sign-ins emptied" in forget("--email", ANN.email.upper(), "--yes")
    assert not ProvisioningEvent.objects.exclude(claims="").exists()


def test_other_people_are_not_forgotten(ann: ExternalIdentity, idp: IdentityProvider) -> None:
    other = ProvisioningEvent.objects.create(
        identity_provider=idp, outcome="created", claims="kept", created_at=timezone.now()
    )
    forget("--user", str(ann.user_id), "--yes")
    forget("--email", ANN.email, "--yes")
    other.refresh_from_db()
    assert other.claims == "kept"


@pytest.mark.parametrize("args", [(), ("--user", "nobody"), ("--user", "a", "--email", "b")])
def test_a_name_of_nobody_is_refused(args: Any) -> None:
    with pytest.raises(CommandError):
        forget(*args)


def test_an_address_of_nobody_is_said_to_be_one() -> None:
    assert "nothing: there was no attempt" in forget("--email", "x@nowhere.example", "--yes")
