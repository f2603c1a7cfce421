from __future__ import annotations

from datetime import timedelta

import pytest
from django.core.exceptions import ImproperlyConfigured

from jitprov import extras
from jitprov.extras import Extra
from jitprov.jobs import Job, each
from jitprov.jobs.job import enlisted

JOB = Job(name="count", run=each(lambda subject, lease: None), every=timedelta(days=1))


def test_our_jobs_are_enlisted() -> None:
    assert {job.name for job in enlisted()} == {"leaving_dates", "prune", "refresh_metadata"}


@pytest.fixture
def _without_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "_enlisted", {})


@pytest.mark.usefixtures("_without_ours")
def test_an_extra_enlists_jobs_by_their_paths() -> None:
    extras.add(Extra(name="one", jobs=(f"{__name__}.JOB",)))

    assert enlisted() == (JOB,)


@pytest.mark.usefixtures("_without_ours")
def test_two_jobs_cannot_have_one_name() -> None:
    extras.add(Extra(name="one", jobs=(f"{__name__}.JOB",)))
    extras.add(Extra(name="two", jobs=(f"{__name__}.JOB",)))

    with pytest.raises(ImproperlyConfigured, match="two jobs have one name"):
        enlisted()
