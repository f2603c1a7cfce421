"""The views and serializers of certificates and e-mail domains: whole lists, validated by the set-up page's forms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from jitprov.api.base import ApiView
from jitprov.api.errors import form_problems
from jitprov.api.fields import Flag, Shape, Text
from jitprov.api.identity_provider_shapes import Certificate
from jitprov.api.openapi import described, problems
from jitprov.api.posted import posted
from jitprov.configuration import trust
from jitprov.journal import audit
from jitprov.models import IdentityProvider, accounts_database
from jitprov.saml.certificates import MAX_CERTIFICATE_LENGTH
from jitprov.setup.certificates import MAX_CERTIFICATES, Certificates
from jitprov.setup.email_domains import MAX_DOMAINS, EmailDomains

Row = Mapping[str, Any]
_TABLE = "table"


class CertificateRows(serializers.Serializer[Any]):
    """All certificates whose signature counts."""

    results = Certificate(many=True)


class WantedCertificate(Shape):
    """A new certificate as PEM, or one that is there by its fingerprint."""

    pem = Text(max_length=MAX_CERTIFICATE_LENGTH, required=False, trim_whitespace=False)
    fingerprint = Text(max_length=64, required=False)
    allow_expired = Flag(default=False)

    def validate(self, attrs: Any) -> Any:
        if len({"pem", "fingerprint"} & set(attrs)) != 1:
            raise ValidationError([ErrorDetail(_("Give either pem or fingerprint."), "one_of")])
        return attrs


class CertificateList(Shape):
    """All that there are to be."""

    rows = serializers.ListField(child=WantedCertificate(), max_length=MAX_CERTIFICATES)


class DomainRows(serializers.Serializer[Any]):
    """All e-mail domains whose people are sent here."""

    results = serializers.ListField(child=serializers.CharField())


class DomainList(Shape):
    """All that there are to be."""

    rows = serializers.ListField(child=Text(max_length=253), max_length=MAX_DOMAINS)


class CertificatesView(ApiView):
    """Certificates."""

    @described(
        operation_id="certificates_list",
        summary="List certificates",
        responses={200: CertificateRows, **problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        return self._all(self.identity_provider(slug))

    @described(
        operation_id="certificates_replace",
        summary="Let these be all the certificates",
        request=CertificateList,
        responses={200: CertificateRows, **problems(400, 404, 413, 415)},
    )
    def put(self, request: Request, slug: str) -> Response:
        with transaction.atomic(using=accounts_database()):
            idp = self.identity_provider(slug, locked=True)
            sent = self.body(CertificateList)["rows"]
            stored = {row.fingerprint: row.pk for row in idp.certificates.all()}
            rows = [(_stored(one, stored, number), one) for number, one in enumerate(sent)]
            with trust.changing(idp, self.actor):
                _save(Certificates, idp, list(stored.values()), rows)
        return self._all(idp)

    def _all(self, idp: IdentityProvider) -> Response:
        rows = idp.certificates.order_by("pk")[:MAX_CERTIFICATES]
        return self.respond(CertificateRows, {"results": rows})


class DomainsView(ApiView):
    """E-mail domains."""

    @described(
        operation_id="email_domains_list",
        summary="List the e-mail domains whose people are sent here",
        responses={200: DomainRows, **problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        return self._all(self.identity_provider(slug))

    @described(
        operation_id="email_domains_replace",
        summary="Let these be all the e-mail domains; for superusers",
        request=DomainList,
        responses={200: DomainRows, **problems(400, 404, 413, 415)},
    )
    def put(self, request: Request, slug: str) -> Response:
        with transaction.atomic(using=accounts_database()):
            idp = self.identity_provider(slug, locked=True)
            if not self.scope.everything:
                raise PermissionDenied  # a domain routes people of any tenant
            sent = self.body(DomainList)["rows"]
            stored = {row.domain: row.pk for row in idp.email_domains.all()}
            rows = [(stored.get(one.lower()), {"domain": one}) for one in sent]
            with audit.recorded(idp, self.actor):
                _save(EmailDomains, idp, list(stored.values()), rows)
        return self._all(idp)

    def _all(self, idp: IdentityProvider) -> Response:
        rows = idp.email_domains.order_by("domain").values_list("domain", flat=True)
        return self.respond(DomainRows, {"results": list(rows[:MAX_DOMAINS])})


def _stored(sent: Row, stored: Mapping[str, int], number: int) -> int | None:
    """Return the primary key of a stored certificate; ``None`` for a new one."""
    if "pem" in sent:
        return None
    if sent["fingerprint"] not in stored:
        problem = ErrorDetail(_("There is no such certificate."), "invalid_choice")
        raise ValidationError({f"rows.{number}.fingerprint": [problem]})
    return stored[sent["fingerprint"]]


def _save(
    table: Any, idp: IdentityProvider, stored: Sequence[int], rows: Sequence[tuple[int | None, Row]]
) -> None:
    """Replace a whole table as the set-up page does: stored rows that the request leaves out are removed.

    :raises ValidationError: a row is not valid.
    """
    kept = {key: number for number, (key, _row) in enumerate(rows) if key is not None}
    new = [number for number, (key, _row) in enumerate(rows) if key is None]
    numbers: list[int | None] = [*(kept.get(key) for key in stored), *new]
    data = posted(_TABLE, {"TOTAL_FORMS": len(numbers), "INITIAL_FORMS": len(stored)})
    for place, number in enumerate(numbers):
        key = stored[place] if place < len(stored) else None
        values = {"DELETE": "on"} if number is None else rows[number][1]
        data |= posted(f"{_TABLE}-{place}", {**values, "id": key or ""})
    formset = table(data, instance=idp, prefix=_TABLE)
    _judge(formset, numbers)
    formset.save()


def _judge(formset: Any, numbers: Sequence[int | None]) -> None:
    if formset.is_valid():
        return
    found: dict[str, Any] = {}
    for number, form in zip(numbers, formset.forms, strict=False):
        found |= form_problems(form.errors, f"rows.{number}.")
    said = [ErrorDetail(str(text), "invalid") for text in formset.non_form_errors()]
    raise ValidationError({**found, **({"rows": said} if said else {})})
