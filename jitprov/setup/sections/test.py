"""Show the button for a test sign-in, and the reports of the last ones."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from jitprov.configuration.enabling import Missing
from jitprov.extras import Section, Shown

MAX_TESTS = 10
"""Test sign-ins of one person that the page lists."""


def _show(page: Any, context: Mapping[str, Any]) -> Shown:
    at = page.identity_provider.tested_at
    is_tested = context["is_tested"]
    passed_on = _("Passed on %(date)s")
    date = date_format(localtime(at), "DATETIME_FORMAT") if at else ""
    return Shown(
        done=is_tested,
        line=passed_on % {"date": date} if is_tested and at else Missing.TEST.label,
        context={"tests": list(page.tests()[:MAX_TESTS])},
    )


SECTION = Section(
    name="test", title=_("Test"), template="jitprov/setup/sections/test.html", show=_show
)
