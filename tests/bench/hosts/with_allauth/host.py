from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from django.apps import apps
from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from tests.bench.claims import MAPPINGS, OBJECT_ID_CLAIM
from tests.bench.hosts.browsing import get, post
from tests.bench.hosts.interface import ConnectedDirectory, Delivery


class SignsInWithAllauth:
    """Implements :class:`tests.bench.hosts.interface.Host`."""

    def connect(self, directories: Sequence[ConnectedDirectory]) -> None:
        _model("SocialApp").objects.bulk_create(_social_apps(directories), 500)

    def leave(self, browser: Client, slug: str) -> str:
        return post(browser, reverse("saml_login", args=[slug]), "")["Location"]

    def deliver(self, browser: Client, delivery: Delivery) -> HttpResponse:
        # The first answer only stores the request, so that the session cookie is there for the second.
        stored = post(browser, reverse("saml_acs", args=[delivery["slug"]]), delivery["body"])
        return get(browser, stored["Location"])

    def user_id(self, slug: str, external_id: str) -> object:
        accounts = _model("SocialAccount").objects.filter(
            provider=f"provider-{slug}", uid=external_id
        )
        return accounts.values_list("user_id", flat=True).first()


def _model(name: str) -> Any:
    return apps.get_model("socialaccount", name)


def _social_apps(directories: Sequence[ConnectedDirectory]) -> Iterator[Any]:
    model = _model("SocialApp")
    for item in directories:
        yield model(
            provider="saml",
            provider_id=f"provider-{item['slug']}",
            client_id=item["slug"],
            name=item["slug"],
            settings={
                "idp": {
                    "entity_id": item["entity_id"],
                    "sso_url": item["sso_url"],
                    "x509cert": item["certificate"],
                },
                "attribute_mapping": {"uid": OBJECT_ID_CLAIM, **MAPPINGS},
                "advanced": {"want_assertion_signed": True},
            },
        )


host = SignsInWithAllauth()
