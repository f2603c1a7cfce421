"""One process, two sites: the product on one host name, the fake directory on another; and what browsers are told."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse


class DirectoryOnItsOwnSite:
    """Answers for the directory under its own host name.

    Browsers take ``localhost`` and ``127.0.0.1`` for two sites, so the demo meets the same rules for cookies as a
    product and its tenants' directories on the internet.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.DEBUG:
            # It signs for anybody whatever they choose.
            raise MiddlewareNotUsed("there is no fake directory without DEBUG")
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.get_host() == urlsplit(settings.DIRECTORY_URL).netloc:
            request.urlconf = "example_site.directory.urls"
        return self.get_response(request)


class StrictPolicy:
    """Lets pages run and show nothing but what this site serves in files: no inline scripts, no inline styles.

    jitprov's pages live with that, in the admin too, where forms go nowhere else either. Of a sign-in they may: that
    is what a form to an identity provider, or from one, does.
    """

    POLICY = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    IN_THE_ADMIN = f"{POLICY}; form-action 'self'"

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Django's pages for developers have their styles inline.
        if not (settings.DEBUG and response.status_code in {404, 500}):
            is_admin = request.path.startswith("/admin/")
            response["Content-Security-Policy"] = self.IN_THE_ADMIN if is_admin else self.POLICY
        return response
