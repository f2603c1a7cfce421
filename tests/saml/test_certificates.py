from __future__ import annotations

import base64
import textwrap

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from jitprov.saml.certificates import (
    MAX_CERTIFICATE_LENGTH,
    CertificateUnusable,
    load_certificate,
    public_key,
)
from tests.saml.documents import NOW, YEAR, base64_of, expired_pair, key_pair

PEM = key_pair().certificate
DER = base64.b64decode(base64_of(PEM))


def test_fingerprint_and_dates_of_a_certificate_are_read() -> None:
    certificate = load_certificate(PEM)
    parsed = x509.load_der_x509_certificate(DER)
    assert certificate.pem == PEM
    assert certificate.fingerprint == parsed.fingerprint(hashes.SHA256()).hex()
    assert (certificate.not_before, certificate.not_after) == (NOW - YEAR, NOW + YEAR)
    assert certificate.allow_expired is False


def test_trust_after_the_end_must_be_asked_for() -> None:
    assert load_certificate(PEM, allow_expired=True).allow_expired is True


def test_an_expired_certificate_can_be_read() -> None:
    assert load_certificate(expired_pair().certificate).not_after < NOW


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(base64_of(PEM), id="base64 in one line"),
        pytest.param("\n".join(textwrap.wrap(base64_of(PEM), 76)), id="lines of another length"),
        pytest.param("\r\n\t  " + PEM.replace("\n", "\r\n") + "  ", id="white space of any kind"),
        pytest.param(PEM.replace("\n", ""), id="armour without line breaks"),
    ],
)
def test_every_layout_gives_the_same_certificate(text: str) -> None:
    assert load_certificate(text) == load_certificate(PEM)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        pytest.param("", "not an X.509 certificate", id="nothing"),
        pytest.param("not base64!", "not an X.509 certificate", id="not base64"),
        pytest.param(
            base64.b64encode(b"hello").decode(), "not an X.509 certificate", id="something else"
        ),
        pytest.param(base64_of(PEM)[:400], "not an X.509 certificate", id="cut short"),
        pytest.param(
            base64.b64encode(PEM.encode()).decode(), "not an X.509 certificate", id="base64 twice"
        ),
        pytest.param(PEM + PEM, "not an X.509 certificate", id="two in one"),
        pytest.param(
            base64.b64encode(
                DER.replace(b"\xa0\x03\x02\x01\x02", b"\xa0\x03\x02\x01\x09")
            ).decode(),
            "not an X.509 certificate",
            id="a version that nobody knows",
        ),
        pytest.param(key_pair().private_key, "not an X.509 certificate", id="a private key"),
        pytest.param("A" * (MAX_CERTIFICATE_LENGTH + 1), "too long", id="too long"),
        pytest.param("é", "not an X.509 certificate", id="not even ASCII"),
        pytest.param(
            key_pair("rsa-1024").certificate, "1024 bits, 2048 are the least", id="a weak RSA key"
        ),
        pytest.param(
            key_pair("ed25519").certificate, "neither RSA nor", id="a key that SAML can not use"
        ),
        pytest.param(
            base64.b64encode(
                DER.replace(bytes.fromhex("2a864886f70d010101"), b"\x2a" * 9)
            ).decode(),
            "key can not be read",
            id="a key of a kind that nobody knows",
        ),
    ],
)
def test_an_unusable_certificate_is_refused(text: str, words: str) -> None:
    with pytest.raises(CertificateUnusable, match=words) as caught:
        load_certificate(text)
    assert caught.value.code == "certificate_unusable"


def test_the_public_key_of_a_certificate_is_returned() -> None:
    assert isinstance(public_key(PEM), rsa.RSAPublicKey)
    assert isinstance(public_key(key_pair("ec").certificate), ec.EllipticCurvePublicKey)
    with pytest.raises(CertificateUnusable):
        public_key(key_pair("rsa-1024").certificate)
