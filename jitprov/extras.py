"""Enlist what an extra adds: kinds of trouble, sections of the set-up page, and jobs.

An extra is a Django app of its own, which jitprov never imports. The ``ready()`` of its ``AppConfig`` calls :func:`add`
with dotted paths, so that nothing is imported before somebody looks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
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
    jobs: tuple[str, ...] = ()
    """Dotted paths, each of one :class:`jitprov.jobs.Job`. jitprov enlists its own in the same way."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """What a section of the set-up page has to show at the moment."""

    done: bool | None
    """Whether it has a tick. The first section that is not done is open; ``None`` if there is nothing to be done."""
    line: Any = ""
    """One line of what is in it, which stands beside the title while the section is folded."""
    has_errors: bool = False
    context: Mapping[str, Any] = field(default_factory=dict)
    """Its template finds it in the variable ``section``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Section:
    """A section of the set-up page. Those of extras stand below those of jitprov."""

    name: str
    """The fragment of its URL, and the value of ``?step=`` that opens it."""
    title: Any
    template: str
    """The name of the template of what is in it, without the title."""
    show: Callable[[Any, Mapping[str, Any]], Shown]
    """Is given the :class:`jitprov.setup.page.SetupPage` and the context that all sections share."""
    tables: tuple[str, ...] = ()
    """The prefixes of its tables: adding a row to one of them keeps the section open."""


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


def jobs() -> Iterator[Any]:
    """Yield the jobs of jitprov and those that extras add."""
    for extra in enlisted():
        yield from map(import_string, extra.jobs)
