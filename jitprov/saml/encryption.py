"""Decrypt an EncryptedAssertion into the bytes of an Assertion (xmlenc-core1).

Anybody who knows our public key can encrypt for us, so decryption does not prove who sent a message. Once the
algorithms are accepted, every failure is reported as a bad signature: an attacker who sends altered ciphertexts must
not learn from the answer what became of them (the padding oracle on AES-CBC).
"""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Iterator, Sequence

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from lxml import etree

from jitprov.exceptions import JitprovError
from jitprov.saml.signature import AlgorithmNotAllowed, SignatureInvalid
from jitprov.saml.signing import load_key_pair
from jitprov.saml.types import KeyPair
from jitprov.saml.xml import DS, SAML, XENC, XENC11, text_of, without_space

MAX_ENCRYPTED_KEYS = 8
_OAEP_MGF1P = f"{XENC}rsa-oaep-mgf1p"
_OAEP = f"{XENC11}rsa-oaep"
_KEY_BYTES = {
    f"{XENC}aes128-cbc": 16,
    f"{XENC}aes192-cbc": 24,
    f"{XENC}aes256-cbc": 32,
    f"{XENC11}aes128-gcm": 16,
    f"{XENC11}aes192-gcm": 24,
    f"{XENC11}aes256-gcm": 32,
}
_OAEP_DIGESTS: dict[str, type[hashes.HashAlgorithm]] = {
    # SHA-1 inside OAEP is not a signature: collisions do not matter there, and Entra uses it.
    f"{DS}sha1": hashes.SHA1,
    f"{XENC}sha256": hashes.SHA256,
    f"{XENC}sha512": hashes.SHA512,
}
_MASKS: dict[str, type[hashes.HashAlgorithm]] = {
    f"{XENC11}mgf1sha1": hashes.SHA1,
    f"{XENC11}mgf1sha256": hashes.SHA256,
    f"{XENC11}mgf1sha512": hashes.SHA512,
}


class DecryptionKeyMissing(JitprovError):
    """The assertion is encrypted, and we have no key to decrypt it with."""

    code = "decryption_key_missing"


def decrypt(encrypted_assertion: etree._Element, key_pairs: Sequence[KeyPair]) -> bytes:
    """Return the plaintext of an EncryptedAssertion.

    :raises DecryptionKeyMissing: there are no key pairs.
    :raises ConfigurationError: a key pair cannot be used.
    :raises AlgorithmNotAllowed: the message names another algorithm than AES and RSA-OAEP.
    :raises SignatureInvalid: it failed for any other reason; the reasons are not told apart on purpose.
    """
    if not key_pairs:
        raise DecryptionKeyMissing
    data = _child(encrypted_assertion, "EncryptedData")
    algorithm = _algorithm(data)
    if algorithm not in _KEY_BYTES:
        raise AlgorithmNotAllowed(algorithm, _KEY_BYTES)
    ciphertext = _cipher_value(data)
    found = list(encrypted_assertion.iter(f"{{{XENC}}}EncryptedKey"))[:MAX_ENCRYPTED_KEYS]
    # All are read before any is used: otherwise the fault of the second would tell that the first was not ours.
    encrypted_keys = [(_cipher_value(key), _key_transport(key)) for key in found]
    for key in _content_keys(encrypted_keys, key_pairs):
        if len(key) == _KEY_BYTES[algorithm]:
            return _decrypt_content(algorithm, key, ciphertext)
    raise SignatureInvalid("not proved")


def is_authenticated(encrypted_assertion: etree._Element) -> bool:
    """Say whether a ciphertext that could be decrypted is as it was made, by somebody who had the key: AES-GCM."""
    return _algorithm(_child(encrypted_assertion, "EncryptedData")).endswith("-gcm")


def splice(root: etree._Element, encrypted_assertion: etree._Element, plaintext: bytes) -> bytes:
    """Return the document with the plaintext, byte for byte, in place of the EncryptedAssertion.

    Moving a parsed node instead would let lxml merge namespace prefixes, and the canonical form that was
    signed would change. The tree is not changed.

    :param root: the Response; the EncryptedAssertion is its direct child.
    """
    mark = etree.Element(f"splice-{secrets.token_hex(16)}")
    mark.tail = encrypted_assertion.tail
    index = root.index(encrypted_assertion)
    root[index] = mark
    document = etree.tostring(root, encoding="utf-8")
    root[index] = encrypted_assertion
    encrypted_assertion.tail = mark.tail
    return document.replace(f"<{mark.tag}/>".encode(), plaintext, 1)


def _content_keys(
    encrypted_keys: Sequence[tuple[bytes, padding.OAEP]], key_pairs: Sequence[KeyPair]
) -> Iterator[bytes]:
    private_keys = [load_key_pair(pair).private_key for pair in key_pairs]
    for wrapped, oaep in encrypted_keys:
        for private_key in private_keys:
            if isinstance(private_key, RSAPrivateKey):
                try:
                    yield private_key.decrypt(wrapped, oaep)
                except ValueError:
                    continue


def _key_transport(encrypted_key: etree._Element) -> padding.OAEP:
    """Return the padding that the message names (xmlenc-core1 §5.5.2); PKCS #1 v1.5 is not accepted."""
    algorithm = _algorithm(encrypted_key)
    if algorithm not in (_OAEP_MGF1P, _OAEP):
        raise AlgorithmNotAllowed(algorithm, (_OAEP_MGF1P, _OAEP))
    method = encrypted_key.find(f"{{{XENC}}}EncryptionMethod")
    digest = _parameter(method, f"{{{DS}}}DigestMethod", _OAEP_DIGESTS)
    mask = _parameter(method, f"{{{XENC11}}}MGF", _MASKS)
    return padding.OAEP(mgf=padding.MGF1(mask()), algorithm=digest(), label=None)


def _parameter(
    method: etree._Element | None, tag: str, known: dict[str, type[hashes.HashAlgorithm]]
) -> type[hashes.HashAlgorithm]:
    element = method.find(tag) if method is not None else None
    if element is None:
        return hashes.SHA1  # the default of both digest and mask
    algorithm = element.get("Algorithm", "")
    if algorithm not in known:
        raise AlgorithmNotAllowed(algorithm, known)
    return known[algorithm]


def _decrypt_content(algorithm: str, key: bytes, ciphertext: bytes) -> bytes:
    try:
        if algorithm.endswith("-gcm"):
            return AESGCM(key).decrypt(ciphertext[:12], ciphertext[12:], None)
        return _decrypt_cbc(key, ciphertext)
    except (InvalidTag, ValueError) as error:
        raise SignatureInvalid("not proved") from error


def _decrypt_cbc(key: bytes, ciphertext: bytes) -> bytes:
    decryptor = Cipher(algorithms.AES(key), modes.CBC(ciphertext[:16])).decryptor()
    padded = decryptor.update(ciphertext[16:]) + decryptor.finalize()
    # xmlenc-core1 §5.2: only the last byte counts, the others of the padding are arbitrary.
    if not padded or not 1 <= padded[-1] <= len(padded):
        raise ValueError("padding")
    return padded[: -padded[-1]]


def _child(parent: etree._Element, name: str) -> etree._Element:
    children = parent.findall(f"{{{XENC}}}{name}")
    if len(children) != 1:
        raise SignatureInvalid("not proved")
    return children[0]


def _algorithm(encrypted: etree._Element) -> str:
    method = encrypted.find(f"{{{XENC}}}EncryptionMethod")
    return method.get("Algorithm", "") if method is not None else ""


def _cipher_value(encrypted: etree._Element) -> bytes:
    value = _child(_child(encrypted, "CipherData"), "CipherValue")
    if len(value):
        raise SignatureInvalid("not proved")
    try:
        return base64.b64decode(without_space(text_of(value)), validate=True)
    except (binascii.Error, ValueError) as error:
        raise SignatureInvalid("not proved") from error


def encrypted_assertions(root: etree._Element) -> list[etree._Element]:
    """Return every EncryptedAssertion in a document, at any depth."""
    return list(root.iter(f"{{{SAML}}}EncryptedAssertion"))
