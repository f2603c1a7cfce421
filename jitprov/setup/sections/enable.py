"""Show the button that enables the sign-in, and afterwards what to tell people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from jitprov.extras import Section, Shown
from jitprov.host.provisioner import provisioner_class


def _show(page: Any, context: Mapping[str, Any]) -> Shown:
    row = page.identity_provider
    return Shown(
        done=row.enabled,
        line=_("People can sign in.") if row.enabled else _("Nobody can sign in yet."),
        context={
            "sign_on_url": row.browser_url("login"),
            "product": provisioner_class().product_for(row.tenant),
        },
    )


SECTION = Section(
    name="enable", title=_("Enable"), template="jitprov/setup/sections/enable.html", show=_show
)
