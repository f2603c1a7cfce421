"""The view and serializers of tenants, and the look-up of the tenant that a request names."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as FieldError
from django.utils.translation import gettext as _
from rest_framework import serializers
from rest_framework.exceptions import ErrorDetail, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from jitprov.api.base import ApiView
from jitprov.api.openapi import described, problems
from jitprov.api.paging import Paging, page, page_of
from jitprov.conf import conf
from jitprov.scope import Scope


class Tenant(serializers.Serializer[Any]):
    """A tenant of the host."""

    id = serializers.SerializerMethodField(help_text="By what requests name it.")
    name = serializers.CharField(source="__str__")

    def get_id(self, tenant: Any) -> str:
        return str(getattr(tenant, conf.TENANT_LOOKUP_FIELD))


class TenantsView(ApiView):
    """Tenants."""

    @described(
        operation_id="tenants_list",
        summary="The tenants that you administer",
        parameters=[Paging],
        responses={200: page_of(Tenant), **problems(400)},
    )
    def get(self, request: Request) -> Response:
        found = page(self.scope.visible_tenants(), self.query(Paging), "pk")
        return self.respond(page_of(Tenant), found)


def tenant_named(scope: Scope, key: str) -> Any:
    """Return the tenant with this key.

    :raises ValidationError: there is no such tenant in the scope.
    """
    try:
        tenant = scope.visible_tenants().filter(**{conf.TENANT_LOOKUP_FIELD: key}).first()
    except (ValueError, FieldError, OverflowError):
        tenant = None
    if tenant is None:
        raise ValidationError(
            {"tenant": [ErrorDetail(_("There is no such tenant."), "invalid_choice")]}
        )
    return tenant
