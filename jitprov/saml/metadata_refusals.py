"""Define the refusals of a document as an identity provider's metadata, each with a code and a remedy."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from jitprov.exceptions import JitprovError

MAX_NAMED = 10
"""Number of entity IDs, or reasons, that one message lists at most."""


class MetadataRefused(JitprovError):
    """The document can not be used as the metadata of an identity provider."""

    code = "metadata_refused"
    remedy: ClassVar[str] = "Ask the identity provider's admin to correct its metadata."

    def __init__(self, problem: str) -> None:
        super().__init__(f"{problem}. {self.remedy}")
        self.problem = problem


class MetadataNotXml(MetadataRefused):
    """The document is not well-formed XML in UTF-8 or UTF-16."""

    code = "metadata_not_xml"
    remedy = "Give the metadata document itself: XML, in UTF-8."


class MetadataEmpty(MetadataRefused):
    """There is nothing in the document."""

    code = "metadata_empty"
    remedy = "Look whether the download was complete, and give the metadata document."


class MetadataIsAddress(MetadataRefused):
    """The address of the metadata was given where the document itself is expected."""

    code = "metadata_is_address"
    remedy = "Give the address where an address is asked for, or the document that it shows."


class MetadataIsCertificate(MetadataRefused):
    """A certificate or a key was given in place of the metadata."""

    code = "metadata_is_certificate"
    remedy = "Give the metadata, an XML document, which has the certificate inside."


class MetadataIsJson(MetadataRefused):
    """JSON was given, such as the configuration of OpenID Connect, in place of SAML metadata."""

    code = "metadata_is_json"
    remedy = "Set up the application for SAML at the identity provider, and give its SAML metadata."


class TextBeforeMetadata(MetadataRefused):
    """Other text stands before the metadata, as when a browser's view of it was copied."""

    code = "metadata_after_other_text"
    remedy = (
        "Save the document from the browser as a file, unchanged, and give the file; what a browser shows is not "
        "the document."
    )


class MetadataForbiddenXml(MetadataRefused):
    """The document has a DTD, an entity or a processing instruction."""

    code = "metadata_forbidden_xml"
    remedy = "Ask for metadata without a DTD, entities and processing instructions."


class MetadataTooLarge(MetadataRefused):
    """The document is larger, deeper or has more nodes than allowed."""

    code = "metadata_too_large"
    remedy = (
        "Give the metadata of the one identity provider, not of its federation, "
        "or raise JITPROV_METADATA_MAX_BYTES."
    )


class NotMetadata(MetadataRefused):
    """The document is XML or HTML, but not SAML metadata."""

    code = "not_metadata"
    remedy = "Give the SAML metadata: an XML document that begins with EntityDescriptor."


class NoIdentityProvider(MetadataRefused):
    """No entity in the document is an identity provider."""

    code = "metadata_without_idp"
    remedy = "Give the identity provider's own metadata, not that of a service provider."


class SeveralIdentityProviders(MetadataRefused):
    """The document has several identity providers and none was chosen."""

    code = "metadata_with_several_idps"
    remedy = "Choose one with --entity-id."

    def __init__(self, entity_ids: Sequence[str]) -> None:
        super().__init__(
            f"the document has {len(entity_ids)} identity providers: {_listed(entity_ids)}"
        )
        self.entity_ids = tuple(entity_ids)


class EntityTwice(MetadataRefused):
    """The document has several identity providers with one and the same entity ID."""

    code = "metadata_entity_twice"
    remedy = (
        "Ask whoever publishes the document which one is right, and for a document with that one."
    )

    def __init__(self, entity_id: str, count: int) -> None:
        super().__init__(
            f"the document has {count} identity providers with the same entity ID, {entity_id[:200]!r}"
        )
        self.entity_id, self.count = entity_id, count


class EntityNotFound(MetadataRefused):
    """The chosen entity is not in the document."""

    code = "metadata_entity_not_found"
    remedy = "Copy the entity ID exactly, with its final slash if it has one."

    def __init__(self, entity_id: str, present: Sequence[str]) -> None:
        super().__init__(f"{entity_id!r} is not in the document, which has {_listed(present)}")
        self.entity_id, self.present = entity_id, tuple(present)


class NoSaml2Role(MetadataRefused):
    """The identity provider does not state that it supports SAML 2.0."""

    code = "metadata_without_saml2"
    remedy = "Ask its admin for SAML 2.0; SAML 1.1 and Shibboleth 1 are not supported."


class NoSigningCertificate(MetadataRefused):
    """No certificate in the metadata can be trusted to sign."""

    code = "metadata_without_certificate"
    remedy = (
        "Ask its admin for a signing certificate with an RSA key of at least 2048 bits "
        "or an elliptic curve key."
    )


class CertificatesExpired(MetadataRefused):
    """Every signing certificate in the metadata has expired."""

    code = "metadata_certificates_expired"
    remedy = "Ask its admin to renew the certificate, then import the new metadata."


class NoSsoUrl(MetadataRefused):
    """There is no sign-on URL to which a browser can safely be sent."""

    code = "metadata_without_sso_url"
    remedy = "Ask its admin for an https sign-on URL with the HTTP-Redirect or HTTP-POST binding."


class MetadataExpired(MetadataRefused):
    """The metadata states that it is no longer valid."""

    code = "metadata_expired"
    remedy = "Get the current metadata from the identity provider."


class PlaceholderEntityId(MetadataRefused):
    """The entity ID is a template: the document is not for one tenant."""

    code = "metadata_placeholder"
    remedy = (
        "With Entra, use the App Federation Metadata URL of the enterprise application in your own "
        "tenant, not the one of 'common'."
    )


class MetadataNotSigned(MetadataRefused):
    """A certificate was given to verify the metadata with, and the metadata is not signed."""

    code = "metadata_not_signed"
    remedy = (
        "Ask for signed metadata, or import without --verify-with from a source that you trust."
    )


class MetadataSignatureRefused(MetadataRefused):
    """The metadata's signature is not valid."""

    code = "metadata_signature_refused"
    remedy = (
        "Get the document again, unchanged, or ask for one that is signed with SHA-256 or better."
    )


def _listed(entity_ids: Sequence[str]) -> str:
    # repr, because a stranger wrote them and a terminal will show them.
    shown = ", ".join(repr(entity_id[:200]) for entity_id in entity_ids[:MAX_NAMED])
    more = len(entity_ids) - MAX_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
