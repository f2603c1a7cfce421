"""How the jobs go is told to operators, in few statements, and not at all where no job ever ran."""

from __future__ import annotations

import io
import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from django.utils.module_loading import import_string

from jitprov.apps import JOBS
from jitprov.models import DueJob, TenantAdministrator
from jitprov.status.due_jobs import LABELS, JobStatus, due_jobs
from jitprov.status.watched import Severity
from tests.setup.pages import superuser
from tests.support.factories import TenantFactory, UserFactory
from tests.support.pages import reference, rows, section

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
NOW = timezone.now()


def row(name: str = "prune", *, due: timedelta = HOUR, **columns: Any) -> DueJob:
    return DueJob.objects.create(name=name, due_at=NOW + due, **columns)


def only(now: datetime = NOW) -> JobStatus:
    [status] = due_jobs(now)
    return status


def status(*args: str) -> tuple[str, int]:
    written = io.StringIO()
    try:
        call_command("jitprov_status", *args, stdout=written)
    except SystemExit as ended:
        return written.getvalue(), int(str(ended.code))
    return written.getvalue(), 0


def admin_of_a_tenant() -> Any:
    user = UserFactory.create(is_staff=True)
    TenantAdministrator.objects.create(user=user, tenant=TenantFactory.create())
    return user


def shown_to(user: Any) -> str:
    client = Client()
    client.force_login(user)
    return client.get("/admin/").content.decode()


# What is found


def test_a_host_without_run_due_is_told_nothing() -> None:
    with CaptureQueriesContext(connection) as statements:
        assert due_jobs() == []
    assert len(statements) == 1
    assert json.loads(status("--json")[0])["jobs"] == []
    assert "Jobs" not in shown_to(superuser())


def test_a_job_that_waits_for_its_time_is_fine() -> None:
    row(last_finished_at=NOW - HOUR, progress={"events": 12})

    found = only()

    assert (found.waiting, found.running, found.failing, found.oldest) == (0, 0, 0, None)
    assert found.severity is None
    assert found.progress == {"events": 12}
    assert found.as_json()["last_finished_at"] == (NOW - HOUR).isoformat()


def test_a_job_that_nobody_runs_is_late_after_as_long_as_lies_between_two_runs() -> None:
    row(due=-23 * HOUR)

    assert only().severity is None
    late = only(NOW + 2 * HOUR)
    assert (late.code, late.severity) == ("job_late", Severity.WARNING)
    assert late.as_json()["oldest_waits_seconds"] == 25 * 3600


def test_a_job_that_is_being_run_is_not_late() -> None:
    row(due=-50 * HOUR, leased_until=NOW + HOUR)

    found = only()

    assert (found.running, found.waiting, found.severity) == (1, 0, None)


def test_a_job_whose_process_was_killed_waits_again() -> None:
    row(due=-50 * HOUR, leased_until=NOW - HOUR)

    found = only()

    assert (found.running, found.waiting, found.code) == (0, 1, "job_late")


def test_a_job_fails_when_it_has_failed_several_times_in_a_row() -> None:
    failed = row(failures=2, last_error_code="OperationalError")
    assert only().severity is None

    DueJob.objects.filter(pk=failed.pk).update(failures=3)

    found = only()
    assert (found.code, found.severity) == ("job_fails", Severity.WARNING)
    assert "OperationalError" in found.text
    assert found.as_json()["error_codes"] == {"OperationalError": 1}


def test_metadata_that_cannot_be_fetched_is_only_counted_here() -> None:
    for subject in (1, 2):
        row("refresh_metadata", subject=subject, failures=9, last_error_code="not_metadata")
    row("refresh_metadata", subject=3)

    found = only()

    assert (found.rows, found.failing, found.severity) == (3, 2, None)
    assert found.codes == {"not_metadata": 2}


def test_jobs_that_are_no_longer_enlisted_are_not_told() -> None:
    row("of an extra that is gone", due=-99 * HOUR)

    assert due_jobs() == []


@pytest.mark.parametrize("number", [1, 500])
def test_the_number_of_rows_makes_no_difference(number: int) -> None:
    row()
    DueJob.objects.bulk_create(
        DueJob(name="refresh_metadata", subject=subject, due_at=NOW, failures=subject % 2)
        for subject in range(1, number + 1)
    )

    with CaptureQueriesContext(connection) as statements:
        assert len(due_jobs()) == 2
    assert len(statements) == 3


def test_each_of_our_jobs_has_a_name_that_people_read() -> None:
    assert set(LABELS) == {job.name for job in map(import_string, JOBS)}


def test_the_codes_of_jobs_are_documented() -> None:
    documented = {code for code, *_ in rows(section(reference("status"), "Jobs"), 4)}
    assert documented == {"job_late", "job_fails"}


# Where it is told


def test_the_command_warns_of_a_job_that_is_late() -> None:
    row(due=-99 * HOUR)

    said, code = status()

    assert code == 1
    assert said.startswith("WARNING  job prune  [job_late]\n  It has been due for long")
    assert "Nothing needs attention." not in said
    answer = json.loads(status("--json")[0])
    assert (answer["worst"], answer["attention"]) == ("warning", [])
    [job] = answer["jobs"]
    assert (job["name"], job["code"], job["waiting"]) == ("prune", "job_late", 1)


def test_the_command_says_nothing_of_jobs_when_it_is_asked_about_one_tenant() -> None:
    row(due=-99 * HOUR)
    TenantFactory.create(slug="acme")

    said, code = status("--json", "--tenant", "acme")

    assert (json.loads(said)["jobs"], code) == ([], 0)


def test_a_superuser_sees_the_jobs_on_the_index_of_the_admin() -> None:
    row(due=-99 * HOUR, failures=1, last_error_code="OperationalError", progress={"events": 12})

    shown = shown_to(superuser())

    assert "Delete what is old" in shown
    assert "It has been due for long" in shown
    assert "OperationalError (1)" in shown
    assert "events 12" in shown
    assert "Nothing needs attention." not in shown


def test_the_administrator_of_a_tenant_sees_no_job() -> None:
    row(due=-99 * HOUR)

    shown = shown_to(admin_of_a_tenant())

    assert "Nothing needs attention." in shown or "Connect an identity provider" in shown
    assert "Delete what is old" not in shown
    assert "Jobs" not in shown
