"""``refresh_idp_metadata`` updates rows from a server on this machine that publishes metadata."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from jitprov.journal.actors import Actor
from jitprov.metadata import importing
from jitprov.metadata.refresh import AT_ONCE, refresh
from jitprov.models import ConfigurationChange, IdentityProvider, Via
from tests.saml.documents import aggregate
from tests.support.factories import ExternalIdentityFactory, IdentityProviderFactory, TenantFactory
from tests.support.importing import ENTRA_ID, NOW, entra, key_pair

pytestmark = pytest.mark.django_db

ACTOR = Actor(via=Via.CODE, name="test")


class Publisher:
    """The documents at the metadata URLs of identity providers."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.documents: dict[str, str] = {}

    def connected(self, slug: str, document: str = "", **columns: Any) -> IdentityProvider:
        """Publish a document for a new row that had imported it."""
        document = document or entra()
        url = f"http://127.0.0.1:{self.port}/{slug}"
        self.documents[f"/{slug}"] = document
        row = IdentityProviderFactory.create(slug=slug, entity_id="", sso_url="", enabled=False)
        importing.import_metadata(document.encode(), into=row, metadata_url=url, now=NOW)
        IdentityProvider.objects.filter(pk=row.pk).update(enabled=True, **columns)
        row.refresh_from_db()
        return row

    def change(self, slug: str, document: str) -> None:
        self.documents[f"/{slug}"] = document


@pytest.fixture
def publisher(settings: Any) -> Iterator[Publisher]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            document = published.documents.get(self.path, "").encode()
            self.send_response(200 if document else 404)
            self.send_header("Content-Length", str(len(document)))
            self.end_headers()
            self.wfile.write(document)

        def log_message(self, *args: Any) -> None:
            pass

    settings.DEBUG = True  # so that metadata may come from this machine
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    published = Publisher(server.server_address[1])
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    yield published
    server.shutdown()
    server.server_close()


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("refresh_idp_metadata", *args, stdout=out)
    return out.getvalue()


def fail(*args: str) -> str:
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("refresh_idp_metadata", *args, stdout=out)
    assert caught.value.returncode == 1
    return f"{out.getvalue()}{caught.value}"


# One


def test_a_new_certificate_is_added(publisher: Publisher) -> None:
    row = publisher.connected("acme")
    publisher.change("acme", entra(key_pair(), key_pair("ec")))
    outcome = refresh(row, ACTOR)
    row.refresh_from_db()
    assert outcome.changed
    assert outcome.error is None
    assert row.certificates.count() == 2
    assert row.enabled
    assert row.metadata_error == ""
    assert row.metadata_checked_at is not None
    assert row.metadata_checked_at > NOW
    written = ConfigurationChange.objects.latest("pk")
    assert (written.what, written.action, written.actor) == ("certificate", "added", "test")


def test_a_certificate_that_the_document_no_longer_has_is_removed(publisher: Publisher) -> None:
    row = publisher.connected("acme", entra(key_pair(), key_pair("ec")))
    publisher.change("acme", entra(key_pair("ec")))
    refresh(row, ACTOR)
    assert row.certificates.count() == 1
    assert ConfigurationChange.objects.filter(what="certificate", action="removed").exists()


def test_unchanged_metadata_changes_and_records_nothing(publisher: Publisher) -> None:
    row = publisher.connected("acme", metadata_error="metadata_fetch_failed")
    written, seen = ConfigurationChange.objects.count(), row.updated_at
    assert not refresh(row, ACTOR).changed
    row.refresh_from_db()
    assert (row.metadata_error, row.updated_at) == ("", seen)
    assert ConfigurationChange.objects.count() == written


@pytest.mark.parametrize(
    ("document", "code"),
    [
        pytest.param("", "metadata_fetch_failed", id="nothing there"),
        pytest.param("<html>Sign in</html>", "not_metadata", id="a page"),
        pytest.param(entra(key_pair(days=-1)), "metadata_certificates_expired", id="expired"),
        pytest.param(
            entra(entity_id="https://other.example/"), "metadata_entity_changed", id="another"
        ),
        pytest.param(
            aggregate(entra(entity_id="https://a.example/"), entra(entity_id="https://b.example/")),
            "metadata_entity_changed",
            id="several others",
        ),
    ],
)
def test_the_last_good_copy_stays_when_it_fails(
    publisher: Publisher, document: str, code: str
) -> None:
    row = publisher.connected("acme")
    ExternalIdentityFactory.create(identity_provider=row)
    written = ConfigurationChange.objects.count()
    publisher.change("acme", document)
    outcome = refresh(row, ACTOR)
    assert outcome.error is not None
    assert outcome.error.code == code
    after = IdentityProvider.objects.get()
    assert (after.entity_id, after.sso_url) == (row.entity_id, row.sso_url)
    assert after.metadata_error == code
    assert after.metadata_checked_at is not None
    assert after.metadata_checked_at > NOW
    assert after.certificates.count() == 1
    assert ConfigurationChange.objects.count() == written


def test_another_entity_id_is_refused_with_both_as_facts(publisher: Publisher) -> None:
    row = publisher.connected("acme")
    publisher.change("acme", entra(entity_id="https://other.example/"))
    error = refresh(row, ACTOR).error
    assert error is not None
    assert (error.expected, error.received) == (ENTRA_ID, ("https://other.example/",))


def test_its_own_part_of_an_aggregate_is_found(publisher: Publisher) -> None:
    row = publisher.connected("acme")
    new = entra(url="https://login.microsoftonline.com/new")
    publisher.change("acme", aggregate(entra(entity_id="https://a.example/"), new))
    assert refresh(row, ACTOR).changed
    row.refresh_from_db()
    assert row.sso_url == "https://login.microsoftonline.com/new"


def test_a_draft_with_a_url_is_filled(publisher: Publisher) -> None:
    url = f"http://127.0.0.1:{publisher.port}/draft"
    publisher.change("draft", entra())
    row = IdentityProviderFactory.create(
        slug="draft", entity_id="", sso_url="", enabled=False, metadata_url=url
    )
    assert refresh(row, ACTOR).changed
    row.refresh_from_db()
    assert (row.entity_id, row.claim_mappings.count()) == (ENTRA_ID, 4)


@pytest.mark.parametrize("column", ["entity_id", "metadata_url"])
def test_a_row_that_was_changed_in_the_meantime_is_left_alone(
    publisher: Publisher, column: str
) -> None:
    row = publisher.connected("acme")
    trusted = row.certificates.get()
    publisher.change("acme", entra(key_pair("ec")))
    IdentityProvider.objects.update(**{column: "https://new.example/"})
    outcome = refresh(row, ACTOR)
    assert (outcome.changed, outcome.error) == (False, None)
    assert getattr(IdentityProvider.objects.get(), column) == "https://new.example/"
    assert row.certificates.get() == trusted


def test_a_failure_is_not_noted_for_a_url_that_was_replaced(publisher: Publisher) -> None:
    row = publisher.connected("acme")
    publisher.change("acme", "")
    IdentityProvider.objects.update(metadata_url="https://new.example/")
    refresh(row, ACTOR)
    assert IdentityProvider.objects.get().metadata_error == ""


def test_a_file_is_never_read(publisher: Publisher) -> None:
    row = publisher.connected("acme", metadata_url="/etc/passwd")
    outcome = refresh(row, ACTOR)
    assert outcome.error is not None
    assert outcome.error.code == "metadata_url_refused"


# Many


def test_one_failure_does_not_stop_the_others(publisher: Publisher) -> None:
    for slug in ("changed", "failed", "same"):
        publisher.connected(slug)
    IdentityProviderFactory.create(slug="without")
    publisher.change("changed", entra(key_pair("ec"), url="https://login.microsoftonline.com/new"))
    publisher.change("failed", "")
    printed = fail()
    assert "changed: changed: sign-on URL, certificates +1, certificates -1\n" in printed
    assert "failed: failed: " in printed
    assert "[metadata_fetch_failed]\n" in printed
    assert "same:" not in printed
    assert "without" not in printed
    assert "1 changed, 1 unchanged, 1 failed.\n" in printed
    assert "\n1 could not be refreshed." in printed
    by_command = ConfigurationChange.objects.filter(via=Via.COMMAND)
    assert {change.actor.partition(" (")[0] for change in by_command} == {"refresh_idp_metadata"}


def test_several_can_be_chosen_by_slug(publisher: Publisher) -> None:
    for slug in ("a", "b", "c"):
        publisher.connected(slug)
    assert run("--idp", "a", "--idp", "b") == "0 changed, 2 unchanged, 0 failed.\n"


def test_the_identity_providers_of_one_tenant_can_be_chosen(publisher: Publisher) -> None:
    row = publisher.connected("a")
    publisher.connected("b")
    assert run("--tenant", row.tenant.slug) == "0 changed, 1 unchanged, 0 failed.\n"


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (["--idp", "nobody"], "no identity provider 'nobody'"),
        (["--tenant", "nobody"], "There is no tenant"),
        (["--tenant", "beta", "--idp", "a"], "no identity provider 'a'"),
        (["--minutes", "0"], "at least 1"),
    ],
)
def test_unknown_names_are_errors(publisher: Publisher, args: list[str], words: str) -> None:
    publisher.connected("a")
    TenantFactory.create(slug="beta")
    assert words in fail(*args)


def test_a_run_that_has_no_more_time_goes_on_with_those_that_waited_longest(
    publisher: Publisher, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(AT_ONCE + 1):
        publisher.connected(f"idp-{number}")
    last = IdentityProvider.objects.get(slug=f"idp-{AT_ONCE}")
    IdentityProvider.objects.exclude(pk=last.pk).update(metadata_checked_at=NOW - timedelta(days=1))
    clock = iter([0.0, 1.0, 61.0])
    monkeypatch.setattr(
        "jitprov.management.commands.refresh_idp_metadata.monotonic", lambda: next(clock)
    )
    printed = run("--minutes", "1")
    assert f"{AT_ONCE} unchanged" in printed
    assert "1 were not reached in time." in printed
    last.refresh_from_db()
    assert last.metadata_checked_at == NOW
