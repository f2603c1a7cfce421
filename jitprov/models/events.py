"""Store every attempt to sign in with its outcome, and every time that access ended or was given back."""

from __future__ import annotations

import secrets

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from jitprov.conf import conf
from jitprov.provisioning.types import Source


class Outcome(models.TextChoices):
    """The outcomes of an attempt."""

    CREATED = "created", _("created")
    UPDATED = "updated", _("updated")
    UNCHANGED = "unchanged", _("unchanged")
    REFUSED = "refused", _("refused")
    RESTARTED = "restarted", _("restarted from our side")
    ENDED = "ended", _("access ended")
    RETURNED = "returned", _("access given back")
    KEPT = "kept", _("access kept")
    ERROR = "error", _("error")


class Road(models.TextChoices):
    """The roads by which an event came about: those of people in and out, and whoever else takes access away."""

    SAML = Source.SAML.value, "SAML"
    SCIM = Source.SCIM.value, "SCIM"
    GRAPH = Source.GRAPH.value, "Microsoft Graph"
    ADMIN = "admin", _("the admin")
    API = "api", _("the API")
    COMMAND = "command", _("a command")
    CODE = "code", _("the application")
    DATE = "date", _("a leaving date")


DIRECTORIES = frozenset({Road.SCIM, Road.GRAPH})
"""The roads by which a directory says who is active."""
BY_HAND = frozenset({Road.ADMIN, Road.API, Road.COMMAND, Road.CODE})
"""The roads by which a person decides, which no other road undoes."""
LEAVING = (Outcome.ENDED, Outcome.RETURNED, Outcome.KEPT)
"""The outcomes of no sign-in, but of taking access away and giving it back."""
CAME_IN = (Outcome.CREATED, Outcome.UPDATED, Outcome.UNCHANGED)
NOT_LET_IN = (Outcome.REFUSED, Outcome.ERROR)
MAX_NAMES = 100
"""Claims and problems that are named in one event."""
MAX_NAME = 200
"""Characters of each."""


# No 0, 1, I, L, O: people read references aloud.
_REFERENCE_ALPHABET = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"


def new_reference() -> str:
    """Return a new random reference that a person can quote: ten characters, about 49 bits."""
    number, letters = secrets.randbelow(len(_REFERENCE_ALPHABET) ** 10), []
    for _letter in range(10):
        number, letter = divmod(number, len(_REFERENCE_ALPHABET))
        letters.append(_REFERENCE_ALPHABET[letter])
    return "".join(letters)


class ProvisioningEvent(models.Model):
    """One attempt to sign in, or one end of access, and its outcome: codes and names, and no value to be read here."""

    created_at = models.DateTimeField(_("when"), auto_now_add=True)
    reference = models.CharField(
        _("reference"), max_length=10, unique=True, default=new_reference, editable=False
    )
    source = models.CharField(
        _("source"), max_length=10, choices=Road.choices, default=Road.SAML.value
    )
    outcome = models.CharField(_("outcome"), max_length=10, choices=Outcome)
    reason = models.CharField(_("reason"), max_length=50, blank=True)
    verified = models.BooleanField(
        _("signature valid"),
        default=True,
        help_text=_("The identity provider's signature was good."),
    )
    tenant = models.ForeignKey(
        conf.TENANT_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        db_index=False,  # others begin with it; each one more is written with every event
        related_name="+",
        verbose_name=_("tenant"),
    )
    identity_provider = models.ForeignKey(
        "jitprov.IdentityProvider",
        on_delete=models.SET_NULL,
        null=True,
        db_index=False,  # as above
        related_name="events",
        verbose_name=_("identity provider"),
    )
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.SET_NULL,
        null=True,
        related_name="+",
        verbose_name=_("user"),
    )
    changed_fields = models.JSONField(_("changed fields"), default=list)
    notes = models.JSONField(_("notes"), default=list)
    details = models.JSONField(_("details"), default=dict, db_default={})
    """Facts that explain the outcome: URLs, entity IDs, names of claims and fields; never the value of a claim."""
    claims = models.TextField(blank=True, default="", db_default="")
    """The claims of the attempt, encrypted, while :attr:`~jitprov.conf.Conf.CLAIMS_RETENTION` lasts."""
    email_digest = models.CharField(
        max_length=64, blank=True, default="", db_default="", db_index=True, editable=False
    )
    """A keyed digest, so that an attempt can be found by an e-mail address that is not kept."""
    network = models.CharField(
        _("network"), max_length=43, blank=True, default="", db_default="", editable=False
    )
    """From where the browser came, cut as :attr:`~jitprov.conf.Conf.EVENT_NETWORK_BITS` says."""
    duration_ms = models.PositiveIntegerField(_("duration in milliseconds"), default=0)

    class Meta:
        verbose_name = _("provisioning event")
        verbose_name_plural = _("provisioning events")
        ordering = ["-created_at"]
        indexes = [
            # Has all that the picture of the last days is made of, so that no row is read for it.
            models.Index(fields=["created_at", "outcome"], name="jitprov_event_by_day"),
            models.Index(
                fields=["identity_provider", "verified", "-id"], name="jitprov_event_by_origin"
            ),
            models.Index(fields=["tenant", "-created_at"], name="jitprov_event_by_tenant"),
            models.Index(fields=["identity_provider", "-created_at"], name="jitprov_event_by_idp"),
        ]

    def __str__(self) -> str:
        return f"{self.reference} {self.outcome}"
