"""Judge a response with python3-saml, the second verifier. No other module imports python3-saml.

Every rule of the library is kept. It runs on copies of its two modules, in which some names mean something of ours:

* the clock, so that a moment and a skew can be given, as everywhere in this package;
* the settings and XML schemas, XPath queries and keys of certificates, which it would make anew for every message;
* the reading of texts, which gives the same in a shorter way;
* the reading of times, which also knows the forms of xs:dateTime that the library does not;
* decryption, after which it moves the assertion so that prefixes and with them the canonical form change.

Nothing of the installed library is altered. What is kept is keyed by everything that is in it, and bounded. What is
set up once is set up while this module is imported, by one thread, and never in a request.
"""

from __future__ import annotations

import math
import os
import re
import threading
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from importlib.util import find_spec, module_from_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import xmlsec
from lxml import etree
from onelogin.saml2.constants import OneLogin_Saml2_Constants
from onelogin.saml2.errors import OneLogin_Saml2_Error, OneLogin_Saml2_ValidationError
from onelogin.saml2.settings import OneLogin_Saml2_Settings
from onelogin.saml2.xml_utils import OneLogin_Saml2_XML

from jitprov.exceptions import OurFailure
from jitprov.saml.time import parse_instant
from jitprov.saml.types import IdpMetadata, ServiceProvider, VerifiedAssertion
from jitprov.saml.xml import SAML

_SCHEMA = "saml-schema-protocol-2.0.xsd"
_PART = re.compile(r"Element '([^']*)'(?:, attribute '([^']*)')?")
"""The beginning of an error of libxml2's schemas, which names a part; what follows may quote a value."""
_SSO_URL = "https://idp.example/"
"""Demanded by the settings of the library, and never read: the real one need not have the form that it likes."""
_USUAL_TIME = re.compile(
    r"(\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d)(?:\.\d+)?Z", re.ASCII
)
"""The form of time that identity providers write. Other forms are left to the library, which tries several."""


class ToolkitRefused(Exception):
    """python3-saml does not accept the response."""


class VerifierFailed(OurFailure):
    """The second verifier could not judge the response. That says nothing about the response."""

    code = "verifier_failed"


class _Now(int):
    """The present, as the library compares with it: what ends, with the earliest moment that a clock may show."""

    latest: int

    @classmethod
    def between(cls, earliest: datetime, latest: datetime) -> _Now:
        """Return the present between two moments, in whole seconds, as the library reads times.

        Both ends give way to the fraction of a second that the library drops.
        """
        now = cls(int(earliest.timestamp()) - 1)
        now.latest = int(latest.timestamp())
        return now

    def __lt__(self, begin: int) -> bool:
        """Say whether something begins after the latest moment that a clock may show."""
        return self.latest < begin

    def __add__(self, drift: int) -> _Now:
        """Return the same: the library adds the drift of clocks where something begins, which is allowed for here."""
        return self


_now: ContextVar[_Now] = ContextVar("jitprov_toolkit_now")


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties:
    """The parties of a sign-in, as far as python3-saml must know them: the key of its kept settings."""

    sp_entity_id: str
    acs_url: str
    idp_entity_id: str
    certificates: tuple[str, ...]

    @classmethod
    def of(cls, sp: ServiceProvider, idp: IdpMetadata, certificates: tuple[str, ...]) -> Parties:
        """Return the parties; ``certificates`` are those that may be trusted at this time, PEM."""
        return cls(
            sp_entity_id=sp.entity_id,
            acs_url=sp.acs_url,
            idp_entity_id=idp.entity_id,
            certificates=certificates,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """The values that python3-saml read, in our terms."""

    assertion_id: str
    issuer: str
    name_id: str | None
    attributes: dict[str, tuple[str, ...]]

    def without(self, unreadable: frozenset[str]) -> dict[str, tuple[str, ...]]:
        """Return the attributes but for those that nobody may use, of which the library reads a part."""
        return {name: texts for name, texts in self.attributes.items() if name not in unreadable}


def as_read_there(assertion: VerifiedAssertion) -> dict[str, tuple[str, ...]]:
    """Return the attributes of our reading as the library reads them: it takes every space of Unicode away."""
    return {
        name: tuple(text for text in map(str.strip, texts) if text)
        for name, texts in assertion.attributes.items()
        if name not in assertion.unreadable
    }


def judge(  # noqa: PLR0913 -- a message, its parties, and a time
    document: bytes,
    *,
    decrypted: bytes | None,
    parties: Parties,
    request_id: str | None,
    now: datetime,
    latest: datetime | None = None,
) -> Reading:
    """Return the values that python3-saml reads in a response that it accepts.

    :param document: the posted response, decoded; ``decrypted`` is the same with its assertion in plaintext.
    :param now: the earliest moment that a trusted clock may show; ``latest`` is the latest, by default the same.
    :raises ToolkitRefused: python3-saml does not accept the response.
    :raises VerifierFailed: it could not say whether it does.
    """
    token = _now.set(_Now.between(now, latest or now))
    try:
        settings = _settings(parties)
    except Exception as error:
        raise _failed(error) from error
    try:
        response = _Response(settings, document, decrypted)
        response.is_valid(_request_data(parties.acs_url), request_id, raise_exceptions=True)
        return _reading(response)
    except (OneLogin_Saml2_ValidationError, OneLogin_Saml2_Error) as error:
        raise ToolkitRefused(f"{type(error).__name__} {error.code}") from error
    except Exception as error:
        raise _failed(error) from error
    finally:
        _now.reset(token)


def _failed(error: Exception) -> VerifierFailed:
    # Only the kind: the text of an exception from within may quote the message.
    return VerifierFailed(type(error).__name__)


def schema_fault(document: bytes) -> str:
    """Return the name of the first part that does not follow the schema of SAML, or an empty text. No value.

    For a response that has been refused: the library may have met a consequence first.
    """
    return _schema.first_fault(OneLogin_Saml2_XML.to_etree(document))


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
    """Return the text of a value; the library returns a nested NameID as a dictionary."""
    return str(value["NameID"]["value"] or "").strip() if isinstance(value, dict) else str(value)


def _copy_of(name: str) -> Any:
    """Return a copy of a module of the library, in which names can be given another meaning."""
    spec: Any = find_spec(name)
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


_utils = _copy_of("onelogin.saml2.utils")
_response = _copy_of("onelogin.saml2.response")


@lru_cache(maxsize=128)
def _compiled_query(query: str) -> etree.XPath:
    """Return a query of the library, compiled. lxml lets one thread at a time evaluate it."""
    return etree.XPath(query, namespaces=OneLogin_Saml2_Constants.NSMAP)


class _Schema:
    """A compiled schema for all threads.

    It is compiled while this module is imported, because libxml2 sets its types up at the first schema of a process
    and is not made for two threads that do so. One thread at a time validates, some hundredths of a millisecond,
    because the log of errors belongs to the schema.
    """

    def __init__(self, path: Path) -> None:
        self._schema = etree.XMLSchema(etree.parse(path))
        self._renew_lock()
        # A process may be forked while another thread validates; there nobody would ever release the lock.
        os.register_at_fork(after_in_child=self._renew_lock)

    def _renew_lock(self) -> None:
        self._lock = threading.Lock()

    def first_fault(self, root: Any) -> str:
        """Return the name of the first part that does not follow the schema, or an empty text."""
        with self._lock:
            if self._schema.validate(root):
                return ""
            log: Any = self._schema.error_log
            found = _PART.match(log[0].message)
        named = [part.rpartition("}")[2] for part in found.groups() if part] if found else []
        return " ".join(named) or "unknown"


_schema = _Schema(Path(_response.__file__).parent / "schemas" / _SCHEMA)


class _Xml(OneLogin_Saml2_XML):  # type: ignore[misc]
    @staticmethod
    def query(dom: Any, query: str, context: Any = None, tagid: str | None = None) -> Any:
        variables = {} if tagid is None else {"tagid": tagid}
        return _compiled_query(query)(dom if context is None else context, **variables)

    @staticmethod
    def element_text(node: Any) -> Any:
        # The library removes comments first, and they would be children.
        return OneLogin_Saml2_XML.element_text(node) if len(node) else node.text

    @staticmethod
    def validate_xml(xml: Any, schema: str, debug: bool = False) -> Any:
        if xml.find(f"{{{SAML}}}EncryptedAssertion") is not None:
            # The same message in plaintext is validated next; the schema does not know xmlenc 1.1.
            return xml
        return "invalid_xml" if _schema.first_fault(xml) else xml


class _Keys:
    """The part of ``xmlsec.Key`` that verifies; a signature context takes a copy of the key that it is given."""

    from_memory = staticmethod(lru_cache(maxsize=1024)(xmlsec.Key.from_memory))


class _Utils(_utils.OneLogin_Saml2_Utils):  # type: ignore[misc, name-defined]
    @staticmethod
    def b64decode(document: bytes) -> bytes:
        """Return the response, which the library expects as base64 and gets decoded."""
        return document

    @staticmethod
    def now() -> _Now:
        return _now.get()

    @staticmethod
    def parse_SAML_to_time(timestr: str) -> int:  # noqa: N802 -- the library's name
        match = _USUAL_TIME.fullmatch(timestr)
        if match is None:
            return _unusual_time(timestr)
        return int(datetime.fromisoformat(f"{match[1]}+00:00").timestamp())


def _unusual_time(written: str) -> int:
    """Return the moment that the library reads, or that xs:dateTime has: with an offset, or white space around it."""
    try:
        return int(_utils.OneLogin_Saml2_Utils.parse_SAML_to_time(written))
    except Exception:  # noqa: BLE001 -- which is what it raises
        return math.floor(parse_instant(written).timestamp())


class _Constants(OneLogin_Saml2_Constants):  # type: ignore[misc]
    # The present has the skew in it.
    ALLOWED_CLOCK_DRIFT = 0


vars(_utils).update(
    OneLogin_Saml2_XML=_Xml,
    xmlsec=SimpleNamespace(**{**vars(xmlsec), "Key": _Keys}),
)
vars(_response).update(
    OneLogin_Saml2_XML=_Xml,
    OneLogin_Saml2_Utils=_Utils,
    OneLogin_Saml2_Constants=_Constants,
)


class _Response(_response.OneLogin_Saml2_Response):  # type: ignore[misc, name-defined]
    def __init__(self, settings: Any, document: bytes, decrypted: bytes | None) -> None:
        self._plaintext = decrypted
        self._found: dict[tuple[bool | None, str, str | None], list[Any]] = {}
        super().__init__(settings, document)

    def _query(self, query: str, tagid: str | None = None) -> list[Any]:
        """Return what a query finds. The library asks many times for the signed assertion, which stays the same."""
        asked = (self.encrypted, query, tagid)
        if asked not in self._found:
            self._found[asked] = super()._query(query, tagid)
        return self._found[asked]

    def _decrypt_assertion(self, xml: Any) -> Any:
        return OneLogin_Saml2_XML.to_etree(self._plaintext)


@lru_cache(maxsize=1024)
def _settings(parties: Parties) -> Any:
    """Return the settings of python3-saml, kept by every value in them, so that none can be stale."""
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
                "singleSignOnService": {"url": _SSO_URL},
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
    """Return the request in the form of python3-saml, from our own URL and not from the request's headers."""
    url = urlsplit(acs_url)
    return {
        "https": "on" if url.scheme == "https" else "off",
        "http_host": url.netloc,
        "script_name": url.path,
    }
