"""The identity providers of all hosts, and the people in them: this process, made with :mod:`jitprov.testing`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from urllib.parse import urlencode

from jitprov.testing import FakeIdentityProvider, Person, rsa_key_pair
from tests.bench.claims import GROUPS, MAPPINGS, OBJECT_ID_CLAIM
from tests.bench.hosts.interface import ConnectedDirectory, Delivery

_NAMESPACE = uuid.UUID("7d3c1f0e-52aa-4b1e-9a53-0c2f6f0c9a11")


class Directory:
    """An Entra tenant with its own certificate, named by a number; all share one key, because keys are slow to make.

    :param number: 0 is where people of all measurements but one are at home.
    :param own_certificate: without one it has the certificate of number 0; no host looks at these.
    """

    def __init__(self, number: int, *, own_certificate: bool = True) -> None:
        self.slug = f"customer-{number}"
        name = f"Directory {number if own_certificate else 0}"
        self._entra = FakeIdentityProvider(
            tenant_id=str(uuid.uuid5(_NAMESPACE, self.slug)),
            key_pairs=[rsa_key_pair("bench", common_name=name)],
        )

    @property
    def row(self) -> ConnectedDirectory:
        """Return what a host must know of it."""
        return ConnectedDirectory(
            slug=self.slug,
            entity_id=self._entra.entity_id,
            sso_url=self._entra.sso_url,
            certificate=self._entra.key_pairs[0].certificate,
        )

    def answer(self, url: str, person: Person) -> Delivery:
        """Return the form that a person's browser brings back from ``url``.

        For a host that asks nobody, it holds what the host would have learnt.
        """
        form = self._signed(url, person) if url else _told(person)
        return Delivery(slug=self.slug, body=urlencode(form), external_id=person.object_id)

    def _signed(self, url: str, person: Person) -> dict[str, str]:
        return self._entra.answer(self._entra.read_request(url), person=person).form

    def response_size(self) -> int:
        """Return how many bytes of XML a response has."""
        acs_url = f"https://app.example/saml/{self.slug}/acs/"
        response = self._entra.respond(
            acs_url=acs_url, audience=acs_url, in_response_to="id" + "0" * 32, person=person(0)
        )
        return len(response.xml.encode())


def directories(count: int, *, known: int) -> Iterator[Directory]:
    """Return so many directories, of which the first ``known`` are ever visited."""
    return (Directory(number, own_certificate=number < known) for number in range(count))


def person(number: int) -> Person:
    """Return somebody, always the same for a number."""
    address = f"firstname.lastname{number:06}@customer.example"
    return Person(
        object_id=str(uuid.uuid5(_NAMESPACE, address)),
        given_name="Firstname",
        surname=f"Lastname{number:06}",
        display_name=f"Firstname Lastname{number:06}",
        email=address,
        upn=address,
        groups=GROUPS,
        extra={"department": "Research and Development", "jobtitle": "Senior Engineer"},
    )


def _told(somebody: Person) -> dict[str, str]:
    claims = somebody.claims(tenant_id="", issuer="")
    fields = {field: str(claims[claim]) for field, claim in MAPPINGS.items()}
    return {"external_id": str(claims[OBJECT_ID_CLAIM]), **fields}
