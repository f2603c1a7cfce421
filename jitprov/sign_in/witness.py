"""Know again the browser that went through a test sign-in, because nobody else is shown the values of its claims.

Whoever begins a test can send its start address to somebody else. What their identity provider says of them is theirs,
so that a report shows values only to a browser with our signed cookie, which is set where the response of the test arrives.
"""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

from django.core import signing
from django.http import HttpRequest, HttpResponse

from jitprov.models import TestSignIn
from jitprov.sign_in.rehearsal import REPORT_KEPT

COOKIE = "__Host-jitprov_tests"
"""The name of the cookie that has the references of the tests that this browser went through."""
HANDED_OVER = "went_through"
"""The parameter by which the browser brings the proof to a report at another host, which the cookie does not reach."""
MAX_TESTS = 20
_HANDED_OVER_SECONDS = 60


def remember(request: HttpRequest, response: HttpResponse, reference: str) -> None:
    """Add a test to those that this browser went through."""
    earlier = [one for one in _references(request) if one != reference]
    response.set_cookie(
        COOKIE,
        signing.dumps([reference, *earlier][:MAX_TESTS], salt=COOKIE),
        max_age=int(REPORT_KEPT.total_seconds()),
        secure=True,
        httponly=True,
        samesite="Lax",
    )


def went_through(request: HttpRequest, test: TestSignIn) -> bool:
    """Say whether this browser went through the test."""
    return test.reference in _references(request)


def way_to_report(url: str, test: TestSignIn, *, host: str) -> str:
    """Return the URL of a report, with the proof for another host if it is a page of ours, which has the reference in it.

    :param host: the host at which the response of the test arrived.
    """
    parts = urlsplit(url)
    if not parts.netloc or parts.netloc == host or test.reference not in parts.path:
        return url
    token = signing.dumps(test.reference, salt=HANDED_OVER)
    return urlunsplit(parts._replace(query=urlencode({HANDED_OVER: token})))


def is_handed_over(request: HttpRequest, reference: str) -> bool:
    """Say whether the URL has the proof, made just now, that this browser went through the test at another host."""
    token = request.GET.get(HANDED_OVER, "")
    try:
        proved = signing.loads(token, salt=HANDED_OVER, max_age=_HANDED_OVER_SECONDS)
    except signing.BadSignature:
        return False
    return bool(proved == reference)


def _references(request: HttpRequest) -> list[str]:
    try:
        kept: list[str] = signing.loads(
            request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=REPORT_KEPT
        )
    except signing.BadSignature:
        return []
    return kept
