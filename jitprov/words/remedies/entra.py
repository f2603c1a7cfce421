"""Adapt remedies to Microsoft Entra ID: name the exact blade and field."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.words.guides import trail
from jitprov.words.guides.entra import APPLICATION, CERTIFICATES, CLAIMS_BLADE
from jitprov.words.remedies.types import Change, Fixer

_SIGNING_OPTION = trail(*CERTIFICATES, _("Edit"), _("Signing Option"))
_SIGNING_ALGORITHM = trail(*CERTIFICATES, _("Edit"), _("Signing Algorithm"))
_NEW_CERTIFICATE = trail(*CERTIFICATES, _("Edit"), _("New Certificate"))
_TOKEN_ENCRYPTION = trail(*APPLICATION, _("Token encryption"), _("Import Certificate"))
_GROUP_CLAIM = trail(*CLAIMS_BLADE, _("Edit"), _("Add a group claim"))
_CLAIM = trail(*CLAIMS_BLADE, _("Edit"), _("Add new claim"))
_SIGN_IN_LOG = trail(*APPLICATION, _("Sign-in logs"), _("Failure reason"))

_FEWER_GROUPS = _(
    "Choose “Groups assigned to the application”: Entra sends at most 150 groups, and of more than that "
    "none at all. Then only direct members of those groups count."
)

CHANGES = {
    "status_not_success": Change(
        happened=_("Entra itself says that the sign-in failed."),
        fix=_(
            "Look up the person and the time in the sign-in logs; the failure reason there has a number, "
            "AADSTS and some digits, that says what to change."
        ),
        where=_SIGN_IN_LOG,
    ),
    "message_too_large": Change(fix=_FEWER_GROUPS, where=_GROUP_CLAIM),
    "message_too_complex": Change(fix=_FEWER_GROUPS, where=_GROUP_CLAIM),
    "signature_missing": Change(
        fix=_(
            "Entra always signs, so this was probably not Entra. If it happens to everybody, choose any "
            "of the three signing options."
        ),
        where=_SIGNING_OPTION,
    ),
    "algorithm_not_allowed": Change(
        fix=_("Set the signing algorithm to SHA-256."), where=_SIGNING_ALGORITHM
    ),
    "signature_invalid": Change(
        fix=_(
            "Copy the App Federation Metadata Url again and import it here: the certificate was probably "
            "renewed. The address must contain “?appid=”, or it gives the keys of the directory instead "
            "of those of the application. If you use Token encryption, the certificate there must be the "
            "one in our metadata."
        ),
    ),
    "certificate_expired": Change(
        fix=_(
            "Choose New Certificate and save; import the App Federation Metadata Url here again; then "
            "choose “Make certificate active” in the new certificate's menu."
        ),
        where=_NEW_CERTIFICATE,
    ),
    "decryption_key_missing": Change(
        fix=_(
            "Deactivate the certificate under Token encryption, or ask the support of this application "
            "for a key."
        ),
        where=_TOKEN_ENCRYPTION,
    ),
    "encrypted_part": Change(where=_TOKEN_ENCRYPTION),
    "issuer_mismatch": Change(
        fix=_(
            "Import the App Federation Metadata Url of exactly this application in your own directory. "
            "The issuer is usually https://sts.windows.net/, your tenant ID, and a final slash."
        ),
    ),
    "audience_mismatch": Change(
        fix=_(
            "Enter the entity ID exactly as it is shown here, character by character, and remove any "
            "other identifier."
        ),
    ),
    "subject_missing": Change(
        fix=_(
            "Let “subject claim” here be http://schemas.microsoft.com/identity/claims/objectidentifier, "
            "which Entra always sends. If you want another one, add it under Attributes & Claims."
        ),
        where=_CLAIM,
        by=Fixer.HERE,
    ),
    "required_claim_missing": Change(
        fix=_(
            "Fill the value in the person's properties in Entra, or add the claim under Attributes & "
            "Claims, or make the mapping not required here. Entra sends no e-mail claim for people "
            "without a mail address."
        ),
        where=_CLAIM,
    ),
    "invalid_value": Change(
        fix=_(
            "Correct the value in the person's properties in Entra, or the mapping here: it may change "
            "or shorten the value."
        ),
    ),
    "groups_overage": Change(
        happened=_(
            "The person is in more than 150 groups, so Entra sent none. Their groups here stay as they "
            "were."
        ),
        fix=_FEWER_GROUPS,
        where=_GROUP_CLAIM,
    ),
    "groups_absent": Change(
        fix=_(
            "If it never comes, add a group claim, with “Groups assigned to the application” and the "
            "source attribute “Group ID”. It does not come for people who are in no such group."
        ),
        where=_GROUP_CLAIM,
    ),
    "metadata_certificates_expired": Change(
        fix=_("Choose New Certificate, save, activate it, and import the metadata again."),
        where=_NEW_CERTIFICATE,
    ),
    "metadata_without_certificate": Change(
        fix=_("Choose New Certificate, save, activate it, and import the metadata again."),
        where=_NEW_CERTIFICATE,
    ),
    "not_metadata": Change(
        fix=_("Copy the App Federation Metadata Url, not the Login URL or the page's own address."),
    ),
    "metadata_placeholder": Change(
        happened=_("The metadata is that of “common”, which is for no directory in particular."),
        fix=_("Copy the App Federation Metadata Url of the application in your own directory."),
    ),
}
