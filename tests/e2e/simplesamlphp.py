"""Debian's SimpleSAMLphp as a tenant's identity provider, configured to send what Entra does.

The configuration is PHP, so each file is one line that reads JSON. It is read anew at every request.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jitprov.testing import Person, rsa_key_pair
from tests.e2e.browser import Browser
from tests.e2e.directory import ENTITY_ID, PASSWORD, Behaviour, claims
from tests.e2e.peers import SIMPLESAMLPHP_WWW
from tests.e2e.processes import free_port, serving

_USER_PRINCIPAL_NAME = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name"
_NAME_ID_FORMATS = (
    "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
    # For a request without a format, for which it would otherwise generate a transient NameID.
    "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified",
)
_FILES = {
    "config.php": "config",
    "authsources.php": "config",
    "metadata/saml20-idp-hosted.php": "metadata",
}
"""The PHP files of the configuration, with the variable that each must set."""


class SimpleSamlPhp:
    """A configuration folder, and the server that reads it."""

    def __init__(self, home: Path, port: int, behaviour: Behaviour) -> None:
        self.entity_id = ENTITY_ID
        self._home = home
        self._base_url = f"http://127.0.0.1:{port}/"
        for folder in ("metadata", "cert", "log", "data", "scratch"):
            (home / folder).mkdir(parents=True)
        for file, variable in _FILES.items():
            self._put(
                file,
                f"<?php ${variable} = json_decode(file_get_contents(__FILE__ . '.json'), true);",
            )
        key_pair = rsa_key_pair("simplesamlphp")
        self._put("cert/idp.pem", key_pair.private_key)
        self._put("cert/idp.crt", key_pair.certificate)
        self._configure("config.php", self._settings(with_service_provider=False))
        self._configure("metadata/saml20-idp-hosted.php", {ENTITY_ID: _hosted(behaviour)})
        self.know({})

    def metadata(self) -> bytes:
        return Browser().open(f"{self._base_url}saml2/idp/metadata.php").html.encode()

    def trust(self, sp_metadata: bytes) -> None:
        (self._home / "sp.xml").write_bytes(sp_metadata)
        self._configure("config.php", self._settings(with_service_provider=True))

    def know(self, people: Mapping[str, Person]) -> None:
        accounts = {f"{name}:{PASSWORD}": claims(person) for name, person in people.items()}
        self._configure("authsources.php", {"people": {"0": "exampleauth:UserPass", **accounts}})

    def portal_url(self, sp_entity_id: str, relay_state: str = "") -> str:
        """Return the URL of our tile in its portal, which starts an IdP-initiated sign-in."""
        query = {"spentityid": sp_entity_id, "RelayState": relay_state}
        return f"{self._base_url}saml2/idp/SSOService.php?{urlencode(query)}"

    def logout_url(self, name: str, session_index: str) -> str:
        """Return the URL of its own logout, which logs the browser out at every application."""
        return f"{self._base_url}saml2/idp/SingleLogoutService.php?{urlencode({'ReturnTo': self._base_url})}"

    def _put(self, file: str, text: str) -> None:
        (self._home / file).write_text(text)

    def _configure(self, file: str, value: Mapping[str, Any]) -> None:
        # A request must never see a half-written file.
        fresh = self._home / "scratch" / "fresh.json"
        fresh.write_text(json.dumps(value))
        fresh.replace(self._home / f"{file}.json")

    def _settings(self, *, with_service_provider: bool) -> dict[str, Any]:
        home = self._home
        xml = [{"type": "xml", "file": str(home / "sp.xml")}] if with_service_provider else []
        return {
            "baseurlpath": self._base_url,
            "certdir": f"{home}/cert/",
            "loggingdir": f"{home}/log/",
            "datadir": f"{home}/data/",
            "tempdir": f"{home}/scratch",
            "metadatadir": f"{home}/metadata/",
            "attributenamemapdir": "/etc/simplesamlphp/attributemap/",
            "secretsalt": "only-for-tests",
            "logging.handler": "file",
            "enable.saml20-idp": True,
            "store.type": "phpsession",
            "session.cookie.secure": False,
            "session.cookie.samesite": None,
            "session.phpsession.cookiename": "SimpleSAML",
            "session.phpsession.savepath": f"{home}/scratch",
            "module.enable": {"exampleauth": True, "core": True, "saml": True},
            "authproc.idp": [],
            "trusted.url.domains": ["127.0.0.1", "localhost"],
            "metadata.sources": [{"type": "flatfile"}, *xml],
        }


def _hosted(behaviour: Behaviour) -> dict[str, Any]:
    """Return the configuration of the identity provider. Only the assertion is signed, as Entra does."""
    name_ids = (
        {"class": "saml:AttributeNameID", "attribute": _USER_PRINCIPAL_NAME, "Format": name_id}
        for name_id in _NAME_ID_FORMATS
    )
    return {
        "host": "__DEFAULT__",
        "privatekey": "idp.pem",
        "certificate": "idp.crt",
        "auth": "people",
        "signature.algorithm": "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        "saml20.sign.assertion": True,
        "saml20.sign.response": False,
        "assertion.encryption": behaviour.encrypt,
        "redirect.validate": behaviour.verify_requests,
        "sign.logout": True,
        "validate.logout": True,
        "attributes.NameFormat": "urn:oasis:names:tc:SAML:2.0:attrname-format:uri",
        "NameIDFormat": list(_NAME_ID_FORMATS),
        "SingleSignOnServiceBinding": behaviour.binding.value,
        "SingleLogoutServiceBinding": behaviour.binding.value,
        "authproc": {str(10 + number): item for number, item in enumerate(name_ids)},
    }


@contextmanager
def simplesamlphp(home: Path, behaviour: Behaviour) -> Iterator[SimpleSamlPhp]:
    """Run SimpleSAMLphp on a free port in this block."""
    port = free_port()
    idp = SimpleSamlPhp(home, port, behaviour)
    options = {
        "session.save_path": str(home / "scratch"),
        # Otherwise PHP may notice a changed file two seconds late.
        "opcache.enable": "0",
    }
    command = ["php", *(f"-d{name}={value}" for name, value in options.items())]
    command += ["-S", f"127.0.0.1:{port}", "-t", str(SIMPLESAMLPHP_WWW)]
    # PHP_CLI_SERVER_WORKERS is not passed on, because its workers outlive their parent.
    env = {"PATH": os.environ["PATH"], "SIMPLESAMLPHP_CONFIG_DIR": str(home)}
    with serving(command, port=port, log=home / "log" / "php.log", cwd=home, env=env):
        yield idp
