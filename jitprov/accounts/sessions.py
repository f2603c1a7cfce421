"""Know the sessions of sign-ins, say whether one goes on, and end them: a person's, or all of an identity provider.

Nothing looks for a session, whose engine may have no way to find it. The session carries the key of a row; what ends
sessions counts one up on the row of the identity or the identity provider, and a session that began under another number
has ended. A number and no time, so that clocks of several machines need not agree, and what began a moment before is
ended too.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from django.contrib.auth.signals import user_logged_in
from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone

from jitprov.accounts import session_cache
from jitprov.accounts.session_cache import Token
from jitprov.exceptions import JitprovError
from jitprov.host.provisioner import provisioner_for
from jitprov.models import (
    ExternalIdentity,
    IdentityProvider,
    SignInSession,
    accounts_database,
)
from jitprov.models.kept_statements import insert
from jitprov.models.sign_in_sessions import MAX_CONTEXT
from jitprov.sealed import keyed_digest, keyed_digests, seal

NAME_ID = "name-id"
"""The purpose for which a NameID is sealed."""
_TO_FIND = "name-id-digest"
"""The purpose of the digest by which one is found."""
UNSPECIFIED = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
"""The Format of a NameID that states none (saml-core-2.0 §2.2.2)."""
IN_SESSION = "_jitprov_session"
"""The key in a browser's session of what tells which sign-in it came from."""
EXTENDED_EVERY = timedelta(days=1)
"""How often the row of a session that goes on and on is written."""
_KEY_BYTES = 16
MAX_NAMED = 20
"""Sessions that an event says have ended, the newest ones."""
AT_ONCE = 1000
"""Rows that one statement names; SQLite takes no more than some thousands."""


class SessionEnded(JitprovError):
    """Somebody authenticated once more for a session that has ended meanwhile."""

    code = "session_ended"


class AnotherPerson(JitprovError):
    """Another person authenticated than the one who is signed in."""

    code = "another_person"


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """What an identity provider said of one sign-in, apart from who the person is."""

    name_id: Mapping[str, str]
    """Its value, format and qualifiers; empty if there is none."""
    session_index: str = ""
    authn_context: str = ""
    authn_instant: datetime
    ends_at: datetime | None = None
    """``SessionNotOnOrAfter`` (saml-core-2.0 §2.7.2)."""


def begin(
    identity: ExternalIdentity,
    identity_provider: IdentityProvider,
    proof: Proof,
    lifetime: timedelta,
) -> tuple[Token, datetime | None]:
    """Write down that a session begins; return what it has to carry, and when it must end at the latest.

    In the transaction that lets the person in. If nobody carries it after all, the row says nothing about anybody.

    :param identity: as it was read, locked, when the person was let in.
    :param identity_provider: as it was read before the response was judged.
    :param lifetime: of the host's sessions.
    """
    now = timezone.now()
    ends_at = _end(identity_provider, proof, now)
    row = SignInSession(
        key=secrets.token_hex(_KEY_BYTES),
        identity=identity,
        identity_endings=identity.session_endings,
        provider_endings=identity_provider.session_endings,
        sealed_name_id=seal(dict(proof.name_id), NAME_ID) if proof.name_id else "",
        name_id_digest=_name_id_digest(identity_provider, proof.name_id),
        session_index=_fitting(proof.session_index, MAX_CONTEXT),
        authn_context=_fitting(proof.authn_context, MAX_CONTEXT),
        authn_instant=proof.authn_instant,
        ends_at=ends_at,
        kept_until=_kept_until(now, lifetime),
    )
    insert(row)
    return Token(row.key, identity.pk, identity_provider.pk), ends_at


def _name_id_digest(identity_provider: IdentityProvider, name_id: Mapping[str, str]) -> str:
    return keyed_digest(_named(identity_provider, name_id), _TO_FIND) if name_id else ""


def _named(identity_provider: IdentityProvider, name_id: Mapping[str, str]) -> str:
    """Return what makes a NameID the same as another one.

    Its qualifiers were required to be absent, or the identity provider's and ours, which they mean if they are absent.
    """
    named_format = name_id.get("format") or UNSPECIFIED
    return json.dumps([identity_provider.pk, name_id["value"], named_format])


def _fitting(text: str, longest: int) -> str:
    """Return a text that can be kept: half of one would mean something else."""
    return text if len(text) <= longest else ""


def _end(identity_provider: IdentityProvider, proof: Proof, now: datetime) -> datetime | None:
    hours = identity_provider.session_hours
    longest = now + timedelta(hours=hours) if hours else None
    return _earlier(proof.ends_at, longest)


def _earlier(*ends: datetime | None) -> datetime | None:
    return min((end for end in ends if end is not None), default=None)


def _kept_until(now: datetime, lifetime: timedelta) -> datetime:
    return now + lifetime + 2 * EXTENDED_EVERY


def listen() -> None:
    """Let every login say that it is no sign-in by us, until we say otherwise.

    So a session that began with ours and went on with a password is one of a password, and one that says nothing at all
    is from before sessions were known.
    """
    user_logged_in.connect(_not_ours, dispatch_uid="jitprov.sessions")


def _not_ours(request: Any = None, **_: Any) -> None:
    session = getattr(request, "session", None)
    if session is not None:
        session[IN_SESSION] = None


# Whether a session goes on


def is_live(token: Token, user_key: str, lifetime: timedelta) -> bool:
    """Say whether a session goes on. If a cache knows, no statement is run.

    :param user_key: the primary key of the user whom the session names.
    :param lifetime: of the host's sessions.
    """
    if session_cache.knows_live(token, user_key):
        return True
    row = found(token)
    now = timezone.now()
    if row is None or not _goes_on(row, user_key, now):
        return False
    ends_at = _earlier(row.ends_at, row.identity.leaves_at)
    session_cache.keep_live(token, user_key, now, ends_at)
    if row.kept_until < _kept_until(now, lifetime) - EXTENDED_EVERY:
        SignInSession.objects.filter(pk=row.pk).update(kept_until=_kept_until(now, lifetime))
    return True


def renew(
    token: Token, identity_provider: IdentityProvider, external_id: str, proof: Proof
) -> None:
    """Write down that the person of a session has authenticated once more. Nothing else of the session changes.

    :param identity_provider: whose word it is.
    :raises SessionEnded: it does not go on, or the account is switched off.
    :raises AnotherPerson: the session is somebody else's.
    """
    row = found(token)
    if row is None or not _goes_on(row, str(row.identity.user_id), timezone.now()):
        raise SessionEnded
    if (row.identity.identity_provider_id, row.identity.external_id) != (
        identity_provider.pk,
        external_id,
    ):
        raise AnotherPerson
    if not row.identity.user.is_active:
        raise SessionEnded
    # Of two answers the later authentication counts, in whichever order they come.
    SignInSession.objects.filter(pk=row.pk, authn_instant__lt=proof.authn_instant).update(
        authn_instant=proof.authn_instant,
        authn_context=_fitting(proof.authn_context, MAX_CONTEXT),
    )


def found(token: Token) -> SignInSession | None:
    """Return the row of a session with its identity, identity provider and tenant."""
    rows = SignInSession.objects.using(accounts_database())
    return rows.select_related("identity__identity_provider__tenant").filter(key=token.key).first()


def _goes_on(row: SignInSession, user_key: str, now: datetime) -> bool:
    identity = row.identity
    identity_provider = identity.identity_provider
    return (
        str(identity.user_id) == user_key
        and (row.ends_at is None or now < row.ends_at)
        and identity.active
        and not identity.has_left()
        and row.identity_endings == identity.session_endings
        and identity_provider.enabled
        and row.provider_endings == identity_provider.session_endings
        and provisioner_for(identity_provider).is_tenant_enabled()
    )


# Finding and ending those that a logout names


def named(
    identity_provider: IdentityProvider,
    name_id: Mapping[str, str],
    session_indexes: Collection[str] = (),
) -> list[SignInSession]:
    """Return the sessions that a logout names: of a NameID, and of these sessions of the directory if any are named.

    Of a session whose index is not known, because none came or it was too long, it is not known that another one was
    meant: it is among them.
    """
    digests = keyed_digests(_named(identity_provider, name_id), _TO_FIND)
    rows = SignInSession.objects.using(accounts_database()).filter(
        identity__identity_provider=identity_provider, name_id_digest__in=digests
    )
    # Compared here, because a database may take capitals and small letters for the same.
    wanted = {*session_indexes, ""}
    return [row for row in rows if not session_indexes or row.session_index in wanted]


def end(rows: Collection[SignInSession]) -> None:
    """End these sessions and no others."""
    keys = [row.key for row in rows]
    with transaction.atomic(using=accounts_database()):
        for begin in range(0, len(keys), AT_ONCE):
            some = keys[begin : begin + AT_ONCE]
            SignInSession.objects.using(accounts_database()).filter(key__in=some).delete()
        _once_committed(partial(session_cache.forget_sessions, keys))


# Ending all of somebody


def begun_and_live(identity: ExternalIdentity) -> list[str]:
    """Return when the newest sessions of a person began that go on as far as their rows say, in ISO 8601."""
    rows = SignInSession.objects.filter(
        Q(ends_at=None) | Q(ends_at__gt=timezone.now()),
        identity=identity,
        identity_endings=identity.session_endings,
        kept_until__gt=timezone.now(),
    )
    begun = rows.order_by("-pk").values_list("created_at", flat=True)[:MAX_NAMED]
    return [moment.isoformat(timespec="seconds") for moment in begun]


def end_sessions_of(identities: QuerySet[ExternalIdentity]) -> int:
    """End all sessions of people at their identity providers; return how many people. Other sessions of theirs go on."""
    return _count_up(identities, session_cache.IDENTITY)


def end_sessions_by(identity_providers: QuerySet[IdentityProvider]) -> int:
    """End all sessions that came by identity providers; return how many identity providers there are."""
    return _count_up(identity_providers, session_cache.IDENTITY_PROVIDER)


def look_up_again(identities: Iterable[int]) -> None:
    """Let no cache answer for the sessions of these identities: when they end has changed."""
    _tell(session_cache.IDENTITY, identities)


def _count_up(rows: QuerySet[Any], kind: str) -> int:
    with transaction.atomic(using=accounts_database()):
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        for begin in range(0, len(keys), AT_ONCE):
            some = keys[begin : begin + AT_ONCE]
            these = rows.model._default_manager.filter(pk__in=some)
            these.update(session_endings=F("session_endings") + 1)
            _tell(kind, some)
    return len(keys)


def _tell(kind: str, keys: Iterable[int]) -> None:
    """Let no cache say any more that these go on, once what ends them is committed."""
    _once_committed(partial(session_cache.forget, kind, tuple(keys)))


def _once_committed(tell: Callable[[], None]) -> None:
    transaction.on_commit(tell, using=accounts_database(), robust=True)
