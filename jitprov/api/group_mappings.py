"""The views of group mappings: one row, or the whole list."""

from __future__ import annotations

from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT

from jitprov.api.base import ApiView, number_of
from jitprov.api.mapping_rows import group_row, group_rows
from jitprov.api.mapping_shapes import (
    GroupMappingList,
    GroupMappingRow,
    NewGroupMapping,
)
from jitprov.api.openapi import described, problems
from jitprov.api.paging import Paging, page, page_of
from jitprov.journal import audit
from jitprov.models import GroupMapping, IdentityProvider, accounts_database
from jitprov.setup.group_mappings import rule_of


class GroupMappingsView(ApiView):
    """All group mappings of an identity provider."""

    @described(
        operation_id="group_mappings_list",
        summary="List group mappings",
        parameters=[Paging],
        responses={200: page_of(GroupMappingRow), **problems(400, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        asked = self.query(Paging)
        return self._page(self.identity_provider(slug), asked)

    @described(
        operation_id="group_mappings_create",
        summary="Add a group mapping",
        request=NewGroupMapping,
        responses={201: GroupMappingRow, **problems(400, 404, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        with transaction.atomic(using=accounts_database()):
            idp = self.identity_provider(slug, locked=True)
            row = group_row(GroupMapping(identity_provider=idp), self.body(NewGroupMapping))
            with audit.recorded(idp, self.actor):
                _save(row)
        return self.made(GroupMappingRow, row, row.pk)

    @described(
        operation_id="group_mappings_replace",
        summary="Let these be all the group mappings",
        description="All of it, or nothing. The answer is the first page of the list.",
        request=GroupMappingList,
        responses={200: page_of(GroupMappingRow), **problems(400, 404, 413, 415)},
    )
    def put(self, request: Request, slug: str) -> Response:
        with transaction.atomic(using=accounts_database()):
            idp = self.identity_provider(slug, locked=True)
            rows = group_rows(idp, self.body(GroupMappingList)["rows"], "rows")
            with audit.recorded(idp, self.actor):
                _replace(idp, rows)
        return self._page(idp, self.query(Paging))

    def _page(self, idp: IdentityProvider, asked: dict[str, Any]) -> Response:
        rows = GroupMapping.objects.filter(identity_provider=idp).select_related("group")
        return self.respond(page_of(GroupMappingRow), page(rows, asked, "pk"))


class GroupMappingView(ApiView):
    """One group mapping."""

    @described(
        operation_id="group_mappings_retrieve",
        summary="Read a group mapping",
        responses={200: GroupMappingRow, **problems(404)},
    )
    def get(self, request: Request, slug: str, id: str) -> Response:  # noqa: A002 -- the URL's name for it
        return self.respond(GroupMappingRow, self._row(slug, id))

    @described(
        operation_id="group_mappings_update",
        summary="Change what is named of a group mapping",
        request=NewGroupMapping,
        responses={200: GroupMappingRow, **problems(400, 404, 413, 415)},
    )
    def patch(self, request: Request, slug: str, id: str) -> Response:  # noqa: A002 -- the URL's name for it
        with transaction.atomic(using=accounts_database()):
            idp = self.identity_provider(slug, locked=True)
            row = group_row(self._row(slug, id), self.body(NewGroupMapping))
            with audit.recorded(idp, self.actor):
                _save(row)
        return self.respond(GroupMappingRow, row)

    @described(
        operation_id="group_mappings_destroy",
        summary="Remove a group mapping",
        responses={204: None, **problems(404)},
    )
    def delete(self, request: Request, slug: str, id: str) -> Response:  # noqa: A002 -- the URL's name for it
        with transaction.atomic(using=accounts_database()):
            idp = self.identity_provider(slug, locked=True)
            row = self._row(slug, id)
            with audit.recorded(idp, self.actor):
                row.delete()
        return Response(status=HTTP_204_NO_CONTENT)

    def _row(self, slug: str, key: str) -> GroupMapping:
        rows = GroupMapping.objects.select_related("group")
        return self.get_row(rows, identity_provider__slug=slug, pk=number_of(key))


def _replace(idp: IdentityProvider, wanted: list[GroupMapping]) -> None:
    """Replace all rows. A row that is the same as before keeps its primary key."""
    known = {rule_of(row): row.pk for row in idp.group_mappings.all()}
    kept = {known[rule_of(row)] for row in wanted if rule_of(row) in known}
    idp.group_mappings.exclude(pk__in=kept).delete()
    for row in wanted:
        row.pk = known.get(rule_of(row))
        row.save()


def _save(row: GroupMapping) -> None:
    others = row.identity_provider.group_mappings.exclude(pk=row.pk)
    same = others.filter(claim=row.claim, value=row.value)
    if rule_of(row) in map(rule_of, same):
        problem = ErrorDetail(_("Another row says the same already."), "unique")
        raise ValidationError({"value": [problem]})
    row.save()
