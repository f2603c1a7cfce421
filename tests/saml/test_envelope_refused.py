"""Bytes that are no response are refused, each for its own reason."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from jitprov.saml.response import Expectation
from tests.saml.mutations import (
    refusal,
)


def encoded(xml: str) -> str:
    return base64.b64encode(xml.encode()).decode()


NO_RESPONSES: list[Any] = [
    pytest.param("", "response_missing", id="nothing"),
    pytest.param("%%%", "response_not_base64", id="not base64"),
    pytest.param("AAA", "response_not_base64", id="half a base64 group"),
    pytest.param("é", "response_not_base64", id="not ASCII"),
    pytest.param(encoded("hello"), "not_xml", id="text"),
    pytest.param(encoded("<a>"), "not_xml", id="an unclosed element"),
    pytest.param(base64.b64encode(b"<a>\xff</a>").decode(), "not_xml", id="not UTF-8"),
    pytest.param(encoded("<a>&b;</a>"), "not_xml", id="an entity that nobody declared"),
    pytest.param(
        encoded('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), "forbidden_xml", id="an entity"
    ),
    pytest.param(encoded("<!DOCTYPE a><a/>"), "forbidden_xml", id="a DTD"),
    pytest.param(encoded("<a><?b c?></a>"), "forbidden_xml", id="a processing instruction"),
    pytest.param(encoded("<?b c?><a/>"), "forbidden_xml", id="one before the root"),
    pytest.param(encoded("<a>" * 25 + "</a>" * 25), "message_too_complex", id="nested too deeply"),
    pytest.param(
        encoded("<a>" + "<b/>" * 20_001 + "</a>"), "message_too_complex", id="too many nodes"
    ),
    pytest.param(
        encoded("<a>" + "b" * 512 * 1024 + "</a>"), "message_too_large", id="too many bytes"
    ),
    pytest.param("A" * 4_000_000, "message_too_large", id="too many characters"),
    pytest.param(encoded("<a/>"), "not_a_response", id="other XML"),
    pytest.param(
        encoded('<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion" Version="2.0" ID="a"/>'),
        "not_a_response",
        id="a bare assertion",
    ),
]


@pytest.mark.parametrize(("saml_response", "code"), NO_RESPONSES)
def test_bytes_that_are_no_response_are_refused(
    expect: Expectation, saml_response: str, code: str
) -> None:
    assert refusal(saml_response, expect) == (code, False)
