"""What a response says that somebody pasted: to be looked at, and never to be believed.

No time, no recipient and no signature is checked, because it may be an old response, for a draft that has no
certificates yet. So nothing here makes a :class:`~jitprov.saml.types.VerifiedAssertion`, without which nobody comes
in. What came encrypted is the exception: our key serves every tenant, so it opens nothing but what one identity
provider is proved to have sent to this one service provider of ours.
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
from jitprov.saml.xml import MESSAGE_LIMITS, SAML, TooLarge

_FIELD = "SAMLResponse="


@dataclass(frozen=True, slots=True, kw_only=True)
class Unproved:
    """What a response says about a person, whoever wrote it."""

    attributes: Mapping[str, tuple[str, ...]] = field(repr=False)
    name_id: NameID | None = field(repr=False)


def document_of(pasted: str) -> bytes:
    """Return a response as people copy it out of a browser: XML, base64, or the whole field of a form.

    >>> document_of("SAMLResponse=PHNhbWw%2B&RelayState=x")
    b'<saml>'

    :raises TooLarge, ResponseMissing, ResponseNotBase64: it is none of them.
    """
    if len(pasted) > MAX_ENCODED:
        raise TooLarge(limit=MESSAGE_LIMITS.bytes)
    text = pasted.strip().removeprefix("\ufeff")
    if text.startswith("<"):
        # What UTF-8 does not know is refused where the document is parsed.
        return text.encode("utf-8", "surrogatepass")
    return decode(unquote(text.removeprefix(_FIELD).partition("&")[0]))


def is_encrypted(document: bytes) -> bool:
    """Say whether the assertion of a response came encrypted.

    :raises ResponseRefused, XmlRefused, SignatureMalformed: it is no response that could carry a sign-in.
    """
    return bool(encrypted_assertions(read_response(document)))


def read_unproved(document: bytes) -> Unproved:
    """Return what a response says whose assertion is not encrypted.

    :raises JitprovError: it cannot be read, or says nothing about a person.
    """
    return _read(only(read_response(document), "Assertion"))


def read_encrypted(
    document: bytes, *, sp: ServiceProvider, certificates: Sequence[Certificate], now: datetime
) -> Unproved:
    """Return what an encrypted response says that these certificates prove and that is meant for ``sp``.

    Without both, whoever got hold of another tenant's encrypted response could have it read to them here.

    :raises JitprovError: it cannot be read, or is not proved to be meant for us.
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
    subject = only(assertion, "Subject")
    name_id = subject.find(f"{{{SAML}}}NameID")
    # Whatever service provider it names: nobody is let in by it.
    named = name_id.get("SPNameQualifier", "") if name_id is not None else ""
    return Unproved(attributes=attributes_of(assertion), name_id=name_id_of(subject, named))
