"""Keep in a browser's cookie that a logout waits for its answer."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase

from jitprov.conf import conf
from jitprov.sign_out.departure import PendingLogout

PENDING = "__Host-jitprov_logout"


def pending_logout(request: HttpRequest, slug: str) -> PendingLogout | None:
    """Return the logout that this browser began, if it is one at this identity provider."""
    pending = PendingLogout.loads(request.COOKIES.get(PENDING, ""))
    return pending if pending is not None and pending.slug == slug else None


def remember(response: HttpResponseBase, pending: PendingLogout) -> None:
    """Set the cookie."""
    # SameSite=None, because the answer may be posted from another site.
    response.set_cookie(
        PENDING,
        pending.dumps(),
        max_age=int(conf.REQUEST_LIFETIME.total_seconds()),
        secure=True,
        httponly=True,
        samesite="None",
    )


def forget(response: HttpResponseBase) -> None:
    """Delete the cookie."""
    response.delete_cookie(PENDING, samesite="None")
