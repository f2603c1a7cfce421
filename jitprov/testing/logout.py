"""Write the logout messages of a fake identity provider, signed with the xmlsec library, and read ours."""

from __future__ import annotations

import base64
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TypeAlias, TypedDict, Unpack
from urllib.parse import parse_qsl, quote, urlsplit

from lxml import etree
from xmlsec import Key, SignatureContext, constants

from jitprov.saml.types import Binding, KeyPair, NameID
from jitprov.testing.identity_provider import FakeIdentityProvider
from jitprov.testing.knobs import EMAIL_ADDRESS_FORMAT, SUCCESS, SignatureAlgorithm
from jitprov.testing.message import new_id
from jitprov.testing.namespaces import ASSERTION, PROTOCOL, bind
from jitprov.testing.person import ANN
from jitprov.testing.signing import sign

Mutation: TypeAlias = Callable[[etree._Element], None]

_TRANSFORMS = {
    SignatureAlgorithm.RSA_SHA1: constants.TransformRsaSha1,
    SignatureAlgorithm.RSA_SHA256: constants.TransformRsaSha256,
    SignatureAlgorithm.RSA_SHA384: constants.TransformRsaSha384,
    SignatureAlgorithm.RSA_SHA512: constants.TransformRsaSha512,
    SignatureAlgorithm.ECDSA_SHA256: constants.TransformEcdsaSha256,
    SignatureAlgorithm.ECDSA_SHA384: constants.TransformEcdsaSha384,
    SignatureAlgorithm.ECDSA_SHA512: constants.TransformEcdsaSha512,
}


class LogoutKnobs(TypedDict, total=False):
    """Everything that a test may change of a logout message. By default it is good, and about Ann."""

    binding: Binding
    name_id: NameID | None
    session_indexes: Sequence[str]
    now: datetime
    relay_state: str
    issuer: str
    destination: str | None
    attributes: Mapping[str, str | None]
    """Of the message; ``None`` takes one away."""
    sign: bool
    signing_key_pair: KeyPair
    signature_algorithm: SignatureAlgorithm
    lower_case: bool
    """Whether to percent-encode as Entra and AD FS do."""
    mutate_before_signing: Mutation
    mutate_after_signing: Mutation
    """Only by form; what is signed in a URL is text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FakeLogout:
    """A logout message as a browser brings it."""

    id: str
    binding: Binding
    query: str = ""
    """With HTTP-Redirect: exactly as it is sent."""
    form: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class SentLogout:
    """A logout message of ours, as an identity provider reads it."""

    root: etree._Element
    relay_state: str
    signed: bool
    """Whether there is a signature. It is not verified."""

    @property
    def id(self) -> str:
        return self.root.get("ID", "")

    @property
    def name_id(self) -> NameID:
        found = self.root.find(f"{{{ASSERTION}}}NameID")
        if found is None:
            raise ValueError("there is no NameID")
        return NameID(
            value=found.text or "",
            format=found.get("Format", ""),
            name_qualifier=found.get("NameQualifier", ""),
            sp_name_qualifier=found.get("SPNameQualifier", ""),
        )

    @property
    def session_indexes(self) -> list[str]:
        return [index.text or "" for index in self.root.iter(f"{{{PROTOCOL}}}SessionIndex")]

    @property
    def statuses(self) -> list[str]:
        return [code.get("Value", "") for code in self.root.iter(f"{{{PROTOCOL}}}StatusCode")]


def request_logout(
    fake: FakeIdentityProvider, slo_url: str, **knobs: Unpack[LogoutKnobs]
) -> FakeLogout:
    """Return a LogoutRequest of an identity provider to us."""
    root = _message("LogoutRequest", fake, slo_url, knobs)
    name_id = knobs.get("name_id", NameID(value=ANN.upn, format=EMAIL_ADDRESS_FORMAT))
    if name_id is not None:
        _add_name_id(root, name_id)
    for index in knobs.get("session_indexes", ()):
        etree.SubElement(root, f"{{{PROTOCOL}}}SessionIndex").text = index
    return _sent(root, "SAMLRequest", fake, knobs)


def answer_logout(
    fake: FakeIdentityProvider,
    slo_url: str,
    in_response_to: str,
    *,
    statuses: Sequence[str] = (SUCCESS,),
    **knobs: Unpack[LogoutKnobs],
) -> FakeLogout:
    """Return a LogoutResponse of an identity provider to us."""
    root = _message("LogoutResponse", fake, slo_url, knobs)
    if "InResponseTo" not in knobs.get("attributes", {}):
        root.set("InResponseTo", in_response_to)
    parent = etree.SubElement(root, f"{{{PROTOCOL}}}Status")
    for status in statuses:
        parent = etree.SubElement(parent, f"{{{PROTOCOL}}}StatusCode", {"Value": status})
    return _sent(root, "SAMLResponse", fake, knobs)


def read_logout(sent: str | Mapping[str, str]) -> SentLogout:
    """Return the message in a URL (HTTP-Redirect) or in the fields of a form (HTTP-POST)."""
    by_url = isinstance(sent, str)
    parameters = dict(parse_qsl(urlsplit(sent).query)) if isinstance(sent, str) else sent
    packed = parameters.get("SAMLRequest") or parameters["SAMLResponse"]
    document = base64.b64decode(packed, validate=True)
    if by_url:
        document = zlib.decompress(document, wbits=-zlib.MAX_WBITS)
    root = etree.fromstring(document)
    return SentLogout(
        root=root,
        relay_state=parameters.get("RelayState", ""),
        signed="Signature" in parameters or root.find("{*}Signature") is not None,
    )


def _message(
    name: str, fake: FakeIdentityProvider, slo_url: str, knobs: LogoutKnobs
) -> etree._Element:
    now = knobs.get("now") or datetime.now(UTC)
    root = etree.Element(
        f"{{{PROTOCOL}}}{name}", nsmap=bind(("samlp", PROTOCOL), ("saml", ASSERTION))
    )
    attributes: dict[str, str | None] = {
        "ID": new_id(),
        "Version": "2.0",
        "IssueInstant": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ"),
        "Destination": knobs.get("destination", slo_url),
        **knobs.get("attributes", {}),
    }
    for attribute, value in attributes.items():
        if value is not None:
            root.set(attribute, value)
    issuer = etree.SubElement(root, f"{{{ASSERTION}}}Issuer")
    issuer.text = knobs.get("issuer", fake.entity_id)
    return root


def _add_name_id(root: etree._Element, name_id: NameID) -> None:
    element = etree.SubElement(root, f"{{{ASSERTION}}}NameID")
    element.text = name_id.value
    qualifiers = {
        "Format": name_id.format,
        "NameQualifier": name_id.name_qualifier,
        "SPNameQualifier": name_id.sp_name_qualifier,
    }
    for attribute, value in qualifiers.items():
        if value:
            element.set(attribute, value)


def _sent(
    root: etree._Element, parameter: str, fake: FakeIdentityProvider, knobs: LogoutKnobs
) -> FakeLogout:
    _mutate(root, knobs.get("mutate_before_signing"))
    binding = knobs.get("binding", Binding.REDIRECT)
    message_id = root.get("ID", "")
    key_pair = knobs.get("signing_key_pair", fake.key_pairs[0]) if knobs.get("sign", True) else None
    if binding is Binding.REDIRECT:
        query = _query(root, parameter, key_pair, knobs)
        return FakeLogout(id=message_id, binding=binding, query=query)
    if key_pair is not None:
        algorithm = knobs.get("signature_algorithm")
        sign(
            root,
            key_pair=key_pair,
            prefix="ds",
            knobs={"signature_algorithm": algorithm} if algorithm else {},
        )
    _mutate(root, knobs.get("mutate_after_signing"))
    form = {parameter: base64.b64encode(etree.tostring(root)).decode("ascii")}
    if relay_state := knobs.get("relay_state"):
        form["RelayState"] = relay_state
    return FakeLogout(id=message_id, binding=binding, form=form)


def _mutate(root: etree._Element, mutation: Mutation | None) -> None:
    if mutation is not None:
        mutation(root)


def _query(
    root: etree._Element, parameter: str, key_pair: KeyPair | None, knobs: LogoutKnobs
) -> str:
    deflate = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    packed = deflate.compress(etree.tostring(root)) + deflate.flush()
    lower = knobs.get("lower_case", False)
    query = f"{parameter}={_encoded(base64.b64encode(packed).decode(), lower)}"
    if relay_state := knobs.get("relay_state"):
        query += f"&RelayState={_encoded(relay_state, lower)}"
    if key_pair is None:
        return query
    algorithm = knobs.get("signature_algorithm", SignatureAlgorithm.RSA_SHA256)
    query += f"&SigAlg={_encoded(algorithm, lower)}"
    signature = base64.b64encode(_signature(query, key_pair, algorithm)).decode()
    return f"{query}&Signature={_encoded(signature, lower)}"


def _signature(query: str, key_pair: KeyPair, algorithm: SignatureAlgorithm) -> bytes:
    context = SignatureContext()
    context.key = Key.from_memory(key_pair.private_key, constants.KeyDataFormatPem, None)
    value: bytes = context.sign_binary(query.encode(), _TRANSFORMS[algorithm])
    return value


def _encoded(text: str, lower: bool) -> str:
    if not lower:
        return quote(text, safe="")
    return "".join(part if part.isalnum() else quote(part, safe="").lower() for part in text)
