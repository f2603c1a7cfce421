"""Metadata in the API: imports, dry runs, refreshes and refusals."""

from __future__ import annotations

from typing import Any

import pytest

from jitprov.metadata.fetch import MetadataFetchFailed
from jitprov.models import ConfigurationChange, IdentityProvider, Via
from jitprov.saml.certificates import fingerprint_of
from jitprov.testing import FakeIdentityProvider
from tests.api.client import Api
from tests.saml.documents import key_pair
from tests.support import importing
from tests.support.factories import IdentityProviderFactory
from tests.support.importing import NOW, YEAR

pytestmark = pytest.mark.django_db

METADATA = "identity-providers/acme/metadata/"
URL = "https://idp.example/metadata.xml"


@pytest.fixture
def xml(fake_identity_provider: FakeIdentityProvider) -> str:
    return fake_identity_provider.metadata_xml()


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch, xml: str) -> list[str]:
    """Answer every URL with the metadata; fetching has tests of its own."""
    asked: list[str] = []

    def fetch(url: str, **limits: Any) -> bytes:
        asked.append(url)
        if "broken" in url:
            raise MetadataFetchFailed("it did not answer")
        return xml.encode()

    monkeypatch.setattr("jitprov.metadata.source.fetch_metadata", fetch)
    return asked


@pytest.fixture
def draft(idp: IdentityProvider) -> IdentityProvider:
    idp.certificates.all().delete()
    IdentityProvider.objects.update(enabled=False, entity_id="", sso_url="")
    return idp


def test_a_dry_run_lists_the_changes_and_writes_nothing(
    ours: Api, draft: IdentityProvider, xml: str, fake_identity_provider: FakeIdentityProvider
) -> None:
    answer = ours.post(METADATA, {"xml": xml, "dry_run": True})

    assert answer.status == 200
    assert answer.json["dry_run"] is True
    assert answer.json["understood"]["entity_id"] == fake_identity_provider.entity_id
    assert len(answer.json["understood"]["certificates"]) == 1
    assert len(answer.json["certificates_added"]) == 1
    assert {"entity_id", "sso_url"} <= {one["field"] for one in answer.json["changes"]}
    assert answer.json["identity_provider"]["is_draft"] is True
    draft.refresh_from_db()
    assert draft.entity_id == ""
    assert not ConfigurationChange.objects.exists()


def test_metadata_is_imported_and_recorded(ours: Api, draft: IdentityProvider, xml: str) -> None:
    answer = ours.post(METADATA, {"xml": xml})

    assert answer.json["identity_provider"]["is_draft"] is False
    assert draft.certificates.count() == 1
    assert set(ConfigurationChange.objects.values_list("via", flat=True)) == {Via.API}


def test_a_url_is_stored_and_fetched_again(
    ours: Api, draft: IdentityProvider, fetched: list[str]
) -> None:
    assert ours.post(METADATA, {"url": URL}).json["identity_provider"]["metadata_url"] == URL
    assert ours.post(f"{METADATA}refresh/").json["changes"] == []
    assert fetched == [URL, URL]


def test_a_failed_refresh_is_stored_with_its_code(
    ours: Api, idp: IdentityProvider, fetched: list[str]
) -> None:
    IdentityProvider.objects.update(metadata_url="https://idp.example/broken")

    answer = ours.post(f"{METADATA}refresh/")

    assert (answer.status, answer.json["code"]) == (400, "metadata_fetch_failed")
    idp.refresh_from_db()
    assert idp.metadata_error == "metadata_fetch_failed"
    assert idp.metadata_checked_at is not None


def test_a_document_with_another_entity_id_is_refused(
    ours: Api, idp: IdentityProvider, fetched: list[str]
) -> None:
    IdentityProvider.objects.update(metadata_url=URL, entity_id="https://sts.windows.net/other/")

    answer = ours.post(f"{METADATA}refresh/")

    assert (answer.status, answer.json["code"]) == (400, "metadata_entity_changed")
    idp.refresh_from_db()
    assert idp.entity_id == "https://sts.windows.net/other/"
    assert idp.metadata_error == "metadata_entity_changed"


def test_a_refresh_without_a_url_is_refused(ours: Api, idp: IdentityProvider) -> None:
    answer = ours.post(f"{METADATA}refresh/")

    assert (answer.status, answer.json["code"]) == (409, "no_metadata_url")


@pytest.mark.parametrize(
    "url",
    [
        "/etc/passwd",
        "-",
        "file:///etc/passwd",
        "https://127.0.0.1/metadata.xml",
        "http://idp.example/",
        "https://[::1]/",
        "ftp://idp.example/",
    ],
)
def test_files_and_internal_addresses_are_refused(
    ours: Api, idp: IdentityProvider, url: str
) -> None:
    answer = ours.post(METADATA, {"url": url})

    assert answer.status == 400
    assert answer.json["code"] in {"metadata_url_refused", "metadata_address_refused"}


@pytest.mark.parametrize("body", [{}, {"xml": "<a/>", "url": URL}, {"dry_run": True}])
def test_exactly_one_of_url_and_xml_is_accepted(
    ours: Api, idp: IdentityProvider, body: dict[str, Any]
) -> None:
    assert ours.post(METADATA, body).codes == {"non_field_errors": ["one_of"]}


@pytest.mark.parametrize("xml", ["", "no xml", "<a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"])
def test_a_document_that_is_not_metadata_is_refused(
    ours: Api, idp: IdentityProvider, xml: str
) -> None:
    answer = ours.post(METADATA, {"xml": xml})

    assert answer.status == 400
    assert answer.json["message"]


def test_a_signing_certificate_that_is_left_out_is_named_in_the_answer(
    ours: Api, draft: IdentityProvider
) -> None:
    later = key_pair("rsa-2", not_before=NOW + YEAR, not_after=NOW + 2 * YEAR)

    answer = ours.post(METADATA, {"xml": importing.entra(importing.key_pair(), later)})

    (warning,) = answer.json["warnings"]
    assert fingerprint_of(later.certificate) in warning
    assert "is not valid yet" in warning


def test_an_administrator_is_not_told_that_another_tenant_has_the_same_directory(
    ours: Api, idp: IdentityProvider, xml: str
) -> None:
    other = IdentityProviderFactory.create(slug="theirs", entity_id=idp.entity_id)

    answer = ours.post(METADATA, {"xml": xml, "dry_run": True})

    assert "theirs" not in str(answer.json)
    assert other.tenant.slug not in str(answer.json)
    assert answer.json["warnings"] == []
