"""Define the parts of a guide: places, steps and known claims."""

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
        """Return our name for the value."""
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
    """A field, button or link in the console of an identity provider, with the way to it."""

    path: tuple[Text, ...]
    """Menus, blades and tabs, from the outermost."""
    field: Text
    """The name of the field, button or link there."""
    note: Text = ""

    @property
    def trail(self) -> Text:
        """Return the whole way as a text, with the field at its end."""
        return trail(*self.path, self.field)


@dataclass(frozen=True, slots=True, kw_only=True)
class Place(Location):
    """The place in the console for one of our values."""

    value: OurValue

    @property
    def label(self) -> Promise:
        """Return our name for the value."""
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
    """The name that is sent."""
    label: Text
    note: Text = ""
    """A warning for whoever relies on it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guide:
    """The guide to one kind of identity provider."""

    places: tuple[Place, ...]
    """One for each value that the product asks for."""
    metadata: Location
    """The place of its own metadata."""
    steps: tuple[Step, ...]
    claims: tuple[KnownClaim, ...]
