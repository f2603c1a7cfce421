"""The views and serializers of test sign-ins: begin one, open its URL in the browser, and read its report."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.utils.decorators import method_decorator
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_variables
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from jitprov.api.base import ApiView
from jitprov.api.dataclass_shapes import shape_of
from jitprov.api.fields import Shape, Text
from jitprov.api.idempotency import made_once
from jitprov.api.openapi import described, problems
from jitprov.api.paging import Paging, page, page_of
from jitprov.host.next_url import MAX_NEXT_URL, safe_next_url
from jitprov.models import TestSignIn
from jitprov.provisioning.presets import Preset
from jitprov.sign_in import rehearsal, witness
from jitprov.sign_in.rehearsal_report import Report
from jitprov.words.remedies import Remedy, remedy


class StartedTest(serializers.Serializer[TestSignIn]):
    """A test sign-in."""

    reference = serializers.CharField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)
    expires_at = serializers.DateTimeField()
    passed = serializers.BooleanField(allow_null=True, help_text="Null until it has ended.")
    code = serializers.CharField(allow_blank=True, help_text="Of the refusal, if there was one.")


class NewTest(StartedTest):
    """A test sign-in that has just begun."""

    start_url = serializers.SerializerMethodField()

    @extend_schema_field(
        serializers.CharField(
            help_text="To be opened once, within a few minutes. Only the browser that opens it is shown values."
        )
    )
    def get_start_url(self, test: TestSignIn) -> str:
        return rehearsal.start_url(test)


class Advice(serializers.Serializer[Any]):
    """What is wrong in words, and what to change where."""

    code = serializers.CharField()
    remedy = shape_of(Remedy)()


class TestDetail(StartedTest):
    """A test sign-in with its report."""

    report = serializers.SerializerMethodField()
    remedies = serializers.SerializerMethodField()

    @extend_schema_field(shape_of(Report)(allow_null=True))
    def get_report(self, test: TestSignIn) -> Any:
        # An API client did not go through it, but the script of a page may ask from the browser that did.
        with_values = witness.went_through(self.context["request"], test)
        report = rehearsal.report_of(test, with_values=with_values)
        return None if report is None else shape_of(Report)(report).data

    @extend_schema_field(Advice(many=True))
    def get_remedies(self, test: TestSignIn) -> Any:
        report = rehearsal.report_of(test, with_values=False)
        preset = Preset(test.identity_provider.preset)
        codes = report.codes if report else ()
        return Advice(
            [{"code": code, "remedy": remedy(code, preset)} for code in codes], many=True
        ).data


class TestStart(Shape):
    """A test sign-in to be."""

    report_url = Text(
        max_length=MAX_NEXT_URL,
        default="/",
        help_text="Where the browser is sent afterwards: a page of yours, as after any sign-in.",
    )

    def validate_report_url(self, value: str) -> str:
        if safe_next_url(value) != value:
            raise ValidationError(
                [ErrorDetail(_("This is not a page of this application."), "invalid")]
            )
        return value


@method_decorator(sensitive_variables(), name="dispatch")
class TestSignInsView(ApiView):
    """Test sign-ins that you began."""

    costly = ("POST",)

    @described(
        operation_id="test_sign_ins_list",
        summary="List the test sign-ins that you began, the newest first",
        parameters=[Paging],
        responses={200: page_of(StartedTest), **problems(400, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        asked = self.query(Paging)
        rows = _own(self).filter(identity_provider=self.identity_provider(slug))
        return self.respond(page_of(StartedTest), page(rows, asked, "-pk"))

    @described(
        repeatable=True,
        operation_id="test_sign_ins_start",
        summary="Begin a test sign-in with the configuration as it is now",
        request=TestStart,
        responses={201: NewTest, **problems(400, 404, 409, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        row = self.identity_provider(slug)
        sent = self.body(TestStart)
        test = made_once(
            request,
            _own(self).filter(identity_provider=row),
            lambda: rehearsal.begin(row, actor=self.actor, report_url=sent["report_url"]),
        )
        return self.made(NewTest, test, test.reference)


@method_decorator(sensitive_variables(), name="dispatch")
class TestSignInView(ApiView):
    """One test sign-in."""

    @described(
        operation_id="test_sign_ins_retrieve",
        summary="Read the report",
        responses={200: TestDetail, **problems(404)},
    )
    def get(self, request: Request, slug: str, reference: str) -> Response:
        test = self.get_row(_own(self), identity_provider__slug=slug, reference=reference.upper())
        return self.respond(TestDetail, test)


def _own(view: ApiView) -> QuerySet[TestSignIn]:
    """Return the user's own test sign-ins only, because a report holds the claims of a person."""
    return view.visible(
        TestSignIn.objects.filter(started_by=view.request.user.pk).select_related(
            "identity_provider"
        )
    )
