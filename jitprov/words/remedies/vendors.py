"""Adapt remedies to the other kinds of identity provider, as far as the vendors' documentation says."""

from __future__ import annotations

from collections.abc import Mapping

from django.utils.translation import gettext_lazy as _

from jitprov.words.guides import adfs, google, keycloak, okta, onelogin, trail
from jitprov.words.remedies.types import Change

_OKTA_STATEMENTS = trail(*okta.SETTINGS, _("Attribute Statements"))
_OKTA_GROUPS = trail(*okta.SETTINGS, _("Group Attribute Statements"))

OKTA: Mapping[str, Change] = {
    "status_not_success": Change(
        fix=_(
            "Look up the person and the time in the System Log. If “NameID format to ask for” is set "
            "here, empty it: Okta refuses another format than that of the application."
        ),
        where=trail(_("Reports"), _("System Log")),
    ),
    "signature_missing": Change(
        fix=_("Set Response or Assertion Signature to Signed."),
        where=trail(*okta.SETTINGS, _("Show Advanced Settings"), _("Assertion Signature")),
    ),
    "algorithm_not_allowed": Change(
        fix=_("Set the signature algorithm to RSA-SHA256, and the digest algorithm to SHA256."),
        where=trail(*okta.SETTINGS, _("Show Advanced Settings"), _("Signature Algorithm")),
    ),
    "decryption_key_missing": Change(
        where=trail(*okta.SETTINGS, _("Show Advanced Settings"), _("Assertion Encryption"))
    ),
    "certificate_expired": Change(where=trail(*okta.SIGN_ON, _("SAML Signing Certificates"))),
    "subject_missing": Change(where=_OKTA_STATEMENTS),
    "required_claim_missing": Change(
        fix=_(
            "Add the attribute under Attribute Statements: Okta sends none until you do. Or fill the "
            "value in the person's profile, or make the mapping not required here."
        ),
        where=_OKTA_STATEMENTS,
    ),
    "groups_overage": Change(where=_OKTA_GROUPS),
    "groups_absent": Change(
        fix=_("Add a group attribute statement with the name that is mapped here, and a filter."),
        where=_OKTA_GROUPS,
    ),
}

_GOOGLE_MAPPING = trail(*google.ATTRIBUTES, _("Attributes"))
_GOOGLE_GROUPS = trail(*google.ATTRIBUTES, _("Group membership (optional)"))

GOOGLE: Mapping[str, Change] = {
    "subject_missing": Change(where=_GOOGLE_MAPPING),
    "required_claim_missing": Change(
        fix=_(
            "Add the attribute to the mapping: a new app sends nothing but the NameID. Or fill the value "
            "in the person's profile, or make the mapping not required here."
        ),
        where=_GOOGLE_MAPPING,
    ),
    "groups_overage": Change(where=_GOOGLE_GROUPS),
    "groups_absent": Change(
        fix=_(
            "Choose the groups, with the app attribute that is mapped here. Google sends up to 75."
        ),
        where=_GOOGLE_GROUPS,
    ),
}

_ADFS_RULE = trail(*adfs.RULES, _("Add Rule"))

ADFS: Mapping[str, Change] = {
    "signature_missing": Change(
        fix=_("Let AD FS sign the assertion: set SamlResponseSignature of the trust."),
        where=trail(_("PowerShell"), "Set-AdfsRelyingPartyTrust", "SamlResponseSignature"),
    ),
    "algorithm_not_allowed": Change(
        fix=_("Set the secure hash algorithm to SHA-256."),
        where=trail(*adfs.PROPERTIES, _("Advanced"), _("Secure hash algorithm")),
    ),
    "decryption_key_missing": Change(
        fix=_(
            "Remove the encryption certificate, or ask the support of this application for a key."
        ),
        where=trail(*adfs.PROPERTIES, _("Encryption"), _("Remove")),
    ),
    "certificate_expired": Change(
        where=trail(_("AD FS Management"), _("Service"), _("Certificates"), _("Token-signing")),
    ),
    "subject_missing": Change(
        fix=_(
            "Add a rule that sends objectGUID as Name ID: AD FS sends no NameID unless a rule issues one."
        ),
        where=_ADFS_RULE,
    ),
    "required_claim_missing": Change(where=_ADFS_RULE),
    "groups_overage": Change(where=_ADFS_RULE),
    "groups_absent": Change(
        fix=_("Add a rule that sends Token-Groups as Group, or correct the claim's name here."),
        where=_ADFS_RULE,
    ),
}

_ONELOGIN_PARAMETER = trail(*onelogin.PARAMETERS, _("Include in SAML assertion"))

ONELOGIN: Mapping[str, Change] = {
    "signature_missing": Change(
        fix=_("Choose Response, Assertion or Both."),
        where=trail(*onelogin.CONFIGURATION, _("SAML signature element")),
    ),
    "algorithm_not_allowed": Change(
        fix=_("Set the SAML signature algorithm to SHA-256."),
        where=trail(*onelogin.SSO, _("SAML Signature Algorithm")),
    ),
    "decryption_key_missing": Change(where=trail(*onelogin.CONFIGURATION, _("Encrypt assertion"))),
    "certificate_expired": Change(where=trail(*onelogin.SSO, _("X.509 Certificate"))),
    "subject_missing": Change(where=_ONELOGIN_PARAMETER),
    "required_claim_missing": Change(
        fix=_(
            "Add the parameter and tick “Include in SAML assertion”. Or fill the value at the person, or "
            "make the mapping not required here."
        ),
        where=_ONELOGIN_PARAMETER,
    ),
    "groups_overage": Change(where=_ONELOGIN_PARAMETER),
    "groups_absent": Change(
        fix=_(
            "Add a parameter with the name that is mapped here, send the person's roles in it, and tick "
            "“Include in SAML assertion” and “Multi-value parameter”."
        ),
        where=_ONELOGIN_PARAMETER,
    ),
}

_KEYCLOAK_MAPPER = trail(*keycloak.MAPPERS, _("Add mapper"))

KEYCLOAK: Mapping[str, Change] = {
    "status_not_success": Change(
        fix=_(
            "Look at the events of the realm. If it says that the signature is invalid, turn “Client "
            "signature required” off, or ask the support of this application to sign requests."
        ),
        where=trail(*keycloak.KEYS, _("Client signature required")),
    ),
    "signature_missing": Change(
        fix=_("Turn “Sign documents” or “Sign assertions” on."),
        where=trail(*keycloak.SETTINGS, _("Signature and Encryption"), _("Sign assertions")),
    ),
    "algorithm_not_allowed": Change(
        fix=_("Set the signature algorithm to RSA_SHA256."),
        where=trail(*keycloak.SETTINGS, _("Signature and Encryption"), _("Signature algorithm")),
    ),
    "decryption_key_missing": Change(where=trail(*keycloak.KEYS, _("Encrypt assertions"))),
    "certificate_expired": Change(
        where=trail(_("Realm settings"), _("Keys"), _("Add providers")),
    ),
    "subject_missing": Change(where=_KEYCLOAK_MAPPER),
    "required_claim_missing": Change(where=_KEYCLOAK_MAPPER),
    "groups_overage": Change(where=_KEYCLOAK_MAPPER),
    "groups_absent": Change(
        fix=_("Add a group list mapper with the name that is mapped here."), where=_KEYCLOAK_MAPPER
    ),
}
