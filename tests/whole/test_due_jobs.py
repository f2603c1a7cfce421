"""Several processes that work off what is due, and processes that are killed, on SQLite, PostgreSQL and MariaDB."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from copy import deepcopy
from datetime import timedelta
from typing import Any

import pytest
from django.db import OperationalError, connection, connections, transaction
from django.utils import timezone

from jitprov.jobs import Job, Lease, each
from jitprov.jobs.enrolment import enrol
from jitprov.jobs.lease import take
from jitprov.jobs.running import Outcome, Ran, run_due
from jitprov.models import DueJob, Tenant
from tests.support.arrivals import DEADLINE, all_at_once
from tests.support.database_options import database_with
from tests.whole.test_concurrency import other_settings

pytestmark = pytest.mark.django_db(transaction=True)

AT_ONCE = 8
NUMBER = 4
HOUR = timedelta(hours=1)


# Work that is seen to be done once: each step writes a tenant, whose slug is unique.


def add_tenants(subject: int, lease: Lease) -> None:
    """Write some rows, each in a transaction with how far it has come."""
    for number in range(int(lease.cursor or 0), NUMBER):
        with lease.transaction():
            Tenant.objects.create(slug=f"{subject}-{number}")
            lease.reached(str(number + 1), written=number + 1)


JOB = Job(name="add_tenants", run=each(add_tenants), every=HOUR)


def due(*subjects: int) -> None:
    DueJob.objects.bulk_create(
        DueJob(name=JOB.name, subject=subject, due_at=timezone.now() - HOUR)
        for subject in subjects or (0,)
    )


def work() -> list[Ran]:
    return list(run_due([JOB]))


def written() -> set[str]:
    return set(Tenant.objects.values_list("slug", flat=True))


def everything(*subjects: int) -> set[str]:
    return {f"{subject}-{number}" for subject in subjects or (0,) for number in range(NUMBER)}


# At the same moment


def test_one_of_many_runs_what_is_due() -> None:
    due()

    ran = [one for some in all_at_once([work] * AT_ONCE) for one in some]

    assert [one.outcome for one in ran] == [Outcome.DONE]
    assert written() == everything()


def test_many_share_what_is_due_and_each_is_run_once() -> None:
    subjects = range(1, 25)
    due(*subjects)

    ran = [one for some in all_at_once([work] * AT_ONCE) for one in some]

    assert sorted(one.subject for one in ran) == list(subjects)
    assert {one.outcome for one in ran} == {Outcome.DONE}
    assert written() == everything(*subjects)


@pytest.mark.parametrize("options", other_settings(), ids=str)
def test_every_isolation_level_lets_each_be_run_once(options: dict[str, Any]) -> None:
    """Whoever is in another's way may fail and try again later; nobody does what another one does."""
    subjects = range(1, 9)
    due(*subjects)
    with database_with(options):
        all_at_once([work] * 4)
        for _ in range(20):
            DueJob.objects.filter(failures__gt=0).update(due_at=timezone.now() - HOUR)
            work()

    assert not DueJob.objects.filter(due_at__lte=timezone.now()).exists()
    assert written() == everything(*subjects)


def test_many_that_enrol_at_the_same_moment_add_one_row() -> None:
    all_at_once([lambda: enrol([JOB])] * AT_ONCE)

    assert DueJob.objects.count() == 1


def test_nobody_takes_a_job_during_one_of_its_transactions() -> None:
    """The check locks the row: whoever looks at it meanwhile waits, or is turned away, and finds it leased anew."""
    due()
    [lease] = take(JOB.name, 1)
    lapse()

    with ThreadPoolExecutor(1) as threads:
        with lease.transaction():
            somebody_else = threads.submit(tries_to_take)
            Tenant.objects.create(slug="in the middle")
            # Long enough for the other one to have looked, if it did not wait.
            wait([somebody_else], 0.5)
        taken = somebody_else.result()

    assert taken == 0
    lease.renew()
    assert written() == {"in the middle"}


def tries_to_take() -> int:
    try:
        return len(take(JOB.name, 1))
    except OperationalError:
        return 0
    finally:
        connections.close_all()


# Killed


def lapse() -> None:
    """Let every lease have run out."""
    DueJob.objects.exclude(leased_until=None).update(leased_until=timezone.now() - HOUR)


def killed_at(statement: int) -> bool:
    """Work in another process that kills itself before a statement; say whether it came so far."""
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["tests.support.loaded_django", __name__])
    process = context.Process(
        target=_work_and_die, args=(statement, deepcopy(connection.settings_dict))
    )
    process.start()
    process.join(DEADLINE)
    assert process.exitcode in {0, -signal.SIGKILL}
    return process.exitcode != 0


def _work_and_die(statement: int, database: Mapping[str, Any]) -> None:
    connection.settings_dict.update(database)
    left = statement

    def count(execute: Callable[..., Any], *args: Any) -> Any:
        nonlocal left
        left -= 1
        if left < 0:
            os.kill(os.getpid(), signal.SIGKILL)
        return execute(*args)

    try:
        with connection.execute_wrapper(count):
            work()
    finally:
        connections.close_all()


def test_a_job_whose_process_is_killed_at_any_statement_is_done_by_the_next() -> None:
    statement = 0
    while True:
        Tenant.objects.all().delete()
        DueJob.objects.all().delete()
        due()
        was_killed = killed_at(statement)
        before = written()

        if was_killed:
            lapse()
            work()

        assert before <= written() == everything()
        row = DueJob.objects.get()
        assert (row.leased_until, row.failures, row.cursor) == (None, 0, "")
        if not was_killed:
            break
        statement += 1
    assert statement > 3 * NUMBER


def test_a_process_that_is_killed_is_not_waited_for_longer_than_its_lease() -> None:
    due()
    assert killed_at(5)

    assert work() == []
    lapse()
    assert [one.outcome for one in work()] == [Outcome.DONE]


def test_an_outer_transaction_sees_nothing_of_a_lease_that_was_lost() -> None:
    due()
    [lost] = take(JOB.name, 1)
    lapse()
    take(JOB.name, 1)
    with transaction.atomic():
        Tenant.objects.create(slug="outside")
        with lost.attempt(), lost.transaction():
            Tenant.objects.create(slug="late")

    assert lost.is_lost
    assert written() == {"outside"}
