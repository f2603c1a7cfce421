"""Show which claims fill which user fields and groups, and a preview of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from jitprov.configuration.enabling import Missing
from jitprov.extras import Section, Shown
from jitprov.journal.observed_claims import recent_sign_ins
from jitprov.models.lines import texts_of
from jitprov.setup.claim_list import SuggestedClaim, suggested_claims

MAX_SHOWN = 100
"""Characters of a value beside its row."""
_CLAIM_COLUMNS = (_("Claim"), _("User field"), _("Came last"))
_GROUP_COLUMNS = (_("Value"), _("Group here"), "")


def _show(page: Any, context: Mapping[str, Any]) -> Shown:
    forms = context["forms"]
    tables = (forms.claim_mappings, forms.group_mappings)
    wrong = forms.are_wrong(*tables, forms.everybody)
    claims = suggested_claims(page.identity_provider)
    _put_last_values(page, forms.claim_mappings.forms, claims)
    previewed = context.get("previewed") or context["preview_form"].errors
    is_done = Missing.MAPPING not in context["missing"]
    return Shown(
        done=is_done,
        line=_line(*(len(table.forms) for table in tables)) if is_done else Missing.MAPPING.label,
        has_errors=bool(wrong or previewed),
        context={
            "claims": claims,
            "claim_columns": _CLAIM_COLUMNS,
            "group_columns": _GROUP_COLUMNS,
        },
    )


def _put_last_values(page: Any, rows: list[Any], claims: list[SuggestedClaim]) -> None:
    """Put into each row what came last in its claim: the value, or for those who may not see it the day."""
    seen: dict[str, str] = {claim.name: claim.last_seen for claim in claims}
    if page.powers.insider:
        for sign_in in recent_sign_ins(page.identity_provider, limit=1):
            seen |= {name: ", ".join(some) for name, some in sign_in.claims.values.items() if some}
    for row in rows:
        sources = texts_of(row.instance.sources)
        row.last_seen = next((seen[name] for name in sources if seen.get(name)), "")[:MAX_SHOWN]


def _line(claims: int, groups: int) -> str:
    said = [ngettext("%(count)s field", "%(count)s fields", claims) % {"count": claims}]
    if groups:
        said.append(ngettext("%(count)s group", "%(count)s groups", groups) % {"count": groups})
    return ", ".join(said)


SECTION = Section(
    name="claims",
    title=_("People and groups"),
    template="jitprov/setup/sections/claims.html",
    show=_show,
    tables=("claim_mappings", "group_mappings"),
)
