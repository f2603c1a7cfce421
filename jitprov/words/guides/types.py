"""What a guide is made of."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeAlias

from django.utils.functional import Promise, lazy
from django.utils.translation import gettext_lazy as _

Text: TypeAlias = Promise | str
"""A text that is translated when it is shown, or a name that is the same in every language."""


def trail(*names: Text) -> Text:
    """Return the way through menus to a field, as a person reads it."""
    return _trail(names)


def _joined(names: Sequence[Text]) -> str:
    return " > ".join(str(name) for name in names)


_trail = lazy(_joined, str)


class OurValue(StrEnum):
    """A value that a tenant's admin enters at their identity provider."""

    ENTITY_ID = "entity_id"
    ACS_URL = "acs_url"
    LOGIN_URL = "login_url"
    LOGOUT_URL = "logout_url"
    METADATA_URL = "metadata_url"

    @property
    def label(self) -> Promise:
        """What we call it."""
        return _LABELS[self]


_LABELS = {
    OurValue.ENTITY_ID: _("Entity ID"),
    OurValue.ACS_URL: _("ACS URL"),
    OurValue.LOGIN_URL: _("Sign-on URL"),
    OurValue.LOGOUT_URL: _("Logout URL"),
    OurValue.METADATA_URL: _("Metadata"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Location:
    """Somewhere in the console of an identity provider."""

    path: tuple[Text, ...]
    """Menus, blades and tabs, from the outermost."""
    field: Text
    """What the field, the button or the link is called there."""
    note: Text = ""

    @property
    def trail(self) -> Text:
        """The whole way, with the field at its end."""
        return trail(*self.path, self.field)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Location):
    """Where one of our values goes."""

    value: OurValue

    @property
    def label(self) -> Promise:
        """What we call the value."""
        return self.value.label


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One thing to do, in order."""

    text: Text
    note: Text = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownClaim:
    """A claim that identity providers of one kind usually send, or can be made to send."""

    name: str
    """As it is sent."""
    label: Text
    note: Text = ""
    """What to know before relying on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """How to connect one kind of identity provider."""

    places: tuple[Place, ...]
    """Only for the values that it asks for."""
    metadata: Location
    """Where it gives its own metadata."""
    steps: tuple[Step, ...]
    claims: tuple[KnownClaim, ...]
