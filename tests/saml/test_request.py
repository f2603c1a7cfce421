from __future__ import annotations

import base64
import re
import zlib
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)
from lxml import etree

from jitprov.exceptions import ConfigurationError
from jitprov.saml.certificates import public_key
from jitprov.saml.request import TRANSIENT, authn_request
from jitprov.saml.signature import SignatureMethod, is_signed, verify_enveloped
from jitprov.saml.signing import load_key_pair, sign_enveloped, sign_query
from jitprov.saml.types import AuthnRequest, Binding, IdpMetadata, KeyPair, ServiceProvider
from jitprov.saml.xml import DS, SAML, SAMLP, parse_trusted
from jitprov.testing.identity_provider import FakeIdentityProvider
from tests.saml.documents import NOW, certificate, key_pair, private_key, schema

SP = ServiceProvider(
    entity_id="https://app.example/saml/acme/metadata/?a=1&b=ü",
    acs_url="https://app.example/saml/acme/acs/",
)
SIGNING = replace(SP, key_pairs=(key_pair(), key_pair("rsa-2")), sign_requests=True)
BY_REDIRECT = IdpMetadata(
    entity_id="https://idp.example/",
    sso_url="https://idp.example/sso?idpid=C02&x=a%2Bb",
    signing_certificates=(),
)
BY_POST = replace(BY_REDIRECT, sso_binding=Binding.POST)
IDPS = pytest.mark.parametrize(
    "idp", [pytest.param(BY_REDIRECT, id="redirect"), pytest.param(BY_POST, id="post")]
)


def query_of(request: AuthnRequest) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(request.url).query, strict_parsing=True))


def message_of(request: AuthnRequest) -> etree._Element:
    """Return the message as an identity provider unpacks it; require that it fits the schema."""
    if request.binding is Binding.REDIRECT:
        packed = base64.b64decode(query_of(request)["SAMLRequest"], validate=True)
        document = zlib.decompress(packed, wbits=-15)
    else:
        document = base64.b64decode(request.fields["SAMLRequest"], validate=True)
    root = parse_trusted(document)
    schema("protocol").assertValid(root)
    return root


# The message


@IDPS
def test_a_plain_request_asks_for_nothing_but_a_sign_in(idp: IdpMetadata) -> None:
    request = authn_request(sp=SP, idp=idp, now=NOW)
    message = message_of(request)
    assert message.tag == f"{{{SAMLP}}}AuthnRequest"
    assert {str(name): value for name, value in message.attrib.items()} == {
        "ID": request.id,
        "Version": "2.0",
        "IssueInstant": "2026-03-02T09:15:00Z",
        "Destination": idp.sso_url,
        "ProtocolBinding": Binding.POST.value,
        "AssertionConsumerServiceURL": SP.acs_url,
    }
    assert message.findtext(f"{{{SAML}}}Issuer") == SP.entity_id
    assert len(message) == 1, "no NameIDPolicy, no RequestedAuthnContext, no Subject, no signature"


@IDPS
def test_every_wish_is_in_the_request(idp: IdpMetadata) -> None:
    message = message_of(
        authn_request(
            sp=SIGNING,
            idp=idp,
            now=NOW,
            force_authn=True,
            name_id_format="urn:oasis:names:tc:SAML:2.0:nameid-format:persistent",
            authn_contexts=["urn:a", "urn:b"],
            login_hint="ann@acme.example",
            relay_state="abc",
        )
    )
    policy = message.find(f"{{{SAMLP}}}NameIDPolicy")
    contexts = message.find(f"{{{SAMLP}}}RequestedAuthnContext")
    assert policy is not None
    assert contexts is not None
    assert message.get("ForceAuthn") == "true"
    assert policy.get("Format") == "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"
    assert policy.get("AllowCreate") == "true"
    assert contexts.get("Comparison") == "exact"
    assert [context.text for context in contexts] == ["urn:a", "urn:b"]
    assert message.find(f"{{{SAML}}}Subject") is None


def test_allow_create_is_absent_for_a_transient_name_id() -> None:
    request = authn_request(sp=SP, idp=BY_POST, now=NOW, name_id_format=TRANSIENT)
    policy = message_of(request).find(f"{{{SAMLP}}}NameIDPolicy")
    assert policy is not None
    assert policy.get("AllowCreate") is None


def test_the_issue_instant_is_in_utc() -> None:
    now = datetime(2026, 3, 2, 10, 15, 0, 999, tzinfo=timezone(timedelta(hours=1)))
    message = message_of(authn_request(sp=SP, idp=BY_POST, now=now))
    assert message.get("IssueInstant") == "2026-03-02T09:15:00Z"


def test_request_ids_are_ncnames_that_nobody_can_guess() -> None:
    ids = {authn_request(sp=SP, idp=BY_REDIRECT, now=NOW).id for _ in range(100)}
    assert len(ids) == 100
    # 40 hexadecimal digits are 160 bits; Entra refuses an ID that begins with a digit.
    assert all(re.fullmatch("id[0-9a-f]{40}", one) for one in ids)


def test_a_request_id_may_be_given() -> None:
    request = authn_request(sp=SP, idp=BY_REDIRECT, now=NOW, request_id="idfixed")
    assert request.id == message_of(request).get("ID") == "idfixed"


@IDPS
def test_the_fake_identity_provider_reads_a_request(idp: IdpMetadata) -> None:
    request = authn_request(sp=SIGNING, idp=idp, now=NOW, relay_state="abc", force_authn=True)
    fake = FakeIdentityProvider(sso_url=idp.sso_url, key_pairs=(key_pair(),))
    found = fake.read_request(request.fields or request.url)
    assert (found.id, found.issuer, found.acs_url) == (request.id, SP.entity_id, SP.acs_url)
    assert found.relay_state == "abc"


# The bindings


def test_a_redirect_carries_the_request_in_its_query() -> None:
    request = authn_request(sp=SP, idp=BY_REDIRECT, now=NOW, relay_state="a b&c")
    assert request.url.startswith("https://idp.example/sso?idpid=C02&x=a%2Bb&SAMLRequest=")
    assert query_of(request) | {"SAMLRequest": ""} == {
        "idpid": "C02",
        "x": "a+b",
        "SAMLRequest": "",
        "RelayState": "a b&c",
    }
    assert request.fields == {}


def test_a_form_carries_the_request_in_its_fields() -> None:
    request = authn_request(sp=SP, idp=BY_POST, now=NOW, relay_state='"><script>')
    assert request.url == BY_POST.sso_url
    assert set(request.fields) == {"SAMLRequest", "RelayState"}
    assert request.fields["RelayState"] == '"><script>'


@IDPS
def test_an_empty_relay_state_is_not_sent(idp: IdpMetadata) -> None:
    request = authn_request(sp=SP, idp=idp, now=NOW)
    assert "RelayState" not in request.fields
    assert "RelayState" not in query_of(request)


def test_relay_state_is_bounded_in_bytes() -> None:
    authn_request(sp=SP, idp=BY_POST, now=NOW, relay_state="ü" * 40)
    with pytest.raises(ValueError, match="RelayState"):
        authn_request(sp=SP, idp=BY_POST, now=NOW, relay_state="ü" * 41)


@IDPS
def test_the_login_hint_is_a_parameter_of_the_url(idp: IdpMetadata) -> None:
    request = authn_request(sp=SP, idp=idp, now=NOW, login_hint="ann+x@acme.example&a=b")
    assert query_of(request)["login_hint"] == "ann+x@acme.example&a=b"
    assert message_of(request).get("Destination") == idp.sso_url


def test_parameters_make_a_query_and_a_fragment_is_removed() -> None:
    idp = replace(BY_REDIRECT, sso_url="https://idp.example/sso#top")
    request = authn_request(sp=SP, idp=idp, now=NOW)
    assert request.url.startswith("https://idp.example/sso?SAMLRequest=")
    assert "#" not in request.url


# Signatures


def test_the_signature_of_a_form_stands_after_the_issuer() -> None:
    message = message_of(authn_request(sp=SIGNING, idp=BY_POST, now=NOW))
    assert [child.tag for child in message] == [f"{{{SAML}}}Issuer", f"{{{DS}}}Signature"]
    assert verify_enveloped(message, [certificate()], now=NOW).get("ID") == message.get("ID")


def verify_query(query: str, kind: str) -> str:
    """Verify a signed query as saml-bindings-2.0 §3.4.4.1 demands, and return the signed text."""
    signed, _, signature = query.partition("&Signature=")
    method = SignatureMethod(unquote(signed.rpartition("&SigAlg=")[2]))
    key = public_key(certificate(kind).pem)
    assert method.fits(key)
    assert method.verifies(key, base64.b64decode(unquote(signature)), signed.encode())
    return signed


@pytest.mark.parametrize(("kind", "method"), [("rsa", "rsa-sha256"), ("ec", "ecdsa-sha256")])
def test_the_signature_of_a_redirect_covers_the_bytes_that_are_sent(kind: str, method: str) -> None:
    sp = replace(SIGNING, key_pairs=(key_pair(kind),))
    request = authn_request(
        sp=sp, idp=BY_REDIRECT, now=NOW, relay_state="a b", login_hint="ann@acme.example"
    )
    query = urlsplit(request.url).query
    signed = verify_query(query[query.index("SAMLRequest=") :], kind)
    assert list(parse_qs(signed)) == ["SAMLRequest", "RelayState", "SigAlg"]
    assert parse_qs(signed)["SigAlg"][0].endswith(f"#{method}")
    assert query.startswith("idpid=C02&x=a%2Bb&login_hint="), "neither of which is signed"
    assert not is_signed(message_of(request)), "the message itself must not be"


def test_an_elliptic_curve_key_signs_a_form() -> None:
    sp = replace(SIGNING, key_pairs=(key_pair("ec"),))
    message = message_of(authn_request(sp=sp, idp=BY_POST, now=NOW))
    assert isinstance(public_key(certificate("ec").pem), EllipticCurvePublicKey)
    assert verify_enveloped(message, [certificate("ec")], now=NOW) is not None


def test_a_request_is_signed_where_the_identity_provider_wants_it() -> None:
    idp = replace(BY_POST, want_authn_requests_signed=True)
    with_key = replace(SIGNING, sign_requests=False)
    assert is_signed(message_of(authn_request(sp=with_key, idp=idp, now=NOW)))
    assert not is_signed(message_of(authn_request(sp=with_key, idp=BY_POST, now=NOW)))
    assert not is_signed(message_of(authn_request(sp=SP, idp=idp, now=NOW))), "no key, no signature"


@IDPS
def test_signing_without_a_key_is_a_configuration_error(idp: IdpMetadata) -> None:
    sp = replace(SP, sign_requests=True)
    with pytest.raises(ConfigurationError, match="no key pair"):
        authn_request(sp=sp, idp=idp, now=NOW)


def encrypted_key() -> str:
    pem = private_key("rsa").private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"secret")
    )
    return pem.decode()


@pytest.mark.parametrize(
    ("pair", "words"),
    [
        pytest.param(
            replace(key_pair(), private_key="no key"), "can not be read", id="not a private key"
        ),
        pytest.param(
            replace(key_pair(), private_key=encrypted_key()),
            "not encrypted",
            id="an encrypted private key",
        ),
        pytest.param(key_pair("ed25519"), "neither RSA nor", id="a key of another kind"),
        pytest.param(
            replace(key_pair(), certificate="no certificate"),
            "can not be used: not an X.509",
            id="not a certificate",
        ),
        pytest.param(key_pair("rsa-1024"), "1024 bits", id="a weak key"),
        pytest.param(
            replace(key_pair(), certificate=key_pair("rsa-2").certificate),
            "belongs to another key",
            id="the certificate of another key",
        ),
    ],
)
def test_an_unusable_key_pair_is_a_configuration_error(pair: KeyPair, words: str) -> None:
    with pytest.raises(ConfigurationError, match=words) as caught:
        load_key_pair(pair)
    assert "PRIVATE KEY" not in repr(caught.value)
    with pytest.raises(ConfigurationError):
        sign_query("SAMLRequest=a", pair)


def test_signing_does_not_change_the_given_element() -> None:
    element = parse_trusted(b'<a ID="x"><b/></a>')
    assert is_signed(parse_trusted(sign_enveloped(element, key_pair())))
    assert etree.tostring(element) == b'<a ID="x"><b/></a>'
