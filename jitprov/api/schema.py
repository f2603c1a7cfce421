"""The view of the OpenAPI document."""

from __future__ import annotations

from rest_framework.request import Request
from rest_framework.response import Response

from jitprov.api.base import ApiView
from jitprov.api.openapi import described, description


class SchemaView(ApiView):
    """OpenAPI."""

    @described(exclude=True)
    def get(self, request: Request) -> Response:
        return Response(description())
