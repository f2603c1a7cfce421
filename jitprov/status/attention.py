"""Find what needs attention, and count sign-ins, for the admin, the API and monitoring.

Only identity providers that are enabled are watched; of the others their page says what is missing. How many there are
makes no difference to the number of statements: one for each kind of :mod:`jitprov.status.watched`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any

from django.db.models import Count, Q, QuerySet, Window
from django.utils import timezone
from django.utils.formats import date_format

from jitprov.conf import conf
from jitprov.configuration import enabling
from jitprov.host.provisioner import provisioner_class
from jitprov.models import IdentityProvider, Outcome, ProvisioningEvent
from jitprov.models.events import CAME_IN, NOT_LET_IN
from jitprov.provisioning.presets import Preset
from jitprov.scope import Scope
from jitprov.status.chart import Day
from jitprov.status.days import DayInUtc
from jitprov.status.watched import (
    CHANGED_SINCE_TEST,
    GROUP_NOT_ASSIGNABLE,
    Kind,
    Severity,
    facts_of,
    kinds,
)
from jitprov.status.watched_rows import Rows, has_own_groups, not_assignable
from jitprov.words.remedies import remedy

MAX_SHOWN = 50
"""Findings that one page shows at most."""
MAX_NAMED = 10
"""Names of fields or groups in one text; the facts have all."""
MAX_DAYS = 366


@dataclass(frozen=True, slots=True, kw_only=True)
class Attention:
    """One finding: a kind of trouble at one identity provider, with its facts."""

    kind: Kind
    identity_provider: IdentityProvider
    facts: Mapping[str, Any]

    @property
    def code(self) -> str:
        return self.kind.code

    @property
    def severity(self) -> Severity:
        return self.kind.severity

    @property
    def tenant(self) -> Any:
        return self.identity_provider.tenant

    @property
    def text(self) -> str:
        """Say what is wrong and what to do, in the language of whoever reads it."""
        shown = {name: _shown(value) for name, value in self.facts.items()}
        if "metadata_error" in shown:
            preset = Preset(self.identity_provider.preset)
            shown["metadata_error"] = str(remedy(shown["metadata_error"], preset).happened)
        return str(self.kind.text) % shown

    def as_json(self) -> dict[str, Any]:
        """Return everything as values that JSON has."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "tenant": str(getattr(self.tenant, conf.TENANT_LOOKUP_FIELD)),
            "identity_provider": self.identity_provider.slug,
            "text": self.text,
            "facts": {name: _plain(value) for name, value in self.facts.items()},
        }


@dataclass(slots=True, kw_only=True)
class TenantAttention:
    """The findings of one tenant."""

    tenant: Any
    items: list[Attention] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Overview:
    """The worst findings, by tenant."""

    tenants: tuple[TenantAttention, ...]
    shown: int
    total: int


def attention(watched: Scope | Rows, now: datetime | None = None) -> Iterator[Attention]:
    """Yield the findings at the time ``now``, the worst first."""
    rows, now = _rows(watched), now or timezone.now()
    for kind, concerned in _by_kind(rows, now):
        yield from (_noticed(kind, row) for row in concerned)


def attention_for(
    identity_provider: IdentityProvider, now: datetime | None = None
) -> list[Attention]:
    """Return the findings of one identity provider, also of the kinds that take more than one statement."""
    if not identity_provider.enabled:
        return []
    rows = IdentityProvider.objects.filter(pk=identity_provider.pk)
    found = [*attention(rows, now), *_looked_at_closely(identity_provider)]
    return sorted(found, key=lambda item: list(Severity).index(item.severity), reverse=True)


def overview(
    watched: Scope | Rows, now: datetime | None = None, limit: int = MAX_SHOWN
) -> Overview:
    """Return the worst findings by tenant, and the number of all."""
    rows, now = _rows(watched), now or timezone.now()
    shown: list[Attention] = []
    total = 0
    for kind, concerned in _by_kind(rows, now):
        room = limit - len(shown)
        if not room:  # then the database need not work out and sort what would be shown
            total += concerned.count()
            continue
        some = list(concerned.annotate(_total=Window(Count("pk")))[:room])
        total += getattr(some[0], "_total", 0) if some else 0
        shown += [_noticed(kind, row) for row in some]
    return Overview(tenants=_by_tenant(shown), shown=len(shown), total=total)


def summary(
    watched: Scope | QuerySet[ProvisioningEvent, ProvisioningEvent],
    now: datetime | None = None,
    days: int = 30,
) -> list[Day]:
    """Return the numbers of sign-ins and refusals for each of the last days in UTC, today at the end.

    In UTC, because MariaDB knows no other zone by name before somebody loads its tables. One statement.
    """
    last = _date(now or timezone.now())
    first = last - timedelta(days=max(1, min(days, MAX_DAYS)) - 1)
    events = (
        watched.limit(ProvisioningEvent.objects.all()) if isinstance(watched, Scope) else watched
    )
    counted = (
        events.filter(created_at__gte=_midnight(first))
        .order_by()
        .values(date=DayInUtc("created_at"))
        .annotate(
            sign_ins=Count("pk", filter=Q(outcome__in=CAME_IN)),
            first_sign_ins=Count("pk", filter=Q(outcome=Outcome.CREATED)),
            refusals=Count("pk", filter=Q(outcome__in=NOT_LET_IN)),
        )
    )
    known = {row["date"]: Day(**row) for row in counted}
    every = (first + timedelta(days=number) for number in range((last - first).days + 1))
    return [known.get(day) or Day(date=day) for day in every]


def worst(severities: set[Severity]) -> Severity | None:
    """Return the worst of some severities; ``None`` if there are none."""
    return next((one for one in reversed(Severity) if one in severities), None)


def _rows(watched: Scope | Rows) -> Rows:
    rows = watched.limit(IdentityProvider.objects.all()) if isinstance(watched, Scope) else watched
    return rows.filter(enabled=True).select_related("tenant").order_by("tenant_id", "slug")


def _by_kind(rows: Rows, now: datetime) -> Iterator[tuple[Kind, Rows]]:
    return ((kind, kind.rows(rows, now)) for kind in kinds() if kind.rows is not None)


def _noticed(kind: Kind, row: IdentityProvider) -> Attention:
    return Attention(kind=kind, identity_provider=row, facts=facts_of(kind, row))


def _looked_at_closely(identity_provider: IdentityProvider) -> Iterator[Attention]:
    if identity_provider.tested_digest and not enabling.is_tested(identity_provider):
        yield _noticed(CHANGED_SINCE_TEST, identity_provider)
    if has_own_groups():
        allowed = provisioner_class()(identity_provider).assignable_groups()
        rows = IdentityProvider.objects.filter(pk=identity_provider.pk)
        for row in not_assignable(rows, allowed):
            yield _noticed(GROUP_NOT_ASSIGNABLE, row)


def _by_tenant(items: list[Attention]) -> tuple[TenantAttention, ...]:
    """Group findings by tenant: first the tenant with the worst."""
    tenants: dict[Any, TenantAttention] = {}
    for item in items:
        key = item.identity_provider.tenant_id
        tenants.setdefault(key, TenantAttention(tenant=item.tenant)).items.append(item)
    return tuple(tenants.values())


def _shown(value: Any) -> str:
    if isinstance(value, datetime):
        return date_format(timezone.localtime(value) if timezone.is_aware(value) else value)
    return _named(sorted({str(one) for one in value})) if isinstance(value, list) else str(value)


def _named(names: list[str]) -> str:
    return ", ".join(names[:MAX_NAMED]) + (" …" if len(names) > MAX_NAMED else "")


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _date(now: datetime) -> date:
    return (now.astimezone(UTC) if timezone.is_aware(now) else now).date()


def _midnight(day: date) -> datetime:
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    return midnight if timezone.is_aware(timezone.now()) else midnight.replace(tzinfo=None)
