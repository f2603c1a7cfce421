"""Guide an admin through Microsoft Entra ID, with the names of blades and fields as its admin center writes them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.words.guides.entra_claims import CLAIMS
from jitprov.words.guides.types import Guide, Location, OurValue, Place, Step

APPLICATION = (_("Enterprise applications"), _("your application"))
SIGN_ON = (*APPLICATION, _("Single sign-on"))
BASIC = (*SIGN_ON, _("Basic SAML Configuration"))
CLAIMS_BLADE = (*SIGN_ON, _("Attributes & Claims"))
CERTIFICATES = (*SIGN_ON, _("SAML Certificates"))

IDENTIFIER = _("Identifier (Entity ID)")
REPLY_URL = _("Reply URL (Assertion Consumer Service URL)")
SIGN_ON_URL = _("Sign on URL (Optional)")
METADATA_URL = _("App Federation Metadata Url")

GUIDE = Guide(
    places=(
        Place(
            value=OurValue.ENTITY_ID,
            path=BASIC,
            field=IDENTIFIER,
            note=_("Exactly this value, character by character, and no other beside it."),
        ),
        Place(
            value=OurValue.ACS_URL,
            path=BASIC,
            field=REPLY_URL,
            note=_("The final slash and upper and lower case matter."),
        ),
        Place(
            value=OurValue.LOGIN_URL,
            path=BASIC,
            field=SIGN_ON_URL,
            note=_(
                "It may stay blank. If you enter it, the tile in My Apps opens this application, which "
                "then asks Entra; if it is blank, the tile posts a response that nobody asked for."
            ),
        ),
        Place(
            value=OurValue.LOGOUT_URL,
            path=BASIC,
            field=_("Logout Url (Optional)"),
            note=_("With it, whoever signs out there is signed out here, too."),
        ),
        Place(
            value=OurValue.METADATA_URL,
            path=SIGN_ON,
            field=_("Upload metadata file"),
            note=_("Instead of typing: download our metadata and upload the file there."),
        ),
    ),
    metadata=Location(
        path=CERTIFICATES,
        field=METADATA_URL,
        note=_(
            "Copy the whole address. It must contain “?appid=”: without it the document has the keys of "
            "your directory, not those of the application, and no sign-in works."
        ),
    ),
    steps=(
        Step(
            text=_(
                "In the Microsoft Entra admin center, open Enterprise applications and choose New "
                "application, then Create your own application."
            ),
            note=_("Choose “Integrate any other application you don't find in the gallery”."),
        ),
        Step(text=_("In the new application, open Single sign-on and choose SAML.")),
        Step(
            text=_(
                "Under Basic SAML Configuration, choose Edit and enter the entity ID and the ACS URL."
            ),
            note=_("Leave Relay State blank."),
        ),
        Step(
            text=_(
                "Leave Attributes & Claims as they are; add a group claim if groups should count here."
            ),
            note=_(
                "Choose “Groups assigned to the application” and the source attribute “Group ID”."
            ),
        ),
        Step(
            text=_(
                "Under SAML Certificates, copy the App Federation Metadata Url and paste it here."
            ),
            note=_("It must contain “?appid=”."),
        ),
        Step(
            text=_("Under Users and groups, assign the people or groups who may come in."),
            note=_("Members of a group inside an assigned group are not assigned."),
        ),
        Step(text=_("Run the test sign-in here, then enable the sign-in.")),
    ),
    claims=CLAIMS,
)
