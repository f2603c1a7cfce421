"""Decorator of a host: let the person authenticate once more before something dangerous."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Any, TypeAlias, overload
from urllib.parse import urlencode

from asgiref.sync import iscoroutinefunction, sync_to_async
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ImproperlyConfigured, PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import resolve_url
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import add_never_cache_headers

from jitprov.conf import conf

__all__ = ["reauthenticate"]

View: TypeAlias = Callable[..., Any]
ReturnTo: TypeAlias = str | Callable[[HttpRequest], str]
_SAFE = {"GET", "HEAD"}
_FIVE_MINUTES = timedelta(minutes=5)


@overload
def reauthenticate(view: View, /) -> View: ...
@overload
def reauthenticate(
    *, max_age: timedelta = ..., return_to: ReturnTo = ..., allow_other_logins: bool = ...
) -> Callable[[View], View]: ...
def reauthenticate(
    view: View | None = None,
    /,
    *,
    max_age: timedelta = _FIVE_MINUTES,
    return_to: ReturnTo = "",
    allow_other_logins: bool = False,
) -> View | Callable[[View], View]:
    """Decorate a view, synchronous or not, that only somebody reaches who has authenticated lately.

    Whoever has not is sent to their identity provider, has to sign in there once more as the same person, and comes
    back by GET: what was posted is not repeated. Nobody who is not signed in gets further than to ``LOGIN_URL``.

    :param max_age: how long ago the authentication may be, beside ``JITPROV_CLOCK_SKEW``.
    :param return_to: a path or the name of a URL, or a function of the request that returns one, of the page where the
        person confirms again after a POST. By default that of the request, which must then answer GET.
    :param allow_other_logins: let in people who signed in by other means, such as a password, whose time is not known.
        By default they are refused by ``PermissionDenied``.
    """
    if max_age <= timedelta(0):
        raise ValueError("max_age must be more than nothing")

    def ask(request: HttpRequest) -> HttpResponse | None:
        return _ask(request, max_age, return_to, allow_other_logins=allow_other_logins)

    def decorate(view: View) -> View:
        return _asynchronous(view, ask) if iscoroutinefunction(view) else _synchronous(view, ask)

    return decorate if view is None else decorate(view)


_Ask: TypeAlias = Callable[[HttpRequest], HttpResponse | None]


def _synchronous(view: View, ask: _Ask) -> View:
    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return ask(request) or view(request, *args, **kwargs)

    return guarded


def _asynchronous(view: View, ask: _Ask) -> View:
    @wraps(view)
    async def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        return await sync_to_async(ask)(request) or await view(request, *args, **kwargs)

    return guarded


def _ask(
    request: Any, max_age: timedelta, return_to: ReturnTo, *, allow_other_logins: bool
) -> HttpResponse | None:
    """Return what sends the browser off; ``None`` if the view may run."""
    if not hasattr(request, "identity"):
        raise ImproperlyConfigured(
            "jitprov.reauthentication.reauthenticate needs jitprov.middleware.SignInSessionMiddleware."
        )
    if not request.user.is_authenticated:
        return _uncached(redirect_to_login(_page_after(request, return_to)))
    if not request.identity:
        if allow_other_logins:
            return None
        raise PermissionDenied("only for people who signed in with their organisation")
    # The time is by the identity provider's clock.
    age = timezone.now() - request.identity.authn_instant
    if -conf.CLOCK_SKEW <= age <= max_age + conf.CLOCK_SKEW:
        return None
    query = urlencode({"next": _page_after(request, return_to)})
    path = reverse("jitprov:reauthenticate", args=[request.identity.identity_provider])
    # 303: whatever the method was, the browser comes back with GET and without a body (RFC 9110, §15.4.4).
    return _uncached(HttpResponseRedirect(f"{path}?{query}", status=303))


def _page_after(request: HttpRequest, return_to: ReturnTo) -> str:
    """Return where the person comes back to, which is judged before anybody is sent there."""
    if request.method in _SAFE or not return_to:
        return request.get_full_path()
    return resolve_url(return_to(request) if callable(return_to) else return_to)


def _uncached(response: HttpResponse) -> HttpResponse:
    add_never_cache_headers(response)
    return response
