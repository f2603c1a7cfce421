"""``run_due`` works off what is due: metadata is refreshed, what is old is deleted."""

from __future__ import annotations

import io
import os
import signal
import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from django.db import OperationalError, connection
from django.test.utils import CaptureQueriesContext

from jitprov import extras
from jitprov.extras import Extra
from jitprov.jobs import Job, Lease, each, enrolment
from jitprov.management.commands import run_due
from jitprov.metadata import refresh
from jitprov.metadata.refresh import AT_ONCE
from jitprov.models import (
    ConfigurationChange,
    ConsumedAssertion,
    DueJob,
    IdentityProvider,
)
from tests.jobs.clocks import Clock, stopped
from tests.saml.documents import aggregate
from tests.support.factories import IdentityProviderFactory
from tests.support.importing import NOW, entra, key_pair

pytestmark = pytest.mark.django_db

OUTSIDE_OF_TRANSACTIONS = pytest.mark.django_db(transaction=True)
DAY = timedelta(days=1)
URL = "https://idp.example/metadata"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    return stopped(monkeypatch)


def run(*args: str) -> str:
    out = io.StringIO()
    call_command("run_due", *args, stdout=out, stderr=out)
    return out.getvalue()


def fail(*args: str) -> str:
    out = io.StringIO()
    with pytest.raises(CommandError) as caught:
        call_command("run_due", *args, stdout=out)
    return f"{out.getvalue()}{caught.value}"


class Published:
    """What is at each URL, and how many times it was fetched."""

    def __init__(self) -> None:
        self.documents: dict[str, str] = {}
        self.fetched: list[str] = []

    def __call__(self, url: str) -> bytes:
        self.fetched.append(url)
        return self.documents.get(url, "<html/>").encode()


@pytest.fixture
def published(monkeypatch: pytest.MonkeyPatch) -> Published:
    there = Published()
    monkeypatch.setattr(refresh, "fetch_document", there)
    return there


def connected(slug: str, url: str = URL, **columns: Any) -> IdentityProvider:
    return IdentityProviderFactory.create(slug=slug, metadata_url=url, **columns)


# Jobs of the tests

Work = Callable[[int, Lease], object]
WORK: dict[str, Work] = {}


def _work(subject: int, lease: Lease) -> None:
    WORK["now"](subject, lease)


JOB = Job(name="work", run=each(_work), every=DAY)


@pytest.fixture
def working(monkeypatch: pytest.MonkeyPatch) -> Callable[[Work], None]:
    """Return a function that makes a function the only job."""

    def only(work: Work) -> None:
        monkeypatch.setitem(WORK, "now", work)
        monkeypatch.setattr(extras, "_enlisted", {})
        extras.add(Extra(name="test", jobs=(f"{__name__}.JOB",)))

    return only


# Our own


def test_old_rows_are_deleted_once_a_day(clock: Clock) -> None:
    row = IdentityProviderFactory.create()
    ConsumedAssertion.objects.create(
        identity_provider=row, assertion_digest="old", expires_at=NOW - DAY
    )

    assert run("--job", "prune") == "prune: done (assertions 1)\n"
    assert not ConsumedAssertion.objects.exists()
    assert DueJob.objects.get().progress["assertions"] == 1
    assert run("--job", "prune") == ""
    clock.go_on(DAY)
    assert run("--job", "prune") == "prune: done\n"


def test_metadata_is_refreshed_within_a_day_and_each_day(
    clock: Clock, published: Published
) -> None:
    row = connected("acme", entity_id="", sso_url="", enabled=False)
    IdentityProviderFactory.create(slug="without")
    published.documents[URL] = entra()

    assert run("--job", "refresh_metadata") == ""
    clock.go_on(DAY)
    assert run("--job", "refresh_metadata") == f"refresh_metadata {row.pk}: done\n"

    row.refresh_from_db()
    assert row.certificates.count() == 1
    actors = set(ConfigurationChange.objects.values_list("via", "actor"))
    assert {(via, actor.partition(" (")[0]) for via, actor in actors} == {
        ("command", "refresh_metadata")
    }
    assert run("--job", "prune") == "prune: done\n"
    clock.go_on(DAY)
    published.documents[URL] = entra(key_pair("ec"))
    run("--job", "refresh_metadata")
    assert len(published.fetched) == 2


def test_a_file_that_many_share_is_fetched_once_for_all_that_are_due(
    clock: Clock, published: Published
) -> None:
    ids = [f"https://{number}.example/" for number in range(2 * AT_ONCE)]
    for number, entity_id in enumerate(ids):
        connected(f"idp-{number}", entity_id=entity_id)
    published.documents[URL] = aggregate(*(entra(entity_id=one) for one in ids))
    run("--job", "refresh_metadata")
    clock.go_on(DAY)

    for day in (1, 2):
        assert run("--job", "refresh_metadata").count("done") == 2 * AT_ONCE
        assert published.fetched == [URL] * day
        clock.go_on(DAY)
    assert not IdentityProvider.objects.exclude(metadata_error="").exists()


def test_no_more_files_are_held_than_are_fetched_at_once(
    clock: Clock, published: Published, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(AT_ONCE + 1):
        connected(f"idp-{number}", f"{URL}/{number}")
    held: list[int] = []

    def fetch_all(urls: Any) -> Any:
        held.append(len(urls))
        return refresh.fetch_all(urls)

    monkeypatch.setattr("jitprov.metadata.refresh_job.fetch_all", fetch_all)
    run("--job", "refresh_metadata")
    clock.go_on(DAY)

    assert fail("--job", "refresh_metadata").endswith(f"{AT_ONCE + 1} failed.")
    assert held == [AT_ONCE, 1]


def test_metadata_that_cannot_be_fetched_is_tried_again_soon(
    clock: Clock, published: Published
) -> None:
    bad, good = connected("bad"), connected("good", f"{URL}/good", entity_id="", enabled=False)
    published.documents[f"{URL}/good"] = entra()
    run()
    clock.go_on(DAY)

    printed = fail("--job", "refresh_metadata")

    assert f"refresh_metadata {bad.pk}: failed [not_metadata]\n" in printed
    assert f"refresh_metadata {good.pk}: done\n" in printed
    assert printed.endswith("1 failed.")
    bad.refresh_from_db()
    assert bad.metadata_error == "not_metadata"
    waiting = DueJob.objects.get(subject=bad.pk)
    assert (waiting.failures, waiting.last_error_code) == (1, "not_metadata")
    assert waiting.due_at <= clock.now + timedelta(minutes=1)


def test_a_process_that_lost_the_lease_while_it_fetched_changes_nothing(
    clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = connected("acme", entity_id="", sso_url="", enabled=False)
    run()
    clock.go_on(DAY)

    def fetch_all(urls: Any) -> Any:
        DueJob.objects.filter(subject=row.pk).update(lease_token="of somebody else")
        return {url: entra().encode() for url in urls}

    monkeypatch.setattr("jitprov.metadata.refresh_job.fetch_all", fetch_all)

    assert run("--job", "refresh_metadata") == f"refresh_metadata {row.pk}: lost\n"
    assert not row.certificates.exists()
    row.refresh_from_db()
    assert (row.entity_id, row.metadata_error) == ("", "")


def test_one_that_lost_its_url_meanwhile_is_done(clock: Clock, published: Published) -> None:
    row = connected("acme")
    run()
    clock.go_on(DAY)
    DueJob.objects.filter(subject=row.pk).update(due_at=clock.now - DAY)
    due = DueJob.objects.get(subject=row.pk)
    IdentityProvider.objects.update(metadata_url="")

    assert run("--job", "refresh_metadata") == ""
    assert not DueJob.objects.filter(pk=due.pk).exists()
    assert published.fetched == []


@pytest.mark.parametrize("number", [10, 2000])
def test_the_number_of_identity_providers_makes_no_difference_where_nothing_is_due(
    number: int, clock: Clock
) -> None:
    tenant = IdentityProviderFactory.create().tenant
    IdentityProvider.objects.bulk_create(
        IdentityProvider(slug=f"idp-{one}", tenant=tenant, enabled=False, metadata_url=URL)
        for one in range(number)
    )
    with CaptureQueriesContext(connection) as first:
        run()
    clock.go_on(-DAY)
    with CaptureQueriesContext(connection) as again:
        run()

    assert len(first) < 70
    assert len(again) <= 5


# What is chosen, and how it ends


def test_an_unknown_job_is_an_error() -> None:
    assert "There is no job brew, only leaving_dates, prune, refresh_metadata." in fail(
        "--job", "brew"
    )


def test_no_job_is_begun_after_the_seconds_are_over() -> None:
    assert run("--seconds", "0") == ""
    assert run("--job", "prune") == "prune: done\n"


@OUTSIDE_OF_TRANSACTIONS
@pytest.mark.parametrize("signal_", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_loop_after_the_job_that_has_begun(
    signal_: signal.Signals, working: Callable[[Work], None]
) -> None:
    before = signal.getsignal(signal_)

    def work(_subject: int, lease: Lease) -> None:
        os.kill(os.getpid(), signal_)
        lease.reached(done=1)

    working(work)

    assert run("--loop") == "work: done (done 1)\n"
    assert signal.getsignal(signal_) == before


@OUTSIDE_OF_TRANSACTIONS
def test_a_signal_ends_the_loop_while_nothing_is_due(working: Callable[[Work], None]) -> None:
    timer = threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGTERM))
    working(lambda _subject, _lease: timer.start())

    assert run("--loop") == "work: done\n"
    timer.join()


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_due, "PAUSE", 0)
    monkeypatch.setattr(run_due, "ENROL_EVERY", 0)


@OUTSIDE_OF_TRANSACTIONS
@pytest.mark.usefixtures("impatient")
def test_the_loop_outlives_failures_and_a_database_without_an_answer(
    clock: Clock, working: Callable[[Work], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    errors = [OperationalError("gone")]

    def unreliable(jobs: Any) -> None:
        clock.go_on(DAY)
        if errors:
            raise errors.pop()
        enrolment.enrol(jobs)

    tried: list[int] = []

    def work(subject: int, _lease: Lease) -> None:
        tried.append(subject)
        if len(tried) == 1:
            raise LookupError
        os.kill(os.getpid(), signal.SIGTERM)

    monkeypatch.setattr(run_due, "enrol", unreliable)
    working(work)

    assert run("--loop") == (
        "The database gave no answer: gone\nwork: failed [LookupError]\nwork: done\n"
    )
