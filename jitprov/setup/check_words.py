"""The words for the checks, the decisions and the field outcomes in the report of a test sign-in."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jitprov.saml.examination import Check

CHECK_WORDS: Mapping[Check, Promise] = MappingProxyType(
    {
        Check.MESSAGE: _("A readable answer that reports success and brings one assertion"),
        Check.SIGNATURE: _("Signed with a certificate that is stored here"),
        Check.CERTIFICATE: _("That certificate is valid today"),
        Check.DESTINATION: _("Sent to our ACS URL"),
        Check.ISSUER: _("Comes from the identity provider that is stored here"),
        Check.ASSERTION: _("The assertion has every part that is needed, and each once"),
        Check.RECIPIENT: _("The assertion was made for our ACS URL"),
        Check.ANSWER: _("Answers the request of this browser"),
        Check.TIME: _("Valid at this moment; both clocks agree"),
        Check.AUDIENCE: _("Made for our entity ID"),
        Check.CLAIMS: _("Says who the person is"),
        Check.AUTHENTICATION: _("The person authenticated, and recently enough"),
        Check.SESSION: _("The session over there has not ended"),
        Check.SECOND_VERIFIER: _("A second, independent check agrees"),
    }
)

DECISIONS: Mapping[str, Promise] = MappingProxyType(
    {
        "create": _("A new account would be made."),
        "update": _("The person would be signed in to the account that is there."),
        "refuse": _("The person would be refused."),
        "": _("The response was rejected before the account was looked at."),
    }
)

OUTCOMES: Mapping[str, Promise] = MappingProxyType(
    {
        "keep": _("no value came: the field stays as it is"),
        "clear": _("no value came: the field is emptied"),
    }
)


def check_in_words(check: str) -> str:
    """Return the words for a check; the code itself for a check of another release."""
    known = {str(one): words for one, words in CHECK_WORDS.items()}
    return str(known.get(check, check))
