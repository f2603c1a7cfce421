"""Explain where the values of a person's user fields come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser
from django.utils.dateparse import parse_datetime
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jitprov.explain.names import ClaimName, claim_name, claim_names
from jitprov.host.tenant_fields import fields_of, has_own_fields
from jitprov.host.user_fields import label_of as field_label
from jitprov.host.user_fields import mappable_fields
from jitprov.models import ClaimMapping, ExternalIdentity, ProvisioningEvent
from jitprov.words.guides import Text


class MappingNow(StrEnum):
    """The present state of the mapping that wrote a value."""

    THERE = "there"
    OTHER_CLAIM = "other_claim"
    GONE = "gone"
    NEVER = "never"

    @property
    def label(self) -> Promise:
        """Return the words for this state."""
        return _NOW[self]


_NOW = {
    MappingNow.THERE: _("The mapping that wrote it is still there."),
    MappingNow.OTHER_CLAIM: _("The mapping has been changed since: it no longer reads this claim."),
    MappingNow.GONE: _("The mapping that wrote it has been removed since."),
    MappingNow.NEVER: _("No claim gave it: it was chosen when the account was made."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The last time that a sign-in wrote a field, with the claim and the event."""

    identity_provider: str
    source: str
    claim: ClaimName | None
    at: datetime | None
    reference: str
    event: int | None
    """The primary key of the event; ``None`` if it is deleted."""
    mapping: MappingNow


@dataclass(frozen=True, slots=True, kw_only=True)
class MappingExplanation:
    """One present mapping that writes the field."""

    identity_provider: str
    claims: tuple[ClaimName, ...]
    transforms: tuple[str, ...]
    sync: str
    sync_label: Text
    required: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldExplanation:
    """A user field that a mapping writes or wrote."""

    field: str
    label: str
    value: Any
    """The present value, whoever wrote it; ``None`` if no mapping may write the field any more."""
    written: Written | None
    """``None`` if no sign-in wrote the field."""
    mappings: tuple[MappingExplanation, ...]


def explain_fields(
    user: AbstractBaseUser, identities: Sequence[ExternalIdentity]
) -> tuple[FieldExplanation, ...]:
    """Return the fields that a mapping of these identities' providers writes or wrote, in the order of the mappings."""
    mappings = _mappings(identities)
    written = _last_written(identities, mappings)
    names = list(dict.fromkeys([*(row.target for row in mappings), *sorted(written)]))
    shown = _shown(identities)
    return tuple(
        FieldExplanation(
            field=name,
            label=field_label(name),
            value=getattr(user, name) if name in shown else None,
            written=written.get(name),
            mappings=tuple(_mapping(row) for row in mappings if row.target == name),
        )
        for name in names
    )


def _shown(identities: Sequence[ExternalIdentity]) -> set[str]:
    """Return the user fields that the tenants of these identities may map to: their values are no news to them."""
    if not has_own_fields():
        return set(mappable_fields())
    return {name for identity in identities for name in fields_of(identity.identity_provider)}


def _mappings(identities: Sequence[ExternalIdentity]) -> list[ClaimMapping]:
    providers = {identity.identity_provider_id for identity in identities}
    rows = ClaimMapping.objects.filter(identity_provider__in=providers)
    return list(rows.select_related("identity_provider").order_by("position", "pk"))


def _mapping(row: ClaimMapping) -> MappingExplanation:
    return MappingExplanation(
        identity_provider=row.identity_provider.slug,
        claims=claim_names(row.claims),
        transforms=tuple(_transform(step) for step in row.transforms or ()),
        sync=row.sync,
        sync_label=row.get_sync_display(),
        required=row.required,
    )


def _transform(step: Any) -> str:
    """Return one transform of the mapping in a line."""
    if not isinstance(step, Mapping):
        return str(step)
    [name, parameters] = step.get("name", ""), {key: step[key] for key in step if key != "name"}
    written = ", ".join(f"{key}: {value}" for key, value in parameters.items())
    return f"{name} ({written})" if written else str(name)


def _last_written(
    identities: Iterable[ExternalIdentity], mappings: Sequence[ClaimMapping]
) -> dict[str, Written]:
    """Return the latest write of each field, among all identities."""
    latest: dict[str, tuple[str, ExternalIdentity]] = {}
    for identity in identities:
        for name, entry in identity.provenance.items():
            if name not in latest or entry["at"] > latest[name][0]:
                latest[name] = (entry["at"], identity)
    events = _events(
        identity.provenance[name]["reference"] for name, (_at, identity) in latest.items()
    )
    return {
        name: _written(identity, name, mappings, events) for name, (_at, identity) in latest.items()
    }


def _events(references: Iterable[str]) -> dict[str, int]:
    found = ProvisioningEvent.objects.filter(reference__in=set(references))
    return dict(found.values_list("reference", "pk"))


def _written(
    identity: ExternalIdentity,
    name: str,
    mappings: Sequence[ClaimMapping],
    events: Mapping[str, int],
) -> Written:
    entry = identity.provenance[name]
    own = [row for row in mappings if row.identity_provider_id == identity.identity_provider_id]
    return Written(
        identity_provider=identity.identity_provider.slug,
        source=entry["source"],
        claim=claim_name(entry["claim"]) if entry["claim"] else None,
        at=parse_datetime(entry["at"]),
        reference=entry["reference"],
        event=events.get(entry["reference"]),
        mapping=_mapping_now(name, entry["claim"], own),
    )


def _mapping_now(name: str, claim: str, mappings: Iterable[ClaimMapping]) -> MappingNow:
    row = next((row for row in mappings if row.target == name), None)
    if row is None:
        return MappingNow.GONE if claim else MappingNow.NEVER
    return MappingNow.THERE if not claim or claim in row.claims else MappingNow.OTHER_CLAIM
