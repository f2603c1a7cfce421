"""What forgers do to a response, and how the refusal is read."""

from __future__ import annotations

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
    """Return the code of the refusal, and whether the origin had been proved by then."""
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
