"""Change the configuration of one identity provider: locked, recorded, all of it or none, and as somebody has seen it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Model
from django.utils.translation import gettext_lazy as _

from jitprov.configuration import trust
from jitprov.configuration.problems import RowProblem, RowsRefused
from jitprov.journal import audit
from jitprov.journal.actors import Actor
from jitprov.models import IdentityProvider, accounts_database

W = TypeVar("W")
R = TypeVar("R")
_TOO_MANY = _("There are too many rows.")
ROW_VERSION_LENGTH = 16
ITSELF = frozenset({audit.IDENTITY_PROVIDER, "certificate", "email_domain"})
"""An identity provider without its mappings."""
CERTIFICATES = frozenset({"certificate"})
EMAIL_DOMAINS = frozenset({"email_domain"})
CLAIM_MAPPINGS = frozenset({"claim_mapping"})
GROUP_MAPPINGS = frozenset({"group_mapping"})


@contextmanager
def locked(identity_provider: IdentityProvider) -> Iterator[None]:
    """Let nobody else change an identity provider, whose row is read anew, until the block has ended.

    :raises IdentityProvider.DoesNotExist: somebody has deleted it.
    """
    with transaction.atomic(using=accounts_database()):
        rows = IdentityProvider.objects.select_for_update()
        identity_provider.refresh_from_db(from_queryset=rows)
        yield


@contextmanager
def edited(
    identity_provider: IdentityProvider, actor: Actor, note: str = ""
) -> Iterator[trust.Held]:
    """Record what the block changes, in one transaction, while nobody else changes this identity provider.

    Its row is read anew, so that nothing is judged by what was there before.

    :raises IdentityProvider.DoesNotExist: somebody has deleted it.
    """
    with locked(identity_provider), trust.changing(identity_provider, actor, note) as held:
        yield held


def judged_rows(
    wanted: Iterable[W],
    judge: Callable[[int, W], R],
    judge_together: Callable[[Sequence[R]], Iterable[RowProblem]],
) -> list[R]:
    """Return a list of rows, judged one by one and then together, and not saved.

    :raises RowsRefused: some are not valid.
    """
    problems: list[RowProblem] = []
    rows: list[R] = []
    for number, one in enumerate(wanted):
        try:
            rows.append(judge(number, one))
        except ValidationError as error:
            problems.append(RowProblem(row=number, error=error))
    if found := problems or list(judge_together(rows)):
        raise RowsRefused(found)
    return rows


def require_one(problems: Iterable[RowProblem]) -> None:
    """Raise what is wrong with the only row that changes.

    :raises ValidationError: anything is; by field.
    """
    for problem in problems:
        raise problem.error


def twins(
    rows: Sequence[R], key: Callable[[R], Any], field: str, message: Any, others: Iterable[R] = ()
) -> Iterator[RowProblem]:
    """Yield a problem for each row that repeats a row above it, or one of the others, which stay as they are."""
    seen = set(map(key, others))
    for number, row in enumerate(rows):
        value = key(row)
        if value and value in seen:
            error = ValidationError({field: ValidationError(message, code="unique")})
            yield RowProblem(row=number, error=error)
        seen.add(value)


def too_many(count: int, most: int) -> Iterator[RowProblem]:
    """Yield a problem if there are more rows than an identity provider may have."""
    if count > most:
        yield RowProblem(error=ValidationError(_TOO_MANY, code="too_many"))


def save_rows(stored: Any, rows: Sequence[Model], removed: Collection[int] = ()) -> None:
    """Save rows that were judged, and remove others, while their identity provider is :func:`edited`.

    :param stored: the manager of the identity provider's rows of this kind.
    """
    if removed:
        stored.filter(pk__in=removed).delete()
    for row in rows:
        row.save()


def replace_rows(stored: Any, rows: Sequence[Model]) -> None:
    """Let these rows, which were judged, be all, while their identity provider is :func:`edited`.

    :param stored: the manager of the identity provider's rows of this kind.
    """
    stored.exclude(pk__in=[row.pk for row in rows if row.pk is not None]).delete()
    save_rows(stored, rows)


def remove_row(row: Any, actor: Actor) -> None:
    """Remove a row of an identity provider."""
    with edited(row.identity_provider, actor):
        row.delete()


# Versions


class Outdated(ValueError):
    """Somebody has changed what a change is meant for since its version was read."""


def version_of(identity_provider: IdentityProvider, kinds: Collection[str]) -> str:
    """Return a digest of these kinds of configuration."""
    found = audit.snapshot(identity_provider, kinds).items()
    parts = {f"{what} {key}": part for (what, key), part in found if what in kinds}
    return audit.digest_of(parts)[:32]


def version_of_row(key: Any, row: Any, columns: Sequence[str]) -> str:
    """Return a digest of the columns of one row.

    :param key: the primary key that it has, or had.
    """
    # A list of steps that is empty may be stored as nothing.
    values = [getattr(row, name) or "" for name in columns]
    return audit.digest_of([str(key), *values])[:ROW_VERSION_LENGTH]


@contextmanager
def unchanged_since(
    identity_provider: IdentityProvider, kinds: Collection[str], versions: Collection[str]
) -> Iterator[None]:
    """Change a configuration in the block, if it still has one of these versions, in one transaction.

    :raises Outdated: it has another one; nothing was changed.
    """
    with locked(identity_provider):
        if version_of(identity_provider, kinds) not in versions:
            raise Outdated
        yield
