from __future__ import annotations

from collections.abc import Sequence

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.bench.hosts.browsing import post
from tests.bench.hosts.interface import ConnectedDirectory, Delivery
from tests.bench.hosts.with_jitprov import rows


class SignsInWithoutSaml:
    """Implements :class:`tests.bench.hosts.interface.Host`."""

    def connect(self, directories: Sequence[ConnectedDirectory]) -> None:
        rows.connect(directories)

    def leave(self, browser: Client, slug: str) -> str:
        return ""

    def deliver(self, browser: Client, delivery: Delivery) -> HttpResponse:
        return post(browser, reverse("sign-in", args=[delivery["slug"]]), delivery["body"])

    def user_id(self, delivery: Delivery) -> object:
        return rows.user_id(delivery["slug"], delivery["external_id"])


host = SignsInWithoutSaml()
