"""Review a mapping before it is saved: report rows that are wrong or will never do anything, in words.

A review only advises. Whether a row is valid is decided where it is saved, and again at every sign-in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import Any

from django.contrib.auth import get_user_model
from django.utils.translation import gettext as _

from jitprov.accounts import Rules
from jitprov.host import user_fields
from jitprov.host.provisioner import provisioner_for
from jitprov.host.tenant_fields import fields_of
from jitprov.journal.observed_claims import recent_sign_ins
from jitprov.mapping_review.remark import Facts, Remark, Severity, may_change
from jitprov.mapping_review.row_review import review_row, review_targets
from jitprov.models import IdentityProvider
from jitprov.provisioning.groups import (
    GROUPS_OVERAGE_CLAIM,
    is_guid,
    unmatched_values,
    without_guid_case,
)
from jitprov.provisioning.presets import NAME_ID_CLAIM, Preset
from jitprov.provisioning.problems import MappingError
from jitprov.provisioning.types import ClaimRule, GroupRule

__all__ = ["Remark", "Severity", "review"]

_ORDER = list(Severity)
_MAX_VALUES = 10
_MAX_SHOWN = 100


def review(identity_provider: IdentityProvider, rules: Rules | None = None) -> list[Remark]:
    """Return the remarks on a mapping, the gravest first. Costs a constant number of statements.

    :param rules: the mapping that is proposed; ``None`` for the one that is saved.
    """
    try:
        reviewed = rules or Rules.of(identity_provider)
    except MappingError as error:
        return [Remark(severity=Severity.ERROR, code="mapping_invalid", text=str(error))]
    facts = _facts(identity_provider, reviewed.group_rules)
    found = [
        *review_targets(reviewed.claim_rules),
        *_rows(reviewed.claim_rules, facts),
        *_unfilled(reviewed.claim_rules, facts),
        *_anchor(facts),
        *_groups(reviewed.group_rules, facts),
    ]
    return sorted(found, key=lambda remark: _ORDER.index(remark.severity))


def _facts(identity_provider: IdentityProvider, group_rules: Sequence[GroupRule]) -> Facts:
    wanted = {rule.group for rule in group_rules if rule.group is not None}
    offered = provisioner_for(identity_provider).assignable_groups()
    return Facts(
        preset=Preset(identity_provider.preset),
        subject_claim=identity_provider.subject_claim,
        fields=fields_of(identity_provider),
        observed=frozenset(identity_provider.observed_names()),
        people=tuple(one.claims for one in recent_sign_ins(identity_provider)),
        assignable=frozenset(offered.filter(pk__in=wanted).values_list("pk", flat=True)),
    )


def _rows(rules: Sequence[ClaimRule], facts: Facts) -> Iterator[Remark]:
    for index, rule in enumerate(rules):
        yield from review_row(rule, facts, index)


def _unfilled(rules: Sequence[ClaimRule], facts: Facts) -> Iterator[Remark]:
    """Yield a remark for each field that a new account needs and no row fills."""
    user_model, filled = get_user_model(), {rule.target for rule in rules}
    name = user_model.USERNAME_FIELD
    if name not in filled and not user_fields.username_is_free_to_choose():
        yield Remark(
            severity=Severity.ERROR,
            code="user_name_not_filled",
            text=_("No row fills the e-mail address that people sign in by: nobody is created."),
            target=name,
        )
    for target, label in _needed(user_model.REQUIRED_FIELDS, facts).items():
        if target not in filled:
            yield Remark(
                severity=Severity.WARNING,
                code="field_not_filled",
                text=_("This application wants “%(field)s” of everybody, and no row fills it.")
                % {"field": label},
                target=target,
            )


def _needed(required: Sequence[str], facts: Facts) -> dict[str, str]:
    """Return the mappable fields without a default that are required or may not be empty, with their labels."""
    return {
        name: str(field.verbose_name)
        for name, field in facts.fields.items()
        if name != get_user_model().USERNAME_FIELD
        and not field.has_default()
        and (name in required or not (field.blank or field.null))
    }


def _anchor(facts: Facts) -> Iterator[Remark]:
    """Yield remarks on the claim that says who a person is."""
    claim = facts.subject_claim or NAME_ID_CLAIM
    if facts.never_came(claim):
        text = _("%(claim)s says who a person is, and has never come: everybody is refused.")
        yield Remark(
            severity=Severity.ERROR, code="anchor_never_came", text=text % {"claim": claim}
        )
    better = facts.preset.details.subject_claim
    if not facts.subject_claim and better:
        text = _(
            "The NameID says who a person is, and may change: then the person becomes somebody else here. "
            "Take %(claim)s."
        )
        yield Remark(
            severity=Severity.WARNING, code="anchor_may_change", text=text % {"claim": better}
        )
    elif not facts.subject_claim:
        text = _(
            "The NameID says who a person is. Make sure that your identity provider never changes it, and "
            "never gives it to somebody else."
        )
        yield Remark(severity=Severity.HINT, code="anchor_is_name_id", text=text)
    elif may_change(facts.subject_claim):
        text = _(
            "%(claim)s says who a person is, and may change or be given to somebody else, who then gets "
            "the account."
        )
        yield Remark(
            severity=Severity.WARNING, code="anchor_may_change", text=text % {"claim": claim}
        )


# Groups


def _groups(rules: Sequence[GroupRule], facts: Facts) -> Iterator[Remark]:
    if rules and GROUPS_OVERAGE_CLAIM in facts.observed:
        text = _(
            "Somebody had more groups than Entra sends, and their groups were left alone: choose “Groups "
            "assigned to the application” there."
        )
        yield Remark(severity=Severity.WARNING, code="groups_overage", text=text)
    yield from _unmatched(rules, facts)
    seen: dict[Any, int] = {}
    for index, rule in enumerate(one for one in rules if not one.everybody):
        key = (rule.claim, without_guid_case(rule.value), rule.group, str(rule.transforms))
        if key in seen:
            text = _("The row number %(number)s says the same.") % {"number": seen[key] + 1}
            yield _of_group(index, Severity.WARNING, "group_twice", text)
        seen.setdefault(key, index)
        yield from _group(rule, facts, index)


def _unmatched(rules: Sequence[GroupRule], facts: Facts) -> Iterator[Remark]:
    """Yield a remark with the values that came in the last days and that no row has, the most frequent first."""
    counted: Counter[str] = Counter()
    for claims in facts.people:
        counted.update(chain.from_iterable(unmatched_values(claims, rules).values()))
    if counted:
        text = _("These values came, and no row has them: %(values)s.")
        shown = ", ".join(value[:_MAX_SHOWN] for value, _count in counted.most_common(_MAX_VALUES))
        yield Remark(
            severity=Severity.HINT, code="group_values_unmatched", text=text % {"values": shown}
        )


def _group(rule: GroupRule, facts: Facts, index: int) -> Iterator[Remark]:
    if rule.group is not None and rule.group not in facts.assignable:
        text = _("This group may not be given by a mapping, or not any longer.")
        yield _of_group(index, Severity.ERROR, "group_not_assignable", text)
    if facts.never_came(rule.claim) and GROUPS_OVERAGE_CLAIM not in facts.observed:
        text = _("People have signed in, and %(claim)s has never come.") % {"claim": rule.claim}
        yield _of_group(index, Severity.WARNING, "claim_never_came", text)
    if (
        facts.preset is Preset.ENTRA
        and rule.claim == facts.preset.details.group_claim
        and not is_guid(rule.value)
    ):
        text = _("Entra sends the object IDs of groups, not their names, unless you set it to.")
        yield _of_group(index, Severity.HINT, "group_is_no_id", text)


def _of_group(index: int, severity: Severity, code: str, text: str) -> Remark:
    return Remark(severity=severity, code=code, text=text, group_row=index)
