"""The fake identity provider, judged by python3-saml and its schemas, not by the verifier that it is made for."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import xmlsec
from lxml import etree
from onelogin import saml2
from onelogin.saml2.errors import OneLogin_Saml2_ValidationError
from onelogin.saml2.idp_metadata_parser import OneLogin_Saml2_IdPMetadataParser
from onelogin.saml2.response import OneLogin_Saml2_Response
from onelogin.saml2.utils import OneLogin_Saml2_Utils

from jitprov.saml.types import Binding
from jitprov.testing import (
    ANN,
    COMMON_PREFIXES,
    ENTRA_PREFIXES,
    PYSAML2_PREFIXES,
    DataEncryption,
    DigestAlgorithm,
    FakeIdentityProvider,
    FakeResponse,
    KeyTransport,
    Knobs,
    Prefixes,
    SignatureAlgorithm,
    certificate_of,
    ec_key_pair,
    rsa_key_pair,
)
from jitprov.testing.keys import certificate_body
from jitprov.testing.person import (
    EMAIL_CLAIM,
    GROUPS_CLAIM,
    OBJECT_ID_CLAIM,
)
from tests.testing.fake_responses import (
    NOON,
    REQUEST_ID,
    SP_KEYS,
    STRANGER,
    found,
    idp,
    respond,
    toolkit_settings,
)

# python3-saml reads the clock with a function of which Python 3.12 and later warn.
pytestmark = pytest.mark.filterwarnings("ignore:datetime.datetime.utc:DeprecationWarning")


def judge(response: FakeResponse, **security: bool) -> Any:
    """Return what python3-saml read, or raise its error."""
    reading = OneLogin_Saml2_Response(toolkit_settings(**security), response.encoded)
    posted = {"https": "on", "http_host": "app.example", "script_name": "/saml/acme/acs/"}
    reading.is_valid(posted, REQUEST_ID, raise_exceptions=True)
    return reading


@pytest.mark.parametrize(
    "knobs",
    [
        pytest.param({}, id="as Entra sends it"),
        pytest.param({"sign": "response"}, id="only the response signed"),
        pytest.param({"sign": "both"}, id="response and assertion signed"),
        pytest.param({"prefixes": COMMON_PREFIXES}, id="with the usual prefixes"),
        pytest.param({"prefixes": PYSAML2_PREFIXES}, id="with pysaml2's prefixes"),
        pytest.param({"prefixes": PYSAML2_PREFIXES, "sign": "both"}, id="these, signed twice"),
        pytest.param({"indent": True, "sign": "both"}, id="indented"),
        pytest.param({"comments": True}, id="a comment in every value"),
        pytest.param({"fraction_digits": 7}, id="ticks of 100 nanoseconds"),
        pytest.param({"attribute_statements": 3}, id="three attribute statements"),
        pytest.param({"attribute_per_value": True}, id="an Attribute for every group"),
        pytest.param({"attribute_type": "xs:string"}, id="typed values"),
        pytest.param({"authn_statements": 1, "one_time_use": True}, id="for one use"),
        pytest.param({"key_info_certificate": None}, id="no KeyInfo"),
        *(
            pytest.param({"signature_algorithm": algorithm}, id=f"signed with {algorithm.name}")
            for algorithm in SignatureAlgorithm
            if algorithm.name in {"RSA_SHA256", "RSA_SHA384", "RSA_SHA512"}
        ),
        *(
            pytest.param({"digest_algorithm": algorithm}, id=f"digested with {algorithm.name}")
            for algorithm in DigestAlgorithm
            if algorithm is not DigestAlgorithm.SHA1
        ),
    ],
)
def test_python3_saml_accepts_a_response(knobs: Knobs) -> None:
    reading = judge(respond(now=datetime.now(UTC), **knobs), wantAttributeStatement=True)

    assert reading.get_nameid() == ANN.upn
    assert reading.get_attributes()[OBJECT_ID_CLAIM] == [ANN.object_id]
    assert sorted(reading.get_attributes()[GROUPS_CLAIM]) == sorted(ANN.groups)


@pytest.mark.parametrize(
    "transport",
    [KeyTransport.RSA_OAEP_MGF1P, KeyTransport.RSA_1_5],
    ids=lambda each: f"key by {each.name}",
)
@pytest.mark.parametrize("method", DataEncryption, ids=lambda each: f"data by {each.name}")
def test_python3_saml_decrypts_every_algorithm(
    method: DataEncryption, transport: KeyTransport
) -> None:
    encrypted = respond(
        now=datetime.now(UTC),
        encrypt_for=SP_KEYS.certificate,
        data_encryption=method,
        key_transport=transport,
    )

    assert not found(encrypted, "//saml:Assertion")
    assert judge(encrypted, wantAssertionsEncrypted=True).get_nameid() == ANN.upn


def test_a_key_encrypted_with_the_newer_oaep_can_be_decrypted() -> None:
    """python3-saml would refuse its MGF element only because it validates by the schema of XML Encryption 1.0."""
    encrypted = respond(
        encrypt_for=SP_KEYS.certificate, key_transport=KeyTransport.RSA_OAEP, sign="both"
    )
    [data] = found(encrypted, "//xenc:EncryptedData")

    opened = OneLogin_Saml2_Utils.decrypt_element(data, SP_KEYS.private_key)

    assert etree.QName(opened).localname == "Assertion"
    assert opened.findtext(".//{*}NameID") == ANN.upn


@pytest.mark.parametrize("sign", ["assertion", "response", "both"])
@pytest.mark.parametrize("prefixes", [ENTRA_PREFIXES, COMMON_PREFIXES], ids=["Entra's", "usual"])
@pytest.mark.parametrize("beside", [False, True], ids=["key inside", "key beside"])
def test_python3_saml_decrypts_with_every_signature_and_prefix(
    sign: Any, prefixes: Prefixes, beside: bool
) -> None:
    encrypted = respond(
        now=datetime.now(UTC),
        encrypt_for=SP_KEYS.certificate,
        sign=sign,
        prefixes=prefixes,
        retrieval_method=beside,
        attribute_type="xs:string",
    )

    assert judge(encrypted).get_attributes()[EMAIL_CLAIM] == [ANN.email]


def test_an_assertion_signed_with_an_elliptic_curve_key_verifies() -> None:
    keys = ec_key_pair("elliptic")
    response = respond(signing_key_pair=keys)

    [method] = found(response, "//ds:SignatureMethod/@Algorithm")
    assert method == SignatureAlgorithm.ECDSA_SHA256
    assert OneLogin_Saml2_Utils.validate_sign(
        response.xml, cert=keys.certificate, xpath="//saml:Assertion/ds:Signature"
    )


@pytest.mark.parametrize(
    ("knobs", "reason"),
    [
        pytest.param({"sign": None}, "No Signature found", id="nothing is signed"),
        pytest.param(
            {"signing_key_pair": STRANGER}, "Signature validation failed", id="somebody else signed"
        ),
        pytest.param(
            {"signing_key_pair": STRANGER, "key_info_certificate": idp.key_pairs[0].certificate},
            "Signature validation failed",
            id="somebody else signed and shows our certificate",
        ),
        pytest.param(
            {"signature_algorithm": SignatureAlgorithm.RSA_SHA1},
            "Deprecated signature algorithm",
            id="signed with RSA-SHA1",
        ),
        pytest.param(
            {"digest_algorithm": DigestAlgorithm.SHA1},
            "Deprecated digest algorithm",
            id="digested with SHA-1",
        ),
        pytest.param(
            {"status": "urn:oasis:names:tc:SAML:2.0:status:Responder", "with_assertion": True},
            "was not Success, was Responder",
            id="no success",
        ),
        pytest.param(
            {"in_response_to": "id-of-another"},
            "The InResponseTo of the Response: id-of-another",
            id="the answer to another request",
        ),
        pytest.param(
            {"audience": "https://other.example/"},
            "is not a valid audience",
            id="for another service provider",
        ),
        pytest.param(
            {"recipient": "https://other.example/"},
            "A valid SubjectConfirmation was not found",
            id="to be delivered elsewhere",
        ),
        pytest.param(
            {"destination": "https://other.example/"},
            "instead of https://other.example/",
            id="destined elsewhere",
        ),
        pytest.param(
            {"assertion_issuer": "https://other.example/"},
            "Invalid issuer",
            id="by another authority",
        ),
        pytest.param({"now": NOON - timedelta(days=1000)}, "expired", id="long over"),
        pytest.param({"conditions": False}, "must include a Conditions", id="without Conditions"),
        pytest.param(
            {"authn_statements": 0}, "must include an AuthnStatement", id="without AuthnStatement"
        ),
        pytest.param(
            {"confirmation_method": None},
            "A valid SubjectConfirmation was not found",
            id="without SubjectConfirmation",
        ),
    ],
)
def test_python3_saml_refuses_an_altered_response(knobs: Knobs, reason: str) -> None:
    altered: Knobs = {"now": datetime.now(UTC), **knobs}
    response = respond(**altered)

    with pytest.raises(OneLogin_Saml2_ValidationError, match=reason):
        judge(response)


def test_another_key_cannot_decrypt() -> None:
    response = respond(now=datetime.now(UTC), encrypt_for=STRANGER.certificate)

    with pytest.raises(xmlsec.Error, match="failed to decrypt"):
        judge(response)


@pytest.mark.parametrize("hook", ["mutate_after_signing", "mutate_before_encrypting"])
def test_a_value_that_is_changed_after_signing_breaks_the_signature(hook: str) -> None:
    def promote(response: etree._Element) -> None:
        name_id = next(response.iter("{*}NameID"))
        name_id.text = "admin@acme.example"

    response = respond(now=datetime.now(UTC), **{hook: promote})

    with pytest.raises(OneLogin_Saml2_ValidationError, match="Signature validation failed"):
        judge(response)


def test_a_value_that_is_changed_before_signing_is_signed() -> None:
    def rename(response: etree._Element) -> None:
        next(response.iter("{*}NameID")).text = "other@acme.example"

    reading = judge(respond(now=datetime.now(UTC), mutate_before_signing=rename))

    assert reading.get_nameid() == "other@acme.example"


def test_pysaml2s_prefixes_are_in_the_bytes_that_were_encrypted() -> None:
    """python3-saml 1.16.0 breaks this case, so that the plaintext is checked instead."""
    decrypted: list[bytes] = []

    def keep(response: etree._Element) -> None:
        [assertion] = response.findall("{*}Assertion")
        decrypted.append(etree.tostring(assertion))

    response = respond(
        encrypt_for=SP_KEYS.certificate,
        prefixes=PYSAML2_PREFIXES,
        mutate_before_encrypting=keep,
    )

    assert decrypted[0].startswith(b'<ns0:Assertion xmlns:ns0="urn:oasis:names:tc:SAML:2.0:assert')
    assert "<ns1:EncryptedAssertion>" in response.xml
    assert OneLogin_Saml2_Utils.validate_sign(
        decrypted[0], cert=idp.key_pairs[0].certificate, xpath="/saml:Assertion/ds:Signature"
    )


# Metadata


def test_python3_saml_reads_the_metadata() -> None:
    rolling = FakeIdentityProvider(key_pairs=[rsa_key_pair("now"), rsa_key_pair("next")])

    read = OneLogin_Saml2_IdPMetadataParser.parse(rolling.metadata_xml())["idp"]

    assert read["entityId"] == rolling.entity_id
    assert read["singleSignOnService"]["url"] == rolling.sso_url
    assert read["singleLogoutService"]["url"] == rolling.slo_url
    assert read["x509certMulti"]["signing"] == [
        certificate_body(pair.certificate) for pair in rolling.key_pairs
    ]


def test_the_metadata_is_valid_by_its_schema() -> None:
    root = etree.fromstring(idp.metadata_xml())
    # Their types are of WS-Federation, which SAML's schema does not know; real documents fail alike.
    for role in root.findall("{*}RoleDescriptor"):
        root.remove(role)
    folder = Path(saml2.__file__).parent / "schemas"
    schema = etree.XMLSchema(etree.parse(folder / "saml-schema-metadata-2.0.xsd"))

    schema.assertValid(etree.fromstring(etree.tostring(root)))


def test_the_metadata_is_signed_and_has_entras_other_roles() -> None:
    document = idp.metadata_xml()

    assert OneLogin_Saml2_Utils.validate_metadata_sign(document, idp.key_pairs[0].certificate)
    root = etree.fromstring(document)
    assert [child.localname for child in map(etree.QName, root)] == [
        "Signature",
        "RoleDescriptor",
        "RoleDescriptor",
        "IDPSSODescriptor",
    ]


@pytest.mark.parametrize(
    ("binding", "offered"),
    [
        pytest.param(Binding.REDIRECT, list(Binding), id="Entra takes requests by both bindings"),
        pytest.param(Binding.POST, [Binding.POST], id="Google takes them by a form only"),
    ],
)
def test_the_metadata_offers_the_bindings(binding: Binding, offered: list[Binding]) -> None:
    root = etree.fromstring(FakeIdentityProvider(sso_binding=binding).metadata_xml())

    assert [each.get("Binding") for each in root.iter("{*}SingleSignOnService")] == offered


def test_another_tenant_id_gives_another_entity_id_and_key() -> None:
    other = FakeIdentityProvider(tenant_id="0f0e0d0c-1111-4222-8333-444455556666")

    assert other.idp_metadata().entity_id == f"https://sts.windows.net/{other.tenant_id}/"
    assert other.key_pairs != idp.key_pairs


def test_an_identity_provider_can_have_other_values_than_entras() -> None:
    okta = FakeIdentityProvider(
        entity_id="http://www.okta.com/exk1", sso_url="https://acme.okta.com/app/exk1/sso/saml"
    )

    assert 'entityID="http://www.okta.com/exk1"' in okta.metadata_xml()
    assert okta.idp_metadata().sso_url == "https://acme.okta.com/app/exk1/sso/saml"


# Keys


def test_the_same_name_gives_the_same_key() -> None:
    assert rsa_key_pair("a") == rsa_key_pair("a")
    assert rsa_key_pair("a") != rsa_key_pair("b")
    assert ec_key_pair("a") == ec_key_pair("a")


def test_a_certificate_can_have_any_validity() -> None:
    short = rsa_key_pair("a", not_after=datetime(2026, 1, 1, tzinfo=UTC))
    certificate = certificate_of(short.certificate)

    assert certificate.not_after == datetime(2026, 1, 1, tzinfo=UTC)
    assert short.private_key == rsa_key_pair("a").private_key
    assert len(certificate.fingerprint) == 64


def test_importing_the_kit_does_not_import_django() -> None:
    code = "import sys, jitprov.testing; sys.exit('django' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
