"""Read an AuthnRequest, as an identity provider does."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlsplit

from lxml import etree

from jitprov.saml.types import Binding
from jitprov.testing.namespaces import ASSERTION, DSIG, PROTOCOL

_NCNAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")


class RequestNotUnderstood(ValueError):
    """An identity provider would refuse this AuthnRequest."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedRequest:
    """An AuthnRequest that reached the identity provider (saml-core-2.0 §3.4.1)."""

    xml: str
    id: str
    issuer: str
    acs_url: str
    """Blank if the request leaves it to the identity provider's configuration."""
    destination: str
    binding: Binding
    relay_state: str
    login_hint: str
    """From the query string, as Entra reads it."""
    signed: bool
    """Whether there is a signature. It is not verified."""
    force_authn: bool
    is_passive: bool
    name_id_format: str
    authn_contexts: tuple[str, ...]


def read_request(sent: str | Mapping[str, str]) -> ParsedRequest:
    """Read the AuthnRequest that a browser brought: a URL (HTTP-Redirect) or the fields of a form (HTTP-POST).

    :raises RequestNotUnderstood: there is no request, it is not encoded as its binding requires, or a required part is
        missing.
    """
    if isinstance(sent, str):
        parameters = dict(parse_qsl(urlsplit(sent).query, keep_blank_values=True))
        return _parse(_inflate(_message(parameters)), parameters, Binding.REDIRECT)
    return _parse(_message(sent), sent, Binding.POST)


def _message(parameters: Mapping[str, str]) -> bytes:
    try:
        return base64.b64decode(parameters["SAMLRequest"], validate=True)
    except KeyError:
        raise RequestNotUnderstood("there is no SAMLRequest") from None
    except ValueError:
        raise RequestNotUnderstood("SAMLRequest is not base64") from None


def _inflate(deflated: bytes) -> bytes:
    try:
        # saml-bindings-2.0 §3.4.4.1: raw DEFLATE (RFC 1951), no zlib header.
        return zlib.decompress(deflated, wbits=-zlib.MAX_WBITS)
    except zlib.error:
        raise RequestNotUnderstood("SAMLRequest is not raw DEFLATE") from None


def _parse(xml: bytes, parameters: Mapping[str, str], binding: Binding) -> ParsedRequest:
    root = _root(xml)
    return ParsedRequest(
        xml=xml.decode("utf-8"),
        id=_ncname(root.get("ID", "")),
        issuer=_issuer(root),
        acs_url=root.get("AssertionConsumerServiceURL", ""),
        destination=root.get("Destination", ""),
        binding=binding,
        relay_state=parameters.get("RelayState", ""),
        login_hint=parameters.get("login_hint", ""),
        signed="Signature" in parameters or root.find(f"{{{DSIG}}}Signature") is not None,
        force_authn=root.get("ForceAuthn") in {"true", "1"},
        is_passive=root.get("IsPassive") in {"true", "1"},
        name_id_format=_name_id_format(root),
        authn_contexts=tuple(
            (element.text or "").strip()
            for element in root.iter(f"{{{ASSERTION}}}AuthnContextClassRef")
        ),
    )


def _root(xml: bytes) -> etree._Element:
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(xml, parser)
    except etree.XMLSyntaxError:
        raise RequestNotUnderstood("SAMLRequest is not XML") from None
    if root.tag != f"{{{PROTOCOL}}}AuthnRequest" or root.get("Version") != "2.0":
        raise RequestNotUnderstood("SAMLRequest is not an AuthnRequest of SAML 2.0")
    if not root.get("IssueInstant"):
        raise RequestNotUnderstood("the request has no IssueInstant")
    return root


def _ncname(request_id: str) -> str:
    # Entra answers AADSTS7500529 to an ID that begins with a digit.
    if not _NCNAME.fullmatch(request_id):
        raise RequestNotUnderstood("the request's ID is not an NCName")
    return request_id


def _issuer(root: etree._Element) -> str:
    issuer = root.findtext(f"{{{ASSERTION}}}Issuer", "").strip()
    if not issuer:
        raise RequestNotUnderstood("the request has no Issuer")
    return issuer


def _name_id_format(root: etree._Element) -> str:
    policy = root.find(f"{{{PROTOCOL}}}NameIDPolicy")
    return "" if policy is None else policy.get("Format", "")
