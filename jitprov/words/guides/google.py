"""Guide an admin through Google Workspace, with the names of pages and fields as its Admin console writes them."""

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

APPLICATION = (_("Apps"), _("Web and mobile apps"), _("your app"))
DETAILS = (*APPLICATION, _("Service provider details"))
ATTRIBUTES = (*APPLICATION, _("SAML attribute mapping"))
_ONLY_IF_ADDED = _("A new app sends nothing but the NameID until you add attributes.")

_CLAIMS = (
    *named(FIRST_NAME, "firstName", "first_name", "givenName", note=_ONLY_IF_ADDED),
    *named(LAST_NAME, "lastName", "last_name", "familyName", note=_ONLY_IF_ADDED),
    *named(EMAIL, "email", "mail", note=MAY_CHANGE),
    *named(USERNAME, "username", note=MAY_CHANGE),
    name_id(
        _("The primary e-mail address. It may change, and may later be given to somebody else.")
    ),
    *named(GROUPS, "groups", note=GROUP_NAMES),
)

GUIDE = Guide(
    places=(
        Place(value=OurValue.ENTITY_ID, path=DETAILS, field=_("Entity ID")),
        Place(value=OurValue.ACS_URL, path=DETAILS, field=_("ACS URL")),
        Place(
            value=OurValue.LOGIN_URL,
            path=DETAILS,
            field=_("Start URL (optional)"),
            note=_("Leave it blank."),
        ),
    ),
    metadata=Location(
        path=APPLICATION,
        field=_("Download metadata"),
        note=_("Google gives a file, not an address: upload it here."),
    ),
    steps=(
        Step(
            text=_(
                "Under Apps, open Web and mobile apps and choose Add app, then Add custom SAML app."
            )
        ),
        Step(text=_("Download the metadata that Google shows, and upload the file here.")),
        Step(
            text=_("Under Service provider details, enter the ACS URL and the entity ID."),
            note=_("Leave the NameID as it is. “Signed response” may be on or off."),
        ),
        Step(
            text=_(
                "Under Attributes, send First name as firstName, Last name as lastName and Primary email as email."
            ),
            note=_("For groups, choose up to 75 of them, with the app attribute groups."),
        ),
        Step(text=_("Under User access, turn the app on for the people who may come in.")),
        Step(text=_("Run the test sign-in here, then enable the sign-in.")),
    ),
    claims=_CLAIMS,
)
