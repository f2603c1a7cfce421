"""Define the kinds of trouble that are watched, each as one statement about any number of identity providers.

The database picks those that are concerned. So it costs the same statements for ten identity providers as for ten
thousand, and no row is read where nothing is wrong. :mod:`jitprov.status.attention` asks for them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import partial
from typing import Any

from django.db.models import Model
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jitprov import extras
from jitprov.status import watched_rows
from jitprov.status.thresholds import CERTIFICATE_ENDS_WITHIN
from jitprov.status.watched_rows import Rows


class Severity(StrEnum):
    """The severity of a finding."""

    INFORMATION = "information"
    """Nothing is lost if nobody does anything."""
    WARNING = "warning"
    """Somebody should look at it this week."""
    CRITICAL = "critical"
    """Nobody can sign in, or will not be able to in a few days."""

    @property
    def label(self) -> Promise:
        """Return the severity in words."""
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
    """Returns the rows that are concerned; ``None`` if that takes more than one statement."""
    facts: tuple[str, ...] = ()
    """Columns and annotations of a row."""


# The worst first

GROUP_NOT_ASSIGNABLE = Kind(
    code="group_not_assignable",
    severity=Severity.WARNING,
    text=_(
        "Group mappings give groups that this application no longer lets tenants give: %(groups)s. Remove these"
        " mappings, or ask the support of this application to allow the groups."
    ),
    rows=watched_rows.group_not_assignable,
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
        rows=watched_rows.no_certificate,
    ),
    Kind(
        code="certificates_ended",
        severity=Severity.CRITICAL,
        text=_(
            "The last signing certificate ended on %(ends)s, so nobody can sign in. Import the identity provider's"
            " metadata again, or add its new certificate."
        ),
        rows=watched_rows.certificates_ended,
        facts=("ends",),
    ),
    Kind(
        code="certificate_ends",
        severity=Severity.CRITICAL,
        text=_(
            "The last signing certificate ends on %(ends)s, within %(within_days)s days. After that nobody can sign in."
            " Create a new one at the identity provider now, and import its metadata again."
        ),
        rows=partial(watched_rows.certificate_ends, after=0, before=CERTIFICATE_ENDS_WITHIN[0]),
        facts=("ends", "within_days"),
    ),
    Kind(
        code="certificate_ends",
        severity=Severity.WARNING,
        text=_(
            "The last signing certificate ends on %(ends)s, within %(within_days)s days. Create a new one at the"
            " identity provider before that, and import its metadata again."
        ),
        rows=partial(
            watched_rows.certificate_ends,
            after=CERTIFICATE_ENDS_WITHIN[0],
            before=CERTIFICATE_ENDS_WITHIN[-1],
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
        rows=partial(watched_rows.refused_more_than_usual, verified=True),
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
        rows=partial(watched_rows.refused_more_than_usual, verified=False),
        facts=("refused", "before"),
    ),
    Kind(
        code="claim_never_arrives",
        severity=Severity.WARNING,
        text=_(
            "Claims of these mappings have not arrived in 30 days, although people signed in: %(fields)s. Correct the"
            " names of the claims, let the identity provider send them, or remove the mappings."
        ),
        rows=watched_rows.claim_never_arrives,
        facts=("fields", "missed"),
    ),
    Kind(
        code="groups_overage",
        severity=Severity.WARNING,
        text=_(
            "Some people are in more groups than the identity provider sends, so their groups here are not updated."
            " Let it send only the groups that are assigned to the application."
        ),
        rows=watched_rows.groups_overage,
    ),
    Kind(
        code="field_not_mappable",
        severity=Severity.WARNING,
        text=_(
            "Claim mappings write fields that this application does not let tenants write: %(fields)s. These fields"
            " stay as they are. Remove the mappings, or ask the support of this application to allow the fields."
        ),
        rows=watched_rows.field_not_mappable,
        facts=("fields",),
    ),
    GROUP_NOT_ASSIGNABLE,
    CHANGED_SINCE_TEST,
    Kind(
        code="trust_waits",
        severity=Severity.WARNING,
        text=_(
            "New certificates, addresses or identifiers, given by %(proposed_by)s on %(proposed_at)s, count only after a"
            " test sign-in with them. Run it, or withdraw them."
        ),
        rows=watched_rows.trust_waits,
        facts=("proposed_by", "proposed_at"),
    ),
    Kind(
        code="unused",
        severity=Severity.WARNING,
        text=_(
            "It has been enabled since %(enabled_since)s, but nobody has signed in for 30 days. Give people the"
            " sign-on URL and assign them at the identity provider, or disable it."
        ),
        rows=watched_rows.unused,
        facts=("enabled_since",),
    ),
    Kind(
        code="another_certificate_stays",
        severity=Severity.INFORMATION,
        text=_(
            "One of several signing certificates ends on %(ends)s, or has ended. Another one stays valid longer. Once"
            " the identity provider signs with that, remove the old one."
        ),
        rows=watched_rows.another_certificate_stays,
        facts=("ends",),
    ),
    Kind(
        code="people_leave",
        severity=Severity.INFORMATION,
        text=_(
            "The leaving date of some people is near: %(people)s, the first on %(first)s. From then on they are signed"
            " out and refused. Where a date is wrong, change it on their external identity."
        ),
        rows=watched_rows.people_leave,
        facts=("people", "first"),
    ),
)


def kinds() -> tuple[Kind, ...]:
    """Return the kinds of trouble that are watched for, with those of extras, the worst first."""
    worst_first = list(reversed(Severity))
    every = (*KINDS, *extras.kinds())
    return tuple(sorted(every, key=lambda kind: worst_first.index(kind.severity)))


def facts_of(kind: Kind, row: Model) -> Mapping[str, Any]:
    """Return the facts about a row that is concerned."""
    return {name: getattr(row, name) for name in kind.facts}
