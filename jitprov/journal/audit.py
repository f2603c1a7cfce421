"""Record who changed what in the configuration, with each value before and after.

The configuration is read before and after, and the difference is written down. So it does not matter by which way
a change came, nor how it was written: a form, the API, an import, a bulk statement.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Collection, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, TypeAlias

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
from jitprov.models.inserts import insert_rows
from jitprov.models.mappings import CLAIM_COLUMNS, GROUP_COLUMNS

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
    "allow_privileged",
    "everybody_group_id",
    "group_required_text",
    "unsolicited",
    "follow_relay_state",
    "session_hours",
    "force_authn",
    "name_id_format",
    "authn_contexts",
    "required_contexts",
)
"""Columns of the identity provider's own row that are configuration."""
RELATED: Mapping[str, tuple[str, str, tuple[str, ...]]] = {
    # what: relation, the column that names a row, columns
    "certificate": ("certificates", "fingerprint", ("not_before", "not_after", "allow_expired")),
    "claim_mapping": (
        "claim_mappings",
        "target",
        CLAIM_COLUMNS,
    ),
    "group_mapping": ("group_mappings", "value", ("name", *GROUP_COLUMNS)),
    "email_domain": ("email_domains", "domain", ("domain",)),
}
"""Related rows that are configuration."""
_ADDED_LATER: Mapping[tuple[str, str], tuple[Any, ...]] = {
    ("identity_provider", "everybody_group_id"): (None,),
    ("identity_provider", "required_contexts"): ("",),
    ("claim_mapping", "when_invalid"): ("keep",),
    ("group_mapping", "transforms"): (None, []),
    ("group_mapping", "admits"): (False,),
}
"""Columns with the values that mean what was meant before they were there, so that no test is outdated by an upgrade."""
_NEED_NO_TEST = {
    "tenant_id",
    "preset",
    "metadata_url",
    "enabled",
    "name",
    "allow_privileged",
    "group_required_text",
    "follow_relay_state",
    "session_hours",
}
"""Columns that do not change how a response is judged and mapped."""

_JSON = (str, int, bool, list, dict)

Key: TypeAlias = tuple[str, str]
"""The kind of a row, and a key that is unique within the kind."""


class Part(NamedTuple):
    """One row of the configuration: its label for people, and its columns."""

    label: str
    values: Mapping[str, Any]


Snapshot: TypeAlias = Mapping[Key, Part]


def snapshot(
    identity_provider: IdentityProvider, kinds: Container[str] = tuple(RELATED)
) -> Snapshot:
    """Read the whole configuration of an identity provider, as JSON has it; empty if the row is not there.

    :param kinds: the related rows to read.
    """
    return snapshots([identity_provider.pk], kinds).get(identity_provider.pk, {})


def snapshots(keys: Collection[Any], kinds: Container[str] = tuple(RELATED)) -> dict[Any, Snapshot]:
    """Read the configurations of the rows with these keys, with one statement for each kind of row."""
    found: dict[Any, dict[Key, Part]] = {}
    rows = IdentityProvider.objects.filter(pk__in=keys) if keys else IdentityProvider.objects.none()
    for key, slug, *values in rows.values_list("pk", "slug", *COLUMNS):
        found[key] = {(IDENTITY_PROVIDER, ""): Part(slug, _named(COLUMNS, values))}
    if found:
        for what in RELATED:
            if what in kinds:
                _read_related(what, found)
    return dict(found)


def _read_related(what: str, found: Mapping[Any, dict[Key, Part]]) -> None:
    relation, name, columns = RELATED[what]
    model: Any = IdentityProvider._meta.get_field(relation).related_model
    rows = model.objects.filter(identity_provider__pk__in=list(found)).order_by("pk")
    for pk, owner, label, *values in rows.values_list("pk", "identity_provider_id", name, *columns):
        # A certificate is the same one if it was removed and added again.
        key = label if what == "certificate" else str(pk)
        found[owner][what, key] = Part(str(label), _named(columns, values))


def _named(columns: Sequence[str], values: Iterable[Any]) -> dict[str, Any]:
    return dict(zip(columns, map(_plain, values), strict=True))


def configuration_digest(identity_provider: IdentityProvider) -> str:
    """Return a digest of what decides how a response is judged and mapped, to see whether a test is outdated."""
    tested: dict[str, list[Any]] = {}
    for (what, _key), part in snapshot(identity_provider).items():
        if what != "email_domain":
            values = {
                name: part.values[name]
                for name in part.values.keys() - _NEED_NO_TEST
                if part.values[name] not in _ADDED_LATER.get((what, name), ())
            }
            tested.setdefault(what, []).append(
                [part.label if what == "certificate" else "", values]
            )
    canonical = {
        what: sorted(json.dumps(row, sort_keys=True) for row in rows)
        for what, rows in tested.items()
    }
    return digest_of(canonical)


def digest_of(content: Any) -> str:
    """Return a digest of a value that JSON can hold, whatever the order of its keys."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


@contextmanager
def recorded(identity_provider: IdentityProvider, actor: Actor, note: str = "") -> Iterator[None]:
    """Record what the block changes in the configuration, in one transaction with the changes.

    :param identity_provider: not yet saved, if the block makes it.
    """
    with recorded_many([identity_provider], actor, note):
        yield


@contextmanager
def recorded_many(
    identity_providers: Sequence[IdentityProvider], actor: Actor, note: str = ""
) -> Iterator[None]:
    """Record what the block changes for many identity providers. The number of statements does not grow with them."""
    with transaction.atomic(using=accounts_database()):
        were = [(row, row.pk, row.slug, row.tenant_id) for row in identity_providers]
        before = snapshots([key for _, key, _, _ in were if key])
        yield
        after = snapshots([row.pk for row in identity_providers if row.pk])
        gone = {tenant_id for _, key, _, tenant_id in were if key in before and key not in after}
        tenants = _existing_tenants(gone)
        by = {**_by(actor), "note": note[:MAX_LABEL]}
        insert_rows(
            ConfigurationChange,
            (
                {**about, **change}
                for row, key, slug, tenant_id in were
                for about in [{**by, **_of(row, after, slug, tenant_id, tenants)}]
                for change in differences(before.get(key, {}), after.get(row.pk, {}))
            ),
        )


def _of(
    row: IdentityProvider,
    after: Mapping[Any, Snapshot],
    slug: str,
    tenant_id: Any,
    tenants: Container[Any],
) -> dict[str, Any]:
    """Return the columns that name a change's identity provider; one that was deleted is named by its slug only."""
    if row.pk not in after:
        tenant_id = tenant_id if tenant_id in tenants else None
        return {"identity_provider_id": None, "tenant_id": tenant_id, "slug": slug}
    # The row itself knows better if it was made by the block.
    return {"identity_provider_id": row.pk, "tenant_id": row.tenant_id, "slug": row.slug}


def _existing_tenants(keys: Collection[Any]) -> set[Any]:
    """Return those tenants that were not deleted with their identity providers."""
    if not keys:
        return set()
    tenants: Any = IdentityProvider._meta.get_field("tenant").related_model
    return set(tenants._default_manager.filter(pk__in=keys).values_list("pk", flat=True))


def record_done(
    identity_provider: IdentityProvider, actor: Actor, what: str, *, label: str = "", note: str = ""
) -> None:
    """Record a step that changes no configuration, such as a test or the use of a setup link."""
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
    """Record that a user was made an administrator of a tenant, or is none any more."""
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


def _changes(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    return {
        name: (before, after)
        for name in {**new, **old}
        if (before := old.get(name)) != (after := new.get(name))
    }


def _action(old: Part | None, new: Part | None) -> Action:
    if old is None:
        return Action.ADDED
    return Action.CHANGED if new else Action.REMOVED


def _by(actor: Actor) -> dict[str, Any]:
    user = actor.user
    return {"user_id": user.pk if user else None, "actor": actor.name[:MAX_LABEL], "via": actor.via}


def _plain(value: Any) -> Any:
    """Return a value as JSON has it."""
    if value is None or isinstance(value, _JSON):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)
