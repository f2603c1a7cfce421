"""Setup links: an outside IT admin without an account sets one identity provider up with such a link.

Only the digest of the token is stored. A plain hash suffices, because nobody can guess 256 bits. The link is looked up
at every request, so that a revoked link stops working at once.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode, urljoin

from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.timezone import localtime
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf
from jitprov.configuration import identity_providers
from jitprov.host.provisioner import provisioner_class
from jitprov.journal import audit
from jitprov.journal.actors import Actor
from jitprov.models import IdentityProvider, SetupLink, Voucher, accounts_database
from jitprov.provisioning.presets import Preset
from jitprov.scope import Scope, scope_of

LIFETIME = timedelta(days=3)
MAX_LIFETIME = timedelta(days=30)
MAX_ACTIVE = 10
"""Valid links of one identity provider at the same time."""
TOKEN_BYTES = 32
SETUP_LINK = "setup_link"
"""The kind of object in the record of changes."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")
_USE_NOTED_EVERY = timedelta(minutes=1)


class LinkRefused(ValueError):
    """No link can be made; the text says why."""


def make(
    identity_provider: IdentityProvider,
    *,
    actor: Actor,
    created_by: Any = None,
    recipient: str = "",
    lifetime: timedelta = LIFETIME,
) -> tuple[SetupLink, str]:
    """Make a link; return its row and its URL. The URL is not stored, and cannot be shown again.

    :param created_by: the user who is responsible for it; the actor's user by default.
    :param recipient: the name of the person who gets it, for the page and the record of changes.
    :raises LinkRefused: it would be valid for too long, or there are too many links.
    """
    if not timedelta(0) < lifetime <= MAX_LIFETIME:
        raise LinkRefused(
            _("A setup link is valid for at most %(days)s days.") % {"days": MAX_LIFETIME.days}
        )
    token = secrets.token_urlsafe(TOKEN_BYTES)
    maker: Any = created_by or actor.user
    with transaction.atomic(using=accounts_database()):
        # Locked, so that two requests at the same moment cannot exceed the limit.
        IdentityProvider.objects.select_for_update().get(pk=identity_provider.pk)
        require_room(identity_provider)
        link = SetupLink.objects.create(
            identity_provider=identity_provider,
            token_digest=digest_of(token),
            recipient=_single_line(recipient),
            created_by=maker,
            voucher=_voucher(maker, identity_provider),
            expires_at=timezone.now() + lifetime,
        )
        _record(link, actor, "made")
    return link, url_of(token)


def make_for_tenant(
    tenant: Any, *, actor: Actor, preset: str = Preset.NONE, slug: str = "", **of_the_link: Any
) -> tuple[SetupLink, str]:
    """Make a new identity provider of a tenant, switched off, and a link to it, as :func:`make` does.

    :param preset: the kind of the directory; by default, whoever opens the link chooses it.
    :param slug: made from the tenant by default.
    :raises LinkRefused: the slug is taken or not valid, or :func:`make` refuses.
    """
    alone = Scope(tenants=type(tenant)._default_manager.filter(pk=tenant.pk), something=True)
    draft = identity_providers.Draft(tenant=tenant, preset=str(preset), slug=slug)
    with transaction.atomic(using=accounts_database()):
        try:
            row = identity_providers.begin(draft, alone, actor)
        except ValidationError as error:
            raise LinkRefused(" ".join(error.messages)) from error
        return make(row, actor=actor, **of_the_link)


def mail(link: SetupLink, url: str, to: str) -> None:
    """Mail a link with the host's e-mail backend.

    :raises OSError: the mail could not be handed over.
    """
    tenant = link.identity_provider.tenant
    product = provisioner_class().product_for(tenant)
    subject = _("Connect your organisation's directory to %(product)s")
    if not product.name:
        subject = _("Connect your organisation's directory")
    text = _(
        "With this link you connect the directory of %(tenant)s, so that its people can sign in with "
        "it. It is valid until %(date)s. Give it to nobody who is not to decide that.\n\n%(url)s\n"
    )
    facts = {
        "tenant": tenant,
        "url": url,
        "date": date_format(localtime(link.expires_at), "DATETIME_FORMAT"),
    }
    send_mail(_single_line(str(subject) % {"product": product.name}), text % facts, None, [to])


def find(token: str, now: datetime) -> SetupLink | None:
    """Return the valid link with this token, with its identity provider and tenant. One indexed SQL statement."""
    return find_by_digest(digest_of(token), now) if _TOKEN.fullmatch(token) else None


def find_by_digest(token_digest: str, now: datetime) -> SetupLink | None:
    """Return the valid link with this digest, which the cookie of a browser holds."""
    links = active(now).select_related("identity_provider__tenant", "created_by")
    link = links.filter(token_digest=token_digest).first()
    return link if link is not None and is_vouched_for(link) else None


def is_vouched_for(link: SetupLink) -> bool:
    """Say whether the account that made a link is there, may sign in and administers the tenant, if it did then.

    A link lends somebody the rights of its maker, and must not outlive them.
    """
    maker = link.created_by
    if maker is None:
        return link.voucher == Voucher.NOBODY
    if not maker.is_active:
        return False
    return link.voucher != Voucher.ADMINISTRATOR or _administers(maker, link.identity_provider)


def _voucher(maker: Any, identity_provider: IdentityProvider) -> Voucher:
    if maker is None:
        return Voucher.NOBODY
    administers = _administers(maker, identity_provider)
    return Voucher.ADMINISTRATOR if administers else Voucher.ACCOUNT


def _administers(user: Any, identity_provider: IdentityProvider) -> bool:
    return scope_of(user).covers(identity_provider.tenant_id)


def active(now: datetime) -> QuerySet[SetupLink]:
    """Return the links that are neither revoked nor expired."""
    return SetupLink.objects.filter(revoked_at=None, expires_at__gt=now)


def require_room(identity_provider: IdentityProvider) -> None:
    """Check that the identity provider may have one more link.

    :raises LinkRefused: it may not.
    """
    if active(timezone.now()).filter(identity_provider=identity_provider).count() >= MAX_ACTIVE:
        raise LinkRefused(
            _("There are %(count)s setup links that work already. Revoke one first.")
            % {"count": MAX_ACTIVE}
        )


def opened(link: SetupLink) -> None:
    """Record that somebody has opened a link."""
    used(link)
    _record(link, Actor.holder(link), "opened")


def used(link: SetupLink) -> None:
    """Store when a link was last used, at most once a minute."""
    now = timezone.now()
    if link.last_used_at is None or now - link.last_used_at >= _USE_NOTED_EVERY:
        link.last_used_at = now
        link.save(update_fields=["last_used_at"])


def revoke(link: SetupLink, actor: Actor) -> None:
    """Make a link invalid from now on. The changes that were made with it stay."""
    with transaction.atomic(using=accounts_database()):
        revoked = SetupLink.objects.filter(pk=link.pk, revoked_at=None)
        if revoked.update(revoked_at=timezone.now()):
            _record(link, actor, "revoked")
    link.refresh_from_db(fields=["revoked_at"])


def url_of(token: str) -> str:
    """Return the absolute URL of a link, from ``BASE_URL`` and never from the Host header."""
    path = reverse("jitprov:setup-link")
    # In the query: Django logs the path of a request that it refuses or does not find, and not the query.
    return urljoin(f"{conf.BASE_URL}/", f"{path}?{urlencode({'token': token})}")


def digest_of(token: str) -> str:
    """Return the SHA-256 digest of a token, which is stored in its place."""
    return hashlib.sha256(token.encode()).hexdigest()


def _single_line(text: str) -> str:
    """Return a name without line breaks and control characters, cut to the length of the column."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return " ".join(printable.split())[: SetupLink._meta.get_field("recipient").max_length]


def _record(link: SetupLink, actor: Actor, note: str) -> None:
    audit.record_done(link.identity_provider, actor, SETUP_LINK, label=str(link), note=note)
