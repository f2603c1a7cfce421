"""End the sessions that a request of an identity provider names. No HTTP."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from functools import partial

from django.db import IntegrityError, transaction

from jitprov.accounts import sessions
from jitprov.accounts.contention import persevere
from jitprov.accounts.session_cache import Token
from jitprov.conf import conf
from jitprov.exceptions import JitprovError
from jitprov.models import (
    ConsumedAssertion,
    IdentityProvider,
    accounts_database,
    digest,
    remembered_until,
)
from jitprov.models.kept_statements import insert
from jitprov.saml.logout import LogoutExpectation, LogoutRequest

logger = logging.getLogger("jitprov")


class LogoutReplayed(JitprovError):
    """The same request for a logout has been used before."""

    code = "logout_replayed"
    origin_verified = True


def expectation(identity_provider: IdentityProvider, now: datetime) -> LogoutExpectation:
    """Return what a logout message must say, by what is configured."""
    return LogoutExpectation(
        sp=identity_provider.as_service_provider(),
        idp=identity_provider.as_metadata(),
        now=now,
        clock_skew=conf.CLOCK_SKEW,
    )


def end_asked(
    identity_provider: IdentityProvider, request: LogoutRequest, own: Token | None
) -> bool:
    """End the sessions that a request names; say whether none of them goes on.

    Anybody may have written a request that is not signed. It ends no session but that of the browser which brings it,
    and only if it names the person; where that cannot be told, the answer is no.

    :param own: the session of the browser, as far as it tells.
    :raises LogoutReplayed: the request is signed, and was used before.
    """
    if request.is_proved:
        persevere(partial(_end_once, identity_provider, request))
        return True
    found = sessions.named(identity_provider, _name_id(request), request.session_indexes)
    rows = [row for row in found if own is not None and row.key == own.key]
    persevere(partial(sessions.end, rows))
    return bool(rows)


def _end_once(identity_provider: IdentityProvider, request: LogoutRequest) -> None:
    """Use a request up and end what it names, both or neither."""
    try:
        with transaction.atomic(using=accounts_database()):
            insert(
                ConsumedAssertion(
                    identity_provider=identity_provider,
                    # No assertion has an ID with a space in it.
                    assertion_digest=digest(f"LogoutRequest {request.id}"),
                    expires_at=remembered_until(request.usable_until),
                )
            )
            rows = sessions.named(identity_provider, _name_id(request), request.session_indexes)
            sessions.end(rows)
    except IntegrityError as error:
        raise LogoutReplayed from error
    logger.info("a logout of %s has ended %d sessions", identity_provider.slug, len(rows))


def _name_id(request: LogoutRequest) -> Mapping[str, str]:
    return asdict(request.name_id)
