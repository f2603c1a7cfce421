from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client

from tests.bench.hosts.browsing import post
from tests.bench.hosts.interface import ConnectedDirectory, Delivery


class OnlyCallsLogin:
    """Implements :class:`tests.bench.hosts.interface.Host`."""

    def connect(self, directories: Sequence[ConnectedDirectory]) -> None:
        pass

    def leave(self, browser: Client, slug: str) -> str:
        return ""

    def deliver(self, browser: Client, delivery: Delivery) -> HttpResponse:
        return post(browser, "/sign-in/", delivery["body"])

    def user_id(self, slug: str, external_id: str) -> object:
        return User.objects.filter(username=external_id).values_list("pk", flat=True).first()


host = OnlyCallsLogin()
