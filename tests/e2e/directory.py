"""The common interface of both real identity providers: their people, and the options of their admin."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Protocol

from jitprov.saml.types import Binding
from jitprov.testing import ANN, Person

TENANT_ID = "7d3c1f0e-52aa-4b1e-9a53-0c2f6f0c9a11"
ENTITY_ID = f"https://sts.windows.net/{TENANT_ID}/"
"""The entity ID of Entra, so that our preset recognises it."""
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
"""The same person a year later, with another name and address, and not an editor any more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Behaviour:
    """Options that an admin of the identity provider has set."""

    encrypt: bool = False
    verify_requests: bool = False
    """Refuse an AuthnRequest without a valid signature of ours."""
    binding: Binding = Binding.REDIRECT
    """The binding on which it takes requests."""


class RealIdentityProvider(Protocol):
    """A running identity provider from another project, reached over HTTP at 127.0.0.1.

    It shows a page with ``username`` and ``password``, then one with a form that carries the response.
    """

    entity_id: str

    def metadata(self) -> bytes:
        """Return the metadata that it publishes, fetched over HTTP."""

    def trust(self, sp_metadata: bytes) -> None:
        """Import a service provider's metadata unchanged."""

    def know(self, people: Mapping[str, Person]) -> None:
        """Replace the people of the directory, by user name. All have the same password."""

    def logout_url(self, name: str, session_index: str) -> str:
        """Return the URL at which it begins a logout of a person."""


def claims(person: Person) -> dict[str, list[str]]:
    """Return a person's claims under Entra's URIs."""
    said = person.claims(tenant_id=TENANT_ID, issuer=ENTITY_ID)
    listed = {name: [value] if isinstance(value, str) else value for name, value in said.items()}
    return {name: [str(one) for one in values] for name, values in listed.items()}
