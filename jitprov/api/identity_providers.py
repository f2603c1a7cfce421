"""The views that list, add, read, change, remove, enable and disable identity providers."""

from __future__ import annotations

from typing import Any

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.status import HTTP_204_NO_CONTENT

from jitprov.api.base import ApiView
from jitprov.api.idempotency import made_once
from jitprov.api.identity_provider_shapes import (
    Enabling,
    IdentityProviderChange,
    IdentityProviderDetail,
    IdentityProviderQuery,
    IdentityProviderSummary,
    NewIdentityProvider,
    WholeIdentityProvider,
)
from jitprov.api.openapi import described, problems
from jitprov.api.paging import page, page_of
from jitprov.api.tenants import tenant_named
from jitprov.configuration import columns, editing, enabling, identity_providers
from jitprov.models import IdentityProvider


class IdentityProvidersView(ApiView):
    """Identity providers of your tenants."""

    @described(
        operation_id="identity_providers_list",
        summary="List identity providers",
        parameters=[IdentityProviderQuery],
        responses={200: page_of(IdentityProviderSummary), **problems(400)},
    )
    def get(self, request: Request) -> Response:
        asked = self.query(IdentityProviderQuery)
        rows = self.visible(IdentityProvider.objects.select_related("tenant"))
        found = page(self._narrowed(rows, asked), asked, "slug")
        return self.respond(page_of(IdentityProviderSummary), found)

    def _narrowed(
        self, rows: QuerySet[IdentityProvider], asked: dict[str, Any]
    ) -> QuerySet[IdentityProvider]:
        if "tenant" in asked:
            rows = rows.filter(tenant=tenant_named(self.scope, asked["tenant"]))
        if asked["enabled"] is not None:
            rows = rows.filter(enabled=asked["enabled"])
        if "search" in asked:
            text = asked["search"]
            rows = rows.filter(Q(slug__icontains=text) | Q(entity_id__icontains=text))
        return rows

    @described(
        repeatable=True,
        operation_id="identity_providers_create",
        summary="Begin a draft",
        description="It gets the claim mappings and the subject claim of its preset.",
        request=NewIdentityProvider,
        responses={201: IdentityProviderDetail, **problems(400, 413, 415)},
    )
    def post(self, request: Request) -> Response:
        sent = self.body(NewIdentityProvider)
        tenant = tenant_named(self.scope, sent.pop("tenant"))
        draft = identity_providers.Draft(tenant=tenant, **sent)
        row = made_once(
            request,
            self.visible(IdentityProvider.objects.select_related("tenant")),
            lambda: identity_providers.begin(draft, self.scope, self.actor),
        )
        return self.made(IdentityProviderDetail, row, row.slug)


class IdentityProviderView(ApiView):
    """One identity provider."""

    versioned = editing.ITSELF

    @described(
        operation_id="identity_providers_retrieve",
        summary="Read an identity provider",
        responses={200: IdentityProviderDetail, **problems(404)},
    )
    def get(self, request: Request, slug: str) -> Response:
        self.seen(self.identity_provider(slug))
        # Read only now: what the answer shows must not be older than its version.
        rows = IdentityProvider.objects.select_related("tenant").prefetch_related("certificates")
        return self.respond(IdentityProviderDetail, self.get_row(rows, slug=slug))

    @described(
        changes_versioned=True,
        operation_id="identity_providers_update",
        summary="Change what is named",
        request=IdentityProviderChange,
        responses={200: IdentityProviderDetail, **problems(400, 404, 413, 415)},
    )
    def patch(self, request: Request, slug: str) -> Response:
        row = self.identity_provider(slug)
        return self._changed(row, self.body(IdentityProviderChange))

    @described(
        changes_versioned=True,
        operation_id="identity_providers_replace",
        summary="Let all that can be set be like this",
        description="Takes what GET answers with; what cannot be set may be repeated and changes nothing.",
        request=WholeIdentityProvider,
        responses={200: IdentityProviderDetail, **problems(400, 404, 413, 415)},
    )
    def put(self, request: Request, slug: str) -> Response:
        row = self.identity_provider(slug)
        sent = self.body(WholeIdentityProvider, enabled=row.enabled)
        sent.pop("enabled", None)
        return self._changed(row, sent)

    def _changed(self, row: IdentityProvider, named: dict[str, Any]) -> Response:
        with self.changing(row):
            columns.change(
                row, columns.Columns(**named), self.actor, everything=self.scope.everything
            )
        return self.respond(IdentityProviderDetail, row)

    @described(
        changes_versioned=True,
        operation_id="identity_providers_destroy",
        summary="Remove an identity provider with everything that belongs to it",
        responses={204: None, **problems(404)},
    )
    def delete(self, request: Request, slug: str) -> Response:
        row = self.identity_provider(slug)
        with self.changing(row):
            identity_providers.remove(row, self.actor)
        return Response(status=HTTP_204_NO_CONTENT)


class EnableView(ApiView):
    """Let people sign in."""

    versioned = editing.ITSELF

    @described(
        changes_versioned=True,
        operation_id="identity_providers_enable",
        summary="Let people sign in",
        description="Only after a test sign-in has passed with the configuration as it is now.",
        request=Enabling,
        responses={200: IdentityProviderDetail, **problems(400, 404, 409, 413, 415)},
    )
    def post(self, request: Request, slug: str) -> Response:
        override = self.body(Enabling)["override"]
        row = self.identity_provider(slug)
        if override and not self.scope.everything:
            raise PermissionDenied(_("Only a superuser may enable it without a test."))
        with self.changing(row):
            enabling.enable(row, self.actor, override=override)
        return self.respond(IdentityProviderDetail, row)


class DisableView(ApiView):
    """Let nobody sign in any more."""

    versioned = editing.ITSELF

    @described(
        changes_versioned=True,
        operation_id="identity_providers_disable",
        summary="Let nobody sign in any more",
        request=None,
        responses={200: IdentityProviderDetail, **problems(404)},
    )
    def post(self, request: Request, slug: str) -> Response:
        row = self.identity_provider(slug)
        with self.changing(row):
            enabling.disable(row, self.actor)
        return self.respond(IdentityProviderDetail, row)
