"""Tell whether a configuration is still the one that somebody has seen."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from jitprov.configuration.editing import locked
from jitprov.journal import audit
from jitprov.models import IdentityProvider

ROW_VERSION_LENGTH = 16
ITSELF = frozenset({audit.IDENTITY_PROVIDER, "certificate", "email_domain"})
"""An identity provider without its mappings."""
CERTIFICATES = frozenset({"certificate"})
EMAIL_DOMAINS = frozenset({"email_domain"})
CLAIM_MAPPINGS = frozenset({"claim_mapping"})
GROUP_MAPPINGS = frozenset({"group_mapping"})


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
