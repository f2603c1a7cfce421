"""Each event of a person's life does what ``docs/reference/leaving.md`` says; the lines of its table are played here."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from jitprov.accounts.sessions import NAME_ID, end, named
from jitprov.configuration import enabling
from jitprov.journal.actors import Actor
from jitprov.models import (
    ExternalIdentity,
    IdentityProvider,
    ProvisioningEvent,
    Road,
    SignInSession,
    Via,
)
from jitprov.provisioner import Provisioner, ProvisioningRefused, Refuse, deprovision, reprovision
from jitprov.provisioner import provision as provision_account
from jitprov.provisioning.types import Claims, Source
from jitprov.sealed import unseal
from jitprov.testing import ANN
from tests.api.client import Api
from tests.support.accounts.models import User
from tests.support.factories import ExternalIdentityFactory, UserFactory, map_group

pytestmark = pytest.mark.django_db

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "leaving.md"
CODE = Actor(via=Via.CODE, name="test")
LINES = [
    tuple(cell.strip() for cell in line.strip("|").split("|"))
    for line in re.findall(r"^\|.*\|$", PAGE.read_text("utf-8"), re.MULTILINE)[2:]
]


class Host(Provisioner):
    """A host that notes what it is asked, and says what a line of the table wants."""

    asked: list[Any] = []
    keeps_people = False
    takes_groups = False
    is_closed = False

    def is_tenant_enabled(self) -> bool:
        return not self.is_closed

    def may_leave(self, identity: ExternalIdentity) -> Refuse | None:
        return Refuse(reason="last_owner", text="No.") if self.keeps_people else None

    def keeps_groups(self, identity: ExternalIdentity) -> bool:
        return not self.takes_groups

    def access_ended(self, user: AbstractBaseUser, identity: ExternalIdentity) -> None:
        self.asked.append(identity.pk)


@dataclass(slots=True)
class Life:
    """A person who signed in, with all that an event needs."""

    identity: ExternalIdentity
    sign_in: Any
    monkeypatch: pytest.MonkeyPatch

    @property
    def row(self) -> IdentityProvider:
        return self.identity.identity_provider

    @property
    def rows(self) -> Any:
        return ExternalIdentity.objects.filter(pk=self.identity.pk)

    def staff(self) -> Client:
        client = Client()
        client.force_login(UserFactory.create(is_staff=True, is_superuser=True))
        return client

    def claims(self, *, active: bool) -> Claims:
        return Claims(source=Source.SCIM, external_id=ANN.object_id, active=active)

    def host(self, **answers: bool) -> None:
        for name, answer in answers.items():
            self.monkeypatch.setattr(Host, name, answer)


def another_sign_in(life: Life) -> None:
    life.sign_in()


def by_the_admin(life: Life) -> None:
    form = {"granted_groups-TOTAL_FORMS": 0, "granted_groups-INITIAL_FORMS": 0}
    url = reverse("admin:jitprov_externalidentity_change", args=[life.identity.pk])
    assert life.staff().post(url, form).status_code == 302


def by_the_api(life: Life) -> None:
    path = f"identity-providers/{life.row.slug}/end-access/"
    assert Api(life.staff()).post(path, {"external_id": ANN.object_id}).status == 200


def by_a_command(life: Life) -> None:
    call_command("end_access", "--identity", str(life.identity.pk), stdout=io.StringIO())


def by_code(life: Life) -> None:
    deprovision(life.identity)


def by_a_directory(life: Life) -> None:
    try:
        provision_account(life.row, life.claims(active=False))
    finally:
        # What it says of values is another event, which comes after.
        ProvisioningEvent.objects.filter(source="scim").exclude(outcome="ended").delete()


def by_a_date(life: Life) -> None:
    enabling.set_leaving_date(life.rows, CODE, timezone.now())


def by_a_date_and_the_job(life: Life) -> None:
    by_a_date(life)
    call_command("run_due", "--job", "leaving_dates", stdout=io.StringIO())


def with_a_password(life: Life) -> None:
    user: Any = life.identity.user
    user.set_password("a long pass phrase")
    # The session goes on after that only if its hash is that of the new password, which is Django's affair.
    User.objects.filter(pk=user.pk).update(password=user.password)
    by_code(life)


def with_another_identity(life: Life) -> None:
    ExternalIdentityFactory.create(user=life.identity.user)
    by_code(life)


def of_an_account_from_before(life: Life) -> None:
    life.rows.update(made_account=False)
    by_code(life)


def of_somebody_whom_the_host_keeps(life: Life) -> None:
    life.host(keeps_people=True)
    with pytest.raises(ProvisioningRefused):
        by_code(life)


def with_groups_taken(life: Life) -> None:
    life.host(takes_groups=True)
    by_code(life)


def off_and_on_by_a_person(life: Life) -> None:
    by_code(life)
    reprovision(life.identity, source=Road.ADMIN)


def off_and_on_by_a_directory(life: Life) -> None:
    by_a_directory(life)
    reprovision(life.identity, source=Road.SCIM)


def off_by_a_person_on_by_a_directory(life: Life) -> None:
    by_code(life)
    with pytest.raises(ProvisioningRefused):
        provision_account(life.row, life.claims(active=True))


def off_and_a_sign_in(life: Life) -> None:
    by_code(life)
    assert life.sign_in().status_code == 403


def sessions_ended(life: Life) -> None:
    enabling.end_sessions_for(life.rows, CODE)


def signed_out_at_the_directory(life: Life) -> None:
    name_id: Any = unseal(SignInSession.objects.get().sealed_name_id, NAME_ID)
    end(named(life.row, name_id, ()))


def provider_disabled(life: Life) -> None:
    enabling.disable(life.row, CODE)


def provider_disabled_and_enabled(life: Life) -> None:
    enabling.disable(life.row, CODE)
    IdentityProvider.objects.filter(pk=life.row.pk).update(enabled=True)


def tenant_off(life: Life) -> None:
    life.host(is_closed=True)


def tenant_off_and_on(life: Life) -> None:
    life.host(is_closed=True)
    life.host(is_closed=False)


def identity_deleted(life: Life) -> None:
    url = reverse("admin:jitprov_externalidentity_delete", args=[life.identity.pk])
    assert life.staff().post(url, {"post": "yes"}).status_code == 302


def provider_deleted(life: Life) -> None:
    life.row.delete()


def account_deleted(life: Life) -> None:
    User.objects.get(pk=life.identity.user_id).delete()


EVENTS: dict[str, Callable[[Life], None]] = {
    "another sign-in": another_sign_in,
    "switched off in the admin": by_the_admin,
    "switched off by the API": by_the_api,
    "switched off by a command": by_a_command,
    "switched off by code": by_code,
    "a directory says inactive": by_a_directory,
    "leaving date has come": by_a_date,
    "leaving date has come, and `run_due` ran": by_a_date_and_the_job,
    "switched off, with a password": with_a_password,
    "switched off, another identity is active": with_another_identity,
    "switched off, the account is from before": of_an_account_from_before,
    "switched off, the host keeps the person": of_somebody_whom_the_host_keeps,
    "switched off, the host takes groups": with_groups_taken,
    "switched off and given back by a person": off_and_on_by_a_person,
    "switched off and given back by a directory": off_and_on_by_a_directory,
    "switched off by a person, a directory says active": off_by_a_person_on_by_a_directory,
    "switched off, then a sign-in": off_and_a_sign_in,
    "sessions ended": sessions_ended,
    "signed out at the directory": signed_out_at_the_directory,
    "identity provider disabled": provider_disabled,
    "identity provider disabled and enabled again": provider_disabled_and_enabled,
    "tenant switched off": tenant_off,
    "tenant switched off and on again, unused meanwhile": tenant_off_and_on,
    "identity deleted": identity_deleted,
    "identity provider deleted": provider_deleted,
    "account deleted": account_deleted,
}


@pytest.fixture
def life(
    sign_in: Any, idp: IdentityProvider, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> Life:
    settings.JITPROV_PROVISIONER = f"{__name__}.Host"
    settings.JITPROV_SESSION_CHECK_AGE = 0
    Host.asked = []
    map_group(idp, ANN.groups[0])
    assert sign_in().status_code == 302
    return Life(ExternalIdentity.objects.get(), sign_in, monkeypatch)


def test_the_table_has_exactly_the_events_that_are_played() -> None:
    assert [line[0] for line in LINES] == list(EVENTS)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[0])
def test_an_event_does_what_the_table_says(
    life: Life, line: tuple[str, ...], client: Client
) -> None:
    group = Group.objects.get()
    kept = client.cookies["sessionid"].value
    before = ProvisioningEvent.objects.latest("pk").pk

    EVENTS[line[0]](life)

    client.cookies["sessionid"] = kept
    identity = life.rows.first()
    user = User.objects.filter(pk=life.identity.user_id).first()
    newest = ProvisioningEvent.objects.filter(pk__gt=before).order_by("pk").last()
    assert line[1:] == (
        _state(identity and identity.active),
        _state(user and user.is_active),
        "yes" if user and group in user.groups.all() else "no",
        "ended" if client.get("/").content == b"AnonymousUser" else "goes on",
        "yes" if Host.asked else "no",
        f"`{newest.outcome}`" if newest else "none",
    )


def _state(is_on: Any) -> str:
    return "gone" if is_on is None else "on" if is_on else "off"
