"""Guide an admin through AD FS, with the names of dialogs and fields as its management console writes them."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.words.guides.claims import (
    EMAIL,
    FIRST_NAME,
    GROUP_NAMES,
    GROUPS,
    LAST_NAME,
    MAY_CHANGE,
    PRINCIPAL_NAME,
    WINDOWS,
    XMLSOAP,
    name_id,
    named,
)
from jitprov.words.guides.types import Guide, KnownClaim, Location, OurValue, Place, Step

TRUSTS = (_("AD FS Management"), _("Relying Party Trusts"))
PROPERTIES = (*TRUSTS, _("your trust"), _("Properties"))
RULES = (*TRUSTS, _("your trust"), _("Edit Claim Issuance Policy"))
_ONLY_BY_RULE = _("Only if a rule of the claim issuance policy sends it.")

_CLAIMS = (
    name_id(_("AD FS sends none until a rule issues it. Take objectGUID, which never changes.")),
    *named(FIRST_NAME, f"{XMLSOAP}givenname", note=_ONLY_BY_RULE),
    *named(LAST_NAME, f"{XMLSOAP}surname", note=_ONLY_BY_RULE),
    *named(EMAIL, f"{XMLSOAP}emailaddress", note=_ONLY_BY_RULE),
    *named(PRINCIPAL_NAME, f"{XMLSOAP}upn", note=MAY_CHANGE),
    KnownClaim(
        name=f"{WINDOWS}windowsaccountname",
        label=_("Windows account name"),
        note=_("DOMAIN\\user. It may change."),
    ),
    KnownClaim(
        name=f"{XMLSOAP}name", label=_("Name, usually the user principal name"), note=MAY_CHANGE
    ),
    *named(_("Common name"), "http://schemas.xmlsoap.org/claims/CommonName", note=MAY_CHANGE),
    *named(GROUPS, "http://schemas.xmlsoap.org/claims/Group", note=GROUP_NAMES),
    *named(_("Security identifiers of groups"), f"{WINDOWS}groupsid", note=_ONLY_BY_RULE),
)

GUIDE = Guide(
    places=(
        Place(
            value=OurValue.ENTITY_ID,
            path=(*PROPERTIES, _("Identifiers")),
            field=_("Relying party trust identifier"),
        ),
        Place(
            value=OurValue.ACS_URL,
            path=(*PROPERTIES, _("Endpoints"), _("Add SAML")),
            field=_("Trusted URL"),
            note=_("Endpoint type SAML Assertion Consumer, binding POST."),
        ),
        Place(
            value=OurValue.LOGOUT_URL,
            path=(*PROPERTIES, _("Endpoints"), _("Add SAML")),
            field=_("Trusted URL"),
            note=_("Endpoint type SAML Logout, binding Redirect."),
        ),
        Place(
            value=OurValue.METADATA_URL,
            path=(*TRUSTS, _("Add Relying Party Trust")),
            field=_("Federation metadata address (host name or URL)"),
            note=_("Instead of typing: AD FS reads the entity ID and the ACS URL from it."),
        ),
    ),
    metadata=Location(
        path=(_("AD FS Management"), _("Service"), _("Endpoints")),
        field="/FederationMetadata/2007-06/FederationMetadata.xml",
        note=_(
            "Open this path at your server's address in a browser, save the document and upload the file "
            "here: AD FS is often not reachable from the internet."
        ),
    ),
    steps=(
        Step(
            text=_("In AD FS Management, choose Add Relying Party Trust, claims aware."),
            note=_(
                "Give it the address of our metadata, or enter the entity ID and the ACS URL by hand."
            ),
        ),
        Step(
            text=_(
                "Choose Edit Claim Issuance Policy and add a rule that sends objectGUID as Name ID."
            ),
            note=_("Without such a rule AD FS sends no NameID, and nobody can come in."),
        ),
        Step(
            text=_(
                "Add a rule that sends LDAP attributes: Given Name, Surname, E-Mail Address and UPN."
            ),
            note=_("For groups, send Token-Groups as Group."),
        ),
        Step(text=_("Save the federation metadata of your server and upload the file here.")),
        Step(text=_("Set the access control policy of the trust to the people who may come in.")),
        Step(text=_("Run the test sign-in here, then enable the sign-in.")),
    ),
    claims=_CLAIMS,
)
