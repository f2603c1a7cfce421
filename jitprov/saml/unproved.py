"""Read a response that somebody pasted, for a preview. Nothing that it says is proved.

No time, recipient or signature is checked, because it may be an old response, for a draft that has no certificates
yet. So nothing here makes a :class:`~jitprov.saml.types.VerifiedAssertion`, without which nobody is signed in.
Encrypted responses are the exception: our key serves every tenant, so it decrypts only what one identity provider is
proved to have sent to this one service provider of ours.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import unquote

from lxml import etree

from jitprov.saml.assertion import attributes_of, name_id_of, only
from jitprov.saml.encryption import encrypted_assertions
from jitprov.saml.envelope import MAX_ENCODED, decode, open_response, read_response
from jitprov.saml.response import require_audience
from jitprov.saml.types import Certificate, NameID, ServiceProvider
from jitprov.saml.xml import MESSAGE_LIMITS, TooLarge

_FIELD = "SAMLResponse="


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproved:
    """The statements of a response about a person. Anybody may have written them."""

    attributes: Mapping[str, tuple[str, ...]] = field(repr=False)
    name_id: NameID | None = field(repr=False)
    unreadable: frozenset[str] = field(default=frozenset(), repr=False)


def document_of(pasted: str) -> bytes:
    """Return the document in a text that somebody copied out of a browser: XML, base64, or a whole form field.

    >>> document_of("SAMLResponse=PHNhbWw%2B&RelayState=x")
    b'<saml>'

    :raises TooLarge, ResponseMissing, ResponseNotBase64: the text is none of these.
    """
    if len(pasted) > MAX_ENCODED:
        raise TooLarge(limit=MESSAGE_LIMITS.bytes)
    text = pasted.strip().removeprefix("\ufeff")
    if text.startswith("<"):
        # Characters that UTF-8 does not have are refused where the document is parsed.
        return text.encode("utf-8", "surrogatepass")
    return decode(unquote(text.removeprefix(_FIELD).partition("&")[0]))


def is_encrypted(document: bytes) -> bool:
    """Say whether the assertion of a response came encrypted.

    :raises ResponseRefused, XmlRefused, SignatureMalformed: it is not a response that could carry a sign-in.
    """
    return bool(encrypted_assertions(read_response(document)))


def read_unproved(document: bytes) -> Unproved:
    """Return the statements of a response whose assertion is not encrypted.

    :raises JitprovError: it cannot be read, or states nothing about a person.
    """
    return _read(only(read_response(document), "Assertion"))


def read_encrypted(
    document: bytes, *, sp: ServiceProvider, certificates: Sequence[Certificate], now: datetime
) -> Unproved:
    """Return the statements of an encrypted response that these certificates verify and whose audience is ``sp``.

    Without both checks, somebody who got hold of another tenant's encrypted response could have it decrypted here.

    :raises JitprovError: it cannot be read, or it is not proved that it is meant for ``sp``.
    """
    opened = open_response(
        base64.b64encode(document).decode("ascii"),
        certificates=certificates,
        key_pairs=sp.key_pairs,
        now=now,
    )
    require_audience(only(opened.assertion, "Conditions"), sp.entity_id)
    return _read(opened.assertion)


def _read(assertion: etree._Element) -> Unproved:
    # Any party may be named in a NameID here, because nobody is signed in by it.
    attributes = attributes_of(assertion)
    return Unproved(
        attributes=attributes.values,
        unreadable=attributes.unreadable,
        name_id=name_id_of(only(assertion, "Subject")),
    )
