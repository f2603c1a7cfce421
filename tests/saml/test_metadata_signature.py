from __future__ import annotations

import re
from datetime import timedelta

import pytest

from jitprov.saml import metadata_refusals as refusals
from jitprov.saml.types import NoteCode
from tests.saml.documents import (
    ENTITY_ID,
    NOW,
    SSO_URL,
    YEAR,
    base64_of,
    certificate,
    entity,
    key_pair,
    parse,
    refusal,
    signed,
)

SIGNED = signed(entity(attributes='ID="e1"'))
EXCLUSIVE = "http://www.w3.org/2001/10/xml-exc-c14n#"
DIGEST = SIGNED.partition("<ds:DigestValue>")[2].partition("<")[0]
BEGIN = "<ds:Transform Algorithm="
SHORT, LATER = (
    key_pair("rsa-1024"),
    key_pair("rsa-2", not_before=NOW + timedelta(days=1), not_after=NOW + YEAR),
)

UNVERIFIABLE = {
    "a weak algorithm": (("xmldsig-more#rsa-sha256", "xmldsig-more#rsa-md5"), "algorithm_not_allo"),
    "SHA-1": (("2001/04/xmldsig-more#rsa-sha256", "2000/09/xmldsig#rsa-sha1"), "rsa-sha1"),
    "no certificate inside": (("X509Certificate>", "X509CRL>"), "does not come with a certificate"),
    "a certificate of somebody else": (("<ds:SignatureValue>", "<ds:SignatureValue>AAAA"), "inval"),
    "a reference to the whole document": (('URI="#e1"', 'URI=""'), "signature_malformed"),
    "a reference by an ID that is not there": (('URI="#e1"', 'URI="#e2"'), "signature_malformed"),
    "another canonical form": ((f'{BEGIN}"{EXCLUSIVE}"', f'{BEGIN}"{EXCLUSIVE}WithComments"'), "algo"),
    "an unknown digest": (("xmlenc#sha256", "xmlenc#sha9"), "algorithm_not_allowed"),
    "no digest": (("ds:DigestValue>", "ds:Digested>"), "signature_malformed"),
    "no digest method": (("ds:DigestMethod", "ds:DigestMethods"), "signature_malformed"),
    "a digest that is not base64": ((DIGEST, "%%%"), "signature_malformed"),
    "no signed info": (("ds:SignedInfo", "ds:Signed"), "signature_malformed"),
}  # fmt: skip


def weakened(document: str, change: tuple[str, str]) -> str:
    """Return a document with a change to its signature, and to nothing else."""
    head, signature, rest = re.split("(<ds:Signature .*</ds:Signature>)", document, flags=re.DOTALL)
    return head + signature.replace(*change) + rest


@pytest.mark.parametrize(("change", "words"), UNVERIFIABLE.values(), ids=UNVERIFIABLE)
def test_a_signature_that_cannot_be_verified_is_a_note_if_nobody_asked_who_signed(
    change: tuple[str, str], words: str
) -> None:
    found = parse(weakened(SIGNED, change))
    assert found.sso_url == SSO_URL
    (note,) = found.notes
    assert note.code is NoteCode.SIGNATURE_NOT_VERIFIED
    assert words in str(note)


@pytest.mark.parametrize("name", UNVERIFIABLE.keys() - {"no certificate inside"})
def test_a_signature_of_another_shape_is_refused_if_a_certificate_was_named(name: str) -> None:
    error = refusal(weakened(SIGNED, UNVERIFIABLE[name][0]), trusted=certificate())
    assert type(error) is refusals.MetadataSignatureRefused


def test_the_certificate_inside_does_not_matter_if_one_was_named() -> None:
    document = weakened(SIGNED, UNVERIFIABLE["no certificate inside"][0])
    assert parse(document, trusted=certificate()).notes == ()


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(
            re.sub(
                r"(<ds:Signature .*?<ds:X509Certificate>)[^<]*",
                rf"\g<1>{base64_of(SHORT.certificate)}",
                SIGNED,
                flags=re.DOTALL,
            ),
            id="a short key",
        ),
        pytest.param(signed(entity(attributes='ID="e1"'), LATER), id="a key not valid yet"),
    ],
)
def test_a_signer_whose_certificate_does_not_count_is_a_note(document: str) -> None:
    assert [note.code for note in parse(document).notes] == [NoteCode.SIGNATURE_NOT_VERIFIED]
    changed = refusal(document.replace(SSO_URL, "https://evil.example/sso"))
    assert type(changed) is refusals.MetadataSignatureRefused


def test_a_change_is_found_whatever_else_is_wrong_with_the_signature() -> None:
    changed = SIGNED.replace(SSO_URL, "https://evil.example/sso")
    for name in ("a weak algorithm", "SHA-1", "no certificate inside"):
        error = refusal(weakened(changed, UNVERIFIABLE[name][0]))
        assert type(error) is refusals.MetadataSignatureRefused
        assert "digest differs" in str(error)


def test_a_change_is_found_by_a_reference_to_the_whole_document() -> None:
    whole = SIGNED.replace('URI="#e1"', 'URI=""')
    changed = whole.replace(SSO_URL, "https://evil.example/sso")
    assert "digest differs" in str(refusal(changed))
    # With a stylesheet line, that is a part of the whole; it cannot be compared.
    lined = "<?xml-stylesheet href='a'?>" + whole.partition("?>")[2]
    assert [note.code for note in parse(lined).notes] == [NoteCode.SIGNATURE_NOT_VERIFIED]


def test_inclusive_prefixes_are_part_of_the_digest() -> None:
    listed = '<ec:InclusiveNamespaces xmlns:ec="{0}" PrefixList="{1}"/>'
    transform = f'{BEGIN}"{EXCLUSIVE}"/>'
    open_transform = f'{BEGIN}"{EXCLUSIVE}">'

    def with_prefixes(prefixes: str) -> str:
        inside = listed.format(EXCLUSIVE, prefixes)
        weak = SIGNED.replace(*UNVERIFIABLE["SHA-1"][0])
        return weak.replace(transform, f"{open_transform}{inside}</ds:Transform>")

    assert len(parse(with_prefixes("md")).notes) == 1
    assert len(parse(with_prefixes(" ".join(f"p{number}" for number in range(33)))).notes) == 1


def test_text_around_the_signature_belongs_to_the_document() -> None:
    spaced = signed(entity(attributes='ID="e1"').replace("><md:IDPSSO", "> x <md:IDPSSO", 1))
    weak = spaced.replace(*UNVERIFIABLE["SHA-1"][0])
    assert parse(weak).entity_id == ENTITY_ID


def test_a_document_without_a_canonical_form_cannot_be_compared() -> None:
    document = SIGNED.replace('entityID="', 'xmlns:r="relative" entityID="')
    (note,) = parse(document).notes
    assert "relative namespace" in str(note)


def test_a_signature_at_the_end_is_compared_too() -> None:
    weak = weakened(SIGNED, UNVERIFIABLE["SHA-1"][0])
    signature = weak[weak.index("<ds:Signature ") : weak.index("</md:EntityDescriptor>")]
    signature = signature.partition("</ds:Signature>")[0] + "</ds:Signature>"
    moved = weak.replace(signature, "").replace("</md:EntityD", f"{signature}</md:EntityD")
    assert len(parse(moved).notes) == 1
    assert "digest differs" in str(refusal(moved.replace(SSO_URL, "https://evil.example/sso")))


def test_a_second_signature_is_a_note() -> None:
    signature = SIGNED[SIGNED.index("<ds:Signature ") : SIGNED.index("</ds:Signature>")]
    twice = SIGNED.replace(signature, f"{signature}</ds:Signature>{signature}")
    (note,) = parse(twice).notes
    assert "2 Signature elements" in str(note)
