"""pysaml2 as a tenant's identity provider, with its own parser, signer and encryption, served by werkzeug."""

from __future__ import annotations

import html
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from tempfile import NamedTemporaryFile
from threading import Thread
from typing import Any
from urllib.parse import urlencode

from saml2 import BINDING_HTTP_POST, BINDING_HTTP_REDIRECT, SAMLError, saml
from saml2.config import IdPConfig
from saml2.metadata import create_metadata_string
from saml2.server import Server
from saml2.sigver import get_pem_wrapped_unwrapped, pre_encryption_part
from werkzeug.serving import make_server
from werkzeug.wrappers import Request, Response

from jitprov.testing import Person, rsa_key_pair
from tests.e2e.browser import Browser
from tests.e2e.directory import ENTITY_ID, PASSWORD, Behaviour, claims

_AES256 = "http://www.w3.org/2001/04/xmlenc#aes256-cbc"
_RSA_SHA256 = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256"
_SHA256 = "http://www.w3.org/2001/04/xmlenc#sha256"
_LOGIN = """<!doctype html><title>Sign in</title><form method="post" action="/login">{hidden}
<input name="username"><input name="password" type="password"><button>Sign in</button></form>"""


class Pysaml2:
    """A WSGI application whose pages carry the request along, so that it stores nothing."""

    def __init__(self, home: Path, behaviour: Behaviour) -> None:
        self.entity_id = ENTITY_ID
        self.base_url = ""
        """Known once the server has a port."""
        self._home = home
        self._behaviour = behaviour
        self._people: Mapping[str, Person] = {}
        home.mkdir(parents=True)
        key_pair = rsa_key_pair("pysaml2")
        (home / "idp.pem").write_text(key_pair.private_key)
        (home / "idp.crt").write_text(key_pair.certificate)

    def metadata(self) -> bytes:
        return Browser().open(f"{self.base_url}/metadata").html.encode()

    def trust(self, sp_metadata: bytes) -> None:
        (self._home / "sp.xml").write_bytes(sp_metadata)
        self._server = _AesServer(config=self._config({"local": [str(self._home / "sp.xml")]}))

    def know(self, people: Mapping[str, Person]) -> None:
        self._people = people

    def answer(self, request: Request) -> Response:
        """Return the page of a path."""
        pages = {
            "/metadata": self._metadata_page,
            "/sso": self._sso_page,
            "/login": self._login_page,
            "/slo": self._slo_page,
            "/logout": self._logout_page,
        }
        return pages[request.path](request)

    def _metadata_page(self, _request: Request) -> Response:
        document = create_metadata_string("", config=self._config({}))
        return Response(document, mimetype="application/samlmetadata+xml")

    def _sso_page(self, request: Request) -> Response:
        try:
            self._read(request)
        except SAMLError as error:
            return Response(f"bad signature, perhaps: {error}", status=403)
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in request.values.items()
        )
        return Response(_LOGIN.format(hidden=hidden), mimetype="text/html")

    def _login_page(self, request: Request) -> Response:
        person = self._people.get(request.form["username"])
        if person is None or request.form["password"] != PASSWORD:
            return Response("wrong name or password", status=403)
        answer = self._server.response_args(self._read(request).message)
        binding, destination = answer.pop("binding"), answer["destination"]
        response = self._server.create_authn_response(
            identity=claims(person),
            name_id=saml.NameID(format=saml.NAMEID_FORMAT_EMAILADDRESS, text=person.upn),
            authn={"class_ref": saml.AUTHN_PASSWORD},
            sign_assertion=True,
            sign_response=False,
            encrypt_assertion=self._behaviour.encrypt,
            sign_alg=_RSA_SHA256,
            digest_alg=_SHA256,
            **answer,
        )
        page = self._server.apply_binding(binding, str(response), destination, response=True)
        return Response(page["data"], mimetype="text/html")

    def logout_url(self, name: str, session_index: str) -> str:
        return f"{self.base_url}/logout?{urlencode({'name': name, 'session': session_index})}"

    def _logout_page(self, request: Request) -> Response:
        """Ask the service provider for a logout, on the binding of the behaviour."""
        ((sp_entity_id, _entity),) = self._server.metadata.items()
        binding = self._behaviour.binding.value
        ((endpoint),) = self._server.metadata.single_logout_service(sp_entity_id, binding, "spsso")
        _id, message = self._server.create_logout_request(
            endpoint["location"],
            sp_entity_id,
            name_id=saml.NameID(
                format=saml.NAMEID_FORMAT_EMAILADDRESS,
                text=self._people[request.args["name"]].upn,
            ),
            session_indexes=[request.args["session"]],
            sign=binding == BINDING_HTTP_POST,
            sign_alg=_RSA_SHA256,
            digest_alg=_SHA256,
        )
        return self._carried(binding, message, endpoint["location"], relay_state="a b/c")

    def _slo_page(self, request: Request) -> Response:
        if "SAMLResponse" in request.values:
            return self._answered_page(request)
        asked = self._server.parse_logout_request(
            request.values["SAMLRequest"],
            self._behaviour.binding.value,
            relay_state=request.values.get("RelayState"),
            sigalg=request.values.get("SigAlg"),
            signature=request.values.get("Signature"),
        )
        binding = self._behaviour.binding.value
        answer = self._server.create_logout_response(
            asked.message,
            [binding],
            sign=binding == BINDING_HTTP_POST,
            sign_alg=_RSA_SHA256,
            digest_alg=_SHA256,
        )
        destination = self._server.response_args(asked.message, [binding])["destination"]
        return self._carried(binding, answer, destination, response=True)

    def _answered_page(self, request: Request) -> Response:
        answer = self._server.parse_logout_request_response(
            request.values["SAMLResponse"], self._behaviour.binding.value
        )
        words = f"{answer.response.status.status_code.value} {request.values.get('RelayState')}"
        return Response(words, mimetype="text/html")

    def _carried(
        self,
        binding: str,
        message: Any,
        destination: str,
        *,
        relay_state: str = "",
        response: bool = False,
    ) -> Response:
        sent = self._server.apply_binding(
            binding,
            str(message),
            destination,
            relay_state=relay_state,
            response=response,
            sign=binding == BINDING_HTTP_REDIRECT,
            sigalg=_RSA_SHA256,
        )
        if binding == BINDING_HTTP_POST:
            return Response(sent["data"], mimetype="text/html")
        return Response(status=302, headers=dict(sent["headers"]))

    def _read(self, request: Request) -> Any:
        return self._server.parse_authn_request(
            request.values["SAMLRequest"],
            self._behaviour.binding.value,
            relay_state=request.values.get("RelayState"),
            sigalg=request.values.get("SigAlg"),
            signature=request.values.get("Signature"),
        )

    def _config(self, metadata: Mapping[str, Any]) -> IdPConfig:
        return IdPConfig().load(
            {
                "entityid": ENTITY_ID,
                "key_file": str(self._home / "idp.pem"),
                "cert_file": str(self._home / "idp.crt"),
                "metadata": metadata,
                "allow_unknown_attributes": True,
                "service": {
                    "idp": {
                        "endpoints": {
                            "single_sign_on_service": [
                                (f"{self.base_url}/sso", self._behaviour.binding.value)
                            ],
                            "single_logout_service": [
                                (f"{self.base_url}/slo", self._behaviour.binding.value)
                            ],
                        },
                        "want_authn_requests_signed": self._behaviour.verify_requests,
                        "policy": {
                            "default": {
                                "lifetime": {"minutes": 5},
                                "name_form": saml.NAME_FORMAT_URI,
                            }
                        },
                    }
                },
            }
        )


class _AesServer(Server):  # type: ignore[misc]
    """A server that encrypts with AES. pysaml2 itself supports only Triple DES, which we refuse."""

    def _encrypt_assertion(
        self,
        encrypt_cert: str | None,
        sp_entity_id: str,
        response: Any,
        node_xpath: str | None = None,
    ) -> Any:
        ((_name, certificate), *_others) = self.metadata.certs(sp_entity_id, "any", "encryption")
        pem, bare = get_pem_wrapped_unwrapped(certificate)
        template = pre_encryption_part(msg_enc=_AES256, encrypt_cert=bare)
        with NamedTemporaryFile("w", suffix=".pem") as file:
            file.write(pem)
            file.flush()
            return self.sec.encrypt_assertion(
                response, file.name, template, key_type="aes-256", node_xpath=node_xpath
            )


@contextmanager
def pysaml2_idp(home: Path, behaviour: Behaviour) -> Iterator[Pysaml2]:
    """Serve pysaml2 on a free port in this block."""
    idp = Pysaml2(home, behaviour)
    server = make_server("127.0.0.1", 0, Request.application(idp.answer), threaded=True)
    idp.base_url = f"http://127.0.0.1:{server.port}"
    thread = Thread(target=server.serve_forever, args=[0.01], name="pysaml2")
    thread.start()
    try:
        yield idp
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
