"""The views of claim mappings: one row, or the whole list."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT

from jitprov.api.base import ApiView, number_of
from jitprov.api.idempotency import made_once
from jitprov.api.mapping_shapes import (
    ClaimMappingList,
    ClaimMappingRow,
    ClaimMappingRows,
    NewClaimMapping,
)
from jitprov.api.openapi import described, problems
from jitprov.configuration import claim_mappings, editing
from jitprov.configuration.claim_mappings import ClaimRow
from jitprov.models import ClaimMapping, IdentityProvider
from jitprov.provisioning.mapping import MAX_RULES


class ClaimMappingsView(ApiView):
    """All claim mappings of an identity provider."""

    versioned = editing.CLAIM_MAPPINGS

    @described(
        operation_id="claim_mappings_list",
        summary="List claim mappings, in order",
        responses={200: ClaimMappingRows, **problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        return self._all(self.seen(self.identity_provider(slug)))

    @described(
        changes_versioned=True,
        repeatable=True,
        operation_id="claim_mappings_create",
        summary="Add a claim mapping",
        request=NewClaimMapping,
        responses={201: ClaimMappingRow, **problems(400, 404, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        idp = self.identity_provider(slug)
        wanted = ClaimRow(**self.body(NewClaimMapping))

        def make() -> ClaimMapping:
            with self.changing(idp):
                return claim_mappings.add(idp, wanted, self.actor)

        row = made_once(request, ClaimMapping.objects.filter(identity_provider=idp), make)
        return self.made(ClaimMappingRow, row, row.pk)

    @described(
        changes_versioned=True,
        operation_id="claim_mappings_replace",
        summary="Let these be all the claim mappings",
        description="All of it, or nothing. Their order is that of the list.",
        request=ClaimMappingList,
        responses={200: ClaimMappingRows, **problems(400, 404, 413, 415)},
    )
    def put(self, request: Request, slug: str) -> Response:
        idp = self.identity_provider(slug)
        wanted = [ClaimRow(**one) for one in self.body(ClaimMappingList)["results"]]
        with self.changing(idp):
            claim_mappings.replace(idp, wanted, self.actor)
        return self._all(idp)

    def _all(self, idp: IdentityProvider) -> Response:
        rows = ClaimMapping.objects.filter(identity_provider=idp)
        return self.respond(ClaimMappingRows, {"results": rows[:MAX_RULES]})


class ClaimMappingView(ApiView):
    """One claim mapping."""

    versioned = editing.CLAIM_MAPPINGS

    @described(
        operation_id="claim_mappings_retrieve",
        summary="Read a claim mapping",
        responses={200: ClaimMappingRow, **problems(404)},
    )
    def get(self, request: Request, slug: str, id: str) -> Response:  # noqa: A002 -- the URL's name for it
        self.seen(self.identity_provider(slug))
        return self.respond(ClaimMappingRow, self._row(slug, id))

    @described(
        changes_versioned=True,
        operation_id="claim_mappings_update",
        summary="Change what is named of a claim mapping",
        request=NewClaimMapping,
        responses={200: ClaimMappingRow, **problems(400, 404, 413, 415)},
    )
    def patch(self, request: Request, slug: str, id: str) -> Response:  # noqa: A002 -- the URL's name for it
        row = self._row(slug, id)
        sent = self.body(NewClaimMapping)
        with self.changing(row.identity_provider):
            claim_mappings.change(row, self.actor, **sent)
        return self.respond(ClaimMappingRow, row)

    @described(
        changes_versioned=True,
        operation_id="claim_mappings_destroy",
        summary="Remove a claim mapping",
        responses={204: None, **problems(404)},
    )
    def delete(self, request: Request, slug: str, id: str) -> Response:  # noqa: A002 -- the URL's name for it
        row = self._row(slug, id)
        with self.changing(row.identity_provider):
            editing.remove_row(row, self.actor)
        return Response(status=HTTP_204_NO_CONTENT)

    def _row(self, slug: str, key: str) -> ClaimMapping:
        rows = ClaimMapping.objects.select_related("identity_provider")
        return self.get_row(rows, identity_provider__slug=slug, pk=number_of(key))
