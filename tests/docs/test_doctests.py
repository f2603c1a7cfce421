"""The examples in the docstrings of the pure wings give the results that they show."""

from __future__ import annotations

import doctest
import importlib
import pkgutil

import pytest

import jitprov.provisioning
import jitprov.saml

MODULES = [
    info.name
    for package in (jitprov.saml, jitprov.provisioning)
    for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_hold(name: str) -> None:
    assert doctest.testmod(importlib.import_module(name)).failed == 0


@pytest.mark.parametrize(
    "name",
    ["saml.time", "provisioning.decide", "provisioning.mapping", "provisioning.usernames"],
)
def test_public_functions_of_the_pure_wings_have_examples(name: str) -> None:
    assert doctest.testmod(importlib.import_module(f"jitprov.{name}")).attempted > 1
