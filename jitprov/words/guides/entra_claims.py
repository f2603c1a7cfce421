"""List the claims that Microsoft Entra ID sends, or can be made to send.

The source is Microsoft's reference of SAML token claims and of optional claims.
"""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.words.guides.claims import (
    EMAIL,
    FIRST_NAME,
    GROUPS,
    LAST_NAME,
    PRINCIPAL_NAME,
    WINDOWS,
    XMLSOAP,
    name_id,
)
from jitprov.words.guides.types import KnownClaim

_MICROSOFT = "http://schemas.microsoft.com/identity/claims/"
_MICROSOFT_TOO = "http://schemas.microsoft.com/claims/"
_RARE = _("Rarely sent.")

CLAIMS = (
    KnownClaim(
        name=f"{_MICROSOFT}objectidentifier",
        label=_("Object ID (never changes)"),
        note=_("Always sent. The best answer to who a person is."),
    ),
    KnownClaim(
        name=f"{XMLSOAP}givenname",
        label=FIRST_NAME,
        note=_("Not sent for people without one."),
    ),
    KnownClaim(
        name=f"{XMLSOAP}surname",
        label=LAST_NAME,
        note=_("Not sent for people without one."),
    ),
    KnownClaim(
        name=f"{XMLSOAP}emailaddress",
        label=EMAIL,
        note=_("Not sent for people without a mail address, and it may change."),
    ),
    KnownClaim(
        name=f"{_MICROSOFT}displayname",
        label=_("Display name"),
        note=_("Not sent for people without one."),
    ),
    KnownClaim(
        name=f"{XMLSOAP}name",
        label=_("Name, usually the user principal name"),
        note=_("It looks like an e-mail address and need not be one. It may change."),
    ),
    KnownClaim(
        name=f"{XMLSOAP}upn",
        label=PRINCIPAL_NAME,
        note=_("Only if you add it. It may change, and a guest's has #EXT# in it."),
    ),
    name_id(
        _(
            "By default the user principal name, which may change. If a transformation of it gives nothing, "
            "Entra sends another identifier without saying so."
        )
    ),
    KnownClaim(
        name=f"{WINDOWS}groups",
        label=GROUPS,
        note=_(
            "Only if you add a group claim. Values are object IDs of groups. Of more than 150 groups Entra "
            "sends none at all: choose “Groups assigned to the application”."
        ),
    ),
    KnownClaim(
        name=f"{_MICROSOFT_TOO}groups.link",
        label=_("Too many groups to send"),
        note=_("Comes in place of the groups of somebody who has more than 150. Do not map it."),
    ),
    KnownClaim(
        name=f"{WINDOWS}role",
        label=_("App roles"),
        note=_("The values of the application's roles that a person was given, not their names."),
    ),
    KnownClaim(
        name=f"{WINDOWS}wids",
        label=_("Directory roles"),
        note=_("Identifiers of Entra's own administrator roles."),
    ),
    KnownClaim(
        name=f"{_MICROSOFT}tenantid",
        label=_("Tenant ID"),
        note=_("Always sent, the same for everybody: your directory, for guests too."),
    ),
    KnownClaim(
        name=f"{_MICROSOFT}identityprovider",
        label=_("Identity provider"),
        note=_("Always sent. For a guest it is their home."),
    ),
    KnownClaim(
        name=f"{_MICROSOFT_TOO}authnmethodsreferences",
        label=_("How the person signed in"),
        note=_(
            "Several values: password, certificate, several factors. Different at every sign-in."
        ),
    ),
    KnownClaim(
        name=f"{_MICROSOFT}acct",
        label=_("Member or guest"),
        note=_("Only if you add it: 0 is a member, 1 is a guest."),
    ),
    KnownClaim(name=f"{_MICROSOFT}nickname", label=_("Nickname"), note=_RARE),
    KnownClaim(name=f"{_MICROSOFT}openid2_id", label=_("OpenID 2.0 identifier"), note=_RARE),
    KnownClaim(
        name=f"{_MICROSOFT}accesstoken",
        label=_("Access token"),
        note=_("A secret of your directory: do not send it, and do not map it."),
    ),
    KnownClaim(name=f"{WINDOWS}authenticationinstant", label=_("Time of the sign-in"), note=_RARE),
    KnownClaim(name=f"{WINDOWS}authenticationmethod", label=_("Method of the sign-in"), note=_RARE),
    KnownClaim(
        name=f"{WINDOWS}windowsaccountname",
        label=_("Windows account name"),
        note=_("Only for people who come from Active Directory. It may change."),
    ),
    KnownClaim(
        name=f"{WINDOWS}groupsid",
        label=_("Security identifiers of groups"),
        note=_("Only for groups that come from Active Directory."),
    ),
)
