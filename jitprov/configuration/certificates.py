"""Change the signing certificates of an identity provider, all of them together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from jitprov.configuration.editing import edited, judged_rows, replace_rows, too_many, twins
from jitprov.configuration.problems import Problems, RowProblem
from jitprov.journal.actors import Actor
from jitprov.models import IdentityProvider, SigningCertificate
from jitprov.saml.certificates import MAX_CERTIFICATE_LENGTH

MAX_CERTIFICATES = 20
"""Signing certificates of one identity provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CertificateRow:
    """A certificate as somebody wants it: a new one by its text, or a stored one by its fingerprint."""

    pem: str = ""
    fingerprint: str = ""
    """SHA-256, in lower-case hexadecimal; of a certificate that is stored already."""
    allow_expired: bool = False


def judge(row: SigningCertificate, wanted: CertificateRow) -> SigningCertificate:
    """Write what is wanted into a row, without saving it. The text of a stored certificate stays.

    :raises ValidationError: by field.
    """
    row.allow_expired = wanted.allow_expired
    is_stored: bool = row.pk is not None
    if is_stored:
        return row
    row.pem = wanted.pem
    problems = Problems()
    with problems.of("pem"):
        if len(wanted.pem) > MAX_CERTIFICATE_LENGTH:
            raise ValidationError(_("This certificate is too long."), code="max_length")
    with problems.of():
        row.clean_fields(exclude={"identity_provider", "fingerprint", "not_before", "not_after"})
        row.clean()
    problems.refuse()
    return row


def judge_together(
    identity_provider: IdentityProvider, rows: Sequence[SigningCertificate]
) -> Iterator[RowProblem]:
    """Yield what is wrong with certificates beside each other."""
    yield from too_many(len(rows), MAX_CERTIFICATES)
    yield from twins(rows, _fingerprint, "pem", _("This certificate is there already."))
    if identity_provider.enabled and not rows:
        message = _(
            "While people can sign in, there has to be a certificate. Disable the sign-in first."
        )
        yield RowProblem(error=ValidationError(message))


def _fingerprint(row: SigningCertificate) -> str:
    return row.fingerprint


def replace(
    identity_provider: IdentityProvider, wanted: Sequence[CertificateRow], actor: Actor
) -> None:
    """Let these be all certificates. Of an identity provider with people, new ones count after a passed test.

    :raises RowsRefused: some are not valid; nothing was changed.
    """
    with edited(identity_provider, actor):
        known = {row.fingerprint: row for row in identity_provider.certificates.order_by("pk")}

        def one(_number: int, wanted: CertificateRow) -> SigningCertificate:
            if not wanted.fingerprint:
                return judge(SigningCertificate(identity_provider=identity_provider), wanted)
            return judge(_stored(known, wanted.fingerprint), wanted)

        rows = judged_rows(wanted, one, lambda rows: judge_together(identity_provider, rows))
        replace_rows(identity_provider.certificates, rows)


def _stored(known: dict[str, SigningCertificate], fingerprint: str) -> SigningCertificate:
    if fingerprint not in known:
        error = ValidationError(_("There is no such certificate."), code="invalid_choice")
        raise ValidationError({"fingerprint": error})
    return known[fingerprint]
