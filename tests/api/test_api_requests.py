"""Bodies, queries and headers of the API: limits, error responses, throttling and permissions."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.core.checks import run_checks
from django.test import Client, override_settings
from rest_framework.permissions import BasePermission

from jitprov.api import checks, parsers
from jitprov.api.paging import MAX_LIMIT
from jitprov.configuration import limits
from jitprov.models import IdentityProvider
from tests.api.client import ROOT, Api
from tests.support.factories import IdentityProviderFactory, UserFactory

pytestmark = pytest.mark.django_db

ACME = "identity-providers/acme/"
MAPPINGS = f"{ACME}claim-mappings/"


def nested(depth: int) -> bytes:
    return b'{"results": ' + b"[" * depth + b"]" * depth + b"}"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nonsense",
        b"\xff\xfe",
        b'{"target": NaN}',
        b'{"target": Infinity}',
        b'{"position": 1e999}',
        b'{"position": 99999999999999999999999}',
        b'{"position": ' + b"9" * 5000 + b"}",
        b'{"target": "\\u0000"}',
        b'{"\\u0000": 1}',
        b'{"target": "\\ud800"}',
        nested(20),
        nested(100_000),
        b'{"sources": {"a": ' * 20 + b"1" + b"}" * 40,
    ],
    ids=lambda body: repr(body[:20]),
)
def test_a_body_that_is_not_storable_json_is_refused(
    ours: Api, idp: IdentityProvider, body: bytes
) -> None:
    answer = ours.ask("PUT", MAPPINGS, body)

    assert answer.status == 400
    assert answer.json["code"] in {"parse_error", "invalid"}
    assert answer.json["message"]


@pytest.mark.parametrize("body", [[], 1, "text", None, True, {"results": {}}, {"results": [[]]}])
def test_a_value_of_the_wrong_type_is_refused(ours: Api, idp: IdentityProvider, body: Any) -> None:
    answer = ours.ask("PUT", MAPPINGS, json.dumps(body).encode())

    assert (answer.status, answer.json["code"]) == (400, "invalid")


def test_a_body_that_is_too_large_is_refused(ours: Api, idp: IdentityProvider) -> None:
    body = b'{"target": "' + b"x" * parsers.MAX_BYTES + b'"}'

    answer = ours.ask("POST", MAPPINGS, body)

    assert (answer.status, answer.json["code"]) == (413, "too_large")
    # A metadata document may be larger, and is refused for what it says.
    assert ours.post(f"{ACME}metadata/", {"xml": "x" * 900_000}).status == 400
    assert ours.post(f"{ACME}metadata/", {"xml": "x" * 2_000_000}).codes == {"xml": ["max_length"]}


@pytest.mark.parametrize(
    "content_type", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""]
)
def test_other_content_types_than_json_are_refused(
    ours: Api, idp: IdentityProvider, content_type: str
) -> None:
    answer = ours.client.generic("POST", ROOT + MAPPINGS, b"target=x", content_type=content_type)

    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize("accept", ["text/html", "application/xml", "*/*", ""])
def test_the_response_is_json_whatever_the_client_accepts(
    ours: Api, idp: IdentityProvider, accept: str
) -> None:
    answer = ours.client.get(ROOT + ACME, headers={"accept": accept})

    assert answer.status_code in {200, 406}
    assert answer["Content-Type"] == "application/json"


@pytest.mark.parametrize("method", ["OPTIONS", "TRACE", "POST"])
def test_other_methods_are_not_allowed(ours: Api, idp: IdentityProvider, method: str) -> None:
    answer = ours.ask(method, ACME)

    assert (answer.status, answer.json["code"]) == (405, "method_not_allowed")


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": str(MAX_LIMIT + 1)},
        {"limit": "ten"},
        {"limit": "9" * 400},
        {"after": "x" * 201},
        {"search": "\0"},
        {"\0": "x"},
        {"enabled": "perhaps"},
    ],
)
def test_an_invalid_query_is_refused(ours: Api, query: dict[str, str]) -> None:
    assert ours.get("identity-providers/", **query).status == 400


@pytest.mark.parametrize("path", ["events/", "changes/", "tenants/", f"{ACME}group-mappings/"])
@pytest.mark.parametrize("after", ["x", "-1", "1" * 30, "٣", "1.5", "' OR 1=1"])
def test_an_invalid_cursor_is_refused_or_gives_an_empty_page(
    ours: Api, idp: IdentityProvider, path: str, after: str
) -> None:
    assert ours.get(path, after=after).status in {200, 400}


@pytest.mark.parametrize("user", ["x", "9" * 40, "-1"])
def test_an_invalid_primary_key_of_a_user_finds_no_events(ours: Api, user: str) -> None:
    assert ours.get("events/", user=user).json["results"] == []


# Throttling


@pytest.mark.parametrize(
    ("scope", "method", "path", "status"),
    [
        ("jitprov", "GET", "tenants/", 200),
        ("jitprov-tests", "POST", f"{ACME}metadata/refresh/", 409),
        ("jitprov-tests", "POST", f"{ACME}test-sign-ins/", 201),
    ],
)
def test_requests_beyond_the_hosts_rate_are_throttled(
    ours: Api,
    idp: IdentityProvider,
    settings: Any,
    scope: str,
    method: str,
    path: str,
    status: int,
) -> None:
    settings.REST_FRAMEWORK = {"DEFAULT_THROTTLE_RATES": {scope: "2/hour"}}

    answers = [ours.ask(method, path, {} if method == "POST" else None) for _ in range(3)]

    assert [answer.status for answer in answers] == [status, status, 429]
    assert answers[-1].json["code"] == "throttled"
    assert int(answers[-1].headers["Retry-After"]) > 0


def test_costly_requests_are_throttled_by_default(
    ours: Api, idp: IdentityProvider, monkeypatch: pytest.MonkeyPatch
) -> None:
    # They are counted by the minute, and a new one must not begin meanwhile.
    monkeypatch.setattr(limits, "_now", lambda: 1_000_000_010)

    statuses = [ours.post(f"{ACME}test-sign-ins/", {}).status for _ in range(21)]

    assert statuses == [201] * 20 + [429]
    assert ours.get(ACME).status == 200


# Permission


class Nobody(BasePermission):
    """A permission class that refuses everybody."""

    def has_permission(self, request: Any, view: Any) -> bool:
        return False


class Everybody(BasePermission):
    """A permission class that admits everybody, but refuses the identity provider "demo"."""

    def has_object_permission(self, request: Any, view: Any, obj: Any) -> bool:
        return getattr(obj, "slug", "") != "demo"


def test_the_hosts_permission_class_can_refuse_users(
    ours: Api, superuser: Api, settings: Any
) -> None:
    settings.JITPROV_API_PERMISSION = "tests.api.test_api_requests.Nobody"

    assert ours.get("tenants/").status == 403
    assert superuser.get("tenants/").status == 403


def test_the_hosts_permission_class_cannot_widen_the_scope(
    idp: IdentityProvider, api_for: Any, settings: Any
) -> None:
    settings.JITPROV_API_PERMISSION = "tests.api.test_api_requests.Everybody"
    nobody: Api = api_for(UserFactory.create())

    for api in (nobody, Api(Client())):
        assert api.get("identity-providers/").json["results"] == []
        assert api.get(ACME).status == 404
        assert api.post("identity-providers/", {"tenant": idp.tenant.slug}).status == 400


def test_the_hosts_permission_class_is_asked_about_each_row(superuser: Api, settings: Any) -> None:
    settings.JITPROV_API_PERMISSION = "tests.api.test_api_requests.Everybody"
    IdentityProviderFactory.create(slug="demo")

    assert superuser.get("identity-providers/demo/").status == 403


# System checks


def found() -> set[str | None]:
    return {message.id for message in run_checks(tags=["jitprov"])}


@pytest.mark.parametrize("path", ["nowhere.Nothing", "builtins.dict", "rest_framework"])
def test_an_unusable_permission_class_is_reported(path: str) -> None:
    with override_settings(JITPROV_API_PERMISSION=path):
        assert checks.PERMISSION_NOT_USABLE in found()


def test_a_missing_package_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    assert checks.PACKAGE_MISSING not in found()
    monkeypatch.setattr(checks, "NEEDED", {"not_there_at_all": "not-there"})
    [message] = [one for one in run_checks(tags=["jitprov"]) if one.id == checks.PACKAGE_MISSING]
    assert "not-there" in message.msg
