"""Guide an admin through an unknown identity provider, with the words that most products use."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.provisioning.presets import NAME_ID_EMAIL_CLAIM
from jitprov.words.guides.claims import (
    EMAIL,
    FIRST_NAME,
    LAST_NAME,
    MAY_CHANGE,
    PRINCIPAL_NAME,
    USERNAME,
    XMLSOAP,
    name_id,
    named,
)
from jitprov.words.guides.types import Guide, Location, OurValue, Place, Step

APPLICATION = (_("the application's settings"),)

_CLAIMS = (
    *named(FIRST_NAME, "urn:oid:2.5.4.42", f"{XMLSOAP}givenname", "givenName", "firstName"),
    *named(LAST_NAME, "urn:oid:2.5.4.4", f"{XMLSOAP}surname", "sn", "lastName"),
    *named(
        EMAIL,
        "urn:oid:0.9.2342.19200300.100.1.3",
        f"{XMLSOAP}emailaddress",
        "mail",
        "email",
        note=MAY_CHANGE,
    ),
    *named(USERNAME, "urn:oid:0.9.2342.19200300.100.1.1", "uid", "username", note=MAY_CHANGE),
    *named(PRINCIPAL_NAME, "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", note=MAY_CHANGE),
    *named(_("Name, usually the user principal name"), f"{XMLSOAP}name", note=MAY_CHANGE),
    name_id(_("Often an e-mail address or a user name, which may change.")),
    *named(
        _("NameID, if its format is that of an e-mail address"),
        NAME_ID_EMAIL_CLAIM,
        note=MAY_CHANGE,
    ),
)

GUIDE = Guide(
    places=(
        Place(
            value=OurValue.ENTITY_ID,
            path=APPLICATION,
            field=_("Entity ID, also called audience or SP entity ID"),
        ),
        Place(
            value=OurValue.ACS_URL,
            path=APPLICATION,
            field=_("ACS URL, also called reply URL, recipient, destination or single sign-on URL"),
            note=_("The binding of the response is HTTP-POST."),
        ),
        Place(
            value=OurValue.LOGIN_URL,
            path=APPLICATION,
            field=_("Login URL or start URL"),
            note=_("It may stay blank."),
        ),
        Place(
            value=OurValue.LOGOUT_URL,
            path=APPLICATION,
            field=_("Logout URL or single logout URL"),
            note=_("With it, whoever signs out there is signed out here, too."),
        ),
        Place(
            value=OurValue.METADATA_URL,
            path=APPLICATION,
            field=_("Metadata of the service provider"),
            note=_("Instead of typing, if it can read metadata from an address or a file."),
        ),
    ),
    metadata=Location(
        path=APPLICATION,
        field=_("Metadata of the identity provider"),
        note=_(
            "An address or an XML file. It has the entity ID, the sign-on URL and the certificates."
        ),
    ),
    steps=(
        Step(text=_("Create an application for sign-in by SAML 2.0 at your identity provider.")),
        Step(
            text=_("Enter the entity ID and the ACS URL, or let it read our metadata."),
            note=_("Leave a default RelayState blank."),
        ),
        Step(text=_("Let it sign the response, the assertion or both, with SHA-256.")),
        Step(text=_("Let it send a first name, a last name, an e-mail address and a user name.")),
        Step(text=_("Copy the address of its metadata, or the file, and give it here.")),
        Step(text=_("Assign the people or groups who may come in.")),
        Step(text=_("Run the test sign-in here, then enable the sign-in.")),
    ),
    claims=_CLAIMS,
)
