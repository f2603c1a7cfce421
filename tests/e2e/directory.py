"""What both real identity providers have in common: who is known there, and what the admin has switched on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from jitprov.saml.types import Binding
from jitprov.testing import ANN, Person

TENANT_ID = "7d3c1f0e-52aa-4b1e-9a53-0c2f6f0c9a11"
ENTITY_ID = f"https://sts.windows.net/{TENANT_ID}/"
"""Entra's, so that our own preset recognises it."""
PASSWORD = "correct horse"
DEPARTMENT_CLAIM = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/department"
EDITORS, READERS = ANN.groups
ANN_AT_WORK = replace(ANN, extra={DEPARTMENT_CLAIM: "Research"})
ANN_MARRIED = replace(
    ANN_AT_WORK,
    surname="Baker",
    email="ann.baker@acme.example",
    upn="Ann.Baker@acme.example",
    groups=[READERS],
)
"""The same person a year later: another name, another address, and an editor no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """What an admin of the identity provider has switched on."""

    encrypt: bool = False
    verify_requests: bool = False
    """Refuse an AuthnRequest without a good signature of ours."""
    binding: Binding = Binding.REDIRECT
    """How it takes requests."""


class RealIdentityProvider(Protocol):
    """A running identity provider that we did not write, reached over HTTP at 127.0.0.1.

    It shows a page with ``username`` and ``password``, then one with a form that carries the response.
    """

    entity_id: str

    def metadata(self) -> bytes:
        """Return what it publishes, fetched from it."""

    def trust(self, sp_metadata: bytes) -> None:
        """Import a service provider's metadata, as it is."""

    def know(self, people: Mapping[str, Person]) -> None:
        """Replace the directory: people by user name; all have the same password."""


def claims(person: Person) -> dict[str, list[str]]:
    """Return a person's claims under Entra's URIs."""
    said = person.claims(tenant_id=TENANT_ID, issuer=ENTITY_ID)
    listed = {name: [value] if isinstance(value, str) else value for name, value in said.items()}
    return {name: [str(one) for one in values] for name, values in listed.items()}
