"""The OpenAPI document: complete, valid, without warnings, and the same wherever the host includes the URLs."""

from __future__ import annotations

from typing import Any

import pytest
from drf_spectacular.drainage import GENERATOR_STATS
from drf_spectacular.validation import validate_schema

from jitprov.api import openapi
from jitprov.api.urls import VERSION_1
from jitprov.models import IdentityProvider
from jitprov.provisioning.transforms import TRANSFORMS
from tests.api.client import Api

METHODS = {"get", "post", "put", "patch", "delete"}


@pytest.fixture
def described() -> dict[str, Any]:
    return openapi.description()


def operations(described: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for methods in described["paths"].values() for one in methods.values()]


def test_the_document_is_made_without_a_warning(settings: Any) -> None:
    openapi._description.cache_clear()
    GENERATOR_STATS.reset()
    openapi._description()

    assert not GENERATOR_STATS._warn_cache
    assert not GENERATOR_STATS._error_cache


def test_the_document_is_valid_openapi(described: dict[str, Any]) -> None:
    validate: Any = validate_schema  # has no types
    validate(described)
    assert described["openapi"].startswith("3.1")
    assert described["servers"] == [{"url": "/sso-api/v1"}]


def test_every_view_and_method_but_the_schema_view_is_described(described: dict[str, Any]) -> None:
    routes: list[Any] = VERSION_1
    views = [one.callback.view_class for one in routes if one.name != "schema"]
    there = sum(len(METHODS & set(dir(view))) for view in views)
    assert len(operations(described)) == there


def test_every_operation_has_its_own_name_and_describes_its_errors(
    described: dict[str, Any],
) -> None:
    names = [one["operationId"] for one in operations(described)]
    assert len(names) == len(set(names))
    for one in operations(described):
        assert one["summary"]
        assert {"401", "403", "429"} <= set(one["responses"])
        if "requestBody" in one:
            assert {"400", "413", "415"} <= set(one["responses"])


def test_every_enumeration_has_a_chosen_name(described: dict[str, Any]) -> None:
    names = {name for name, one in described["components"]["schemas"].items() if "enum" in one}
    assert not [name for name in names if name.endswith("Enum")]


def test_every_transform_is_described(described: dict[str, Any]) -> None:
    row = described["components"]["schemas"]["NewClaimMapping"]
    steps = row["properties"]["transforms"]["items"]["oneOf"]
    assert [step["title"] for step in steps] == list(TRANSFORMS)


@pytest.mark.django_db
def test_the_document_is_returned_to_users_of_the_api(ours: Api, idp: IdentityProvider) -> None:
    assert ours.get("schema/").json["info"]["title"] == "jitprov"
