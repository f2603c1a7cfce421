"""Responses of real identity providers are judged at their own time and with their own certificates."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta

import pytest
from lxml import etree

from jitprov.exceptions import JitprovError
from jitprov.saml.certificates import load_certificate
from jitprov.saml.response import Expectation, verify_response
from jitprov.saml.signature import verify_enveloped
from jitprov.saml.types import IdpMetadata, ServiceProvider
from jitprov.saml.xml import MESSAGE_LIMITS, parse
from tests.saml import real_data

pytestmark = real_data.needs_real_data

DS = "{http://www.w3.org/2000/09/xmldsig#}"


@dataclass(frozen=True, kw_only=True)
class Captured:
    """A captured response, with the configuration of its service provider."""

    file: str
    issuer: str
    sp: str
    tenant: str
    request_id: str
    now: datetime
    certificate: str

    def expectation(self) -> Expectation:
        pem = real_data.response_certificate(self.certificate)
        sp = ServiceProvider(
            entity_id=f"https://{self.sp}/session/sso/saml/spentityid/{self.tenant}",
            acs_url=f"https://{self.sp}/session/sso/saml/acs/{self.tenant}",
        )
        idp = IdpMetadata(
            entity_id=self.issuer,
            sso_url="https://idp.example/sso",
            signing_certificates=(load_certificate(pem),),
        )
        return Expectation(
            sp=sp, idp=idp, pending={self.request_id: None}, now=self.now, clock_skew=timedelta(0)
        )

    def encoded(self) -> str:
        return real_data.response(self.file).decode()


AD_FS = Captured(
    file="adfs-signed.b64",
    issuer="http://fs.spstest2.com/adfs/services/trust",
    sp="saml.test.nope",
    tenant="dknhyszjl7",
    request_id="_5988bf45-1cc8-4228-b3e8-1aa8590e63d3",
    now=datetime(2017, 9, 21, 23, 27, 7, tzinfo=UTC),
    certificate="adfs-idp.pem",
)
PING_RESPONSE_SIGNED = Captured(
    file="ping-01.b64",
    issuer="https://saml.test.nope:9031/eid/sxpmrhbkzn",
    sp="saml.test.nope",
    tenant="hp24dqnpvq",
    request_id="_27242a27-9aea-40d6-b603-c1d6daa198d4",
    now=datetime(2017, 9, 2, 0, 12, 7, tzinfo=UTC),
    certificate="ping-idp.pem",
)
PING_ASSERTION_SIGNED = replace(
    PING_RESPONSE_SIGNED,
    file="ping-02.b64",
    request_id="_315ab173-992a-4c1b-b99a-faccfd8ecea0",
    now=datetime(2017, 9, 2, 23, 50, 9, tzinfo=UTC),
)
ONELOGIN = Captured(
    file="onelogin-03.b64",
    issuer="https://saml.idp.nope/h9gkjzvb3e",
    sp="saml.sp.nope",
    tenant="rq5jwkvb8z",
    request_id="id-531b2bf02ae0a588c30234163adbfd9d6bbf0747",
    now=datetime(2017, 8, 30, 23, 14, 42, tzinfo=UTC),
    certificate="onelogin-idp.pem",
)
ONELOGIN_ALTERED = replace(ONELOGIN, file="onelogin-11.b64")


@pytest.mark.parametrize(
    ("captured", "name_id"),
    [
        pytest.param(AD_FS, "paul@spstest2.com", id="AD FS"),
        pytest.param(PING_RESPONSE_SIGNED, "firstlast@saml.test.nope", id="PingFederate, Response"),
        pytest.param(
            PING_ASSERTION_SIGNED, "firstlast@saml.test.nope", id="PingFederate, Assertion"
        ),
    ],
)
def test_a_good_real_response_is_accepted_at_its_own_time(captured: Captured, name_id: str) -> None:
    verified = verify_response(captured.encoded(), captured.expectation())
    assert verified.name_id is not None
    assert verified.name_id.value == name_id


@pytest.mark.parametrize(
    ("captured", "code"),
    [
        pytest.param(ONELOGIN, "algorithm_not_allowed", id="OneLogin signed with SHA-1"),
        pytest.param(ONELOGIN_ALTERED, "algorithm_not_allowed", id="and so is its altered copy"),
        pytest.param(
            replace(AD_FS, now=AD_FS.now + timedelta(hours=2)), "expired", id="AD FS, too late"
        ),
        pytest.param(
            replace(AD_FS, now=AD_FS.now + timedelta(days=365)),
            "certificate_expired",
            id="AD FS, after its certificate ended",
        ),
        pytest.param(
            replace(AD_FS, certificate="ping-idp.pem"),
            "signature_invalid",
            id="AD FS, with somebody else's certificate",
        ),
        pytest.param(
            replace(PING_RESPONSE_SIGNED, tenant="another"),
            "destination_mismatch",
            id="PingFederate, at another tenant's ACS",
        ),
        pytest.param(
            replace(PING_ASSERTION_SIGNED, request_id="another"),
            "request_unknown",
            id="PingFederate, in another browser",
        ),
    ],
)
def test_a_bad_real_response_is_refused_for_its_own_reason(captured: Captured, code: str) -> None:
    with pytest.raises(JitprovError) as caught:
        verify_response(captured.encoded(), captured.expectation())
    assert caught.value.code == code


# Bare assertions of Azure AD: no Response, so only the first verifier's signature check applies.

AZURE_TIME = datetime(2017, 3, 20, 16, 0, tzinfo=UTC)


def azure_certificates() -> list[str]:
    root = etree.fromstring(real_data.metadata("aad-common-2018.xml"))
    embedded = etree.fromstring(real_data.response("aad-saml2token_valid.xml"))
    return [
        element.text or ""
        for document in (root, embedded)
        for element in document.iter(f"{DS}X509Certificate")
    ]


def azure_assertion(name: str) -> etree._Element:
    return verify_enveloped(
        parse(real_data.response(name), MESSAGE_LIMITS),
        [load_certificate(text) for text in azure_certificates()],
        now=AZURE_TIME,
    )


def test_an_assertion_of_azure_ad_is_verified() -> None:
    assertion = azure_assertion("aad-saml2token_valid.xml")
    assert assertion.get("ID")


@pytest.mark.parametrize(
    ("what", "code"),
    [
        # The attribute is the assertion's ID, so that the reference names nothing any more.
        ("attribute", "signature_malformed"),
        ("digest", "signature_invalid"),
        ("signature", "signature_invalid"),
    ],
)
def test_an_altered_assertion_of_azure_ad_is_refused(what: str, code: str) -> None:
    with pytest.raises(JitprovError) as caught:
        azure_assertion(f"aad-saml2token_{what}tampered.xml")
    assert caught.value.code == code


def test_an_assertion_of_azure_ad_that_was_indented_after_signing_is_refused() -> None:
    with pytest.raises(JitprovError) as caught:
        azure_assertion("aad-assertion-2017.xml")
    assert caught.value.code == "signature_invalid"


def test_an_assertion_without_a_response_is_refused() -> None:
    encoded = base64.b64encode(real_data.response("aad-saml2token_valid.xml")).decode()
    with pytest.raises(JitprovError) as caught:
        verify_response(encoded, AD_FS.expectation())
    assert caught.value.code == "not_a_response"
