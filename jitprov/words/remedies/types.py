"""Define the parts of a remedy."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from jitprov.words.guides import Text


class Fixer(StrEnum):
    """The party that can put it right."""

    IDENTITY_PROVIDER = "identity_provider"
    HERE = "here"
    HOST = "host"
    PERSON = "person"
    NOBODY = "nobody"

    @property
    def label(self) -> Promise:
        """Return the sentence that says who it is."""
        return _LABELS[self]


_LABELS = {
    Fixer.IDENTITY_PROVIDER: _("Change it at your identity provider."),
    Fixer.HERE: _("Change it here."),
    Fixer.HOST: _("Ask the support of this application."),
    Fixer.PERSON: _("The person can simply try again."),
    Fixer.NOBODY: _("There is nothing to change."),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Remedy:
    """A refusal, or a note, as a tenant's admin reads it."""

    happened: Text
    """What is wrong. Unlike what the refused person is told, it may say exactly what."""
    fix: Text
    """What to do."""
    where: Text = ""
    """The place to do it in; empty where there is none."""
    by: Fixer


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """Replacements in a remedy for one kind of identity provider; an empty field stays as it is for all."""

    happened: Text = ""
    fix: Text = ""
    where: Text = ""
    by: Fixer | None = None
