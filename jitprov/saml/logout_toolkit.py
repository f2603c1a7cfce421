"""Judge a logout message a second time: its schema, its signature by the xmlsec library, and its values by python3-saml.

The first verifier uses neither for a logout message, so a mistake in one of them lets nothing pass.
"""

from __future__ import annotations

import base64

import xmlsec
from onelogin.saml2.logout_request import OneLogin_Saml2_Logout_Request
from onelogin.saml2.logout_response import OneLogin_Saml2_Logout_Response

from jitprov.saml.assertion_refusals import NotBySchema, VerifiersDisagree
from jitprov.saml.received import Received
from jitprov.saml.signature import SignatureMethod
from jitprov.saml.toolkit import schema_fault
from jitprov.saml.types import Certificate
from jitprov.saml.xml import DS, parse_trusted

_TRANSFORMS = {
    SignatureMethod.RSA_SHA256: xmlsec.constants.TransformRsaSha256,
    SignatureMethod.RSA_SHA384: xmlsec.constants.TransformRsaSha384,
    SignatureMethod.RSA_SHA512: xmlsec.constants.TransformRsaSha512,
    SignatureMethod.ECDSA_SHA256: xmlsec.constants.TransformEcdsaSha256,
    SignatureMethod.ECDSA_SHA384: xmlsec.constants.TransformEcdsaSha384,
    SignatureMethod.ECDSA_SHA512: xmlsec.constants.TransformEcdsaSha512,
}


def require_agreement(
    received: Received, signer: Certificate | None, values: tuple[object, ...]
) -> None:
    """Require that the message fits the schema, and that the second verifier finds the same signer and values.

    :param values: as :func:`_values` reads them.
    :raises NotBySchema, VerifiersDisagree: it does not.
    """
    if fault := schema_fault(received.document):
        raise NotBySchema(fault)
    if signer is not None and not _is_signed_by(received, signer):
        raise VerifiersDisagree("the second verifier finds no good signature")
    if _values(received) != values:
        raise VerifiersDisagree("they read different values")


def _is_signed_by(received: Received, signer: Certificate) -> bool:
    context = xmlsec.SignatureContext()
    context.key = xmlsec.Key.from_memory(signer.pem, xmlsec.constants.KeyDataFormatCertPem)
    beside = received.beside
    try:
        if beside is not None:
            context.verify_binary(beside.signed, _TRANSFORMS[beside.method], beside.value)
        else:
            root = parse_trusted(received.document)
            context.register_id(root, "ID")
            context.verify(next(root.iterchildren(f"{{{DS}}}Signature")))
    except xmlsec.Error:
        return False
    return True


def _values(received: Received) -> tuple[object, ...]:
    """Return the ID, the issuer, and what the message says: the person and sessions, or the status."""
    return (
        _of_request(received.document) if received.is_request else _of_response(received.document)
    )


def _of_request(document: bytes) -> tuple[object, ...]:
    read = OneLogin_Saml2_Logout_Request
    name_id = read.get_nameid_data(document)
    return (
        read.get_id(document),
        read.get_issuer(document),
        (name_id["Value"], name_id.get("Format", "")),
        tuple(read.get_session_indexes(document)),
    )


def _of_response(document: bytes) -> tuple[object, ...]:
    read = OneLogin_Saml2_Logout_Response(None, base64.b64encode(document))
    return read.id, read.get_issuer(), read.get_status()
