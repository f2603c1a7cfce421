"""The views of a logout: of a person here, and of messages from their identity provider."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import auth
from django.http import HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.clickjacking import xframe_options_exempt
from django.views.decorators.csrf import csrf_exempt, csrf_protect

from jitprov.accounts.session_cache import Token
from jitprov.accounts.sessions import IN_SESSION
from jitprov.exceptions import JitprovError, OurFailure
from jitprov.host.next_url import url_after_logout
from jitprov.host.pages import page
from jitprov.models import IdentityProvider
from jitprov.saml.logout import logout_response, verify_logout_request, verify_logout_response
from jitprov.saml.received import Received, from_form, from_query
from jitprov.sign_in import browser
from jitprov.sign_in.base_view import SignInView, carried, out_of_transactions
from jitprov.sign_in.confidential import confidential, query_of
from jitprov.sign_out import cookies, ending
from jitprov.sign_out.departure import PendingLogout, depart

__all__ = ["LogoutView", "SingleLogoutMixin", "SingleLogoutView"]

logger = logging.getLogger("jitprov")

POSTED = "jitprov/logout_post.html"


def signed_out(request: HttpRequest, end: Callable[[], HttpResponseBase]) -> HttpResponseBase:
    """End the session here, then ask the identity provider that it came from, if it takes such requests.

    :param end: ends the session of the browser, and answers with where the person goes on to.
    """
    departure = depart(Token.loads(request.session.get(IN_SESSION)))
    response = end()
    if departure is None:
        return response
    leaving = carried(request, departure.message, POSTED)
    leaving.cookies.update(response.cookies)
    pending = PendingLogout(
        request_id=departure.message.id,
        slug=departure.slug,
        next_url=response.headers.get("Location", "") or reverse("jitprov:logout"),
    )
    cookies.remember(leaving, pending)
    return leaving


def _is_watched(request: HttpRequest) -> bool:
    """Say whether the host has our middleware, without which a session goes on whose row has gone."""
    return hasattr(request, "identity")


class SingleLogoutMixin:
    """Stands before the host's own logout view, such as Django's: a POST then logs out at the identity provider, too."""

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        """End the session as the host's view does, and go on to the identity provider."""
        view: Any = super()
        return signed_out(request, partial(view.post, request, *args, **kwargs))


class _LogoutBase(SignInView):
    """The base of both views: tells of a refusal that it is one of a logout."""

    def _refused_page(self, context: Any, *, is_ours: bool) -> str:
        if is_ours:
            return super()._refused_page(context, is_ours=is_ours)
        return page(self.request, "jitprov/logout_refused.html", context)

    def _retry_url(self) -> str:
        return reverse("jitprov:logout")


class LogoutView(_LogoutBase):
    """``logout/?next=...``: shows a button, which logs out here and at the identity provider."""

    decorators = (*SignInView.decorators, csrf_protect, never_cache, out_of_transactions)

    def get(self, request: HttpRequest) -> HttpResponse:
        next_url = request.GET.get("next", "")
        if not request.user.is_authenticated:
            unconfirmed = "unconfirmed" in request.GET
            context = {"next_url": url_after_logout(next_url), "unconfirmed": unconfirmed}
            return HttpResponse(page(request, "jitprov/signed_out.html", context))
        response = HttpResponse(page(request, "jitprov/logout.html", {"next_url": next_url}))
        # With a host's "no-referrer", browsers send no Origin with the form, and Django's CSRF protection refuses it.
        response["Referrer-Policy"] = "strict-origin"
        return response

    def post(self, request: HttpRequest) -> HttpResponseBase:
        return signed_out(request, self._end)

    def _end(self) -> HttpResponseBase:
        auth.logout(self.request)
        next_url = url_after_logout(self.request.POST.get("next", ""))
        return HttpResponseRedirect(next_url or reverse("jitprov:logout"))


class SingleLogoutView(_LogoutBase):
    """``<slug>/slo/``: where an identity provider asks for a logout, or answers ours, by HTTP-Redirect or HTTP-POST."""

    decorators = (
        confidential,
        never_cache,
        # The message comes from another site; what proves its origin is its signature.
        csrf_exempt,
        # Identity providers log out at all applications at once, each in a frame of their page. Nothing can be clicked.
        xframe_options_exempt,
        *SignInView.decorators,
        # A request stays used, and its sessions ended, even if the answer cannot be made.
        out_of_transactions,
    )
    http_method_names = ["get", "post"]

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        return self._handle(slug, partial(from_query, query_of(request)))

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        return self._handle(slug, partial(from_form, dict(request.POST.lists())))

    def _handle(self, slug: str, unpack: Callable[[], Received]) -> HttpResponse:
        identity_provider = self.identity_provider(slug)
        pending = cookies.pending_logout(self.request, slug)
        try:
            received = unpack()
            if received.is_request:
                return self._asked(identity_provider, received)
            if pending is None:
                # Nothing waits for it; the page says whether somebody is signed in.
                return redirect("jitprov:logout")
            return self._answer_of_theirs(identity_provider, received, pending)
        except OurFailure:
            raise
        except JitprovError as error:
            logger.info("a logout message of %s is refused: %s", slug, error.code)
            if pending is None:
                raise
            return self._unconfirmed(pending)

    def _asked(self, identity_provider: IdentityProvider, received: Received) -> HttpResponse:
        """Do what the identity provider asks for, and answer it."""
        now = datetime.now(UTC)
        expect = ending.expectation(identity_provider, now)
        request = verify_logout_request(received, expect)
        own = browser.marked_session(self.request)
        ended = ending.end_asked(identity_provider, request, own) and _is_watched(self.request)
        if not identity_provider.slo_url:
            # It has nowhere to be answered.
            return redirect("jitprov:logout")
        message = logout_response(expect.sp, expect.idp, request, ended=ended, now=now)
        return carried(self.request, message, POSTED)

    def _answer_of_theirs(
        self, identity_provider: IdentityProvider, received: Received, pending: PendingLogout
    ) -> HttpResponse:
        """Lead the person on, who was signed out here before, if the identity provider has done so, too."""
        expect = ending.expectation(identity_provider, datetime.now(UTC))
        verify_logout_response(received, expect, pending.request_id)
        response = HttpResponseRedirect(pending.next_url)
        cookies.forget(response)
        return response

    def _unconfirmed(self, pending: PendingLogout) -> HttpResponse:
        """Lead to the page that says what is sure.

        By a redirect, after which the browser sends the session that it has: the person may be signed in once more.
        """
        query = urlencode({"next": pending.next_url, "unconfirmed": 1})
        response = HttpResponseRedirect(f"{reverse('jitprov:logout')}?{query}")
        cookies.forget(response)
        return response
