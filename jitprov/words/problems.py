"""What the pure core says of a mapping or a certificate, as a form says it: a sentence in the reader's language."""

from __future__ import annotations

import re

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

_WORDS: tuple[tuple[str, Promise], ...] = (
    # Parameters
    (r"must not be empty", _("This must not be empty.")),
    (r"must be one of (?P<choices>.*)", _("This must be one of %(choices)s.")),
    (r"must be a text", _("This must be a text.")),
    (r"must be a list of texts", _("This must be a list of texts.")),
    (r"must be an object of texts", _("This must be a table of texts.")),
    (
        r"must have at most (?P<most>\d+) characters",
        _("This must have at most %(most)s characters."),
    ),
    (r"must have at most (?P<most>\d+) entries", _("This must have at most %(most)s entries.")),
    (
        r"must be a whole number from 0 to (?P<most>\d+)",
        _("This must be a whole number from 0 to %(most)s."),
    ),
    (
        r"has a character that cannot be stored",
        _("This has a character that cannot be stored."),
    ),
    (r"is not a parameter", _("There is no such parameter.")),
    (r"is not a regular expression", _("This is not a regular expression.")),
    (
        r"may take too long: .*",
        _(
            "This may take too long: begin it with ^, repeat fewer parts, and repeat nothing that is itself "
            "repeated, optional or an alternative."
        ),
    ),
    (
        r"uses what is not allowed here: (?P<what>.*)",
        _("This uses what is not allowed here: %(what)s."),
    ),
    (r"the pattern has no such group", _("The regular expression has no such group.")),
    (
        r"has a brace that belongs to no claim; write \{\{ or \}\} for the character",
        _("This has a brace that belongs to no claim; write {{ or }} for the character."),
    ),
    (
        r"each must have %d, %m and %Y \(or %y\) once, and no other directive",
        _("Each format must have a day, a month and a year once, and nothing else of that kind."),
    ),
    # Steps
    (r"transforms must be a list", _("The steps must be a list.")),
    (
        r'each transform must be an object with a "name"',
        _("Each step must be an object with a name."),
    ),
    (r"there are more than (?P<most>\d+) transforms", _("There are more than %(most)s steps.")),
    (r"there is no such transform", _("There is no such step.")),
    (r"must be the last transform", _("This must be the last step.")),
    # Rows
    (
        r"(?P<field>\S+) can never be written by a mapping",
        _("No mapping may ever fill the user field %(field)s."),
    ),
    (
        r"(?P<field>\S*) is not a user field that a mapping may write",
        _("%(field)s is not a user field that a mapping may write."),
    ),
    (
        r"the target must be the name of a user field",
        _("This must be the name of a user field."),
    ),
    (
        r"there are more than (?P<most>\d+) claims in one row",
        _("There are more than %(most)s claims in one row."),
    ),
    (
        r"a row without a claim needs a constant, a default or a template",
        _("Name a claim, or add a step that makes a value."),
    ),
    (r"there are more than (?P<most>\d+) rows", _("There are more than %(most)s rows.")),
    (r"two rows have the same target", _("Two rows fill the same user field.")),
    # Certificates
    (r"certificate is too long", _("This certificate is too long.")),
    (r"not an X.509 certificate", _("This is not an X.509 certificate.")),
    (r"its key can not be read", _("The key of this certificate can not be read.")),
    (
        r"its key is neither RSA nor an elliptic curve key",
        _("The key of this certificate is neither an RSA nor an elliptic curve key."),
    ),
    (
        r"its key has (?P<bits>\d+) bits, (?P<least>\d+) are the least",
        _("The key of this certificate has %(bits)s bits; %(least)s are the least."),
    ),
)


def in_words(text: str) -> str:
    """Return a text of the core as a sentence; itself if there is none for it."""
    for pattern, words in _WORDS:
        if match := re.fullmatch(pattern, text):
            return str(words) % match.groupdict() if match.groupdict() else str(words)
    return text
