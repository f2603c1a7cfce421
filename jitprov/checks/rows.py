"""Check the configuration in the database: warn of what has ended or is no longer allowed by the settings.

They run with ``manage.py check --database default`` and before ``migrate``. They are warnings: an error would keep a
host from migrating because of one tenant's certificate. :mod:`jitprov.status.attention` tells tenants the same.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.core.checks import CheckMessage, Tags, Warning, register  # noqa: A004 -- Django's name for it
from django.db import DatabaseError, connections, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.module_loading import import_string

from jitprov.conf import conf
from jitprov.exceptions import ConfigurationError, JitprovError
from jitprov.host.provisioner import Provisioner
from jitprov.host.user_fields import could_be_mapped, mappable_fields
from jitprov.models import ClaimMapping, GroupMapping, IdentityProvider, accounts_database
from jitprov.status import watched

CERTIFICATES_ENDED = "jitprov.W003"
FIELD_NOT_MAPPABLE = "jitprov.W004"
GROUP_NOT_ASSIGNABLE = "jitprov.W005"
ASSIGNABLE_GROUP_UNKNOWN = "jitprov.W006"

MAX_NAMED = 5
"""The most names in one message; the others are counted."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrong:
    """A problem that enabled identity providers may have, with its message."""

    id: str
    codes: tuple[str, ...]
    """Codes of :mod:`jitprov.status.watched`."""
    says: str
    hint: str
    line: Callable[[], str] | None = None
    """Returns the line of the settings that allows what is there."""


def _fields_line() -> str:
    mapped = ClaimMapping.objects.filter(identity_provider__enabled=True).values_list("target")
    wanted = {*mappable_fields(), *(name for (name,) in mapped if name in could_be_mapped())}
    return f"JITPROV_MAPPABLE_FIELDS = {sorted(wanted)}"


def _groups_line() -> str:
    enabled = IdentityProvider.objects.filter(enabled=True)
    mapped = Group.objects.filter(
        Q(pk__in=GroupMapping.objects.filter(identity_provider__enabled=True).values("group"))
        | Q(pk__in=enabled.values("everybody_group"))
    )
    wanted = {*conf.ASSIGNABLE_GROUPS, *mapped.values_list("name", flat=True)}
    return f"JITPROV_ASSIGNABLE_GROUPS = {sorted(wanted)}"


_ROWS = (
    _Wrong(
        id=CERTIFICATES_ENDED,
        codes=("no_certificate", "certificates_ended"),
        says="Nobody can sign in where no signing certificate is valid",
        hint="Import the metadata again, or disable these identity providers.",
    ),
    _Wrong(
        id=FIELD_NOT_MAPPABLE,
        codes=("field_not_mappable",),
        says="Claim mappings write user fields that JITPROV_MAPPABLE_FIELDS does not allow, or that do not exist",
        hint="Until then sign-ins leave these fields alone. Remove the mappings, or keep them",
        line=_fields_line,
    ),
    _Wrong(
        id=GROUP_NOT_ASSIGNABLE,
        codes=("group_not_assignable",),
        says="Group mappings give groups that JITPROV_ASSIGNABLE_GROUPS does not allow",
        hint="Until then sign-ins leave these groups alone. Remove the mappings, or keep them",
        line=_groups_line,
    ),
)


@register("jitprov", Tags.database)
def check_rows(
    app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any
) -> list[CheckMessage]:
    """Check the rows, if the database that is checked holds our tables."""
    alias = accounts_database()
    if alias not in (databases or ()) or not _settings_are_usable() or not _has_tables(alias):
        return []
    try:
        with transaction.atomic(using=alias):
            return [*_wrong_rows(), *_unknown_groups()]
    except DatabaseError:
        return []  # migrations are still to be run
    except ConfigurationError:
        return []  # the tables are other tenants': jitprov.checks.schema says so


def _settings_are_usable() -> bool:
    """Say whether the settings are valid, so that rows can be compared with them; other checks report if not."""
    try:
        _ = conf.MAPPABLE_FIELDS, conf.ASSIGNABLE_GROUPS, conf.ASSIGNABLE_GROUPS_OF_APPS
        provisioner = import_string(conf.PROVISIONER)
    except (JitprovError, ImportError):
        return False
    return isinstance(provisioner, type) and issubclass(provisioner, Provisioner)


def _has_tables(alias: str) -> bool:
    return IdentityProvider._meta.db_table in connections[alias].introspection.table_names()


def _wrong_rows() -> Iterator[CheckMessage]:
    for wrong in _ROWS:
        slugs = sorted(slug for code in wrong.codes for slug in _concerned(code))
        if slugs:
            hint = f"{wrong.hint}: {wrong.line()}" if wrong.line else wrong.hint
            yield Warning(f"{wrong.says}: {_named(slugs)}.", hint=hint, id=wrong.id)


def _concerned(code: str) -> Iterator[str]:
    enabled, now = IdentityProvider.objects.filter(enabled=True), timezone.now()
    for kind in watched.KINDS:
        if kind.code == code and kind.rows is not None:
            yield from kind.rows(enabled, now).values_list("slug", flat=True)


def _unknown_groups() -> Iterator[CheckMessage]:
    names = set(conf.ASSIGNABLE_GROUPS)
    unknown = names - set(Group.objects.filter(name__in=names).values_list("name", flat=True))
    if unknown:
        yield Warning(
            f"JITPROV_ASSIGNABLE_GROUPS names groups that do not exist: {_named(sorted(unknown))}.",
            hint="Correct the names, or create the groups.",
            id=ASSIGNABLE_GROUP_UNKNOWN,
        )


def _named(names: Sequence[str]) -> str:
    more = len(names) - MAX_NAMED
    return ", ".join(names[:MAX_NAMED]) + (f" and {more} more" if more > 0 else "")
