"""A client of the API for one signed-in user, which sends and receives JSON."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from django.test import Client

ROOT = "/sso-api/v1/"


@dataclass(frozen=True, slots=True)
class Answer:
    """A response of the API."""

    status: int
    json: Any
    headers: Any

    @property
    def codes(self) -> dict[str, list[str]]:
        """Return the codes of the errors, by part of the request."""
        return {path: [one["code"] for one in found] for path, found in self.json["errors"].items()}


@dataclass(frozen=True, slots=True)
class Api:
    """The requests of one user."""

    client: Client

    def ask(
        self, method: str, path: str, body: Any = None, headers: Any = None, **query: Any
    ) -> Answer:
        data = "" if body is None else body if isinstance(body, bytes) else json.dumps(body)
        answer = self.client.generic(
            method,
            ROOT + path,
            data,
            content_type="application/json",
            query_params=query or None,
            headers=headers,
        )
        assert answer.status_code == 204 or answer["Content-Type"] == "application/json"
        return Answer(
            answer.status_code, json.loads(answer.content or "null"), dict(answer.headers)
        )

    def get(self, path: str, **query: Any) -> Answer:
        return self.ask("GET", path, **query)

    def post(self, path: str, body: Any = None) -> Answer:
        return self.ask("POST", path, body)

    def put(self, path: str, body: Any) -> Answer:
        return self.ask("PUT", path, body)

    def patch(self, path: str, body: Any) -> Answer:
        return self.ask("PATCH", path, body)

    def delete(self, path: str) -> Answer:
        return self.ask("DELETE", path)
