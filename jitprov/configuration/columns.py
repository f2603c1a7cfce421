"""Change columns of an identity provider's own row."""

from __future__ import annotations

import copy
from collections.abc import Container
from dataclasses import dataclass, fields
from enum import Enum
from typing import Any, Final, Literal, TypeAlias, TypeVar

from django.conf import settings  # noqa: TID251 -- DEBUG is Django's setting, not one of ours
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from jitprov.configuration.editing import edited
from jitprov.configuration.group_mappings import allowed_groups, judge_group
from jitprov.configuration.problems import Problems, refuse_unprintable
from jitprov.journal.actors import Actor
from jitprov.models import IdentityProvider, is_entity_id_retired
from jitprov.models.lines import lines_of, texts_of

T = TypeVar("T")

MAX_AUTHN_CONTEXTS = 10
MAX_AUTHN_CONTEXT = 255
FOR_SUPERUSERS = frozenset({"link_existing_users", "allow_privileged"})
"""Columns that accounts of the whole application depend on."""
_URLS = frozenset({"sso_url", "slo_url", "sp_acs_url", "metadata_url"})
_TEXTS = frozenset({"entity_id", "sp_entity_id", "name_id_format", "subject_claim"})
_CONTEXTS = frozenset({"authn_contexts", "required_contexts"})
_OURS = {"sp_entity_id": "metadata", "sp_acs_url": "acs"}
"""Columns that replace one of our own addresses, each with the name of the view that has that address."""


class Unchanged(Enum):
    """A column that a change does not name."""

    UNCHANGED = "unchanged"


UNCHANGED: Final = Unchanged.UNCHANGED
Maybe: TypeAlias = T | Literal[Unchanged.UNCHANGED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """What is to be different of an identity provider's own row. What is not named stays as it is."""

    preset: Maybe[str] = UNCHANGED
    entity_id: Maybe[str] = UNCHANGED
    sso_url: Maybe[str] = UNCHANGED
    sso_binding: Maybe[str] = UNCHANGED
    slo_url: Maybe[str] = UNCHANGED
    slo_binding: Maybe[str] = UNCHANGED
    want_authn_requests_signed: Maybe[bool] = UNCHANGED
    metadata_url: Maybe[str] = UNCHANGED
    sp_entity_id: Maybe[str] = UNCHANGED
    sp_acs_url: Maybe[str] = UNCHANGED
    name_id_format: Maybe[str] = UNCHANGED
    authn_contexts: Maybe[str] = UNCHANGED
    """URIs, one on each line."""
    required_contexts: Maybe[str] = UNCHANGED
    """Likewise."""
    force_authn: Maybe[bool] = UNCHANGED
    create_users: Maybe[bool] = UNCHANGED
    unsolicited: Maybe[str] = UNCHANGED
    follow_relay_state: Maybe[bool] = UNCHANGED
    session_hours: Maybe[int | None] = UNCHANGED
    subject_claim: Maybe[str] = UNCHANGED
    link_existing_users: Maybe[bool] = UNCHANGED
    allow_privileged: Maybe[bool] = UNCHANGED
    everybody_group: Maybe[int | None] = UNCHANGED
    """The primary key of a group."""
    group_required_text: Maybe[str] = UNCHANGED

    def named(self) -> dict[str, Any]:
        """Return the values that are named, by column."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if value is not UNCHANGED}


def change(
    identity_provider: IdentityProvider, wanted: Columns, actor: Actor, *, everything: bool = False
) -> None:
    """Change columns, and record it. New trust in them waits for a test, if there are people.

    :param everything: whether the actor is a superuser.
    :raises ValidationError: a value is not valid, or not for this actor to change; by column.
    """
    with edited(identity_provider, actor):
        named = wanted.named()
        allowed = allowed_groups(identity_provider, [named.get("everybody_group")])
        write(identity_provider, judge(identity_provider, wanted, allowed, everything=everything))


def write(identity_provider: IdentityProvider, values: dict[str, Any]) -> None:
    """Save columns that were judged, while the identity provider is :func:`edited`."""
    for name, value in values.items():
        setattr(identity_provider, name, value)
    if values:
        identity_provider.save(update_fields=[*values, "updated_at"])


def judge(
    identity_provider: IdentityProvider,
    wanted: Columns,
    allowed: Container[int],
    *,
    everything: bool = False,
) -> dict[str, Any]:
    """Return the columns with their new values. What stays is not judged: code may have stored what this would refuse.

    :param allowed: the groups that this tenant may give.
    :param everything: whether superusers' columns may change.
    :raises ValidationError: by column.
    """
    row, problems = copy.copy(identity_provider), Problems()
    named = {name: value for name, value in wanted.named().items() if _differs(row, name, value)}
    for name, value in named.items():
        with problems.of(name):
            _require_power(name, everything=everything)
            setattr(row, column_of(name), _judged(row, name, value, allowed))
    others = {field.name for field in row._meta.fields} - named.keys()
    with problems.of():
        row.clean_fields(exclude=others | {"everybody_group"})
    if {"entity_id", "sso_url"} & named.keys():
        with problems.of():
            row.clean()
    problems.refuse()
    return {column_of(name): getattr(row, column_of(name)) for name in named}


def _differs(row: IdentityProvider, name: str, value: Any) -> bool:
    return bool(getattr(row, column_of(name)) != value)


def column_of(name: str) -> str:
    """Return the name of the column that a field of :class:`Columns` changes."""
    return "everybody_group_id" if name == "everybody_group" else name


def _require_power(name: str, *, everything: bool) -> None:
    if name in FOR_SUPERUSERS and not everything:
        raise ValidationError(_("Only a superuser may change this."), code="permission_denied")


def _judged(row: IdentityProvider, name: str, value: Any, allowed: Container[int]) -> Any:
    """Return a value as it is stored.

    :raises ValidationError: the column may not have it.
    """
    if name in _TEXTS:
        refuse_unprintable(value)
    if name in _URLS:
        _refuse_insecure(value)
    if name in _OURS:
        _refuse_of_another(row.url(_OURS[name]), row.slug, value)
    if name == "sp_entity_id":
        _refuse_retired(row.tenant_id, value)
    if name == "everybody_group":
        judge_group(value, allowed)
    return _contexts(value) if name in _CONTEXTS else value


def _refuse_insecure(url: str) -> None:
    schemes = ("https", "http") if settings.DEBUG else ("https",)
    if url and url.partition(":")[0].lower() not in schemes:
        raise ValidationError(_("The address must begin with https://."))


def _refuse_of_another(own: str, slug: str, url: str) -> None:
    """Refuse the entity ID or ACS URL of another row.

    All rows decrypt with the same keys, so that an assertion for another service provider could be read here.
    """
    root, _slug, view = own.rpartition(f"/{slug}/")
    theirs = url.removeprefix(f"{root}/").removesuffix(f"/{view}")
    if url != own and url == f"{root}/{theirs}/{view}" and "/" not in theirs:
        raise ValidationError(_("This is the address of another identity provider here."))


def _refuse_retired(tenant_id: Any, entity_id: str) -> None:
    if entity_id and is_entity_id_retired(entity_id, tenant_id):
        raise ValidationError(
            _(
                "This was another customer's, whose identity provider may still trust it. Choose another."
            )
        )


def _contexts(text: str) -> str:
    """Return authentication contexts, one URI on each line."""
    contexts = texts_of(text)
    if len(contexts) > MAX_AUTHN_CONTEXTS or any(
        len(line) > MAX_AUTHN_CONTEXT for line in contexts
    ):
        raise ValidationError(
            _("Give at most %(most)s lines of at most %(length)s characters."),
            params={"most": MAX_AUTHN_CONTEXTS, "length": MAX_AUTHN_CONTEXT},
        )
    for line in contexts:
        refuse_unprintable(line)
    return lines_of(contexts)
