"""Let the person who is signed in authenticate once more: a round trip that ends in a fresh time, not in a session.

It uses the same assertion consumer service and verifier as every sign-in. A cookie with a salt of its own marks its
request, so the answer to one can never be used as the answer to the other. No account is made or changed.
"""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlencode

from django.core import signing
from django.urls import reverse

from jitprov.accounts import sessions
from jitprov.accounts.session_cache import Token
from jitprov.conf import conf
from jitprov.exceptions import JitprovError
from jitprov.host.next_url import safe_next_url
from jitprov.host.provisioner import ProvisioningRefused
from jitprov.models import IdentityProvider
from jitprov.provisioning.types import RefusalReason, Refuse
from jitprov.saml.examination import in_response_to_of
from jitprov.saml.response import verify_response
from jitprov.saml.types import AuthnRequest, VerifiedAssertion
from jitprov.sealed import seal, unseal
from jitprov.sign_in import round_trip
from jitprov.sign_in.claims import claims_from, proof_of

logger = logging.getLogger("jitprov")

_SALT = "jitprov.pending-reauthentication"
_SESSION = "reauthentication"
"""The purpose for which the key of a session is sealed."""
MAX_RETURN_URL = 1000
"""The longest URL to return to, in characters: this cookie comes on top of those of sign-ins."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingReauthentication:
    """A request for another authentication, kept in a signed cookie of the browser that made it.

    The browser's session is named in it, because the session's own cookie does not come with a POST from another site.
    """

    request_id: str
    slug: str
    next_url: str
    """Already validated."""
    started_at: float
    """POSIX timestamp."""
    session: str
    """Which session it is about, encrypted: what a browser keeps should not tell it."""

    def dumps(self) -> str:
        """Return the signed text that goes into the cookie."""
        return signing.dumps(asdict(self), salt=_SALT, compress=True)

    @classmethod
    def loads(cls, text: str) -> PendingReauthentication | None:
        """Return what the text says, or ``None`` if we did not write it or it is too old."""
        try:
            kept = signing.loads(text, salt=_SALT, max_age=conf.REQUEST_LIFETIME)
            return cls(**{name: kept[name] for name in cls.__slots__})
        except (signing.BadSignature, KeyError, TypeError, ValueError):
            return None

    @property
    def begin_url(self) -> str:
        """Return where the browser is sent off once more."""
        query = urlencode({"next": self.next_url})
        return f"{reverse('jitprov:reauthenticate', args=[self.slug])}?{query}"

    def is_answered_by(self, saml_response: str, slug: str) -> bool:
        """Say whether a response claims to answer this request. Nothing in it is proved yet."""
        return self.slug == slug and in_response_to_of(saml_response) == self.request_id


def begin(
    identity_provider: IdentityProvider, token: Token, *, next_url: str, network: str = ""
) -> tuple[AuthnRequest, PendingReauthentication]:
    """Return the request to send the browser off with, and what must be remembered of it.

    :param token: what the browser's session carries.
    :param next_url: validated.
    :raises ProvisioningRefused: the tenant or the identity provider is disabled. Recorded.
    """
    round_trip.require_enabled(identity_provider, network)
    request, asked = round_trip.ask(identity_provider, next_url=_short(next_url), force_authn=True)
    pending = PendingReauthentication(
        request_id=asked.request_id,
        slug=asked.slug,
        next_url=asked.next_url,
        started_at=asked.started_at,
        session=seal(token.dumps(), _SESSION),
    )
    return request, pending


def _short(url: str) -> str:
    """Return a URL that fits into the cookie: without its query, if need be."""
    choices = (url, url.partition("?")[0])
    return next((one for one in choices if len(one) <= MAX_RETURN_URL), safe_next_url(""))


def complete(
    identity_provider: IdentityProvider,
    saml_response: str,
    pending: PendingReauthentication,
    network: str = "",
) -> None:
    """Judge a response as that of a sign-in, use it up, and renew the session if it is the same person's.

    :raises JitprovError: refused; its ``reference`` is the recorded event's. The session stays as it was.
    """
    with round_trip.recorded(identity_provider, network):
        assertion = _verify(identity_provider, saml_response, pending)
        try:
            round_trip.consume(identity_provider, assertion)
            _renew(identity_provider, assertion, pending, network)
        except JitprovError as error:
            error.origin_verified = True
            raise
    logger.info("somebody authenticated once more at %s", identity_provider.slug)


def _verify(
    identity_provider: IdentityProvider,
    saml_response: str,
    pending: PendingReauthentication,
) -> VerifiedAssertion:
    """Return the assertion; it must answer this very request, and be of an authentication after it was made."""
    expect = replace(
        round_trip.expectation(identity_provider, {}, datetime.now(UTC)),
        pending={pending.request_id: datetime.fromtimestamp(pending.started_at, UTC)},
        allow_unsolicited=False,
    )
    return verify_response(saml_response, expect)


def _renew(
    identity_provider: IdentityProvider,
    assertion: VerifiedAssertion,
    pending: PendingReauthentication,
    network: str,
) -> None:
    external_id = claims_from(assertion, identity_provider.subject_claim).external_id
    if not external_id:
        refusal = ProvisioningRefused(Refuse(reason=RefusalReason.SUBJECT_MISSING))
        refusal.origin_verified = True
        raise round_trip.refused(identity_provider, refusal, network)
    token = Token.loads(unseal(pending.session, _SESSION))
    if token is None:  # the keys have changed
        raise sessions.SessionEnded
    sessions.renew(token, identity_provider, external_id, proof_of(assertion))
