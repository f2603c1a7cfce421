"""Guide an admin through OneLogin, with the names of tabs and fields as its administration writes them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.words.guides.claims import (
    EMAIL,
    FIRST_NAME,
    GROUPS,
    LAST_NAME,
    MAY_CHANGE,
    USERNAME,
    name_id,
    named,
)
from jitprov.words.guides.types import Guide, Location, OurValue, Place, Step

APPLICATION = (_("Applications"), _("your application"))
CONFIGURATION = (*APPLICATION, _("Configuration"))
PARAMETERS = (*APPLICATION, _("Parameters"))
SSO = (*APPLICATION, _("SSO"))
_ONLY_IF_ADDED = _("Only if you add it as a parameter and tick “Include in SAML assertion”.")

_CLAIMS = (
    *named(FIRST_NAME, "User.FirstName", "firstName", "first_name", note=_ONLY_IF_ADDED),
    *named(LAST_NAME, "User.LastName", "lastName", "last_name", note=_ONLY_IF_ADDED),
    *named(EMAIL, "User.email", "email", note=MAY_CHANGE),
    *named(USERNAME, "User.Username", "username", note=MAY_CHANGE),
    name_id(_("By default the e-mail address, which may change.")),
    *named(
        GROUPS,
        "memberOf",
        note=_(
            "Send the person's roles. Tick “Multi-value parameter” and choose “Semicolon delimited "
            "(multi-value output)”, or all of them arrive as one text."
        ),
    ),
)

GUIDE = Guide(
    places=(
        Place(value=OurValue.ENTITY_ID, path=CONFIGURATION, field=_("Audience (EntityID)")),
        Place(
            value=OurValue.ACS_URL,
            path=CONFIGURATION,
            field=_("ACS (Consumer) URL"),
            note=_(
                "Enter the same as Recipient, and as a pattern as ACS (Consumer) URL Validator."
            ),
        ),
        Place(
            value=OurValue.LOGIN_URL,
            path=CONFIGURATION,
            field=_("Login URL"),
            note=_("Needed only if “SAML initiator” is Service Provider."),
        ),
        Place(
            value=OurValue.LOGOUT_URL,
            path=CONFIGURATION,
            field=_("Single Logout URL"),
            note=_("With it, whoever signs out there is signed out here, too."),
        ),
    ),
    metadata=Location(
        path=(*APPLICATION, _("More Actions")),
        field=_("SAML Metadata"),
        note=_("OneLogin gives a file: upload it here."),
    ),
    steps=(
        Step(text=_("Under Applications, choose Add App, then SAML Custom Connector (Advanced).")),
        Step(
            text=_("On the tab Configuration, enter the entity ID and the ACS URL."),
            note=_("Leave RelayState blank."),
        ),
        Step(
            text=_("On the tab Parameters, add firstName, lastName, email and username."),
            note=_("Tick “Include in SAML assertion” for each."),
        ),
        Step(text=_("On the tab SSO, set SAML Signature Algorithm to SHA-256.")),
        Step(text=_("Under More Actions, choose SAML Metadata, and upload the file here.")),
        Step(text=_("On the tab Access, choose the roles whose people may come in.")),
        Step(text=_("Run the test sign-in here, then enable the sign-in.")),
    ),
    claims=_CLAIMS,
)
