"""Read the metadata of a whole federation in one pass, with the memory of its largest entity."""

from __future__ import annotations

from collections.abc import Container, Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol, cast

from lxml import etree

from jitprov.saml.metadata import (
    IDP_ROLE,
    MetadataRefused,
    entity_name,
    refuse_past,
    understand_entity,
    valid_until_of,
)
from jitprov.saml.metadata_document import (
    ENTITIES,
    ENTITY,
    METADATA_LIMITS,
    Utf8,
    read_document,
    refusal_of,
    require_metadata,
)
from jitprov.saml.metadata_refusals import MetadataNotSigned, MetadataTooLarge
from jitprov.saml.metadata_signature import as_signed
from jitprov.saml.signature import is_signed
from jitprov.saml.types import Certificate, IdpMetadata
from jitprov.saml.xml import ForbiddenXml, NotXml

MAX_ENTITY_BYTES = 2 * 1024 * 1024
"""Size of one entity and the text before it; the largest that are published have some hundred kilobytes."""
_CHUNK = 64 * 1024
_DECLARATIONS = (b"<!DOCTYPE", b"<!ENTITY")


class ByteSource(Protocol):
    """A source of bytes, such as an open file."""

    def read(self, size: int, /) -> bytes:
        """Return at most ``size`` bytes, or none at the end."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One identity provider of an aggregate."""

    entity_id: str
    """As the document states it: unchecked where the outcome is a refusal."""
    outcome: IdpMetadata | MetadataRefused


class Aggregate:
    """An aggregate that is read once, one identity provider at a time.

    Signatures of single entities are checked. A signature over the aggregate is not, because it is known to hold
    only after the last byte: see :func:`verified_aggregate`.
    """

    def __init__(
        self,
        stream: ByteSource,
        *,
        now: datetime,
        allow_http: bool = False,
        wanted: Container[str] | None = None,
    ) -> None:
        """Prepare to read; nothing is read yet.

        :param wanted: entity IDs; the other entities are skipped unread. ``None`` wants all.
        """
        self.bytes_read = 0
        self.signed: bool | None = None
        """Whether a signature covers the aggregate or a group in it; ``None`` until an entity has come."""
        self._stream, self._now, self._allow_http = stream, now, allow_http
        self._wanted = wanted
        self._parser, self._text = _parser(), Utf8()
        self._pending = 0
        """Bytes since the last entity ended: what the parser holds in memory."""

    def __iter__(self) -> Iterator[Entry]:
        """Yield every identity provider, each with its metadata or a refusal.

        :raises MetadataRefused: the document as a whole cannot be used; entries may have been yielded before.
        """
        for entity in self._entities():
            name = entity_name(entity)
            if self._wanted is not None and name not in self._wanted:
                continue
            if entity.find(IDP_ROLE) is not None:
                yield Entry(entity_id=name, outcome=self._outcome(entity))

    def _outcome(self, entity: etree._Element) -> IdpMetadata | MetadataRefused:
        try:
            return understand_entity(entity, now=self._now, allow_http=self._allow_http)
        except MetadataRefused as refusal:
            # Without the traceback, whose frames would keep the document in memory.
            return refusal.with_traceback(None)

    def _entities(self) -> Iterator[etree._Element]:
        chunk = b""
        try:
            for chunk in self._chunks():
                self._parser.feed(chunk)
                yield from self._finished()
            require_metadata(self._parser.close())
        except etree.XMLSyntaxError as error:
            where = f"after {self.bytes_read - len(chunk)} bytes"
            raise refusal_of(self._text.start, NotXml(f"not well-formed {where}")) from error
        except (NotXml, ForbiddenXml) as error:
            raise refusal_of(self._text.start, error) from error

    def _chunks(self) -> Iterator[bytes]:
        before = b""
        while read := self._stream.read(_CHUNK):
            self.bytes_read += len(read)
            self._pending += len(read)
            chunk = self._text.feed(read)
            _refuse_declarations(before[-16:] + chunk)
            if self._pending > MAX_ENTITY_BYTES:
                raise MetadataTooLarge("an entity of the aggregate is too large")
            yield chunk
            before = chunk

    def _finished(self) -> Iterator[etree._Element]:
        """Yield the entities that have been read completely, and free the memory of each after its use."""
        events = cast("Iterator[tuple[str, etree._Element]]", self._parser.read_events())
        for event, element in events:
            if event == "start":
                self._begin(element)
            elif all(ancestor.tag == ENTITIES for ancestor in element.iterancestors()):
                if element.tag == ENTITY:
                    self._look_for_signatures(element)
                    yield element
                self._pending = 0
                _forget(element)

    def _begin(self, element: etree._Element) -> None:
        root = element.getroottree().getroot()
        require_metadata(root)
        # Groups inside may end earlier: that concerns their entities, not the others.
        if element is root and element.get("validUntil") is not None:
            refuse_past(valid_until_of(element), self._now)

    def _look_for_signatures(self, entity: etree._Element) -> None:
        if not self.signed:
            self.signed = any(is_signed(ancestor) for ancestor in entity.iterancestors())


def iter_idp_metadata(
    stream: ByteSource, *, now: datetime, allow_http: bool = False
) -> Iterator[IdpMetadata | MetadataRefused]:
    """Yield the metadata of every identity provider of an aggregate, or its refusal.

    :raises MetadataRefused: the document as a whole cannot be used; some may have been yielded before.
    """
    for entry in Aggregate(stream, now=now, allow_http=allow_http):
        yield entry.outcome


def verified_aggregate(
    document: bytes, *, trusted: Certificate, now: datetime, max_bytes: int
) -> bytes:
    """Return the root of a document in canonical form, once the trusted certificate has verified its signature.

    This takes several times the document's size in memory.

    :raises MetadataRefused: the document is too large, cannot be read, or is not signed with that certificate's key.
    """
    nodes = max(METADATA_LIMITS.nodes, max_bytes // 10)
    root = read_document(document, replace(METADATA_LIMITS, bytes=max_bytes, nodes=nodes))
    if not is_signed(root):
        raise MetadataNotSigned("the aggregate is not signed as a whole")
    return etree.tostring(as_signed(root, trusted, now), encoding="utf-8")


def _parser() -> etree.XMLPullParser:
    return etree.XMLPullParser(
        events=("start", "end"),
        tag=(ENTITY, ENTITIES),
        encoding="utf-8",
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        huge_tree=False,
        remove_comments=True,
    )


def _refuse_declarations(text: bytes) -> None:
    # Before the parser sees it, as in jitprov.saml.xml. A zero byte is how UTF-16 could hide one.
    if b"\0" in text:
        raise NotXml("not UTF-8")
    if any(declaration in text for declaration in _DECLARATIONS):
        raise ForbiddenXml("document type declaration")


def _forget(element: etree._Element) -> None:
    element.clear()
    parent = element.getparent()
    while parent is not None and element.getprevious() is not None:
        del parent[0]
