"""Set a host up from nothing: migrate, check, and sign people in. It prints a report as JSON.

It runs in a separate process, because the user model and the tenant model cannot be changed in a running one.
"""

from __future__ import annotations

import json
import sys
from dataclasses import replace
from io import StringIO
from typing import Any

from django.apps import apps
from django.contrib.auth import get_user_model
from django.core.management import call_command
from django.db import connection
from django.test import Client

from jitprov.conf import conf
from jitprov.models import IdentityProvider, ProvisioningEvent, TenantAdministrator
from jitprov.scope import scope_of
from jitprov.testing import ANN, FakeIdentityProvider, Person
from jitprov.testing.round_trip import SignIn, connect

BOB = Person(object_id="5e0b3a0e-6a51-4f0c-a3b5-0f6a1a2b3c4d", surname="Baker", upn="bob")
"""A person without an e-mail address."""
ANOTHER_ANN = replace(ANN, object_id="8c1d2e3f-4a5b-4c6d-8e7f-9a0b1c2d3e4f")
"""Another person, with the same e-mail address in another case."""


def main() -> None:
    call_command("migrate", verbosity=0)
    call_command("check", fail_level="WARNING")
    call_command("makemigrations", check_changes=True, dry_run=True, verbosity=0)
    json.dump(report(), sys.stdout)


def report() -> dict[str, Any]:
    fake = FakeIdentityProvider()
    tenant = apps.get_model(conf.TENANT_MODEL).objects.create(**{conf.TENANT_LOOKUP_FIELD: "acme"})
    row = connect(fake, tenant)
    found = {
        "tables": connection.introspection.table_names(),
        "first": sign_in(row, fake, ANN),
        "second": sign_in(row, fake, replace(ANN, surname="Baker", email="ann.baker@acme.example")),
        "without e-mail": sign_in(row, fake, BOB),
        "same e-mail": sign_in(row, fake, replace(ANOTHER_ANN, email="Ann.Baker@acme.example")),
        "users": people(),
        "seen": seen_by_an_administrator(tenant),
        "explained": explained(get_user_model()._default_manager.earliest("pk")),
    }
    if hasattr(tenant, "is_active"):
        found["waiting"] = closed_while_waiting(tenant, row, fake)
        found["closed"] = leave(row)
    return found


def people() -> list[dict[str, str]]:
    fields = (get_user_model().USERNAME_FIELD, "email", "last_name")
    return list(get_user_model()._default_manager.values(*fields).order_by("pk"))


def explained(user: Any) -> dict[str, Any]:
    """Return the output of ``explain_user`` about a user."""
    out = StringIO()
    call_command("explain_user", str(user.pk), json=True, stdout=out)
    answer: dict[str, Any] = json.loads(out.getvalue())
    return answer


def sign_in(
    row: IdentityProvider, fake: FakeIdentityProvider, person: Person
) -> dict[str, int | str | bool]:
    client = Client()
    return came_of(client, SignIn(client)(row, fake, person))


def seen_by_an_administrator(tenant: Any) -> dict[str, int]:
    """Make an administrator of the tenant, and count the rows that they see of it and of another one."""
    other = type(tenant).objects.create(**{conf.TENANT_LOOKUP_FIELD: "other"})
    elsewhere = IdentityProvider.objects.create(slug="other", tenant=other, enabled=False)
    user = get_user_model()._default_manager.latest("pk")
    TenantAdministrator.objects.create(user=user, tenant=tenant)
    scope = scope_of(user)
    seen = {
        "tenants": scope.visible_tenants().count(),
        "identity providers": scope.limit(IdentityProvider.objects.all()).count(),
        "people": scope.limit(get_user_model()._default_manager.all()).count(),
    }
    elsewhere.delete()
    other.delete()
    return seen


def closed_while_waiting(
    tenant: Any, row: IdentityProvider, fake: FakeIdentityProvider
) -> dict[str, int | str | bool]:
    """Disable the tenant while a person is at the identity provider."""
    client = Client()
    answer = SignIn(client).begin(row, fake, ANN)
    tenant.is_active = False
    tenant.save()
    return came_of(client, SignIn(client).deliver(answer))


def came_of(client: Client, answer: Any) -> dict[str, int | str | bool]:
    event = ProvisioningEvent.objects.latest("pk")
    return {
        "status": answer.status_code,
        "outcome": event.outcome,
        "reason": event.reason,
        "signed in": "_auth_user_id" in client.session,
    }


def leave(row: IdentityProvider) -> dict[str, int | str]:
    """Request the login URL."""
    answer = Client().get(f"/saml/{row.slug}/login/", headers={"Accept": "application/json"})
    return {"status": answer.status_code, "error": answer.json()["error"]}
