from __future__ import annotations

from datetime import timedelta

import pytest

from jitprov.saml.certificates import CertificateProblem, fingerprint_of
from jitprov.saml.types import KeyPair, MetadataNote, NoteCode
from tests.saml.documents import (
    NOW,
    YEAR,
    certificate,
    entity,
    expired_pair,
    idp_role,
    key_descriptor,
    key_pair,
    parse,
)

LATER = key_pair("rsa-3", not_before=NOW + timedelta(days=7), not_after=NOW + YEAR)


def notes_beside_a_good_one(pair: KeyPair | None = None, text: str = "") -> list[MetadataNote]:
    keys = key_descriptor() + key_descriptor(pair, text=text)
    found = parse(entity(idp_role(keys=keys)))
    assert found.signing_certificates[0] == certificate()
    return list(found.notes)


@pytest.mark.parametrize("kind", ["rsa-1024", "ed25519"])
def test_a_certificate_that_is_left_out_beside_a_good_one_is_named(kind: str) -> None:
    pair = key_pair(kind)
    (note,) = notes_beside_a_good_one(pair)
    assert note.code is NoteCode.CERTIFICATE_NOT_USED
    shown = str(note)
    assert fingerprint_of(pair.certificate) in shown
    assert "2025-03-02 to 2027-03-02" in shown
    assert ("1024 bits, 2048" if kind == "rsa-1024" else "neither RSA nor") in shown


def test_a_damaged_certificate_beside_a_good_one_is_told_by_its_place() -> None:
    (note,) = notes_beside_a_good_one(text="MIIdamaged")
    assert (note.code, note.reason) == (
        NoteCode.CERTIFICATE_UNREADABLE,
        CertificateProblem.NOT_X509,
    )
    assert "certificate 2 of the metadata is not used: not an X.509" in str(note)


def test_a_certificate_that_is_not_valid_yet_is_kept_and_told_as_that() -> None:
    (note,) = notes_beside_a_good_one(LATER)
    assert note.code is NoteCode.CERTIFICATE_NOT_YET_VALID
    assert "before 2026-03-09" in str(note)
    assert "expired" not in str(note)


@pytest.mark.parametrize("pair", [key_pair("rsa-2"), expired_pair("rsa-2")])
def test_certificates_that_were_read_need_no_note(pair: KeyPair) -> None:
    assert notes_beside_a_good_one(pair) == []


def test_a_note_can_be_compared_and_hashed() -> None:
    first, second = (notes_beside_a_good_one(LATER)[0] for _ in range(2))
    assert first == second
    assert len({first, second}) == 1
