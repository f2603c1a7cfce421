"""End the access of people whose leaving date has come. They are refused from that moment on; the rest follows here."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from jitprov.accounts.access import deprovision
from jitprov.accounts.sessions import look_up_again
from jitprov.host.provisioner import ProvisioningRefused
from jitprov.jobs import Job, Lease, each
from jitprov.models import ExternalIdentity, Road

_AT_ONCE = 100


def end_what_is_due(_subject: int, lease: Lease) -> None:
    """End access where the leaving date has passed. Whom the host keeps loses the date, so that they come in again."""
    ended = 0
    for identity in _due():
        with lease.transaction():
            ended += _end(identity)
            lease.reached(ended=ended)


def _end(identity: ExternalIdentity) -> bool:
    try:
        return deprovision(identity, source=Road.DATE) is not None
    except ProvisioningRefused:
        rows = ExternalIdentity.objects.filter(pk=identity.pk, leaves_at=identity.leaves_at)
        rows.update(leaves_at=None)
        look_up_again([identity.pk])
        return False


def _due() -> Iterator[ExternalIdentity]:
    """Return the people whose date has passed, each once, a batch at a time. To end their access twice does no harm."""
    after = 0
    while batch := list(
        ExternalIdentity.objects.filter(
            active=True, leaves_at__lte=timezone.now(), pk__gt=after
        ).order_by("pk")[:_AT_ONCE]
    ):
        yield from batch
        after = batch[-1].pk


JOB = Job(name="leaving_dates", run=each(end_what_is_due), every=timedelta(minutes=5))
