from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.bench.hosts.browsing import get, post
from tests.bench.hosts.interface import ConnectedDirectory, Delivery
from tests.bench.hosts.with_jitprov import rows


class SignsInWithJitprov:
    """Implements :class:`tests.bench.hosts.interface.Host`."""

    def connect(self, directories: Sequence[ConnectedDirectory]) -> None:
        rows.connect(directories)

    def leave(self, browser: Client, slug: str) -> str:
        return get(browser, reverse("jitprov:login", args=[slug]))["Location"]

    def deliver(self, browser: Client, delivery: Delivery) -> HttpResponse:
        answer = post(browser, reverse("jitprov:acs", args=[delivery["slug"]]), delivery["body"])
        onward = answer.headers.get("Location", "")
        # The page of a refusal is part of what a refusal costs.
        return get(browser, onward) if "?refused=" in onward else answer

    def user_id(self, slug: str, external_id: str) -> object:
        return rows.user_id(slug, external_id)


host = SignsInWithJitprov()
