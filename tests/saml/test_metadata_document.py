from __future__ import annotations

import json

import pytest

from jitprov.saml import metadata_refusals as refusals
from jitprov.saml.metadata import MetadataRefused
from tests.saml.documents import ENTITY_ID, entity, key_pair, parse, refusal, signed

DECLARED = '<?xml version="1.0" encoding="utf-16"?>'
PAIR = key_pair()


@pytest.mark.parametrize(
    "document",
    [
        pytest.param((DECLARED + entity()).encode("utf-16"), id="UTF-16, as PowerShell writes it"),
        pytest.param((DECLARED + entity()).encode("utf-16-be"), id="UTF-16 without its mark"),
        pytest.param((DECLARED + entity()).encode("utf-16-le"), id="the other UTF-16 without it"),
        pytest.param(DECLARED + entity(), id="UTF-8 that says it were UTF-16, as pasted text does"),
        pytest.param("\ufeff\r\n" + entity(), id="a byte order mark and a blank line"),
        pytest.param('\n\n<?xml version="1.0"?>\n' + entity(), id="blank lines before it"),
        pytest.param(
            '<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="m.xsl"?>' + entity(),
            id="a stylesheet line",
        ),
        pytest.param(entity() + "<?editor fold?>", id="an instruction after it"),
    ],
)
def test_harmless_oddities_of_files_are_read(document: str | bytes) -> None:
    assert parse(document).entity_id == ENTITY_ID


@pytest.mark.parametrize(
    ("document", "error", "words"),
    [
        pytest.param(b"", refusals.MetadataEmpty, "is empty", id="nothing"),
        pytest.param(" \n\ufeff".strip(), refusals.MetadataEmpty, "is empty", id="only blanks"),
        pytest.param(
            "https://login.example/metadata.xml",
            refusals.MetadataIsAddress,
            "an address",
            id="its address",
        ),
        pytest.param(
            PAIR.certificate, refusals.MetadataIsCertificate, "a certificate", id="a certificate"
        ),
        pytest.param(
            PAIR.private_key, refusals.MetadataIsCertificate, "or a key", id="somebody's key"
        ),
        pytest.param(
            json.dumps({"issuer": ENTITY_ID}), refusals.MetadataIsJson, "OpenID", id="JSON"
        ),
        pytest.param(
            "This XML file does not appear to have any style information.\n" + entity(),
            refusals.TextBeforeMetadata,
            "Save the document",
            id="the view of a browser",
        ),
        pytest.param(
            "- " + entity(), refusals.TextBeforeMetadata, "Save", id="the view of an old browser"
        ),
        pytest.param(
            "\ufeff\n<!DOCTYPE HTML><p>Sign in", refusals.NotMetadata, "web page", id="a web page"
        ),
        pytest.param("good morning", refusals.MetadataNotXml, "well-formed", id="anything else"),
        pytest.param(
            "\ufeff".encode("utf-16") + b"<", refusals.MetadataNotXml, "not UTF-16", id="half of it"
        ),
        pytest.param(entity(entity_id="ü").encode("latin-1"), refusals.MetadataNotXml, "not UTF-8", id="Latin 1"),
        pytest.param(
            ("<!DOCTYPE md>" + entity()).encode("utf-16"),
            refusals.MetadataForbiddenXml,
            "document type",
            id="a DTD that hides in UTF-16",
        ),
    ],
)  # fmt: skip
def test_a_mistake_of_whoever_gives_the_document_is_named(
    document: str | bytes, error: type[MetadataRefused], words: str
) -> None:
    found = refusal(document)
    assert type(found) is error
    assert words in str(found)


def test_a_key_that_was_given_by_mistake_is_not_shown() -> None:
    assert PAIR.private_key.splitlines()[1] not in str(refusal(PAIR.private_key))


def test_a_stylesheet_line_does_not_hide_a_change() -> None:
    document = (
        "<?xml-stylesheet href='a'?>" + signed(entity(attributes='ID="e1"')).partition("?>")[2]
    )
    assert parse(document).notes == ()
    changed = refusal(document.replace("idp.example/sso", "evil.example/sso"))
    assert type(changed) is refusals.MetadataSignatureRefused
