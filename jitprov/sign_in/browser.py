"""Read what a browser says of itself, and keep in its cookies what must be known when it comes back."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable, Iterator

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse

from jitprov.accounts.session_cache import Token
from jitprov.conf import conf
from jitprov.exceptions import JitprovError
from jitprov.sign_in import round_trip
from jitprov.sign_in.reauthentication import PendingReauthentication
from jitprov.sign_in.round_trip import PendingLogin

MAX_PENDING_BYTES = 4096
"""The most bytes of pending cookies that stay when one more is set: all of a browser's must fit into a server's 8 kB."""
ARRIVALS = "__Host-jitprov_arrivals"
"""The name of the cookie that counts sign-ins in a row."""
AGAIN = "__Host-jitprov_again"
"""The name of the cookie of the one re-authentication that may wait: a later one takes its place."""
REFUSALS = "__Host-jitprov_refusal-"
"""What the names of the cookies begin with that hold refusals."""
MARKER = "__Secure-jitprov_session"
"""The name of the cookie that says to the logout URL which session a browser has."""
REFUSAL_SECONDS = 3600
MAX_REFUSALS = 2
"""Refusals that one browser keeps at the same time."""


# Requests that wait


def pending_logins(request: HttpRequest, *, overdue: bool = False) -> Iterator[PendingLogin]:
    """Yield the requests of this browser that wait for a response.

    :param overdue: yield also those that wait no more, of which only the page is used to which they were to lead.
    """
    for name, value in request.COOKIES.items():
        if name.startswith(round_trip.COOKIE_PREFIX):
            pending = PendingLogin.loads(value, overdue=overdue)
            if pending is not None and pending.cookie_name == name:
                yield pending


def remember(response: HttpResponse, pending: PendingLogin) -> None:
    """Set the cookie of a request."""
    seconds = int(round_trip.kept_for().total_seconds())
    _set(response, pending.cookie_name, pending.dumps(), seconds)


def forget(response: HttpResponse, pending: PendingLogin) -> None:
    """Delete the cookie of a request."""
    response.delete_cookie(pending.cookie_name, samesite="None")


def surplus(request: HttpRequest) -> Iterator[PendingLogin]:
    """Yield the pending requests that must go before one more is remembered, because they are too many or too large.

    First the older ones of those that lead to the same page: a page that asks again and again pushes out its own.
    """
    size = 0
    for number, item in enumerate(_worth_keeping(pending_logins(request, overdue=True)), start=1):
        size += len(item.cookie_name) + len(request.COOKIES[item.cookie_name])
        if number >= round_trip.MAX_PENDING or size > MAX_PENDING_BYTES:
            yield item


def _worth_keeping(pending: Iterable[PendingLogin]) -> list[PendingLogin]:
    """Return the newest request for each page, newest first, and after them the others."""
    newest_first = sorted(pending, key=lambda item: item.started_at, reverse=True)
    newest = {item.next_url: item for item in reversed(newest_first)}
    return sorted(newest_first, key=lambda item: newest[item.next_url] is not item)


def latest(pending: Iterable[PendingLogin]) -> PendingLogin | None:
    """Return the request of a sign-in that was made last."""
    sign_ins = (item for item in pending if not item.test)
    return max(sign_ins, key=lambda item: item.started_at, default=None)


def pending_reauthentication(request: HttpRequest) -> PendingReauthentication | None:
    """Return the request for another authentication of whoever is signed in, if one waits for a response."""
    return PendingReauthentication.loads(request.COOKIES.get(AGAIN, ""))


def remember_reauthentication(response: HttpResponse, pending: PendingReauthentication) -> None:
    """Set the cookie of a request for another authentication."""
    _set(response, AGAIN, pending.dumps(), int(conf.REQUEST_LIFETIME.total_seconds()))


def forget_reauthentication(response: HttpResponse) -> None:
    """Delete that cookie."""
    response.delete_cookie(AGAIN, samesite="None")


# Refusals


def keep_refusal(
    request: HttpRequest, response: HttpResponse, key: str, refusal: JitprovError
) -> None:
    """Keep a refusal for the page that tells of it, which only this browser can then read, and the newest few."""
    name = REFUSALS + key
    told = [request.path, refusal.code, refusal.reference, refusal.text]
    _set(response, name, signing.dumps(told, salt=name, compress=True), REFUSAL_SECONDS)
    kept = [one for one in request.COOKIES if one.startswith(REFUSALS)]
    for older in kept[: max(0, len(kept) + 1 - MAX_REFUSALS)]:
        response.delete_cookie(older, samesite="None")


def kept_refusal(request: HttpRequest, key: str) -> JitprovError | None:
    """Return a refusal at this path that was kept; ``None`` if this browser has none of this key, or no longer."""
    name, refusal = REFUSALS + key, JitprovError()
    try:
        path, refusal.code, refusal.reference, refusal.text = signing.loads(
            request.COOKIES.get(name, ""), salt=name, max_age=REFUSAL_SECONDS
        )
    except signing.BadSignature:
        return None
    return refusal if path == request.path else None


# Arrivals


def arrivals(request: HttpRequest) -> int:
    """Return how many times in a row this browser was signed in, the last time just now."""
    try:
        count: int = signing.loads(
            request.COOKIES.get(ARRIVALS, ""), salt=ARRIVALS, max_age=round_trip.LOOP_SECONDS
        )
    except signing.BadSignature:
        return 0
    return count


def count_arrival(response: HttpResponse, pending: PendingLogin | None) -> None:
    """Note that a request has led to a sign-in: it is one more in a row than when the request was made.

    Tabs that were all sent off before anybody was signed in do not follow one another, and count once.
    """
    count = (pending.arrivals if pending else 0) + 1
    _set(response, ARRIVALS, signing.dumps(count, salt=ARRIVALS), round_trip.LOOP_SECONDS)


# The session, for a logout that begins at the identity provider


def mark_session(response: HttpResponse, token: Token, *, path: str, seconds: int) -> None:
    """Let a browser say which session it has where the session's own cookie does not come: in a frame of another site.

    The cookie opens nothing. It only goes to the logout URL.
    """
    value = signing.dumps(token.dumps(), salt=MARKER)
    _set(response, MARKER, value, seconds, path=path)


def marked_session(request: HttpRequest) -> Token | None:
    """Return the session that this browser has, as far as it tells."""
    try:
        return Token.loads(signing.loads(request.COOKIES.get(MARKER, ""), salt=MARKER))
    except signing.BadSignature:
        return None


def _set(response: HttpResponse, name: str, value: str, seconds: int, *, path: str = "/") -> None:
    # SameSite=None, because the response is posted from another site.
    response.set_cookie(
        name, value, max_age=seconds, path=path, secure=True, httponly=True, samesite="None"
    )


# What the browser says of a request


def in_background(request: HttpRequest) -> bool:
    """Say whether a script, an image or a look ahead makes this request, and no person goes to a page.

    A browser that does not say so (Fetch Metadata, §2) is taken to be going to a page.
    """
    mode = request.headers.get("Sec-Fetch-Mode", "navigate")
    purpose = request.headers.get("Sec-Purpose", "") + request.headers.get("Purpose", "")
    return mode != "navigate" or "prefetch" in purpose


_FRAMES = {"iframe", "frame", "fencedframe", "embed", "object"}


def in_frame(request: HttpRequest) -> bool:
    """Say whether the browser tells that the page is to be shown in a frame (Fetch Metadata, §2.1)."""
    return request.headers.get("Sec-Fetch-Dest") in _FRAMES


def from_elsewhere(request: HttpRequest) -> bool:
    """Say whether the browser tells that a page of another site led here."""
    return request.headers.get("Sec-Fetch-Site") == "cross-site"


def session_is_strict() -> bool:
    """Say whether a redirect after a response of the identity provider would come without the session's cookie.

    For the browser the other site still leads the way then (RFC 6265bis, §5.2).
    """
    return str(settings.SESSION_COOKIE_SAMESITE).lower() == "strict"


def network(request: HttpRequest) -> str:
    """Return the network of a browser, such as ``203.0.113.0/24``; empty where it is unknown, or not to be kept.

    The address is the one that the web server gives. No header is read: whoever sends the request writes those.
    """
    try:
        address = ipaddress.ip_address(request.META.get("REMOTE_ADDR", ""))
    except ValueError:
        return ""  # a socket of the machine has none
    address = getattr(address, "ipv4_mapped", None) or address
    bits = conf.EVENT_NETWORK_BITS.get(address.version, 0)
    if not bits:
        return ""
    # By the number alone: an address may come with a zone (fe80::1%eth0), a network may not.
    return str(ipaddress.ip_network((int(address), bits), strict=False))
