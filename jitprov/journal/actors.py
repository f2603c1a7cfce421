"""Name who changes something in the configuration: a person, the holder of a setup link, a command, code."""

from __future__ import annotations

import getpass
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.base_user import AbstractBaseUser

from jitprov.models import SetupLink, Via


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """A person, link or program that changes the configuration, as the record of changes names it."""

    via: Via
    name: str
    user: AbstractBaseUser | None = None

    @classmethod
    def person(cls, user: Any, via: Via = Via.ADMIN) -> Actor:
        """Return the actor for a user who is signed in."""
        return cls(via=via, name=user.get_username(), user=user)

    @classmethod
    def holder(cls, link: SetupLink) -> Actor:
        """Return the actor for the holder of a setup link."""
        name = f"setup link {link.pk}" + (f" ({link.recipient})" if link.recipient else "")
        return cls(via=Via.SETUP_LINK, name=name)

    @classmethod
    def command(cls, name: str) -> Actor:
        """Return the actor for a management command, with the operating system's name of the user who runs it."""
        try:
            operator = getpass.getuser()
        except (KeyError, OSError):
            operator = "?"
        return cls(via=Via.COMMAND, name=f"{name} ({operator})")
