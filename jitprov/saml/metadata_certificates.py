"""Read the signing certificates of an identity provider's metadata, and say which of them do not count."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, cast

from lxml import etree

from jitprov.saml.certificates import CertificateUnusable, load_certificate
from jitprov.saml.metadata_refusals import (
    MAX_NAMED,
    CertificatesExpired,
    MetadataRefused,
    NoSigningCertificate,
)
from jitprov.saml.types import Certificate, MetadataNote, NoteCode
from jitprov.saml.xml import DS, MD, text_of

MAX_CERTIFICATES = 20
_CERTIFICATES = etree.XPath(
    "md:KeyDescriptor[not(@use) or @use='signing']/ds:KeyInfo/ds:X509Data/ds:X509Certificate",
    namespaces={"md": MD, "ds": DS},
)


def signing_certificates(
    role: etree._Element, entity_id: str, now: datetime
) -> tuple[tuple[Certificate, ...], tuple[MetadataNote, ...]]:
    """Return the certificates that can be used, each once, with a note on each that cannot, or not yet.

    A certificate that is left out may be the very one that signs: without the note, nobody would know why sign-ins
    fail later.

    :raises MetadataRefused: there are too many, or none can be used.
    """
    elements = cast("list[Any]", _CERTIFICATES(role))
    texts = list(dict.fromkeys(text_of(element) for element in elements))
    if len(texts) > MAX_CERTIFICATES:
        raise MetadataRefused(f"{entity_id!r} has more than {MAX_CERTIFICATES} certificates")
    certificates, problems = _loaded(texts)
    if not certificates:
        reasons = [f"certificate {number}: {error}" for number, error in problems.items()]
        because = f" ({'; '.join(reasons[:MAX_NAMED])})" if reasons else ""
        raise NoSigningCertificate(
            f"{entity_id!r} has no signing certificate that can be used{because}"
        )
    if all(certificate.not_after < now for certificate in certificates):
        ends = ", ".join(f"{certificate.not_after:%Y-%m-%d}" for certificate in certificates)
        raise CertificatesExpired(
            f"every signing certificate of {entity_id!r} has expired (valid until {ends})"
        )
    left_out = (_left_out(number, error) for number, error in problems.items())
    return certificates, (*left_out, *_not_yet_valid(certificates, now))


def _loaded(
    texts: Sequence[str],
) -> tuple[tuple[Certificate, ...], dict[int, CertificateUnusable]]:
    """Return the usable certificates, each once, and the problems of the others by their numbers."""
    good: dict[str, Certificate] = {}
    problems = {}
    for number, text in enumerate(texts, start=1):
        try:
            certificate = load_certificate(text)
        except CertificateUnusable as error:
            problems[number] = error
        else:
            good[certificate.fingerprint] = certificate
    return tuple(good.values()), problems


def _left_out(number: int, error: CertificateUnusable) -> MetadataNote:
    facts = {"number": number, **error.facts}
    if error.certificate is None:
        return MetadataNote(code=NoteCode.CERTIFICATE_UNREADABLE, facts=facts, reason=error.problem)
    return MetadataNote(
        code=NoteCode.CERTIFICATE_NOT_USED,
        facts={**facts, **_identity(error.certificate)},
        reason=error.problem,
    )


def _not_yet_valid(certificates: Sequence[Certificate], now: datetime) -> Iterator[MetadataNote]:
    for one in certificates:
        if now < one.not_before:
            yield MetadataNote(code=NoteCode.CERTIFICATE_NOT_YET_VALID, facts=_identity(one))


def _identity(certificate: Certificate) -> dict[str, object]:
    return {
        "fingerprint": certificate.fingerprint,
        "begins": f"{certificate.not_before:%Y-%m-%d}",
        "ends": f"{certificate.not_after:%Y-%m-%d}",
    }
