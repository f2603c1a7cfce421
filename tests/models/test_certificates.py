"""A certificate fills its own columns, and a bad one is refused by validation and on saving."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError

from jitprov.models import IdentityProvider, SigningCertificate
from jitprov.saml.certificates import CertificateUnusable
from jitprov.testing import FakeIdentityProvider, ec_key_pair, rsa_key_pair
from jitprov.testing.keys import NOT_AFTER, NOT_BEFORE, certificate_body
from tests.support.factories import IdentityProviderFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def row() -> IdentityProvider:
    return IdentityProviderFactory.create()


@pytest.mark.parametrize(
    "pem",
    [
        pytest.param(rsa_key_pair().certificate, id="PEM"),
        pytest.param(certificate_body(rsa_key_pair().certificate), id="bare base64"),
        pytest.param(rsa_key_pair().certificate.replace("\n", "\r\n"), id="with Windows' lines"),
    ],
)
def test_a_certificate_fills_its_fingerprint_and_dates(row: IdentityProvider, pem: str) -> None:
    certificate = SigningCertificate.objects.create(identity_provider=row, pem=pem)
    certificate.refresh_from_db()

    [known] = FakeIdentityProvider(key_pairs=[rsa_key_pair()]).idp_metadata().signing_certificates
    assert certificate.pem == rsa_key_pair().certificate
    assert certificate.fingerprint == known.fingerprint
    assert (certificate.not_before, certificate.not_after) == (NOT_BEFORE, NOT_AFTER)
    assert str(certificate) == f"{known.fingerprint[:16]} (2049-12-31)"


def test_a_replaced_certificate_is_read_again(row: IdentityProvider) -> None:
    certificate = SigningCertificate.objects.create(
        identity_provider=row, pem=rsa_key_pair().certificate
    )
    before = certificate.fingerprint

    certificate.pem = ec_key_pair().certificate
    certificate.save()

    assert certificate.fingerprint != before


BAD_PEM = [
    pytest.param("MIIB", "not an X.509 certificate", id="cut off"),
    pytest.param(rsa_key_pair().private_key, "not an X.509 certificate", id="a private key"),
    pytest.param("A" * 40_000, "certificate is too long", id="too long"),
    pytest.param(
        rsa_key_pair("short", bits=1024).certificate, "2048 are the least", id="a short key"
    ),
]


@pytest.mark.parametrize(("pem", "message"), BAD_PEM)
def test_a_bad_certificate_is_refused_beside_the_field(
    row: IdentityProvider, pem: str, message: str
) -> None:
    with pytest.raises(ValidationError) as refusal:
        SigningCertificate(identity_provider=row, pem=pem).full_clean()

    assert list(refusal.value.message_dict) == ["pem"]
    assert message in refusal.value.message_dict["pem"][0]


@pytest.mark.parametrize(("pem", "message"), BAD_PEM)
def test_a_bad_certificate_is_not_saved_either(
    row: IdentityProvider, pem: str, message: str
) -> None:
    with pytest.raises(CertificateUnusable, match=message):
        SigningCertificate.objects.create(identity_provider=row, pem=pem)
