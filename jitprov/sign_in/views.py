"""The views of a sign-in. Each parses a request, calls one use case and answers."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.conf import settings
from django.contrib import auth
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, connections, transaction
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    JsonResponse,
)
from django.shortcuts import redirect, resolve_url
from django.urls import NoReverseMatch, reverse
from django.utils.encoding import iri_to_uri
from django.utils.http import is_same_domain, url_has_allowed_host_and_scheme
from django.views import View
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.debug import sensitive_post_parameters

from jitprov.accounts.contention import TryAgain, is_busy
from jitprov.backends import authenticate
from jitprov.conf import conf
from jitprov.exceptions import JitprovError
from jitprov.host.pages import page
from jitprov.host.provisioner import ProvisioningRefused
from jitprov.models import IdentityProvider
from jitprov.provisioning.types import RefusalReason, Refuse
from jitprov.saml.sp_metadata import sp_metadata
from jitprov.saml.types import AuthnRequest, Binding
from jitprov.sign_in import rehearsal, round_trip
from jitprov.sign_in.discovery import DiscoveryForm, identity_providers_for
from jitprov.sign_in.round_trip import CompletedLogin, PendingLogin
from jitprov.words.refusals import as_json, explain

logger = logging.getLogger("jitprov")

MAX_NEXT_URL = 2000
"""The longest URL to return to, in bytes; a longer one would not fit into the cookie."""
MAX_LOGIN_HINT = 254
"""The longest login hint, in characters: an e-mail address has no more."""
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]+(:[0-9]+)?")
MAX_PENDING_BYTES = 4096
"""The most bytes of pending cookies that stay when one more is set: all of a browser's must fit into a server's 8 kB."""


_ENDS_WITH_IDP = "_jitprov_ends_with_idp"
"""The session key that says that we have set when the session ends."""


class IdentityProviderUnknown(JitprovError):
    """No identity provider has this slug, or none fits what was typed."""

    code = "identity_provider_unknown"


class SignInView(View):
    """The base of all pages of a sign-in: finds the identity provider, sends the browser to it, tells of refusals."""

    # Also where the host's middleware lets in only those who are signed in: nobody is, before they have been here.
    decorators: tuple[Callable[..., Any], ...] = (login_not_required,)
    """Decorators that are put on the view once; ``method_decorator`` would put them on at every request."""

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
        return found

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        try:
            return super().dispatch(request, *args, **kwargs)
        except JitprovError as error:
            return self.login_refused(error)
        except DatabaseError as error:
            if not is_busy(error):
                raise
            logger.warning("a page of a sign-in was refused, because the database is busy")
            return self.login_refused(TryAgain())

    def login_refused(self, error: JitprovError) -> HttpResponse:
        """Answer a person, or a program that asks for JSON, with the reason for a refusal. Override to say it otherwise."""
        explanation = explain(error.code)
        if self.request.get_preferred_type(["text/html", "application/json"]) == "application/json":
            return JsonResponse(as_json(error.code, error.reference), status=explanation.status)
        context = {
            "code": error.code,
            "explanation": explanation,
            "reference": error.reference,
            "retry_url": self._retry_url() if explanation.can_retry else "",
            "explanation_url": _explanation_url(error.reference),
        }
        html = page(self.request, "jitprov/refused.html", context)
        return HttpResponse(html, status=explanation.status)

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
                identity_provider, next_url=next_url, login_hint=login_hint, restarts=restarts
            )
        )

    def carry(self, request: AuthnRequest, pending: PendingLogin) -> HttpResponse:
        """Send the browser off with a request."""
        response = self._carried(request)
        for old in _surplus(self.request):
            forget(response, old)
        remember(response, pending)
        return response

    def _carried(self, request: AuthnRequest) -> HttpResponse:
        if request.binding is Binding.REDIRECT:
            return HttpResponseRedirect(request.url)
        context = {"action": request.url, "fields": request.fields}
        return HttpResponse(page(self.request, "jitprov/post.html", context))


class LoginView(SignInView):
    """``<slug>/login/?next=...``: sends the browser to the tenant's identity provider."""

    decorators = (*SignInView.decorators, never_cache)

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        return self.leave_for(
            self.identity_provider(slug),
            next_url=safe_next_url(request.GET.get("next", "")),
            login_hint=_login_hint(request),
        )


class StartTestView(SignInView):
    """``<slug>/test/?token=...``: sends the browser there for a test sign-in, also while sign-in is disabled."""

    decorators = (*SignInView.decorators, never_cache)

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        identity_provider = self.identity_provider(slug)
        test = rehearsal.started(identity_provider, request.GET.get("token", ""))
        return self.carry(*rehearsal.ask(test, identity_provider))


class DiscoveryView(SignInView):
    """``login/``: asks for an e-mail address, or takes ``?tenant=`` or ``?email=``, and finds the way."""

    decorators = (*SignInView.decorators, never_cache)

    def get(self, request: HttpRequest) -> HttpResponse:
        if request.GET.get("tenant") or request.GET.get("email"):
            return self._find(request, DiscoveryForm(request.GET))
        return self._ask(request, DiscoveryForm(initial={"next": request.GET.get("next", "")}))

    def post(self, request: HttpRequest) -> HttpResponse:
        return self._find(request, DiscoveryForm(request.POST))

    def _find(self, request: HttpRequest, form: DiscoveryForm) -> HttpResponse:
        found = identity_providers_for(form) if form.is_valid() else []
        next_url = safe_next_url(form.data.get("next", ""))
        if len(found) == 1:
            email = form.cleaned_data["email"]
            return self.leave_for(
                self.identity_provider(found[0].slug), next_url=next_url, login_hint=email
            )
        choices = [
            (item, f"{reverse('jitprov:login', args=[item.slug])}?{urlencode({'next': next_url})}")
            for item in found
        ]
        return self._ask(request, form, choices=choices, not_found=not choices)

    def _ask(
        self,
        request: HttpRequest,
        form: DiscoveryForm,
        *,
        choices: Sequence[tuple[IdentityProvider, str]] = (),
        not_found: bool = False,
    ) -> HttpResponse:
        context = {
            "form": form,
            "choices": choices,
            "not_found": not_found,
        }
        html = page(request, "jitprov/discovery.html", context)
        return HttpResponse(html, status=404 if not_found else 200)


class MetadataView(SignInView):
    """``<slug>/metadata/``: our metadata, for the tenant's identity provider."""

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        document = sp_metadata(
            self.identity_provider(slug).as_service_provider(), now=datetime.now(UTC)
        )
        response = HttpResponse(document, content_type="application/samlmetadata+xml")
        response["Content-Disposition"] = f'inline; filename="{slug}-metadata.xml"'
        return response


class AssertionConsumerServiceView(SignInView):
    """``<slug>/acs/``: the assertion consumer service, where responses are posted."""

    decorators = (
        # What was posted is not shown in the report of an error: it holds an assertion.
        sensitive_post_parameters("SAMLResponse"),
        never_cache,
        # The POST comes from another site, so there is no CSRF token; what proves that this browser asked is the
        # signed cookie of the request.
        csrf_exempt,
        *SignInView.decorators,
    )

    @classmethod
    def as_view(cls, **initkwargs: Any) -> Callable[..., HttpResponseBase]:
        """Return the view, out of ``ATOMIC_REQUESTS`` on every database.

        An assertion stays used even if the rest fails, so there is no transaction around all; and only when a
        request is there does a router say which database it would be on.
        """
        view = super().as_view(**initkwargs)
        for alias in connections:
            view = transaction.non_atomic_requests(using=alias)(view)
        return view

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        identity_provider = self.identity_provider(slug)
        saml_response = request.POST.get("SAMLResponse", "")
        pending = [item for item in pending_logins(request) if item.slug == identity_provider.slug]
        test = rehearsal.pending_test(saml_response, pending)
        if test is not None:
            return self.test_completed(identity_provider, saml_response, test)
        try:
            completed = round_trip.complete_login(
                identity_provider, saml_response, pending, now=datetime.now(UTC)
            )
        except round_trip.StartAgain as again:
            return self.leave_for(
                identity_provider, next_url=safe_next_url(""), restarts=again.restarts
            )
        return self.login_succeeded(completed)

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Answer a reload or a bookmark: begin again."""
        return redirect("jitprov:login", slug=slug)

    def test_completed(
        self, identity_provider: IdentityProvider, saml_response: str, pending: PendingLogin
    ) -> HttpResponse:
        """Record the result of a test sign-in, and redirect to its report. Nobody is signed in."""
        rehearsal.complete(identity_provider, saml_response, pending, now=datetime.now(UTC))
        response = HttpResponseRedirect(pending.next_url)
        forget(response, pending)
        return response

    def login_succeeded(self, completed: CompletedLogin) -> HttpResponse:
        """Let the person in and send them where they were going. Override to answer otherwise."""
        user = authenticate(self.request, completed.provisioned)
        if user is None:
            raise ProvisioningRefused(Refuse(reason=RefusalReason.ACCOUNT_DISABLED))
        auth.login(self.request, user)
        self._end_with_idp_session(completed)
        pending = completed.pending
        response = HttpResponseRedirect(pending.next_url if pending else safe_next_url(""))
        if pending:
            forget(response, pending)
        return response

    def _end_with_idp_session(self, completed: CompletedLogin) -> None:
        """Let our session end no later than the identity provider's (saml-core-2.0 §2.7.2)."""
        session = self.request.session
        if session.pop(_ENDS_WITH_IDP, False):
            session.set_expiry(None)  # the end of an earlier sign-in of the same person
        end = completed.assertion.session_not_on_or_after
        if end is not None and end < session.get_expiry_date():
            session.set_expiry(end)
            session[_ENDS_WITH_IDP] = True

    def _retry_url(self) -> str:
        """Return where to begin again; from there the person goes on to where they were going, if the cookie still says it."""
        waiting = [
            item
            for item in pending_logins(self.request)
            if item.slug == self.kwargs["slug"] and not item.test
        ]
        latest = max(waiting, key=lambda item: item.started_at, default=None)
        query = f"?{urlencode({'next': latest.next_url})}" if latest else ""
        return super()._retry_url() + query


def _explanation_url(reference: str) -> str:
    """Return the URL of the event in the admin, for an administrator; empty if the host has no admin."""
    try:
        return reverse("admin:jitprov_event_by_reference", args=[reference]) if reference else ""
    except NoReverseMatch:
        return ""


def safe_next_url(wanted: str) -> str:
    """Return the URL to go to after sign-in: the wanted one if it is the host's own, else ``LOGIN_REDIRECT_URL``."""
    base = urlsplit(conf.BASE_URL)
    allowed = len(iri_to_uri(wanted)) <= MAX_NEXT_URL and url_has_allowed_host_and_scheme(
        wanted,
        allowed_hosts={base.netloc, *_named_host(wanted)},
        require_https=base.scheme == "https",
    )
    return wanted if allowed else resolve_url(settings.LOGIN_REDIRECT_URL)


def _named_host(url: str) -> set[str]:
    """Return the URL's host, as it is written there, if the settings name it as one of the host's own."""
    try:
        host = urlsplit(url).netloc
    except ValueError:
        return set()
    # As it is written, with neither a user nor a backslash, by which browsers may understand another host.
    plain = host in url and _HOST_AND_PORT.fullmatch(host) is not None
    ours = any(is_same_domain(host.lower(), pattern) for pattern in conf.ALLOWED_NEXT_HOSTS)
    return {host} if plain and ours else set()


def pending_logins(request: HttpRequest) -> Iterator[PendingLogin]:
    """Return the requests of this browser that wait for a response."""
    for name, value in request.COOKIES.items():
        pending = PendingLogin.loads(value) if name.startswith(round_trip.COOKIE_PREFIX) else None
        if pending is not None and pending.cookie_name == name:
            yield pending


def remember(response: HttpResponse, pending: PendingLogin) -> None:
    """Set the cookie of a request. SameSite=None, because the response is posted from another site."""
    response.set_cookie(
        pending.cookie_name,
        pending.dumps(),
        max_age=int(conf.REQUEST_LIFETIME.total_seconds()),
        secure=True,
        httponly=True,
        samesite="None",
    )


def forget(response: HttpResponse, pending: PendingLogin) -> None:
    """Delete the cookie of a request."""
    response.delete_cookie(pending.cookie_name, samesite="None")


def _surplus(request: HttpRequest) -> Iterator[PendingLogin]:
    """Yield the oldest pending requests, which must go before one more is remembered: too many, or too large."""
    newest_first = sorted(pending_logins(request), key=lambda item: item.started_at, reverse=True)
    size = 0
    for number, item in enumerate(newest_first, start=1):
        size += len(item.cookie_name) + len(request.COOKIES[item.cookie_name])
        if number >= round_trip.MAX_PENDING or size > MAX_PENDING_BYTES:
            yield item


def _login_hint(request: HttpRequest) -> str:
    hint = request.GET.get("login_hint", "")
    return hint if len(hint) <= MAX_LOGIN_HINT else ""
