"""List remedies for faults of the application itself, and for configurations that are not complete."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.words.remedies import sections
from jitprov.words.remedies.types import Fixer, Remedy

REFUSED = Remedy(
    happened=_("The sign-in was refused, and nothing more is known about it."),
    fix=_("Run the test sign-in. If it does not say why, ask the support of this application."),
    where=sections.TEST,
    by=Fixer.HOST,
)

OUR_FAILURE = Remedy(
    happened=_("Something in this application failed. The account is as it was."),
    fix=_("Send the reference to the support of this application, then try again."),
    by=Fixer.HOST,
)

OPERATION = {
    "refused": REFUSED,
    "configuration_error": Remedy(
        happened=_("The settings of this application do not make sense."),
        fix=_("Send the reference to the support of this application."),
        by=Fixer.HOST,
    ),
    "our_failure": OUR_FAILURE,
    "verifier_failed": OUR_FAILURE,
    "identity_provider_unknown": Remedy(
        happened=_("No identity provider has the address that was opened."),
        fix=_("Enter the URLs at your identity provider exactly as they are shown here."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "preview_input_refused": Remedy(
        happened=_("What was pasted for the preview is no SAML response, and no claims as JSON."),
        fix=_(
            "Paste the whole SAMLResponse, as XML or as base64, or an object of claim names and values "
            "in JSON."
        ),
        by=Fixer.HERE,
    ),
    "internal_error": OUR_FAILURE,
    "throttled": Remedy(
        happened=_("There were too many previews, tests or metadata documents within a minute."),
        fix=_("Wait a minute, then try again."),
        by=Fixer.HERE,
    ),
    "test_opened_before": Remedy(
        happened=_("The address of a test sign-in was opened a second time."),
        fix=_(
            "Begin another test sign-in, and open its address in the browser that is to go through it."
        ),
        where=sections.TEST,
        by=Fixer.HERE,
    ),
    "not_complete": Remedy(
        happened=_("Something is missing without which nobody can sign in."),
        fix=_("Give the metadata of your identity provider: its address, its file, or its values."),
        by=Fixer.HERE,
    ),
    "not_tested": Remedy(
        happened=_("No test sign-in has passed with the configuration as it is now."),
        fix=_("Run the test sign-in, then enable the sign-in."),
        where=sections.TEST,
        by=Fixer.HERE,
    ),
}
