"""An identity provider that needs no network, with real keys and signatures, in the style of Entra."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Unpack

from lxml import etree

from jitprov.saml.types import Binding, IdpMetadata, KeyPair, NameID
from jitprov.testing.encryption import encrypt
from jitprov.testing.keys import certificate_of, rsa_key_pair
from jitprov.testing.knobs import (
    EMAIL_ADDRESS_FORMAT,
    Knobs,
    Mutation,
    require_known,
)
from jitprov.testing.message import Draft, build_response, new_id
from jitprov.testing.metadata import metadata_document
from jitprov.testing.namespaces import ASSERTION
from jitprov.testing.person import ACME_TENANT_ID, ANN, ClaimValues, Person
from jitprov.testing.received_request import ParsedRequest, read_request
from jitprov.testing.signing import sign


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeResponse:
    """A response that the browser posts to the service provider."""

    acs_url: str
    """The URL to which the form is posted."""
    xml: str
    relay_state: str = ""
    assertion_id: str | None = None

    @property
    def encoded(self) -> str:
        """Return the value of the form's SAMLResponse field."""
        return base64.b64encode(self.xml.encode()).decode("ascii")

    @property
    def form(self) -> dict[str, str]:
        """Return the fields of the form, as the browser posts them to ``acs_url``."""
        relay_state = {"RelayState": self.relay_state} if self.relay_state else {}
        return {"SAMLResponse": self.encoded, **relay_state}


class FakeIdentityProvider:
    """An identity provider whose responses a test can control. It behaves like an Entra tenant by default.

    :param tenant_id: the directory's GUID, from which the other values follow.
    :param key_pairs: the first one signs; the certificates of all are published, as during a key rollover.
    """

    def __init__(
        self,
        *,
        tenant_id: str = ACME_TENANT_ID,
        entity_id: str | None = None,
        sso_url: str | None = None,
        sso_binding: Binding = Binding.REDIRECT,
        slo_url: str | None = None,
        key_pairs: Sequence[KeyPair] = (),
    ) -> None:
        entra_url = f"https://login.microsoftonline.com/{tenant_id}/saml2"
        self.tenant_id = tenant_id
        self.entity_id = entity_id or f"https://sts.windows.net/{tenant_id}/"
        self.sso_url = sso_url or entra_url
        self.sso_binding = sso_binding
        self.slo_url = slo_url or entra_url
        self.key_pairs = tuple(key_pairs) or (rsa_key_pair(tenant_id),)

    def idp_metadata(self) -> IdpMetadata:
        """Return the metadata of this identity provider, as a service provider reads it from :meth:`metadata_xml`."""
        return IdpMetadata(
            entity_id=self.entity_id,
            sso_url=self.sso_url,
            sso_binding=self.sso_binding,
            slo_url=self.slo_url,
            signing_certificates=tuple(certificate_of(pair.certificate) for pair in self.key_pairs),
        )

    def metadata_xml(self) -> str:
        """Return the signed federation metadata document, with Entra's WS-Federation roles."""
        return metadata_document(self.idp_metadata(), signed_by=self.key_pairs[0])

    def read_request(self, sent: str | Mapping[str, str]) -> ParsedRequest:
        """Read the AuthnRequest that a browser brought, from a URL or the fields of a form.

        :raises RequestNotUnderstood: an identity provider would refuse the request.
        """
        return read_request(sent)

    def answer(
        self,
        request: ParsedRequest,
        *,
        acs_url: str = "",
        person: Person | None = ANN,
        **knobs: Unpack[Knobs],
    ) -> FakeResponse:
        """Return the response to a request, for a person who signs in. See :meth:`respond`.

        :param acs_url: the ACS URL, if the request does not name one.
        """
        answer: Knobs = {"relay_state": request.relay_state, **knobs}
        if request.force_authn:
            answer.setdefault("authn_instant", knobs.get("now") or datetime.now(UTC))
        return self.respond(
            acs_url=acs_url or request.acs_url,
            audience=request.issuer,
            in_response_to=request.id,
            person=person,
            **answer,
        )

    def respond(
        self,
        *,
        acs_url: str,
        audience: str,
        in_response_to: str | None = None,
        person: Person | None = ANN,
        **knobs: Unpack[Knobs],
    ) -> FakeResponse:
        """Return a response about a person.

        :param in_response_to: the request's ID; ``None`` for an unsolicited response.
        :param person: the person whose claims are sent; ``None`` to send only those in ``attributes``.
        :param knobs: every other change, see :class:`jitprov.testing.knobs.Knobs`.
        :raises TypeError: there is no such knob.
        """
        require_known(knobs)
        draft = Draft(
            issuer=self.entity_id,
            acs_url=acs_url,
            audience=audience,
            in_response_to=in_response_to,
            name_id=_name_id(knobs, person),
            attributes=self._attributes(knobs, person),
            now=knobs.get("now") or datetime.now(UTC),
            assertion_id=knobs.get("assertion_id", new_id()),
            knobs=knobs,
        )
        response = build_response(draft)
        self._seal(response, draft)
        return FakeResponse(
            acs_url=acs_url,
            xml=etree.tostring(response, encoding="unicode"),
            relay_state=knobs.get("relay_state", ""),
            assertion_id=draft.assertion_id if draft.has_assertion else None,
        )

    def _attributes(self, knobs: Knobs, person: Person | None) -> dict[str, ClaimValues]:
        claims: dict[str, ClaimValues] = {}
        if person is not None:
            claims = person.claims(tenant_id=self.tenant_id, issuer=self.entity_id)
        changed = {**claims, **knobs.get("attributes", {})}
        return {name: values for name, values in changed.items() if values is not None}

    def _seal(self, response: etree._Element, draft: Draft) -> None:
        """Sign the assertion, encrypt it and sign the response, as the knobs say, with a hook before and after."""
        knobs = draft.knobs
        what = knobs.get("sign", "assertion")
        assertion = response.find(f"{{{ASSERTION}}}Assertion")
        _mutate(response, knobs.get("mutate_before_signing"))
        if assertion is not None and what in {"assertion", "both"}:
            self._sign(assertion, draft)
        _mutate(response, knobs.get("mutate_before_encrypting"))
        recipient = knobs.get("encrypt_for")
        if assertion is not None and recipient is not None:
            prefix = draft.prefixes.response
            encrypt(assertion, certificate=recipient, prefix=prefix, knobs=knobs)
        if what in {"response", "both"}:
            self._sign(response, draft)
        _mutate(response, knobs.get("mutate_after_signing"))

    def _sign(self, element: etree._Element, draft: Draft) -> None:
        sign(
            element,
            key_pair=draft.knobs.get("signing_key_pair", self.key_pairs[0]),
            prefix=draft.prefixes.signature,
            knobs=draft.knobs,
        )


def _name_id(knobs: Knobs, person: Person | None) -> NameID | None:
    given = knobs.get("name_id", (person.upn if person else "") or None)
    return NameID(value=given, format=EMAIL_ADDRESS_FORMAT) if isinstance(given, str) else given


def _mutate(response: etree._Element, mutation: Mutation | None) -> None:
    if mutation is not None:
        mutation(response)
