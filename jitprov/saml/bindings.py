"""Pack a message for the browser that carries it: into a URL, or into the hidden fields of a form."""

from __future__ import annotations

import base64
import secrets
import zlib
from types import MappingProxyType
from urllib.parse import quote, urlsplit, urlunsplit

from lxml import etree

from jitprov.saml.signing import sign_enveloped, sign_query
from jitprov.saml.types import Binding, KeyPair, Packed

MAX_RELAY_STATE = 80
"""Bytes; saml-bindings-2.0 §3.4.3."""
REQUEST, RESPONSE = "SAMLRequest", "SAMLResponse"
"""The parameters that carry a message (saml-bindings-2.0 §3.4.4.1 and §3.5.4)."""


def pack(  # noqa: PLR0913 -- keyword-only; each is one part of what is sent
    message: etree._Element,
    *,
    url: str,
    binding: Binding,
    parameter: str = REQUEST,
    relay_state: str = "",
    key_pair: KeyPair | None = None,
) -> Packed:
    """Return a message for the browser, signed if a key pair is given.

    :raises ConfigurationError: the key pair cannot be used.
    """
    if binding is Binding.REDIRECT:
        query = _redirect_query(message, parameter, relay_state, key_pair)
        return Packed(binding=binding, url=with_parameters(url, query))
    fields = _form_fields(message, parameter, relay_state, key_pair)
    return Packed(binding=binding, url=url, fields=fields)


def new_message_id() -> str:
    """Return an NCName with 160 bits of randomness; Entra refuses one that starts with a digit (AADSTS7500529)."""
    return f"id{secrets.token_hex(20)}"


def _redirect_query(
    message: etree._Element, parameter: str, relay_state: str, key_pair: KeyPair | None
) -> str:
    """Return the query of HTTP-Redirect: DEFLATE without a zlib header (saml-bindings-2.0 §3.4.4.1)."""
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = deflate.compress(etree.tostring(message, encoding="utf-8")) + deflate.flush()
    query = f"{parameter}={quote(base64.b64encode(packed), safe='')}"
    if relay_state:
        query += f"&RelayState={quote(relay_state, safe='')}"
    return sign_query(query, key_pair) if key_pair else query


def _form_fields(
    message: etree._Element, parameter: str, relay_state: str, key_pair: KeyPair | None
) -> MappingProxyType[str, str]:
    document = (
        sign_enveloped(message, key_pair) if key_pair else etree.tostring(message, encoding="utf-8")
    )
    fields = {parameter: base64.b64encode(document).decode("ascii")}
    if relay_state:
        fields["RelayState"] = relay_state
    return MappingProxyType(fields)


def with_parameters(url: str, parameters: str) -> str:
    """Append parameters to a URL; those that the identity provider put there stay (Google's ``idpid``)."""
    parts = urlsplit(url)
    query = "&".join(part for part in (parts.query, parameters) if part)
    return urlunsplit(parts._replace(query=query, fragment=""))
