"""The two cookies of a browser that has opened a setup link: the link, and the message of the last button."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from jitprov.configuration import setup_links
from jitprov.models import SetupLink

HOLDER = "__Host-jitprov-setup"
HOLDER_LIFETIME = timedelta(hours=12)
"""How long the link stays open in a browser. The cookie itself ends with the browser's session."""
MESSAGE = "__Host-jitprov-setup-said"
MESSAGE_LIFETIME = timedelta(minutes=1)
MAX_MESSAGE = 1000


def remember(response: HttpResponse, link: SetupLink) -> None:
    """Store the link in a signed cookie."""
    response.set_cookie(
        HOLDER,
        signing.dumps(link.token_digest, salt=HOLDER),
        secure=True,
        httponly=True,
        samesite="Lax",
    )


def link_of(request: HttpRequest) -> SetupLink | None:
    """Return the link in the browser's cookie if it is still valid; ``None`` otherwise. One SQL statement."""
    try:
        digest = signing.loads(
            request.COOKIES.get(HOLDER, ""), salt=HOLDER, max_age=HOLDER_LIFETIME
        )
    except signing.BadSignature:
        return None
    return setup_links.find_by_digest(digest, timezone.now())


def keep_message(response: HttpResponse, message: str, *, section: str, went_well: bool) -> None:
    """Store a message for the next page in a signed cookie of this browser, rather than in a session."""
    content = {"text": message[:MAX_MESSAGE], "section": section, "went_well": went_well}
    response.set_cookie(
        MESSAGE,
        signing.dumps(content, salt=MESSAGE, compress=True),
        max_age=int(MESSAGE_LIFETIME.total_seconds()),
        secure=True,
        httponly=True,
        samesite="Lax",
    )


def message_of(request: HttpRequest) -> dict[str, Any] | None:
    """Return the message that was stored within the last minute; ``None`` if there is none."""
    try:
        message: dict[str, Any] = signing.loads(
            request.COOKIES.get(MESSAGE, ""), salt=MESSAGE, max_age=MESSAGE_LIFETIME
        )
    except signing.BadSignature:
        return None
    return message


def clear_message(response: HttpResponse) -> None:
    """Delete the message, so that it is shown only once."""
    response.delete_cookie(MESSAGE, samesite="Lax")
