"""The second verifier: python3-saml. The only module that imports it.

It is used as it is, with four things taken out of its hands:

* the clock, so that a moment can be given, as everywhere in this package;
* the XML schemas, which it would compile anew for every message;
* the settings, which it would build anew and complete from files on disk;
* decryption, after which it moves the assertion so that prefixes and with them the canonical form change.

Nothing of the installed library is altered: the two methods that reach for globals are bound again with
globals of ours.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from types import FunctionType
from typing import Any
from urllib.parse import urlsplit

import onelogin.saml2.response as library
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.utils import OneLogin_Saml2_Utils
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from jitprov.saml.types import MAX_CLOCK_SKEW, IdpMetadata, ServiceProvider
from jitprov.saml.xml import SAML

_now: ContextVar[int] = ContextVar("jitprov_toolkit_now")
_per_thread = threading.local()


class ToolkitRefused(Exception):
    """python3-saml does not accept the response."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """Who speaks to whom, as far as python3-saml must know; the key of the settings that are kept."""

    sp_entity_id: str
    acs_url: str
    idp_entity_id: str
    sso_url: str
    certificates: tuple[str, ...]

    @classmethod
    def of(cls, sp: ServiceProvider, idp: IdpMetadata, certificates: tuple[str, ...]) -> Parties:
        """Gather them; ``certificates`` are those that may be trusted at this time, PEM."""
        return cls(
            sp_entity_id=sp.entity_id,
            acs_url=sp.acs_url,
            idp_entity_id=idp.entity_id,
            sso_url=idp.sso_url,
            certificates=certificates,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What python3-saml read, in our terms."""

    assertion_id: str
    issuer: str
    name_id: str | None
    attributes: dict[str, tuple[str, ...]]


def judge(
    document: bytes,
    *,
    decrypted: bytes | None,
    parties: Parties,
    request_id: str | None,
    now: datetime,
) -> Reading:
    """Return what python3-saml reads in a response that it accepts.

    :param document: the response as posted, decoded; ``decrypted`` the same with its assertion in plaintext.
    :param now: the earliest moment that our rules allow; it takes no skew on the end of a confirmation.
    :raises ToolkitRefused: it does not accept it, or fails on it in any way.
    """
    token = _now.set(int(now.timestamp()))
    try:
        response = _Response(_settings(parties), document, decrypted)
        response.is_valid(_request_data(parties.acs_url), request_id, raise_exceptions=True)
        return _reading(response)
    except Exception as error:  # the library raises bare Exception; whatever it is, it is a refusal
        raise ToolkitRefused(
            f"{type(error).__name__} {getattr(error, 'code', '')}".strip()
        ) from error
    finally:
        _now.reset(token)


def _reading(response: Any) -> Reading:
    issuers = response.get_issuers()
    return Reading(
        assertion_id=response.get_assertion_id(),
        issuer=issuers[0] if len(issuers) == 1 else "",
        name_id=response.get_nameid(),
        attributes={
            name: tuple(text for text in map(_text, values) if text)
            for name, values in response.get_attributes().items()
        },
    )


def _text(value: Any) -> str:
    """Return a value's text; a nested NameID comes as a dictionary."""
    return str(value["NameID"]["value"] or "").strip() if isinstance(value, dict) else str(value)


class _Clock(OneLogin_Saml2_Utils):  # type: ignore[misc]
    @staticmethod
    def now() -> int:
        return _now.get()


class _Constants(OneLogin_Saml2_Constants):  # type: ignore[misc]
    # Its clock is set to the earliest moment that we allow, so what begins may begin up to two skews later.
    ALLOWED_CLOCK_DRIFT = int(2 * MAX_CLOCK_SKEW.total_seconds())


class _Schemas(OneLogin_Saml2_XML):  # type: ignore[misc]
    @staticmethod
    def validate_xml(xml: Any, schema: str, debug: bool = False) -> Any:
        if xml.find(f"{{{SAML}}}EncryptedAssertion") is not None:
            # The same message in plaintext is validated next; the schema does not know xmlenc 1.1.
            return xml
        return xml if _compiled(schema).validate(xml) else "invalid_xml"


def _compiled(name: str) -> etree.XMLSchema:
    """Return a compiled schema; one for each thread, because its error log is not shared safely."""
    schemas: dict[str, etree.XMLSchema] = _per_thread.__dict__
    if name not in schemas:
        path = Path(library.__file__).parent / "schemas" / name
        schemas[name] = etree.XMLSchema(etree.parse(path))
    return schemas[name]


def _rebound(method: Any) -> Callable[..., Any]:
    """Return the library's own function, reading our clock and our schemas."""
    names = {
        **method.__globals__,
        "OneLogin_Saml2_Utils": _Clock,
        "OneLogin_Saml2_Constants": _Constants,
        "OneLogin_Saml2_XML": _Schemas,
    }
    return FunctionType(
        method.__code__, names, method.__name__, method.__defaults__, method.__closure__
    )


class _Response(library.OneLogin_Saml2_Response):  # type: ignore[misc]
    def __init__(self, settings: Any, document: bytes, decrypted: bytes | None) -> None:
        self._plaintext = decrypted
        super().__init__(settings, base64.b64encode(document))

    is_valid = _rebound(library.OneLogin_Saml2_Response.is_valid)

    def _decrypt_assertion(self, xml: Any) -> Any:
        return OneLogin_Saml2_XML.to_etree(self._plaintext)

    def validate_timestamps(self, **_: Any) -> Any:
        return _validate_timestamps(self)


# It is wrapped in a decorator that turns exceptions into False; is_valid wants the exceptions.
_validate_timestamps = _rebound(
    library.OneLogin_Saml2_Response.validate_timestamps.__closure__[0].cell_contents
)


@lru_cache(maxsize=1024)
def _settings(parties: Parties) -> Any:
    """Return python3-saml's settings. Keyed by every value in them, so that none can be stale."""
    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "debug": False,
            "sp": {
                "entityId": parties.sp_entity_id,
                "assertionConsumerService": {"url": parties.acs_url},
            },
            "idp": {
                "entityId": parties.idp_entity_id,
                "singleSignOnService": {"url": parties.sso_url},
                "x509certMulti": {"signing": list(parties.certificates)},
                # Never read while there is x509certMulti; given, because it looks for a file otherwise.
                "x509cert": "none",
            },
            "security": {
                "wantAssertionsSigned": False,
                "wantMessagesSigned": False,
                "wantNameId": False,
                "wantAttributeStatement": False,
                "allowRepeatAttributeName": True,
                "allowSingleLabelDomains": True,
                "rejectDeprecatedAlgorithm": True,
                "requestedAuthnContext": False,
            },
        }
    )


def _request_data(acs_url: str) -> dict[str, str]:
    """Return the request as python3-saml wants it: from our own URL, not from the request's headers."""
    url = urlsplit(acs_url)
    return {
        "https": "on" if url.scheme == "https" else "off",
        "http_host": url.netloc,
        "script_name": url.path,
    }
