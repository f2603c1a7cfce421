"""Keep what a person's identity provider says out of the reports of errors, which go to mailboxes and screens."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase
from django.views.debug import get_default_exception_reporter_filter
from django.views.decorators.debug import sensitive_post_parameters, sensitive_variables

View = Callable[..., HttpResponseBase]
_MESSAGES = ("SAMLRequest", "SAMLResponse")
_KEPT = "_jitprov_query"


def confidential(view: View) -> View:
    """Decorate a view whose request or whose variables, at any depth below it, hold a message or claims.

    The report of an exception then has neither what was posted, nor what came in the query, nor the value of a variable.
    Django would show all that where ``DEBUG`` is on; but what comes there is often a real person's, too.
    """
    inner: View = sensitive_post_parameters()(sensitive_variables()(view))

    @wraps(view)
    def outer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        reporter_filter: Any = copy(get_default_exception_reporter_filter())
        reporter_filter.is_active = lambda _request: True
        request.exception_reporter_filter = reporter_filter
        _empty_query(request)
        return inner(request, *args, **kwargs)

    return outer


def query_of(request: HttpRequest) -> str:
    """Return the query of a confidential view, character by character as it arrived."""
    kept: str = getattr(request, _KEPT)
    return kept


def _empty_query(request: HttpRequest) -> None:
    """Take a message out of where reports look for the query, into where they do not."""
    setattr(request, _KEPT, request.META.get("QUERY_STRING", ""))
    found = [name for name in _MESSAGES if name in request.GET]
    if found:
        query = request.GET.copy()
        for name in found:
            query[name] = ""
        request.GET = query  # type: ignore[assignment]
        request.META["QUERY_STRING"] = query.urlencode()
