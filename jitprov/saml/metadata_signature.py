"""Judge the signatures of metadata.

Whoever names a certificate to trust gets exactly what its key signed, or a refusal. Without one, a signature proves
nothing: whoever changes the document could leave it out. So it is looked at for one thing only, whether the document
arrived unchanged; that it cannot be verified for another reason is a note.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Iterable
from datetime import datetime

from lxml import etree

from jitprov.exceptions import JitprovError
from jitprov.saml.certificates import CertificateProblem, CertificateUnusable, load_certificate
from jitprov.saml.metadata_refusals import MetadataSignatureRefused
from jitprov.saml.signature import (
    ENVELOPED,
    MAX_PREFIXES,
    SignatureRefused,
    is_signed,
    verify_enveloped,
)
from jitprov.saml.types import Certificate, MetadataNote, NoteCode
from jitprov.saml.xml import (
    DS,
    EXC_C14N,
    ForbiddenXml,
    canonical,
    detached,
    text_of,
    without_space,
    words_of,
)

MAX_CERTIFICATES = 20
_SIGNATURE = f"{{{DS}}}Signature"
_REFERENCES = f"{{{DS}}}SignedInfo/{{{DS}}}Reference"
_CERTIFICATES = f"{_SIGNATURE}/{{{DS}}}KeyInfo/{{{DS}}}X509Data/{{{DS}}}X509Certificate"
_DIGESTS = {
    # Also the one that proves nothing any more: against an accident it is good enough.
    "http://www.w3.org/2000/09/xmldsig#sha1": "sha1",
    "http://www.w3.org/2001/04/xmlenc#sha256": "sha256",
    "http://www.w3.org/2001/04/xmldsig-more#sha384": "sha384",
    "http://www.w3.org/2001/04/xmlenc#sha512": "sha512",
}


def signed_ones(elements: Iterable[etree._Element]) -> list[etree._Element]:
    """Return those elements that have a signature of their own."""
    return [element for element in elements if is_signed(element)]


def require_intact(elements: Iterable[etree._Element], now: datetime) -> tuple[MetadataNote, ...]:
    """Refuse what was changed after it was signed; return a note for each signature that cannot be verified.

    :raises MetadataSignatureRefused: the digest in a signature is not that of the document.
    """
    return tuple(note for one in signed_ones(elements) for note in _notes_on(one, now))


def as_signed(element: etree._Element, trusted: Certificate, now: datetime) -> etree._Element:
    """Return an element as the trusted certificate's key signed it.

    :raises MetadataSignatureRefused: it did not, or the certificate is not valid now.
    """
    if now < trusted.not_before:
        begins = f"is valid from {trusted.not_before:%Y-%m-%d %H:%M} UTC only"
        raise MetadataSignatureRefused(f"the certificate that you trust {begins}")
    try:
        return verify_enveloped(element, [trusted], now=now)
    except (SignatureRefused, CertificateUnusable) as error:
        raise MetadataSignatureRefused(
            "the certificate that you trust does not vouch for it: "
            f"the metadata's signature can not be verified ({_reason(error)})"
        ) from error


def _notes_on(element: etree._Element, now: datetime) -> tuple[MetadataNote, ...]:
    try:
        verify_enveloped(element, _embedded_certificates(element), now=now)
    except (SignatureRefused, CertificateUnusable) as error:
        if _is_changed(element):
            raise MetadataSignatureRefused(
                "the document was changed after it was signed (digest differs)"
            ) from error
        note = MetadataNote(code=NoteCode.SIGNATURE_NOT_VERIFIED, facts={"why": _reason(error)})
        return (note,)
    return ()


def _embedded_certificates(element: etree._Element) -> list[Certificate]:
    found = element.findall(_CERTIFICATES)[:MAX_CERTIFICATES]
    if not found:
        raise CertificateUnusable(CertificateProblem.ABSENT)
    return [load_certificate(text_of(one), allow_expired=True) for one in found]


def _reason(error: JitprovError) -> str:
    return f"{error.code}, {error}" if str(error) else error.code


# Comparing the digest, whoever signed


def _is_changed(element: etree._Element) -> bool:
    """Say whether the signature's digest is another one than the element's; not where that cannot be computed."""
    copy = detached(element)
    signatures = copy.findall(_SIGNATURE)
    references = signatures[0].findall(_REFERENCES)
    if len(signatures) != 1 or len(references) != 1 or not _is_about(references[0], element):
        return False
    prefixes = _prefixes(references[0])
    digest = _digest(references[0])
    if prefixes is None or digest is None:
        return False
    _remove(signatures[0], copy)
    try:
        content = canonical(copy, prefixes)
    except ForbiddenXml:
        return False
    name, value = digest
    return hashlib.new(name, content, usedforsecurity=False).digest() != value


def _is_about(reference: etree._Element, element: etree._Element) -> bool:
    """Say whether a signature is over its parent: by its ID, or as the whole document with nothing around."""
    uri = reference.get("URI")
    if uri == "":
        alone = element.getprevious() is None and element.getnext() is None
        return alone and element.getparent() is None
    return uri == f"#{element.get('ID', '')}"


def _prefixes(reference: etree._Element) -> tuple[str, ...] | None:
    """Return the inclusive prefixes of exclusive canonicalisation; ``None`` if the transforms are others."""
    transforms = reference.findall(f"{{{DS}}}Transforms/{{{DS}}}Transform")
    if [one.get("Algorithm") for one in transforms] != [ENVELOPED, EXC_C14N]:
        return None
    inclusive = transforms[1].find(f"{{{EXC_C14N}}}InclusiveNamespaces")
    prefixes = () if inclusive is None else tuple(words_of(inclusive.get("PrefixList", "")))
    return prefixes if len(prefixes) <= MAX_PREFIXES else None


def _digest(reference: etree._Element) -> tuple[str, bytes] | None:
    """Return the name of the digest's algorithm and its value; ``None`` if there is none that we can compute."""
    method = reference.find(f"{{{DS}}}DigestMethod")
    value = reference.find(f"{{{DS}}}DigestValue")
    name = "" if method is None else _DIGESTS.get(method.get("Algorithm", ""), "")
    if not name or value is None:
        return None
    try:
        return name, base64.b64decode(without_space(text_of(value)), validate=True)
    except (binascii.Error, ValueError):
        return None


def _remove(signature: etree._Element, parent: etree._Element) -> None:
    """Take a signature out of its parent; the text after it stays."""
    before, tail = signature.getprevious(), signature.tail or ""
    if before is None:
        parent.text = (parent.text or "") + tail
    else:
        before.tail = (before.tail or "") + tail
    parent.remove(signature)
