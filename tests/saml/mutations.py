"""Alter responses as forgers do, and read the refusal."""

from __future__ import annotations

import random
from collections.abc import Callable
from copy import deepcopy

import pytest
from lxml import etree

from jitprov.exceptions import JitprovError
from jitprov.saml.response import Expectation, verify_response

SAML = "{urn:oasis:names:tc:SAML:2.0:assertion}"
SAMLP = "{urn:oasis:names:tc:SAML:2.0:protocol}"
DS = "{http://www.w3.org/2000/09/xmldsig#}"
XENC = "{http://www.w3.org/2001/04/xmlenc#}"
Mutation = Callable[[etree._Element], None]


def refusal(saml_response: str, expect: Expectation) -> tuple[str, bool]:
    """Return the code of the refusal, and whether the origin had been proved before."""
    with pytest.raises(JitprovError) as caught:
        verify_response(saml_response, expect)
    return caught.value.code, caught.value.origin_verified


def find(root: etree._Element, tag: str) -> etree._Element:
    return next(root.iter(tag))


def drop(tag: str) -> Mutation:
    def mutate(root: etree._Element) -> None:
        element = find(root, tag)
        parent = element.getparent()
        assert parent is not None
        parent.remove(element)

    return mutate


def double(tag: str) -> Mutation:
    def mutate(root: etree._Element) -> None:
        element = find(root, tag)
        parent = element.getparent()
        assert parent is not None
        parent.insert(parent.index(element), deepcopy(element))

    return mutate


def put(tag: str, name: str, value: str) -> Mutation:
    return lambda root: find(root, tag).set(name, value)


def unset(tag: str, name: str) -> Mutation:
    def mutate(root: etree._Element) -> None:
        del find(root, tag).attrib[name]

    return mutate


def write(tag: str, text: str) -> Mutation:
    def mutate(root: etree._Element) -> None:
        find(root, tag).text = text

    return mutate


def mutilation(dice: random.Random) -> Mutation:
    """Return a mutation that drops, doubles or empties an element, or drops or alters an attribute."""

    def mutate(root: etree._Element) -> None:
        element = dice.choice([*root.iter(f"{SAML}*")])
        kind = dice.randrange(4)
        parent, names = element.getparent(), sorted(map(str, element.attrib))
        if kind == 0 and parent is not None and not element.tag.endswith("Assertion"):
            parent.remove(element)
        elif kind == 1:
            double(str(element.tag))(root)
        elif kind == 2 and names:
            del element.attrib[dice.choice(names)]
        elif names:
            element.set(dice.choice(names), "2026-03-02T09:00:00Z")
        else:
            element.text = "\u202ex"

    return mutate


def damage(document: bytearray, dice: random.Random) -> bytes:
    """Change, cut, or double a piece of a document."""
    start = dice.randrange(len(document))
    end = min(len(document), start + dice.randrange(1, 40))
    kind = dice.randrange(4)
    if kind == 0:
        document[start] = dice.randrange(256)
    elif kind == 1:
        del document[start:end]
    elif kind == 2:
        document[start:start] = document[start:end]
    else:
        document[start:end] = b"<" * (end - start)
    return bytes(document)
