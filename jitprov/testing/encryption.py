"""Encrypt an assertion with the xmlsec library."""

from __future__ import annotations

from lxml import etree
from xmlsec import EncryptionContext, Key, KeysManager, constants

from jitprov.testing.knobs import DataEncryption, DigestAlgorithm, EncryptionKnobs, KeyTransport
from jitprov.testing.message import new_id
from jitprov.testing.namespaces import ASSERTION, DSIG, XENC, XENC11, bind


def encrypt(
    assertion: etree._Element, *, certificate: str, prefix: str | None, knobs: EncryptionKnobs
) -> None:
    """Replace an assertion by an EncryptedAssertion."""
    # Encrypt its serialised bytes, so that the recipient finds exactly what was signed, with the same prefixes.
    plaintext = etree.tostring(assertion, with_tail=False)
    method = knobs.get("data_encryption", DataEncryption.AES256_CBC)
    transport = knobs.get("key_transport", KeyTransport.RSA_OAEP_MGF1P)
    wrapper = _take_the_place_of(assertion, prefix)
    data = _add_encrypted_data(wrapper, method, transport)
    context = EncryptionContext(_keys(certificate))
    context.key = Key.generate(constants.KeyDataAes, method.key_bits, constants.KeyDataTypeSession)
    context.encrypt_binary(data, plaintext)
    if knobs.get("retrieval_method", False):
        _move_key_out(data)


def _keys(certificate: str) -> KeysManager:
    manager = KeysManager()
    manager.add_key(Key.from_memory(certificate, constants.KeyDataFormatCertPem, None))
    return manager


def _take_the_place_of(assertion: etree._Element, prefix: str | None) -> etree._Element:
    wrapper = etree.Element(f"{{{ASSERTION}}}EncryptedAssertion", nsmap=bind((prefix, ASSERTION)))
    wrapper.tail = assertion.tail
    assertion.addprevious(wrapper)
    parent = assertion.getparent()
    if parent is not None:
        parent.remove(assertion)
    return wrapper


def _add_encrypted_data(
    wrapper: etree._Element, method: DataEncryption, transport: KeyTransport
) -> etree._Element:
    data = etree.SubElement(wrapper, f"{{{XENC}}}EncryptedData", nsmap={"xenc": XENC})
    data.set("Type", f"{XENC}Element")
    _add(data, "EncryptionMethod", Algorithm=method)
    key_info = etree.SubElement(data, f"{{{DSIG}}}KeyInfo", nsmap={"ds": DSIG})
    key = _add(key_info, "EncryptedKey")
    _add_transport(_add(key, "EncryptionMethod", Algorithm=transport), transport)
    _add(_add(key, "CipherData"), "CipherValue")
    _add(_add(data, "CipherData"), "CipherValue")
    return data


def _add_transport(method: etree._Element, transport: KeyTransport) -> None:
    if transport is KeyTransport.RSA_OAEP_MGF1P:
        _add_digest(method, DigestAlgorithm.SHA1)
    elif transport is KeyTransport.RSA_OAEP:
        _add_digest(method, DigestAlgorithm.SHA256)
        mask = etree.SubElement(method, f"{{{XENC11}}}MGF", nsmap={"xenc11": XENC11})
        mask.set("Algorithm", f"{XENC11}mgf1sha256")


def _add_digest(method: etree._Element, digest: DigestAlgorithm) -> None:
    etree.SubElement(method, f"{{{DSIG}}}DigestMethod", {"Algorithm": str(digest)})


def _move_key_out(data: etree._Element) -> None:
    """Put the EncryptedKey beside the EncryptedData, with a RetrievalMethod that points to it (xmlenc-core §3.5.2)."""
    key_info = data.find(f"{{{DSIG}}}KeyInfo")
    key = data.find(f".//{{{XENC}}}EncryptedKey")
    if key_info is None or key is None:
        return
    key.set("Id", new_id())
    data.addnext(key)
    method = etree.SubElement(key_info, f"{{{DSIG}}}RetrievalMethod")
    method.set("Type", f"{XENC}EncryptedKey")
    method.set("URI", f"#{key.get('Id')}")


def _add(parent: etree._Element, name: str, **attributes: str) -> etree._Element:
    return etree.SubElement(parent, f"{{{XENC}}}{name}", attributes)
