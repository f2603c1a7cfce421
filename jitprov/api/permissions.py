"""The default permission class of the API. :mod:`jitprov.scope` limits the rows in addition."""

from __future__ import annotations

from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.views import APIView

from jitprov.scope import scope_of


class AdministersTenant(BasePermission):
    """Permission for every user who administers at least one tenant. A superuser administers all."""

    def has_permission(self, request: Request, view: APIView) -> bool:
        return bool(request.user) and bool(scope_of(request.user))
