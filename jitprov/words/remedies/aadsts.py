"""Explain Entra's error codes (AADSTS), which people see on Microsoft's page and send to their IT department.

Microsoft says that the numbers may change. So they are only looked up for people to read; no decision depends on them.
"""

from __future__ import annotations

import re

from django.utils.translation import gettext_lazy as _

from jitprov.words.guides import Text

_CODE = re.compile(r"(?:AADSTS)?([0-9]{5,7})\b")

_UNREADABLE = _(
    "Entra could not read the sign-in request. Begin again at this application; if it stays, ask its support."
)
_NO_KEY = _(
    "The application in Entra has no valid signing certificate. Create one under SAML Certificates and import "
    "the metadata here again."
)
_NAME_ID = _(
    "The attribute behind the NameID is empty for this person, or its transformation is wrong. Choose another "
    "source under Attributes & Claims > Unique User Identifier (Name ID)."
)
_STRANGER = _(
    "The account does not belong to this directory. Invite the person as a guest, or have them sign in with "
    "their other account."
)
_POLICY = _(
    "A Conditional Access policy, the multi-factor sign-in or the state of the device stopped the person. Look "
    "at the policy in the sign-in logs."
)
_LOGOUT = _("Entra could not complete the logout. Close all windows of the browser.")
_GRAPH = _(
    "This application's access to Microsoft Graph does not work: its secret is wrong or has expired, or "
    "consent is missing. Sign-in does not depend on it; ask the support of this application."
)
_UNSUPPORTED_REQUEST = _(
    "The sign-in request asks for something that Entra does not support. Ask the support of this application."
)

_TEXTS: dict[str, Text] = {
    "50105": _(
        "The person is not assigned to the application. Assign them, or a group of which they are a direct "
        "member, under Users and groups; or set Assignment required to No under Properties."
    ),
    "700016": _(
        "Entra finds no application with our entity ID in this directory. Enter it under Basic SAML "
        "Configuration > Identifier (Entity ID) exactly as it is shown here; or the metadata of another "
        "directory was imported."
    ),
    "650056": _(
        "Usually the entity ID in our request is not the Identifier of the application. Compare them under "
        "Basic SAML Configuration > Identifier (Entity ID), character by character."
    ),
    "50011": _(
        "Our ACS URL is not among the Reply URLs of the application. Enter it under Basic SAML Configuration > "
        "Reply URL exactly as it is shown here: https, the final slash, upper and lower case."
    ),
    "75011": _(
        "The person signed in by another method than the one asked for. Empty “authentication contexts to ask "
        "for” here."
    ),
    "750054": _(
        "Somebody opened Entra's Login URL without a request. Begin at the sign-on URL shown here, and make "
        "sure that Entra's Login URL was not entered as Sign on URL."
    ),
    "500113": _(
        "The application in Entra has no Reply URL. Enter our ACS URL under Basic SAML Configuration > Reply URL "
        "exactly as it is shown here."
    ),
    "900561": _(
        "Somebody loaded a page of Entra again, or opened a bookmark of it. Begin again at this application, and "
        "bookmark that."
    ),
    "50194": _(
        "The request went to an address that all directories share, and the application belongs to one. Import the "
        "metadata of your own directory again, from the App Federation Metadata Url."
    ),
    "50107": _(
        "Entra does not know where the domain of the person's address signs in. Have them sign in with an account of "
        "your directory, or set up the federation of that domain in Entra."
    ),
    "750055": _UNREADABLE,
    "750056": _UNREADABLE,
    "75005": _UNREADABLE,
    "75001": _UNREADABLE,
    "90107": _UNREADABLE,
    "7500529": _UNREADABLE,
    "7500525": _UNREADABLE,
    "75003": _UNSUPPORTED_REQUEST,
    "75008": _UNSUPPORTED_REQUEST,
    "75016": _(
        "Entra does not support the NameID format that was asked for. Empty “NameID format to ask for” here."
    ),
    "90011": _UNSUPPORTED_REQUEST,
    "900236": _UNSUPPORTED_REQUEST,
    "76021": _(
        "The application in Entra requires signed requests. Turn it off under SAML Certificates > Verification "
        "certificates, or ask the support of this application to sign requests."
    ),
    "76026": _(
        "The request was too old. Try again; if it stays, the clock of this application is wrong."
    ),
    "50006": _(
        "The signature of our request is wrong. Upload the certificate in our metadata under SAML Certificates "
        "> Verification certificates."
    ),
    "50003": _NO_KEY,
    "50146": _NO_KEY,
    "501241": _NAME_ID,
    "50124": _NAME_ID,
    "50020": _STRANGER,
    "50034": _STRANGER,
    "90072": _STRANGER,
    "51004": _STRANGER,
    "16000": _STRANGER,
    "50057": _("The account is disabled in Entra. Enable it, if the person should come in."),
    "50053": _("The account is locked after too many attempts. Wait, or unlock it in Entra."),
    "50055": _("The password has expired. The person must choose a new one."),
    "50126": _("The user name or the password is wrong."),
    "53003": _POLICY,
    "530032": _POLICY,
    "50076": _POLICY,
    "50079": _POLICY,
    "53000": _POLICY,
    "50058": _("The person is not signed in at Entra, and was not asked to. Begin again."),
    "50061": _LOGOUT,
    "50068": _LOGOUT,
    "50070": _LOGOUT,
    "50071": _LOGOUT,
    "90002": _(
        "Entra does not know the directory. Import the metadata of your own directory again."
    ),
    "90038": _(
        "The directory is in another national cloud. Import the metadata of your own directory again."
    ),
    "7000215": _GRAPH,
    "7000222": _GRAPH,
    "700027": _GRAPH,
    "65001": _GRAPH,
    "650057": _GRAPH,
}


def aadsts(code: str) -> Text:
    """Return the meaning of an error code of Entra and what to do, or ``""`` for an unknown one.

    :param code: the number, the number after ``AADSTS``, or a message that begins with it.
    """
    found = _CODE.match(code.strip())
    return _TEXTS.get(found[1], "") if found else ""
