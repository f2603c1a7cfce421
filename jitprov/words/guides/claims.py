"""Name what claims carry, and list the claim names that several products share."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.provisioning.presets import NAME_ID_CLAIM
from jitprov.words.guides.types import KnownClaim, Text

FIRST_NAME = _("First name")
LAST_NAME = _("Last name")
EMAIL = _("E-mail address")
USERNAME = _("User name")
GROUPS = _("Groups")
PRINCIPAL_NAME = _("User principal name")

XMLSOAP = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/"
WINDOWS = "http://schemas.microsoft.com/ws/2008/06/identity/claims/"

MAY_CHANGE = _("It may change, and may later be given to somebody else.")
GROUP_NAMES = _("Names, not identifiers: a group that is renamed there is another value here.")


def name_id(note: Text) -> KnownClaim:
    """Return the known claim for SAML's NameID, which every product fills in its own way."""
    return KnownClaim(
        name=NAME_ID_CLAIM, label=_("NameID, the name SAML gives a person"), note=note
    )


def named(label: Text, *names: str, note: Text = "") -> tuple[KnownClaim, ...]:
    """Return a known claim for each name under which the same value is usually sent, the likeliest first."""
    return tuple(KnownClaim(name=name, label=label, note=note) for name in names)
