"""During an upgrade, processes of the release before go on for a while beside a database that is migrated already.

What they write is written here with the models of the migration that was the last of theirs. A migration must give each
new column that may not be NULL a default in the database, and must not take away a column that they read.
"""

from __future__ import annotations

from typing import Any

import pytest
from django.apps.registry import Apps
from django.core.management import call_command
from django.db import models
from django.db.migrations import Migration
from django.db.migrations.exceptions import IrreversibleError
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.optimizer import MigrationOptimizer
from django.db.migrations.writer import MigrationWriter
from django.utils.timezone import now

from jitprov.models import ExternalIdentity, IdentityProvider, ProvisioningEvent
from tests.support.factories import IdentityProviderFactory

FIRST_THAT_COUNTS = "0005_indexes_that_others_cover"
"""The oldest migration whose processes may go on beside the newest; before it a column was taken away."""
SPECIAL: dict[str, Any] = {
    "admits": True,
    "enabled": False,
    "target": "first_name",
    "created_at": now(),
}
"""Values that constraints want."""


def migrations() -> list[str]:
    loader = MigrationLoader(None)
    return sorted(name for app, name in loader.graph.nodes if app == "jitprov")


def models_of(migration: str) -> Apps:
    return MigrationLoader(None).project_state([("jitprov", migration)]).apps


class OldWorker:
    """A process of another release: it writes a row of each kind, with its own idea of the columns."""

    def __init__(self, migration: str) -> None:
        self.apps = models_of(migration)
        self._written: dict[str, Any] = {}

    def write(self, model: Any) -> Any:
        label = model._meta.label
        if label not in self._written:
            columns = {
                field.name: self._value(field)
                for field in model._meta.concrete_fields
                if self._needs_value(field)
            }
            self._written[label] = model._default_manager.create(**columns)
        return self._written[label]

    def read(self, model: Any) -> list[Any]:
        return list(model._default_manager.all())

    def _needs_value(self, field: Any) -> bool:
        filled = field.null or field.blank or field.has_default() or field.auto_created
        return field.name in SPECIAL or not filled

    def _value(self, field: Any) -> Any:
        if field.is_relation:
            return self.write(field.remote_field.model)
        by_type: dict[Any, Any] = {
            models.DateTimeField: now(),
            models.DateField: now().date(),
            models.BooleanField: True,
            models.PositiveBigIntegerField: 1,
        }
        for type_, value in by_type.items():
            if isinstance(field, type_):
                return SPECIAL.get(field.name, value)
        return SPECIAL.get(field.name, "0" * min(10, field.max_length or 10))


PAIRS = [name for name in migrations() if name >= FIRST_THAT_COUNTS][:-1]


@pytest.mark.django_db
@pytest.mark.parametrize("migration", PAIRS)
def test_processes_of_an_earlier_release_write_and_read_every_table(migration: str) -> None:
    worker = OldWorker(migration)
    for model in worker.apps.get_app_config("jitprov").get_models():
        if model._meta.swapped:
            continue
        worker.write(model)
        assert len(worker.read(model)) == 1, model


@pytest.mark.django_db
def test_processes_of_the_first_release_write_what_a_sign_in_writes() -> None:
    row = IdentityProviderFactory.create()
    apps = models_of("0001_initial")
    user = OldWorker("0001_initial").write(ExternalIdentity._meta.get_field("user").related_model)

    apps.get_model("jitprov", "ProvisioningEvent").objects.create(
        outcome="created", identity_provider_id=row.pk
    )
    apps.get_model("jitprov", "ExternalIdentity").objects.create(
        identity_provider_id=row.pk, user_id=user.pk, external_id="x"
    )

    event = ProvisioningEvent.objects.get()
    assert (event.details, event.claims, event.email_digest) == ({}, "", "")
    assert ExternalIdentity.objects.get().provenance == {}


@pytest.mark.django_db(transaction=True)
def test_the_way_back_is_refused_by_name_before_anything_is_dropped() -> None:
    IdentityProviderFactory.create(slug="draft", enabled=False, entity_id="", sso_url="")
    try:
        with pytest.raises(IrreversibleError, match="in the way: draft"):
            call_command("migrate", "jitprov", "0001", verbosity=0)
    finally:
        call_command("migrate", verbosity=0)

    assert IdentityProvider.objects.get().metadata_url == ""


def test_the_migrations_can_be_squashed(settings: Any) -> None:
    """``squashmigrations`` writes a file that runs: each step is a function of a module that can be imported."""
    settings.JITPROV_TENANT_MODEL = "jitprov.Tenant"  # what Django writes in place of conf's
    graph = MigrationLoader(None).graph
    operations = [one for name in migrations() for one in graph.nodes["jitprov", name].operations]
    squashed = Migration("0001_squashed", "jitprov")
    vars(squashed)["operations"] = MigrationOptimizer().optimize(operations, "jitprov")
    writer = MigrationWriter(squashed)
    written: dict[str, Any] = {}

    text = writer.as_string()

    assert not writer.needs_manual_porting
    exec(compile(text, "squashed", "exec"), written)  # noqa: S102 -- what Django wrote
    assert len(written["Migration"].operations) == len(squashed.operations)
