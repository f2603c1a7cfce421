"""Who may use the API at all. What they see there is :mod:`jitprov.scope`'s to say, whoever they are."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from jitprov.scope import scope_of


class AdministersTenant(BasePermission):
    """Whoever administers at least one tenant; a superuser administers all."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user) and bool(scope_of(request.user))
