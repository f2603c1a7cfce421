"""A database from before access had an end is migrated, and its people leave. The rows are those of that schema."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.apps.registry import Apps
from django.core.management import call_command
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

from jitprov.accounts.session_cache import Token
from jitprov.accounts.sessions import is_live
from jitprov.models import ExternalIdentity, Road, SignInSession, digest
from jitprov.provisioner import ProvisioningRefused, deprovision, reprovision
from tests.support.accounts.models import User

pytestmark = pytest.mark.django_db(transaction=True)

BEFORE = ("jitprov", "0016_required_contexts")
DAY = timedelta(days=1)
NOW = datetime.now(UTC)


@pytest.fixture
def before() -> Iterator[Apps]:
    """Return the models of a database from before access had an end."""
    executor = MigrationExecutor(connection)
    executor.migrate([BEFORE])
    try:
        yield executor.loader.project_state([BEFORE]).apps
    finally:
        call_command("migrate", verbosity=0)


def person(apps: Apps, name: str, *, active: bool = True, made: bool = True) -> Any:
    """Write somebody who came in before, with their session; return the user's key."""
    rows = {one: apps.get_model("jitprov", one).objects for one in MODELS}
    tenant, _ = rows["Tenant"].get_or_create(slug="acme", name="Acme")
    url = "https://idp.example"
    about = {"tenant_id": tenant.pk, "entity_id": url, "sso_url": url, "enabled": True}
    idp, _ = rows["IdentityProvider"].get_or_create(slug="acme", defaults=about)
    user = User.objects.create(username=name)
    user.set_unusable_password()
    user.save()
    identity = rows["ExternalIdentity"].create(
        identity_provider_id=idp.pk,
        external_id=name,
        external_id_digest=digest(name),
        user_id=user.pk,
        active=active,
    )
    rows["SignInSession"].create(
        key=name, identity_id=identity.pk, authn_instant=NOW, kept_until=NOW + 9 * DAY
    )
    rows["ProvisioningEvent"].create(
        outcome="created" if made else "updated",
        reference=name[:10],
        user_id=user.pk,
        identity_provider_id=idp.pk,
        tenant_id=tenant.pk,
    )
    return user


MODELS = ("Tenant", "IdentityProvider", "ExternalIdentity", "SignInSession", "ProvisioningEvent")


def goes_on(name: str) -> bool:
    row = SignInSession.objects.select_related("identity").get(key=name)
    token = Token(name, row.identity_id, row.identity.identity_provider_id)
    return is_live(token, str(row.identity.user_id), DAY)


def identity_of(name: str) -> ExternalIdentity:
    return ExternalIdentity.objects.select_related("user").get(external_id=name)


def test_people_from_before_the_upgrade_leave_and_return(before: Apps) -> None:
    for name, about in {"made": {}, "linked": {"made": False}, "off": {"active": False}}.items():
        person(before, name, **about)

    call_command("migrate", verbosity=0)

    assert [identity_of(name).made_account for name in ("made", "linked")] == [True, False]
    assert [goes_on(name) for name in ("made", "linked", "off")] == [True, True, False]
    for name in ("made", "linked"):
        deprovision(identity_of(name), source=Road.ADMIN)
    assert [goes_on(name) for name in ("made", "linked")] == [False, False]
    assert [identity_of(name).user.is_active for name in ("made", "linked")] == [False, True]
    reprovision(identity_of("made"), source=Road.ADMIN)
    assert identity_of("made").user.is_active


def test_a_directory_brings_nobody_back_who_was_switched_off_before_the_upgrade(
    before: Apps,
) -> None:
    person(before, "off", active=False)

    call_command("migrate", verbosity=0)

    with pytest.raises(ProvisioningRefused):
        reprovision(identity_of("off"), source=Road.SCIM)
    assert not identity_of("off").active
    assert reprovision(identity_of("off"), source=Road.ADMIN) is not None


def test_leaving_is_undone_by_a_migration_backwards(before: Apps) -> None:
    person(before, "made")
    call_command("migrate", verbosity=0)
    deprovision(identity_of("made"), source=Road.ADMIN)

    apps = MigrationExecutor(connection)
    apps.migrate([BEFORE])

    rows = apps.loader.project_state([BEFORE]).apps.get_model("jitprov", "ExternalIdentity").objects
    assert not rows.get().active  # whoever is off stays off
