"""The form of one certificate: what it refuses, said beside the field in the reader's language."""

from __future__ import annotations

import pytest
from django.utils import translation

from jitprov.models import SigningCertificate
from jitprov.setup.certificates import CertificateForm
from jitprov.testing import rsa_key_pair
from tests.support.factories import IdentityProviderFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("pem", "english", "german"),
    [
        pytest.param(
            "MIIB",
            "This is not an X.509 certificate.",
            "Das ist kein X.509-Zertifikat.",
            id="cut off",
        ),
        pytest.param(
            rsa_key_pair("short", bits=1024).certificate,
            "The key of this certificate has 1024 bits; 2048 are the least.",
            "Der Schlüssel dieses Zertifikats hat 1024 Bit; mindestens 2048 sind nötig.",
            id="a short key",
        ),
    ],
)
def test_a_bad_certificate_is_refused_in_the_language_of_the_reader(
    pem: str, english: str, german: str
) -> None:
    idp = IdentityProviderFactory.create()

    for language, sentence in (("en", english), ("de", german)):
        form = CertificateForm(
            {"row-pem": pem}, instance=SigningCertificate(identity_provider=idp), prefix="row"
        )
        with translation.override(language):
            assert form.errors == {"pem": [sentence]}
