"""Guide an admin through Okta, with the names of tabs and fields as its admin console writes them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.words.guides.claims import (
    EMAIL,
    FIRST_NAME,
    GROUP_NAMES,
    GROUPS,
    LAST_NAME,
    MAY_CHANGE,
    USERNAME,
    name_id,
    named,
)
from jitprov.words.guides.types import Guide, Location, OurValue, Place, Step

APPLICATION = (_("Applications"), _("your application"))
SETTINGS = (*APPLICATION, _("General"), _("SAML Settings"))
SIGN_ON = (*APPLICATION, _("Sign On"))
_ONLY_IF_ADDED = _("Okta sends no attributes until you add them under Attribute Statements.")

_CLAIMS = (
    *named(FIRST_NAME, "firstName", "first_name", "givenName", note=_ONLY_IF_ADDED),
    *named(LAST_NAME, "lastName", "last_name", "surname", note=_ONLY_IF_ADDED),
    *named(EMAIL, "email", "mail", note=MAY_CHANGE),
    *named(USERNAME, "login", "username", note=MAY_CHANGE),
    name_id(
        _("The Okta user name unless you change it, usually an e-mail address, which may change.")
    ),
    *named(GROUPS, "groups", note=GROUP_NAMES),
)

GUIDE = Guide(
    places=(
        Place(value=OurValue.ENTITY_ID, path=SETTINGS, field=_("Audience URI (SP Entity ID)")),
        Place(
            value=OurValue.ACS_URL,
            path=SETTINGS,
            field=_("Single sign-on URL"),
            note=_("Leave “Use this for Recipient URL and Destination URL” ticked."),
        ),
        Place(
            value=OurValue.LOGOUT_URL,
            path=SETTINGS,
            field=_("Single Logout URL"),
            note=_(
                "Under “Allow application to initiate Single Logout”, with our entity ID as SP Issuer and the certificate"
                " from our metadata."
            ),
        ),
    ),
    metadata=Location(
        path=SIGN_ON,
        field=_("Metadata URL"),
        note=_("Or save the document that this address gives, and upload the file here."),
    ),
    steps=(
        Step(text=_("Under Applications, choose Create App Integration, then SAML 2.0.")),
        Step(
            text=_(
                "Under SAML Settings, enter the ACS URL as Single sign-on URL, and the entity ID as Audience URI."
            ),
            note=_("Leave Default RelayState blank."),
        ),
        Step(
            text=_("Under Attribute Statements, add firstName, lastName, email and login."),
            note=_(
                "Add a Group Attribute Statement named groups, with a filter, if groups should count here."
            ),
        ),
        Step(text=_("On the tab Sign On, copy the Metadata URL and paste it here.")),
        Step(text=_("On the tab Assignments, assign the people or groups who may come in.")),
        Step(text=_("Run the test sign-in here, then enable the sign-in.")),
    ),
    claims=_CLAIMS,
)
