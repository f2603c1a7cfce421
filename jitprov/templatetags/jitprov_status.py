"""Define ``{% jitprov_overview %}``: show what needs attention, and sign-ins per day, within the user's scope.

:mod:`jitprov.admin.overview` puts it on the admin's index. A host whose admin has an index template of its own, or
several admin sites, writes it where it belongs.
"""

from __future__ import annotations

from typing import Any

from django import template
from django.utils import timezone

from jitprov.models import IdentityProvider
from jitprov.scope import NOTHING, scope_of
from jitprov.status import attention
from jitprov.status.chart import Day, chart
from jitprov.status.due_jobs import due_jobs

register = template.Library()

OPEN_UP_TO = 10
"""Findings that are shown at first; of more, only the number."""


@register.inclusion_tag("jitprov/overview.html", takes_context=True)
def jitprov_overview(context: Any) -> dict[str, Any]:
    """Show what the user who is signed in may see; nothing to anybody who configures no tenant."""
    request = context.get("request")
    scope = scope_of(request.user) if hasattr(request, "user") else NOTHING
    if not scope:
        return {"overview": None}
    now = timezone.now()
    overview, days = attention.overview(scope, now), attention.summary(scope, now)
    # Jobs are of no tenant.
    jobs = due_jobs(now) if scope.everything else []
    return {
        "overview": overview,
        "jobs": jobs,
        "jobs_in_trouble": [job for job in jobs if job.severity],
        "is_nothing_there": not scope.limit(IdentityProvider.objects.all()).exists(),
        "open": overview.total <= OPEN_UP_TO,
        "days": days[::-1],
        "chart": chart(days) if any(map(_counts, days)) else "",
    }


def _counts(day: Day) -> int:
    return day.sign_ins + day.refusals
