"""Carry out a SAML round trip by two functions, :func:`begin_login` and :func:`complete_login`. No HTTP here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import TypeAlias

from django.core import signing
from django.core.exceptions import PermissionDenied
from django.db import DatabaseError, IntegrityError, transaction

from jitprov.accounts import Provisioned, provision
from jitprov.accounts.contention import is_busy, persevere
from jitprov.accounts.sessions import Proof
from jitprov.conf import conf
from jitprov.exceptions import JitprovError, OurFailure
from jitprov.host.next_url import safe_next_url
from jitprov.host.provisioner import ProvisioningRefused, provisioner_for
from jitprov.journal import events
from jitprov.journal.events import Attempt
from jitprov.journal.observed_claims import observe
from jitprov.models import (
    ConsumedAssertion,
    IdentityProvider,
    UnsolicitedPolicy,
    accounts_database,
    digest,
    remembered_until,
)
from jitprov.models.kept_statements import insert
from jitprov.provisioning.types import Claims, RefusalReason, Refuse
from jitprov.saml.assertion_refusals import Unsolicited
from jitprov.saml.request import authn_request
from jitprov.saml.response import Expectation, verify_response
from jitprov.saml.types import AuthnRequest, VerifiedAssertion
from jitprov.sign_in.claims import claims_from, proof_of

_SALT = "jitprov.pending-login"
logger = logging.getLogger("jitprov")


class AssertionReplayed(JitprovError):
    """The same assertion has been used before."""

    code = "assertion_replayed"
    origin_verified = True


class RestartLoop(JitprovError):
    """The identity provider keeps sending responses that answer no request, although we sent one."""

    code = "restart_loop"
    origin_verified = True


class SignInLoop(JitprovError):
    """The person was signed in again and again, and each time the application sent them here at once."""

    code = "sign_in_loop"


class StartAgain(Exception):
    """The response answers no request of ours. It is not used, and the browser is sent off again with a request."""

    def __init__(self, restarts: int) -> None:
        super().__init__(restarts)
        self.restarts = restarts
        """How many times in a row that has happened to this browser."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PendingLogin:
    """A request that waits for its response, kept in a signed cookie of the browser that made it."""

    request_id: str
    slug: str
    next_url: str
    """Already validated; RelayState is never used for this."""
    started_at: float
    """POSIX timestamp."""
    restarts: int = 0
    """How many times in a row this browser was sent off again after a response that answered no request."""
    force_authn: bool = False
    test: str = ""
    """Reference of the test sign-in that it was made for. Its answer signs nobody in."""
    arrivals: int = 0
    """How many times in a row this browser was signed in just before it asked again."""

    def dumps(self) -> str:
        """Return the signed text that goes into the cookie."""
        return signing.dumps(asdict(self), salt=_SALT, compress=True)

    @classmethod
    def loads(cls, text: str, *, overdue: bool = False) -> PendingLogin | None:
        """Return what the text says, or ``None`` if we did not write it or it is too old.

        :param overdue: read also what is too old for a response, and tells only where somebody was going.
        """
        try:
            lifetime = kept_for() if overdue else conf.REQUEST_LIFETIME
            kept = signing.loads(text, salt=_SALT, max_age=lifetime)
            # During an upgrade another release may have written it, with more in it.
            return cls(**{name: kept[name] for name in cls.__slots__ if name in kept})
        except (signing.BadSignature, TypeError, ValueError):
            return None

    @property
    def authenticated_since(self) -> datetime | None:
        """Return the moment since when the person must have authenticated, if we asked for that."""
        return datetime.fromtimestamp(self.started_at, UTC) if self.force_authn else None

    @property
    def cookie_name(self) -> str:
        """Return the name of the cookie: another one for each request, so that tabs do not disturb one another."""
        return f"{COOKIE_PREFIX}{digest(self.request_id)[:16]}"


def kept_for() -> timedelta:
    """Return how long it is known where somebody was going, who took longer than the request waits."""
    return max(conf.REQUEST_LIFETIME, _KNOWN_FOR)


_KNOWN_FOR = timedelta(hours=1)
COOKIE_PREFIX = "__Host-jitprov-"
MAX_RESTARTS = 2
LOOP_SECONDS = 30
"""How quickly a browser comes back that nobody is steering: then the identity provider ignores our requests."""
MAX_ARRIVALS = 10
"""How many times in a row somebody is signed in who comes back for another sign-in within ``LOOP_SECONDS``."""
MAX_PENDING = 16
"""Requests of one browser that may wait at the same time; the oldest give way."""

AdmitWithProof: TypeAlias = Callable[[Proof, Provisioned], bool]


@dataclass(frozen=True, slots=True, kw_only=True)
class CompletedLogin:
    """The result of a sign-in: who may come in, and the request that it answers."""

    provisioned: Provisioned
    assertion: VerifiedAssertion
    pending: PendingLogin | None
    """``None`` after a response that nobody asked for, where the tenant accepts those."""
    next_url: str
    """Validated."""


def begin_login(  # noqa: PLR0913 -- one argument for each thing that a browser brings
    identity_provider: IdentityProvider,
    *,
    next_url: str,
    login_hint: str = "",
    restarts: int = 0,
    arrivals: int = 0,
    network: str = "",
) -> tuple[AuthnRequest, PendingLogin]:
    """Return the request to send the browser off with, and what must be remembered of it.

    :param network: from which the browser comes, for the event of a refusal.
    :raises ProvisioningRefused: the tenant or the identity provider is disabled. Recorded.
    :raises SignInLoop: the application sends people who are signed in here again and again. Recorded.
    """
    require_enabled(identity_provider, network)
    if arrivals >= MAX_ARRIVALS:
        raise refused(identity_provider, SignInLoop(), network)
    request, pending = ask(
        identity_provider, next_url=next_url, login_hint=login_hint, restarts=restarts
    )
    return request, replace(pending, arrivals=arrivals)


def ask(  # noqa: PLR0913 -- one argument for each thing that is remembered
    identity_provider: IdentityProvider,
    *,
    next_url: str,
    login_hint: str = "",
    restarts: int = 0,
    test: str = "",
    force_authn: bool = False,
) -> tuple[AuthnRequest, PendingLogin]:
    """Return a request, and what must be remembered of it, whether people may sign in yet or not."""
    now = datetime.now(UTC)
    force_authn = force_authn or identity_provider.force_authn
    request = authn_request(
        sp=identity_provider.as_service_provider(),
        idp=identity_provider.as_metadata(),
        now=now,
        force_authn=force_authn,
        login_hint=login_hint,
        name_id_format=identity_provider.name_id_format,
        authn_contexts=identity_provider.authn_contexts.split(),
    )
    pending = PendingLogin(
        request_id=request.id,
        slug=identity_provider.slug,
        next_url=next_url,
        started_at=now.timestamp(),
        restarts=restarts,
        force_authn=force_authn,
        test=test,
    )
    return request, pending


def complete_login(  # noqa: PLR0913 -- one argument for each thing that a browser brings
    identity_provider: IdentityProvider,
    saml_response: str,
    pending: Iterable[PendingLogin],
    *,
    now: datetime,
    relay_state: str = "",
    network: str = "",
    admit: AdmitWithProof | None = None,
) -> CompletedLogin:
    """Judge a response, use it up, and provision its subject. Every refusal is recorded, unless the database is busy.

    :param pending: what this browser has waiting at this identity provider.
    :param relay_state: as it came with the response, not validated.
    :param network: from which the browser comes, for the event.
    :param admit: asks the host's authentication backends; nothing is written about somebody they do not let in.
    :raises StartAgain: nobody asked for it, and the tenant wants such people sent through a request of ours.
    :raises JitprovError: refused; its ``reference`` is the recorded event's.
    """
    waiting = {item.request_id: item for item in pending if not item.test}
    with recorded(identity_provider, network) as attempt:
        assertion = _verify(identity_provider, saml_response, waiting, now)
        provisioned = _use(identity_provider, assertion, attempt, admit)
    answered = waiting.get(assertion.in_response_to or "")
    url = answered.next_url if answered else _page_named(identity_provider, relay_state)
    return CompletedLogin(
        provisioned=provisioned, assertion=assertion, pending=answered, next_url=url
    )


@contextmanager
def recorded(identity_provider: IdentityProvider, network: str) -> Iterator[Attempt]:
    """Record why an attempt came to nothing."""
    attempt = Attempt(network)
    try:
        yield attempt
    except ProvisioningRefused:
        raise  # recorded where it was decided, together with the person
    except StartAgain:
        _record(partial(events.record_restart, identity_provider, attempt=attempt))
        raise
    except JitprovError as error:
        ours = isinstance(error, OurFailure)
        write: Callable[..., object] = events.record_failure if ours else events.record_refusal
        _record(partial(write, identity_provider, error, attempt=attempt))
        raise
    except Exception:
        _record(partial(events.record_error, identity_provider, attempt=attempt))
        raise


def _page_named(identity_provider: IdentityProvider, relay_state: str) -> str:
    """Return where a sign-in leads that began in a portal: a path of ours, if the row says that one may be named."""
    follows = identity_provider.follow_relay_state and relay_state.startswith("/")
    return safe_next_url(relay_state if follows else "")


@contextmanager
def entering(completed: CompletedLogin) -> Iterator[None]:
    """Let the event tell where the host stops somebody after all: its sessions, or a receiver of its signals.

    :raises ProvisioningRefused: it raised Django's ``PermissionDenied``.
    """
    event = completed.provisioned.event
    try:
        yield
    except PermissionDenied as error:
        refusal = ProvisioningRefused(Refuse(reason=RefusalReason.HOST_DENIED))
        _record(partial(events.record_stopped, event, refusal))
        raise refusal from error
    except Exception as error:
        _record(partial(events.record_stopped, event, error))
        raise


def require_enabled(identity_provider: IdentityProvider, network: str) -> None:
    """Require that people may sign in by it; a refusal is recorded."""
    if not provisioner_for(identity_provider).is_tenant_enabled():
        reason = RefusalReason.TENANT_DISABLED
    elif not identity_provider.enabled:
        reason = RefusalReason.IDENTITY_PROVIDER_DISABLED
    else:
        return
    refusal = ProvisioningRefused(Refuse(reason=reason))
    refusal.origin_verified = False  # nobody has proved anything yet
    raise refused(identity_provider, refusal, network)


def refused(
    identity_provider: IdentityProvider, error: JitprovError, network: str = ""
) -> JitprovError:
    """Record a refusal where no response was judged, and return it, to be raised."""
    _record(partial(events.record_refusal, identity_provider, error, attempt=Attempt(network)))
    return error


def expectation(
    identity_provider: IdentityProvider, waiting: Mapping[str, PendingLogin], now: datetime
) -> Expectation:
    """Return what a response must say, by what is configured and what this browser waits for."""
    return Expectation(
        sp=identity_provider.as_service_provider(),
        idp=identity_provider.as_metadata(),
        pending={item.request_id: item.authenticated_since for item in waiting.values()},
        now=now,
        clock_skew=conf.CLOCK_SKEW,
        allow_unsolicited=identity_provider.unsolicited == UnsolicitedPolicy.ACCEPT,
        required_contexts=identity_provider.contexts_that_count,
    )


def _verify(
    identity_provider: IdentityProvider,
    saml_response: str,
    waiting: Mapping[str, PendingLogin],
    now: datetime,
) -> VerifiedAssertion:
    try:
        return verify_response(saml_response, expectation(identity_provider, waiting, now))
    except Unsolicited as error:
        if identity_provider.unsolicited != UnsolicitedPolicy.RESTART:
            raise
        restarts = restarts_lately(waiting.values(), now)
        if restarts >= MAX_RESTARTS:
            raise RestartLoop from error
        raise StartAgain(restarts + 1) from error


def restarts_lately(waiting: Iterable[PendingLogin], now: datetime) -> int:
    """Return how often this browser was sent off again just now; a person who clicks again is slower."""
    return max(
        (item.restarts for item in waiting if now.timestamp() - item.started_at < LOOP_SECONDS),
        default=0,
    )


def _use(
    identity_provider: IdentityProvider,
    assertion: VerifiedAssertion,
    attempt: Attempt,
    admit: AdmitWithProof | None,
) -> Provisioned:
    claims = claims_from(assertion, identity_provider.subject_claim)
    try:
        consume(identity_provider, assertion)
        _observe(identity_provider, claims)
        with_proof = admit and partial(admit, proof_of(assertion))
        return provision(identity_provider, claims, attempt, with_proof)
    except JitprovError as error:
        error.origin_verified = True
        raise


def _observe(identity_provider: IdentityProvider, claims: Claims) -> None:
    """Note the names of the claims that came, also where the person is then refused."""
    try:
        observe(identity_provider, claims)
    except DatabaseError as error:
        if not is_busy(error):
            raise
        logger.warning("the claims that came were not noted, because the database is busy")


def consume(identity_provider: IdentityProvider, assertion: VerifiedAssertion) -> None:
    """Use an assertion up, once for all machines. It was judged before, so that nobody can use up another's ID."""
    try:
        persevere(partial(_consume_once, identity_provider, assertion))
    except IntegrityError as error:
        raise AssertionReplayed from error


def _consume_once(identity_provider: IdentityProvider, assertion: VerifiedAssertion) -> None:
    # In a transaction of its own: it stays used whatever becomes of the rest.
    with transaction.atomic(using=accounts_database()):
        insert(
            ConsumedAssertion(
                identity_provider=identity_provider,
                assertion_digest=digest(assertion.assertion_id),
                expires_at=remembered_until(assertion.not_on_or_after),
            )
        )


def _record(keep: Callable[[], object]) -> None:
    """Record the result of an attempt. If the database is busy, log a warning: the person gets their answer all the same."""
    try:
        keep()
    except DatabaseError as error:
        if not is_busy(error):
            raise
        logger.warning("an attempt to sign in was not recorded, because the database is busy")
