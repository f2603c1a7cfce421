"""Authenticate people who were just provisioned, so that ``login()`` and permissions behave as everywhere."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.base_user import AbstractBaseUser
from django.http import HttpRequest

from jitprov.accounts import Provisioned
from jitprov.host.account_rules import is_hidden


class ProvisionedUserBackend(ModelBackend):
    """A backend that lets in whoever was just provisioned; a :class:`Provisioned` is the proof.

    A subclass of ``ModelBackend`` only for its permissions and ``get_user``: it never looks at a password.
    """

    def authenticate(  # type: ignore[override]
        self, request: HttpRequest | None, *, provisioned: Provisioned | None = None, **_: Any
    ) -> AbstractBaseUser | None:
        """Return the provisioned user if Django lets the account in, and finds it again at the next request."""
        if not isinstance(provisioned, Provisioned):
            return None
        user: Any = provisioned.user
        return user if self.user_can_authenticate(user) and not is_hidden(user) else None


OURS = "jitprov.backends.ProvisionedUserBackend"
_NO_OTHERS = {OURS, "django.contrib.auth.backends.ModelBackend"}


def authenticate(request: HttpRequest, provisioned: Provisioned) -> Any:
    """Return the user with the backend that let them in, as Django's ``authenticate()`` does.

    Backends of the host's own are asked by that, in their order. Where there are none, ours alone can say yes, and is
    asked directly; if it says no, Django is asked all the same, so that ``user_login_failed`` is sent.
    """
    configured = set(settings.AUTHENTICATION_BACKENDS)
    if OURS in configured <= _NO_OTHERS:
        user: Any = ProvisionedUserBackend().authenticate(request, provisioned=provisioned)
        if user is not None:
            user.backend = OURS
            return user
    return auth.authenticate(request, provisioned=provisioned)
