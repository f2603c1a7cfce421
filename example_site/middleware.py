"""Middleware that serves two sites in one process, the product and the fake directory, under a strict policy."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import urlsplit

from django.conf import settings
from django.core.exceptions import MiddlewareNotUsed
from django.http import HttpRequest, HttpResponse


class DirectoryOnItsOwnSite:
    """Serves the directory under its own host name.

    Browsers treat ``localhost`` and ``127.0.0.1`` as two sites, so that the demo meets the same rules for cookies as a
    product and its tenants' directories on the internet.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        if not settings.DEBUG:
            # It signs a response for anybody who asks.
            raise MiddlewareNotUsed("there is no fake directory without DEBUG")
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.get_host() == urlsplit(settings.DIRECTORY_URL).netloc:
            request.urlconf = "example_site.directory.urls"
        return self.get_response(request)


class StrictPolicy:
    """Allows pages only files of this site: no inline scripts and no inline styles.

    jitprov's pages work under this policy, in the admin too, where forms may only post to this site. The pages of a
    sign-in may post elsewhere, because a form goes to or from an identity provider.
    """

    POLICY = "default-src 'self'; base-uri 'none'; frame-ancestors 'none'"
    IN_THE_ADMIN = f"{POLICY}; form-action 'self'"

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # Django's debug pages have inline styles.
        if not (settings.DEBUG and response.status_code in {404, 500}):
            is_admin = request.path.startswith("/admin/")
            response["Content-Security-Policy"] = self.IN_THE_ADMIN if is_admin else self.POLICY
        return response
