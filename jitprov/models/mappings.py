"""Store the mappings: which claim fills which user field, and which value gives which group."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any, TypeVar

from django.contrib.auth.models import Group
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from jitprov.models.form_errors import beside
from jitprov.models.lines import texts_of
from jitprov.provisioning.groups import check_group_rule
from jitprov.provisioning.mapping import FORBIDDEN_TARGETS, check_rule, check_target
from jitprov.provisioning.problems import MappingError, MappingProblem
from jitprov.provisioning.steps import parse_transforms
from jitprov.provisioning.types import (
    ClaimRule,
    GroupRule,
    SyncMode,
    Transform,
    WhenEmpty,
    WhenInvalid,
)

_Choice = TypeVar("_Choice", bound=StrEnum)

CLAIM_COLUMNS = (
    "position",
    "sources",
    "target",
    "transforms",
    "sync",
    "required",
    "when_empty",
    "when_invalid",
)
GROUP_COLUMNS = ("claim", "value", "group_id", "transforms", "admits")
"""The columns that a sign-in reads."""


EVERYBODY = "*"
"""Recorded as the claim of a group that everybody of an identity provider is given."""


class ClaimMapping(models.Model):
    """One row of a tenant's mapping: claims in, one user field out."""

    identity_provider = models.ForeignKey(
        "jitprov.IdentityProvider",
        on_delete=models.CASCADE,
        db_index=False,  # the constraint's begins with it
        related_name="claim_mappings",
    )
    position = models.PositiveSmallIntegerField(_("order"), default=0)
    sources = models.TextField(
        _("claims"), blank=True, help_text=_("One a line; the first that has a value is used.")
    )
    target = models.CharField(_("user field"), max_length=100)
    transforms = models.JSONField(_("transforms"), default=list, blank=True)
    sync = models.CharField(
        _("write"),
        max_length=10,
        default=SyncMode.ALWAYS.value,
        choices=[
            (SyncMode.ALWAYS.value, _("at every sign-in")),
            (SyncMode.ON_CREATE.value, _("when the person is created")),
            (SyncMode.IF_EMPTY.value, _("while the field is empty")),
        ],
    )
    required = models.BooleanField(_("refuse people without a value"), default=False)
    when_empty = models.CharField(
        _("without a value"),
        max_length=5,
        default=WhenEmpty.KEEP.value,
        choices=[
            (WhenEmpty.KEEP.value, _("keep the field")),
            (WhenEmpty.CLEAR.value, _("empty the field")),
        ],
    )
    when_invalid = models.CharField(
        _("with a value that does not fit"),
        max_length=6,
        default=WhenInvalid.KEEP.value,
        db_default=WhenInvalid.KEEP.value,
        choices=[
            (WhenInvalid.KEEP.value, _("keep the field")),
            (WhenInvalid.CLEAR.value, _("empty the field")),
            (WhenInvalid.REFUSE.value, _("refuse the person")),
        ],
        help_text=_("A required value that does not fit always refuses the person."),
    )

    class Meta:
        verbose_name = _("claim mapping")
        verbose_name_plural = _("claim mappings")
        ordering = ["position", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["identity_provider", "target"], name="jitprov_one_mapping_per_user_field"
            ),
            models.CheckConstraint(
                condition=~Q(target__in=sorted(FORBIDDEN_TARGETS)),
                name="jitprov_mapping_target_is_harmless",
            ),
        ]

    def __str__(self) -> str:
        return self.target

    def clean(self) -> None:
        """Refuse a row that makes no sense on any host. Forms judge whether this host has the user field."""
        if self.transforms is None:
            self.transforms = []  # a form gives None for an emptied field
        rule = ClaimRule(sources=_claims(self.sources), target=self.target)
        with beside("transforms"):
            rule = replace(rule, transforms=_transforms(self.transforms))
        if not self.target:
            return  # the field itself reports it
        with beside("target"):
            check_target(self.target)
        with beside("sources"):
            check_rule(rule)

    @property
    def claims(self) -> tuple[str, ...]:
        """Return the names of the claims that it reads, in order."""
        return _claims(self.sources)

    def as_rule(self) -> ClaimRule:
        """Return the row as a value of the pure core."""
        return claim_rule({field: getattr(self, field) for field in CLAIM_COLUMNS})


def claim_rule(row: Mapping[str, Any]) -> ClaimRule:
    """Return a row as a value of the pure core.

    :raises MappingError: no form would have saved it.
    """
    return ClaimRule(
        sources=_claims(row["sources"]),
        target=row["target"],
        transforms=_transforms(row["transforms"]),
        sync=_choice(SyncMode, row, "sync"),
        required=bool(row["required"]),
        when_empty=_choice(WhenEmpty, row, "when_empty"),
        when_invalid=_choice(WhenInvalid, row, "when_invalid"),
    )


def _choice(choices: type[_Choice], row: Mapping[str, Any], column: str) -> _Choice:
    try:
        return choices(row[column])
    except ValueError as error:
        names = ", ".join(choices)
        raise MappingError(MappingProblem.NO_CHOICE, parameter=column, choices=names) from error


def _claims(text: str) -> tuple[str, ...]:
    # Pasted claim names have blanks around them, and no claim comes by such a name.
    return tuple(texts_of(text))


def _transforms(raw: Any) -> tuple[Transform, ...]:
    # Inside the JSON of a whole row some databases give a JSON column as text.
    try:
        return parse_transforms(json.loads(raw) if isinstance(raw, str) else raw)
    except ValueError as error:
        raise MappingError(MappingProblem.STEPS_NO_LIST) from error


class GroupMapping(models.Model):
    """One row of a tenant's group mapping: a person with this value in this claim belongs to this group."""

    identity_provider = models.ForeignKey(
        "jitprov.IdentityProvider", on_delete=models.CASCADE, related_name="group_mappings"
    )
    claim = models.CharField(_("claim"), max_length=512)
    value = models.CharField(_("value"), max_length=512)
    name = models.CharField(
        _("its name there"),
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text=_("Optional: what the directory calls the group, where the value is only an ID."),
    )
    transforms = models.JSONField(_("transforms"), default=list, null=True, blank=True)
    """``None`` means no steps, as in rows of a release that had none."""
    group = models.ForeignKey(
        Group,
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("group"),
    )
    admits = models.BooleanField(
        _("only these may come in"),
        default=False,
        db_default=False,
        help_text=_("Where any row says so, nobody comes in who matches none of those rows."),
    )

    class Meta:
        verbose_name = _("group mapping")
        verbose_name_plural = _("group mappings")
        constraints = [
            models.CheckConstraint(
                condition=Q(group__isnull=False) | Q(admits=True),
                name="jitprov_group_mapping_does_something",
            )
        ]

    def __str__(self) -> str:
        return f"{self.name or self.value} → {self.group_id}"

    def as_rule(self) -> GroupRule:
        """Return the row as a value of the pure core."""
        return group_rule({field: getattr(self, field) for field in GROUP_COLUMNS})

    def clean(self) -> None:
        """Refuse steps that make no sense for groups."""
        with beside("transforms"):
            check_group_rule(self.as_rule())


def everybody_rules(group: int | None) -> tuple[GroupRule, ...]:
    """Return the rule that gives everybody of an identity provider a group; none if there is no such group."""
    if group is None:
        return ()
    return (GroupRule(claim=EVERYBODY, value="", group=group, everybody=True),)


def group_rule(row: Mapping[str, Any]) -> GroupRule:
    """Return a row as a value of the pure core.

    :raises MappingError: no form would have saved it.
    """
    return GroupRule(
        claim=row["claim"],
        value=row["value"],
        group=row["group_id"],
        transforms=_transforms(row["transforms"] or []),
        admits=bool(row["admits"]),
    )
