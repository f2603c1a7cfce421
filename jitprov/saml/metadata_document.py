"""Read a metadata document as people really have it, or name the mistake.

Harmless are a byte order mark, UTF-16, blank lines before the document, and stylesheet lines around it.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Callable

from lxml import etree

from jitprov.saml.metadata_refusals import (
    MetadataEmpty,
    MetadataForbiddenXml,
    MetadataIsAddress,
    MetadataIsCertificate,
    MetadataIsJson,
    MetadataNotXml,
    MetadataRefused,
    MetadataTooLarge,
    NotMetadata,
    TextBeforeMetadata,
)
from jitprov.saml.xml import MD, ForbiddenXml, Limits, NotXml, TooComplex, TooLarge, parse

METADATA_LIMITS = Limits(bytes=10 * 1024 * 1024, depth=48, nodes=1_000_000, declarations=10_000_000)
"""The bounds of metadata: one identity provider has 2 to 80 kB, a national federation some megabytes."""

ENTITY = f"{{{MD}}}EntityDescriptor"
ENTITIES = f"{{{MD}}}EntitiesDescriptor"

_START = 64 * 1024
"""Bytes in which a mistake is recognised."""
_UTF16 = {
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    b"<\0": "utf-16-le",
    b"\0<": "utf-16-be",
}
"""Encodings by the first two bytes (xml §F.1)."""


class Utf8:
    """A converter of the chunks of a document to UTF-8, without what may stand before its first character."""

    def __init__(self) -> None:
        """Begin a document."""
        self.start = b""
        """The first bytes that were converted."""
        self._decoder: codecs.IncrementalDecoder | None = None
        self._fed = False

    def feed(self, chunk: bytes, *, final: bool = False) -> bytes:
        """Return a chunk in UTF-8; text in UTF-8 is not looked at.

        :raises NotXml: the document begins like UTF-16 and is not.
        """
        if not self._fed:
            self._fed = True
            encoding = _UTF16.get(chunk[:2])
            self._decoder = codecs.getincrementaldecoder(encoding)() if encoding else None
        converted = self._converted(chunk, final=final)
        if not self.start:
            converted = converted.removeprefix(codecs.BOM_UTF8).lstrip()
            self.start = converted[:_START]
        return converted

    def _converted(self, chunk: bytes, *, final: bool) -> bytes:
        if self._decoder is None:
            return chunk
        try:
            return self._decoder.decode(chunk, final).encode()
        except UnicodeDecodeError as error:
            self.start = self.start or chunk[:_START]
            raise NotXml("not UTF-16") from error


def read_document(document: bytes, limits: Limits = METADATA_LIMITS) -> etree._Element:
    """Return the root of a metadata document.

    :raises MetadataRefused: it is too large, not XML, or not metadata.
    """
    text = Utf8()
    try:
        root = parse(text.feed(document, final=True), limits, instructions_around=True)
    except (TooLarge, TooComplex) as error:
        raise MetadataTooLarge(f"the document is too large ({error})") from error
    except (NotXml, ForbiddenXml) as error:
        raise refusal_of(text.start, error) from error
    require_metadata(root)
    return root


def require_metadata(root: etree._Element) -> None:
    """Refuse a document that is not metadata.

    :raises NotMetadata: its root is neither an entity nor an aggregate.
    """
    if root.tag not in (ENTITY, ENTITIES):
        raise NotMetadata(f"the document is not SAML metadata (its root is {root.tag[:100]!r})")


# Naming mistakes


def refusal_of(start: bytes, error: NotXml | ForbiddenXml) -> MetadataRefused:
    """Return the refusal of a document that begins with these bytes: what people give by mistake, or bad XML."""
    # Nothing of the document is shown: it may be anything, also a private key.
    for looks, refusal, problem in _MISTAKES:
        if looks(start):
            return refusal(problem)
    if isinstance(error, ForbiddenXml):
        return MetadataForbiddenXml(f"the document has a {error}")
    return MetadataNotXml(f"the document can not be read as XML ({error})")


def _is_web_page(start: bytes) -> bool:
    return start[:14].lower().startswith((b"<!doctype html", b"<html"))


def _is_address(start: bytes) -> bool:
    return re.match(rb"[A-Za-z][A-Za-z0-9+.-]*://", start) is not None


def _has_text_before(start: bytes) -> bool:
    return not start.startswith(b"<") and re.search(rb"Entit(y|ies)Descriptor", start) is not None


_MISTAKES: tuple[tuple[Callable[[bytes], bool], type[MetadataRefused], str], ...] = (
    (lambda start: not start, MetadataEmpty, "the document is empty"),
    (_is_web_page, NotMetadata, "the document is a web page (HTML), not SAML metadata"),
    (_is_address, MetadataIsAddress, "this is an address, not the document that is there"),
    (
        lambda start: start.startswith(b"-----BEGIN "),
        MetadataIsCertificate,
        "this is a certificate or a key, not the metadata",
    ),
    (
        lambda start: start.startswith((b"{", b"[")),
        MetadataIsJson,
        "this is JSON, as of OpenID Connect, not SAML metadata",
    ),
    (
        _has_text_before,
        TextBeforeMetadata,
        "other text stands before the metadata, as when a browser's view of it is copied",
    ),
)
