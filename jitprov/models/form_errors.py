"""What the pure core refuses, as forms show it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError

from jitprov.provisioning.transforms import MappingError
from jitprov.saml.certificates import CertificateUnusable
from jitprov.words.problems import in_words


@contextmanager
def beside(field: str) -> Iterator[None]:
    """Show what is wrong with a value beside the field of the form that it was typed into."""
    try:
        yield
    except (MappingError, CertificateUnusable) as error:
        raise ValidationError({field: in_words(error)}) from error
