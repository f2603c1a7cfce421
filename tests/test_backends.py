"""Whoever was just provisioned is let in as Django's ``authenticate()`` would let them in."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.signals import user_login_failed
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest
from django.test import RequestFactory

from jitprov.backends import OURS, ProvisionedUserBackend, authenticate
from jitprov.models import IdentityProvider
from jitprov.provisioner import Provisioned, provision
from jitprov.provisioning.types import Claims, Source
from jitprov.testing.person import NAME_CLAIM

if TYPE_CHECKING:
    from pytest_django import Settings

pytestmark = pytest.mark.django_db

DJANGOS = "django.contrib.auth.backends.ModelBackend"
HOSTS = "tests.test_backends.Hosts"
SUBCLASS = "tests.test_backends.Subclass"
asked: list[str] = []


class Hosts(ModelBackend):
    """A backend of the host's own, with a say in every sign-in."""

    def authenticate(self, request: HttpRequest | None, **credentials: Any) -> Any:  # type: ignore[override]
        asked.append("host")
        if getattr(request, "blocked", False):
            raise PermissionDenied
        return None


class Subclass(ProvisionedUserBackend):
    pass


@pytest.fixture
def provisioned(idp: IdentityProvider) -> Provisioned:
    claims = Claims(source=Source.SAML, external_id="ann", values={NAME_CLAIM: ("ann",)})
    return provision(idp, claims)


@pytest.fixture
def request_(rf: RequestFactory) -> HttpRequest:
    asked.clear()
    return rf.post("/saml/acme/acs/")


@pytest.mark.parametrize("backends", [[OURS], [OURS, DJANGOS], [DJANGOS, OURS]])
def test_ours_lets_in_where_there_is_no_other(
    backends: list[str], settings: Settings, provisioned: Provisioned, request_: HttpRequest
) -> None:
    settings.AUTHENTICATION_BACKENDS = backends
    user = authenticate(request_, provisioned)
    assert user == provisioned.user
    assert user.backend == OURS


def test_a_backend_of_the_host_s_own_is_asked_in_its_place(
    settings: Settings, provisioned: Provisioned, request_: HttpRequest
) -> None:
    settings.AUTHENTICATION_BACKENDS = [HOSTS, OURS]
    assert authenticate(request_, provisioned) == provisioned.user
    assert asked == ["host"]


def test_the_hosts_backend_may_refuse_a_person(
    settings: Settings, provisioned: Provisioned, request_: HttpRequest
) -> None:
    settings.AUTHENTICATION_BACKENDS = [HOSTS, OURS]
    vars(request_)["blocked"] = True
    assert authenticate(request_, provisioned) is None


def test_a_subclass_of_ours_is_named_in_the_session(
    settings: Settings, provisioned: Provisioned, request_: HttpRequest
) -> None:
    settings.AUTHENTICATION_BACKENDS = [SUBCLASS, DJANGOS]
    user = authenticate(request_, provisioned)
    assert user == provisioned.user
    assert user.backend == SUBCLASS


@pytest.mark.parametrize("backends", [[OURS, DJANGOS], [HOSTS, OURS]])
def test_somebody_who_is_inactive_is_not_let_in_and_django_says_so(
    backends: list[str], settings: Settings, provisioned: Provisioned, request_: HttpRequest
) -> None:
    settings.AUTHENTICATION_BACKENDS = backends
    failed = []

    def listen(**kwargs: Any) -> None:
        failed.append(kwargs["request"])

    user_login_failed.connect(listen)
    provisioned.user.is_active = False
    try:
        assert authenticate(request_, provisioned) is None
    finally:
        user_login_failed.disconnect(listen)
    assert failed == [request_]


def test_without_ours_nobody_is_let_in(
    settings: Settings, provisioned: Provisioned, request_: HttpRequest
) -> None:
    settings.AUTHENTICATION_BACKENDS = [DJANGOS]
    assert authenticate(request_, provisioned) is None


@pytest.mark.parametrize("forged", [None, object(), {"user": 1}])
def test_only_a_provisioned_is_a_proof(forged: Any, request_: HttpRequest) -> None:
    assert authenticate(request_, forged) is None
