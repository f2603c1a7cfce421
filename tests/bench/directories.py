"""Be the identity providers of all hosts, with the people in them; made with :mod:`jitprov.testing`."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from urllib.parse import urlencode

from jitprov.testing import FakeIdentityProvider, Person, rsa_key_pair
from tests.bench.claims import GROUPS
from tests.bench.hosts.interface import ConnectedDirectory, Delivery

_FORGER = rsa_key_pair("forger", common_name="Directory 0")
_NAMESPACE = uuid.UUID("7d3c1f0e-52aa-4b1e-9a53-0c2f6f0c9a11")


class Directory:
    """An Entra tenant with its own certificate, named by a number; all share one key, because keys are slow to make.

    :param number: 0 for the home of everybody, but those who sign in elsewhere.
    :param own_certificate: without one it has the certificate of number 0; nobody signs in there.
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
        """Return the values that a host must store."""
        return ConnectedDirectory(
            slug=self.slug,
            entity_id=self._entra.entity_id,
            sso_url=self._entra.sso_url,
            certificate=self._entra.key_pairs[0].certificate,
        )

    def answer(self, url: str, person: Person, *, forged: bool = False) -> Delivery:
        """Return the form that a person's browser brings back from ``url``.

        :param url: empty for a host without single sign-on; the form then only names the person.
        :param forged: sign with another key than the directory's; the host must refuse that.
        """
        form = self._signed(url, person, forged) if url else {"external_id": person.object_id}
        signed_in = None if forged else person.object_id
        return Delivery(slug=self.slug, body=urlencode(form), external_id=signed_in)

    def _signed(self, url: str, person: Person, forged: bool) -> dict[str, str]:
        [own] = self._entra.key_pairs
        key_pair = _FORGER if forged else own
        request = self._entra.read_request(url)
        return self._entra.answer(request, person=person, signing_key_pair=key_pair).form

    def response_size(self) -> int:
        """Return the number of bytes of XML in a response."""
        acs_url = f"https://app.example/saml/{self.slug}/acs/"
        response = self._entra.respond(
            acs_url=acs_url, audience=acs_url, in_response_to="id" + "0" * 32, person=person(0)
        )
        return len(response.xml.encode())


def directories(count: int, *, known: int) -> Iterator[Directory]:
    """Return so many directories; only the first ``known`` are ever visited."""
    return (Directory(number, own_certificate=number < known) for number in range(count))


def person(number: int) -> Person:
    """Return the person with this number, always the same."""
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
