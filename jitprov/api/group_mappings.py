"""The views of group mappings: one row, or the whole list."""

from __future__ import annotations

from typing import Any

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT

from jitprov.api.base import ApiView, number_of
from jitprov.api.idempotency import made_once
from jitprov.api.mapping_shapes import GroupMappingList, GroupMappingRow, NewGroupMapping
from jitprov.api.openapi import described, problems
from jitprov.api.paging import Paging, page, page_of
from jitprov.configuration import editing, group_mappings
from jitprov.configuration.group_mappings import GroupRow
from jitprov.models import GroupMapping, IdentityProvider


class GroupMappingsView(ApiView):
    """All group mappings of an identity provider."""

    versioned = editing.GROUP_MAPPINGS

    @described(
        operation_id="group_mappings_list",
        summary="List group mappings",
        parameters=[Paging],
        responses={200: page_of(GroupMappingRow), **problems(400, 404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        asked = self.query(Paging)
        return self._page(self.seen(self.identity_provider(slug)), asked)

    @described(
        changes_versioned=True,
        repeatable=True,
        operation_id="group_mappings_create",
        summary="Add a group mapping",
        request=NewGroupMapping,
        responses={201: GroupMappingRow, **problems(400, 404, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        idp = self.identity_provider(slug)
        wanted = GroupRow(**self.body(NewGroupMapping))

        def make() -> GroupMapping:
            with self.changing(idp):
                return group_mappings.add(idp, wanted, self.actor)

        row = made_once(request, GroupMapping.objects.filter(identity_provider=idp), make)
        return self.made(GroupMappingRow, row, row.pk)

    @described(
        changes_versioned=True,
        operation_id="group_mappings_replace",
        summary="Let these be all the group mappings",
        description="All of it, or nothing. The answer is the first page of the list.",
        request=GroupMappingList,
        responses={200: page_of(GroupMappingRow), **problems(400, 404, 413, 415)},
    )
    def put(self, request: Request, slug: str) -> Response:
        idp = self.identity_provider(slug)
        wanted = [GroupRow(**one) for one in self.body(GroupMappingList)["results"]]
        with self.changing(idp):
            group_mappings.replace(idp, wanted, self.actor)
        return self._page(idp, self.query(Paging))

    def _page(self, idp: IdentityProvider, asked: dict[str, Any]) -> Response:
        rows = GroupMapping.objects.filter(identity_provider=idp).select_related("group")
        return self.respond(page_of(GroupMappingRow), page(rows, asked, "pk"))


class GroupMappingView(ApiView):
    """One group mapping."""

    versioned = editing.GROUP_MAPPINGS

    @described(
        operation_id="group_mappings_retrieve",
        summary="Read a group mapping",
        responses={200: GroupMappingRow, **problems(404)},
    )
    def get(self, request: Request, slug: str, id: str) -> Response:  # noqa: A002 -- the URL's name for it
        self.seen(self.identity_provider(slug))
        return self.respond(GroupMappingRow, self._row(slug, id))

    @described(
        changes_versioned=True,
        operation_id="group_mappings_update",
        summary="Change what is named of a group mapping",
        request=NewGroupMapping,
        responses={200: GroupMappingRow, **problems(400, 404, 413, 415)},
    )
    def patch(self, request: Request, slug: str, id: str) -> Response:  # noqa: A002 -- the URL's name for it
        row = self._row(slug, id)
        sent = self.body(NewGroupMapping)
        with self.changing(row.identity_provider):
            group_mappings.change(row, self.actor, **sent)
        return self.respond(GroupMappingRow, row)

    @described(
        changes_versioned=True,
        operation_id="group_mappings_destroy",
        summary="Remove a group mapping",
        responses={204: None, **problems(404)},
    )
    def delete(self, request: Request, slug: str, id: str) -> Response:  # noqa: A002 -- the URL's name for it
        row = self._row(slug, id)
        with self.changing(row.identity_provider):
            editing.remove_row(row, self.actor)
        return Response(status=HTTP_204_NO_CONTENT)

    def _row(self, slug: str, key: str) -> GroupMapping:
        rows = GroupMapping.objects.select_related("group", "identity_provider")
        return self.get_row(rows, identity_provider__slug=slug, pk=number_of(key))
