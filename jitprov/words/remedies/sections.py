"""Name the sections of our own pages as those pages write them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.words.guides import trail

_PAGE = _("This application, the page of your identity provider")

METADATA = trail(_PAGE, _("Metadata from your identity provider"))
ENTRY = trail(_PAGE, _("Who may come in"))
CLAIM_MAPPINGS = trail(_PAGE, _("Claim mappings"))
GROUPS = trail(_PAGE, _("Groups"))
TEST = trail(_PAGE, _("Test"))
ENABLE = trail(_PAGE, _("Enable"))
IDENTITY = _("This application, the page of the person: Provisioning")
