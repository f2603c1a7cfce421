"""The views of a sign-in. Each parses a request, calls one use case and answers."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

from django.contrib import auth
from django.contrib.auth.models import AnonymousUser
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseRedirect,
)
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.encoding import iri_to_uri
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from jitprov.accounts import Provisioned, sessions
from jitprov.accounts.session_cache import Token
from jitprov.accounts.sessions import IN_SESSION, Proof
from jitprov.backends import authenticate
from jitprov.exceptions import JitprovError
from jitprov.host.next_url import safe_next_url
from jitprov.host.pages import page
from jitprov.models import IdentityProvider
from jitprov.saml.assertion_refusals import RequestUnknown
from jitprov.saml.sp_metadata import sp_metadata
from jitprov.sign_in import browser, reauthentication, rehearsal, round_trip, witness
from jitprov.sign_in.base_view import (
    OURS,
    IdentityProviderUnknown,
    ResponseNotPosted,
    SignInView,
    out_of_transactions,
)
from jitprov.sign_in.confidential import confidential
from jitprov.sign_in.discovery import (
    DiscoveryForm,
    elsewhere,
    identity_providers_for,
    login_path,
)
from jitprov.sign_in.reauthentication import PendingReauthentication
from jitprov.sign_in.round_trip import CompletedLogin, PendingLogin
from jitprov.words.refusals import explain

__all__ = [
    "AssertionConsumerServiceView",
    "DiscoveryView",
    "IdentityProviderUnknown",
    "LoginView",
    "MetadataView",
    "ReauthenticateView",
    "SignInView",
    "StartTestView",
]

MAX_LOGIN_HINT = 254
"""The longest login hint, in characters: an e-mail address has no more."""
_STALE = {"assertion_replayed", "expired", "request_unknown", "session_over"}
"""Refusals of responses of which nothing can be used, although the person may be in, or on their way."""
_BEGIN_AGAIN = {"assertion_replayed", "request_unknown"}
KEY_BYTES = 8
MAX_KEY = 2 * KEY_BYTES
"""The length of what the page of a refusal is asked for by, which opens nothing without the cookie."""
_ENDS_WITH_IDP = "_jitprov_ends_with_idp"
"""The session key that says that we have set when the session ends."""


class LeavingView(SignInView):
    """The base of pages that send the browser to a known identity provider, from the host where the response will arrive."""

    decorators = (*SignInView.decorators, never_cache)
    begins_sign_ins = True

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        identity_provider = self.identity_provider(slug)
        url = elsewhere(identity_provider, host=request.get_host(), path=request.get_full_path())
        return HttpResponseRedirect(url) if url else self.leave(request, identity_provider)

    def leave(self, request: HttpRequest, identity_provider: IdentityProvider) -> HttpResponse:
        """Send the browser off."""
        raise NotImplementedError


class LoginView(LeavingView):
    """``<slug>/login/?next=...``: sends the browser to the tenant's identity provider."""

    def leave(self, request: HttpRequest, identity_provider: IdentityProvider) -> HttpResponse:
        return self.leave_for(
            identity_provider,
            next_url=safe_next_url(request.GET.get("next", "")),
            login_hint=_login_hint(request),
        )


class ReauthenticateView(LeavingView):
    """``<slug>/again/?next=...``: sends somebody who is signed in by it there, to authenticate once more.

    The decorator :func:`jitprov.reauthentication.reauthenticate` leads here. Whoever is not signed in by it signs in.
    """

    http_method_names = ["get"]

    def leave(self, request: HttpRequest, identity_provider: IdentityProvider) -> HttpResponse:
        next_url = safe_next_url(request.GET.get("next", ""))
        # The user first: with that, the middleware empties a session that has ended.
        token = Token.loads(request.user.is_authenticated and request.session.get(IN_SESSION))
        if token is None or token.identity_provider != identity_provider.pk:
            return HttpResponseRedirect(login_path(identity_provider, next=next_url))
        network = browser.network(request)
        return self.carry_again(
            *reauthentication.begin(identity_provider, token, next_url=next_url, network=network)
        )


class StartTestView(LeavingView):
    """``<slug>/test/?token=...``: sends the browser there for a test sign-in, also while sign-in is disabled."""

    # No HEAD, with which programs look at links: it would use this one up.
    http_method_names = ["get"]

    def leave(self, request: HttpRequest, identity_provider: IdentityProvider) -> HttpResponse:
        test = rehearsal.started(identity_provider, request.GET.get("token", ""))
        return self.carry(*rehearsal.ask(test, identity_provider))


class DiscoveryView(SignInView):
    """``login/``: asks for an e-mail address, or takes ``?tenant=`` or ``?email=``, and finds the way."""

    decorators = (*SignInView.decorators, never_cache)
    begins_sign_ins = True

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
            path = login_path(found[0], next=next_url, login_hint=email)
            if url := elsewhere(found[0], host=request.get_host(), path=path):
                return HttpResponseRedirect(url)
            return self.leave_for(
                self.identity_provider(found[0].slug), next_url=next_url, login_hint=email
            )
        choices = [(item, login_path(item, next=next_url)) for item in found]
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
        response = HttpResponse(html, status=404 if not_found else 200)
        # With a host's "no-referrer", browsers send no Origin with the form, and Django's CSRF protection refuses it.
        response["Referrer-Policy"] = "strict-origin"
        return response


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
        confidential,
        never_cache,
        # The POST comes from another site, so there is no CSRF token; what proves that this browser asked is the
        # signed cookie of the request.
        csrf_exempt,
        *SignInView.decorators,
        out_of_transactions,
    )

    def post(self, request: HttpRequest, slug: str) -> HttpResponse:
        identity_provider = self.identity_provider(slug)
        saml_response = request.POST.get("SAMLResponse", "")
        again = browser.pending_reauthentication(request)
        if again is not None and again.is_answered_by(saml_response, slug):
            return self.authenticated_again(identity_provider, saml_response, again)
        pending = self._waiting()
        test = rehearsal.pending_test(identity_provider, saml_response, pending)
        if test is not None:
            return self.test_completed(identity_provider, saml_response, test)
        try:
            completed = round_trip.complete_login(
                identity_provider,
                saml_response,
                pending,
                now=datetime.now(UTC),
                relay_state=request.POST.get("RelayState", ""),
                network=browser.network(request),
                admit=self._admit,
            )
        except round_trip.StartAgain as again:
            return self.leave_for(
                identity_provider, next_url=safe_next_url(""), restarts=again.restarts
            )
        except JitprovError as error:
            if error.code not in _STALE or self._wants_json():
                raise
            return self._without_response(identity_provider, error)
        response = self.login_succeeded(completed)
        browser.count_arrival(response, completed.pending)
        return response

    def get(self, request: HttpRequest, slug: str) -> HttpResponse:
        """Answer a bookmark by a new sign-in, and say what is wrong if a response was lost on its way here.

        A response in the URL is of another binding; one that was posted and redirected, say to https, has lost its
        body. To begin again each time would send the browser round for ever.
        """
        if key := request.GET.get("refused"):
            return self._looked_again(browser.kept_refusal(request, key[:MAX_KEY]))
        response_lost = browser.from_elsewhere(request) or browser.latest(self._waiting())
        if "SAMLResponse" not in request.GET and self._is_signed_in():
            return self._onward()
        if "SAMLResponse" in request.GET or response_lost:
            error = ResponseNotPosted()
            raise round_trip.refused(self.identity_provider(slug), error, browser.network(request))
        return redirect("jitprov:login", slug=slug)

    def _without_response(
        self, identity_provider: IdentityProvider, error: JitprovError
    ) -> HttpResponse:
        """Answer somebody whose response is of no use: on to their page, by a new request, or by the refusal."""
        if self._is_signed_in():
            return self._onward()
        # Somebody who took longer than the request waits is sent off again, and gets to the page they wanted.
        kept = self._waiting(overdue=True)
        latest = browser.latest(kept)
        restarts = round_trip.restarts_lately(kept, datetime.now(UTC))
        if latest and error.code in _BEGIN_AGAIN and restarts < round_trip.MAX_RESTARTS:
            next_url = latest.next_url
            return self.leave_for(identity_provider, next_url=next_url, restarts=restarts + 1)
        raise error

    def login_refused(self, error: JitprovError) -> HttpResponse:
        """Send a person to a page of its own, which can be read again, and answer a program at once.

        So is somebody answered whom we could not serve: to send the response once more may be all that is wanted.
        """
        own_page = self.request.method == "POST" and self._found is not None
        if not own_page or self._wants_json() or explain(error.code).status == OURS:
            return super().login_refused(error)
        key = secrets.token_hex(KEY_BYTES)
        response = self._go_to(f"{self.request.path}?{urlencode({'refused': key})}")
        browser.keep_refusal(self.request, response, key, error)
        return response

    def _looked_again(self, error: JitprovError | None) -> HttpResponse:
        """Tell of a refusal, now that the browser has sent the session that it has: who is signed in may go on."""
        if error is None:
            raise RequestUnknown
        if error.code in _STALE and self._is_signed_in():
            return self._onward()
        raise error

    def _is_signed_in(self) -> bool:
        user = getattr(self.request, "user", None)
        return user is not None and user.is_authenticated

    def _waiting(self, *, overdue: bool = False) -> list[PendingLogin]:
        found = browser.pending_logins(self.request, overdue=overdue)
        return [item for item in found if item.slug == self.kwargs["slug"]]

    def _onward(self) -> HttpResponse:
        """Send somebody who is signed in to where they were going."""
        latest = browser.latest(self._waiting())
        response = self._go_to(latest.next_url if latest else safe_next_url(""))
        browser.count_arrival(response, latest)
        return response

    def _go_to(self, url: str) -> HttpResponse:
        if not browser.session_is_strict():
            return HttpResponseRedirect(url)
        # By a page of ours, so that it is we who lead on from there.
        response = HttpResponse(page(self.request, "jitprov/onward.html", {"url": url}))
        response["Refresh"] = f"0;url={iri_to_uri(url)}"
        return response

    def test_completed(
        self, identity_provider: IdentityProvider, saml_response: str, pending: PendingLogin
    ) -> HttpResponse:
        """Record the result of a test sign-in, and redirect to its report. Nobody is signed in."""
        test = rehearsal.complete(identity_provider, saml_response, pending, now=datetime.now(UTC))
        host = self.request.get_host()
        response = self._go_to(witness.way_to_report(pending.next_url, test, host=host))
        browser.forget(response, pending)
        witness.remember(self.request, response, test.reference)
        return response

    def authenticated_again(
        self,
        identity_provider: IdentityProvider,
        saml_response: str,
        pending: PendingReauthentication,
    ) -> HttpResponse:
        """Note a fresh authentication of whoever is signed in, and send them back. Nobody is signed in or out."""
        network = browser.network(self.request)
        reauthentication.complete(identity_provider, saml_response, pending, network)
        response = self._go_to(pending.next_url)
        browser.forget_reauthentication(response)
        return response

    def _admit(self, proof: Proof, provisioned: Provisioned) -> bool:
        """Ask the host's authentication backends, and keep whom they let in, and what their session has to carry."""
        self._admitted = authenticate(self.request, provisioned)
        if self._admitted is None or self._found is None:
            return False
        lifetime = timedelta(seconds=self.request.session.get_expiry_age())
        self._begun = sessions.begin(provisioned.identity, self._found, proof, lifetime)
        return True

    def _log_in(self, completed: CompletedLogin) -> None:
        """Let the person in, unless something of the host's stops them; then nobody is signed in."""
        with round_trip.entering(completed):
            try:
                auth.login(self.request, self._admitted)
                self._end_in_time(*self._begun)
            except BaseException:
                # Half of it is done, and the session would be kept with an answer such as 403.
                self.request.session.flush()
                self.request.user = AnonymousUser()
                raise

    def login_succeeded(self, completed: CompletedLogin) -> HttpResponse:
        """Let the person in and send them where they were going. Override to answer otherwise."""
        self._log_in(completed)
        response = self._go_to(completed.next_url)
        if completed.pending:
            browser.forget(response, completed.pending)
        self._mark(response)
        return response

    def _mark(self, response: HttpResponse) -> None:
        """Let a logout that the directory begins know this browser, if that has one."""
        if self._found is not None and self._found.slo_url:
            path = reverse("jitprov:slo", args=[self._found.slug])
            lifetime = self.request.session.get_expiry_age()
            browser.mark_session(response, self._begun[0], path=path, seconds=lifetime)

    def _end_in_time(self, token: Token, end: datetime | None) -> None:
        """Let the session say which sign-in it came from, and end no later than the directory or the tenant wants."""
        session = self.request.session
        session[IN_SESSION] = token.dumps()
        if session.pop(_ENDS_WITH_IDP, False):
            session.set_expiry(None)  # the end of an earlier sign-in of the same person
        if end is not None and end < session.get_expiry_date():
            session.set_expiry(end)
            session[_ENDS_WITH_IDP] = True

    def _retry_url(self) -> str:
        """Return where to begin again; from there the person goes on to where they were going, if the cookie still says it."""
        again = browser.pending_reauthentication(self.request)
        if again is not None and again.slug == self.kwargs["slug"] and self._is_signed_in():
            return again.begin_url
        latest = browser.latest(self._waiting())
        query = f"?{urlencode({'next': latest.next_url})}" if latest else ""
        return super()._retry_url() + query


def _login_hint(request: HttpRequest) -> str:
    hint = request.GET.get("login_hint", "")
    return hint if len(hint) <= MAX_LOGIN_HINT else ""
