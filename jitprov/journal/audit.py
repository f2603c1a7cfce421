"""Who changed what in the configuration, from what to what.

The configuration is read before and after, and the difference is written down. So it does not matter by which way
a change came, nor how it was written: a form, the API, an import, a bulk statement.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeAlias

from django.db import transaction

from jitprov.journal.actors import Actor
from jitprov.models import (
    Action,
    ConfigurationChange,
    IdentityProvider,
    TenantAdministrator,
    accounts_database,
)
from jitprov.models.changes import MAX_LABEL

IDENTITY_PROVIDER = "identity_provider"
ADMINISTRATOR = "tenant_administrator"
COLUMNS = (
    "tenant_id",
    "preset",
    "entity_id",
    "sso_url",
    "sso_binding",
    "slo_url",
    "slo_binding",
    "want_authn_requests_signed",
    "metadata_url",
    "subject_claim",
    "sp_entity_id",
    "sp_acs_url",
    "enabled",
    "create_users",
    "link_existing_users",
    "unsolicited",
    "force_authn",
    "name_id_format",
    "authn_contexts",
)
"""What is configured in the row itself."""
RELATED: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    # what: relation, the column that names a row, columns
    "certificate": ("certificates", "fingerprint", ("not_before", "not_after", "allow_expired")),
    "claim_mapping": (
        "claim_mappings",
        "target",
        ("position", "sources", "target", "transforms", "sync", "required", "when_empty"),
    ),
    "group_mapping": ("group_mappings", "value", ("claim", "value", "name", "group_id")),
    "email_domain": ("email_domains", "domain", ("domain",)),
}
"""What is configured in rows that belong to it."""
_NEED_NO_TEST = {"tenant_id", "preset", "metadata_url", "enabled", "name"}
"""What does not change how a response is judged and mapped."""

Key: TypeAlias = tuple[str, str]
"""What kind of row, and which."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """One row of the configuration."""

    label: str
    values: Mapping[str, Any]


Snapshot: TypeAlias = Mapping[Key, Part]


def snapshot(identity_provider: IdentityProvider) -> Snapshot:
    """Read the whole configuration of an identity provider, as JSON has it; empty if the row is not there."""
    return snapshots([identity_provider.pk]).get(identity_provider.pk, {})


def snapshots(keys: Collection[Any]) -> dict[Any, Snapshot]:
    """Read the configurations of the rows with these keys, with one statement for each kind of row."""
    found: dict[Any, dict[Key, Part]] = {}
    rows = IdentityProvider.objects.filter(pk__in=keys) if keys else IdentityProvider.objects.none()
    for row in rows.values("pk", "slug", *COLUMNS):
        values = {name: _plain(row[name]) for name in COLUMNS}
        found[row["pk"]] = {(IDENTITY_PROVIDER, ""): Part(label=row["slug"], values=values)}
    if found:
        for what in RELATED:
            _read_related(what, found)
    return dict(found)


def _read_related(what: str, found: Mapping[Any, dict[Key, Part]]) -> None:
    relation, name, columns = RELATED[what]
    model: Any = IdentityProvider._meta.get_field(relation).related_model
    rows = model.objects.filter(identity_provider__in=list(found)).order_by("pk")
    for row in rows.values("pk", "identity_provider_id", *{name, *columns}):
        # A certificate is the same one if it was removed and added again.
        key = row[name] if what == "certificate" else str(row["pk"])
        values = {column: _plain(row[column]) for column in columns}
        found[row["identity_provider_id"]][what, key] = Part(label=str(row[name]), values=values)


def configuration_digest(identity_provider: IdentityProvider) -> str:
    """Return a digest of everything that decides how a response is judged and mapped: what a test has tested."""
    tested: dict[str, list[Any]] = {}
    for (what, _key), part in snapshot(identity_provider).items():
        if what != "email_domain":
            values = {name: part.values[name] for name in part.values.keys() - _NEED_NO_TEST}
            tested.setdefault(what, []).append(
                [part.label if what == "certificate" else "", values]
            )
    canonical = {
        what: sorted(json.dumps(row, sort_keys=True) for row in rows)
        for what, rows in tested.items()
    }
    return hashlib.sha256(json.dumps(canonical, sort_keys=True).encode()).hexdigest()


@contextmanager
def recorded(identity_provider: IdentityProvider, actor: Actor, note: str = "") -> Iterator[None]:
    """Write down what the block changes in the configuration, in one transaction with the changes.

    :param identity_provider: not yet saved, if the block makes it.
    """
    with recorded_many([identity_provider], actor, note):
        yield


@contextmanager
def recorded_many(
    identity_providers: Sequence[IdentityProvider], actor: Actor, note: str = ""
) -> Iterator[None]:
    """Do the same for many, with a number of statements that does not depend on how many they are."""
    with transaction.atomic(using=accounts_database()):
        were = [(row, row.pk, row.slug, row.tenant_id) for row in identity_providers]
        before = snapshots([key for _, key, _, _ in were if key])
        yield
        after = snapshots([row.pk for row in identity_providers if row.pk])
        changes = [
            ConfigurationChange(
                **_of(row, after, slug, tenant_id), **_by(actor), note=note[:MAX_LABEL], **change
            )
            for row, key, slug, tenant_id in were
            for change in differences(before.get(key, {}), after.get(row.pk, {}))
        ]
        _forget_tenants_that_are_gone(changes)
        ConfigurationChange.objects.bulk_create(changes)


def _of(
    row: IdentityProvider, after: Mapping[Any, Snapshot], slug: str, tenant_id: Any
) -> dict[str, Any]:
    """Return which identity provider a change belongs to; one that is gone, by name only."""
    if row.pk not in after:
        return {"identity_provider_id": None, "tenant_id": tenant_id, "slug": slug}
    # The row itself knows better if it was made by the block.
    return {"identity_provider_id": row.pk, "tenant_id": row.tenant_id, "slug": row.slug}


def _forget_tenants_that_are_gone(changes: Sequence[ConfigurationChange]) -> None:
    """Leave the tenant out where it was deleted with its identity providers."""
    orphans = [change for change in changes if change.identity_provider_id is None]
    if not orphans:
        return
    tenants: Any = IdentityProvider._meta.get_field("tenant").related_model
    keys = {change.tenant_id for change in orphans}
    there = set(tenants._default_manager.filter(pk__in=keys).values_list("pk", flat=True))
    for change in orphans:
        if change.tenant_id not in there:
            change.tenant_id = None


def record_done(
    identity_provider: IdentityProvider, actor: Actor, what: str, *, label: str = "", note: str = ""
) -> None:
    """Write down a step that changes no configuration, such as a test or the use of a setup link."""
    _write(
        actor,
        identity_provider=identity_provider,
        tenant_id=identity_provider.tenant_id,
        slug=identity_provider.slug,
        what=what,
        label=label[:MAX_LABEL],
        action=Action.DONE,
        note=note[:MAX_LABEL],
    )


def record_administrator(
    administrator: TenantAdministrator, actor: Actor, action: Action, *, note: str = ""
) -> None:
    """Write down that somebody may configure a tenant's sign-in from now on, or may not any more."""
    _write(
        actor,
        tenant_id=administrator.tenant_id,
        what=ADMINISTRATOR,
        label=administrator.user.get_username()[:MAX_LABEL],
        action=action,
        note=note[:MAX_LABEL],
    )


def _write(actor: Actor, **columns: Any) -> None:
    ConfigurationChange.objects.create(**_by(actor), **columns)


def differences(before: Snapshot, after: Snapshot) -> Iterator[dict[str, Any]]:
    """Yield the columns of a :class:`ConfigurationChange` for each row that differs."""
    for key in dict.fromkeys([*after, *before]):
        old, new = before.get(key), after.get(key)
        changes = _changes(old.values if old else {}, new.values if new else {})
        if changes:
            part = new or old
            yield {
                "what": key[0],
                "label": part.label[:MAX_LABEL] if part else "",
                "action": _action(old, new),
                "changes": changes,
            }


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, list[Any]]:
    names = list(dict.fromkeys([*new, *old]))
    return {
        name: [old.get(name), new.get(name)] for name in names if old.get(name) != new.get(name)
    }


def _action(old: Part | None, new: Part | None) -> Action:
    if old is None:
        return Action.ADDED
    return Action.CHANGED if new else Action.REMOVED


def _by(actor: Actor) -> dict[str, Any]:
    return {"user": actor.user, "actor": actor.name[:MAX_LABEL], "via": actor.via}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return value if isinstance(value, str | int | bool | list | dict | None) else str(value)
