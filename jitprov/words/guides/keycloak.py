"""Guide an admin through Keycloak, with the names of tabs and fields as its admin console writes them."""

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

CLIENT = (_("Clients"), _("your client"))
SETTINGS = (*CLIENT, _("Settings"))
ENDPOINTS = (*CLIENT, _("Advanced"), _("Fine Grain SAML Endpoint Configuration"))
MAPPERS = (*CLIENT, _("Client scopes"), _("the dedicated scope"))
KEYS = (*CLIENT, _("Keys"))
REALM = (_("Realm settings"), _("General"), _("Endpoints"))
_ONLY_BY_MAPPER = _("Only if a mapper of the client sends it.")

_CLAIMS = (
    *named(FIRST_NAME, "urn:oid:2.5.4.42", "firstName", "givenName", note=_ONLY_BY_MAPPER),
    *named(LAST_NAME, "urn:oid:2.5.4.4", "lastName", "surname", note=_ONLY_BY_MAPPER),
    *named(EMAIL, "urn:oid:1.2.840.113549.1.9.1", "email", note=MAY_CHANGE),
    *named(USERNAME, "username", note=MAY_CHANGE),
    name_id(_("By default the user name, which may change.")),
    *named(
        GROUPS,
        "member",
        note=_("Full paths, such as /staff/editors, unless the mapper says otherwise."),
    ),
    *named(_("Roles"), "Role", note=_("Names of roles of the realm and of clients.")),
)

GUIDE = Guide(
    places=(
        Place(value=OurValue.ENTITY_ID, path=SETTINGS, field=_("Client ID")),
        Place(
            value=OurValue.ACS_URL,
            path=ENDPOINTS,
            field=_("Assertion Consumer Service POST Binding URL"),
            note=_("Enter it under Settings as a valid redirect URI as well."),
        ),
        Place(
            value=OurValue.LOGIN_URL,
            path=SETTINGS,
            field=_("Home URL"),
            note=_("It may stay blank."),
        ),
        Place(
            value=OurValue.LOGOUT_URL,
            path=ENDPOINTS,
            field=_("Logout Service Redirect Binding URL"),
            note=_("With it, whoever signs out there is signed out here, too."),
        ),
        Place(
            value=OurValue.METADATA_URL,
            path=(_("Clients"),),
            field=_("Import client"),
            note=_("Instead of typing: download our metadata and choose the file there."),
        ),
    ),
    metadata=Location(
        path=REALM,
        field=_("SAML 2.0 Identity Provider Metadata"),
        note=_(
            "Copy the address of this link; if your server is not on the internet, save the file."
        ),
    ),
    steps=(
        Step(
            text=_(
                "Under Clients, import our metadata as a client, or create a client of type SAML."
            )
        ),
        Step(
            text=_("Enter the entity ID as Client ID, and the ACS URL as POST binding URL."),
            note=_("The import has done this already."),
        ),
        Step(
            text=_("On the tab Keys, turn Client signature required off."),
            note=_("Leave it on only if this application signs its requests: ask its support."),
        ),
        Step(
            text=_(
                "In the client's dedicated scope, add mappers for firstName, lastName, email and username."
            ),
            note=_("For groups, add a group list named member."),
        ),
        Step(
            text=_("Under Realm settings, copy the address of the SAML metadata and paste it here.")
        ),
        Step(text=_("Run the test sign-in here, then enable the sign-in.")),
    ),
    claims=_CLAIMS,
)
