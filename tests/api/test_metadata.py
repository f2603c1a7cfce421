"""Metadata by the API: what was understood, what differs, and why it is refused."""

from __future__ import annotations

from typing import Any

import pytest

from jitprov.metadata.fetch import MetadataFetchFailed
from jitprov.models import ConfigurationChange, IdentityProvider, Via
from jitprov.testing import FakeIdentityProvider
from tests.api.client import Api
from tests.support.factories import IdentityProviderFactory

pytestmark = pytest.mark.django_db

METADATA = "identity-providers/acme/metadata/"
URL = "https://idp.example/metadata.xml"


@pytest.fixture
def xml(fake_identity_provider: FakeIdentityProvider) -> str:
    return fake_identity_provider.metadata_xml()


@pytest.fixture
def fetched(monkeypatch: pytest.MonkeyPatch, xml: str) -> list[str]:
    """Let every URL answer with the metadata: what is fetched from where is tested by itself."""
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


def test_a_dry_run_says_what_would_change_and_changes_nothing(
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


def test_it_is_imported_and_written_down(ours: Api, draft: IdentityProvider, xml: str) -> None:
    answer = ours.post(METADATA, {"xml": xml})

    assert answer.json["identity_provider"]["is_draft"] is False
    assert draft.certificates.count() == 1
    assert set(ConfigurationChange.objects.values_list("via", flat=True)) == {Via.API}


def test_a_url_is_kept_and_fetched_again(
    ours: Api, draft: IdentityProvider, fetched: list[str]
) -> None:
    assert ours.post(METADATA, {"url": URL}).json["identity_provider"]["metadata_url"] == URL
    assert ours.post(f"{METADATA}refresh/").json["changes"] == []
    assert fetched == [URL, URL]


def test_metadata_that_cannot_be_had_again_is_remembered(
    ours: Api, idp: IdentityProvider, fetched: list[str]
) -> None:
    IdentityProvider.objects.update(metadata_url="https://idp.example/broken")

    answer = ours.post(f"{METADATA}refresh/")

    assert (answer.status, answer.json["code"]) == (400, "metadata_fetch_failed")
    idp.refresh_from_db()
    assert idp.metadata_error == "metadata_fetch_failed"
    assert idp.metadata_checked_at is not None


def test_another_directory_s_document_is_not_taken(
    ours: Api, idp: IdentityProvider, fetched: list[str]
) -> None:
    IdentityProvider.objects.update(metadata_url=URL, entity_id="https://sts.windows.net/other/")

    answer = ours.post(f"{METADATA}refresh/")

    assert (answer.status, answer.json["code"]) == (400, "metadata_entity_changed")
    idp.refresh_from_db()
    assert idp.entity_id == "https://sts.windows.net/other/"
    assert idp.metadata_error == "metadata_entity_changed"


def test_without_a_url_there_is_nothing_to_fetch(ours: Api, idp: IdentityProvider) -> None:
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
def test_neither_files_nor_machines_of_ours_are_asked(
    ours: Api, idp: IdentityProvider, url: str
) -> None:
    answer = ours.post(METADATA, {"url": url})

    assert answer.status == 400
    assert answer.json["code"] in {"metadata_url_refused", "metadata_address_refused"}


@pytest.mark.parametrize("body", [{}, {"xml": "<a/>", "url": URL}, {"dry_run": True}])
def test_it_is_one_of_the_two(ours: Api, idp: IdentityProvider, body: dict[str, Any]) -> None:
    assert ours.post(METADATA, body).codes == {"non_field_errors": ["one_of"]}


@pytest.mark.parametrize("xml", ["", "no xml", "<a/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"])
def test_what_is_no_metadata_is_refused_with_its_code(
    ours: Api, idp: IdentityProvider, xml: str
) -> None:
    answer = ours.post(METADATA, {"xml": xml})

    assert answer.status == 400
    assert answer.json["message"]


def test_who_else_has_this_identity_provider_is_not_told(
    ours: Api, idp: IdentityProvider, xml: str
) -> None:
    other = IdentityProviderFactory.create(slug="theirs", entity_id=idp.entity_id)

    answer = ours.post(METADATA, {"xml": xml, "dry_run": True})

    assert "theirs" not in str(answer.json)
    assert other.tenant.slug not in str(answer.json)
    assert answer.json["warnings"] == []
