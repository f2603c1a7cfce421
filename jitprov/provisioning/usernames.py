"""Find a readable user name that is unique.

A *wish* is the name that a person should have. Where somebody else has it, the person gets the wish with a
suffix, and keeps it on later sign-ins: :func:`is_variant` says that there is nothing to rename.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator
from hashlib import sha256

MAX_LENGTH = 150
"""Most characters of Django's own user name field."""

# What django.contrib.auth's UnicodeUsernameValidator does not allow.
_FORBIDDEN = re.compile(r"[^\w.@+-]+")
_SMALL_NUMBERS = tuple("23456789")
# Eight hexadecimal digits, as secrets.token_hex(4) makes them: no name is a suffix of another by
# accident, as "marie" would be for "ann" and "ann-marie" if letters were allowed.
_SUFFIX = re.compile(r"[2-9]|[0-9a-f]{8}")


def wish_from(*wishes: str) -> str:
    r"""Return the first wish that still has characters when those that Django forbids are taken out; empty if none has.

    Letters beyond ASCII stay. Windows' domain (``ACME\mia``) goes, and so does Entra's ``#EXT#`` mark for guests.

    >>> wish_from("ACME\\mia"), wish_from("mia_fabrikam.example#EXT#@acme.example"), wish_from("Zoë Ünal", "zoe")
    ('mia', 'mia_fabrikam.example@acme.example', 'Zoë.Ünal')
    """
    return next(filter(None, map(_allowed, wishes)), "")


def neutral_name(external_id: str) -> str:
    """Return a user name for somebody of whom nothing is known but their identifier at the identity provider.

    Not one word for all of them: they would be told apart by a number that says nothing.

    >>> neutral_name("c4a5f1e0-0b1d"), neutral_name("***")
    ('c4a5f1e0-0b1d', 'id-596f4162a52f')
    """
    return wish_from(external_id) or f"id-{sha256(external_id.encode()).hexdigest()[:12]}"


def candidates(
    wish: str,
    *,
    max_length: int = MAX_LENGTH,
    suffixes: Iterable[str] = (),
    crowded: bool = False,
) -> Iterator[str]:
    """Yield user names to try: the wish, ``wish-2`` to ``wish-9``, then the wish with each of ``suffixes``.

    ``suffixes`` must be eight lower-case hexadecimal digits each (``secrets.token_hex(4)``); randomness is
    the caller's. Raises :class:`ValueError` for others, because ``is_variant`` would not know them again.
    None is longer than ``max_length``. ``crowded``: other sign-ins want the same names at this moment, so only
    the names with random suffixes are worth a try.

    >>> list(candidates("mia", suffixes=["0c2f6f0c"]))[:3], list(candidates("mia", suffixes=["0c2f6f0c"]))[-1]
    (['mia', 'mia-2', 'mia-3'], 'mia-0c2f6f0c')
    """
    if not crowded:
        yield wish[:max_length]
    for suffix in (*(() if crowded else _SMALL_NUMBERS), *suffixes):
        if not _SUFFIX.fullmatch(suffix):
            raise ValueError("a suffix must be eight lower-case hexadecimal digits")
        if len(suffix) + 1 < max_length:
            yield _with_suffix(wish, suffix, max_length)


def is_variant(current: str, wish: str, *, max_length: int = MAX_LENGTH) -> bool:
    """Say whether ``current`` is one of the :func:`candidates` of ``wish``.

    >>> is_variant("mia-2", "mia"), is_variant("mia-maria", "mia")
    (True, False)
    """
    if current == wish[:max_length]:
        return True
    suffix = current.rpartition("-")[2]
    known = _SUFFIX.fullmatch(suffix) is not None
    return known and current == _with_suffix(wish, suffix, max_length)


def _with_suffix(wish: str, suffix: str, max_length: int) -> str:
    return f"{wish[: max_length - len(suffix) - 1]}-{suffix}"


def _allowed(wish: str) -> str:
    # The same normal form that AbstractBaseUser.normalize_username gives, so that nothing changes later.
    name = unicodedata.normalize("NFKC", wish).rpartition("\\")[2].replace("#EXT#", "").strip()
    spaced = re.sub(r"\s+", ".", name)
    return _FORBIDDEN.sub("", spaced).strip(".-")
