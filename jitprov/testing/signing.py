"""Sign elements with the xmlsec library, so that a verifier under test is not checked against itself."""

from __future__ import annotations

from lxml import etree
from xmlsec import Key, SignatureContext, constants

from jitprov.saml.types import KeyPair
from jitprov.testing.keys import certificate_body, is_elliptic
from jitprov.testing.knobs import DigestAlgorithm, SignatureAlgorithm, SignatureKnobs
from jitprov.testing.namespaces import DSIG, bind

EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
ENVELOPED = f"{DSIG}enveloped-signature"


def sign(
    element: etree._Element,
    *,
    key_pair: KeyPair,
    prefix: str | None = None,
    knobs: SignatureKnobs | None = None,
) -> etree._Element:
    """Sign an element in place by its ID, and return the Signature, which is inserted after the Issuer.

    An element without an ID gets a signature over the whole document (``URI=""``).
    """
    knobs = knobs or {}
    signature = _insert_signature(element, prefix)
    algorithm = knobs.get("signature_algorithm", _default_algorithm(key_pair))
    _add_signed_info(signature, element.get("ID"), algorithm, knobs)
    value = _add(signature, "SignatureValue")
    _compute(signature, element, key_pair)
    value.text = "".join((value.text or "").split())
    # KeyInfo is not signed, and is added last because xmlsec would rewrite one that it finds.
    certificate = knobs.get("key_info_certificate", key_pair.certificate)
    if certificate is not None:
        data = _add(_add(signature, "KeyInfo"), "X509Data")
        _add(data, "X509Certificate").text = certificate_body(certificate)
    return signature


def _default_algorithm(key_pair: KeyPair) -> SignatureAlgorithm:
    if is_elliptic(key_pair):
        return SignatureAlgorithm.ECDSA_SHA256
    return SignatureAlgorithm.RSA_SHA256


def _insert_signature(element: etree._Element, prefix: str | None) -> etree._Element:
    signature = etree.Element(f"{{{DSIG}}}Signature", nsmap=bind((prefix, DSIG)))
    issuer = element.find("{*}Issuer")
    if issuer is None:
        element.insert(0, signature)
    else:
        issuer.addnext(signature)
    return signature


def _add_signed_info(
    signature: etree._Element, element_id: str | None, algorithm: str, knobs: SignatureKnobs
) -> None:
    info = _add(signature, "SignedInfo")
    canonicalization = knobs.get("canonicalization", EXCLUSIVE_C14N)
    _add(info, "CanonicalizationMethod", Algorithm=canonicalization)
    _add(info, "SignatureMethod", Algorithm=algorithm)
    reference = _add(info, "Reference", URI="" if element_id is None else f"#{element_id}")
    transforms = _add(reference, "Transforms")
    for transform in knobs.get("transforms", (ENVELOPED, EXCLUSIVE_C14N)):
        _keep_prefixes(_add(transforms, "Transform", Algorithm=transform), knobs)
    _add(reference, "DigestMethod", Algorithm=knobs.get("digest_algorithm", DigestAlgorithm.SHA256))
    _add(reference, "DigestValue")


def _keep_prefixes(method: etree._Element, knobs: SignatureKnobs) -> None:
    prefixes = knobs.get("inclusive_prefixes", ())
    if prefixes and method.get("Algorithm") == EXCLUSIVE_C14N:
        names = etree.SubElement(
            method, f"{{{EXCLUSIVE_C14N}}}InclusiveNamespaces", nsmap={"ec": EXCLUSIVE_C14N}
        )
        names.set("PrefixList", " ".join(prefixes))


def _compute(signature: etree._Element, element: etree._Element, key_pair: KeyPair) -> None:
    context = SignatureContext()
    context.key = Key.from_memory(key_pair.private_key, constants.KeyDataFormatPem, None)
    if "ID" in element.attrib:
        context.register_id(element, "ID", None)
    context.sign(signature)


def _add(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{DSIG}}}{name}", attributes)
