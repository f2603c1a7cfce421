"""A whole sign-in in a host's test: from the login URL, through a fake identity provider, to the session."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Unpack

from django.http import HttpResponse
from django.test import Client
from django.urls import reverse

from jitprov.conf import conf
from jitprov.metadata.importing import import_metadata
from jitprov.models import IdentityProvider
from jitprov.testing.identity_provider import FakeIdentityProvider, FakeResponse
from jitprov.testing.knobs import Knobs
from jitprov.testing.person import ANN, Person


def connect(
    fake: FakeIdentityProvider,
    tenant: Any,
    *,
    slug: str = "acme",
    **columns: Any,
) -> IdentityProvider:
    """Import the fake's metadata for a tenant, as ``import_idp_metadata`` does, and return the row.

    :param columns: columns of :class:`IdentityProvider` that are changed after the import.
    """
    result = import_metadata(
        fake.metadata_xml().encode(), tenant=tenant, slug=slug, now=datetime.now(UTC)
    )
    identity_provider = IdentityProvider.objects.get(slug=result.slug)
    for name, value in columns.items():
        setattr(identity_provider, name, value)
    identity_provider.save()
    return identity_provider


class SignIn:
    """A callable that signs people in with one browser, the test client."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def __call__(
        self,
        identity_provider: IdentityProvider,
        fake: FakeIdentityProvider,
        person: Person = ANN,
        *,
        next_url: str = "/",
        **knobs: Unpack[Knobs],
    ) -> HttpResponse:
        """Sign a person in, and return the response of the assertion consumer service: a redirect or a refusal."""
        return self.deliver(self.begin(identity_provider, fake, person, next_url=next_url, **knobs))

    def begin(
        self,
        identity_provider: IdentityProvider,
        fake: FakeIdentityProvider,
        person: Person = ANN,
        *,
        next_url: str = "/",
        **knobs: Unpack[Knobs],
    ) -> FakeResponse:
        """Begin a sign-in at the login URL, and return the identity provider's response, not posted yet."""
        login = reverse("jitprov:login", args=[identity_provider.slug])
        leaving = self.client.get(login, {"next": next_url}, secure=_by_https())
        sent = leaving["Location"] if leaving.has_header("Location") else leaving.context["fields"]
        return fake.answer(fake.read_request(sent), person=person, **knobs)

    def deliver(self, response: FakeResponse) -> HttpResponse:
        """Post a response of the identity provider, as the browser does, and go on to the page of a refusal."""
        path = "/" + response.acs_url.split("/", 3)[3]
        answer: Any = self.client.post(path, response.form, secure=_by_https())
        onward = answer.headers.get("Location") or answer.headers.get("Refresh", "")
        _, is_refused, key = onward.partition("?refused=")
        if is_refused:
            answer = self.client.get(path, {"refused": key}, secure=_by_https())
        return answer  # type: ignore[no-any-return]


def _by_https() -> bool:
    """Say whether browsers come by https, so that a host that redirects others to it is tested as it is met."""
    return conf.BASE_URL.startswith("https://")
