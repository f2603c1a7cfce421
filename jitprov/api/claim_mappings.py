"""The views of claim mappings: one row, or the whole list."""

from __future__ import annotations

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT

from jitprov.api.base import ApiView, number_of
from jitprov.api.errors import WHOLE
from jitprov.api.mapping_rows import claim_row, claim_rows
from jitprov.api.mapping_shapes import (
    ClaimMappingList,
    ClaimMappingRow,
    ClaimMappingRows,
    NewClaimMapping,
)
from jitprov.api.openapi import described, problems
from jitprov.journal import audit
from jitprov.models import ClaimMapping, IdentityProvider, accounts_database
from jitprov.provisioning.mapping import MAX_RULES, check_work
from jitprov.provisioning.problems import MappingError, MappingProblem
from jitprov.words.problems import sentence


class ClaimMappingsView(ApiView):
    """All claim mappings of an identity provider."""

    @described(
        operation_id="claim_mappings_list",
        summary="List claim mappings, in order",
        responses={200: ClaimMappingRows, **problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        return self._all(self.identity_provider(slug))

    @described(
        operation_id="claim_mappings_create",
        summary="Add a claim mapping",
        request=NewClaimMapping,
        responses={201: ClaimMappingRow, **problems(400, 404, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        with transaction.atomic(using=accounts_database()):
            idp = self.identity_provider(slug, locked=True)
            sent = self.body(NewClaimMapping)
            sent.setdefault("position", _next_position(idp))
            row = claim_row(ClaimMapping(identity_provider=idp), sent)
            with audit.recorded(idp, self.actor):
                _save(row)
            _require_bounded(idp)
        return self.made(ClaimMappingRow, row, row.pk)

    @described(
        operation_id="claim_mappings_replace",
        summary="Let these be all the claim mappings",
        description="All of it, or nothing. Their order is that of the list.",
        request=ClaimMappingList,
        responses={200: ClaimMappingRows, **problems(400, 404, 413, 415)},
    )
    def put(self, request: Request, slug: str) -> Response:
        with transaction.atomic(using=accounts_database()):
            idp = self.identity_provider(slug, locked=True)
            rows = claim_rows(idp, self.body(ClaimMappingList)["rows"], "rows")
            with audit.recorded(idp, self.actor):
                _replace(idp, rows)
            _require_bounded(idp)
        return self._all(idp)

    def _all(self, idp: IdentityProvider) -> Response:
        rows = ClaimMapping.objects.filter(identity_provider=idp)
        return self.respond(ClaimMappingRows, {"results": rows[:MAX_RULES]})


class ClaimMappingView(ApiView):
    """One claim mapping."""

    @described(
        operation_id="claim_mappings_retrieve",
        summary="Read a claim mapping",
        responses={200: ClaimMappingRow, **problems(404)},
    )
    def get(self, request: Request, slug: str, id: str) -> Response:  # noqa: A002 -- the URL's name for it
        return self.respond(ClaimMappingRow, self._row(slug, id))

    @described(
        operation_id="claim_mappings_update",
        summary="Change what is named of a claim mapping",
        request=NewClaimMapping,
        responses={200: ClaimMappingRow, **problems(400, 404, 413, 415)},
    )
    def patch(self, request: Request, slug: str, id: str) -> Response:  # noqa: A002 -- the URL's name for it
        with transaction.atomic(using=accounts_database()):
            idp = self.identity_provider(slug, locked=True)
            row = claim_row(self._row(slug, id), self.body(NewClaimMapping))
            with audit.recorded(idp, self.actor):
                _save(row)
            _require_bounded(idp)
        return self.respond(ClaimMappingRow, row)

    @described(
        operation_id="claim_mappings_destroy",
        summary="Remove a claim mapping",
        responses={204: None, **problems(404)},
    )
    def delete(self, request: Request, slug: str, id: str) -> Response:  # noqa: A002 -- the URL's name for it
        with transaction.atomic(using=accounts_database()):
            idp = self.identity_provider(slug, locked=True)
            row = self._row(slug, id)
            with audit.recorded(idp, self.actor):
                row.delete()
        return Response(status=HTTP_204_NO_CONTENT)

    def _row(self, slug: str, key: str) -> ClaimMapping:
        rows = ClaimMapping.objects.all()
        return self.get_row(rows, identity_provider__slug=slug, pk=number_of(key))


def _require_bounded(idp: IdentityProvider) -> None:
    """Refuse what was just saved, in the caller's transaction, if all rows together may take too long."""
    rows = ClaimMapping.objects.filter(identity_provider=idp)
    try:
        check_work(row.as_rule() for row in rows)
    except MappingError as error:
        if error.problem is not MappingProblem.TOO_MUCH_WORK:
            return  # of a row that was there before
        problem = ErrorDetail(sentence(error), error.problem.name.lower())
        raise ValidationError({WHOLE: [problem]}) from error


def _next_position(idp: IdentityProvider) -> int:
    positions = list(idp.claim_mappings.values_list("position", flat=True))
    if len(positions) >= MAX_RULES:
        raise ValidationError([ErrorDetail(_("There are too many rows."), "too_many")])
    return max(positions, default=-1) + 1


def _replace(idp: IdentityProvider, wanted: list[ClaimMapping]) -> None:
    """Replace all rows. A row that has the same user field as before keeps its primary key."""
    known = dict(idp.claim_mappings.values_list("target", "pk"))
    idp.claim_mappings.exclude(target__in=[row.target for row in wanted]).delete()
    for row in wanted:
        row.pk = known.get(row.target)
        row.save()


def _save(row: ClaimMapping) -> None:
    others = ClaimMapping.objects.filter(identity_provider=row.identity_provider)
    if others.filter(target=row.target).exclude(pk=row.pk).exists():
        problem = ErrorDetail(_("Another row fills this user field already."), "unique")
        raise ValidationError({"target": [problem]})
    row.save()
