from __future__ import annotations

from datetime import datetime

from django.utils.translation import gettext_lazy as _

from jitprov.status.watched import Kind, Severity
from jitprov.status.watched_rows import Rows


def without_logout(rows: Rows, now: datetime) -> Rows:
    return rows.filter(slo_url="")


KINDS = (
    Kind(
        code="extra_without_logout",
        severity=Severity.CRITICAL,
        text=_("%(slug)s has no address for signing out."),
        rows=without_logout,
        facts=("slug",),
    ),
)
