"""Collect what is wrong with a change, by field and by row, so that each door can show it at its place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from jitprov.provisioning.problems import MappingError
from jitprov.saml.certificates import CertificateUnusable
from jitprov.words.problems import in_words


class Problems:
    """The problems of one change, the first of each field."""

    def __init__(self) -> None:
        self._by_field: dict[str, list[ValidationError]] = {}

    @contextmanager
    def of(self, field: str = "") -> Iterator[None]:
        """Collect a validation error or a refusal of the pure core.

        :param field: where it belongs, unless the error names its fields itself.
        """
        try:
            yield
        except ValidationError as error:
            self._add(error, field)
        except (MappingError, CertificateUnusable) as refusal:
            self._add(ValidationError(in_words(refusal), code=refusal.code), field)

    def _add(self, error: ValidationError, field: str) -> None:
        named = error.error_dict if hasattr(error, "error_dict") else {field: error.error_list}
        for name, errors in named.items():
            self._by_field.setdefault(name, list(map(_in_words, errors)))

    def refuse(self) -> None:
        """Raise what was collected.

        :raises ValidationError: anything was; by field.
        """
        if self._by_field:
            raise ValidationError(self._by_field)


def _in_words(error: ValidationError) -> ValidationError:
    """Return an error with the sentence for the code in place of the text that the pure core writes to logs."""
    refusal = (error.params or {}).get("refusal")
    if isinstance(refusal, MappingError | CertificateUnusable):
        return ValidationError(in_words(refusal), code=refusal.code)
    return error


def refuse_unprintable(text: str) -> None:
    """Refuse text with unprintable characters: a SAML message cannot hold them, and nobody types them on purpose."""
    if not text.isprintable():
        raise ValidationError(_("This contains a character that cannot be used here."))


@dataclass(frozen=True, slots=True, kw_only=True)
class RowProblem:
    """What is wrong with one row of a list, or with all of them together."""

    error: ValidationError
    row: int | None = None
    """The number of the row in what was sent, from 0; ``None`` for the list as a whole."""


class RowsRefused(ValueError):
    """Some rows of a change are not valid, so that none was saved."""

    def __init__(self, problems: Sequence[RowProblem]) -> None:
        super().__init__(" ".join(chain.from_iterable(one.error.messages for one in problems)))
        self.problems = tuple(problems)
