"""Report refusals of the pure core as validation errors of a field."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from django.core.exceptions import ValidationError

from jitprov.exceptions import JitprovError


@contextmanager
def beside(field: str) -> Iterator[None]:
    """Turn a refusal into a validation error of the field, with the refusal in its ``params``.

    The message is the refusal's text for logs. A form puts the sentence for its code in the place of it.
    """
    try:
        yield
    except JitprovError as refusal:
        error = ValidationError("%(refusal)s", params={"refusal": refusal})
        raise ValidationError({field: error}) from refusal
