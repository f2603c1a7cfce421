from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jitprov.extras import Section, Shown
from jitprov.setup.page import SetupPage


def _show(page: SetupPage, context: Mapping[str, Any]) -> Shown:
    return Shown(done=None, line="one line", context={"slug": page.identity_provider.slug})


SECTIONS = (Section(name="extra", title="Of the extra", template="extra/section.html", show=_show),)
