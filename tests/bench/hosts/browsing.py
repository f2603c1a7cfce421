"""Use Django's test client like a browser that speaks https and posts forms."""

from __future__ import annotations

from typing import cast

from django.conf import settings
from django.http import HttpResponse
from django.test import Client


def new_browser() -> Client:
    """Return a browser without cookies."""
    return Client(HTTP_HOST=settings.ALLOWED_HOSTS[0])


def get(browser: Client, path: str) -> HttpResponse:
    """Open a page."""
    return cast(HttpResponse, browser.get(path, secure=True))


def post(browser: Client, path: str, body: str) -> HttpResponse:
    """Post a form whose fields are already encoded."""
    kind = "application/x-www-form-urlencoded"
    return cast(HttpResponse, browser.post(path, body, content_type=kind, secure=True))
