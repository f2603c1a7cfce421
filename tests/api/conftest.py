"""Users and clients of the API: a tenant's administrator and a superuser."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.test import Client

from jitprov.models import IdentityProvider, TenantAdministrator
from tests.api.client import Api
from tests.support.factories import UserFactory


@pytest.fixture
def administrator_of() -> Callable[[Any], Any]:
    """Return a function that makes an administrator of a tenant."""

    def make(tenant: Any) -> Any:
        user = UserFactory.create(is_staff=True)
        TenantAdministrator.objects.create(user=user, tenant=tenant)
        return user

    return make


@pytest.fixture
def api_for() -> Callable[[Any], Api]:
    """Return a function that signs a user in to the API."""

    def sign_in(user: Any) -> Api:
        client = Client(raise_request_exception=False)
        client.force_login(user)
        return Api(client)

    return sign_in


@pytest.fixture
def ours(administrator_of: Any, api_for: Any, idp: IdentityProvider) -> Api:
    """A client for the administrator of the tenant of ``idp``."""
    api: Api = api_for(administrator_of(idp.tenant))
    return api


@pytest.fixture
def superuser(api_for: Any, db: None) -> Api:
    """A client for a superuser."""
    api: Api = api_for(UserFactory.create(is_staff=True, is_superuser=True))
    return api
