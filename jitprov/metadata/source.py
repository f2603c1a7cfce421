"""Read metadata from a file, standard input or an https URL, and a certificate from a file."""

from __future__ import annotations

import base64
import io
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from django.conf import settings  # noqa: TID251 -- DEBUG is Django's setting, not one of ours

from jitprov.conf import conf
from jitprov.exceptions import JitprovError
from jitprov.metadata.fetch import Beyond, fetch_metadata
from jitprov.saml.certificates import (
    MAX_CERTIFICATE_LENGTH,
    CertificateUnusable,
    load_certificate,
)
from jitprov.saml.types import Certificate

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.*?-----END CERTIFICATE-----", re.DOTALL)


class ImportRefused(JitprovError):
    """Metadata can not be imported: its source or the row to import into is missing or ambiguous."""

    code = "import_refused"


class SourceUnreadable(ImportRefused):
    """A file that was named can not be read."""

    code = "import_source_unreadable"


def read_metadata(source: str, *, stdin: BinaryIO) -> bytes:
    """Return the document from a file, from standard input (``-``) or from an https URL.

    One byte more than allowed is read at most; the parser refuses what is too large.

    :raises SourceUnreadable: the file can not be read.
    :raises MetadataRefused: fetching failed.
    """
    if "://" in source:
        return fetch_document(source)
    if source == "-":
        return stdin.read(conf.METADATA_MAX_BYTES + 1)
    hint = "Give a file, - for standard input, or an https URL."
    return read_file(source, conf.METADATA_MAX_BYTES + 1, hint)


def fetch_document(url: str) -> bytes:
    """Return the document at an https URL, within the limits of the settings.

    :raises MetadataRefused: fetching failed.
    """
    return fetch_metadata(
        url,
        max_bytes=conf.METADATA_MAX_BYTES,
        timeout=conf.METADATA_TIMEOUT,
        beyond=Beyond(
            here=settings.DEBUG,
            hosts=frozenset(conf.METADATA_PRIVATE_HOSTS),
            authorities=conf.METADATA_CA_FILE,
        ),
    )


def read_certificate(path: str) -> Certificate:
    """Return the one certificate in a PEM or DER file.

    :raises SourceUnreadable: the file can not be read, or holds something else, or several.
    """
    content = read_file(path, MAX_CERTIFICATE_LENGTH, "Give a PEM or DER file.")
    # Around PEM there may be text, such as openssl's description of the certificate.
    blocks = _PEM.findall(content) or [base64.b64encode(content)]
    if len(blocks) > 1:
        raise SourceUnreadable(
            f"{path!r} holds {len(blocks)} certificates. Give a file with the signer's only."
        )
    try:
        return load_certificate(blocks[0].decode("ascii"))
    except (CertificateUnusable, UnicodeDecodeError) as error:
        raise SourceUnreadable(
            f"{path!r} is not a certificate to verify with ({error}). Give a PEM or DER file."
        ) from error


@contextmanager
def open_metadata(source: str, *, stdin: BinaryIO) -> Iterator[tuple[BinaryIO, int | None]]:
    """Open what :func:`read_metadata` reads; yield it with its size in bytes, if that is known.

    A file and standard input may be of any size. What comes from a URL is read completely first, within the limits.

    :raises SourceUnreadable: the file can not be read.
    :raises MetadataRefused: fetching failed.
    """
    if "://" in source:
        document = read_metadata(source, stdin=stdin)
        yield io.BytesIO(document), len(document)
    elif source == "-":
        yield stdin, None
    else:
        with _opened(source, "Give a file, - for standard input, or an https URL.") as file:
            yield file, os.fstat(file.fileno()).st_size or None  # a pipe has none


def read_file(path: str, size: int, hint: str) -> bytes:
    """Return a file's first ``size`` bytes.

    :raises SourceUnreadable: it can not be read; the text ends with the hint.
    """
    with _opened(path, hint) as file:
        return file.read(size)


def _opened(path: str, hint: str) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "not a file name"
        raise SourceUnreadable(f"{path!r} can not be read: {reason}. {hint}") from error
