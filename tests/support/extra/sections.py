from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jitprov.extras import Section
from jitprov.setup.page import SetupPage


def _context(page: SetupPage) -> Mapping[str, Any]:
    return {"slug": page.identity_provider.slug}


SECTIONS = (Section(template="extra/section.html", context=_context),)
