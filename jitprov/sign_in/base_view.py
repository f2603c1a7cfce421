"""Define the base of all views of a sign-in: it finds the identity provider, sends browsers off and tells of refusals."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import connections, transaction
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.template.loader import render_to_string
from django.urls import NoReverseMatch, reverse
from django.utils.cache import patch_vary_headers
from django.utils.translation import get_language
from django.views import View

from jitprov.accounts.outages import refusal_for
from jitprov.exceptions import JitprovError, OurFailure
from jitprov.host.next_url import safe_next_url
from jitprov.host.pages import OWN_BASE, page
from jitprov.host.product import Product
from jitprov.models import IdentityProvider, new_reference
from jitprov.saml.types import AuthnRequest, Binding, Packed
from jitprov.sign_in import browser, round_trip
from jitprov.sign_in.reauthentication import PendingReauthentication
from jitprov.sign_in.round_trip import PendingLogin
from jitprov.words.refusals import as_json, explain

logger = logging.getLogger("jitprov")

RETRY_AFTER = 10
"""Seconds after which somebody may come again whom we could not serve."""


OURS = HTTPStatus.SERVICE_UNAVAILABLE
"""The status of a refusal of which something of ours is the cause, perhaps the database."""


def out_of_transactions(view: Callable[..., HttpResponseBase]) -> Callable[..., HttpResponseBase]:
    """Decorate a view whose changes stay, out of ``ATOMIC_REQUESTS`` on every database.

    A message stays used even if the rest fails, so there is no transaction around all; and only when a request is there
    does a router say which database it would be on.
    """
    for alias in connections:
        view = transaction.non_atomic_requests(using=alias)(view)
    return view


class IdentityProviderUnknown(JitprovError):
    """No identity provider has this slug, or none fits what was typed."""

    code = "identity_provider_unknown"


class ResponseNotPosted(JitprovError):
    """A browser came to the assertion consumer service by GET: with a response in the URL, or with one lost on its way."""

    code = "response_not_posted"


class BackgroundRequest(JitprovError):
    """A script, an image or a look ahead asked for a sign-in, which only a person who goes to a page can make."""

    code = "background_request"


class SignInView(View):
    """The base of all pages of a sign-in: finds the identity provider, sends the browser to it, tells of refusals."""

    # Also where the host's middleware lets in only those who are signed in: nobody is, before they have been here.
    decorators: tuple[Callable[..., Any], ...] = (login_not_required,)
    """Decorators that are put on the view once; ``method_decorator`` would put them on at every request."""
    _found: IdentityProvider | None = None
    """The identity provider, for what a refusal says of the product."""
    begins_sign_ins = False
    """Whether it sends browsers off; then it answers only people, so that nothing in the background pushes them out."""

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        view: Callable[..., HttpResponseBase] = super().as_view(**initkwargs)
        for decorate in cls.decorators:
            view = decorate(view)
        return view

    def identity_provider(self, slug: str) -> IdentityProvider:
        """Return the identity provider with its certificates and mappings, in one statement."""
        found = IdentityProvider.meant_by(slug)
        if found is None:
            raise IdentityProviderUnknown
        self._found = found
        return found

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            self._require_person(request)
            if self.begins_sign_ins and browser.in_frame(request):
                return self._framed(request)
            return super().dispatch(request, *args, **kwargs)
        except JitprovError as error:
            if isinstance(error, OurFailure) and not error.reference:
                # Not the exception itself, which may have been raised from one that quotes a message.
                logger.error("a page of a sign-in failed by our fault: %s", error.code)  # noqa: TRY400
            return self._answered(error)
        except Exception as error:
            refusal = refusal_for(error)
            if refusal is None:
                raise
            refusal.reference = new_reference()
            logger.exception("page %s of a sign-in: %s", refusal.reference, refusal.code)
            return self._answered(refusal)

    def _require_person(self, request: HttpRequest) -> None:
        if self.begins_sign_ins and browser.in_background(request):
            raise BackgroundRequest

    def _framed(self, request: HttpRequest) -> HttpResponse:
        """Offer a window of its own: an identity provider does not let itself be framed, and shows an empty box there."""
        context = {
            "url": request.get_full_path(),
            "next_url": safe_next_url(request.GET.get("next", "")),
        }
        response: Any = HttpResponse(page(request, "jitprov/framed.html", context))
        # The page leads on to a sign-in and can do nothing by itself. A host that is never framed says so by its own policy.
        response.xframe_options_exempt = True
        patch_vary_headers(response, ["Sec-Fetch-Dest"])
        return response  # type: ignore[no-any-return]

    def _answered(self, error: JitprovError) -> HttpResponse:
        response = self.login_refused(error)
        if response.status_code == HTTPStatus.SERVICE_UNAVAILABLE:
            response["Retry-After"] = RETRY_AFTER
        return response

    def login_refused(self, error: JitprovError) -> HttpResponse:
        """Answer a person, or a program that asks for JSON, with the reason for a refusal. Override to say it otherwise."""
        explanation = explain(error.code)
        if self._wants_json():
            return JsonResponse(
                as_json(error.code, error.reference, error.text), status=explanation.status
            )
        context = {
            "code": error.code,
            "explanation": explanation,
            "text": error.text,
            "reference": error.reference,
            "retry_url": self._retry_url() if explanation.can_retry else "",
            "explanation_url": _explanation_url(error.reference),
        }
        html = self._refused_page(context, is_ours=explanation.status == OURS)
        return HttpResponse(html, status=explanation.status)

    def _refused_page(self, context: Mapping[str, Any], *, is_ours: bool) -> str:
        template = "jitprov/refused.html"
        if is_ours:
            return _bare_page(self.request, template, context)
        tenant = None if self._found is None else self._found.tenant
        return page(self.request, template, context, tenant=tenant)

    def _wants_json(self) -> bool:
        wanted = self.request.get_preferred_type(["text/html", "application/json"])
        return wanted == "application/json"

    def _retry_url(self) -> str:
        slug = self.kwargs.get("slug")
        return reverse("jitprov:login", args=[slug]) if slug else reverse("jitprov:discovery")

    def leave_for(
        self,
        identity_provider: IdentityProvider,
        *,
        next_url: str,
        login_hint: str = "",
        restarts: int = 0,
    ) -> HttpResponse:
        """Send the browser to the identity provider with a request, and remember it in a cookie."""
        return self.carry(
            *round_trip.begin_login(
                identity_provider,
                next_url=next_url,
                login_hint=login_hint,
                restarts=restarts,
                arrivals=browser.arrivals(self.request),
                network=browser.network(self.request),
            )
        )

    def carry(self, request: AuthnRequest, pending: PendingLogin) -> HttpResponse:
        """Send the browser off with a request."""
        response = carried(self.request, request)
        for old in browser.surplus(self.request):
            browser.forget(response, old)
        browser.remember(response, pending)
        return response

    def carry_again(self, request: AuthnRequest, pending: PendingReauthentication) -> HttpResponse:
        """Send the browser of somebody who is signed in off with a request, to authenticate once more."""
        response = carried(self.request, request)
        browser.remember_reauthentication(response, pending)
        return response


def carried(
    request: HttpRequest, message: Packed, template: str = "jitprov/post.html"
) -> HttpResponse:
    """Return what sends a browser off with a message: a redirect, or a page with a form that is posted."""
    if message.binding is Binding.REDIRECT:
        return HttpResponseRedirect(message.url)
    context = {"action": message.url, "fields": message.fields}
    return HttpResponse(page(request, template, context))


def _explanation_url(reference: str) -> str:
    """Return the URL of the event in the admin, for an administrator; empty if the host has no admin."""
    try:
        return reverse("admin:jitprov_event_by_reference", args=[reference]) if reference else ""
    except NoReverseMatch:
        return ""


def _bare_page(request: HttpRequest, template: str, context: Mapping[str, Any]) -> str:
    """Return a page that asks nothing of the host: its base template may want the database that is not there."""
    ours = {
        "base_template": OWN_BASE,
        "LANGUAGE_CODE": get_language(),
        "product": Product.from_settings(),
    }
    return render_to_string(template, {**context, **ours})
