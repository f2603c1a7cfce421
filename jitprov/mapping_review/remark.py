"""Define the remarks of a review, and the facts about identity provider and host that it needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any

from jitprov.host.spellings import UserField
from jitprov.provisioning.presets import NAME_ID_CLAIM, NAME_ID_EMAIL_CLAIM, Preset
from jitprov.provisioning.types import Claims


class Severity(StrEnum):
    """The severities of remarks."""

    ERROR = "error"
    """With this row somebody, or everybody, is refused."""
    WARNING = "warning"
    """It will not do what it seems to do."""
    HINT = "hint"
    """It works, and there is something to know."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """One thing about a mapping, beside the row that it is about."""

    severity: Severity
    code: str
    text: str
    row: int | None = None
    """The claim mapping, counted from 0 in the order of the rules."""
    group_row: int | None = None
    """The group mapping, likewise."""
    target: str = ""
    """The user field, if it is about one."""

    def as_json(self) -> dict[str, Any]:
        """Return the remark as values for JSON."""
        return asdict(self)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """The facts that a mapping is compared with."""

    preset: Preset
    subject_claim: str
    """The claim with the anchor; empty for the NameID."""
    fields: Mapping[str, UserField]
    """The user fields that a mapping may write."""
    observed: frozenset[str] = frozenset()
    """Claims that have arrived; empty before the first sign-in."""
    people: tuple[Claims, ...] = field(default=(), repr=False)
    """The claims of the latest sign-ins, once for each person."""
    assignable: frozenset[int] = frozenset()
    """The groups of the mapping that may be given."""

    def never_came(self, *claims: str) -> bool:
        """Say whether none of these claims has ever come although people have signed in."""
        return bool(self.observed) and bool(claims) and not self.observed.intersection(claims)


_MICROSOFT = "http://schemas.microsoft.com/identity/claims/"
ALWAYS_SENT = frozenset(
    {f"{_MICROSOFT}objectidentifier", f"{_MICROSOFT}tenantid", f"{_MICROSOFT}identityprovider"}
)
"""Claims that Entra sends for everybody."""
_SOMETIMES = frozenset({"emailaddress", "email", "mail", "givenname", "surname", "displayname"})
_ADDRESSES = frozenset(
    {
        "emailaddress",
        "email",
        "mail",
        "user.email",
        NAME_ID_EMAIL_CLAIM.lower(),
        "urn:oid:0.9.2342.19200300.100.1.3",
        "urn:oid:1.2.840.113549.1.9.1",
    }
)
_NAMES = frozenset(
    {"displayname", "login", "name", "upn", "user.username", "username", "windowsaccountname"}
)
_ONLY_LIKE_ADDRESSES = frozenset({"name", "upn"})


def is_always_sent(claim: str) -> bool:
    """Say whether everybody has a value of this claim."""
    return claim in ALWAYS_SENT or claim == NAME_ID_CLAIM


def may_be_absent(claim: str) -> bool:
    """Say whether directories are known to have people without a value of this claim."""
    return _last_part(claim) in _SOMETIMES


def may_change(claim: str) -> bool:
    """Say whether a person may get another value of this claim, and somebody else theirs."""
    return _last_part(claim) in _ADDRESSES | _NAMES


def is_only_like_an_address(claim: str) -> bool:
    """Say whether values of this claim look like e-mail addresses and need not be any."""
    return _last_part(claim) in _ONLY_LIKE_ADDRESSES


def _last_part(claim: str) -> str:
    return claim.rpartition("/")[2].lower()
