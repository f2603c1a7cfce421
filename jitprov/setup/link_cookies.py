"""What a browser with a setup link remembers: which link it is, and what the last button came to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from jitprov.models import SetupLink
from jitprov.setup import links

HOLDER = "__Host-jitprov-setup"
HOLDER_LIFETIME = timedelta(hours=12)
"""A day's work; after that the link has to be opened again. In the browser it ends with the browser."""
SAID = "__Host-jitprov-setup-said"
SAID_LIFETIME = timedelta(minutes=1)
MAX_SAID = 1000


def remember(response: HttpResponse, link: SetupLink) -> None:
    """Let this browser be the holder of a link."""
    response.set_cookie(
        HOLDER,
        signing.dumps(link.token_digest, salt=HOLDER),
        secure=True,
        httponly=True,
        samesite="Lax",
    )


def link_of(request: HttpRequest) -> SetupLink | None:
    """Return the link that this browser has opened, if it still opens; in one statement."""
    try:
        digest = signing.loads(
            request.COOKIES.get(HOLDER, ""), salt=HOLDER, max_age=HOLDER_LIFETIME
        )
    except signing.BadSignature:
        return None
    return links.find_by_digest(digest, timezone.now())


def say(response: HttpResponse, message: str, *, went_well: bool) -> None:
    """Let the next page say what a button came to: to this browser, and not through anybody's session."""
    said = {"text": message[:MAX_SAID], "went_well": went_well}
    response.set_cookie(
        SAID,
        signing.dumps(said, salt=SAID, compress=True),
        max_age=int(SAID_LIFETIME.total_seconds()),
        secure=True,
        httponly=True,
        samesite="Lax",
    )


def said_before(request: HttpRequest) -> dict[str, Any] | None:
    """Return what the last button came to, if it was pressed just now."""
    try:
        said: dict[str, Any] = signing.loads(
            request.COOKIES.get(SAID, ""), salt=SAID, max_age=SAID_LIFETIME
        )
    except signing.BadSignature:
        return None
    return said


def be_silent(response: HttpResponse) -> None:
    """Let it be said only once."""
    response.delete_cookie(SAID, samesite="Lax")
