"""External identities of users, and the groups that they were granted."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.contrib.auth.models import Group
from django.db import connections, models, router
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from jitprov.models.counters import Counter
from jitprov.models.events import Road
from jitprov.provisioning.mapping import MAX_EXTERNAL_ID

MAX_REASON = 200
"""Characters of the reason why somebody's access ended."""


def digest(value: str) -> str:
    """Return a key for a text of any length that is compared byte by byte on every database."""
    return hashlib.sha256(value.encode()).hexdigest()


class ExternalIdentity(models.Model):
    """A person, as one identity provider knows them: the anchor, never an e-mail address or a user name."""

    identity_provider = models.ForeignKey(
        "jitprov.IdentityProvider",
        on_delete=models.CASCADE,
        db_index=False,  # the constraint's begins with it
        related_name="identities",
        verbose_name=_("identity provider"),
    )
    external_id = models.CharField(_("external ID"), max_length=MAX_EXTERNAL_ID)
    external_id_digest = models.CharField(max_length=64, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.CASCADE,
        related_name="external_identities",
        verbose_name=_("user"),
    )
    active = models.BooleanField(
        _("active"),
        default=True,
        help_text=_("Clear this to block the person."),
    )
    leaves_at = models.DateTimeField(
        _("leaving date"),
        null=True,
        blank=True,
        db_index=True,
        help_text=_("From then on the person is blocked. Usually empty."),
    )
    ended_at = models.DateTimeField(_("blocked on"), null=True, editable=False)
    ended_by = models.CharField(
        _("blocked by"),
        max_length=10,
        choices=Road.choices,
        blank=True,
        default="",
        db_default="",
        editable=False,
    )
    """The road by which access ended; empty while the identity is active, and where nobody wrote it down."""
    ended_reason = models.CharField(
        _("reason"), max_length=MAX_REASON, blank=True, default="", db_default="", editable=False
    )
    made_account = models.BooleanField(default=False, db_default=False, editable=False)
    """Whether the account was made for this identity, so that it may follow it."""
    ended_account = models.BooleanField(default=False, db_default=False, editable=False)
    """Whether the account was switched off with this identity, so that it may be switched on again."""
    allow_privileged = models.BooleanField(
        _("let this person in whatever they can do"),
        default=False,
        db_default=False,
        help_text=_(
            "Also if they can do more than this tenant may decide about. Whoever runs the identity provider can act as"
            " them."
        ),
    )
    session_endings = Counter(default=0, db_default=0, editable=False)
    """How many times all sessions of the person at this identity provider were ended."""
    provenance = models.JSONField(
        _("where its values come from"), default=dict, db_default={}, editable=False
    )
    """For each user field that was written: ``claim``, ``source``, ``reference`` of the event, and ``at``."""
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        verbose_name = _("external identity")
        verbose_name_plural = _("external identities")
        constraints = [
            # On the digest, because collations may find two identifiers equal that differ in case or accents.
            models.UniqueConstraint(
                fields=["identity_provider", "external_id_digest"],
                name="jitprov_one_user_per_external_id",
            ),
            models.CheckConstraint(
                condition=~Q(external_id=""), name="jitprov_external_id_not_empty"
            ),
        ]

    def __str__(self) -> str:
        # Not the external ID, which is personal: this stands in records of changes.
        about = {"number": self.pk, "slug": self.identity_provider.slug}
        return gettext("Identity %(number)s at %(slug)s") % about

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.external_id_digest = digest(self.external_id)
        super().save(*args, **kwargs)

    def has_left(self) -> bool:
        """Say whether the leaving date has passed."""
        return self.leaves_at is not None and self.leaves_at <= timezone.now()


def accounts_database() -> str:
    """Return the alias of the database that accounts and what is known about them are written to.

    A host's router decides; without one it is ``default``. All tables of jitprov are there, because they refer
    to one another, to the users and to the tenants.
    """
    return router.db_for_write(ExternalIdentity)


def accounts_schema() -> str | None:
    """Return the schema that the connection to that database is in, for a host with one for each tenant; else ``None``."""
    return getattr(connections[accounts_database()], "schema_name", None)


class GrantedGroup(models.Model):
    """A membership that jitprov granted, and so may take away."""

    identity = models.ForeignKey(
        ExternalIdentity,
        on_delete=models.CASCADE,
        db_index=False,  # as above
        related_name="granted_groups",
    )
    group = models.ForeignKey(
        Group, on_delete=models.CASCADE, related_name="+", verbose_name=_("group")
    )
    claim = models.CharField(
        _("claim"), max_length=512, blank=True, default="", db_default="", editable=False
    )
    value = models.CharField(
        _("value"), max_length=512, blank=True, default="", db_default="", editable=False
    )
    """The group mapping that granted it."""
    reference = models.CharField(
        _("reference"), max_length=10, blank=True, default="", db_default="", editable=False
    )
    created_at = models.DateTimeField(
        _("granted on"), default=timezone.now, db_default=Now(), editable=False
    )

    class Meta:
        verbose_name = _("granted group")
        verbose_name_plural = _("granted groups")
        constraints = [
            models.UniqueConstraint(
                fields=["identity", "group"], name="jitprov_group_granted_once"
            ),
        ]

    def __str__(self) -> str:
        return str(self.group)
