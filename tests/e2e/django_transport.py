"""A transport for ``requests`` that calls this process, within the transaction and with the user of the test."""

from __future__ import annotations

import io
from typing import Any
from urllib.parse import urlsplit

from django.test import Client
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

BASE_URL = "http://testserver"


class _DjangoAdapter(HTTPAdapter):
    def __init__(self, client: Client) -> None:
        super().__init__()
        self._client = client

    def send(self, request: PreparedRequest, *args: Any, **kwargs: Any) -> Response:
        parts = urlsplit(str(request.url))
        body = request.body or b""
        headers = {name: str(value) for name, value in request.headers.items()}
        answer = self._client.generic(
            str(request.method),
            parts.path,
            body.encode() if isinstance(body, str) else body,
            content_type=headers.pop("Content-Type", ""),
            headers=headers,
            QUERY_STRING=parts.query,
        )
        raw = HTTPResponse(
            body=io.BytesIO(answer.content),
            headers=dict(answer.items()),
            status=answer.status_code,
            reason=answer.reason_phrase,
            preload_content=False,
        )
        return self.build_response(request, raw)


def session_of(user: Any) -> Session:
    """Return a session in which a user is signed in."""
    client = Client()
    client.force_login(user)
    session = Session()
    session.mount(BASE_URL, _DjangoAdapter(client))
    return session
