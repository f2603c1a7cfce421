"""Show who may come in, and the e-mail domains that send people here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _

from jitprov.configuration.email_domains import MAX_DOMAINS
from jitprov.extras import Section, Shown


def _show(page: Any, context: Mapping[str, Any]) -> Shown:
    row, forms = page.identity_provider, context["forms"]
    shown = [one for one in (forms.admission, forms.email_domains) if one is not None]
    return Shown(
        done=not row.is_draft,
        line=_("New people get an account at their first sign-in")
        if row.create_users
        else _("Only people who have an account already"),
        has_errors=forms.are_wrong(*shown),
        context={
            "domains": _domains(page),
            "without_domain": row.enabled and not row.email_domains.exists(),
        },
    )


def _domains(page: Any) -> list[str]:
    """Return the e-mail domains for administrators, who see them but cannot change them."""
    if page.powers.everything or not page.powers.insider:
        return []
    return [str(one) for one in page.identity_provider.email_domains.all()[:MAX_DOMAINS]]


SECTION = Section(
    name="entry",
    title=_("Who may come in"),
    template="jitprov/setup/sections/entry.html",
    show=_show,
    tables=("email_domains",),
)
