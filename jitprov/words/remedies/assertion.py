"""List remedies for assertions that are wrong although the tenant's identity provider made them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.words.remedies import sections
from jitprov.words.remedies.types import Fixer, Remedy

_ASK_VENDOR = _("Ask the vendor of your identity provider, and send them the reference's details.")
_CLOCKS = _(
    "Set the clock of your identity provider right. If it is right, ask the support of this application "
    "to look at theirs."
)

ASSERTION = {
    "assertion_rejected": Remedy(
        happened=_("The assertion is signed by your identity provider and could not be accepted."),
        fix=_("Compare the values that your identity provider has with those shown here."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "assertion_malformed": Remedy(
        happened=_("A part of the assertion that SAML requires is missing, doubled or unreadable."),
        fix=_ASK_VENDOR,
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "not_by_schema": Remedy(
        happened=_("A part of the response is not where, or not what, the schema of SAML allows."),
        fix=_ASK_VENDOR,
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "encrypted_part": Remedy(
        happened=_("The NameID or a claim is encrypted by itself."),
        fix=_("Encrypt the whole assertion, or nothing."),
        where=_("The encryption settings of the application at your identity provider"),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "mismatch": Remedy(
        happened=_("A value in the assertion differs from the one that it must equal."),
        fix=_("Compare the values that your identity provider has with those shown here."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "issuer_mismatch": Remedy(
        happened=_("The assertion comes from another entity ID than the one stored here."),
        fix=_(
            "Import the metadata of exactly the application and directory that people sign in with. The "
            "final slash counts."
        ),
        by=Fixer.HERE,
    ),
    "audience_mismatch": Remedy(
        happened=_("The assertion was made for another application than this one."),
        fix=_(
            "Enter the entity ID exactly as it is shown here, character by character, and no other "
            "beside it."
        ),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "recipient_mismatch": Remedy(
        happened=_("The assertion was made to be delivered to another URL."),
        fix=_("Enter the ACS URL exactly as it is shown here, with the final slash."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "destination_mismatch": Remedy(
        happened=_("The response was made to be delivered to another URL."),
        fix=_("Enter the ACS URL exactly as it is shown here, with the final slash."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "confirmation_missing": Remedy(
        happened=_("The assertion does not say that whoever brings it may use it (bearer)."),
        fix=_ASK_VENDOR,
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "unknown_condition": Remedy(
        happened=_("The assertion holds only under a condition that is not understood here."),
        fix=_ASK_VENDOR,
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "not_yet_valid": Remedy(
        happened=_("The assertion begins in the future: one of the two clocks is wrong."),
        fix=_CLOCKS,
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "expired": Remedy(
        happened=_("The assertion had ended when it came: it took too long, or a clock is wrong."),
        fix=_("Try again. If it happens to everybody, have the clocks on both sides looked at."),
        by=Fixer.PERSON,
    ),
    "session_over": Remedy(
        happened=_("The person's session at your identity provider had ended."),
        fix=_("Try again."),
        by=Fixer.PERSON,
    ),
    "authentication_too_old": Remedy(
        happened=_(
            "This application asks for the password, every time or before something dangerous, and your identity "
            "provider used an earlier sign-in."
        ),
        fix=_(
            "Let your identity provider honour ForceAuthn. If it was at a sign-in, you can also switch “ask for the "
            "password every time” off here."
        ),
        where=sections.ENTRY,
        by=Fixer.HERE,
    ),
    "authn_context_unmet": Remedy(
        happened=_(
            "The person did not sign in at your identity provider in a way that is required here."
        ),
        fix=_(
            "Let your identity provider demand it for this application; in Entra, by a policy of Conditional Access that "
            "requires multifactor authentication. Or take it out of the authentication contexts to require here."
        ),
        where=sections.METADATA,
        by=Fixer.HERE,
    ),
    "request_unknown": Remedy(
        happened=_(
            "The response answers a request that this browser did not make, or made too long ago."
        ),
        fix=_(
            "Try again, in one window. If it happens to everybody, the cookie of the request does not "
            "come back: look for a browser policy or a proxy that removes cookies."
        ),
        by=Fixer.PERSON,
    ),
    "unsolicited": Remedy(
        happened=_(
            "The sign-in began in the portal of your identity provider, which this application was told "
            "to refuse."
        ),
        fix=_(
            "Begin at this application, or set “sign-ins started from My Apps or another portal” here to “ask the identity provider once more”."
        ),
        where=sections.ENTRY,
        by=Fixer.HERE,
    ),
    "restart_loop": Remedy(
        happened=_("Your identity provider answers our requests with responses that ignore them."),
        fix=_("Ask its vendor how responses are made to name the request (InResponseTo)."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "assertion_replayed": Remedy(
        happened=_("This very assertion had been used before."),
        fix=_(
            "Nothing: a page was loaded again, or somebody used a stolen assertion, which did not work."
        ),
        by=Fixer.NOBODY,
    ),
    "verifiers_disagree": Remedy(
        happened=_("Two independent checks of the same assertion came to different results."),
        fix=_("Send the reference to the support of this application: it is an attack, or a bug."),
        by=Fixer.HOST,
    ),
}
