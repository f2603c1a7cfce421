"""List remedies for messages that are refused before any signature is looked at, whoever sent them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.words.remedies.types import Fixer, Remedy

_ONE_ASSERTION = _(
    "If it happens to everybody, set your identity provider to send one assertion in each response. "
    "Otherwise somebody is trying something, and was stopped."
)
_SEND_LESS = _("Send fewer claims, or only the groups that are assigned to this application.")

MESSAGE = {
    "response_missing": Remedy(
        happened=_("A browser came to the ACS URL without a response."),
        fix=_(
            "Usually nothing: somebody opened that address or loaded the page again. If it happens to "
            "everybody, set the binding of the response to HTTP-POST."
        ),
        by=Fixer.PERSON,
    ),
    "response_not_posted": Remedy(
        happened=_(
            "A browser came from your identity provider without a posted response: it was in the URL, or "
            "was lost in a redirect."
        ),
        fix=_(
            "Set the binding of the response to HTTP-POST, and enter the ACS URL exactly as it is shown "
            "here, with https and the slash at its end."
        ),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "response_not_base64": Remedy(
        happened=_(
            "What was posted to the ACS URL is no SAML response, or was cut off on its way."
        ),
        fix=_(
            "Try again. If it happens to everybody, set the binding of the response to HTTP-POST."
        ),
        by=Fixer.PERSON,
    ),
    "response_refused": Remedy(
        happened=_("The response could not be used."),
        fix=_("Try again. If it stays, send the reference to the support of this application."),
        by=Fixer.PERSON,
    ),
    "not_xml": Remedy(
        happened=_("The response is not well-formed XML."),
        fix=_(
            "Try again. If it stays, ask the vendor of your identity provider: no product is known to "
            "send this."
        ),
        by=Fixer.NOBODY,
    ),
    "xml_refused": Remedy(
        happened=_("The response is XML of a kind that is not read here."),
        fix=_("Try again. If it stays, send the reference to the support of this application."),
        by=Fixer.PERSON,
    ),
    "forbidden_xml": Remedy(
        happened=_(
            "The response has a document type, an entity or a processing instruction, which attackers "
            "use and identity providers do not."
        ),
        fix=_(
            "Usually nothing: somebody was trying something, and was stopped. If it happens to "
            "everybody, ask the vendor of your identity provider."
        ),
        by=Fixer.NOBODY,
    ),
    "message_too_large": Remedy(
        happened=_("The response is larger than this application reads."),
        fix=_SEND_LESS,
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "message_too_complex": Remedy(
        happened=_("The response has too many parts, or they are nested too deeply."),
        fix=_SEND_LESS,
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "not_a_response": Remedy(
        happened=_("Something else than a SAML 2.0 response was posted to the ACS URL."),
        fix=_("Enter the ACS URL for responses only: do not use it as a logout URL."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "status_not_success": Remedy(
        happened=_("Your identity provider itself says that the sign-in failed."),
        fix=_("Look up the person and the time in its sign-in log; it says why."),
        where=_("The sign-in log of your identity provider"),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "assertion_missing": Remedy(
        happened=_("The response says that the sign-in succeeded and does not say who signed in."),
        fix=_("Let your identity provider send an assertion in each response; ask its vendor how."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "assertion_misplaced": Remedy(
        happened=_("The response has several assertions, or one where none belongs."),
        fix=_ONE_ASSERTION,
        by=Fixer.NOBODY,
    ),
    "duplicate_id": Remedy(
        happened=_(
            "Two parts of the response have the same ID, so its signature could mean either."
        ),
        fix=_ONE_ASSERTION,
        by=Fixer.NOBODY,
    ),
    "signature_refused": Remedy(
        happened=_("The signature of the response could not be accepted."),
        fix=_("Import the metadata of your identity provider again."),
        by=Fixer.HERE,
    ),
    "signature_missing": Remedy(
        happened=_("Neither the response nor the assertion in it is signed."),
        fix=_("Let your identity provider sign the response, the assertion or both."),
        where=_("The signing settings of the application at your identity provider"),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "signature_malformed": Remedy(
        happened=_("The signature is not built as SAML wants it, or stands where none belongs."),
        fix=_(
            "If it happens to everybody, ask the vendor of your identity provider. Otherwise somebody is "
            "trying something, and was stopped."
        ),
        by=Fixer.NOBODY,
    ),
    "algorithm_not_allowed": Remedy(
        happened=_("It is signed or encrypted with an algorithm that is too weak, such as SHA-1."),
        fix=_(
            "Set the signing algorithm to RSA with SHA-256, and encryption to AES with RSA-OAEP."
        ),
        where=_("The signing settings of the application at your identity provider"),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "signature_invalid": Remedy(
        happened=_(
            "None of the certificates stored here verifies the signature, or the message was changed on "
            "its way, or it could not be decrypted."
        ),
        fix=_(
            "Import the metadata again: the certificate was probably renewed. If assertions are "
            "encrypted, upload the certificate in our metadata again, too."
        ),
        by=Fixer.HERE,
    ),
    "certificate_expired": Remedy(
        happened=_("The signature is good, but its certificate has expired or is not valid yet."),
        fix=_(
            "Create a new signing certificate at your identity provider, import its metadata here, and "
            "activate the certificate then."
        ),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "certificate_unusable": Remedy(
        happened=_("A certificate stored here cannot be read, or its key is too short."),
        fix=_(
            "Import the metadata again. An RSA key must have at least 2048 bits, an elliptic curve 256."
        ),
        by=Fixer.HERE,
    ),
    "decryption_key_missing": Remedy(
        happened=_("The assertion is encrypted, and this application has no key to decrypt it."),
        fix=_(
            "Switch encryption of assertions off, or ask the support of this application for a key."
        ),
        where=_("The encryption settings of the application at your identity provider"),
        by=Fixer.IDENTITY_PROVIDER,
    ),
}
