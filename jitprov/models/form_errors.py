"""What the pure core refuses, as forms show it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError

from jitprov.exceptions import JitprovError
from jitprov.provisioning.transforms import MappingError
from jitprov.words.problems import in_words


@contextmanager
def beside(field: str) -> Iterator[None]:
    """Show what is wrong with a value beside the field of the form that it was typed into."""
    try:
        yield
    except JitprovError as error:
        raise ValidationError({field: _in_words(error)}) from error


def _in_words(error: JitprovError) -> str:
    if not isinstance(error, MappingError):
        return in_words(str(error))
    about = (error.transform, error.parameter, in_words(error.problem))
    return ": ".join(part for part in about if part)
