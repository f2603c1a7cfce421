"""Forms and rows of the signing certificates on the set-up page, and the values that identify a certificate."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from django import forms
from django.forms import inlineformset_factory
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from jitprov.configuration import certificates
from jitprov.configuration.certificates import MAX_CERTIFICATES, CertificateRow
from jitprov.configuration.problems import RowProblem
from jitprov.models import IdentityProvider, SigningCertificate
from jitprov.saml.certificates import MAX_CERTIFICATE_LENGTH, CertificateUnusable, public_key
from jitprov.saml.types import Certificate
from jitprov.setup.columns import bound
from jitprov.setup.rows import RowForm, RowFormSet


@dataclass(frozen=True, slots=True, kw_only=True)
class ShownCertificate:
    """The fingerprint, key and validity of a certificate, as the pages show them."""

    fingerprint: str
    """The SHA-256 digest in hexadecimal digits, as reports, events and the API write it too."""
    thumbprint: str
    """The SHA-1 digest in upper-case hexadecimal digits, by which Entra names a certificate. Nothing is decided by it."""
    key: str
    not_before: datetime
    not_after: datetime

    @property
    def has_ended(self) -> bool:
        return self.not_after < timezone.now()

    @property
    def has_begun(self) -> bool:
        return self.not_before <= timezone.now()


def shown(certificate: Certificate | SigningCertificate) -> ShownCertificate:
    """Return the values of a certificate by which people recognise it."""
    return ShownCertificate(
        fingerprint=certificate.fingerprint,
        thumbprint=_thumbprint(certificate.pem),
        key=_kind_of_key(certificate.pem),
        not_before=certificate.not_before,
        not_after=certificate.not_after,
    )


def _thumbprint(pem: str) -> str:
    try:
        certificate = x509.load_pem_x509_certificate(pem.encode())
    except ValueError:
        return "?"  # as below
    return certificate.fingerprint(hashes.SHA1()).hex().upper()  # noqa: S303 -- a name, not a proof


def _kind_of_key(pem: str) -> str:
    try:
        key = public_key(pem)
    except CertificateUnusable:
        return "?"  # stored by code that did not check the key
    if isinstance(key, rsa.RSAPublicKey):
        return f"RSA {key.key_size}"
    return f"EC {key.curve.name}"


class CertificateForm(RowForm):
    """One certificate: either a new one, or a stored one, which can be removed but not replaced by another."""

    kind, label = "certificate", "fingerprint"
    compared = ("fingerprint", "allow_expired")

    class Meta:
        model = SigningCertificate
        fields = ("pem", "allow_expired")
        widgets = {"pem": forms.Textarea(attrs={"rows": 4, "spellcheck": "false"})}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        pem = self.fields["pem"]
        bound(pem, MAX_CERTIFICATE_LENGTH)
        pem.help_text = _("The text of a .cer or .pem file, from BEGIN to END CERTIFICATE.")
        if self.instance.pk is not None:
            pem.disabled = True

    def judge(self) -> None:
        typed = self.cleaned_data
        wanted = CertificateRow(
            pem=typed.get("pem", ""), allow_expired=typed.get("allow_expired", False)
        )
        certificates.judge(self.instance, wanted)

    @property
    def shown(self) -> ShownCertificate | None:
        """Return the values of the stored certificate; ``None`` for a new one."""
        return shown(self.instance) if self.instance.pk is not None else None


class CertificateFormSet(RowFormSet):
    """The signing certificates of one identity provider."""

    most = MAX_CERTIFICATES

    def judge_together(self, rows: list[SigningCertificate]) -> Iterable[RowProblem]:
        return certificates.judge_together(self.instance, rows)


Certificates = inlineformset_factory(
    IdentityProvider,
    SigningCertificate,
    form=CertificateForm,
    formset=CertificateFormSet,
    extra=0,
    max_num=MAX_CERTIFICATES,
    absolute_max=MAX_CERTIFICATES + 5,
    validate_max=True,
)
