"""Read a mapping from a JSON file, for ``preview_mapping --mapping``."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from django.contrib.auth.models import Group
from django.db.models import QuerySet

from jitprov.accounts import Rules
from jitprov.host.provisioner import provisioner_for
from jitprov.models import IdentityProvider
from jitprov.models.mappings import claim_rule, group_rule
from jitprov.provisioning.types import ClaimRule, GroupRule

_CLAIM_DEFAULTS: Mapping[str, Any] = {
    "sources": "",
    "target": "",
    "transforms": [],
    "sync": "always",
    "required": False,
    "when_empty": "keep",
    "when_invalid": "keep",
}
_GROUP_DEFAULTS: Mapping[str, Any] = {"group": None, "transforms": [], "admits": False}
_GROUP_COLUMNS = {"claim", "value", *_GROUP_DEFAULTS}


class MappingFileRefused(ValueError):
    """A file is not a mapping; the text says what is wrong with it."""


def read_mapping(identity_provider: IdentityProvider, text: str) -> Rules:
    """Read ``{"claims": [{"sources": ..., "target": ...}], "groups": [{"claim": ..., "value": ..., "group": ...}]}``.

    What is not named stays as it is saved. Groups are named by name.

    :raises MappingFileRefused: it is something else.
    :raises MappingError: a row could not be saved like this.
    """
    given = _object(_parsed(text), {"claims", "groups"}, "the mapping")
    groups = provisioner_for(identity_provider).assignable_groups()
    return Rules(
        claim_rules=tuple(map(_claim_rule, _list(given["claims"], "claims")))
        if "claims" in given
        else identity_provider.claim_rules(),
        group_rules=_group_rules(_list(given["groups"], "groups"), groups)
        if "groups" in given
        else identity_provider.group_rules(),
    )


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        raise MappingFileRefused("the mapping is no JSON that can be read") from error


def _claim_rule(given: Any) -> ClaimRule:
    row = {**_CLAIM_DEFAULTS, **_object(given, set(_CLAIM_DEFAULTS), "a row of claims")}
    sources = row["sources"]
    if isinstance(sources, list) and all(isinstance(source, str) for source in sources):
        row["sources"] = "\n".join(sources)
    if not isinstance(row["sources"], str) or not isinstance(row["target"], str):
        raise MappingFileRefused("sources must be a text or a list of texts, and target a text")
    if not isinstance(row["required"], bool):
        raise MappingFileRefused("required must be true or false")
    return claim_rule(row)


def _group_rules(given: list[Any], groups: QuerySet[Group]) -> tuple[GroupRule, ...]:
    rows = [{**_GROUP_DEFAULTS, **_object(row, _GROUP_COLUMNS, "a row of groups")} for row in given]
    if not all(isinstance(row.get(name), str) for row in rows for name in ("claim", "value")):
        raise MappingFileRefused("each row of groups needs claim and value, as texts")
    if not all(row["group"] or row["admits"] is True for row in rows):
        raise MappingFileRefused("each row of groups needs a group, or admits: true")
    names = {row["group"] for row in rows if row["group"] is not None}
    if not all(isinstance(name, str) for name in names):
        raise MappingFileRefused("groups are named by name")
    known = {group.name: group.pk for group in groups.filter(name__in=names)}
    if unknown := sorted(names - known.keys()):
        raise MappingFileRefused(
            f"there is no group that may be given with the name {unknown[0]!r:.80}"
        )
    return tuple(group_rule({**row, "group_id": known.get(row["group"])}) for row in rows)


def _object(given: Any, known: set[str], what: str) -> dict[str, Any]:
    if not isinstance(given, dict):
        raise MappingFileRefused(f"{what} must be an object")
    if unknown := sorted(given.keys() - known):
        raise MappingFileRefused(f"{unknown[0]!r:.60} is nothing that {what} may have")
    return given


def _list(given: Any, what: str) -> list[Any]:
    if not isinstance(given, list):
        raise MappingFileRefused(f"{what} must be a list")
    return given
