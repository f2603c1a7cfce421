"""Attach the remarks of a mapping review to the rows of the set-up page."""

from __future__ import annotations

from jitprov.mapping_review.review import Remark, review
from jitprov.provisioning.problems import MappingError
from jitprov.setup.forms import SetupForms


def put_remarks(forms: SetupForms) -> list[Remark]:
    """Attach each remark to its row; return the remarks that belong to no row."""
    remarks = _remarks(forms)
    claim_rows, group_rows = forms.claim_forms(), forms.group_mappings.kept_forms()
    about_none = []
    for remark in remarks:
        if remark.row is not None and remark.row < len(claim_rows):
            claim_rows[remark.row].remarks.append(remark)
        elif remark.group_row is not None and remark.group_row < len(group_rows):
            group_rows[remark.group_row].remarks.append(remark)
        else:
            about_none.append(remark)
    return about_none


def _remarks(forms: SetupForms) -> list[Remark]:
    try:
        rules = forms.rules()
    except MappingError:
        return review(forms.identity_provider)
    return review(forms.identity_provider, rules)
