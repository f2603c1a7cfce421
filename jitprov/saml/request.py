"""Build a request for authentication, sign it if wanted, and pack it for the browser."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from lxml import etree

from jitprov.exceptions import ConfigurationError
from jitprov.saml.bindings import MAX_RELAY_STATE, new_message_id, pack, with_parameters
from jitprov.saml.time import format_instant
from jitprov.saml.types import AuthnRequest, Binding, IdpMetadata, KeyPair, ServiceProvider
from jitprov.saml.xml import SAML, SAMLP

TRANSIENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wishes:
    """Optional parts of a request: how the identity provider should authenticate, and name, the person."""

    force_authn: bool
    name_id_format: str
    authn_contexts: Sequence[str]


def authn_request(  # noqa: PLR0913 -- keyword-only; each is one part of the message
    *,
    sp: ServiceProvider,
    idp: IdpMetadata,
    now: datetime,
    relay_state: str = "",
    force_authn: bool = False,
    login_hint: str = "",
    name_id_format: str = "",
    authn_contexts: Sequence[str] = (),
    request_id: str | None = None,
) -> AuthnRequest:
    """Return a request for authentication, ready to be carried by the browser.

    A NameIDPolicy and authentication contexts are sent only if given: the first overrides what the IdP's admin has
    configured, and Entra refuses most of the second (AADSTS75011).

    :param relay_state: comes back unchanged and unsigned: a reference, never a URL. At most 80 bytes.
    :param login_hint: an e-mail address or user name for the sign-in page. Travels as a parameter of the URL,
        because Entra refuses a Subject.
    :param request_id: for tests; an NCName.
    :raises ConfigurationError: requests are to be signed, and there is no key or it cannot be used.
    """
    if len(relay_state.encode()) > MAX_RELAY_STATE:
        raise ValueError("RelayState is too long")
    request_id = request_id or new_message_id()
    wishes = _Wishes(
        force_authn=force_authn, name_id_format=name_id_format, authn_contexts=authn_contexts
    )
    message = _message(request_id, now, sp, idp)
    _add_wishes(message, wishes)
    packed = pack(
        message,
        url=with_parameters(
            idp.sso_url, urlencode({"login_hint": login_hint}) if login_hint else ""
        ),
        binding=idp.sso_binding,
        relay_state=relay_state,
        key_pair=_signing_key(sp, idp),
    )
    return AuthnRequest(id=request_id, binding=packed.binding, url=packed.url, fields=packed.fields)


def _signing_key(sp: ServiceProvider, idp: IdpMetadata) -> KeyPair | None:
    if sp.sign_requests and not sp.key_pairs:
        raise ConfigurationError("requests are to be signed, but there is no key pair to sign with")
    if not sp.sign_requests and not idp.want_authn_requests_signed:
        return None
    # An IdP that wants signatures when we have no key gets none: many state the wish without insisting, and one
    # that insists refuses the request itself.
    return sp.key_pairs[0] if sp.key_pairs else None


def _message(
    request_id: str, now: datetime, sp: ServiceProvider, idp: IdpMetadata
) -> etree._Element:
    message = etree.Element(
        f"{{{SAMLP}}}AuthnRequest",
        {
            "ID": request_id,
            "Version": "2.0",
            "IssueInstant": format_instant(now),
            "Destination": idp.sso_url,
            "ProtocolBinding": Binding.POST.value,
            "AssertionConsumerServiceURL": sp.acs_url,
        },
        nsmap={"samlp": SAMLP, "saml": SAML},
    )
    etree.SubElement(message, f"{{{SAML}}}Issuer").text = sp.entity_id
    return message


def _add_wishes(message: etree._Element, wishes: _Wishes) -> None:
    if wishes.force_authn:
        message.set("ForceAuthn", "true")
    if wishes.name_id_format:
        policy = etree.SubElement(
            message, f"{{{SAMLP}}}NameIDPolicy", {"Format": wishes.name_id_format}
        )
        # AllowCreate makes no sense with a transient identifier and must not be there (errata E14).
        if wishes.name_id_format != TRANSIENT:
            policy.set("AllowCreate", "true")
    if wishes.authn_contexts:
        requested = etree.SubElement(
            message, f"{{{SAMLP}}}RequestedAuthnContext", {"Comparison": "exact"}
        )
        for context in wishes.authn_contexts:
            etree.SubElement(requested, f"{{{SAML}}}AuthnContextClassRef").text = context
