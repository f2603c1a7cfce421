"""Find the identity providers that are in trouble: one statement for each kind, about any number of them.

:mod:`jitprov.status.watched` says what the trouble is and how bad.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, TypeAlias

from django.contrib.auth.models import Group
from django.db.models import (
    Case,
    Count,
    Exists,
    F,
    IntegerField,
    Min,
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

from jitprov.conf import conf
from jitprov.host.assignable_groups import assignable_groups
from jitprov.host.provisioner import Provisioner, provisioner_class
from jitprov.host.tenant_fields import has_own_fields
from jitprov.host.user_fields import mappable_fields
from jitprov.journal.observed_claims import MAX_OBSERVED
from jitprov.models import (
    ClaimMapping,
    ExternalIdentity,
    GroupMapping,
    IdentityProvider,
    ObservedClaim,
    ProvisioningEvent,
    SigningCertificate,
)
from jitprov.models.events import CAME_IN, NOT_LET_IN
from jitprov.models.json_rows import json_rows, json_values
from jitprov.provisioning.types import Note
from jitprov.status.thresholds import (
    CERTIFICATE_ENDS_WITHIN,
    CLAIM_MISSED_FOR,
    LEAVING_WITHIN,
    OVERAGE_WITHIN,
    REFUSALS_AT_LEAST,
    REFUSALS_COMPARED_WITH,
    REFUSALS_TIMES_THE_USUAL,
    REFUSALS_WITHIN,
    UNUSED_AFTER,
    UNUSED_FOR,
)

Rows: TypeAlias = "QuerySet[IdentityProvider, IdentityProvider]"


# Certificates


def _certificates() -> QuerySet[SigningCertificate, SigningCertificate]:
    return SigningCertificate.objects.filter(identity_provider=OuterRef("pk"))


def no_certificate(rows: Rows, now: datetime) -> Rows:
    """Return the rows without a certificate."""
    return rows.filter(~Exists(_certificates()))


def certificates_ended(rows: Rows, now: datetime) -> Rows:
    """Return the rows whose last certificate has ended."""
    return _last_ends(rows.filter(Exists(_certificates())), before=now)


def certificate_ends(rows: Rows, now: datetime, *, after: int, before: int) -> Rows:
    """Return the rows whose last certificate ends within some days: from the first number on, before the second."""
    until = [
        When(ends__lt=now + timedelta(days=days), then=Value(days))
        for days in CERTIFICATE_ENDS_WITHIN
    ]
    late_enough = _certificates().filter(not_after__gte=now + timedelta(days=after))
    ending = _last_ends(rows.filter(Exists(late_enough)), before=now + timedelta(days=before))
    said: Rows = ending.annotate(within_days=Case(*until, output_field=IntegerField()))
    return said


def _last_ends(rows: Rows, *, before: datetime) -> Rows:
    """Leave rows of which no certificate stays, and annotate when the last one ends.

    A certificate stays that ends later, or is trusted after its end. To look for one is quicker than to sort them all.
    """
    stays = _certificates().filter(Q(not_after__gte=before) | Q(allow_expired=True))
    last = _certificates().order_by("-not_after").values("not_after")[:1]
    ending: Rows = rows.filter(~Exists(stays)).annotate(ends=Subquery(last))
    return ending


def another_certificate_stays(rows: Rows, now: datetime) -> Rows:
    """Return the rows with a certificate that ends soon or has ended, beside one that stays."""
    soon = now + timedelta(days=CERTIFICATE_ENDS_WITHIN[-1])
    stays = _certificates().filter(Q(not_after__gte=soon) | Q(allow_expired=True))
    goes = _certificates().filter(not_after__lt=soon, allow_expired=False)
    first = goes.order_by("not_after").values("not_after")[:1]
    return rows.filter(Exists(goes), Exists(stays)).annotate(ends=Subquery(first))


# Sign-ins


def refused_more_than_usual(rows: Rows, now: datetime, *, verified: bool) -> Rows:
    """Return the rows with more refusals in the last day than on other days."""
    lately, before = now - REFUSALS_WITHIN, now - REFUSALS_WITHIN - REFUSALS_COMPARED_WITH
    refused = ProvisioningEvent.objects.filter(outcome__in=NOT_LET_IN, verified=verified).order_by()
    own = refused.filter(identity_provider=OuterRef("pk"))
    some = refused.filter(created_at__gte=lately).values("identity_provider")
    return (
        rows.filter(pk__in=some)
        .annotate(
            refused=_number_of(own.filter(created_at__gte=lately)),
            before=_number_of(own.filter(created_at__gte=before, created_at__lt=lately)),
        )
        .alias(weighed=F("refused") * REFUSALS_COMPARED_WITH.days)
        .filter(refused__gte=REFUSALS_AT_LEAST, weighed__gt=F("before") * REFUSALS_TIMES_THE_USUAL)
    )


def _number_of(own: QuerySet[Any, Any]) -> Combinable:
    counted = own.order_by().values("identity_provider").annotate(number=Count("pk"))
    return Coalesce(Subquery(counted.values("number"), output_field=IntegerField()), 0)


def unused(rows: Rows, now: datetime) -> Rows:
    """Return the rows with which nobody has signed in for long."""
    # Where events are kept for less, nobody can know more.
    since = now - min(UNUSED_FOR, conf.EVENT_RETENTION)
    came = ProvisioningEvent.objects.filter(
        identity_provider=OuterRef("pk"), created_at__gte=since, outcome__in=CAME_IN
    )
    return rows.annotate(enabled_since=Coalesce("enabled_at", "created_at")).filter(
        ~Exists(came), enabled_since__lt=now - UNUSED_AFTER
    )


def groups_overage(rows: Rows, now: datetime) -> Rows:
    """Return the rows that map groups and of whose people not all groups were sent, because there are too many."""
    events = ProvisioningEvent.objects.filter(created_at__gte=now - OVERAGE_WITHIN)
    # As text: not every database looks into a list of JSON.
    noted = events.annotate(written=Cast("notes", TextField())).filter(
        written__contains=f'"{Note.GROUPS_OVERAGE.value}"'
    )
    mapped = GroupMapping.objects.filter(identity_provider=OuterRef("pk"))
    return rows.filter(Exists(mapped), Exists(noted.filter(identity_provider=OuterRef("pk"))))


# People


def people_leave(rows: Rows, now: datetime) -> Rows:
    """Return the rows of which people leave soon, with how many and the first date."""
    leaving = ExternalIdentity.objects.filter(
        active=True, leaves_at__gt=now, leaves_at__lte=now + LEAVING_WITHIN
    )
    of_row = leaving.filter(identity_provider=OuterRef("pk")).order_by()
    grouped = of_row.values("identity_provider")
    return rows.filter(Exists(of_row)).annotate(
        people=Subquery(grouped.annotate(number=Count("pk")).values("number")),
        first=Subquery(grouped.annotate(first=Min("leaves_at")).values("first")),
    )


# Mappings


class _Position(StrIndex):
    """The position of a text in another, compared byte by byte as claims are, also where a database ignores case."""

    def as_mysql(self, compiler: Any, connection: Any, **context: Any) -> Any:
        return self.as_sql(
            compiler, connection, template="INSTR(BINARY %(expressions)s)", **context
        )


def _as_lines(text: Any) -> Combinable:
    """Return a text of lines with each between two line breaks, and without blanks around it."""
    alone = Concat(Value("\n"), text, Value("\n"), output_field=TextField())
    return Replace(Replace(alone, Value("\r"), Value("\n")), Value(" "), Value(""))


def _seen(now: datetime) -> QuerySet[ObservedClaim, ObservedClaim]:
    return ObservedClaim.objects.filter(last_seen__gte=(now - CLAIM_MISSED_FOR).date())


def claim_never_arrives(rows: Rows, now: datetime) -> Rows:
    """Return the rows with a mapping whose claims have not come for long, although people have signed in."""
    arrived = _seen(now).filter(identity_provider=OuterRef("identity_provider"))
    within = _Position(OuterRef("sources"), F("name"))  # first: where it fails, no line is made
    as_line = _Position(_as_lines(OuterRef("sources")), _as_lines(F("name")))
    read = arrived.alias(within=within, as_line=as_line).filter(within__gt=0).filter(as_line__gt=0)
    missed = (
        ClaimMapping.objects.filter(identity_provider=OuterRef("pk"))
        .exclude(sources="")
        .filter(~Exists(read))
    )
    kept = ObservedClaim.objects.filter(identity_provider=OuterRef("pk"))
    return (
        rows.filter(Exists(_seen(now).filter(identity_provider=OuterRef("pk"))), Exists(missed))
        # Of more claims than that, not all names are kept.
        .filter(~Exists(kept[MAX_OBSERVED - 1 :]))
        .annotate(missed=json_rows(missed, "target", "sources"))
        .annotate(fields=json_values(missed, "target"))
    )


def field_not_mappable(rows: Rows, now: datetime) -> Rows:
    """Return the rows with a mapping that writes a field which no mapping may write."""
    if has_own_fields():
        return rows.none()  # the page of each tenant says it
    wrong = ClaimMapping.objects.filter(identity_provider=OuterRef("pk")).exclude(
        target__in=list(mappable_fields())
    )
    return rows.filter(Exists(wrong)).annotate(fields=json_values(wrong, "target"))


def trust_waits(rows: Rows, now: datetime) -> Rows:
    """Return the rows for which new trust waits for a test."""
    return rows.filter(proposed_trust__isnull=False).annotate(
        proposed_by=F("proposed_trust__proposed_by"), proposed_at=F("proposed_trust__proposed_at")
    )


def group_not_assignable(rows: Rows, now: datetime) -> Rows:
    """Return the rows with a mapping to a group that the host lets nobody give."""
    if has_own_groups():
        return rows.none()
    return not_assignable(rows, assignable_groups())


def not_assignable(rows: Rows, allowed: QuerySet[Group, Group]) -> Rows:
    """Return the rows with a mapping to a group that is not among the allowed ones."""
    given = Group.objects.filter(
        Exists(
            GroupMapping.objects.filter(
                identity_provider=OuterRef(OuterRef("pk")), group=OuterRef("pk")
            )
        )
        | Q(pk=OuterRef("everybody_group"))
    )
    wrong = given.exclude(pk__in=allowed.order_by().values("pk"))
    return rows.filter(Exists(wrong)).annotate(groups=json_values(wrong, "name"))


def has_own_groups() -> bool:
    """Say whether the host decides for each tenant which groups it may map to, so that each has to be asked."""
    return provisioner_class().assignable_groups is not Provisioner.assignable_groups
