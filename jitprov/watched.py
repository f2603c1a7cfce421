"""What is watched: each kind of trouble as one statement about any number of identity providers.

The database picks those that are concerned. So it costs the same statements for ten identity providers as for ten
thousand, and no row is read where nothing is wrong. :mod:`jitprov.status` asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import partial
from typing import Any, TypeAlias

from django.contrib.auth.models import Group
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Model,
    OuterRef,
    Q,
    QuerySet,
    Subquery,
    TextField,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Coalesce, Concat, Replace, StrIndex
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jitprov.assignable import assignable_groups
from jitprov.conf import conf
from jitprov.json_rows import json_rows, json_values
from jitprov.models import (
    ClaimMapping,
    GroupMapping,
    IdentityProvider,
    ObservedClaim,
    ProvisioningEvent,
    SigningCertificate,
)
from jitprov.models.attempts import CAME_IN, NOT_LET_IN
from jitprov.observed import MAX_OBSERVED
from jitprov.provisioner import Provisioner, provisioner_class
from jitprov.provisioning.types import Note
from jitprov.user_fields import mappable_fields

CERTIFICATE_ENDS_WITHIN = (7, 30, 60)
"""Days before the last certificate ends; within the first it is critical."""
REFUSALS_WITHIN = timedelta(hours=24)
REFUSALS_COMPARED_WITH = timedelta(days=14)
"""Before those 24 hours: what is usual."""
REFUSALS_AT_LEAST = 10
"""Fewer are never too many."""
REFUSALS_TIMES_THE_USUAL = 3
"""How many times the daily average is more than usual."""
UNUSED_FOR = timedelta(days=30)
UNUSED_AFTER = timedelta(days=14)
"""Who was enabled only just may still be waiting for the first person."""
CLAIM_MISSED_FOR = timedelta(days=30)
OVERAGE_WITHIN = timedelta(days=7)

Rows: TypeAlias = "QuerySet[IdentityProvider, IdentityProvider]"


class Severity(StrEnum):
    """How bad it is."""

    INFORMATION = "information"
    """Good to know; nothing is lost if nobody does anything."""
    WARNING = "warning"
    """Somebody should look at it this week."""
    CRITICAL = "critical"
    """Nobody can sign in, or will not be able to in a few days."""

    @property
    def label(self) -> Promise:
        """The same in words."""
        return _LABELS[self]


_LABELS = {
    Severity.INFORMATION: _("Information"),
    Severity.WARNING: _("Warning"),
    Severity.CRITICAL: _("Critical"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """One kind of trouble."""

    code: str
    severity: Severity
    text: Promise
    """What is wrong and what to do, with the facts as placeholders."""
    rows: Callable[[Rows, datetime], Rows] | None = None
    """Those that are concerned; ``None`` if it takes more than one statement to know."""
    facts: tuple[str, ...] = ()
    """Columns and annotations of a row."""


# Certificates


def _certificates() -> QuerySet[SigningCertificate, SigningCertificate]:
    return SigningCertificate.objects.filter(identity_provider=OuterRef("pk"))


def _with_ends(rows: Rows) -> Any:
    """Annotate when the last certificate ends; leave out who trusts one for ever."""
    last = _certificates().order_by("-not_after").values("not_after")[:1]
    return rows.filter(~Exists(_certificates().filter(allow_expired=True))).annotate(
        ends=Subquery(last)
    )


def _no_certificate(rows: Rows, now: datetime) -> Rows:
    return rows.filter(~Exists(_certificates()))


def _certificates_ended(rows: Rows, now: datetime) -> Rows:
    ended: Rows = _with_ends(rows).filter(ends__lt=now)
    return ended


def _certificate_ends(rows: Rows, now: datetime, *, after: int, before: int) -> Rows:
    until = [
        When(ends__lt=now + timedelta(days=days), then=Value(days))
        for days in CERTIFICATE_ENDS_WITHIN
    ]
    ending = _with_ends(rows).filter(
        ends__gte=now + timedelta(days=after), ends__lt=now + timedelta(days=before)
    )
    said: Rows = ending.annotate(within_days=Case(*until, output_field=IntegerField()))
    return said


def _another_certificate_stays(rows: Rows, now: datetime) -> Rows:
    soon = now + timedelta(days=CERTIFICATE_ENDS_WITHIN[-1])
    stays = _certificates().filter(Q(not_after__gte=soon) | Q(allow_expired=True))
    goes = _certificates().filter(not_after__lt=soon, allow_expired=False)
    first = goes.order_by("not_after").values("not_after")[:1]
    return rows.filter(Exists(stays), Exists(goes)).annotate(ends=Subquery(first))


# Sign-ins


def _refused_more_than_usual(rows: Rows, now: datetime, *, verified: bool) -> Rows:
    lately, before = now - REFUSALS_WITHIN, now - REFUSALS_WITHIN - REFUSALS_COMPARED_WITH
    refused = ProvisioningEvent.objects.filter(outcome__in=NOT_LET_IN, verified=verified).order_by()
    own = refused.filter(identity_provider=OuterRef("pk"))
    many = (
        refused.filter(created_at__gte=lately)
        .values("identity_provider")
        .annotate(number=Count("pk"))
        .filter(number__gte=REFUSALS_AT_LEAST)
    )
    return (
        rows.filter(pk__in=many.values("identity_provider"))
        .annotate(
            refused=_number_of(own.filter(created_at__gte=lately)),
            before=_number_of(own.filter(created_at__gte=before, created_at__lt=lately)),
        )
        .alias(weighed=F("refused") * REFUSALS_COMPARED_WITH.days)
        .filter(weighed__gt=F("before") * REFUSALS_TIMES_THE_USUAL)
    )


def _number_of(own: QuerySet[Any, Any]) -> Combinable:
    counted = own.order_by().values("identity_provider").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number"), output_field=IntegerField()), 0)


def _unused(rows: Rows, now: datetime) -> Rows:
    # Where events are kept for less, nobody can know more.
    since = now - min(UNUSED_FOR, conf.EVENT_RETENTION)
    came = ProvisioningEvent.objects.filter(
        identity_provider=OuterRef("pk"), created_at__gte=since, outcome__in=CAME_IN
    )
    return rows.annotate(enabled_since=Coalesce("enabled_at", "created_at")).filter(
        ~Exists(came), enabled_since__lt=now - UNUSED_AFTER
    )


def _groups_overage(rows: Rows, now: datetime) -> Rows:
    events = ProvisioningEvent.objects.filter(created_at__gte=now - OVERAGE_WITHIN)
    # As text: not every database looks into a list of JSON.
    noted = events.annotate(written=Cast("notes", TextField())).filter(
        written__contains=f'"{Note.GROUPS_OVERAGE.value}"'
    )
    mapped = GroupMapping.objects.filter(identity_provider=OuterRef("pk"))
    return rows.filter(Exists(mapped), pk__in=noted.order_by().values("identity_provider"))


# Mappings


class _Position(StrIndex):
    """Where a text stands in another; by bytes, as claims are compared, also where a database ignores case."""

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="INSTR(BINARY %(expressions)s)", **context
        )


def _as_lines(text: Any) -> Combinable:
    """Return a text of lines so that each stands between two line breaks, without the blanks around it."""
    alone = Concat(Value("\n"), text, Value("\n"), output_field=TextField())
    return Replace(Replace(alone, Value("\r"), Value("\n")), Value(" "), Value(""))


def _seen(now: datetime) -> QuerySet[ObservedClaim, ObservedClaim]:
    return ObservedClaim.objects.filter(last_seen__gte=(now - CLAIM_MISSED_FOR).date())


def _claim_never_arrives(rows: Rows, now: datetime) -> Rows:
    arrived = _seen(now).filter(identity_provider=OuterRef("identity_provider"))
    place = _Position(_as_lines(OuterRef("sources")), _as_lines(F("name")))
    missed = (
        ClaimMapping.objects.filter(identity_provider=OuterRef("pk"))
        .exclude(sources="")
        .filter(~Exists(arrived.annotate(place=place).filter(place__gt=0)))
    )
    kept = ObservedClaim.objects.filter(identity_provider=OuterRef("pk"))
    return (
        rows.filter(Exists(_seen(now).filter(identity_provider=OuterRef("pk"))), Exists(missed))
        # Of more claims than that, not all names are kept.
        .annotate(names=_number_of(kept))
        .filter(names__lt=MAX_OBSERVED)
        .annotate(missed=json_rows(missed, "target", "sources"))
        .annotate(fields=json_values(missed, "target"))
    )


def _field_not_mappable(rows: Rows, now: datetime) -> Rows:
    wrong = ClaimMapping.objects.filter(identity_provider=OuterRef("pk")).exclude(
        target__in=list(mappable_fields())
    )
    return rows.filter(Exists(wrong)).annotate(fields=json_values(wrong, "target"))


def _group_not_assignable(rows: Rows, now: datetime) -> Rows:
    if has_own_groups():
        return rows.none()
    return not_assignable(rows, assignable_groups())


def not_assignable(rows: Rows, allowed: QuerySet[Group, Group]) -> Rows:
    """Return those that map to a group which is not allowed."""
    wrong = GroupMapping.objects.filter(identity_provider=OuterRef("pk")).exclude(
        group__in=allowed.order_by().values("pk")
    )
    return rows.filter(Exists(wrong)).annotate(groups=json_values(wrong, "group__name"))


def has_own_groups() -> bool:
    """Say whether the host decides for each tenant which groups it may map to: then each has to be asked."""
    return provisioner_class().assignable_groups is not Provisioner.assignable_groups


# All of them, the worst first

GROUP_NOT_ASSIGNABLE = Kind(
    code="group_not_assignable",
    severity=Severity.WARNING,
    text=_(
        "Group mappings give groups that this application no longer lets tenants give: %(groups)s. Remove these"
        " mappings, or ask the support of this application to allow the groups."
    ),
    rows=_group_not_assignable,
    facts=("groups",),
)
CHANGED_SINCE_TEST = Kind(
    code="changed_since_test",
    severity=Severity.WARNING,
    text=_(
        "The configuration has changed since the last test sign-in passed on %(tested_at)s. Run a test sign-in to see"
        " that people can still come in."
    ),
    facts=("tested_at",),
)
KINDS: tuple[Kind, ...] = (
    Kind(
        code="no_certificate",
        severity=Severity.CRITICAL,
        text=_(
            "There is no signing certificate, so nobody can sign in. Import the identity provider's metadata again, or"
            " add its certificate."
        ),
        rows=_no_certificate,
    ),
    Kind(
        code="certificates_ended",
        severity=Severity.CRITICAL,
        text=_(
            "The last signing certificate ended on %(ends)s, so nobody can sign in. Import the identity provider's"
            " metadata again, or add its new certificate."
        ),
        rows=_certificates_ended,
        facts=("ends",),
    ),
    Kind(
        code="certificate_ends",
        severity=Severity.CRITICAL,
        text=_(
            "The last signing certificate ends on %(ends)s, within %(within_days)s days. After that nobody can sign in."
            " Create a new one at the identity provider now, and import its metadata again."
        ),
        rows=partial(_certificate_ends, after=0, before=CERTIFICATE_ENDS_WITHIN[0]),
        facts=("ends", "within_days"),
    ),
    Kind(
        code="field_not_mappable",
        severity=Severity.CRITICAL,
        text=_(
            "Claim mappings write fields that this application does not let tenants write: %(fields)s. Sign-ins with a"
            " value for them are refused. Remove these mappings, or ask the support of this application to allow the"
            " fields."
        ),
        rows=_field_not_mappable,
        facts=("fields",),
    ),
    Kind(
        code="certificate_ends",
        severity=Severity.WARNING,
        text=_(
            "The last signing certificate ends on %(ends)s, within %(within_days)s days. Create a new one at the"
            " identity provider before that, and import its metadata again."
        ),
        rows=partial(
            _certificate_ends, after=CERTIFICATE_ENDS_WITHIN[0], before=CERTIFICATE_ENDS_WITHIN[-1]
        ),
        facts=("ends", "within_days"),
    ),
    Kind(
        code="metadata_not_refreshed",
        severity=Severity.WARNING,
        text=_(
            "The metadata could not be refreshed when this was last tried, so that a new certificate would go"
            " unnoticed. %(metadata_error)s See whether the metadata URL is still right, and import from it again."
        ),
        rows=lambda rows, now: rows.exclude(metadata_url="").exclude(metadata_error=""),
        facts=("metadata_error", "metadata_checked_at"),
    ),
    Kind(
        code="refusals_above_usual",
        severity=Severity.WARNING,
        text=_(
            "Sign-ins were refused %(refused)s times in the last 24 hours, and only %(before)s times in the 14 days"
            " before that. Open the latest refusals: each has its reason and what to change."
        ),
        rows=partial(_refused_more_than_usual, verified=True),
        facts=("refused", "before"),
    ),
    Kind(
        code="unverified_refusals_above_usual",
        severity=Severity.WARNING,
        text=_(
            "%(refused)s responses whose origin could not be proved were refused in the last 24 hours, and only"
            " %(before)s in the 14 days before that. If people cannot sign in, the identity provider has probably"
            " changed its certificate: import its metadata again. If they can, somebody is trying things, and there is"
            " nothing to do."
        ),
        rows=partial(_refused_more_than_usual, verified=False),
        facts=("refused", "before"),
    ),
    Kind(
        code="claim_never_arrives",
        severity=Severity.WARNING,
        text=_(
            "Claims of these mappings have not arrived in 30 days, although people signed in: %(fields)s. Correct the"
            " names of the claims, let the identity provider send them, or remove the mappings."
        ),
        rows=_claim_never_arrives,
        facts=("fields", "missed"),
    ),
    Kind(
        code="groups_overage",
        severity=Severity.WARNING,
        text=_(
            "Some people are in more groups than the identity provider sends, so their groups here are not updated."
            " Let it send only the groups that are assigned to the application."
        ),
        rows=_groups_overage,
    ),
    GROUP_NOT_ASSIGNABLE,
    CHANGED_SINCE_TEST,
    Kind(
        code="unused",
        severity=Severity.WARNING,
        text=_(
            "It has been enabled since %(enabled_since)s, but nobody has signed in for 30 days. Give people the"
            " sign-on URL and assign them at the identity provider, or disable it."
        ),
        rows=_unused,
        facts=("enabled_since",),
    ),
    Kind(
        code="another_certificate_stays",
        severity=Severity.INFORMATION,
        text=_(
            "One of several signing certificates ends on %(ends)s, or has ended. Another one stays valid longer. Once"
            " the identity provider signs with that, remove the old one."
        ),
        rows=_another_certificate_stays,
        facts=("ends",),
    ),
)


def facts_of(kind: Kind, row: Model) -> Mapping[str, Any]:
    """Return what is known about a row that is concerned."""
    return {name: getattr(row, name) for name in kind.facts}
