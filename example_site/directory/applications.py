"""The application of a directory, with the URLs that its admin has entered, as in Entra's basic configuration."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path

from django.conf import settings

MAX_URL = 500


class NotOurs(ValueError):
    """The URLs of another application. A directory that sends signed responses to any URL lets anybody be anyone."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Application:
    """The URLs of a registered application."""

    entity_id: str
    acs_url: str

    @property
    def logout_url(self) -> str:
        """Return the logout URL, which an admin would enter beside the others."""
        return f"{self.acs_url.removesuffix('acs/')}slo/"


def registered(name: str) -> Application | None:
    """Return the application that is registered under a name, from the data folder."""
    file = _file(name)
    return Application(**json.loads(file.read_text())) if file.exists() else None


def register(name: str, application: Application) -> None:
    """Store an application.

    :raises NotOurs: its URLs are not those of Corner Desk.
    """
    for url in (application.entity_id, application.acs_url):
        if len(url) > MAX_URL or not url.startswith(f"{settings.JITPROV_BASE_URL}/"):
            raise NotOurs(f"{url[:MAX_URL]} is not a URL of {settings.JITPROV_BASE_URL}")
    _file(name).write_text(json.dumps(asdict(application)))


def _file(name: str) -> Path:
    folder: Path = settings.DATA_DIR
    return folder / f"{name}-application.json"
