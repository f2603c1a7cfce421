"""The views and serializers that import and refresh metadata."""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from jitprov.api.base import ApiView
from jitprov.api.dataclass_shapes import Words
from jitprov.api.errors import Conflict
from jitprov.api.fields import Flag, Shape, Text
from jitprov.api.identity_provider_shapes import MAX_URL, Certificate, IdentityProviderDetail
from jitprov.api.openapi import described, problems
from jitprov.api.parsers import DocumentParser
from jitprov.metadata.importing import ImportResult, import_metadata
from jitprov.metadata.refresh import refresh
from jitprov.metadata.source import fetch_document
from jitprov.models import BindingChoice
from jitprov.setup.metadata import warnings_of

MAX_XML = 1_000_000
"""Characters of a document in a request. One identity provider's has about 10,000; a larger one is fetched by URL."""


class MetadataSource(Shape):
    """Where the metadata is: exactly one of the two."""

    url = Text(
        max_length=MAX_URL, required=False, help_text="Fetched now, and kept to be fetched again."
    )
    xml = Text(required=False, trim_whitespace=False, max_length=MAX_XML)
    dry_run = Flag(default=False, help_text="Only say what it would change.")

    def validate(self, attrs: Any) -> Any:
        if len({"url", "xml"} & set(attrs)) != 1:
            raise ValidationError([ErrorDetail(_("Give either url or xml."), "one_of")])
        return attrs


class Understood(serializers.Serializer[Any]):
    """What a metadata document says."""

    entity_id = serializers.CharField()
    sso_url = serializers.CharField()
    sso_binding = serializers.ChoiceField(choices=BindingChoice.choices)
    slo_url = serializers.CharField(allow_blank=True)
    slo_binding = serializers.ChoiceField(choices=BindingChoice.choices)
    want_authn_requests_signed = serializers.BooleanField()
    certificates = Certificate(many=True, source="signing_certificates")


class FieldDifference(serializers.Serializer[Any]):
    """A column that is, or would be, different."""

    field = serializers.CharField()
    before = serializers.JSONField()
    after = serializers.JSONField()


class Imported(serializers.Serializer[Any]):
    """What was understood, and what it changes."""

    dry_run = serializers.BooleanField()
    understood = Understood(source="result.metadata")
    changes = FieldDifference(many=True, source="result.changes")
    certificates_added = Certificate(many=True, source="result.certificates_added")
    certificates_removed = Certificate(many=True, source="result.certificates_removed")
    mapped_fields = serializers.ListField(
        child=serializers.CharField(), source="result.mapped_fields"
    )
    linked_people = serializers.IntegerField(
        source="result.linked_people",
        help_text="People who came with the entity ID that it had before, if that changes.",
    )
    warnings = serializers.ListField(child=Words())
    identity_provider = serializers.SerializerMethodField()

    @extend_schema_field(IdentityProviderDetail)
    def get_identity_provider(self, imported: dict[str, Any]) -> Any:
        row = imported["row"]
        return IdentityProviderDetail(row).data


class MetadataView(ApiView):
    """The metadata of an identity provider."""

    parser_classes = [DocumentParser]
    costly = ("POST",)

    @described(
        operation_id="metadata_import",
        summary="Import metadata, or see what it would change",
        request=MetadataSource,
        responses={200: Imported, **problems(400, 404, 413, 415, 503)},
    )
    def post(self, request: Request, slug: str) -> Response:
        row = self.identity_provider(slug)
        sent = self.body(MetadataSource)
        document = _document(sent)
        result = import_metadata(
            document,
            into=row,
            dry_run=sent["dry_run"],
            actor=self.actor,
            metadata_url=sent.get("url", ""),
        )
        return self._answer(slug, result, sent.get("url", ""), dry_run=sent["dry_run"])

    def _answer(self, slug: str, result: ImportResult, url: str, *, dry_run: bool) -> Response:
        row = self.identity_provider(slug)
        warnings = list(warnings_of(result, url))
        answer = {"dry_run": dry_run, "result": result, "row": row, "warnings": warnings}
        return self.respond(Imported, answer)


class RefreshView(MetadataView):
    """The metadata, fetched again."""

    @described(
        operation_id="metadata_refresh",
        summary="Fetch the metadata again from the URL that is kept",
        request=None,
        responses={200: Imported, **problems(400, 404, 409, 503)},
    )
    def post(self, request: Request, slug: str) -> Response:
        row = self.identity_provider(slug)
        if not row.metadata_url:
            raise Conflict("no_metadata_url", _("There is no URL to fetch the metadata from."))
        outcome = refresh(row, self.actor)
        if outcome.error is not None:
            raise outcome.error
        if outcome.result is None:
            raise Conflict("import_refused", _("Somebody else changed it at the same time."))
        return self._answer(slug, outcome.result, row.metadata_url, dry_run=False)


def _document(sent: dict[str, Any]) -> bytes:
    # Not metadata.source.read_metadata, which also reads files of this machine.
    return fetch_document(sent["url"]) if "url" in sent else str(sent["xml"]).encode()
