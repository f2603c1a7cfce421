"""Enlist what an extra adds to reports and pages: kinds of trouble, and sections of the set-up page.

An extra is a Django app of its own, which jitprov never imports. The ``ready()`` of its ``AppConfig`` calls :func:`add`
with dotted paths, so that nothing is imported before somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.core.exceptions import ImproperlyConfigured
from django.utils.module_loading import import_string


@dataclass(frozen=True, slots=True, kw_only=True)
class Extra:
    """What one extra adds."""

    name: str
    kinds: str = ""
    """Dotted path of a tuple of :class:`jitprov.status.watched.Kind`."""
    sections: str = ""
    """Dotted path of a tuple of :class:`Section`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of the set-up page, below those of jitprov."""

    template: str
    """Its name. The template finds its context in the variable ``section``."""
    context: Callable[[Any], Mapping[str, Any]]
    """Returns the context for a :class:`jitprov.setup.page.SetupPage`, of which it is given the one that is shown."""


_enlisted: dict[str, Extra] = {}


def add(extra: Extra) -> None:
    """Enlist an extra.

    :raises ImproperlyConfigured: another one has its name.
    """
    # The same one comes again when tests of a host change INSTALLED_APPS.
    if _enlisted.setdefault(extra.name, extra) != extra:
        raise ImproperlyConfigured(f"two extras have the name {extra.name}")


def enlisted() -> tuple[Extra, ...]:
    """Return the extras, in the order of ``INSTALLED_APPS``."""
    return tuple(_enlisted.values())


def kinds() -> Iterator[Any]:
    """Yield the kinds of trouble that extras add."""
    for extra in enlisted():
        yield from import_string(extra.kinds) if extra.kinds else ()


def sections() -> Iterator[Section]:
    """Yield the sections of the set-up page that extras add."""
    for extra in enlisted():
        yield from import_string(extra.sections) if extra.sections else ()
