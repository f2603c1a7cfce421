"""The authentication backend, so that ``authenticate()``, ``login()`` and permissions behave as everywhere."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from jitprov.accounts import Provisioned


class ProvisionedUserBackend(ModelBackend):
    """Lets somebody in who was just provisioned; holding a :class:`Provisioned` is the proof.

    A subclass of ``ModelBackend`` only for its permissions and ``get_user``: it never looks at a password.
    """

    def authenticate(  # type: ignore[override]
        self, request: HttpRequest | None, *, provisioned: Provisioned | None = None, **_: Any
    ) -> AbstractBaseUser | None:
        """Return the provisioned user if Django lets the account in."""
        if not isinstance(provisioned, Provisioned):
            return None
        user: Any = provisioned.user
        return user if self.user_can_authenticate(user) else None
