from __future__ import annotations

import io
import re

import pytest

from jitprov.saml import metadata_refusals as refusals
from jitprov.saml.aggregate import (
    MAX_ENTITY_BYTES,
    Aggregate,
    Entry,
    iter_idp_metadata,
    verified_aggregate,
)
from jitprov.saml.certificates import load_certificate
from jitprov.saml.metadata import MetadataRefused, parse_idp_metadata
from jitprov.saml.types import IdpMetadata, NoteCode
from jitprov.saml.xml import MAX_ATTRIBUTES
from tests.saml.documents import (
    ENTITY_ID,
    NOW,
    aggregate,
    certificate,
    entity,
    expired_pair,
    idp_role,
    key_descriptor,
    key_pair,
    parse,
    refusal,
    signed,
    sp_role,
    without_declaration,
)

OTHER = "https://other.example/saml"
PAST, FUTURE = 'validUntil="2014-01-01T00:00:00Z"', 'validUntil="2027-01-01T00:00:00Z"'
SIGNED_ENTITY = without_declaration(signed(entity(attributes='ID="e1"')))
SIGNED = signed(aggregate(entity(entity_id=OTHER), entity(), attributes='ID="a1"'))


def read(document: str | bytes, wanted: set[str] | None = None) -> list[Entry]:
    raw = document if isinstance(document, bytes) else document.encode()
    return list(Aggregate(io.BytesIO(raw), now=NOW, wanted=wanted))


def kinds(entries: list[Entry]) -> list[str | type[MetadataRefused]]:
    """Return the result of each entity: its entity ID, or the class of its refusal."""
    return [
        one.outcome.entity_id if isinstance(one.outcome, IdpMetadata) else type(one.outcome)
        for one in entries
    ]


def test_every_identity_provider_is_yielded_with_its_metadata_or_its_refusal() -> None:
    hidden = f"<md:Extensions>{entity(entity_id='https://hidden.example')}</md:Extensions>"
    document = aggregate(
        aggregate(entity(hidden + idp_role())),
        entity(sp_role(), entity_id="https://sp.example"),
        entity(idp_role(services=""), entity_id=OTHER),
        entity(entity_id="https://third.example"),
    )
    assert kinds(read(document)) == [ENTITY_ID, refusals.NoSsoUrl, "https://third.example"]
    assert [one.entity_id for one in read(document)] == [ENTITY_ID, OTHER, "https://third.example"]
    outcomes = list(iter_idp_metadata(io.BytesIO(document.encode()), now=NOW))
    assert [type(one) for one in outcomes] == [IdpMetadata, refusals.NoSsoUrl, IdpMetadata]


@pytest.mark.parametrize(
    "document",
    [
        pytest.param(entity(), id="one entity"),
        pytest.param("\ufeff" + entity(), id="a byte order mark"),
        pytest.param(f'<?xml version="1.0" encoding="UTF-8"?>\n{entity()}\n', id="a declaration"),
        pytest.param(f"<!-- by hand -->{entity()}", id="a comment before it"),
        pytest.param(f'\n \n<?xml version="1.0"?>{entity()}', id="blank lines before it"),
        pytest.param(f"<?xml-stylesheet href='a'?>{entity()}<?b?>", id="a stylesheet line"),
        pytest.param(SIGNED_ENTITY, id="an entity with a signature of its own"),
    ],
)
def test_a_stream_and_a_document_give_the_same_metadata(document: str) -> None:
    (entry,) = read(document)
    assert entry.outcome == parse(document)


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("declared", ["", '<?xml version="1.0" encoding="utf-16"?>'])
def test_a_stream_in_utf_16_is_read(encoding: str, declared: str) -> None:
    many = (entity(entity_id=f"https://ü{number}.example") for number in range(200))
    document = declared + aggregate(*many)
    assert kinds(read(document.encode(encoding)))[199] == "https://ü199.example"


def test_a_processing_instruction_inside_an_entity_is_refused_in_a_stream_as_in_a_document() -> (
    None
):
    inside = entity(f"<?cut here?>{idp_role()}", entity_id=OTHER)
    assert isinstance(refusal(inside), refusals.MetadataForbiddenXml)
    between = aggregate(inside, "<?between entities?>", entity())
    assert kinds(read(between)) == [refusals.MetadataForbiddenXml, ENTITY_ID]


@pytest.mark.parametrize(
    "changed",
    [
        pytest.param(("xmldsig-more#rsa-sha256", "xmldsig-more#rsa-md5"), id="a weak algorithm"),
        pytest.param(("X509Certificate>", "X509CRL>"), id="no certificate"),
    ],
)
def test_a_signature_that_nobody_asked_for_is_judged_alike_in_a_stream_and_in_a_document(
    changed: tuple[str, str],
) -> None:
    head, signature, rest = re.split(
        "(<ds:Signature .*</ds:Signature>)", SIGNED_ENTITY, flags=re.DOTALL
    )
    document = head + signature.replace(*changed) + rest
    (entry,) = read(document)
    assert isinstance(entry.outcome, IdpMetadata)
    assert entry.outcome == parse(document)
    assert [note.code for note in entry.outcome.notes] == [NoteCode.SIGNATURE_NOT_VERIFIED]


def test_comments_do_not_cut_values_short() -> None:
    body = key_descriptor().replace("</ds:X509Certificate>", "<!-- x --></ds:X509Certificate>")
    (entry,) = read(entity(idp_role(keys=body.replace("MII", "M<!-- y -->II", 1))))
    assert entry.outcome == parse(entity())


def test_entities_that_are_not_wanted_are_skipped() -> None:
    unreadable = entity(idp_role(keys=key_descriptor(text="junk")), entity_id=OTHER)
    assert kinds(read(aggregate(unreadable, entity()), {ENTITY_ID})) == [ENTITY_ID]


def test_blanks_around_an_entity_id_do_not_matter() -> None:
    assert kinds(read(entity(entity_id=f" {ENTITY_ID} "), {ENTITY_ID})) == [ENTITY_ID]


def test_signatures_of_entities_are_checked() -> None:
    broken = SIGNED_ENTITY.replace("idp.example/sso", "evil.example/sso")
    found = kinds(read(aggregate(broken, SIGNED_ENTITY)))
    assert found == [refusals.MetadataSignatureRefused, ENTITY_ID]


@pytest.mark.parametrize("signature", [True, False])
def test_a_signed_entity_is_held_to_the_bounds_of_a_document(signature: bool) -> None:
    many = " ".join(f'a{number}="b"' for number in range(MAX_ATTRIBUTES + 1))
    document = entity(
        f"<md:Extensions><a {many}/></md:Extensions>{idp_role()}", attributes='ID="e1"'
    )
    if signature:
        document = without_declaration(signed(document))
    expected = refusals.MetadataTooLarge if signature else ENTITY_ID
    assert kinds(read(aggregate(document))) == [expected]


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(aggregate(entity()), False, id="not signed"),
        pytest.param(aggregate(SIGNED_ENTITY), False, id="only an entity is signed"),
        pytest.param(SIGNED, True, id="signed"),
        pytest.param(aggregate(without_declaration(SIGNED)), True, id="a group in it is signed"),
    ],
)
def test_the_aggregate_tells_whether_it_is_signed(document: str, expected: bool) -> None:
    stream = Aggregate(io.BytesIO(document.encode()), now=NOW)
    assert [type(one.outcome) for one in stream] != []
    assert stream.signed is expected
    assert stream.bytes_read == len(document.encode())


@pytest.mark.parametrize(
    ("document", "expected"),
    [
        pytest.param(
            aggregate(aggregate(entity(entity_id=OTHER), attributes=PAST), entity()),
            [refusals.MetadataExpired, ENTITY_ID],
            id="a group that ended concerns its entities only",
        ),
        pytest.param(
            aggregate(entity(attributes=PAST), entity(entity_id=OTHER)),
            [refusals.MetadataExpired, OTHER],
            id="an entity that ended concerns nobody else",
        ),
        pytest.param(
            aggregate(entity(idp_role(attributes=PAST))),
            [refusals.MetadataExpired],
            id="a role that ended",
        ),
        pytest.param(
            aggregate(entity(attributes='validUntil="soon"'), entity(entity_id=OTHER)),
            [MetadataRefused, OTHER],
            id="no date",
        ),
        pytest.param(
            aggregate(entity(idp_role(protocols="urn:oasis:names:tc:SAML:1.1:protocol"))),
            [refusals.NoSaml2Role],
            id="SAML 1.1 only",
        ),
        pytest.param(
            aggregate(entity(idp_role(keys=key_descriptor(expired_pair())))),
            [refusals.CertificatesExpired],
            id="expired certificates",
        ),
        pytest.param(aggregate(entity(entity_id="")), [MetadataRefused], id="no entity ID"),
    ],
)
def test_a_refused_entity_does_not_stop_the_others(
    document: str, expected: list[str | type[MetadataRefused]]
) -> None:
    assert kinds(read(document)) == expected


def test_an_entity_is_valid_no_longer_than_the_aggregates_around_it() -> None:
    later = 'validUntil="2028-01-01T00:00:00Z"'
    (entry,) = read(aggregate(entity(attributes=later), attributes=FUTURE))
    assert isinstance(entry.outcome, IdpMetadata)
    assert entry.outcome.valid_until is not None
    assert entry.outcome.valid_until.year == 2027


@pytest.mark.parametrize(
    ("document", "error"),
    [
        pytest.param("", refusals.MetadataEmpty, id="nothing"),
        pytest.param(entity()[:-5], refusals.MetadataNotXml, id="cut short"),
        pytest.param(entity() + entity(), refusals.MetadataNotXml, id="two roots"),
        pytest.param("<a/>", refusals.NotMetadata, id="something else"),
        pytest.param(f"<a>{entity()}</a>", refusals.NotMetadata, id="metadata inside something"),
        pytest.param("<html><p>Sign in</html>", refusals.NotMetadata, id="a web page"),
        pytest.param("<!DOCTYPE html><p>Sign in", refusals.NotMetadata, id="a web page of today"),
        pytest.param(
            '<!DOCTYPE md [<!ENTITY a "b">]>' + aggregate(entity()),
            refusals.MetadataForbiddenXml,
            id="a DTD",
        ),
        pytest.param(
            " " * (64 * 1024 - 5) + "<!DOCTYPE md>" + aggregate(entity()),
            refusals.MetadataForbiddenXml,
            id="a DTD on the edge of what is read at once",
        ),
        pytest.param(
            ("<!DOCTYPE md>" + aggregate(entity())).encode("utf-16"),
            refusals.MetadataForbiddenXml,
            id="a DTD in UTF-16",
        ),
        pytest.param(
            b"\xff\xfe" + b"<\0" + b"\0\xd8" + b"<\0", refusals.MetadataNotXml, id="not UTF-16"
        ),
        pytest.param(entity() + "\0", refusals.MetadataNotXml, id="a zero byte"),
        pytest.param(
            "https://idp.example/metadata", refusals.MetadataIsAddress, id="its address instead"
        ),
        pytest.param(
            aggregate(entity(entity_id="ü")).encode("latin-1"),
            refusals.MetadataNotXml,
            id="not UTF-8",
        ),
        pytest.param(
            aggregate(entity(), attributes=PAST), refusals.MetadataExpired, id="the whole has ended"
        ),
        pytest.param(
            aggregate("<a/>" * (MAX_ENTITY_BYTES // 4), entity()),
            refusals.MetadataTooLarge,
            id="too much before an entity",
        ),
        pytest.param(
            aggregate(entity("<a/>" * (MAX_ENTITY_BYTES // 4))),
            refusals.MetadataTooLarge,
            id="an entity too large",
        ),
        pytest.param(
            aggregate(entity(idp_role(keys="<a>" * 300 + "</a>" * 300))),
            refusals.MetadataNotXml,
            id="nested too deep for the parser",
        ),
    ],
)
def test_a_bad_stream_is_refused(document: str | bytes, error: type[MetadataRefused]) -> None:
    with pytest.raises(error):
        read(document)


def test_good_entities_come_before_the_refusal_of_the_rest() -> None:
    many = aggregate(*(entity(entity_id=f"https://idp{one}.example/") for one in range(100)))
    stream = iter(Aggregate(io.BytesIO(many[:-200].encode()), now=NOW))
    assert isinstance(next(stream).outcome, IdpMetadata)
    with pytest.raises(refusals.MetadataNotXml):
        list(stream)


# Aggregates that are signed as a whole


def verified(document: str, max_bytes: int = 10**6) -> bytes:
    return verified_aggregate(
        document.encode(), trusted=certificate(), now=NOW, max_bytes=max_bytes
    )


def test_only_the_signed_bytes_of_an_aggregate_are_returned() -> None:
    document = verified(SIGNED)
    assert b"Signature" not in document
    assert kinds(read(document)) == [OTHER, ENTITY_ID]
    chosen = parse_idp_metadata(document, entity_id=ENTITY_ID, now=NOW)
    assert chosen == parse(SIGNED, entity_id=ENTITY_ID, trusted=certificate())


@pytest.mark.parametrize(
    ("document", "error"),
    [
        pytest.param(
            aggregate(entity(), attributes='ID="a1"'), refusals.MetadataNotSigned, id="not signed"
        ),
        pytest.param(
            aggregate(SIGNED_ENTITY), refusals.MetadataNotSigned, id="only an entity is signed"
        ),
        pytest.param(
            aggregate(without_declaration(SIGNED)),
            refusals.MetadataNotSigned,
            id="only a group is signed",
        ),
        pytest.param(
            SIGNED.replace("idp.example/sso", "evil.example/sso"),
            refusals.MetadataSignatureRefused,
            id="changed afterwards",
        ),
        pytest.param(
            SIGNED.replace("</md:EntitiesDescriptor>", entity() + "</md:EntitiesDescriptor>"),
            refusals.MetadataSignatureRefused,
            id="an entity was added",
        ),
        pytest.param(
            signed(aggregate(entity(), attributes='ID="a1"'), key_pair("rsa-2")),
            refusals.MetadataSignatureRefused,
            id="by somebody else, whose certificate is inside",
        ),
        pytest.param("<a/>", refusals.NotMetadata, id="something else"),
        pytest.param("<!DOCTYPE md>" + SIGNED, refusals.MetadataForbiddenXml, id="a DTD"),
    ],
)
def test_an_aggregate_that_the_trusted_key_did_not_sign_is_refused(
    document: str, error: type[MetadataRefused]
) -> None:
    with pytest.raises(error):
        verified(document)


def test_an_expired_trusted_certificate_does_not_verify_an_aggregate() -> None:
    with pytest.raises(refusals.MetadataSignatureRefused):
        verified_aggregate(
            signed(aggregate(entity(), attributes='ID="a1"'), expired_pair()).encode(),
            trusted=load_certificate(expired_pair().certificate),
            now=NOW,
            max_bytes=10**6,
        )


def test_an_aggregate_that_is_too_large_for_memory_is_refused() -> None:
    with pytest.raises(refusals.MetadataTooLarge):
        verified(SIGNED, max_bytes=len(SIGNED) - 1)
