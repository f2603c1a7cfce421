"""Responses of a fake identity provider, for tests of jitprov.testing itself."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from lxml import etree
from onelogin.saml2.settings import OneLogin_Saml2_Settings

from jitprov.testing import FakeIdentityProvider, FakeResponse, rsa_key_pair
from jitprov.testing.keys import certificate_body

ACS_URL = "https://app.example/saml/acme/acs/"
SP_ENTITY_ID = "https://app.example/saml/acme/metadata/"
REQUEST_ID = "id8c0f2d"
SP_KEYS = rsa_key_pair("sp", common_name="app.example")
STRANGER = rsa_key_pair("stranger")
NOON = datetime(2026, 3, 2, 12, 0, 0, 482_317, tzinfo=UTC)
NAMESPACES = {
    "samlp": "urn:oasis:names:tc:SAML:2.0:protocol",
    "saml": "urn:oasis:names:tc:SAML:2.0:assertion",
    "ds": "http://www.w3.org/2000/09/xmldsig#",
    "xenc": "http://www.w3.org/2001/04/xmlenc#",
    "xsi": "http://www.w3.org/2001/XMLSchema-instance",
    "md": "urn:oasis:names:tc:SAML:2.0:metadata",
}

idp = FakeIdentityProvider()


def respond(**knobs: Any) -> FakeResponse:
    """Return a response to REQUEST_ID, issued at noon, with the given knobs."""
    known = {"acs_url": ACS_URL, "audience": SP_ENTITY_ID, "in_response_to": REQUEST_ID}
    return idp.respond(**{**known, "now": NOON, **knobs})


def found(response: FakeResponse, path: str) -> Any:
    return etree.fromstring(response.xml).xpath(path, namespaces=NAMESPACES)


def toolkit_settings(**security: bool) -> Any:
    return OneLogin_Saml2_Settings(
        {
            "strict": True,
            "sp": {
                "entityId": SP_ENTITY_ID,
                "assertionConsumerService": {"url": ACS_URL},
                "x509cert": SP_KEYS.certificate,
                "privateKey": SP_KEYS.private_key,
            },
            "idp": {
                "entityId": idp.entity_id,
                "singleSignOnService": {"url": idp.sso_url},
                "x509certMulti": {
                    "signing": [certificate_body(pair.certificate) for pair in idp.key_pairs]
                },
            },
            "security": {
                "rejectDeprecatedAlgorithm": True,
                "failOnAuthnContextMismatch": False,
                "allowRepeatAttributeName": True,
                "wantNameId": True,
                **security,
            },
        }
    )
