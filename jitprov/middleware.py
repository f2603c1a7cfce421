"""Middleware of a host: end the session of a sign-in when whoever may has ended it."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from asgiref.sync import iscoroutinefunction, markcoroutinefunction, sync_to_async
from django.contrib.auth import BACKEND_SESSION_KEY, SESSION_KEY
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ImproperlyConfigured
from django.http import HttpRequest, HttpResponseBase
from django.utils.functional import SimpleLazyObject

from jitprov.accounts import sessions
from jitprov.accounts.session_cache import Token
from jitprov.accounts.sessions import IN_SESSION
from jitprov.backends import OURS
from jitprov.conf import conf

logger = logging.getLogger("jitprov")


@dataclass(frozen=True, slots=True, kw_only=True)
class SignedInIdentity:
    """Who the person is in the words of their directory, and how this session of theirs began."""

    identity_provider: str
    """Its slug."""
    external_id: str
    authn_context: str
    authn_instant: datetime
    ends_at: datetime | None
    """When the session ends at the latest; ``None`` if neither directory nor tenant says so."""


class SignInSessionMiddleware:
    """Stands behind ``AuthenticationMiddleware``: who signed in by us is nobody any more once that has ended.

    Nothing is looked up before ``request.user`` is asked for. ``request.identity`` is a :class:`SignedInIdentity`, or
    compares equal to ``None`` and is false for anybody who did not sign in by us.
    """

    sync_capable = True
    async_capable = True

    def __init__(self, get_response: Callable[[HttpRequest], Any]) -> None:
        self.get_response = get_response
        if iscoroutinefunction(get_response):
            markcoroutinefunction(self)

    def __call__(self, request: HttpRequest) -> HttpResponseBase | Awaitable[HttpResponseBase]:
        _watch(request)
        answer: HttpResponseBase | Awaitable[HttpResponseBase] = self.get_response(request)
        return answer


def _watch(request: Any) -> None:
    if not hasattr(request, "user"):
        raise ImproperlyConfigured(
            "jitprov.middleware.SignInSessionMiddleware has to stand behind "
            "django.contrib.auth.middleware.AuthenticationMiddleware."
        )
    user, auser = request.user, request.auser

    async def watched() -> Any:
        return await sync_to_async(_still)(request, await auser())

    request.user = SimpleLazyObject(lambda: _still(request, user))
    request.auser = watched
    request.identity = SimpleLazyObject(lambda: _identity(request))


def _still(request: Any, user: Any) -> Any:
    """Return the user if their session goes on, and nobody if it has ended; then it is emptied."""
    if not user.is_authenticated or _goes_on(request.session):
        return user
    logger.info("the session of a sign-in has ended")
    request.session.flush()
    request._cached_user = request._acached_user = AnonymousUser()  # noqa: SLF001 -- where Django keeps it
    return AnonymousUser()


def _goes_on(session: Any) -> bool:
    if SESSION_KEY not in session:
        return True  # somebody whom the host knows by other means, such as a token
    if IN_SESSION not in session:
        # From before sessions were known.
        return session.get(BACKEND_SESSION_KEY) != OURS or conf.KEEP_UNKNOWN_SESSIONS
    if session[IN_SESSION] is None:
        return True  # by another login than ours
    token = Token.loads(session[IN_SESSION])
    lifetime = timedelta(seconds=session.get_expiry_age())
    return token is not None and sessions.is_live(token, str(session[SESSION_KEY]), lifetime)


def _identity(request: Any) -> SignedInIdentity | None:
    if not request.user.is_authenticated or not request.session.get(IN_SESSION):
        return None
    token = Token.loads(request.session[IN_SESSION])
    row = sessions.found(token) if token else None
    if row is None:
        return None
    return SignedInIdentity(
        identity_provider=row.identity.identity_provider.slug,
        external_id=row.identity.external_id,
        authn_context=row.authn_context,
        authn_instant=row.authn_instant,
        ends_at=row.ends_at,
    )
