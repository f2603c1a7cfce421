"""End the session of a sign-in here, and say with which request the identity provider is asked to end its own. No HTTP."""

from __future__ import annotations

import logging
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from functools import partial

from django.core import signing

from jitprov.accounts import sessions
from jitprov.accounts.contention import persevere
from jitprov.accounts.session_cache import Token
from jitprov.conf import conf
from jitprov.exceptions import ConfigurationError
from jitprov.models import IdentityProvider, SignInSession
from jitprov.provisioning.presets import Preset
from jitprov.saml.logout import logout_request
from jitprov.saml.types import LogoutMessage, NameID
from jitprov.sealed import unseal

logger = logging.getLogger("jitprov")

TAKES_UNSIGNED = {Preset.ENTRA}
"""Where a request that is not signed is taken, although saml-profiles-2.0 §4.4.4.1 wants a signature."""
_SALT = "jitprov.pending-logout"


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLogout:
    """A logout whose answer is waited for. The person is signed out here already."""

    request_id: str
    slug: str
    next_url: str
    """Where they go afterwards, already validated."""

    def dumps(self) -> str:
        """Return the signed text that goes into the cookie."""
        return signing.dumps(asdict(self), salt=_SALT, compress=True)

    @classmethod
    def loads(cls, text: str) -> PendingLogout | None:
        """Return what the text says, or ``None`` if we did not write it or it is too old."""
        try:
            kept = signing.loads(text, salt=_SALT, max_age=conf.REQUEST_LIFETIME)
            return cls(**kept)
        except (signing.BadSignature, TypeError):
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class Departure:
    """A request to log the person out at their identity provider, too."""

    slug: str
    message: LogoutMessage


def depart(token: Token | None) -> Departure | None:
    """End a session here; return the request for its identity provider, or ``None`` if the logout is only here."""
    row = sessions.found(token) if token else None
    if row is None:
        return None
    message = _request(row)
    persevere(partial(sessions.end, [row]))
    if message is None:
        return None
    return Departure(slug=row.identity.identity_provider.slug, message=message)


def _request(row: SignInSession) -> LogoutMessage | None:
    identity_provider = row.identity.identity_provider
    name_id = unseal(row.sealed_name_id, sessions.NAME_ID)
    if not name_id or not _takes_requests(identity_provider):
        return None
    try:
        return logout_request(
            identity_provider.as_service_provider(),
            identity_provider.as_metadata(),
            NameID(**name_id),
            row.session_index,
            now=datetime.now(UTC),
        )
    except ConfigurationError as error:
        # The person is signed out here all the same.
        logger.error("a logout is only here: %s", error)  # noqa: TRY400 -- the text says it all
        return None


def _takes_requests(identity_provider: IdentityProvider) -> bool:
    """Say whether the identity provider has a logout URL, and takes such requests as we can make."""
    can_be_taken = bool(conf.SP_KEY_PAIRS) or identity_provider.preset in TAKES_UNSIGNED
    return bool(identity_provider.slo_url) and can_be_taken
