"""Access ends by a command: of one person or of many, now or on a date, and comes back."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from jitprov.models import ConfigurationChange, ExternalIdentity, IdentityProvider
from jitprov.provisioner import Provisioner, Refuse
from tests.support.factories import ExternalIdentityFactory, UserFactory

pytestmark = pytest.mark.django_db


class Keeping(Provisioner):
    """A host that keeps one person."""

    def may_leave(self, identity: ExternalIdentity) -> Refuse | None:
        owner = identity.user.get_username() == "owner"
        return Refuse(reason="last_owner", text="Only\x1b[2J owner.") if owner else None


@pytest.fixture
def ann(idp: IdentityProvider) -> ExternalIdentity:
    user = UserFactory.create(username="ann", email="ann@acme.example")
    return ExternalIdentityFactory.create(identity_provider=idp, user=user)


def run(*args: Any) -> str:
    out = io.StringIO()
    call_command("end_access", *map(str, args), stdout=out)
    return out.getvalue()


def is_active(identity: ExternalIdentity) -> bool:
    identity.refresh_from_db()
    return bool(identity.active)


@pytest.mark.parametrize("option", ["--user", "--identity", "--idp", "--tenant"])
def test_access_ends_and_comes_back(ann: ExternalIdentity, option: str) -> None:
    row = ann.identity_provider
    names = {"--user": "ann", "--identity": ann.pk, "--idp": row.slug, "--tenant": row.tenant.slug}
    said = run(option, names[option], "--reason", "moved on")
    assert said == "Access taken from 1, 0 had no change.\n"
    assert not is_active(ann)
    assert (ann.ended_by, ann.ended_reason) == ("command", "moved on")
    assert run(option, names[option], "--undo") == "Access given back to 1, 0 had no change.\n"
    assert is_active(ann)


def test_the_end_of_access_is_recorded_without_a_name(ann: ExternalIdentity) -> None:
    run("--user", "ann")
    change = ConfigurationChange.objects.latest("pk")
    assert (change.what, change.note, change.via) == ("identity", "switched off", "command")
    assert change.label == f"identity {ann.pk} of user {ann.user_id}"


def test_a_dry_run_names_the_people_only(ann: ExternalIdentity) -> None:
    said = run("--idp", ann.identity_provider.slug, "--dry-run")
    assert said == f"{ann.pk}  acme  ann\n1 in all. Nothing was changed.\n"
    assert is_active(ann)


def test_a_leaving_date_is_written_down(ann: ExternalIdentity) -> None:
    assert run("--user", "ann", "--at", "2999-01-31").startswith("1 will leave on 2999-01-31T00:00")
    assert is_active(ann)
    assert ann.leaves_at is not None
    assert ann.leaves_at.year in {2998, 2999}
    assert ConfigurationChange.objects.latest("pk").note.startswith("leaves on 29")


@pytest.mark.parametrize("date", ["2020-01-01", "soon", "2999-13-01", "", "2020-01-01T10:00+02:00"])
def test_a_date_that_is_none_or_has_passed_is_refused(ann: ExternalIdentity, date: str) -> None:
    with pytest.raises(CommandError, match="--at"):
        run("--user", "ann", "--at", date)
    assert is_active(ann)


def test_others_leave_when_the_host_keeps_somebody(
    ann: ExternalIdentity, settings: Any, capsys: Any
) -> None:
    settings.JITPROV_PROVISIONER = f"{__name__}.Keeping"
    owner = ExternalIdentityFactory.create(
        identity_provider=ann.identity_provider, user=UserFactory.create(username="owner")
    )
    with pytest.raises(CommandError, match="1 were kept"):
        run("--idp", ann.identity_provider.slug)
    assert (is_active(ann), is_active(owner)) == (False, True)
    said = capsys.readouterr().err
    assert "last_owner" in said
    assert "\x1b" not in said


@pytest.mark.parametrize("args", [(), ("--user", "nobody"), ("--idp", "nowhere")])
def test_nobody_in_particular_is_refused(args: Any) -> None:
    with pytest.raises(CommandError):
        run(*args)
