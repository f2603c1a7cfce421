"""Importing metadata in two steps: it is shown first, and exactly the shown document is saved."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone
from lxml import html

from jitprov.metadata import refresh
from jitprov.metadata.fetch import MetadataFetchFailed
from jitprov.metadata.importing import import_metadata
from jitprov.models import ConfigurationChange, ExternalIdentity, IdentityProvider
from jitprov.saml.certificates import fingerprint_of
from jitprov.sealed import seal
from jitprov.setup import metadata
from jitprov.testing import FakeIdentityProvider, rsa_key_pair
from tests.setup.pages import Page, administrator_of, errors_of, superuser, url
from tests.support import importing
from tests.support.factories import (
    ExternalIdentityFactory,
    IdentityProviderFactory,
    connected,
    map_group,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def draft() -> IdentityProvider:
    return IdentityProviderFactory.create(
        slug="draft", entity_id="", sso_url="", subject_claim="", enabled=False, preset="none"
    )


@pytest.fixture
def browser(client: Client, draft: IdentityProvider) -> Client:
    client.force_login(administrator_of(draft))
    return client


def give(browser: Client, row: IdentityProvider, **given: Any) -> Any:
    data = {f"metadata-{name}": value for name, value in given.items()}
    return browser.post(url("metadata", row.pk), {**data, "_read": "Show"})


def sealed_in(answer: Any) -> str:
    tree: Any = html.fromstring(answer.content.decode())
    [field] = tree.xpath("//input[@name='sealed']")
    return str(field.get("value"))


def save(browser: Client, row: IdentityProvider, sealed: str) -> Any:
    return browser.post(
        url("metadata", row.pk), {"sealed": sealed, "_save_metadata": "Save"}, follow=True
    )


def said(answer: Any) -> str:
    return " ".join(str(message) for message in answer.context["messages"])


@pytest.mark.parametrize("way", ["xml", "file"])
def test_a_draft_keeps_its_first_metadata_at_once(
    browser: Client, draft: IdentityProvider, fake: FakeIdentityProvider, way: str
) -> None:
    document = fake.metadata_xml()
    given = SimpleUploadedFile("m.xml", document.encode()) if way == "file" else document

    answer = give(browser, draft, **{way: given})

    assert answer["Location"] == url("change", draft.pk) + "#metadata"
    page = browser.get(answer["Location"])
    assert said(page) == "The metadata was saved."
    text = page.content.decode()
    assert fake.entity_id in text
    assert fake.sso_url in text
    assert [one.section.name for one in page.context["sections"] if one.is_open] == ["test"]
    draft.refresh_from_db()
    assert (draft.entity_id, draft.preset) == (fake.entity_id, "entra")
    assert draft.certificates.count() == 1
    assert draft.claim_mappings.exists()
    change = ConfigurationChange.objects.filter(what="identity_provider").get()
    assert change.via == "admin"
    assert not draft.enabled


def test_a_draft_in_which_something_else_was_typed_is_shown_its_metadata_first(
    client: Client, draft: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    client.force_login(administrator_of(draft))
    typed = {**Page(client, draft).configuration(), "admission-create_users": ""}

    shown = client.post(url("metadata", draft.pk), {**typed, "metadata-xml": fake.metadata_xml()})

    assert shown.context["reading"] is not None
    assert shown.context["forms"].admission["create_users"].value() is False
    draft.refresh_from_db()
    assert draft.is_draft


def test_metadata_is_shown_before_it_replaces_other(
    client: Client, fake: FakeIdentityProvider
) -> None:
    row = connected(fake)
    IdentityProvider.objects.filter(pk=row.pk).update(sso_url="https://old.example/sso")
    client.force_login(administrator_of(row))

    shown = give(client, row, xml=fake.metadata_xml())

    [certificate] = shown.context["reading"].certificates
    page = shown.content.decode()
    assert fake.sso_url in page
    assert certificate.fingerprint in page
    assert certificate.thumbprint in page
    assert "RSA 2048" in page
    row.refresh_from_db()
    assert row.sso_url == "https://old.example/sso"
    assert said(save(client, row, sealed_in(shown))) == "The metadata was saved."


def test_differences_are_shown_field_by_field(client: Client, fake: FakeIdentityProvider) -> None:
    row = connected(fake)
    IdentityProvider.objects.filter(pk=row.pk).update(sso_url="https://old.example/sso")
    ExternalIdentityFactory.create(identity_provider=row)
    client.force_login(administrator_of(row))

    reading = give(client, row, xml=fake.metadata_xml()).context["reading"]

    differences = {one.label: (one.before, one.after) for one in reading.differences}
    assert differences["Sign-on URL"] == ("https://old.example/sso", fake.sso_url)
    assert not reading.new_certificates
    assert reading.warnings == ()


def test_a_signing_certificate_that_is_left_out_is_named_on_the_page(
    browser: Client, draft: IdentityProvider
) -> None:
    weak = importing.key_pair("rsa-1024")

    page = give(browser, draft, xml=importing.entra(importing.key_pair(), weak)).content.decode()

    assert fingerprint_of(weak.certificate) in page
    assert "The key of this certificate has 1024 bits; 2048 are the least." in page


def test_a_change_of_the_entity_id_warns_if_there_are_identities(client: Client) -> None:
    row = connected(FakeIdentityProvider())
    ExternalIdentityFactory.create(identity_provider=row)
    IdentityProvider.objects.filter(pk=row.pk).update(entity_id="https://old.example/")
    client.force_login(administrator_of(row))

    reading = give(client, row, xml=FakeIdentityProvider().metadata_xml()).context["reading"]

    assert any("1 people" in str(warning) for warning in reading.warnings)
    assert ExternalIdentity.objects.count() == 1


def test_only_superusers_are_told_that_another_tenant_has_the_same_directory(
    client: Client, browser: Client, draft: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    other = connected(fake, slug="neighbour")
    other.tenant.name = other.tenant.slug = "Neighbour-Ltd"
    other.tenant.save()

    saved = browser.get(give(browser, draft, xml=fake.metadata_xml())["Location"])

    assert said(saved) == "The metadata was saved."
    assert "neighbour" not in saved.content.decode().lower()
    client.force_login(superuser())
    shown = give(client, draft, xml=fake.metadata_xml())
    assert any("Another customer" in str(one) for one in shown.context["reading"].warnings)


def test_an_entra_address_without_an_application_id_warns(
    browser: Client, draft: IdentityProvider, fake: FakeIdentityProvider, monkeypatch: Any
) -> None:
    document = fake.metadata_xml().encode()
    monkeypatch.setattr(metadata, "fetch_document", lambda _url: document)
    address = (
        "https://login.microsoftonline.com/x/federationmetadata/2007-06/federationmetadata.xml"
    )

    without = give(browser, draft, url=address)
    right = give(browser, draft, url=f"{address}?appid=1")

    assert any("appid" in str(one) for one in without.context["reading"].warnings)
    assert right.status_code == 302
    draft.refresh_from_db()
    assert draft.metadata_url == f"{address}?appid=1"
    assert draft.metadata_checked_at is not None


REFUSED: list[Any] = [
    ({}, "__all__"),
    ({"url": "https://idp.example/m.xml", "xml": "<a/>"}, "__all__"),
    ({"xml": "not XML at all"}, "xml"),
    ({"xml": "<a/>"}, "xml"),
    ({"xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}, "xml"),
    ({"xml": "x" * (metadata.MAX_PASTED + 1)}, "xml"),
    ({"file": SimpleUploadedFile("m.xml", b"\xff\xfe\x00")}, "file"),
    ({"url": "http://127.0.0.1/m.xml"}, "url"),
    ({"url": "https://127.0.0.1/m.xml"}, "url"),
    ({"url": "https://metadata.invalid/m.xml"}, "url"),
    ({"url": "file:///etc/passwd"}, "url"),
    ({"url": "javascript:alert(1)"}, "url"),
]


@pytest.mark.parametrize(("given", "field"), REFUSED)
def test_a_refusal_is_shown_beside_its_field(
    browser: Client, draft: IdentityProvider, given: dict[str, Any], field: str
) -> None:
    answer = give(browser, draft, **given)

    assert answer.status_code == 200
    assert list(answer.context["metadata_form"].errors) == [field]
    assert answer.context["reading"] is None
    assert "Traceback" not in answer.content.decode()
    assert "--" not in answer.context["metadata_form"].errors[field][0]  # no option of a command


def test_a_document_that_is_too_large_is_refused(
    browser: Client, draft: IdentityProvider, fake: FakeIdentityProvider, settings: Any
) -> None:
    settings.JITPROV_METADATA_MAX_BYTES = 100

    answer = give(browser, draft, file=SimpleUploadedFile("m", fake.metadata_xml().encode()))

    assert list(answer.context["metadata_form"].errors) == ["file"]


# The second step accepts nothing that is not sealed


def test_a_forged_second_step_saves_nothing(
    browser: Client, draft: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    other = IdentityProviderFactory.create(entity_id="", sso_url="", enabled=False)
    document = fake.metadata_xml().encode()
    for_another_row = metadata.read(other, document).sealed
    for_another_purpose = seal({"row": draft.pk, "at": 0, "url": "", "text": ""}, "claims")

    for sealed in ("", "junk", for_another_row, for_another_purpose):
        assert "too old" in said(save(browser, draft, sealed))

    draft.refresh_from_db()
    assert draft.is_draft


def test_a_document_that_was_shown_long_ago_is_not_saved(
    browser: Client, draft: IdentityProvider, fake: FakeIdentityProvider, monkeypatch: Any
) -> None:
    sealed = metadata.read(draft, fake.metadata_xml().encode()).sealed
    later = timezone.now() + timedelta(hours=2)
    monkeypatch.setattr("jitprov.setup.metadata.timezone.now", lambda: later)

    assert metadata.save_sealed(draft, sealed, actor=None) is None  # type: ignore[arg-type]


# Fetching again


@pytest.fixture
def fetched(draft: IdentityProvider, fake: FakeIdentityProvider) -> IdentityProvider:
    """A row whose metadata came from an address."""
    import_metadata(
        fake.metadata_xml().encode(),
        tenant=draft.tenant,
        into=draft,
        metadata_url="https://idp.example/metadata",
    )
    draft.refresh_from_db()
    return draft


def fetch_again(browser: Client, row: IdentityProvider) -> str:
    answer = browser.post(url("metadata", row.pk), {"_fetch_again": "yes"}, follow=True)
    assert "Fetch it again now" in answer.content.decode()
    return " ".join(str(message) for message in answer.context["messages"])


def test_metadata_can_be_fetched_again_from_its_address(
    browser: Client, fetched: IdentityProvider, fake: FakeIdentityProvider, monkeypatch: Any
) -> None:
    rolled = FakeIdentityProvider(key_pairs=[*fake.key_pairs, rsa_key_pair("next")])
    monkeypatch.setattr(refresh, "fetch_document", lambda _url: rolled.metadata_xml().encode())

    assert "something in it was new" in fetch_again(browser, fetched)
    assert fetched.certificates.count() == 2
    assert "what it said before" in fetch_again(browser, fetched)


def test_a_failed_fetch_changes_nothing(
    browser: Client, fetched: IdentityProvider, monkeypatch: Any
) -> None:
    def unreachable(_url: str) -> bytes:
        raise MetadataFetchFailed("no answer")

    monkeypatch.setattr(refresh, "fetch_document", unreachable)

    assert "stays" in fetch_again(browser, fetched)
    assert fetched.certificates.count() == 1
    fetched.refresh_from_db()
    assert fetched.metadata_error == "metadata_fetch_failed"


# What was typed beside it


def test_an_address_that_nobody_has_read_is_not_lost_by_saving_the_rest(
    client: Client, fake: FakeIdentityProvider
) -> None:
    row = connected(fake)
    client.force_login(administrator_of(row))
    page = Page(client, row)
    new = "https://idp.example/new-metadata.xml"
    before = row.claim_mappings.get(target="first_name").sources

    for typed in ({"metadata-url": new}, {"metadata-xml": "<x/>"}, {"metadata-file": "m.xml"}):
        answer = page.save({"claim_mappings-0-sources": "typed", **typed})

        [name] = typed
        form = answer.context["metadata_form"]
        assert list(form.errors) == [name.removeprefix("metadata-")]
        shown = answer.content.decode()
        assert "Press “Read metadata” to use this" in shown
        assert answer.context["forms"].claim_mappings.forms[0]["sources"].value() == "typed"
        if name == "metadata-url":
            assert new in shown
        assert row.claim_mappings.get(target="first_name").sources == before
    assert not ConfigurationChange.objects.exists()


def test_the_stored_address_is_in_nobodys_way(client: Client, fake: FakeIdentityProvider) -> None:
    row = connected(fake)
    IdentityProvider.objects.filter(pk=row.pk).update(metadata_url="https://idp.example/m.xml")
    client.force_login(administrator_of(row))

    answer = Page(client, row).save({"metadata-url": "https://idp.example/m.xml"})

    assert answer.status_code == 302


def test_reading_metadata_keeps_what_was_typed_elsewhere(
    client: Client, fake: FakeIdentityProvider
) -> None:
    row = connected(fake)
    client.force_login(administrator_of(row))
    typed = {**Page(client, row).configuration(), "claim_mappings-0-sources": "typed"}

    answer = client.post(
        url("metadata", row.pk), {**typed, "metadata-xml": fake.metadata_xml(), "_read": "Read"}
    )

    assert answer.context["reading"] is not None
    assert answer.context["forms"].claim_mappings.forms[0]["sources"].value() == "typed"
    assert "data-dirty" in answer.content.decode()
    assert errors_of(answer) == {}


@pytest.mark.parametrize("typed", ["/", "", "x" * 5000])
def test_reading_metadata_keeps_steps_also_when_they_are_wrong(
    client: Client, fake: FakeIdentityProvider, typed: str
) -> None:
    row = connected(fake)
    steps = [{"name": "split", "separator": "/"}, {"name": "last"}]
    row.claim_mappings.filter(target="first_name").update(transforms=steps)
    client.force_login(administrator_of(row))
    page = Page(client, row).configuration()
    [name] = [name for name in page if name.endswith("-steps-0-separator")]

    answer = client.post(
        url("metadata", row.pk),
        {**page, name: typed, "metadata-xml": fake.metadata_xml(), "_read": "Read"},
    )

    assert answer.context["reading"] is not None
    tree: Any = html.fromstring(answer.content.decode())
    [field] = tree.xpath(f"//*[@name='{name}']")
    assert field.get("value", "") == typed
    assert ("data-dirty" in answer.content.decode()) == (typed != "/")


def test_reading_metadata_on_an_untouched_page_leaves_nothing_to_ask_about(
    client: Client, fake: FakeIdentityProvider
) -> None:
    row = connected(fake)
    map_group(row, "finance")
    row.claim_mappings.filter(target="email").update(sources="mail\nemail")
    client.force_login(superuser())
    shown = Page(client, row).configuration()
    as_browsers_do = {name: value.replace("\n", "\r\n") for name, value in shown.items()}

    answer = client.post(
        url("metadata", row.pk), {**as_browsers_do, "metadata-xml": fake.metadata_xml()}
    )

    assert answer.context["reading"] is not None
    assert "data-dirty" not in answer.content.decode()


def test_every_field_of_the_metadata_belongs_to_the_form_of_the_page(
    browser: Client, draft: IdentityProvider
) -> None:
    tree: Any = html.fromstring(browser.get(url("change", draft.pk)).content.decode())
    fields = tree.xpath("//*[starts-with(@name, 'metadata-')]")

    assert [field.get("name") for field in fields] == [
        "metadata-url",
        "metadata-file",
        "metadata-xml",
    ]
    ours = tree.get_element_by_id("jitprov-configuration")
    assert all(ours in field.iterancestors() for field in fields)
    [first, *_] = ours.xpath(".//*[@type='submit']")
    assert first.get("name") == "_enter"


def test_the_enter_key_reads_metadata_that_was_given_and_otherwise_saves(
    client: Client, fake: FakeIdentityProvider
) -> None:
    row = connected(fake)
    client.force_login(administrator_of(row))
    shown = {**Page(client, row).configuration(), "admission-unsolicited": "reject", "_enter": ""}
    here = url("change", row.pk)

    read = client.post(here, {**shown, "metadata-xml": fake.metadata_xml()})

    assert read.context["reading"] is not None
    row.refresh_from_db()
    assert row.unsolicited == "restart"
    assert client.post(here, shown).status_code == 302
    row.refresh_from_db()
    assert row.unsolicited == "reject"
