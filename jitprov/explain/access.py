"""Explain how somebody's access ended or came back: by which road, by whom, why, and what followed."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib.auth import get_user_model
from django.core.exceptions import ValidationError
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext_lazy as _

from jitprov.accounts.access import Account
from jitprov.models import ProvisioningEvent, Road
from jitprov.models.events import LEAVING
from jitprov.words.guides import Text

_ACCOUNT: dict[str, Text] = {
    Account.SWITCHED_OFF: _("The account was switched off with it."),
    Account.ALREADY_OFF: _("The account had been switched off before."),
    Account.NOT_OURS: _(
        "The account stays active, because it was not made for this person by a sign-in."
    ),
    Account.HAS_PASSWORD: _("The account stays active, because it has a password."),
    Account.ABOVE_TENANT: _(
        "The account stays active, because it can do more than this tenant may decide about."
    ),
    Account.OTHER_IDENTITY: _(
        "The account stays active, because another identity of the person is active."
    ),
    Account.SWITCHED_ON: _("The account was switched on again."),
    Account.LEFT_AS_IT_IS: _("The account was left as it is."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AccessExplanation:
    """One end of access, or its return."""

    road: Text
    by: str
    """The user name of whoever asked, or the name of a program; empty if nobody did or they are gone."""
    why: str
    """The reason that was given."""
    said: str
    """The text with which the host kept the person."""
    account: Text
    sessions: tuple[datetime, ...]
    """When the sessions began that ended with it."""


def explain_access(event: ProvisioningEvent) -> AccessExplanation | None:
    """Explain what a leaving event says; ``None`` for a sign-in. At most one SQL statement, for a name."""
    details: dict[str, Any] = event.details
    if event.outcome not in LEAVING and event.source == Road.SAML:
        return None
    begun = map(parse_datetime, details.get("sessions", ()))
    return AccessExplanation(
        road=road_label(event.source),
        by=_name(details.get("by", {})),
        why=details.get("why", ""),
        said=details.get("text", ""),
        account=_ACCOUNT.get(details.get("account", ""), ""),
        sessions=tuple(moment for moment in begun if moment is not None),
    )


def road_label(road: str) -> Text:
    """Return the name of a road; empty for none."""
    return Road(road).label if road in Road.values else ""


def _name(by: dict[str, str]) -> str:
    if "user" not in by:
        return by.get("name", "")
    try:
        found = get_user_model()._default_manager.filter(pk=by["user"]).first()
    except (ValueError, ValidationError):
        return ""  # the host has another kind of primary key since
    return found.get_username() if found else ""
