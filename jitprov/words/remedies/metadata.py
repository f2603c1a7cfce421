"""List remedies for metadata that was pasted, uploaded or fetched and cannot be used."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from jitprov.words.remedies import sections
from jitprov.words.remedies.types import Fixer, Remedy

_GIVE_FILE = _("Open the address in a browser, save the document, and upload the file here.")

METADATA = {
    "metadata_refused": Remedy(
        happened=_("The metadata has a part that cannot be used, such as an unreadable entity ID."),
        fix=_("Get the metadata again. If it stays, ask the vendor of your identity provider."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "metadata_not_xml": Remedy(
        happened=_("What you gave is not XML, or is only a part of the document."),
        fix=_("Give the whole document, unchanged, from its first to its last character."),
        by=Fixer.HERE,
    ),
    "metadata_empty": Remedy(
        happened=_("What you gave is empty."),
        fix=_("Look whether the download was complete, and give the document again."),
        by=Fixer.HERE,
    ),
    "metadata_is_address": Remedy(
        happened=_("You gave the address of the metadata where the document itself belongs."),
        fix=_("Enter it in the field for the address."),
        by=Fixer.HERE,
    ),
    "metadata_is_certificate": Remedy(
        happened=_("What you gave is a certificate or a key, not the metadata."),
        fix=_(
            "Give the metadata, an XML document with the certificate inside. If you have only a certificate, enter "
            "the values by hand."
        ),
        by=Fixer.HERE,
    ),
    "metadata_is_json": Remedy(
        happened=_(
            "What you gave is JSON, as for OpenID Connect. This application signs people in by SAML."
        ),
        fix=_("Set up the application for SAML, and give its SAML metadata."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "metadata_after_other_text": Remedy(
        happened=_(
            "Other text stands before the metadata. That happens when it is copied from what a browser shows."
        ),
        fix=_("Save the document from the browser as a file, unchanged, and upload the file here."),
        by=Fixer.HERE,
    ),
    "metadata_forbidden_xml": Remedy(
        happened=_("The metadata has a document type, an entity or a processing instruction."),
        fix=_("Save the document without opening it in an editor, and give it as it is."),
        by=Fixer.HERE,
    ),
    "metadata_too_large": Remedy(
        happened=_("The metadata is too large."),
        fix=_("Give the metadata of your identity provider alone, not of a whole federation."),
        by=Fixer.HERE,
    ),
    "not_metadata": Remedy(
        happened=_("What you gave is a web page or another document, not SAML metadata."),
        fix=_("Look at the address: a mistyped one often gives a sign-in page."),
        by=Fixer.HERE,
    ),
    "metadata_without_idp": Remedy(
        happened=_("The metadata is not that of an identity provider; perhaps it is our own."),
        fix=_("Give the metadata that your identity provider shows, not the one shown here."),
        by=Fixer.HERE,
    ),
    "metadata_with_several_idps": Remedy(
        happened=_("The metadata names several identity providers."),
        fix=_("Give a document with yours alone, or enter the entity ID of yours."),
        by=Fixer.HERE,
    ),
    "metadata_entity_twice": Remedy(
        happened=_(
            "The metadata has the same entity ID more than once, and nobody can tell which one is right."
        ),
        fix=_("Ask whoever publishes the document for one that has yours once."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "metadata_entity_not_found": Remedy(
        happened=_("The entity ID that you entered is not in the metadata."),
        fix=_("Copy the entity ID exactly, with its final slash if it has one."),
        by=Fixer.HERE,
    ),
    "metadata_without_saml2": Remedy(
        happened=_("The identity provider in the metadata does not say that it speaks SAML 2.0."),
        fix=_("Set up the application for SAML 2.0, and give its metadata."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "metadata_without_certificate": Remedy(
        happened=_("The metadata has no signing certificate that can be used."),
        fix=_(
            "Create a signing certificate with an RSA key of at least 2048 bits, or an elliptic curve of "
            "at least 256, and give the new metadata."
        ),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "metadata_certificates_expired": Remedy(
        happened=_("Every signing certificate in the metadata has expired."),
        fix=_("Create a new signing certificate, and give the new metadata."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "metadata_without_sso_url": Remedy(
        happened=_("The metadata has no https sign-on URL that a browser can be sent to."),
        fix=_("Switch on sign-in by HTTP-Redirect or HTTP-POST, and give the new metadata."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "metadata_expired": Remedy(
        happened=_("The metadata says that it is no longer valid."),
        fix=_("Get the current document, and give it here."),
        by=Fixer.HERE,
    ),
    "metadata_placeholder": Remedy(
        happened=_("The metadata is a template for no organisation in particular."),
        fix=_("Give the metadata of the application in your own organisation."),
        by=Fixer.HERE,
    ),
    "metadata_not_signed": Remedy(
        happened=_("The metadata should be signed, and is not."),
        fix=_("Ask whoever publishes it for signed metadata."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
    "metadata_signature_refused": Remedy(
        happened=_("The signature of the metadata does not hold: the document was changed."),
        fix=_("Get the document again, and give it unchanged."),
        by=Fixer.HERE,
    ),
    "metadata_url_refused": Remedy(
        happened=_("The address is not one that metadata is fetched from."),
        fix=_("Give an address that begins with https, or upload the file."),
        by=Fixer.HERE,
    ),
    "metadata_address_refused": Remedy(
        happened=_("The address leads to a computer that is not on the public internet."),
        fix=_GIVE_FILE,
        by=Fixer.HERE,
    ),
    "metadata_fetch_failed": Remedy(
        happened=_("The address could not be reached, or did not answer with the document."),
        fix=_(
            "Open the address in a browser. If it works there, save the document and upload it here."
        ),
        by=Fixer.HERE,
    ),
    "metadata_fetch_timed_out": Remedy(
        happened=_("The address took too long to answer."),
        fix=_("Try again, or save the document in a browser and upload the file here."),
        by=Fixer.HERE,
    ),
    "metadata_tls_failed": Remedy(
        happened=_("The server at this address could not prove who it is."),
        fix=_("Check the host name in the address. If it is right, have its certificate repaired."),
        by=Fixer.IDENTITY_PROVIDER,
    ),
}

IMPORT = {
    "import_refused": Remedy(
        happened=_("Somebody else changed this identity provider at the same time."),
        fix=_("Load the page again, look at what is there now, and repeat your change."),
        where=sections.METADATA,
        by=Fixer.HERE,
    ),
    "import_source_unreadable": Remedy(
        happened=_("The file that you gave cannot be read."),
        fix=_("Choose the file again, or paste the document."),
        where=sections.METADATA,
        by=Fixer.HERE,
    ),
    "import_tenant_unknown": Remedy(
        happened=_("The organisation that this should belong to does not exist here."),
        fix=_("Ask the support of this application to create it."),
        by=Fixer.HOST,
    ),
    "import_slug_refused": Remedy(
        happened=_("The short name for the URLs is taken, or cannot be part of a URL."),
        fix=_("Choose another one, of letters, digits and hyphens."),
        by=Fixer.HERE,
    ),
    "import_identity_provider_ambiguous": Remedy(
        happened=_("Your organisation has several identity providers with this entity ID."),
        fix=_("Open the one that you mean, and give the metadata there."),
        where=sections.METADATA,
        by=Fixer.HERE,
    ),
    "metadata_entity_changed": Remedy(
        happened=_(
            "The document at the metadata address is now that of another identity provider: it has another "
            "entity ID. What was imported before stays."
        ),
        fix=_(
            "Look at what the address shows now. If you have moved to another directory, import its metadata "
            "here yourself; otherwise correct the address."
        ),
        where=sections.METADATA,
        by=Fixer.HERE,
    ),
}
