"""Users and events as lines of text."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from example_site.people.models import User
from jitprov.models import ProvisioningEvent


def people() -> Iterator[str]:
    """Yield a line for each user of a directory."""
    head = ("user name", "name", "organisation", "department", "job title", "groups", "active")
    users = User.objects.filter(organisation__isnull=False).order_by("pk")
    return _table(head, [_person(user) for user in users.select_related("organisation")])


def events() -> Iterator[str]:
    """Yield a line for each event, oldest first."""
    head = ("reference", "identity provider", "outcome", "reason", "user", "changed fields")
    rows = ProvisioningEvent.objects.select_related("user", "identity_provider").order_by("pk")
    return _table(head, [_event(row) for row in rows])


def _person(user: User) -> Sequence[str]:
    groups = ", ".join(user.groups.values_list("name", flat=True))
    return (
        user.username,
        user.get_full_name(),
        str(user.organisation),
        user.department,
        user.job_title,
        groups,
        "yes" if user.is_active else "no",
    )


def _event(event: ProvisioningEvent) -> Sequence[str]:
    return (
        event.reference,
        str(event.identity_provider),
        event.outcome,
        event.reason,
        event.user.get_username() if event.user else "",
        ", ".join(event.changed_fields),
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    everything = [head, *rows]
    widths = [max(len(row[column]) for row in everything) for column in range(len(head))]
    for row in (head, ["-" * width for width in widths], *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()
