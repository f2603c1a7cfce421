"""Word the record of changes for people: labels and names in place of codes and primary keys."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth.models import Group
from django.core.exceptions import FieldDoesNotExist
from django.db.models import Field, Model
from django.utils.dateparse import parse_datetime
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jitprov.host.user_fields import label_of
from jitprov.journal.actors import Actor
from jitprov.models import (
    Action,
    ClaimMapping,
    ConfigurationChange,
    EmailDomain,
    ExternalIdentity,
    GroupMapping,
    IdentityProvider,
    SetupLink,
    SigningCertificate,
    TenantAdministrator,
    TestSignIn,
    Via,
)
from jitprov.models.changes import MAX_LABEL
from jitprov.words.transforms import steps_in_words

MAX_ENTRIES = 50
MAX_SHOWN = 300
"""Characters of a value that are shown; a table of a transform may have thousands."""

KINDS: Mapping[str, type[Model]] = {
    "identity_provider": IdentityProvider,
    "certificate": SigningCertificate,
    "claim_mapping": ClaimMapping,
    "group_mapping": GroupMapping,
    "email_domain": EmailDomain,
    "identity": ExternalIdentity,
    "setup_link": SetupLink,
    "test_sign_in": TestSignIn,
    "tenant_administrator": TenantAdministrator,
}
"""The kinds of object that a change can be about."""

_NOTES: Mapping[str, Promise] = {
    "enabled without a passing test": _("enabled without a passing test"),
    "begun": _("begun"),
    "passed": _("passed"),
    "failed": _("failed"),
    "made": _("made"),
    "opened": _("opened"),
    "revoked": _("revoked"),
    "switched on": _("switched on"),
    "switched off": _("switched off"),
    "removed": _("removed"),
    "let in whatever they can do": _("let in whatever they can do"),
    "no longer let in whatever they can do": _("no longer let in whatever they can do"),
}
_NOT_SHOWN = {"tenant_id"}
"""A tenant's admin must not learn to which tenant a row belonged before."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldHistory:
    """One field with its value before and after."""

    name: str
    before: str
    after: str
    is_new: bool = False
    is_gone: bool = False

    def __str__(self) -> str:
        if self.is_new:
            return f"{self.name}: {self.after}"
        if self.is_gone:
            return f"{self.name}: {self.before}"
        return f"{self.name}: {self.before} → {self.after}"


@dataclass(frozen=True, slots=True, kw_only=True)
class HistoryEntry:
    """One change, worded in the reader's language."""

    at: datetime
    who: str
    via: str
    what: str
    label: str
    action: str
    changes: tuple[FieldHistory, ...]
    note: str

    def __str__(self) -> str:
        """Return the change in one line, without its time and actor."""
        head = " ".join(part for part in (self.what, self.label, self.action) if part)
        details = "; ".join([*map(str, self.changes), *([self.note] if self.note else [])])
        return capfirst(f"{head}: {details}" if details else head)


def history(
    identity_provider: IdentityProvider, *, by: Actor | None = None, limit: int = MAX_ENTRIES
) -> list[HistoryEntry]:
    """Return the latest changes of an identity provider, newest first.

    :param by: only changes of this actor.
    """
    rows = ConfigurationChange.objects.filter(identity_provider=identity_provider)
    if by is not None:
        rows = rows.filter(actor=by.name, via=by.via)
    return in_words(rows.order_by("-created_at", "-pk")[:limit])


def last_change(
    identity_provider: IdentityProvider, what: str, *, label: str = "", column: str = ""
) -> HistoryEntry | None:
    """Return the latest change of one thing, of the last hundred; ``None`` for none.

    :param what: the kind of row, as the record of changes calls it.
    :param label: the row's name; any, if empty.
    :param column: what was changed of it; anything, if empty.
    """
    rows = ConfigurationChange.objects.filter(identity_provider=identity_provider, what=what)
    if label:
        rows = rows.filter(label=label[:MAX_LABEL])
    latest = rows.order_by("-created_at", "-pk")[:100]
    found = [row for row in latest if not column or column in row.changes][:1]
    return next(iter(in_words(found)), None)


def in_words(rows: Iterable[ConfigurationChange]) -> list[HistoryEntry]:
    """Return changes in words, with one SQL statement for the names of all groups."""
    rows = list(rows)
    groups = _group_names(rows)
    return [_entry(row, groups) for row in rows]


def kind_label(what: str) -> str:
    """Return the name of a kind of object."""
    return str(KINDS[what]._meta.verbose_name) if what in KINDS else what


def _entry(row: ConfigurationChange, groups: Mapping[Any, str]) -> HistoryEntry:
    done = row.action == Action.DONE
    return HistoryEntry(
        at=row.created_at,
        who=row.actor,
        via=_choice(Via, row.via),
        what=kind_label(row.what),
        label=label_of(row.label) if row.what == "claim_mapping" else row.label,
        action="" if done else _choice(Action, row.action),
        changes=tuple(_fields(row, groups)),
        note=_note(row.note),
    )


def _choice(choices: Any, value: str) -> str:
    return str(dict(choices.choices).get(value, value))


def _note(note: str) -> str:
    known, colon, rest = note.partition(":")
    return f"{_NOTES[known]}{colon}{rest}" if known in _NOTES else note


def _fields(row: ConfigurationChange, groups: Mapping[Any, str]) -> Iterator[FieldHistory]:
    model = KINDS.get(row.what)
    for name, (before, after) in row.changes.items():
        if name in _NOT_SHOWN or (row.action != Action.CHANGED and _is_nothing(before, after)):
            continue
        field = _field(model, name)
        yield FieldHistory(
            name=str(getattr(field, "verbose_name", name)),
            before=_shown(field, before, groups),
            after=_shown(field, after, groups),
            is_new=row.action == Action.ADDED,
            is_gone=row.action == Action.REMOVED,
        )


def _is_nothing(*values: Any) -> bool:
    return all(value in (None, "", [], False) for value in values)


def _field(model: type[Model] | None, name: str) -> Field[Any, Any] | None:
    try:
        return model._meta.get_field(name) if model else None  # type: ignore[return-value]
    except FieldDoesNotExist:
        return None


def _shown(field: Field[Any, Any] | None, value: Any, groups: Mapping[Any, str]) -> str:
    text = _text(field, value, groups)
    return text if len(text) <= MAX_SHOWN else f"{text[:MAX_SHOWN]}…"


def _text(field: Field[Any, Any] | None, value: Any, groups: Mapping[Any, str]) -> str:
    if value in (None, "", []):
        return gettext("nothing")
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    if field is not None and field.related_model is Group:
        return groups.get(value) or gettext("a group that is gone (%(key)s)") % {"key": value}
    if field is not None and field.get_internal_type() == "DateTimeField":
        moment = parse_datetime(str(value))
        return date_format(moment) if moment else str(value)
    if isinstance(value, str):
        return _chosen(field, value)
    return _structured(value)


def _structured(value: Any) -> str:
    if isinstance(value, list) and all(isinstance(step, dict) for step in value):
        return steps_in_words(value)
    return json.dumps(value, ensure_ascii=False)


def _chosen(field: Field[Any, Any] | None, value: str) -> str:
    if field is not None and field.name == "target":
        return label_of(value)
    labels = dict(getattr(field, "flatchoices", ()))
    return str(labels[value]) if value in labels else ", ".join(value.splitlines())


def _group_names(rows: Sequence[ConfigurationChange]) -> dict[Any, str]:
    columns = ("group_id", "everybody_group_id")
    found = (key for row in rows for name in columns for key in row.changes.get(name, ()))
    keys = {key for key in found if key is not None}
    if not keys:
        return {}
    return dict(Group.objects.filter(pk__in=keys).values_list("pk", "name"))
