"""The views and serializers of certificates and e-mail domains: whole lists."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, PermissionDenied, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from jitprov.api.base import ApiView
from jitprov.api.fields import Flag, Shape, Text
from jitprov.api.identity_provider_shapes import Certificate
from jitprov.api.openapi import described, problems
from jitprov.configuration import certificates, editing, email_domains
from jitprov.configuration.certificates import MAX_CERTIFICATES, CertificateRow
from jitprov.configuration.email_domains import MAX_DOMAINS
from jitprov.models import IdentityProvider
from jitprov.saml.certificates import MAX_CERTIFICATE_LENGTH


class CertificateRows(serializers.Serializer[Any]):
    """All certificates whose signature counts."""

    results = Certificate(many=True)


class WantedCertificate(Shape):
    """A new certificate as PEM, or one that is there by its fingerprint."""

    pem = Text(max_length=MAX_CERTIFICATE_LENGTH, required=False, trim_whitespace=False)
    fingerprint = Text(max_length=64, required=False)
    allow_expired = Flag(default=False)
    only_read = ("not_before", "not_after")

    def validate(self, attrs: Any) -> Any:
        if len({"pem", "fingerprint"} & set(attrs)) != 1:
            raise ValidationError([ErrorDetail(_("Give either pem or fingerprint."), "one_of")])
        return attrs


class CertificateList(Shape):
    """All that there are to be."""

    results = serializers.ListField(child=WantedCertificate(), max_length=MAX_CERTIFICATES)


class DomainRows(serializers.Serializer[Any]):
    """All e-mail domains whose people are sent here."""

    results = serializers.ListField(child=serializers.CharField())


class DomainList(Shape):
    """All that there are to be."""

    results = serializers.ListField(child=Text(max_length=253), max_length=MAX_DOMAINS)


class CertificatesView(ApiView):
    """Certificates."""

    versioned = editing.CERTIFICATES

    @described(
        operation_id="certificates_list",
        summary="List certificates",
        responses={200: CertificateRows, **problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        return self._all(self.seen(self.identity_provider(slug)))

    @described(
        changes_versioned=True,
        operation_id="certificates_replace",
        summary="Let these be all the certificates",
        request=CertificateList,
        responses={200: CertificateRows, **problems(400, 404, 413, 415)},
    )
    def put(self, request: Request, slug: str) -> Response:
        idp = self.identity_provider(slug)
        wanted = [CertificateRow(**one) for one in self.body(CertificateList)["results"]]
        with self.changing(idp):
            certificates.replace(idp, wanted, self.actor)
        return self._all(idp)

    def _all(self, idp: IdentityProvider) -> Response:
        rows = idp.certificates.order_by("pk")[:MAX_CERTIFICATES]
        return self.respond(CertificateRows, {"results": rows})


class DomainsView(ApiView):
    """E-mail domains."""

    versioned = editing.EMAIL_DOMAINS

    @described(
        operation_id="email_domains_list",
        summary="List the e-mail domains whose people are sent here",
        responses={200: DomainRows, **problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        return self._all(self.seen(self.identity_provider(slug)))

    @described(
        changes_versioned=True,
        operation_id="email_domains_replace",
        summary="Let these be all the e-mail domains; for superusers",
        request=DomainList,
        responses={200: DomainRows, **problems(400, 404, 413, 415)},
    )
    def put(self, request: Request, slug: str) -> Response:
        idp = self.identity_provider(slug)
        if not self.scope.everything:
            raise PermissionDenied  # a domain routes people of any tenant
        wanted = self.body(DomainList)["results"]
        with self.changing(idp):
            email_domains.replace(idp, wanted, self.actor)
        return self._all(idp)

    def _all(self, idp: IdentityProvider) -> Response:
        rows = idp.email_domains.order_by("domain").values_list("domain", flat=True)
        return self.respond(DomainRows, {"results": list(rows[:MAX_DOMAINS])})
