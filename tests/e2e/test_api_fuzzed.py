"""The API against its OpenAPI document: every response is described, none is a 5xx, and none shows another tenant.

Schemathesis makes the requests from the document, valid and invalid ones, with keys of both tenants. The requests are
the same on every run, so that a failure can be repeated.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction

from jitprov.api.openapi import description
from jitprov.testing import FakeIdentityProvider
from tests.api.planted import OURS, THEIRS, Planted, plant
from tests.e2e.peers import require_schemathesis
from tests.support.factories import UserFactory

pytestmark = [pytest.mark.e2e, pytest.mark.django_db]

TOO_LARGE = 413
EXAMPLES = 10
"""Requests of each kind, valid and invalid, for each operation and each user."""
OPERATIONS = [
    (method, path) for path, methods in description()["paths"].items() for method in methods
]


_SENT = ("New", "Listed", "Patched")
"""Prefixes of the components that requests have."""


@pytest.fixture(autouse=True)
def _host(settings: Any) -> None:
    require_schemathesis()
    settings.JITPROV_PROVISIONER = "tests.api.planted.GroupsByTenant"
    settings.REST_FRAMEWORK = {"DEFAULT_THROTTLE_RATES": {"jitprov": None, "jitprov-tests": None}}


@pytest.fixture
def tenants(fake_identity_provider: FakeIdentityProvider) -> tuple[Planted, Planted]:
    return plant(OURS, fake_identity_provider), plant(THEIRS, fake_identity_provider)


def told(tenants: tuple[Planted, ...]) -> dict[str, Any]:
    """Return the OpenAPI document with the keys of both tenants as examples, because random keys would find nothing.

    Invalid requests have random keys all the same.
    """
    document = copy.deepcopy(description())
    document["servers"] = [{"url": "/sso-api/v1"}]
    known: dict[str, list[Any]] = {
        "slug": [one.mark for one in tenants],
        "tenant": [one.idp.tenant.slug for one in tenants],
        "identity_provider": [one.mark for one in tenants],
        "group": [one.group_mapping.group_id for one in tenants],
        "target": ["first_name", "last_name", "email", "is_superuser", "password"],
    }
    for path, methods in document["paths"].items():
        for operation in methods.values():
            operation.pop("security", None)  # the user is not generated
            here = {
                **known,
                "id": [one.key(path) for one in tenants],
                "reference": [one.reference(path) for one in tenants],
            }
            for parameter in _keys_of(operation):
                _offer(parameter, "schema", here.get(parameter["name"]))
    components = document["components"]["schemas"].items()
    for component in (one for name, one in components if name.startswith(_SENT)):
        for name in component["properties"].keys() - {
            "slug"
        }:  # the slug of a new row has to be new
            _offer(component["properties"], name, known.get(name))
    return document


def _keys_of(operation: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the parameters that name something. Filters are left: one that fits nothing is no error."""
    parameters = operation.get("parameters", [])
    return [one for one in parameters if one["in"] == "path" or one["name"] == "tenant"]


def _offer(where: dict[str, Any], name: str, values: list[Any] | None) -> None:
    if values and where[name].get("type") in ("string", "integer"):
        where[name] = {"type": where[name]["type"], "enum": values}


def judged(user: Any, marker: str = "") -> Callable[[Any], None]:
    """Return a function that sends one request, rolls it back and checks the response."""
    from schemathesis import checks  # noqa: PLC0415 -- may not be installed

    from tests.e2e.django_transport import BASE_URL, session_of  # noqa: PLC0415 -- needs requests

    names = (
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_headers_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
    )
    checks.load_all_checks()
    wanted = checks.CHECKS.get_by_names(names)

    session = session_of(user)

    def judge(case: Any) -> None:
        with transaction.atomic():
            response = case.call(base_url=f"{BASE_URL}/sso-api/v1", session=session)
            transaction.set_rollback(True)
        # Schemathesis does not count 413 as a refusal.
        unwanted = [checks.negative_data_rejection] if response.status_code == TOO_LARGE else []
        case.validate_response(response, checks=wanted, excluded_checks=unwanted)
        assert not (marker and marker in response.text), response.text

    return judge


def requests_for(document: dict[str, Any], path: str, method: str) -> Iterator[Any]:
    """Yield a strategy for valid requests, and one for invalid requests if there can be any."""
    import schemathesis  # noqa: PLC0415 -- may not be installed
    from schemathesis import GenerationMode  # noqa: PLC0415 -- may not be installed

    operation = schemathesis.openapi.from_dict(document)[path][method]
    yield operation.as_strategy(generation_mode=GenerationMode.POSITIVE)
    if operation.body or operation.query:
        yield operation.as_strategy(generation_mode=GenerationMode.NEGATIVE)


def fuzz(document: dict[str, Any], path: str, method: str, judge: Callable[[Any], None]) -> None:
    from hypothesis import HealthCheck, Phase, given, settings  # noqa: PLC0415 -- comes with schemathesis

    for cases in requests_for(document, path, method):
        bounded = settings(
            max_examples=EXAMPLES,
            derandomize=True,
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        run: Any = bounded(given(cases)(judge))  # type: ignore[no-untyped-call]
        run()


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_tenants_administrator_gets_described_responses_only(
    tenants: tuple[Planted, Planted], method: str, path: str
) -> None:
    judge = judged(tenants[0].admin, marker=THEIRS)
    fuzz(told(tenants), path, method, judge)


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
def test_a_superuser_gets_described_responses_only(
    tenants: tuple[Planted, Planted], method: str, path: str
) -> None:
    judge = judged(UserFactory.create(is_superuser=True))
    fuzz(told(tenants), path, method, judge)
