"""New trust of an identity provider with people counts after a passed test, by whichever way it comes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from django.contrib.auth import SESSION_KEY
from django.core.management import call_command
from django.dispatch import Signal
from django.test import Client

from jitprov.journal.actors import Actor
from jitprov.metadata.importing import import_metadata
from jitprov.models import (
    ConfigurationChange,
    ExternalIdentity,
    IdentityProvider,
    ProposedTrust,
    Via,
)
from jitprov.signals import trust_changed, trust_proposed
from jitprov.testing import ANN, FakeIdentityProvider, Person, rsa_key_pair
from jitprov.testing.round_trip import SignIn
from tests.api.client import Api
from tests.setup.pages import Page, administrator_of, superuser, url
from tests.support.factories import connected
from tests.support.setup_link_holder import Holder, path_of

pytestmark = pytest.mark.django_db

OTHER_URL = "https://login.elsewhere.example/saml2"
Way = Callable[[IdentityProvider, FakeIdentityProvider], Any]


@pytest.fixture
def fake() -> FakeIdentityProvider:
    return FakeIdentityProvider()


@pytest.fixture
def renewed(fake: FakeIdentityProvider) -> FakeIdentityProvider:
    """The same directory with another key, which somebody made."""
    return FakeIdentityProvider(key_pairs=[rsa_key_pair("another")])


@pytest.fixture
def row(fake: FakeIdentityProvider) -> IdentityProvider:
    """An identity provider that somebody has signed in with."""
    made = connected(fake, slug="acme")
    assert comes_in(made, fake)
    return made


def comes_in(row: IdentityProvider, fake: FakeIdentityProvider, person: Person = ANN) -> bool:
    client = Client()
    SignIn(client)(row, fake, person)
    return SESSION_KEY in client.session


def fingerprints(row: IdentityProvider) -> set[str]:
    return set(row.certificates.values_list("fingerprint", flat=True))


def fingerprint(fake: FakeIdentityProvider) -> str:
    return fake.idp_metadata().signing_certificates[0].fingerprint


def admin_of(row: IdentityProvider) -> Client:
    client = Client()
    client.force_login(administrator_of(row))
    return client


def run_test(
    client: Client, row: IdentityProvider, fake: FakeIdentityProvider, **knobs: Any
) -> Any:
    """Run a test sign-in from the page in one browser."""
    begun = begin_test(client, row)
    return finish_test(client, begun, fake, **knobs)


def begin_test(client: Client, row: IdentityProvider) -> str:
    page = client.post(url("test", row.pk)).content.decode()
    start = re.search(r'href="([^"]*token=[^"]*)"', page)
    assert start, page
    return str(client.get(path_of(start[1].replace("&amp;", "&")))["Location"])


def finish_test(client: Client, sent: str, fake: FakeIdentityProvider, **knobs: Any) -> Any:
    return SignIn(client).deliver(fake.answer(fake.read_request(sent), person=ANN, **knobs))


# Ways by which another certificate comes


def by_the_page(row: IdentityProvider, renewed: FakeIdentityProvider) -> Any:
    page = Page(admin_of(row), row)
    pem = renewed.key_pairs[0].certificate
    return page.client.post(
        url("change", row.pk), {**page.add_row("certificates", {"pem": pem}), "_save": "Save"}
    )


def by_metadata_on_the_page(row: IdentityProvider, renewed: FakeIdentityProvider) -> Any:
    client = admin_of(row)
    read = client.post(url("metadata", row.pk), {"metadata-xml": renewed.metadata_xml()})
    sealed = re.search(r'name="sealed" value="([^"]+)"', read.content.decode())
    assert sealed
    return client.post(url("metadata", row.pk), {"sealed": sealed[1], "_save_metadata": "1"})


def by_a_link(row: IdentityProvider, renewed: FakeIdentityProvider) -> Any:
    holder = Holder(row)
    holder.open()
    return holder.give_metadata(renewed)


def by_the_api(row: IdentityProvider, renewed: FakeIdentityProvider) -> Any:
    api = Api(admin_of(row))
    rows = [{"pem": renewed.key_pairs[0].certificate}]
    answer = api.put(f"identity-providers/{row.slug}/certificates/", {"results": rows})
    assert answer.status == 200, answer
    return answer


def by_metadata_of_the_api(row: IdentityProvider, renewed: FakeIdentityProvider) -> Any:
    api = Api(admin_of(row))
    xml = renewed.metadata_xml()
    answer = api.post(f"identity-providers/{row.slug}/metadata/", {"xml": xml})
    assert answer.status == 200, answer
    return answer


WAYS = [by_the_page, by_metadata_on_the_page, by_a_link, by_the_api, by_metadata_of_the_api]


@pytest.mark.parametrize("way", WAYS)
def test_another_certificate_counts_after_a_test_that_it_signed(
    row: IdentityProvider, fake: FakeIdentityProvider, renewed: FakeIdentityProvider, way: Way
) -> None:
    way(row, renewed)

    assert fingerprints(row) == {fingerprint(fake)}
    assert not comes_in(row, renewed)
    assert comes_in(row, fake)
    proposal = ProposedTrust.objects.get()
    assert proposal.names == ["certificates"]

    client = admin_of(row)
    run_test(client, row, renewed)

    assert not ProposedTrust.objects.exists()
    assert fingerprint(renewed) in fingerprints(row)
    assert comes_in(row, renewed)


@pytest.mark.parametrize("way", [by_metadata_on_the_page, by_a_link, by_the_api])
def test_a_replaced_certificate_goes_when_the_new_one_counts(
    row: IdentityProvider, fake: FakeIdentityProvider, renewed: FakeIdentityProvider, way: Way
) -> None:
    way(row, renewed)
    run_test(admin_of(row), row, renewed)
    assert fingerprints(row) == {fingerprint(renewed)}
    assert not comes_in(row, fake)


@pytest.mark.parametrize("way", WAYS)
def test_a_test_that_the_old_certificate_signed_leaves_the_new_one_waiting(
    row: IdentityProvider, fake: FakeIdentityProvider, renewed: FakeIdentityProvider, way: Way
) -> None:
    way(row, renewed)
    run_test(admin_of(row), row, fake)
    assert ProposedTrust.objects.exists()
    assert fingerprints(row) == {fingerprint(fake)}


def test_a_test_that_fails_leaves_it_waiting(
    row: IdentityProvider, renewed: FakeIdentityProvider
) -> None:
    by_the_page(row, renewed)
    run_test(admin_of(row), row, renewed, sign=None)
    assert ProposedTrust.objects.exists()
    assert not comes_in(row, renewed)


def test_a_test_that_began_before_applies_nothing(
    row: IdentityProvider, fake: FakeIdentityProvider, renewed: FakeIdentityProvider
) -> None:
    client = admin_of(row)
    sent = begin_test(client, row)
    by_the_page(row, renewed)
    finish_test(client, sent, renewed)
    assert fingerprints(row) == {fingerprint(fake)}
    assert ProposedTrust.objects.exists()


def test_a_test_applies_what_it_began_with_and_nothing_later(
    row: IdentityProvider, fake: FakeIdentityProvider, renewed: FakeIdentityProvider
) -> None:
    by_the_page(row, renewed)
    client = admin_of(row)
    sent = begin_test(client, row)
    third = FakeIdentityProvider(key_pairs=[rsa_key_pair("third")])
    by_the_page(row, third)
    finish_test(client, sent, renewed)
    assert fingerprints(row) == {fingerprint(fake)}
    assert len(ProposedTrust.objects.get().certificates) == 2


def test_of_two_new_certificates_the_one_that_signed_counts(
    row: IdentityProvider, fake: FakeIdentityProvider, renewed: FakeIdentityProvider
) -> None:
    third = FakeIdentityProvider(key_pairs=[rsa_key_pair("third")])
    by_the_page(row, renewed)
    by_the_page(row, third)
    run_test(admin_of(row), row, third)
    assert fingerprints(row) == {fingerprint(fake), fingerprint(third)}
    assert len(ProposedTrust.objects.get().certificates) == 1
    run_test(admin_of(row), row, renewed)
    assert len(fingerprints(row)) == 3


def test_a_removed_certificate_counts_no_more_at_once(
    row: IdentityProvider, fake: FakeIdentityProvider, renewed: FakeIdentityProvider
) -> None:
    row.certificates.create(pem=renewed.key_pairs[0].certificate)
    api = Api(admin_of(row))
    rows = [{"fingerprint": fingerprint(renewed)}]
    assert api.put("identity-providers/acme/certificates/", {"results": rows}).status == 200
    assert fingerprints(row) == {fingerprint(renewed)}
    assert not comes_in(row, fake)
    assert not ProposedTrust.objects.exists()


# Columns


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("entity_id", "https://sts.elsewhere.example/"),
        ("sso_url", OTHER_URL),
        ("subject_claim", "employee"),
    ],
)
def test_another_column_counts_after_a_test(
    row: IdentityProvider, fake: FakeIdentityProvider, column: str, value: str
) -> None:
    api = Api(admin_of(row))
    before = getattr(row, column)
    answer = api.patch("identity-providers/acme/", {column: value, "force_authn": True})
    assert answer.status == 200
    assert answer.json[column] == before
    assert answer.json["force_authn"] is True
    waits = answer.json["proposed_trust"]
    assert waits["columns"] == {column: value}
    assert waits["unknown_people"] == (0 if column == "sso_url" else 1)
    assert comes_in(row, fake)

    client = admin_of(row)
    sent = begin_test(client, row)
    changed = FakeIdentityProvider(
        entity_id=value if column == "entity_id" else None, key_pairs=fake.key_pairs
    )
    assert (sent.startswith(OTHER_URL)) is (column == "sso_url")
    finish_test(client, sent, changed, attributes={"employee": "4711"})

    row.refresh_from_db()
    assert getattr(row, column) == value
    assert not ProposedTrust.objects.exists()


def test_a_value_that_goes_back_waits_no_more(row: IdentityProvider) -> None:
    api = Api(admin_of(row))
    api.patch("identity-providers/acme/", {"sso_url": OTHER_URL})
    api.patch("identity-providers/acme/", {"subject_claim": "employee"})
    assert ProposedTrust.objects.get().columns == {
        "sso_url": OTHER_URL,
        "subject_claim": "employee",
    }
    assert api.delete("identity-providers/acme/proposed-trust/").status == 204
    assert not ProposedTrust.objects.exists()
    assert ConfigurationChange.objects.latest("pk").note == "withdrawn: sso_url, subject_claim"
    assert api.delete("identity-providers/acme/proposed-trust/").status == 204


def test_another_tenants_admin_withdraws_nothing(row: IdentityProvider) -> None:
    Api(admin_of(row)).patch("identity-providers/acme/", {"sso_url": OTHER_URL})
    stranger = Api(admin_of(connected(FakeIdentityProvider(), slug="globex")))
    assert stranger.delete("identity-providers/acme/proposed-trust/").status == 404
    assert ProposedTrust.objects.exists()


# Where it counts at once


def test_a_draft_and_a_row_without_people_change_at_once(
    fake: FakeIdentityProvider, renewed: FakeIdentityProvider
) -> None:
    nobody = connected(fake, slug="new")
    by_the_api(nobody, renewed)
    assert fingerprints(nobody) == {fingerprint(renewed)}
    off = connected(fake, slug="off")
    comes_in(off, fake)
    IdentityProvider.objects.filter(pk=off.pk).update(enabled=False)
    by_the_api(off, renewed)
    assert fingerprints(off) == {fingerprint(renewed)}
    assert not ProposedTrust.objects.exists()


def test_a_superuser_waits_like_everybody(
    row: IdentityProvider, fake: FakeIdentityProvider, client: Client
) -> None:
    client.force_login(superuser())
    Page(client, row).save({"by_hand-sso_url": OTHER_URL})
    row.refresh_from_db()
    assert row.sso_url == fake.sso_url
    assert ProposedTrust.objects.get().columns == {"sso_url": OTHER_URL}


def test_the_operators_command_counts_at_once(
    row: IdentityProvider, renewed: FakeIdentityProvider, tmp_path: Any, capsys: Any
) -> None:
    document = tmp_path / "metadata.xml"
    document.write_text(renewed.metadata_xml())
    call_command(
        "import_idp_metadata",
        str(document),
        tenant=getattr(row.tenant, "slug", str(row.tenant.pk)),
        slug="acme",
    )
    assert fingerprints(row) == {fingerprint(renewed)}
    assert not ProposedTrust.objects.exists()


METADATA_URL = "https://login.microsoftonline.com/metadata.xml"
REFRESH = Actor(via=Via.COMMAND, name="refresh_idp_metadata")


def fetched(row: IdentityProvider, fake: FakeIdentityProvider, **more: Any) -> Any:
    document = fake.metadata_xml().encode()
    return import_metadata(document, into=row, metadata_url=METADATA_URL, actor=REFRESH, **more)


def test_a_refresh_adds_certificates_at_once_and_another_host_waits(
    row: IdentityProvider, fake: FakeIdentityProvider
) -> None:
    IdentityProvider.objects.filter(pk=row.pk).update(metadata_url=METADATA_URL)
    row.refresh_from_db()
    keys = [*fake.key_pairs, rsa_key_pair("next")]
    same_host = fake.sso_url.replace("/saml2", "/saml2/v2")
    fetched(row, FakeIdentityProvider(key_pairs=keys, sso_url=same_host))
    row.refresh_from_db()
    assert len(fingerprints(row)) == 2
    assert row.sso_url == same_host
    assert not ProposedTrust.objects.exists()

    result = fetched(row, FakeIdentityProvider(key_pairs=keys, sso_url=OTHER_URL))
    row.refresh_from_db()
    assert row.sso_url == same_host
    assert result.waits.columns == {"sso_url": OTHER_URL}
    at = ProposedTrust.objects.get().proposed_at
    fetched(row, FakeIdentityProvider(key_pairs=keys, sso_url=OTHER_URL))
    assert ProposedTrust.objects.get().proposed_at == at


def test_another_metadata_address_is_trusted_only_after_a_test(
    row: IdentityProvider, fake: FakeIdentityProvider, renewed: FakeIdentityProvider
) -> None:
    person = Actor.person(administrator_of(row))
    document = fake.metadata_xml().encode()
    import_metadata(document, into=row, metadata_url="https://mine.example/m", actor=person)
    row.refresh_from_db()
    assert row.metadata_url == ""
    assert ProposedTrust.objects.get().columns == {"metadata_url": "https://mine.example/m"}
    run_test(admin_of(row), row, fake)
    row.refresh_from_db()
    assert row.metadata_url == "https://mine.example/m"


# Who is told


@contextmanager
def heard(signal: Signal) -> Iterator[list[dict[str, Any]]]:
    told: list[dict[str, Any]] = []

    def receive(**kwargs: Any) -> None:
        told.append(kwargs)

    signal.connect(receive)
    try:
        yield told
    finally:
        signal.disconnect(receive)


@pytest.mark.django_db(transaction=True)
def test_signals_and_the_record_say_who_gave_it_and_that_it_counts(
    row: IdentityProvider, renewed: FakeIdentityProvider
) -> None:
    admin = administrator_of(row)
    client = Client()
    client.force_login(admin)
    with heard(trust_proposed) as proposed, heard(trust_changed) as changed:
        rows = [{"pem": renewed.key_pairs[0].certificate}]
        Api(client).put("identity-providers/acme/certificates/", {"results": rows})
        assert [(one["proposed_by"], one["names"]) for one in proposed] == [
            (admin.get_username(), ["certificates"])
        ]
        assert changed == []
        run_test(client, row, renewed)
    assert [(one["via"], one["names"]) for one in changed] == [("api", ["certificates"])]
    notes = [*ConfigurationChange.objects.order_by("pk").values_list("what", "actor", "note")]
    assert ("trust", admin.get_username(), "waits for a test: certificates") in notes
    assert ("certificate", admin.get_username(), "after a passed test") in notes


def test_the_page_shows_what_waits_and_withdraws_it(
    row: IdentityProvider, renewed: FakeIdentityProvider
) -> None:
    client = admin_of(row)
    Api(client).patch("identity-providers/acme/", {"subject_claim": "employee"})
    page = client.get(url("change", row.pk)).content.decode()
    assert 'id="trust-heading"' in page
    assert "1 person is known by the present identifier" in page
    assert client.post(url("change", row.pk), {"_withdraw": "1"}).status_code == 302
    assert not ProposedTrust.objects.exists()
    assert 'id="trust-heading"' not in client.get(url("change", row.pk)).content.decode()


def test_nothing_of_a_deleted_row_waits(row: IdentityProvider) -> None:
    Api(admin_of(row)).patch("identity-providers/acme/", {"sso_url": OTHER_URL})
    row.delete()
    assert not ProposedTrust.objects.exists()
    assert not ExternalIdentity.objects.exists()
