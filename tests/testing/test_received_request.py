"""Requests as the fake identity provider reads them."""

from __future__ import annotations

import base64
import zlib
from urllib.parse import urlencode

import pytest
from onelogin.saml2.authn_request import OneLogin_Saml2_Authn_Request
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from jitprov.saml.types import Binding
from jitprov.testing import (
    RequestNotUnderstood,
)
from tests.testing.fake_responses import (
    ACS_URL,
    NOON,
    SP_ENTITY_ID,
    SP_KEYS,
    found,
    idp,
    toolkit_settings,
)

# python3-saml reads the clock with a function of which Python 3.12 and later warn.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning")


def request_by_redirect(**security: bool) -> str:
    authn_request = OneLogin_Saml2_Authn_Request(toolkit_settings(**security), force_authn=True)
    query = urlencode({"SAMLRequest": authn_request.get_request(), "RelayState": "opaque"})
    return f"{idp.sso_url}?{query}&login_hint=ann%40acme.example"


def test_a_request_of_python3_saml_is_read() -> None:
    request = idp.read_request(request_by_redirect(requestedAuthnContext=True))

    assert request.id.startswith("ONELOGIN_")
    assert request.issuer == SP_ENTITY_ID
    assert request.acs_url == ACS_URL
    assert request.destination == idp.sso_url
    assert request.binding is Binding.REDIRECT
    assert (request.relay_state, request.login_hint) == ("opaque", "ann@acme.example")
    assert (request.force_authn, request.is_passive, request.signed) == (True, False, False)
    assert request.name_id_format.endswith(":unspecified")
    assert [each.rpartition(":")[2] for each in request.authn_contexts] == [
        "PasswordProtectedTransport"
    ]


def test_a_request_by_form_is_read() -> None:
    xml = OneLogin_Saml2_Authn_Request(toolkit_settings()).get_xml()
    signed = OneLogin_Saml2_Utils.add_sign(xml, SP_KEYS.private_key, SP_KEYS.certificate)

    request = idp.read_request({"SAMLRequest": base64.b64encode(signed).decode()})

    assert request.binding is Binding.POST
    assert request.signed
    assert request.relay_state == ""


def test_a_signature_in_the_query_is_noticed() -> None:
    assert idp.read_request(f"{request_by_redirect()}&SigAlg=x&Signature=y").signed


def test_a_response_is_addressed_to_the_sender_of_the_request() -> None:
    request = idp.read_request(request_by_redirect())
    response = idp.answer(request, now=NOON)

    assert found(response, "//@InResponseTo") == [request.id, request.id]
    assert found(response, "//saml:Audience/text()") == [request.issuer]
    assert found(response, "//@Destination") == [ACS_URL]
    assert response.form["RelayState"] == "opaque"
    # The request has ForceAuthn.
    assert found(response, "//@AuthnInstant") == ["2026-03-02T12:00:00.482Z"]


GOOD = '<p:AuthnRequest xmlns:p="urn:oasis:names:tc:SAML:2.0:protocol" {}>{}</p:AuthnRequest>'
ATTRIBUTES = 'ID="i1" Version="2.0" IssueInstant="2026-03-02T12:00:00Z"'
ISSUER = '<Issuer xmlns="urn:oasis:names:tc:SAML:2.0:assertion">https://app.example/</Issuer>'


@pytest.mark.parametrize(
    ("xml", "problem"),
    [
        pytest.param("no", "not XML", id="something else than XML"),
        pytest.param("<a/>", "not an AuthnRequest", id="another document"),
        pytest.param(
            GOOD.format(ATTRIBUTES.replace("2.0", "1.1"), ISSUER),
            "not an AuthnRequest",
            id="SAML 1",
        ),
        pytest.param(
            GOOD.format(ATTRIBUTES.replace("i1", "1"), ISSUER), "NCName", id="an ID led by a digit"
        ),
        pytest.param(
            GOOD.format(ATTRIBUTES.replace("IssueInstant", "Not"), ISSUER),
            "IssueInstant",
            id="no time",
        ),
        pytest.param(GOOD.format(ATTRIBUTES, ""), "no Issuer", id="nobody asks"),
    ],
)
def test_a_request_is_refused(xml: str, problem: str) -> None:
    with pytest.raises(RequestNotUnderstood, match=problem):
        idp.read_request({"SAMLRequest": base64.b64encode(xml.encode()).decode()})


@pytest.mark.parametrize(
    ("parameters", "problem"),
    [
        pytest.param({}, "no SAMLRequest", id="no message"),
        pytest.param({"SAMLRequest": "%"}, "not base64", id="not base64"),
        pytest.param({"SAMLRequest": "YWJj"}, "not raw DEFLATE", id="not compressed"),
        pytest.param(
            {"SAMLRequest": base64.b64encode(zlib.compress(b"<a/>")).decode()},
            "not raw DEFLATE",
            id="compressed with a header",
        ),
    ],
)
def test_a_redirect_is_refused(parameters: dict[str, str], problem: str) -> None:
    with pytest.raises(RequestNotUnderstood, match=problem):
        idp.read_request(f"{idp.sso_url}?{urlencode(parameters)}")


def test_a_request_without_an_acs_url_is_answered_at_the_given_one() -> None:
    xml = GOOD.format(ATTRIBUTES, ISSUER)
    request = idp.read_request({"SAMLRequest": base64.b64encode(xml.encode()).decode()})

    assert idp.answer(request, acs_url=ACS_URL).acs_url == ACS_URL
