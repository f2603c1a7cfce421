from __future__ import annotations

from datetime import UTC, datetime

import pytest

from jitprov.saml import metadata_refusals as refusals
from jitprov.saml.metadata import MetadataRefused, parse_idp_metadata
from jitprov.saml.types import Binding
from tests.saml import real_data

YEAR_2018 = datetime(2018, 1, 1, tzinfo=UTC)
SWAMI = datetime(2010, 1, 1, tzinfo=UTC)

REAL: dict[str, tuple[datetime, str, object]] = {
    "aad-common-2018.xml": (YEAR_2018, "", refusals.PlaceholderEntityId),
    "adfs-v3.xml": (
        YEAR_2018,
        "",
        ("http://fs.msidlab2.com/adfs/services/trust", Binding.REDIRECT, 1),
    ),
    "google-idp.xml": (
        YEAR_2018,
        "",
        ("https://accounts.google.com/o/saml2?idpid=C02dfl1r1", Binding.POST, 1),
    ),
    "invalid-expired.xml": (YEAR_2018, "", refusals.NoIdentityProvider),
    "invalid-no-idp-role.xml": (YEAR_2018, "", refusals.NoIdentityProvider),
    "okta-idp.xml": (
        datetime(2019, 1, 1, tzinfo=UTC),
        "",
        ("http://www.okta.com/exkppsa1qwuFV4D7z0h7", Binding.REDIRECT, 1),
    ),
    "onelogin-idp.xml": (
        YEAR_2018,
        "",
        ("https://app.onelogin.com/saml/metadata/503983", Binding.POST, 1),
    ),
    # One of its three certificates is weak, and one is the base64 of a PEM file.
    "rubysaml-idp_metadata_multi_signing_certs.xml": (
        YEAR_2018,
        "",
        ("https://idp.examle.com/saml/metadata", Binding.REDIRECT, 1),
    ),
    "rubysaml-idp_multiple_descriptors_2.xml": (YEAR_2018, "", refusals.SeveralIdentityProviders),
    "sp-pac4j.xml": (YEAR_2018, "", refusals.NoIdentityProvider),
    "swami-test-1.0.xml": (SWAMI, "", refusals.SeveralIdentityProviders),
    "testshib-aggregate.xml": (
        YEAR_2018,
        "",
        ("https://idp.testshib.org/idp/shibboleth", Binding.REDIRECT, 1),
    ),
}
"""For each document: the time at which it is read, the entity that is chosen, and the expected result."""


@real_data.needs_real_data
@pytest.mark.filterwarnings("ignore:Parsed a serial number")
@pytest.mark.parametrize("name", sorted(REAL))
def test_a_real_document_is_read_or_refused_as_expected(name: str) -> None:
    now, entity_id, expected = REAL[name]
    document = real_data.metadata(name)
    if isinstance(expected, type):
        with pytest.raises(MetadataRefused) as caught:
            parse_idp_metadata(document, now=now, entity_id=entity_id)
        assert type(caught.value) is expected
        return
    found = parse_idp_metadata(document, now=now, entity_id=entity_id)
    summary = (found.entity_id, found.sso_binding, len(found.signing_certificates))
    assert summary == expected


@real_data.needs_real_data
def test_every_real_document_has_an_expected_result() -> None:
    assert real_data.metadata_files() == sorted(REAL)
